/** Opening, turning and ending a session, in one statement each. */
import type { EndReason, NewSession } from '../../../core/session/session.ts'
import type { SecretHash } from '../../../core/session/secret.ts'
import type { Along, OpeningAlong, RotateOutcome, Rotation } from '../../../core/store.ts'
import type { OneTimeToken, TokenPurpose } from '../../../core/token/one-time-token.ts'
import { endOneText } from '../deeds/end-sessions.ts'
import { judge, READ, rotate as rotateLocked, turnValues } from '../deeds/rotate.ts'
import { endSession as endFollowed, MAY_HAVE_TWIN, openText, sessionValues } from '../deeds/sessions.ts'
import { TAKE } from '../deeds/tokens.ts'
import type { Dialect } from '../dialect.ts'
import { toToken, toUser } from '../rows.ts'
import type { TokenRow } from '../rows.ts'
import { one, statement } from '../statement.ts'
import { ridden } from './compound.ts'
import type { Compound } from './compound.ts'
import type { PostgresEngine } from './engine.ts'

export const openSession = (engine: PostgresEngine, session: NewSession, along?: OpeningAlong): Promise<boolean> =>
  openBy(engine, OPEN_ALL, session, along)

/** The session alone: its user may be kept elsewhere. */
export const openAlone = (engine: PostgresEngine, session: NewSession, along?: OpeningAlong): Promise<boolean> =>
  openBy(engine, OPEN_ALONE_ALL, session, along)

async function openBy(
  engine: PostgresEngine,
  compound: Compound<unknown>,
  session: NewSession,
  along: OpeningAlong | undefined,
): Promise<boolean> {
  const values = [...sessionValues(session), along?.twinOf ?? '', along?.clear ?? []]
  return (await engine.pooled(...ridden(compound, values, along))).length > 0
}

/** One statement, unless sessions were impersonated from this one: ending those with it takes the way of the transaction. */
export async function endSession(
  engine: PostgresEngine,
  sessionId: string,
  reason: EndReason,
  now: number,
  along?: Along,
): Promise<boolean> {
  const [row] = await engine.pooled(...ridden(END, [sessionId, reason, now], along))
  if (row?.followed === 1) return engine.transact(() => endFollowed(sessionId, reason, now, along))
  return row?.ended === 1
}

/**
 * Reads, judges, and writes if nothing has changed meanwhile. Who loses a few times in a row, and whoever presents a secret that was used
 * before, takes the way of the transaction that locks.
 */
export async function rotate(engine: PostgresEngine, rotation: Rotation): Promise<RotateOutcome> {
  for (let tries = 3; tries > 0; tries -= 1) {
    const row = await engine.lookUp(() => one(READ, [rotation.sessionId]))
    if (!row) return { outcome: 'over' }
    const judged = judge(rotation, row, toUser(row))
    if (judged.outcome === 'over') return judged
    if (judged.outcome === 'reused') break
    const written = await engine.pooled(TURN_IF_SAME, [...turnValues(judged, row.version), row.user_epoch, row.user_updated_at])
    if (written.length > 0) return { outcome: judged.outcome, found: judged.found, next: judged.next }
  }
  return engine.transact(() => rotateLocked(rotation))
}

export async function consumeToken(
  engine: PostgresEngine,
  hash: SecretHash,
  purpose: TokenPurpose,
  now: number,
  along?: Along,
): Promise<OneTimeToken | null> {
  const [row] = await engine.pooled(...ridden(CONSUME, [hash, purpose, now], along))
  return row ? toToken(row) : null
}

const IS_OPENED = 'exists (select 1 from opened)'

// Held until the session is written, so that whoever removes the user or ends the first of the twins comes before or after it. The user first, as everywhere.
// The first of the twins by one at a time: a lock that many share has always one who holds it, and whoever ends the session would wait for ever.
const HOLDER = ({ t }: Dialect): string => `holder as (select 1 from ${t.users} where collection = $1 and id = $3 for key share)`
const FIRST = ({ t }: Dialect, after: string): string =>
  `first as (select s.id from ${[`${t.sessions} s`, after].filter(Boolean).join(', ')} where ${MAY_HAVE_TWIN} for no key update of s)`
const OF_A_TWIN = `($23 = '' or exists (select 1 from first))`

const OPEN_ALL: Compound<unknown> = {
  name: 'sessions_open_all',
  parameters: 24,
  parts: d => opening(d, [HOLDER(d), FIRST(d, 'holder')], `exists (select 1 from holder) and ${OF_A_TWIN}`),
}

const OPEN_ALONE_ALL: Compound<unknown> = {
  name: 'sessions_open_alone_all',
  parameters: 24,
  parts: d => opening(d, [FIRST(d, '')], OF_A_TWIN),
}

function opening(d: Dialect, held: string[], condition: string): ReturnType<Compound<unknown>['parts']> {
  return {
    with: [
      ...held,
      `opened as (${openText(d, condition)})`,
      `cleared as (delete from ${d.t.failures} where collection = $1 and ${IS_OPENED} and key in (
  select key from ${d.t.failures} where collection = $1 and key = any($24::text[]) order by key for update
))`,
    ],
    select: 'select 1 from opened',
    condition: IS_OPENED,
  }
}

// The question is a look into a small partial index. Following the chain in the same statement would make the planner read every session.
const FOLLOWED = ({ t }: Dialect): string =>
  `exists (select 1 from ${t.sessions} f where f.collection = $1 and f.impersonator_session_id = $2 and f.ended_at is null)`

const END: Compound<{ ended: number; followed: number }> = {
  name: 'sessions_end_all',
  parameters: 4,
  parts: d => ({
    with: [`ended as (${endOneText(d, FOLLOWED(d))})`],
    select: `select (select count(*) from ended) as ended, ${FOLLOWED(d)}::int as followed`,
    condition: 'exists (select 1 from ended)',
  }),
}

const CONSUME: Compound<TokenRow> = {
  name: 'tokens_consume',
  parameters: 4,
  parts: d => ({ with: [`taken as (${TAKE.text(d)})`], select: 'select * from taken', condition: 'exists (select 1 from taken)' }),
}

/** What the judge saw is still so: the session is as it was read, and so is its user. */
const TURN_IF_SAME = statement<{ id: string }>(
  'sessions_turn_if_same',
  ({ t }) => `update ${t.sessions} as s set handle = $4, generation = $5, active_at = greatest(s.active_at, $6), ip = $7, user_agent = $8,
    device = $9, refresh = $10, version = s.version + 1
  from ${t.users} u
  where s.collection = $1 and s.id = $2 and s.version = $3 and s.ended_at is null
    and u.collection = $1 and u.id = s.user_id and u.epoch = $11 and u.deactivated_at is null and u.updated_at = $12
  returning s.id`,
)
