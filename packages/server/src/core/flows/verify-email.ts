import { AccountsError } from '@latchkey/common'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { emailKey } from '../identity/email.ts'
import type { User } from '../identity/user.ts'
import { accountName } from '../policy/account-name.ts'
import { hashSecret, newSecret } from '../session/secret.ts'
import type { Along } from '../store.ts'
import type { Origin } from '../strategy.ts'
import { changed } from './changed.ts'
import { readEmail } from './register.ts'

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
export async function sendVerificationEmail(core: Core, address: unknown, origin: Origin): Promise<void> {
  const { address: typed, key } = readEmail(core, address)
  await core.limiter.hit('mail', { ip: origin.ip, account: accountName({ kind: 'email', key }) })
  const user = await core.store.users.find({ kind: 'email', key })
  if (!user && !core.settings.ambiguousErrorMessages) throw new AccountsError('UserNotFound')
  const email = user?.emails.find(one => emailKey(one.address) === key)
  const wanted = user && email && !email.verified && user.deactivatedAt === undefined ? user : null
  const { token, mail } = verificationAlong(core, wanted, email?.address ?? typed)
  const audit = [auditEvent(core, 'verification-requested', origin, { userId: user?.id ?? null })]
  await core.store.tokens.issue(token, { mail, audit })
  core.outbox.kick()
}

/**
 * Redeems a verification link.
 * @throws AccountsError `InvalidToken`, `VerifyEmailLinkExpired`, `VerifyEmailLinkUnknownAddress`, `TooManyAttempts`
 */
export async function verifyEmail(core: Core, token: unknown, origin: Origin): Promise<void> {
  core.limiter.hitHere('token', { ip: origin.ip })
  if (typeof token !== 'string' || token === '') throw new AccountsError('InvalidToken')
  const outcome = await core.store.users.verifyEmail(hashSecret(token), core.clock.now(), userId => ({
    audit: [auditEvent(core, 'email-verified', origin, { userId })],
  }))
  if (outcome.outcome === 'expired') throw new AccountsError('VerifyEmailLinkExpired')
  if (outcome.outcome === 'unknown-address') throw new AccountsError('VerifyEmailLinkUnknownAddress')
  await changed(core, outcome.userId)
}
