import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { changed } from './changed.ts'
import { dropOtherWays, mustTakeOver } from './take-over.ts'
import { verificationAlong } from './verify-email.ts'
import { passwordOf } from '../identity/credential.ts'
import type { Credential } from '../identity/credential.ts'
import { isLinkedAccount } from '../identity/linked-account.ts'
import type { User } from '../identity/user.ts'
import { isUnclaimed } from '../policy/claimed.ts'
import type { Origin } from '../strategy.ts'

/** What was mailed, and came back. */
export type ReceivedBy = 'magic-link' | 'login-code'

/**
 * Whoever has the link, or the code, that was mailed reads the mailbox, so its address is verified, with what that implies.
 *
 * An account none of whose addresses was ever verified may be a stranger's (core/policy/claimed.ts):
 *
 * - On the latchkey face whatever somebody else could come back with goes: its password, accounts elsewhere, other addresses; and its sessions end.
 * - Apps that come from accounts-js have many such accounts that are all right, so there nothing is taken away. Where a password is good only
 *   after verification, though, the address stays unverified: the link must not be what makes a stranger's password good.
 * - Where there is a second factor, nothing changes: a link must not undo what the flow asks for next.
 * @returns the user's epoch afterwards
 */
export async function noteReceipt(core: Core, user: User, address: string, origin: Origin, by: ReceivedBy): Promise<number> {
  if (user.emails.some(email => email.address === address && email.verified)) return user.epoch
  const credentials = await core.store.users.credentials(user.id)
  const unclaimed = isUnclaimed(user)
  if (unclaimed && credentials.some(({ kind }) => core.factors.has(kind))) return user.epoch
  const takesOver = mustTakeOver(core, user, credentials) && hasOtherWays(user, credentials)
  if (takesOver) await takeOver(core, { user, credentials, address, origin, by })
  else if (unclaimed && passwordOf(credentials) && core.settings.password.requireEmailVerification) return user.epoch
  await verify(core, user, address, origin, by)
  // Not what is kept now: had anything else ended all sessions meanwhile, this login would be one of them.
  return takesOver ? user.epoch + 1 : user.epoch
}

const hasOtherWays = ({ emails }: User, credentials: readonly Credential[]): boolean =>
  emails.length > 1 || passwordOf(credentials) !== null || credentials.some(isLinkedAccount)

interface TakingOver {
  user: User
  credentials: readonly Credential[]
  address: string
  origin: Origin
  by: ReceivedBy
}

/** Sessions last: whoever came in meanwhile by what was there is out as well. That raises the epoch by one. */
async function takeOver(core: Core, { user, credentials, address, origin, by }: TakingOver): Promise<void> {
  const { users, sessions } = core.store
  if (passwordOf(credentials)) {
    const data = { change: 'removed' }
    const audit = [auditEvent(core, 'password-changed', origin, { userId: user.id, data: { ...data, by } })]
    const mail = [core.outbox.compose('passwordChanged', { to: address, user, data })]
    await users.removeCredential(user.id, 'password', '', { audit, mail })
  }
  await dropOtherWays(core, { user, credentials, address, origin, by })
  await sessions.endAll(user.id, 'password-changed', core.clock.now())
  core.outbox.kick()
}

/** Through a verification link that nobody else has seen: it takes the place of any that waits in the mailbox. */
async function verify(core: Core, user: User, address: string, origin: Origin, by: ReceivedBy): Promise<void> {
  const { token } = verificationAlong(core, user, address)
  await core.store.tokens.issue(token)
  await core.store.users.verifyEmail(token.hash, core.clock.now(), userId => ({
    audit: [auditEvent(core, 'email-verified', origin, { userId, data: { by } })],
  }))
  await changed(core, user.id)
}
