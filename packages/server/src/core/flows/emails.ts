import { AccountsError } from '@latchkey/common'
import type { Confirmation } from '../accounts.ts'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { emailKey } from '../identity/email.ts'
import type { User, UserEmail } from '../identity/user.ts'
import type { OutboxMail } from '../mail/outbox-mail.ts'
import { accountName } from '../policy/account-name.ts'
import { refuseImpersonated } from '../policy/may-change.ts'
import type { SessionAndUser } from '../session/session.ts'
import type { Along } from '../store.ts'
import type { Origin } from '../strategy.ts'
import { changed } from './changed.ts'
import { aboutAsking, confirm, confirmSecondFactor } from './confirm.ts'
import type { Asking } from './confirm.ts'
import { readEmail } from './register.ts'

/**
 * Adds an unverified address to one's own account, and tells the addresses that were there before. A password can be reset through it, so on the
 * latchkey face it asks for what `removeEmail` asks for; accounts-js's clients have nothing to confirm with, so on its face they need not,
 * unless the user has a second factor: then it takes a fresh session or a code.
 * @throws AccountsError `InvalidEmail`, `EmailAlreadyExists`, `TooManyAttempts`, `Forbidden`, and what confirming throws
 */
export async function addEmail(
  core: Core,
  who: SessionAndUser,
  address: unknown,
  confirmation: Confirmation,
  origin: Origin,
): Promise<void> {
  const { user, session } = who
  refuseImpersonated(who)
  const email = readEmail(core, address, 'InvalidEmail', 'newEmail')
  // Counted like mail, so that a session cannot be used to try out whose addresses are taken.
  await core.limiter.hit('mail', { ip: origin.ip, account: accountName({ kind: 'id', key: user.id }) })
  if (confirmation?.password !== undefined || core.settings.face === 'latchkey') await confirm(core, who, confirmation, origin)
  else await confirmSecondFactor(core, who, await core.store.users.credentials(user.id), confirmation?.code, origin)
  await add(core, { user, session }, { ...email, verified: false }, origin)
}

/**
 * Adds an address for the app's own code, which may vouch for it. Unique like any other. On Meteor's face one that the user has already is written anew in its
 * place: spelt as it is here, and as verified as it is said to be here.
 * @throws AccountsError `InvalidEmail`, `EmailAlreadyExists`, `UserNotFound`
 */
export async function addEmailOf(core: Core, userId: string, address: unknown, verified: boolean, origin: Origin): Promise<void> {
  const email = readEmail(core, address)
  const user = await core.store.users.find({ kind: 'id', key: userId })
  if (!user) throw new AccountsError('UserNotFound')
  const isOwn = core.settings.face === 'meteor' && user.emails.some(own => emailKey(own.address) === email.key)
  if (isOwn) await swap(core, user, email.key, { ...email, verified }, origin)
  else await add(core, { user, session: null }, { ...email, verified }, origin)
}

/**
 * Puts another address in the place of one, for the app's own code. False: the user has no such address.
 * @throws AccountsError `InvalidEmail`, `EmailAlreadyExists`, `UserNotFound`
 */
export async function replaceEmailOf(core: Core, userId: string, from: unknown, to: NewAddress, origin: Origin): Promise<boolean> {
  const email = readEmail(core, to.address)
  const user = await core.store.users.find({ kind: 'id', key: userId })
  if (!user) throw new AccountsError('UserNotFound')
  const oldKey = typeof from === 'string' ? emailKey(from) : null
  return oldKey !== null && swap(core, user, oldKey, { ...email, verified: to.verified }, origin)
}

/** An address from outside, and whether the app vouches for it. */
export interface NewAddress {
  address: unknown
  verified: boolean
}

async function swap(core: Core, user: User, oldKey: string, { address, key, verified }: NewEmail, origin: Origin): Promise<boolean> {
  const outcome = await core.store.users.replaceEmail(user.id, oldKey, { address, verified }, key, core.clock.now(), {
    audit: [auditEvent(core, 'user-changed', origin, { userId: user.id, data: { field: 'email' } })],
    // The same address, spelt anew, is no news.
    ...(key === oldKey ? {} : notice(core, user, { change: 'replaced', address })),
  })
  if (outcome === 'taken') throw new AccountsError('EmailAlreadyExists', { details: { field: 'newEmail' } })
  if (outcome === 'replaced') await afterwards(core, user.id)
  return outcome === 'replaced'
}

type NewEmail = UserEmail & { key: string }

