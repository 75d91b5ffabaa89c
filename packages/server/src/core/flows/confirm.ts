/** "Are you still the one who signed in?", asked before deeds that could lock the owner out (ASVS 7.5.1). */
import { AccountsError } from '@latchkey/common'
import type { Confirmation } from '../accounts.ts'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { passwordOf } from '../identity/credential.ts'
import type { Credential } from '../identity/credential.ts'
import type { User } from '../identity/user.ts'
import { clientOf } from '../origin.ts'
import { refuseLocked } from '../policy/lockout.ts'
import { refuseImpersonated } from '../policy/may-change.ts'
import { readPassword } from '../policy/password-rules.ts'
import { guesserOf } from '../session/session.ts'
import type { Session, SessionAndUser } from '../session/session.ts'
import type { Origin } from '../strategy.ts'
import { hasherOf } from './new-password.ts'
import { proveCode, withinTries } from './own-code.ts'

/** Whose password it is, and the session that asks; null: the app's own code does. */
export interface Asking {
  user: User
  session: Session | null
}

/** The same for an audit line. */
export const aboutAsking = ({ user, session }: Asking): { userId: string; sessionId?: string } => ({
  userId: user.id,
  ...(session ? { sessionId: session.id } : {}),
})

/** A sign-in this fresh needs no further confirmation. */
export const RECENT: number = 10 * 60_000

/**
 * Passes with the right password, and a code too where the user has a second factor; or without any when the session is younger than ten minutes.
 * @throws AccountsError `RecentLoginRequired`, `InvalidCredentials`, `TwoFactorRequired`, `TwoFactorInvalid`, `Forbidden`, `TooManyAttempts`, `Busy`
 */
export async function confirm(core: Core, who: SessionAndUser, confirmation: Confirmation, origin: Origin): Promise<void> {
  refuseImpersonated(who)
  if (confirmation?.password === undefined) {
    if (!isRecent(core, who)) throw new AccountsError('RecentLoginRequired', { details: { field: 'password' } })
    return
  }
  const credentials = await core.store.users.credentials(who.user.id)
  await verifyOwnPassword(core, who, confirmation.password, credentials, origin)
  await confirmSecondFactor(core, who, credentials, confirmation.code, origin)
}

/**
 * Passes for users without a second factor, in a session younger than ten minutes, and with a code: for deeds that a password alone, or the session alone,
 * would allow. Who has taken both from somebody still lacks the phone.
 * @throws AccountsError `TwoFactorRequired`, `TwoFactorInvalid`, `TooManyAttempts`
 */
export async function confirmSecondFactor(
  core: Core,
  who: SessionAndUser,
  credentials: readonly Credential[],
  code: unknown,
  origin: Origin,
): Promise<void> {
  const factor = [...core.factors.values()].find(({ kind }) => credentials.some(credential => credential.kind === kind))
  if (factor && !isRecent(core, who)) await withinTries(core, who, origin, () => proveCode(core, factor, who.user.id, code, origin))
}

const isRecent = ({ clock }: Core, { session }: SessionAndUser): boolean => clock.now() - session.createdAt <= RECENT

/**
 * The user's own password, tried from inside a session. Wrong tries are counted by session, so that a stolen session cannot guess and
 * cannot lock the owner out elsewhere; without a session (the app's own code asks) they are counted by user, apart from those of logins.
 */
export async function verifyOwnPassword(
  core: Core,
  { user, session }: Asking,
  given: unknown,
  credentials: readonly Credential[],
  origin: Origin,
): Promise<void> {
  const password = readPassword(given, core.settings.password)
  if (password === null || password === '') throw new AccountsError('InvalidPassword', { details: { field: 'password' } })
  const asking = session ? guesserOf(session) : `user-asks:${user.id}`
  const key = `failures:${asking}`
  const now = core.clock.now()
  // By session too: a name that a login can spell would let strangers use up the owner's tries.
  await core.limiter.hit('login', { ip: clientOf(origin), account: asking })
  const [failures] = core.settings.rateLimits ? await core.store.attempts.failures([key], now) : []
  refuseLocked(core.settings.lockout, [failures ?? null], now)
  const stored = passwordOf(credentials)
  if (await hasherOf(core).verify(password, stored, { decoyKey: user.id, ip: origin.ip })) {
    if (failures) await core.store.attempts.clear([key])
    return
  }
  await core.store.attempts.fail([key], now, core.settings.lockout.memory, {
    audit: [auditEvent(core, 'login-failed', origin, { ...aboutAsking({ user, session }), data: { service: 'confirm' } })],
  })
  throw wrongPassword(core, stored !== null)
}

function wrongPassword(core: Core, hasPassword: boolean): AccountsError {
  if (core.settings.ambiguousErrorMessages) return new AccountsError('InvalidCredentials')
  return new AccountsError(hasPassword ? 'IncorrectPassword' : 'NoPasswordSet')
}
