/** How sessions end, whatever ends them. */
import type { EndReason } from '../../../core/session/session.ts'
import type { KeptSession } from '../../../core/store.ts'
import type { Dialect } from '../dialect.ts'
import { all, statement, tell, write } from '../statement.ts'
import type { Deed } from '../statement.ts'

/** Ends the live sessions of a user, and all they impersonate, but for the one that is kept; returns the ids of their own. */
export function* endOwn(userId: string, reason: EndReason, now: number, keep?: KeptSession): Deed<string[]> {
  const ended: string[] = []
  let found: { id: string }[]
  do {
    found = yield* all(END_OWN, [userId, reason, now, keep?.sessionId ?? ''])
    ended.push(...found.map(session => session.id))
    // A twin that was being opened from one of them shows now, and from what has ended none is opened. Where the epoch goes up, it ends them too.
  } while (found.length > 0 && keep !== undefined && !keep.epoch)
  if (keep?.epoch) yield* write(MOVE_EPOCH, [keep.sessionId, userId, keep.epoch.from, keep.epoch.to])
  yield* endAllImpersonatedBy(userId, now, keep?.sessionId)
  return ended
}

/** Ends one session; false when it was over. */
export function* endOne(sessionId: string, reason: EndReason, now: number): Deed<boolean> {
  const ended = yield* all(END_ONE, [sessionId, reason, now])
  yield* endImpersonatedBy(
    ended.map(session => session.id),
    now,
  )
  return ended.length > 0
}

/** Ends all that a user impersonates, but for what comes from the session that is kept. Their own sessions may have expired or been swept before. */
export function* endAllImpersonatedBy(userId: string, now: number, kept: string = ''): Deed<void> {
  let ended: { id: string; user_id: string }[]
  do {
    ended = yield* all(END_BY_IMPERSONATOR, [userId, now, kept])
    yield* tell(ended.map(session => session.user_id))
    yield* endImpersonatedBy(
      ended.map(session => session.id),
      now,
    )
    // See `endOwn`.
  } while (ended.length > 0)
}

/** Ends what was impersonated from sessions that ended, and what was impersonated from those. */
export function* endImpersonatedBy(sessionIds: readonly string[], now: number): Deed<void> {
  let ended = sessionIds
  const sources: string[] = []
  while (ended.length > 0) {
    // All of them anew: a twin that was being opened from one that ended here comes from the same source as that.
    sources.push(...ended)
    const found = yield* all(END_IMPERSONATED, [sources, now])
    yield* tell(found.map(session => session.user_id))
    ended = found.map(session => session.id)
  }
}

/** When a session is over by itself: core's `deadline`. */
export const DEADLINE = 'case when s.idle is null or s.active_at + s.idle > s.expires_at then s.expires_at else s.active_at + s.idle end'

const END_OWN = statement<{ id: string }>(
  'sessions_end_own',
  ({ t }) => `update ${t.sessions} as s set ended_at = $4, end_reason = $3, over_at = $4, version = version + 1
  where s.collection = $1 and s.user_id = $2 and s.id <> $5 and s.ended_at is null and ${DEADLINE} > $4 returning id`,
)

const MOVE_EPOCH = statement(
  'sessions_move_epoch',
  ({ t }) => `update ${t.sessions} set epoch = $5, version = version + 1
  where collection = $1 and id = $2 and user_id = $3 and epoch = $4 and ended_at is null`,
)

/** Ends one session; `unless` adds a condition under which it does not. */
export const endOneText = ({ t }: Dialect, unless: string = 'false'): string => `update ${t.sessions}
  set ended_at = $4, end_reason = $3, over_at = $4, version = version + 1
  where collection = $1 and id = $2 and ended_at is null and not ${unless} returning id`

const END_ONE = statement<{ id: string }>('sessions_end', dialect => endOneText(dialect))

const END_IMPERSONATED = statement<{ id: string; user_id: string }>(
  'sessions_end_impersonated',
  ({ t, among }) => `update ${t.sessions} set ended_at = $3, end_reason = 'impersonator-ended', over_at = $3, version = version + 1
  where collection = $1 and impersonator_session_id ${among('$2')} and ended_at is null returning id, user_id`,
)

const END_BY_IMPERSONATOR = statement<{ id: string; user_id: string }>(
  'sessions_end_by_impersonator',
  ({ t }) => `update ${t.sessions} set ended_at = $3, end_reason = 'impersonator-ended', over_at = $3, version = version + 1
  where collection = $1 and impersonator_id = $2 and ended_at is null and ($4 = '' or coalesce(impersonator_session_id, '') <> $4) returning id, user_id`,
)
