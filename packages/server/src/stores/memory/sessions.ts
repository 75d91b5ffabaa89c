import type { User } from '../../core/identity/user.ts'
import { turnRefresh } from '../../core/session/refresh-chain.ts'
import { deadline } from '../../core/session/session.ts'
import type { NewSession, Session, SessionAndUser } from '../../core/session/session.ts'
import type { OpeningAlong, RotateOutcome, Rotation, SessionsAlone, SessionStore } from '../../core/store.ts'
import { copy, sweepMap } from './data.ts'
import type { MemoryData } from './data.ts'
import { deleteSession, endAllSessions, endImpersonations, endSession, isDeviceSeen, removeSessions, sessionsOf } from './end.ts'
import { noteUser } from './users.ts'

/** Sessions, with their users beside them. */
export function sessionDeeds(data: MemoryData): SessionStore {
  return {
    open: (session, along) => data.deed(() => data.users.has(session.userId) && open(data, session, along)),

    find: id => data.deed(() => withUser(data, data.sessions.get(id))),
    findByResume: hash => data.deed(() => withUser(data, data.sessions.get(data.resumes.get(hash) ?? ''))),

    rotate: rotation =>
      data.deed(() => {
        const session = data.sessions.get(rotation.sessionId)
        const user = session && data.users.get(session.userId)?.user
        return session && user ? rotate(data, session, user, rotation) : { outcome: 'over' }
      }),

    refreshChain: id => data.deed(() => copy(data.sessions.get(id)?.refresh ?? null)),

    end: (id, reason, now, along) =>
      data.deed(() => {
        const ride = data.prepare(along)
        const session = data.sessions.get(id)
        if (!session || !endSession(data, session, reason, now)) return false
        ride()
        return true
      }),

    endAll: (userId, reason, now, except, along) =>
      data.deed(() => {
        const ride = data.prepare(along)
        if (except === undefined) bumpEpoch(data, userId, now)
        const ended = endAllSessions(data, userId, reason, now, except === undefined ? undefined : { sessionId: except })
        ride()
        return ended
      }),

    list: (userId, now) =>
      data.deed(() =>
        sessionsOf(data, userId)
          .filter(session => session.endedAt === undefined && now < deadline(session))
          .toSorted((a, b) => b.activeAt - a.activeAt)
          .map(visible),
      ),

    touch: activity =>
      data.deed(() => {
        for (const { sessionId, activeAt } of activity) {
          const session = data.sessions.get(sessionId)
          if (session && session.endedAt === undefined) session.activeAt = Math.max(session.activeAt, activeAt)
        }
      }),

    sweep: (now, keep, limit) =>
      data.deed(() => {
        const isOver = (session: NewSession): boolean => now - Math.min(session.endedAt ?? Infinity, deadline(session)) > keep
        return sweepMap(data.sessions, limit, isOver, id => deleteSession(data, id))
      }),
  }
}

/** Sessions whose users are kept elsewhere. */
export function sessionsAlone(data: MemoryData): SessionsAlone {
  return {
    open: (session, along) => data.deed(() => open(data, session, along)),

    find: by =>
      data.deed(() => {
        const session = data.sessions.get('id' in by ? by.id : (data.resumes.get(by.resume) ?? ''))
        return session ? visible(session) : null
      }),

    deviceSeen: (userId, device) => data.deed(() => isDeviceSeen(data, userId, device)),

    rotate: (rotation, user) =>
      data.deed(() => {
        const session = data.sessions.get(rotation.sessionId)
        return session && session.userId === user.id ? rotate(data, session, user, rotation) : { outcome: 'over' }
      }),

    endAll: (userId, reason, now, keep, along) =>
      data.deed(() => {
        const ride = data.prepare(along)
        const ended = endAllSessions(data, userId, reason, now, keep)
        data.noteChange(userId)
        ride()
        return ended
      }),

    endImpersonated: (userId, now, keptSessionId) => data.deed(() => endImpersonations(data, userId, now, keptSessionId)),

    forget: (userId, now) =>
      data.deed(() => {
        removeSessions(data, userId, now)
        data.pseudonymise(userId)
        data.noteChange(userId)
      }),
  }
}

/** Ends every session of the user by the epoch they carry. False when the user is gone. */
export function bumpEpoch(data: MemoryData, userId: string, now: number): boolean {
  const row = data.users.get(userId)
  if (!row) return false
  row.user.epoch += 1
  noteUser(data, row, now)
  return true
}

function open(data: MemoryData, given: NewSession, along: OpeningAlong | undefined): boolean {
  const [session, ride] = [copy(given), data.prepare(along)]
  refuseTwin(data, session)
  if (along?.twinOf !== undefined && !mayHaveTwin(data.sessions.get(along.twinOf), session)) return false
  insertSession(data, session)
  for (const key of along?.clear ?? []) data.failures.delete(key)
  ride()
  return true
}

const mayHaveTwin = (first: NewSession | undefined, twin: NewSession): boolean =>
  first !== undefined && first.endedAt === undefined && twin.activeAt < deadline(first) && first.epoch === twin.epoch

function rotate(data: MemoryData, session: NewSession, user: User, rotation: Rotation): RotateOutcome {
  const { presented, next, now, grace, ip, userAgent, device, handle } = rotation
  const ride = data.prepare(rotation.alongReuse?.(user.id))
  const found = (): SessionAndUser => ({ session: visible(session), user: copy(user) })
  // Whatever the judge says, what has ended stays ended.
  if (!session.refresh || session.endedAt !== undefined || !rotation.judge(found())) return { outcome: 'over' }

  const turn = turnRefresh(session.refresh, presented, next, now, grace)
  if (turn.outcome === 'reused') {
    if (rotation.endOnReuse) endSession(data, session, 'reused-refresh', now)
    ride()
    return { outcome: 'reused', found: found() }
  }
  if (turn.outcome === 'rotated') {
    Object.assign(session, { refresh: turn.chain, ip, userAgent, device, activeAt: Math.max(session.activeAt, now) })
    if (handle !== undefined) {
      session.handle = handle
      session.generation += 1
      data.noteChange(session.userId)
    }
  }
  return { outcome: turn.outcome, found: found(), next: turn.next }
}

function insertSession(data: MemoryData, session: NewSession): void {
  const { id, userId, resumeHash, impersonatorId, impersonatorSessionId } = session
  data.sessions.set(id, session)
  data.sessionsOfUser.add(userId, id)
  if (resumeHash) data.resumes.set(resumeHash, id)
  if (impersonatorId !== undefined) data.impersonatedBy.add(impersonatorId, id)
  if (impersonatorSessionId !== undefined) data.impersonatedFrom.add(impersonatorSessionId, id)
}

/** Ids and secrets are random; a twin is a mistake of the caller, never to be written over. */
function refuseTwin(data: MemoryData, { id, resumeHash }: NewSession): void {
  if (data.sessions.has(id) || (resumeHash && data.resumes.has(resumeHash)))
    throw new Error('a session with this id or resume secret exists')
}

function withUser(data: MemoryData, session: NewSession | undefined): SessionAndUser | null {
  const row = session && data.users.get(session.userId)
  return session && row ? { session: visible(session), user: copy(row.user) } : null
}

/** A copy without the hashes a session is found and refreshed by. */
function visible({ resumeHash: _resumeHash, refresh: _refresh, ...session }: NewSession): Session {
  return copy(session)
}