async function add(core: Core, asking: Asking, { address, key, verified }: NewEmail, origin: Origin): Promise<void> {
  const { user } = asking
  const outcome = await core.store.users.addEmail(user.id, { address, verified }, key, core.clock.now(), {
    audit: [auditEvent(core, 'email-added', origin, aboutAsking(asking))],
    ...notice(core, user, { change: 'added', address }),
  })
  if (outcome === 'taken') throw new AccountsError('EmailAlreadyExists', { details: { field: 'newEmail' } })
  if (outcome === 'gone') throw new AccountsError('UserNotFound')
  await afterwards(core, user.id)
}

/**
 * Removes one of one's own addresses and every link that was sent to it.
 * @throws AccountsError `InvalidEmail` when it is not the user's, `LastIdentifier`, and what confirming throws
 */
export async function removeEmail(
  core: Core,
  who: SessionAndUser,
  address: unknown,
  confirmation: Confirmation,
  origin: Origin,
): Promise<void> {
  const { user, session } = who
  const key = ownKey(user, address, 'email')
  await confirm(core, who, confirmation, origin)
  const outcome = await core.store.users.removeEmail(user.id, key, core.clock.now(), {
    audit: [auditEvent(core, 'email-removed', origin, { userId: user.id, sessionId: session.id })],
    ...notice(core, user, { change: 'removed', address: String(address) }),
  })
  if (outcome === 'last') throw new AccountsError('LastIdentifier', { details: { field: 'email' } })
  if (outcome === 'missing') throw new AccountsError('InvalidEmail', { details: { field: 'email' } })
  await afterwards(core, user.id)
}

/**
 * Removes an address for the app's own code. One that is not the user's is no error, as in accounts-js.
 * @throws AccountsError `UserNotFound`, `LastIdentifier`
 */
export async function removeEmailOf(core: Core, userId: string, address: unknown, origin: Origin): Promise<void> {
  const user = await core.store.users.find({ kind: 'id', key: userId })
  if (!user) throw new AccountsError('UserNotFound')
  const key = typeof address === 'string' ? emailKey(address) : null
  if (key === null) return
  const outcome = await core.store.users.removeEmail(user.id, key, core.clock.now(), {
    audit: [auditEvent(core, 'email-removed', origin, { userId })],
    ...notice(core, user, { change: 'removed', address: String(address) }),
  })
  if (outcome === 'last') throw new AccountsError('LastIdentifier', { details: { field: 'email' } })
  if (outcome === 'removed') await afterwards(core, user.id)
}

/**
 * Puts another address in the place of one, unverified.
 * @throws AccountsError `InvalidEmail`, `EmailAlreadyExists`, `TooManyAttempts`, and what confirming throws
 */
export async function changeEmail(
  core: Core,
  who: SessionAndUser,
  from: unknown,
  to: unknown,
  confirmation: Confirmation,
  origin: Origin,
): Promise<void> {
  const { user, session } = who
  const oldKey = ownKey(user, from, 'oldEmail')
  const email = readEmail(core, to, 'InvalidEmail', 'newEmail')
  await core.limiter.hit('mail', { ip: origin.ip, account: accountName({ kind: 'id', key: user.id }) })
  await confirm(core, who, confirmation, origin)
  const outcome = await core.store.users.replaceEmail(
    user.id,
    oldKey,
    { address: email.address, verified: false },
    email.key,
    core.clock.now(),
    {
      audit: [auditEvent(core, 'user-changed', origin, { userId: user.id, sessionId: session.id, data: { field: 'email' } })],
      ...notice(core, user, { change: 'replaced', address: email.address }),
    },
  )
  if (outcome === 'taken') throw new AccountsError('EmailAlreadyExists', { details: { field: 'newEmail' } })
  if (outcome === 'missing') throw new AccountsError('InvalidEmail', { details: { field: 'oldEmail' } })
  await afterwards(core, user.id)
}

/** ASVS 6.3.7: the addresses known so far learn of the change, for the case that it was not their owner's. */
function notice(core: Core, user: User, data: { change: 'added' | 'removed' | 'replaced'; address: string }): Pick<Along, 'mail'> {
  const verified = user.emails.filter(email => email.verified)
  // Where none ever was, the main one is the best guess.
  const told = verified.length > 0 ? verified : user.emails.slice(0, 1)
  const mail: OutboxMail[] = told.map(({ address: to }) => core.outbox.compose('emailChanged', { to, user, data }))
  return mail.length === 0 ? {} : { mail }
}

function ownKey(user: User, address: unknown, field: string): string {
  const key = typeof address === 'string' ? emailKey(address) : null
  if (key === null || !user.emails.some(email => emailKey(email.address) === key))
    throw new AccountsError('InvalidEmail', { details: { field } })
  return key
}

async function afterwards(core: Core, userId: string): Promise<void> {
  await changed(core, userId)
  core.outbox.kick()
}
