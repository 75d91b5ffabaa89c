import type { User } from '../../core/identity/user.ts'
import type { SessionAndUser } from '../../core/session/session.ts'
import type { SessionStore } from '../../core/store.ts'
import type { Joined } from './joined.ts'
import { knowById } from './mirror.ts'

/** Sessions, all ours. Whoever reads one also asks the adapter about its user, so that what the old app did counts at the very next check. */
export function databaseSessions(joined: Joined): SessionStore {
  const { sessions } = joined.store
  return {
    open: (session, along) => sessions.open(session, along),
    find: id => checked(joined, () => sessions.find(id)),
    findByResume: hash => checked(joined, () => sessions.findByResume(hash)),

    async rotate(rotation) {
      const found = await checked(joined, () => sessions.find(rotation.sessionId))
      if (!found) return { outcome: 'over' }
      const merged = ({ session, user }: SessionAndUser): SessionAndUser => ({ session, user: withState(found.user, user) })
      const turn = await sessions.rotate({ ...rotation, judge: stored => rotation.judge(merged(stored)) })
      return 'found' in turn ? { ...turn, found: merged(turn.found) } : turn
    },

    refreshChain: sessionId => sessions.refreshChain(sessionId),
    end: (id, reason, now, along) => sessions.end(id, reason, now, along),
    endAll: (userId, reason, now, except, along) => sessions.endAll(userId, reason, now, except, along),
    list: (userId, now) => sessions.list(userId, now),
    touch: activity => sessions.touch(activity),
    sweep: (now, keep, limit) => sessions.sweep(now, keep, limit),
  }
}

/** A session and its user. When asking about the user changed anything, the session is read again: it may have ended by that. */
async function checked(joined: Joined, read: () => Promise<SessionAndUser | null>): Promise<SessionAndUser | null> {
  const found = await read()
  const known = found && (await knowById(joined, found.user.id))
  if (!known) return null
  const current = known.mended ? await read() : found
  return current && { session: current.session, user: withState(known.user, current.user) }
}

/** A user with what decides about sessions as it was read together with the session. */
function withState(user: User, { epoch, deactivatedAt }: User): User {
  const { deactivatedAt: _earlier, ...rest } = user
  return { ...rest, epoch, ...(deactivatedAt === undefined ? {} : { deactivatedAt }) }
}
