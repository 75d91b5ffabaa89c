import { auditEvent } from '../../core/audit/record.ts'
import type { Core } from '../../core/core.ts'
import { changed } from '../../core/flows/changed.ts'
import { verificationAlong } from '../../core/flows/verify-email.ts'
import { passwordOf } from '../../core/identity/credential.ts'
import type { User } from '../../core/identity/user.ts'
import type { Origin } from '../../core/strategy.ts'

/**
 * Whoever has the link reads the mailbox, so its address is verified, with what that implies.
 *
 * An account none of whose addresses was ever verified may have been made by a stranger who waits for the owner of the address to come and use it
 * (pre-hijacking). Only the mailbox tells the two apart:
 *
 * - Its password goes, and its sessions end, on the latchkey face.
 * - Apps that come from accounts-js have many such accounts that are all right, so there nothing is taken away. Where a password is good only
 *   after verification, though, the address stays unverified: the link must not be what makes a stranger's password good.
 * - Where there is a second factor, nothing changes: a link must not undo what the flow asks for next.
 * @returns the user's epoch afterwards
 */
export async function noteReceipt(core: Core, user: User, address: string, origin: Origin): Promise<number> {
  if (user.emails.some(email => email.address === address && email.verified)) return user.epoch
  const credentials = await core.store.users.credentials(user.id)
  const isClaimed = user.emails.some(({ verified }) => verified)
  if (!isClaimed && credentials.some(({ kind }) => core.factors.has(kind))) return user.epoch
  if (!isClaimed && passwordOf(credentials)) {
    if (core.settings.face === 'latchkey') await dropPassword(core, user, address, origin)
    else if (core.settings.password.requireEmailVerification) return user.epoch
  }
  await verify(core, user, address, origin)
  return (await core.store.users.find({ kind: 'id', key: user.id }))?.epoch ?? user.epoch
}

async function dropPassword(core: Core, user: User, address: string, origin: Origin): Promise<void> {
  const data = { change: 'removed' }
  const audit = [auditEvent(core, 'password-changed', origin, { userId: user.id, data: { ...data, by: 'magic-link' } })]
  const mail = [core.outbox.compose('passwordChanged', { to: address, user, data })]
  await core.store.users.removeCredential(user.id, 'password', '', { audit, mail })
  await core.store.sessions.endAll(user.id, 'password-changed', core.clock.now())
  core.outbox.kick()
}

/** Through a verification link that nobody else has seen: it takes the place of any that waits in the mailbox. */
async function verify(core: Core, user: User, address: string, origin: Origin): Promise<void> {
  const { token } = verificationAlong(core, user, address)
  await core.store.tokens.issue(token)
  await core.store.users.verifyEmail(token.hash, core.clock.now(), userId => ({
    audit: [auditEvent(core, 'email-verified', origin, { userId, data: { by: 'magic-link' } })],
  }))
  await changed(core, user.id)
}
