/** What the app's own code and the command line do to users. No limits and nothing hidden: the caller is trusted. */
import { AccountsError } from '@latchkey/common'
import type { SessionInfo } from '@latchkey/common'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { emailKey } from '../identity/email.ts'
import type { User } from '../identity/user.ts'
import { usernameKey } from '../identity/username.ts'
import { failureCountersOfUser } from '../policy/lockout.ts'
import { readPassword } from '../policy/password-rules.ts'
import type { Origin } from '../strategy.ts'
import { changed } from './changed.ts'
import { sessionInfo } from './logout.ts'
import { hasherOf, readNewPassword } from './new-password.ts'

/** By id, else e-mail, else username. */
export async function lookUp(core: Core, typed: string): Promise<User | null> {
  const email = emailKey(typed)
  return (
    (await core.store.users.find({ kind: 'id', key: typed })) ??
    (email === null ? null : await core.store.users.find({ kind: 'email', key: email })) ??
    (await core.store.users.find({ kind: 'username', key: usernameKey(typed), typed }))
  )
}

export const listUsers = (
  core: Core,
  { after, limit = 50, search }: { after?: string; limit?: number; search?: string },
): Promise<User[]> =>
  core.store.users.list({ limit, ...(after === undefined ? {} : { after }), ...(search === undefined ? {} : { search }) })

/** How a password is set. */
export interface SetPasswordManner {
  /** Any password that is one, whatever the rules (accounts-js's `setPassword`). @default false */
  asItIs?: boolean
  /** Live sessions go on. @default false */
  keepSessions?: boolean
}

/**
 * Sets a password, ends all sessions, drops links to set another, and forgets failed tries.
 * @throws AccountsError `UserNotFound`, `InvalidPassword`, `Busy`
 */
export async function setPassword(
  core: Core,
  userId: string,
  given: unknown,
  origin: Origin,
  { asItIs, keepSessions }: SetPasswordManner = {},
): Promise<void> {
  const user = await core.store.users.find({ kind: 'id', key: userId })
  if (!user) throw new AccountsError('UserNotFound')
  const chosen = asItIs ? readPassword(given, core.settings.password) : readNewPassword(core, given, user)
  if (!chosen) throw new AccountsError('InvalidPassword', { details: { field: 'password' } })
  const password = await hasherOf(core).hash(chosen, { ip: origin.ip })
  const audit = [auditEvent(core, 'password-changed', origin, { userId })]
  const ends = keepSessions ? {} : { endSessionsExcept: null }
  await core.store.users.changePassword({ userId, password, now: core.clock.now(), ...ends }, { audit })
  await changed(core, userId)
  await core.store.attempts.clear(failureCountersOfUser(core.keys, user, null))
}

export async function userSessions(core: Core, userId: string): Promise<SessionInfo[]> {
  return (await core.store.sessions.list(userId, core.clock.now())).map(session => sessionInfo(session, null))
}

/** Ends one session, or all of a user; returns how many ended. */
export async function revoke(core: Core, target: { sessionId: string } | { userId: string }, origin: Origin): Promise<number> {
  const now = core.clock.now()
  if ('userId' in target) {
    const audit = [auditEvent(core, 'sessions-ended', origin, { userId: target.userId })]
    const ended = await core.store.sessions.endAll(target.userId, 'revoked', now, undefined, { audit })
    await changed(core, target.userId)
    return ended.length
  }
  const found = await core.store.sessions.find(target.sessionId)
  if (!found) return 0
  const audit = [auditEvent(core, 'session-ended', origin, { userId: found.user.id, sessionId: target.sessionId })]
  const ended = await core.store.sessions.end(target.sessionId, 'revoked', now, { audit })
  await changed(core, found.user.id)
  return ended ? 1 : 0
}

export async function deleteUser(core: Core, userId: string, origin: Origin): Promise<boolean> {
  const removed = await core.store.users.remove(userId, core.clock.now(), { audit: [auditEvent(core, 'user-deleted', origin, { userId })] })
  await changed(core, userId)
  return removed
}
