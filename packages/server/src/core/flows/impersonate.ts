/** Acting as another user: in a session of its own, marked as such for all its life, and never longer than whoever acts has the right to. */
import { AccountsError } from '@latchkey/common'
import type { Login } from '../accounts.ts'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { passThrough } from '../hooks.ts'
import { emailKey } from '../identity/email.ts'
import type { Identifier, User } from '../identity/user.ts'
import { usernameKey } from '../identity/username.ts'
import { clientOf } from '../origin.ts'
import { atRest } from '../session/at-rest.ts'
import { findLiveByToken } from '../session/check.ts'
import { isLive } from '../session/session.ts'
import type { SessionAndUser } from '../session/session.ts'
import type { Origin } from '../strategy.ts'
import { changed } from './changed.ts'
import { loginAs } from './login.ts'

/** What came of asking to act as somebody. */
export type Impersonation = { authorized: false } | { authorized: true; login: Login }

/**
 * Opens a session of another user for whoever holds `accessToken`, if `impersonationAuthorize` says that they may. The session ends with the one it
 * was made from; whether that one was idle for too long is looked at when the impersonated session refreshes. Whether the other
 * user exists stays hidden with ambiguous messages: `{ authorized: false }` either way.
 * @param identity `{ userId }`, else `{ username }`, else `{ email }`
 * @throws AccountsError `InvalidToken`, `TokenVerificationFailed`, `SessionNotFound`, `InvalidSession`, `InvalidInput`, `ImpersonatedUserNotFound`,
 * `UserDeactivated`, `Forbidden` to whoever acts as somebody already and for oneself, `TooManyAttempts`
 */
export async function impersonate(core: Core, accessToken: unknown, identity: unknown, origin: Origin): Promise<Impersonation> {
  try {
    // Each try is a question about another account.
    core.limiter.hitHere('token', { ip: clientOf(origin) })
    const who = await findLiveByToken(core, accessToken, 'Session is not valid for user')
    // One who acts as another acts with that other's rights, which are not theirs to hand on.
    if (who.session.impersonatorId !== undefined)
      throw new AccountsError('Forbidden', { message: 'An impersonated session cannot impersonate' })

    const target = await core.store.users.find(readIdentity(identity))
    if (!target && !core.settings.ambiguousErrorMessages) throw new AccountsError('ImpersonatedUserNotFound')
    if (!target || !(await mayImpersonate(core, who.user, target))) return await refuse(core, who, target, origin)
    // It would be the same user with fewer rights.
    if (target.id === who.user.id) throw new AccountsError('Forbidden', { message: 'That is you' })

    const login = await loginAs(core, target.id, who, origin)
    await endIfTooLate(core, login, who)
    await core.hooks.tell('impersonated', { user: who.user, target: login.user, login, origin })
    return { authorized: true, login }
  } catch (error) {
    await core.hooks.tell('impersonationFailure', { error: error instanceof Error ? error : new Error(String(error)) })
    throw error
  }
}

/**
 * Asked at each refresh of an impersonated session: whoever is behind it must still be signed in, and still be allowed to. If not, the session ends.
 * @throws AccountsError `InvalidSession`, and what `impersonationAuthorize` throws
 */
export async function stillImpersonates(core: Core, { session, user }: SessionAndUser, origin: Origin): Promise<void> {
  if (session.impersonatorId === undefined) return
  const source = await findSource(core, session.impersonatorSessionId)
  const maySignIn = source !== null && source.user.id === session.impersonatorId && isLive(source, core.clock.now())
  if (maySignIn && (await mayImpersonate(core, source.user, user))) return
  await core.store.sessions.end(session.id, 'impersonator-ended', core.clock.now(), {
    audit: [auditEvent(core, 'session-ended', { ...origin, session }, { userId: user.id, sessionId: session.id })],
  })
  await changed(core, user.id)
  throw new AccountsError('InvalidSession', { detail: 'whoever impersonates may not any more' })
}

const findSource = async (core: Core, sessionId: string | undefined): Promise<SessionAndUser | null> =>
  sessionId === undefined ? null : atRest(core, () => core.store.sessions.find(sessionId))

async function mayImpersonate(core: Core, user: User, target: User): Promise<boolean> {
  const { impersonationAuthorize } = core.settings
  if (!impersonationAuthorize) {
    warnOnce(core)
    return false
  }
  try {
    return Boolean(await impersonationAuthorize(user, target))
  } catch (thrown) {
    throw passThrough(thrown)
  }
}

const warned = new WeakSet<Core>()

function warnOnce(core: Core): void {
  if (warned.has(core)) return
  warned.add(core)
  core.log.warn({}, 'somebody asked to impersonate a user, and nobody may: the option impersonationAuthorize is not set')
}

async function refuse(core: Core, { session, user }: SessionAndUser, target: User | null, origin: Origin): Promise<Impersonation> {
  const data = target ? { target: target.id } : {}
  await core.store.audit.add([auditEvent(core, 'impersonation-refused', origin, { userId: user.id, sessionId: session.id, data })])
  return { authorized: false }
}

/**
 * A session that ends takes those with it that were made from it, but only those it sees: one that was being opened meanwhile is ended here. Opened
 * first and looked at after, so that one of the two sees the other.
 */
async function endIfTooLate(core: Core, { session }: Login, who: SessionAndUser): Promise<void> {
  const source = await findSource(core, who.session.id)
  if (source && isLive(source, core.clock.now())) return
  await core.store.sessions.end(session.id, 'impersonator-ended', core.clock.now())
  await changed(core, session.userId)
  throw new AccountsError('InvalidSession')
}

/** The first that is there of id, username and address. @throws AccountsError `InvalidInput` when none is, or one is no text */
function readIdentity(identity: unknown): Identifier {
  const given: Record<string, unknown> = typeof identity === 'object' && identity !== null ? { ...identity } : {}
  for (const field of ['userId', 'username', 'email']) {
    const value = given[field]
    if (value !== undefined && value !== null && typeof value !== 'string') throw badIdentity(`impersonated.${field}`, 'must be a text')
  }
  // Each is a text, null or undefined, as was seen to above. accounts-js passes over empty ones.
  const { userId, username, email } = given as Record<string, string | null | undefined>
  if (userId) return { kind: 'id', key: userId }
  if (username) return { kind: 'username', key: usernameKey(username), typed: username }
  if (email) return { kind: 'email', key: emailKey(email) }
  throw badIdentity('impersonated', 'needs a userId, a username or an email')
}

const badIdentity = (field: string, wrong: string): AccountsError =>
  new AccountsError('InvalidInput', { message: `"${field}" ${wrong}`, details: { field } })
