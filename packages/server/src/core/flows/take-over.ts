/** Taking an account that nobody claimed yet from whoever made it, for the one who reads the mailbox of its address. */
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import type { Credential } from '../identity/credential.ts'
import { emailKey } from '../identity/email.ts'
import type { User } from '../identity/user.ts'
import { isUnclaimed } from '../policy/claimed.ts'
import type { Origin } from '../strategy.ts'
import { unlinkAll } from './link.ts'

/**
 * True when the account must be taken from whoever made it before its address is verified. Not where there is a second factor: a link must not undo what
 * the login flow asks for next.
 */
export const mustTakeOver = ({ settings, factors }: Core, user: Pick<User, 'emails'>, credentials: readonly Credential[]): boolean =>
  settings.face === 'latchkey' && isUnclaimed(user) && !credentials.some(({ kind }) => factors.has(kind))

interface TakingOver {
  user: User
  credentials: readonly Credential[]
  /** Whose mailbox it is. */
  address: string
  origin: Origin
  /** What proved it, for the audit log. */
  by: 'magic-link' | 'login-code' | 'reset-link'
}

/** Removes accounts elsewhere and other addresses, with the links that were sent to those. The password and the sessions are the caller's. */
export async function dropOtherWays(core: Core, { user, credentials, address, origin, by }: TakingOver): Promise<void> {
  // The one who is told is the one who reads the mailbox.
  await unlinkAll(core, { ...user, emails: [{ address, verified: true }] }, credentials, origin)
  const own = emailKey(address)
  for (const other of user.emails) {
    const key = emailKey(other.address)
    const audit = [auditEvent(core, 'email-removed', origin, { userId: user.id, data: { by } })]
    if (key !== null && key !== own) await core.store.users.removeEmail(user.id, key, core.clock.now(), { audit })
  }
}
