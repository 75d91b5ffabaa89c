import { AccountsError } from '@latchkey/common'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { passwordOf } from '../identity/credential.ts'
import { refuseImpersonated } from '../policy/may-change.ts'
import type { SessionAndUser } from '../session/session.ts'
import type { Origin } from '../strategy.ts'
import { changed } from './changed.ts'
import { aboutAsking, confirmSecondFactor, verifyOwnPassword } from './confirm.ts'
import type { Asking } from './confirm.ts'
import { hasherOf, readNewPassword } from './new-password.ts'

/**
 * Changes one's own password, once the old one is proven, and by a code too where the user has a second factor and the session is not fresh. The asking session stays; the others end, unless the app said otherwise.
 * @throws AccountsError `InvalidPassword`, `InvalidCredentials`, `IncorrectPassword`, `NoPasswordSet`, `TwoFactorRequired`, `TwoFactorInvalid`, `TooManyAttempts`, `Busy`
 */
export async function changePassword(
  core: Core,
  who: SessionAndUser,
  oldPassword: unknown,
  newPassword: unknown,
  origin: Origin,
  code?: unknown,
): Promise<void> {
  refuseImpersonated(who)
  return change(core, who, oldPassword, newPassword, origin, code)
}

/**
 * The same for the app's own code, which knows the user and no session: all of them end, unless the app said otherwise.
 * @throws AccountsError as {@link changePassword}, and `UserNotFound`
 */
export async function changePasswordOf(
  core: Core,
  userId: string,
  oldPassword: unknown,
  newPassword: unknown,
  origin: Origin,
): Promise<void> {
  const user = await core.store.users.find({ kind: 'id', key: userId })
  if (!user) throw new AccountsError(core.settings.ambiguousErrorMessages ? 'InvalidCredentials' : 'UserNotFound')
  return change(core, { user, session: null }, oldPassword, newPassword, origin)
}

async function change(
  core: Core,
  asking: Asking,
  oldPassword: unknown,
  newPassword: unknown,
  origin: Origin,
  code?: unknown,
): Promise<void> {
  const { user, session } = asking
  const next = readNewPassword(core, newPassword, user, 'InvalidPassword', 'newPassword')
  const credentials = await core.store.users.credentials(user.id)
  await verifyOwnPassword(core, asking, oldPassword, credentials, origin)
  if (session) await confirmSecondFactor(core, { user, session }, credentials, code, origin)
  const stored = await hasherOf(core).hash(next, { ip: origin.ip })

  const settings = core.settings.password
  const to = (user.emails.find(email => email.verified) ?? user.emails[0])?.address
  const outcome = await core.store.users.changePassword(
    {
      userId: user.id,
      password: stored,
      now: core.clock.now(),
      expected: passwordOf(credentials),
      ...(settings.invalidateAllSessionsAfterPasswordChanged ? { endSessionsExcept: session?.id ?? null } : {}),
      keepLinks: !settings.removeAllResetPasswordTokensAfterPasswordChanged,
    },
    {
      audit: [auditEvent(core, 'password-changed', origin, aboutAsking(asking))],
      ...(settings.notifyUserAfterPasswordChanged && to ? { mail: [core.outbox.compose('passwordChanged', { to, user, data: {} })] } : {}),
    },
  )
  // Somebody else changed it between our check and now: the old password given is not the old password any more.
  if (outcome !== 'changed') throw new AccountsError('InvalidCredentials', { detail: `change was ${outcome}` })
  await changed(core, user.id)
  core.outbox.kick()
  await core.hooks.tell('passwordChanged', { user })
}
