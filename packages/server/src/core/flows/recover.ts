import { AccountsError } from '@latchkey/common'
import type { Login, SessionMode } from '../accounts.ts'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { emailKey } from '../identity/email.ts'
import type { User } from '../identity/user.ts'
import { clientOf } from '../origin.ts'
import { leadsIn } from '../policy/claimed.ts'
import { askingDevice, failureCountersOfUser } from '../policy/lockout.ts'
import { hashSecret, newSecret } from '../session/secret.ts'
import type { Along } from '../store.ts'
import type { Origin, Proof } from '../strategy.ts'
import type { OneTimeToken } from '../token/one-time-token.ts'
import { changed } from './changed.ts'
import { loginByDeed, loginProven } from './login.ts'
import { findAddressee } from './mail-request.ts'
import type { Manner } from './mail-request.ts'
import { hasherOf, readNewPassword } from './new-password.ts'
import { dropOtherWays, mustTakeOver } from './take-over.ts'

type Purpose = 'reset-password' | 'enroll-account'

const TEMPLATES = { 'reset-password': 'resetPassword', 'enroll-account': 'enrollAccount' } as const

/**
 * Sends a link to set a new password. An unknown address costs the same work and, with ambiguous messages, answers the same; so does, on the latchkey
 * face, an unverified address beside a verified one.
 * @throws AccountsError `InvalidEmail`, `UserNotFound`, `TooManyAttempts`
 */
export const sendResetPasswordEmail = (core: Core, address: unknown, origin: Origin, manner?: Manner): Promise<void> =>
  sendPasswordLink(core, 'reset-password', address, origin, manner)

/**
 * Invites a user who was created for them to choose a password.
 * @throws AccountsError `InvalidEmail`, `UserNotFound`, `TooManyAttempts`
 */
export const sendEnrollmentEmail = (core: Core, address: unknown, origin: Origin, manner?: Manner): Promise<void> =>
  sendPasswordLink(core, 'enroll-account', address, origin, manner)

async function sendPasswordLink(core: Core, purpose: Purpose, address: unknown, origin: Origin, manner?: Manner): Promise<void> {
  hasherOf(core)
  const { user, email } = await findAddressee(core, address, origin, manner, { forLinkIn: purpose === 'reset-password' })
  await core.store.tokens.issue(...linkFor(core, purpose, user, email.address, origin))
  core.outbox.kick()
}

export function linkFor(core: Core, purpose: Purpose, user: User | null, to: string, origin: Origin): [OneTimeToken, Along] {
  const now = core.clock.now()
  const secret = newSecret(core.chance)
  const { passwordResetTokenExpiration, passwordEnrollTokenExpiration } = core.settings.password
  const lifetime = purpose === 'reset-password' ? passwordResetTokenExpiration : passwordEnrollTokenExpiration
  const token: OneTimeToken = {
    hash: hashSecret(secret),
    purpose,
    userId: user?.id ?? null,
    address: to,
    data: {},
    tries: 0,
    createdAt: now,
    expiresAt: now + lifetime,
  }
  const mail = user
    ? core.outbox.compose(TEMPLATES[purpose], { to, user, data: {}, token: secret })
    : core.outbox.compose('void', { to: '', user: null, data: {}, token: secret })
  return [
    token,
    { mail: [mail], audit: [auditEvent(core, 'password-reset-requested', origin, { userId: user?.id ?? null, data: { purpose } })] },
  ]
}

/**
 * Redeems a reset or enrolment link: sets the password, verifies the address the link was sent to, and ends all sessions, all in one
 * transaction with the token's consumption. On the latchkey face an account of which no address was verified before loses its accounts elsewhere, its other
 * addresses and, in any case, its sessions.
 * @returns a login when `returnTokensAfterResetPassword` is set, else null. The login passes second factor and hooks like any other.
 * @throws AccountsError `InvalidToken`, `InvalidNewPassword`, `ResetPasswordLinkExpired`, `ResetPasswordLinkUnknownAddress`, `Busy`
 */
export async function resetPassword(
  core: Core,
  token: unknown,
  newPassword: unknown,
  origin: Origin,
  mode: SessionMode,
): Promise<Login | null> {
  const deed = async (): Promise<Proof> => {
    const user = await setByLink(core, token, newPassword, origin)
    return { userId: user.id, factor: { name: 'reset-link', kind: 'receives', at: core.clock.now() } }
  }
  const { face, password } = core.settings
  // Meteor's links sign in, and one that fails is a failed attempt to.
  if (face === 'meteor' && password.returnTokensAfterResetPassword) return loginByDeed(core, deed, 'reset-link', origin, mode)
  const proof = await deed()
  return password.returnTokensAfterResetPassword ? loginProven(core, proof, 'reset-link', origin, mode) : null
}

async function setByLink(core: Core, token: unknown, newPassword: unknown, origin: Origin): Promise<User> {
  core.limiter.hitHere('token', { ip: clientOf(origin) })
  if (typeof token !== 'string' || token === '') throw new AccountsError('InvalidToken')
  const link = await findLink(core, token)
  const user = link?.userId ? await core.store.users.find({ kind: 'id', key: link.userId }) : null
  if (!link || !user) throw new AccountsError('ResetPasswordLinkExpired')
  const key = emailKey(link.address)
  if (!user.emails.some(({ address }) => emailKey(address) === key)) throw new AccountsError('ResetPasswordLinkUnknownAddress')
  // Another address was verified since. An invitation leads where the app sent it.
  if (link.purpose === 'reset-password' && !leadsIn(core, user, key)) throw new AccountsError('ResetPasswordLinkExpired')
  // Judged and hashed before the token is spent: a weak password or a busy server must not cost the link.
  const password = readNewPassword(core, newPassword, user, 'InvalidNewPassword', 'newPassword')
  const stored = await hasherOf(core).hash(password, { ip: origin.ip })

  const credentials = await core.store.users.credentials(user.id)
  const takesOver = mustTakeOver(core, user, credentials)
  // First: should it end half-way, the link can be used again, and the address is not verified yet.
  if (takesOver) await dropOtherWays(core, { user, credentials, address: link.address, origin, by: 'reset-link' })
  const settings = core.settings.password
  const outcome = await core.store.users.changePassword(
    {
      userId: user.id,
      password: stored,
      now: core.clock.now(),
      consume: { hash: link.hash, purpose: link.purpose },
      ...(key === null ? {} : { verifyEmailKey: key }),
      ...(takesOver || settings.invalidateAllSessionsAfterPasswordReset ? { endSessionsExcept: null } : {}),
    },
    {
      audit: [auditEvent(core, 'password-reset', origin, { userId: user.id, data: { purpose: link.purpose } })],
      ...(settings.notifyUserAfterPasswordChanged
        ? { mail: [core.outbox.compose('passwordChanged', { to: link.address, user, data: {} })] }
        : {}),
    },
  )
  if (outcome !== 'changed') throw new AccountsError('ResetPasswordLinkExpired')
  await changed(core, user.id)
  // Guesses at the old password say nothing about the new one. Without this, whoever forgot theirs would wait out a lock after the reset.
  await core.store.attempts.clear(failureCountersOfUser(core.keys, user, askingDevice(core, origin, user.id)))
  core.outbox.kick()
  await core.hooks.tell('passwordReset', { user })
  return user
}

async function findLink(core: Core, token: string): Promise<OneTimeToken | null> {
  const hash = hashSecret(token)
  const now = core.clock.now()
  return (await core.store.tokens.find(hash, 'reset-password', now)) ?? core.store.tokens.find(hash, 'enroll-account', now)
}
