import { userFailureKey } from '../../core/store.ts'
import type { LoginCandidate, LoginLookup, PasswordChange, UserStore } from '../../core/store.ts'
import type { KeptSession } from '../../core/store.ts'
import type { Parts } from './parts.ts'

/** Users in their own store; the deeds that count, look at devices, or end sessions cross over. */
export function splitUsers(parts: Parts): UserStore {
  const { users } = parts.users
  const { sessionsAlone } = parts
  return {
    insert: (user, along) => users.insert(user, along),
    insertMany: made => users.insertMany(made),
    find: identifier => users.find(identifier),
    credentials: userId => users.credentials(userId),
    putCredential: (credential, along) => users.putCredential(credential, along),
    removeCredential: (userId, kind, id, along) => users.removeCredential(userId, kind, id, along),
    swapCredential: (swap, along) => users.swapCredential(swap, along),
    link: (account, judge, along) => users.link(account, judge, along),
    unlink: (userId, kind, judge, along) => users.unlink(userId, kind, judge, along),
    upgradePassword: (userId, expected, next, now) => users.upgradePassword(userId, expected, next, now),
    passwordForms: () => users.passwordForms(),
    verifyEmail: (hash, now, along) => users.verifyEmail(hash, now, along),
    addEmail: (userId, email, key, now, along) => users.addEmail(userId, email, key, now, along),
    removeEmail: (userId, key, now, along) => users.removeEmail(userId, key, now, along),
    replaceEmail: (userId, oldKey, email, key, now, along) => users.replaceEmail(userId, oldKey, email, key, now, along),
    setUsername: (userId, username, key, now, along) => users.setUsername(userId, username, key, now, along),
    setCustom: (userId, custom, now) => users.setCustom(userId, custom, now),
    changeCustom: (userId, change, now) => users.changeCustom(userId, change, now),
    list: page => users.list(page),
    count: () => users.count(),

    beginLogin: lookup => beginLogin(parts, lookup),

    async changePassword(change, along) {
      if (change.endSessionsExcept === undefined) return users.changePassword(change, along)
      const { userId, now } = change
      const keep = await keptSession(parts, change)
      // Should the change then be refused, because another was quicker, an administrator has to begin impersonating anew.
      await sessionsAlone.endImpersonated(userId, now, keep?.sessionId)
      const outcome = await users.changePassword(change, along)
      if (outcome === 'changed') await sessionsAlone.endAll(userId, 'password-changed', now, keep)
      return outcome
    },

    async setDeactivated(userId, deactivated, now, along) {
      if (!deactivated) return users.setDeactivated(userId, false, now, along)
      await sessionsAlone.endImpersonated(userId, now)
      const found = await users.setDeactivated(userId, true, now, along)
      if (found) await sessionsAlone.endAll(userId, 'deactivated', now)
      return found
    },

    async remove(userId, now, along) {
      await sessionsAlone.endImpersonated(userId, now)
      const removed = await users.remove(userId, now, along)
      // Also when the user is gone already: an earlier removal may have come no further than that.
      await sessionsAlone.forget(userId, now)
      return removed
    },
  }
}

/** In two steps instead of one round trip: only the user's store knows whose failures and devices to look for. */
async function beginLogin({ users, sessions, sessionsAlone }: Parts, lookup: LoginLookup): Promise<LoginCandidate> {
  const { counts, failureKey, device, now } = lookup
  const [{ user, credentials }, tallies] = await Promise.all([
    users.users.beginLogin({ ...lookup, counts: [], failureKey: null }),
    sessions.attempts.count(counts, now),
  ])
  // The same questions for a name that nobody has, so that an answer takes as long.
  const userKey = userFailureKey(user?.id ?? '')
  const [[ofUser = null, ofIdentifier = null], deviceSeen] = await Promise.all([
    sessions.attempts.failures(failureKey === null ? [userKey] : [userKey, failureKey], now),
    sessionsAlone.deviceSeen(user?.id ?? '', device),
  ])
  return {
    user,
    credentials,
    tallies,
    failures: { identifier: ofIdentifier, user: user ? ofUser : null },
    deviceSeen: user !== null && deviceSeen,
  }
}

/**
 * The session a password change keeps, which moves from the user's epoch to the next one. The epoch is read before the change: had it gone up in
 * between, for another reason, the session would stay behind and be over, as it should.
 */
async function keptSession({ users }: Parts, { userId, endSessionsExcept }: PasswordChange): Promise<KeptSession | undefined> {
  if (endSessionsExcept == null) return undefined
  const user = await users.users.find({ kind: 'id', key: userId })
  return user ? { sessionId: endSessionsExcept, epoch: { from: user.epoch, to: user.epoch + 1 } } : { sessionId: endSessionsExcept }
}
