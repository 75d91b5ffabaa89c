import type { OutboxMail } from '../mail/outbox-mail.ts'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import type { User } from '../identity/user.ts'
import type { Mail } from '../ports.ts'
import { hashSecret, newSecret } from '../session/secret.ts'
import type { Secret } from '../session/secret.ts'
import type { Origin } from '../strategy.ts'

/** A link for somebody, ordered by the app's own code. */
export interface LinkOrder {
  purpose: 'reset-password' | 'enroll-account' | 'verify-email'
  user: User
  /** One of theirs, as it is kept. */
  address: string
  /** What the app wants to find with the token again. @default {} */
  data?: Record<string, unknown>
  /** Words the mail that carries it. Without it none is sent: the app hands the token on itself. */
  word?: (token: Secret, expiresAt: number) => Promise<Mail>
}

/**
 * Makes a link's token, in the place of an earlier one for the same address, and sends the mail, when there is to be one. Counts against no limit: the app's own
 * code knows what it does. What `word` throws is thrown, and nothing was written.
 */
export async function issueLink(core: Core, { purpose, user, address, data = {}, word }: LinkOrder, origin: Origin): Promise<Secret> {
  const now = core.clock.now()
  const expiresAt = now + lifetimeOf(core, purpose)
  const secret = newSecret(core.chance)
  const mail: OutboxMail[] = word ? [core.outbox.enclose(await word(secret, expiresAt), user, { token: secret, expiresAt })] : []
  const type = purpose === 'verify-email' ? 'verification-requested' : 'password-reset-requested'
  const audit = [auditEvent(core, type, origin, { userId: user.id, data: { purpose } })]
  await core.store.tokens.issue(
    { hash: hashSecret(secret), purpose, userId: user.id, address, data, tries: 0, createdAt: now, expiresAt },
    { mail, audit },
  )
  core.outbox.kick()
  return secret
}

function lifetimeOf({ settings: { password } }: Core, purpose: LinkOrder['purpose']): number {
  if (purpose === 'verify-email') return password.verifyEmailTokenExpiration
  return purpose === 'reset-password' ? password.passwordResetTokenExpiration : password.passwordEnrollTokenExpiration
}
