import { AccountsError } from '@latchkey/common'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import type { User } from '../identity/user.ts'
import type { Login, SessionMode } from '../accounts.ts'
import { clientOf } from '../origin.ts'
import { hashSecret, newSecret } from '../session/secret.ts'
import type { Along } from '../store.ts'
import type { Origin, Proof } from '../strategy.ts'
import { changed } from './changed.ts'
import { loginByDeed } from './login.ts'
import { findAddressee } from './mail-request.ts'
import type { Manner } from './mail-request.ts'

/** A verification token and the mail that carries it, to ride along with a deed. `user: null` makes a decoy of the same weight. */
export function verificationAlong(core: Core, user: Pick<User, 'id'> | null, address: string): Required<Pick<Along, 'token' | 'mail'>> {
  const now = core.clock.now()
  const secret = newSecret(core.chance)
  return {
    token: {
      hash: hashSecret(secret),
      purpose: 'verify-email',
      userId: user?.id ?? null,
      address,
      data: {},
      tries: 0,
      createdAt: now,
      expiresAt: now + core.settings.password.verifyEmailTokenExpiration,
    },
    mail: [
      user
        ? core.outbox.compose('verifyEmail', { to: address, user, data: {}, token: secret })
        : core.outbox.compose('void', { to: '', user: null, data: {}, token: secret }),
    ],
  }
}

/**
 * Sends a link that verifies an address. Silent for unknown addresses when messages are ambiguous, and for verified ones.
 * @throws AccountsError `InvalidEmail`, `UserNotFound`, `TooManyAttempts`
 */
export async function sendVerificationEmail(core: Core, address: unknown, origin: Origin, manner?: Manner): Promise<void> {
  const { user, email } = await findAddressee(core, address, origin, manner)
  const { token, mail } = verificationAlong(core, email.verified ? null : user, email.address)
  const audit = [auditEvent(core, 'verification-requested', origin, { userId: user?.id ?? null })]
  await core.store.tokens.issue(token, { mail, audit })
  core.outbox.kick()
}

/**
 * Redeems a verification link.
 * @throws AccountsError `InvalidToken`, `VerifyEmailLinkExpired`, `VerifyEmailLinkUnknownAddress`, `TooManyAttempts`
 */
export async function verifyEmail(core: Core, token: unknown, origin: Origin): Promise<void> {
  await redeem(core, token, origin)
}

/**
 * Redeems a verification link and signs in, as Meteor's does. The login passes second factor and hooks like any other; the address is verified whether or not
 * it is let through.
 * @throws AccountsError what {@link verifyEmail} throws, and what a login is refused with
 */
export async function verifyEmailAndLogin(core: Core, token: unknown, origin: Origin, mode: SessionMode): Promise<Login> {
  const deed = async (): Promise<Proof> => {
    const userId = await redeem(core, token, origin)
    return { userId, factor: { name: 'verify-link', kind: 'receives', at: core.clock.now() } }
  }
  return loginByDeed(core, deed, 'verify-link', origin, mode)
}

async function redeem(core: Core, token: unknown, origin: Origin): Promise<string> {
  core.limiter.hitHere('token', { ip: clientOf(origin) })
  if (typeof token !== 'string' || token === '') throw new AccountsError('InvalidToken')
  const outcome = await core.store.users.verifyEmail(hashSecret(token), core.clock.now(), userId => ({
    audit: [auditEvent(core, 'email-verified', origin, { userId })],
  }))
  if (outcome.outcome === 'expired') throw new AccountsError('VerifyEmailLinkExpired')
  if (outcome.outcome === 'unknown-address') throw new AccountsError('VerifyEmailLinkUnknownAddress')
  await changed(core, outcome.userId)
  return outcome.userId
}
