import type { Session, SessionAndUser } from '../../core/session/session.ts'
import type { SessionStore } from '../../core/store.ts'
import { auditOf, deliver } from './parts.ts'
import type { Parts } from './parts.ts'

/** Sessions in their own store; whoever reads one joins its user from the other. */
export function splitSessions(parts: Parts): SessionStore {
  const { users, sessionsAlone, usersAlone } = parts
  const { sessions } = parts.sessions
  return {
    async open(session, along) {
      await deliver(users, along)
      const { mail: _mail, token: _token, ...rest } = along ?? {}
      if (!(await sessionsAlone.open(session, rest))) return false
      // Looked at after: of a removal at the same moment either saw the session, or is seen now.
      if (await users.users.find({ kind: 'id', key: session.userId })) return true
      await sessionsAlone.forget(session.userId, session.activeAt)
      return false
    },

    find: async id => withUser(parts, await sessionsAlone.find({ id })),
    findByResume: async hash => withUser(parts, await sessionsAlone.find({ resume: hash })),

    async rotate(rotation) {
      const found = await withUser(parts, await sessionsAlone.find({ id: rotation.sessionId }))
      if (!found) return { outcome: 'over' }
      const along = rotation.alongReuse?.(found.user.id)
      const outcome = await sessionsAlone.rotate({ ...rotation, alongReuse: () => auditOf(along) }, found.user)
      if (outcome.outcome === 'reused') await deliver(users, along)
      return outcome
    },

    refreshChain: id => sessions.refreshChain(id),

    async end(id, reason, now, along) {
      const ended = await sessions.end(id, reason, now, auditOf(along))
      if (ended) await deliver(users, along)
      return ended
    },

    async endAll(userId, reason, now, except, along) {
      if (except === undefined) {
        await sessionsAlone.endImpersonated(userId, now)
        await usersAlone.bumpEpoch(userId, now)
      }
      const ended = await sessionsAlone.endAll(
        userId,
        reason,
        now,
        except === undefined ? undefined : { sessionId: except },
        auditOf(along),
      )
      await deliver(users, along)
      return ended
    },

    list: (userId, now) => sessions.list(userId, now),
    touch: activity => sessions.touch(activity),
    sweep: (now, keep, limit) => sessions.sweep(now, keep, limit),
  }
}

/** The user is read after the session, so that a check never pairs it with a user older than itself. */
async function withUser({ users }: Parts, session: Session | null): Promise<SessionAndUser | null> {
  const user = session && (await users.users.find({ kind: 'id', key: session.userId }))
  return session && user ? { session, user } : null
}
