/** One turn of a refresh secret, in one transaction. */
import type { User } from '../../../core/identity/user.ts'
import { turnRefresh } from '../../../core/session/refresh-chain.ts'
import type { RefreshTurn } from '../../../core/session/refresh-chain.ts'
import type { SecretHash } from '../../../core/session/secret.ts'
import type { Session, SessionAndUser } from '../../../core/session/session.ts'
import type { RotateOutcome, Rotation } from '../../../core/store.ts'
import { SESSION_COLUMNS, toChain, toSession, toUser, USER_COLUMNS } from '../rows.ts'
import type { RefreshRow, SessionRow, UserRow } from '../rows.ts'
import { one, statement, write } from '../statement.ts'
import type { Deed, Value } from '../statement.ts'
import { writeAlong } from './along.ts'
import { endOne } from './end-sessions.ts'

/** A session read for rotation. */
export type TurnRow = SessionRow & RefreshRow

export function* rotate(rotation: Rotation): Deed<RotateOutcome> {
  const row = yield* one(LOCK, [rotation.sessionId])
  return row ? yield* turn(rotation, row, toUser(row)) : { outcome: 'over' }
}

/** The same for a user kept elsewhere. */
export function* rotateAlone(rotation: Rotation, user: User): Deed<RotateOutcome> {
  const row = yield* one(LOCK_ALONE, [rotation.sessionId])
  return row?.owner_id === user.id ? yield* turn(rotation, row, user) : { outcome: 'over' }
}

function* turn(rotation: Rotation, row: TurnRow, user: User): Deed<RotateOutcome> {
  const judged = judge(rotation, row, user)
  if (judged.outcome === 'over') return judged
  if (judged.outcome === 'reused') return yield* reuse(rotation, judged.found)
  yield* write(TURN, turnValues(judged, row.version))
  return { outcome: judged.outcome, found: judged.found, next: judged.next }
}

function* reuse(rotation: Rotation, { session, user }: SessionAndUser): Deed<RotateOutcome> {
  const after: Session = { ...session }
  if (rotation.endOnReuse) {
    yield* endOne(session.id, 'reused-refresh', rotation.now)
    after.endedAt = rotation.now
    after.endReason = 'reused-refresh'
  }
  yield* writeAlong(rotation.alongReuse?.(user.id))
  return { outcome: 'reused', found: { session: after, user } }
}

/** What a turn comes to, before anything is written. `found` is the state after a turn that is not `reused`. */
export type Judged =
  | { outcome: 'over' }
  | { outcome: 'reused'; found: SessionAndUser }
  | { outcome: 'rotated' | 'repeated'; found: SessionAndUser; chain: string; next: SecretHash }

/** The core's rules, on what is kept. */
export function judge(rotation: Rotation, row: TurnRow, user: User): Judged {
  const found: SessionAndUser = { session: toSession(row), user }
  // Ended stays ended, whatever the judge says.
  if (row.refresh === null || row.ended_at !== null || !rotation.judge(found)) return { outcome: 'over' }
  const turned: RefreshTurn = turnRefresh(toChain(row.refresh), rotation.presented, rotation.next, rotation.now, rotation.grace)
  if (turned.outcome === 'reused') return { outcome: 'reused', found }
  const { session } = found
  session.activeAt = Math.max(session.activeAt, rotation.now)
  session.ip = rotation.ip
  session.userAgent = rotation.userAgent
  session.device = rotation.device
  if (rotation.handle !== undefined && turned.outcome === 'rotated') {
    session.handle = rotation.handle
    session.generation += 1
  }
  return { outcome: turned.outcome, found, chain: JSON.stringify(turned.chain), next: turned.next }
}

/** Values of {@link TURN}: what to write, if the row is still at `version`. */
export function turnValues({ found: { session }, chain }: Extract<Judged, { chain: string }>, version: number): Value[] {
  const { id, handle, generation, activeAt, ip, userAgent, device } = session
  return [id, version, handle, generation, activeAt, ip, userAgent, device, chain]
}

const FOUND = (t: { sessions: string; users: string }): string => `select ${SESSION_COLUMNS}, s.refresh, s.version, ${USER_COLUMNS}
  from ${t.sessions} s join ${t.users} u on u.collection = s.collection and u.id = s.user_id
  where s.collection = $1 and s.id = $2`

export const READ = statement<TurnRow & UserRow>('sessions_read', ({ t }) => FOUND(t))

const LOCK = statement<TurnRow & UserRow>('sessions_lock', ({ t, lock }) => `${FOUND(t)}${lock === '' ? '' : `${lock} of s`}`)

const LOCK_ALONE = statement<TurnRow>(
  'sessions_lock_alone',
  ({ t, lock }) => `select ${SESSION_COLUMNS}, s.refresh, s.version from ${t.sessions} s where s.collection = $1 and s.id = $2${lock}`,
)

const TURN = statement(
  'sessions_turn',
  ({ t }) => `update ${t.sessions} set handle = $4, generation = $5, active_at = $6, ip = $7, user_agent = $8, device = $9, refresh = $10,
    version = version + 1
  where collection = $1 and id = $2 and version = $3`,
)
