/** Deeds on sessions. */
import type { RefreshChain } from '../../../core/session/refresh-chain.ts'
import type { SecretHash } from '../../../core/session/secret.ts'
import type { EndReason, NewSession, Session, SessionAndUser } from '../../../core/session/session.ts'
import { deadline } from '../../../core/session/session.ts'
import type { Along, KeptSession, OpeningAlong } from '../../../core/store.ts'
import { SESSION_COLUMNS, toChain, toSession, toUser, USER_COLUMNS } from '../rows.ts'
import type { RefreshRow, SessionRow, UserRow } from '../rows.ts'
import { all, one, recordList, statement, write } from '../statement.ts'
import type { Dialect } from '../dialect.ts'
import type { Deed, Statement, Value } from '../statement.ts'
import { writeAlong } from './along.ts'
import { clearFailures } from './attempts.ts'
import { DEADLINE, endOne, endOwn } from './end-sessions.ts'
import { bumpEpoch } from './user-row.ts'

export const openSession = (session: NewSession, along?: OpeningAlong): Deed<boolean> => openBy(OPEN, session, along)

/** The session alone: its user may be kept elsewhere. */
export const openAlone = (session: NewSession, along?: OpeningAlong): Deed<boolean> => openBy(OPEN_ALONE, session, along)

function* openBy(asked: Statement<{ id: string }>, session: NewSession, along?: OpeningAlong): Deed<boolean> {
  if (!(yield* one(asked, [...sessionValues(session), along?.twinOf ?? '']))) return false
  yield* writeAlong(along)
  if (along?.clear?.length) yield* clearFailures(along.clear)
  return true
}

export function* findSession(sessionId: string): Deed<SessionAndUser | null> {
  return toFound(yield* one(FIND, [sessionId]))
}

export function* findByResume(hash: SecretHash): Deed<SessionAndUser | null> {
  return toFound(yield* one(FIND_BY_RESUME, [hash]))
}

export function* refreshChain(sessionId: string): Deed<RefreshChain | null> {
  const row = yield* one(CHAIN, [sessionId])
  return row && row.refresh !== null ? toChain(row.refresh) : null
}

/** The session alone: its user may be kept elsewhere. */
export function* findAlone(by: { id: string } | { resume: SecretHash }): Deed<Session | null> {
  const row = 'id' in by ? yield* one(FIND_ALONE, [by.id]) : yield* one(FIND_ALONE_BY_RESUME, [by.resume])
  return row ? toSession(row) : null
}

export function* deviceSeen(userId: string, device: string): Deed<boolean> {
  return Boolean((yield* one(DEVICE_SEEN, [userId, device]))?.seen)
}

export function* endSession(sessionId: string, reason: EndReason, now: number, along?: Along): Deed<boolean> {
  if (!(yield* endOne(sessionId, reason, now))) return false
  yield* writeAlong(along)
  return true
}

export function* endAll(userId: string, reason: EndReason, now: number, except?: string, along?: Along): Deed<string[]> {
  // The epoch first: a login that raced with this opens its session in the old one, and it is over.
  if (except === undefined) yield* bumpEpoch(userId, now)
  return yield* endAllAlone(userId, reason, now, except === undefined ? undefined : { sessionId: except }, along)
}

export function* endAllAlone(userId: string, reason: EndReason, now: number, keep?: KeptSession, along?: Along): Deed<string[]> {
  const ended = yield* endOwn(userId, reason, now, keep)
  yield* writeAlong(along)
  return ended
}

export function* listSessions(userId: string, now: number): Deed<Session[]> {
  return (yield* all(LIST, [userId, now])).map(toSession)
}

export function* touchSessions(activity: readonly { sessionId: string; activeAt: number }[]): Deed<void> {
  if (activity.length === 0) return
  // One order for all, so that two batches never wait for each other.
  const records = activity
    .toSorted((a, b) => (a.sessionId < b.sessionId ? -1 : 1))
    .map(({ sessionId, activeAt }) => ({ id: sessionId, active_at: activeAt }))
  yield* write(TOUCH, [recordList(records)])
}

/** One slice of the sweep. */
export function* sweepSessions(before: number, limit: number): Deed<number> {
  yield* write(REARM, [before, limit])
  return (yield* all(SWEEP, [before, limit])).length
}

const toFound = (row: (SessionRow & UserRow) | undefined): SessionAndUser | null =>
  row ? { session: toSession(row), user: toUser(row) } : null

export const sessionValues = (session: NewSession): Value[] => [
  session.id,
  session.userId,
  session.handle,
  session.generation,
  session.epoch,
  session.createdAt,
  session.activeAt,
  session.idle,
  session.expiresAt,
  session.endedAt,
  session.endReason,
  session.ip,
  session.userAgent,
  session.device,
  JSON.stringify(session.factors),
  session.impersonatorId,
  session.impersonatorSessionId,
  JSON.stringify(session.extra),
  session.resumeHash,
  session.refresh && JSON.stringify(session.refresh),
  session.endedAt ?? deadline(session),
]

