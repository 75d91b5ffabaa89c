/** Opening, turning and ending a session, in one statement each. */
import type { EndReason, NewSession } from '../../../core/session/session.ts'
import type { SecretHash } from '../../../core/session/secret.ts'
import type { Along, RotateOutcome, Rotation } from '../../../core/store.ts'
import type { OneTimeToken, TokenPurpose } from '../../../core/token/one-time-token.ts'
import { END_ONE } from '../deeds/end-sessions.ts'
import { judge, READ, rotate as rotateLocked, turnValues } from '../deeds/rotate.ts'
import { OPEN, sessionValues } from '../deeds/sessions.ts'
import { TAKE } from '../deeds/tokens.ts'
import { toToken, toUser } from '../rows.ts'
import type { TokenRow } from '../rows.ts'
import { one, statement } from '../statement.ts'
import { ridden } from './compound.ts'
import type { Compound } from './compound.ts'
import type { PostgresEngine } from './engine.ts'

export async function openSession(engine: PostgresEngine, session: NewSession, along?: Along & { clear?: string[] }): Promise<void> {
  await engine.pooled(...ridden(OPEN_ALL, [...sessionValues(session), along?.clear ?? []], along))
}

export async function endSession(
  engine: PostgresEngine,
  sessionId: string,
  reason: EndReason,
  now: number,
  along?: Along,
): Promise<boolean> {
  const [row] = await engine.pooled(...ridden(END, [sessionId, reason, now], along))
  // JSON that the statement itself built, of the users' ids.
  if (row?.followers) engine.tell(JSON.parse(row.followers) as string[])
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
    if (written.length > 0) return { outcome: judged.outcome, found: judged.found }
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

const OPEN_ALL: Compound<unknown> = {
  name: 'sessions_open_all',
  parameters: 23,
  parts: d => ({
    with: [
      `opened as (${OPEN.text(d)})`,
      `cleared as (delete from ${d.t.failures} where collection = $1 and key in (
  select key from ${d.t.failures} where collection = $1 and key = any($23::text[]) order by key for update
))`,
    ],
    select: 'select 1',
    condition: 'true',
  }),
}

const END: Compound<{ ended: number; followers: string | null }> = {
  name: 'sessions_end_all',
  parameters: 4,
  parts: d => ({
    with: [
      `chain(id) as (
  select s.id from ${d.t.sessions} s where s.collection = $1 and s.id = $2 and s.ended_at is null
  union select s.id from chain join ${d.t.sessions} s on s.collection = $1 and s.impersonator_session_id = chain.id where s.ended_at is null
)`,
      `ended as (${END_ONE.text(d)})`,
      `followers as (
  update ${d.t.sessions} as s set ended_at = $4, end_reason = 'impersonator-ended', over_at = $4, version = version + 1
  where s.collection = $1 and s.id in (select id from chain where id <> $2) and s.ended_at is null and exists (select 1 from ended)
  returning s.user_id
)`,
    ],
    select: 'select (select count(*) from ended) as ended, (select json_agg(user_id) from followers) as followers',
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