/** Adds a session where `condition` holds. */
export const openText = ({ t }: Dialect, condition: string): string =>
  `insert into ${t.sessions} (collection, id, user_id, handle, generation, epoch, created_at, active_at, idle, expires_at, ended_at, end_reason,
    ip, user_agent, device, factors, impersonator_id, impersonator_session_id, extra, resume_hash, refresh, over_at, version)
  select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, 0 where ${condition} returning id`

/** Of the values of {@link openText}: the session that it is a twin of is live, and in its epoch. */
export const MAY_HAVE_TWIN = `s.collection = $1 and s.id = $23 and s.epoch = $6 and s.ended_at is null and ${DEADLINE} > $8`

const OF_A_USER = ({ t }: Dialect): string => `exists (select 1 from ${t.users} u where u.collection = $1 and u.id = $3)`
const OF_A_TWIN = ({ t }: Dialect): string => `($23 = '' or exists (select 1 from ${t.sessions} s where ${MAY_HAVE_TWIN}))`

const OPEN = statement<{ id: string }>('sessions_open', d => openText(d, `${OF_A_USER(d)} and ${OF_A_TWIN(d)}`))
const OPEN_ALONE = statement<{ id: string }>('sessions_open_alone', d => openText(d, OF_A_TWIN(d)))

const FOUND = (t: { sessions: string; users: string }): string =>
  `select ${SESSION_COLUMNS}, ${USER_COLUMNS} from ${t.sessions} s join ${t.users} u on u.collection = s.collection and u.id = s.user_id`

const FIND = statement<SessionRow & UserRow>('sessions_find', ({ t }) => `${FOUND(t)} where s.collection = $1 and s.id = $2`)

const FIND_BY_RESUME = statement<SessionRow & UserRow>(
  'sessions_find_by_resume',
  ({ t }) => `${FOUND(t)} where s.collection = $1 and s.resume_hash = $2`,
)

const CHAIN = statement<Pick<RefreshRow, 'refresh'>>(
  'sessions_chain',
  ({ t }) => `select s.refresh from ${t.sessions} s where s.collection = $1 and s.id = $2`,
)

const FIND_ALONE = statement<SessionRow>(
  'sessions_find_alone',
  ({ t }) => `select ${SESSION_COLUMNS} from ${t.sessions} s where s.collection = $1 and s.id = $2`,
)

const FIND_ALONE_BY_RESUME = statement<SessionRow>(
  'sessions_find_alone_by_resume',
  ({ t }) => `select ${SESSION_COLUMNS} from ${t.sessions} s where s.collection = $1 and s.resume_hash = $2`,
)

/** An expression: has the user had a session on that device, or none at all? Those in which somebody else acted as them are not theirs. */
export const deviceSeenText = (sessions: string, userId: string, device: string): string => {
  const own = `select 1 from ${sessions} d where d.collection = $1 and d.user_id = ${userId} and d.impersonator_id is null`
  return `(exists (${own} and d.device = ${device}) or not exists (${own}))`
}

const DEVICE_SEEN = statement<{ seen: number }>(
  'sessions_device_seen',
  ({ t }) => `select case when ${deviceSeenText(t.sessions, '$2', '$3')} then 1 else 0 end as seen`,
)

const LIST = statement<SessionRow>(
  'sessions_list',
  ({
    t,
  }) => `select ${SESSION_COLUMNS} from ${t.sessions} s where s.collection = $1 and s.user_id = $2 and s.ended_at is null and ${DEADLINE} > $3
  order by s.active_at desc, s.created_at desc, s.id`,
)

const TOUCH = statement(
  'sessions_touch',
  ({ t, records }) => `update ${t.sessions} as s set active_at = r.active_at from ${records('$2', { id: 'text', active_at: 'number' })}
  where s.collection = $1 and s.id = r.id and s.ended_at is null and s.active_at < r.active_at`,
)

/** Corrects `over_at` of sessions that looked over and were active since: once per idle period, instead of at every touch. */
const REARM = statement(
  'sessions_rearm',
  ({ t }) => `update ${t.sessions} as s set over_at = ${DEADLINE} where s.collection = $1 and s.id in (
    select s.id from ${t.sessions} s where s.collection = $1 and s.over_at <= $2 and s.ended_at is null and ${DEADLINE} > $2
    order by s.over_at limit $3
  )`,
)

const SWEEP = statement<{ id: string }>(
  'sessions_sweep',
  ({ t }) => `delete from ${t.sessions} where collection = $1 and id in (
    select s.id from ${t.sessions} s where s.collection = $1 and s.over_at <= $2 and (s.ended_at is not null or ${DEADLINE} <= $2)
    order by s.over_at limit $3
  ) returning id`,
)
