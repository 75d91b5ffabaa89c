/** Setting up a second factor, and giving it up: what users do to their own from inside a session. */
import { AccountsError } from '@latchkey/common'
import type { TwoFactorSecret, TwoFactorStatus } from '@latchkey/common'
import type { Confirmation } from '../accounts.ts'
import type { AuditType } from '../audit/events.ts'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { deviceLabel } from '../device.ts'
import type { Credential } from '../identity/credential.ts'
import { readBase32 } from '../identity/totp.ts'
import type { User } from '../identity/user.ts'
import type { OutboxMail } from '../mail/outbox-mail.ts'
import { clientOf } from '../origin.ts'
import { refuseImpersonated } from '../policy/may-change.ts'
import { hashSecret } from '../session/secret.ts'
import type { SessionAndUser } from '../session/session.ts'
import type { Along } from '../store.ts'
import { isOwnFactor } from '../strategy.ts'
import type { Origin, OwnFactor } from '../strategy.ts'
import type { OneTimeToken } from '../token/one-time-token.ts'
import { confirm } from './confirm.ts'
import { proveCode, withinTries } from './own-code.ts'

/** An offered secret can be set up for ten minutes. */
const OFFER_LIFETIME = 10 * 60_000
/** How often a swap is tried again when the credential changed in between: each time somebody else got further. */
const MOST_SWAPS = 10

/**
 * Offers a secret. Only one that was offered can be set up, so nobody can have a secret of their own choosing kept; offered to a session, only that user can.
 * Callable without a session, as accounts-js's clients do, and so limited by address.
 * @throws AccountsError `TooManyAttempts`, `ServiceNotFound` where no second factor can be set up
 */
export async function twoFactorSecret(core: Core, who: SessionAndUser | null, origin: Origin): Promise<TwoFactorSecret> {
  const factor = ownFactorOf(core)
  await core.limiter.hit('offer', { ip: clientOf(origin) })
  const secret = factor.offer(who ? labelOf(who.user) : undefined)
  await core.store.tokens.issue(offerOf(core, secret, who?.user.id ?? null))
  return secret
}

/** The token that stands for an offered secret. Several may be open at once: one for each tab. */
export function offerOf(core: Pick<Core, 'clock'>, { base32 }: TwoFactorSecret, userId: string | null): OneTimeToken {
  const [hash, now] = [hashSecret(base32), core.clock.now()]
  return {
    hash,
    purpose: 'two-factor-offer',
    userId,
    address: hash,
    data: {},
    tries: 0,
    createdAt: now,
    expiresAt: now + OFFER_LIFETIME,
  }
}

/**
 * Sets up the second factor once a code proves that the offered secret arrived. Ends no session; the user's verified addresses are told. The recovery codes are
 * shown this once. On Latchkey's own face it takes a recent sign-in or the password, like every deed that could lock the owner out (ASVS 7.5.1); the
 * parents' clients have no field for that.
 * @throws AccountsError `TwoFactorAlreadySet`, `TwoFactorRequired`, `TwoFactorInvalid`, `MatchFailed`, `Forbidden`, `TooManyAttempts`, and what confirming throws
 */
export async function twoFactorSet(
  core: Core,
  who: SessionAndUser,
  secret: unknown,
  code: unknown,
  confirmation: Confirmation,
  origin: Origin,
): Promise<{ recoveryCodes: string[] }> {
  refuseImpersonated(who)
  if (core.settings.face === 'latchkey') await confirm(core, who, confirmation, origin)
  return withinTries(core, who, origin, () => enrol(core, who, secret, code, origin))
}

/**
 * The same for the app's own code, which knows the user and no session.
 * @throws AccountsError as {@link twoFactorSet}, and `UserNotFound`
 */
export async function twoFactorSetOf(
  core: Core,
  userId: string,
  secret: unknown,
  code: unknown,
  origin: Origin,
): Promise<{ recoveryCodes: string[] }> {
  const user = await userOf(core, userId)
  return withinTries(core, { user }, origin, () => enrol(core, { user }, secret, code, origin))
}

async function enrol(core: Core, owner: Owner, secret: unknown, code: unknown, origin: Origin): Promise<{ recoveryCodes: string[] }> {
  const { user } = owner
  const factor = ownFactorOf(core)
  const base32 = base32In(secret)
  if (typeof code !== 'string' || code === '') throw new AccountsError('TwoFactorRequired', { details: { field: 'code' } })
  if (await keptOf(core, factor, user.id)) throw new AccountsError('TwoFactorAlreadySet')

  const now = core.clock.now()
  const hash = hashSecret(base32)
  const offer = await core.store.tokens.find(hash, 'two-factor-offer', now)
  // What was offered to one user is nothing to another.
  if (!offer || (offer.userId !== null && offer.userId !== user.id)) throw notOffered()
  const enrolment = factor.enrol(user.id, base32, code)
  if (!enrolment) throw new AccountsError('TwoFactorInvalid', { details: { field: 'code' } })
  // Of two who set up the same secret at once only one does.
  if (!(await core.store.tokens.consume(hash, 'two-factor-offer', now))) throw notOffered()
  const along = told(core, 'two-factor-enabled', owner, origin)
  if (!(await core.store.users.swapCredential({ expected: null, next: enrolment.credential }, along)))
    throw new AccountsError('TwoFactorAlreadySet')
  await core.store.tokens.drop(user.id, ['two-factor-offer'])
  core.outbox.kick()
  return { recoveryCodes: enrolment.recoveryCodes }
}

/**
 * Gives up the second factor and its recovery codes, for a current code or a recovery code. The user's verified addresses are told.
 * @throws AccountsError `TwoFactorNotSet`, `TwoFactorRequired`, `TwoFactorInvalid`, `Forbidden`, `TooManyAttempts`
 */
export async function twoFactorUnset(core: Core, who: SessionAndUser, code: unknown, origin: Origin): Promise<void> {
  refuseImpersonated(who)
  await withinTries(core, who, origin, () => unenrol(core, who, code, origin))
}

/**
 * The same for the app's own code, which knows the user and no session.
 * @throws AccountsError as {@link twoFactorUnset}, and `UserNotFound`
 */
export async function twoFactorUnsetOf(core: Core, userId: string, code: unknown, origin: Origin): Promise<void> {
  const user = await userOf(core, userId)
  await withinTries(core, { user }, origin, () => unenrol(core, { user }, code, origin))
}

/**
 * Spends a code, for the app's own code.
 * @throws AccountsError `TwoFactorNotSet`, `TwoFactorRequired`, `TwoFactorInvalid`, `TooManyAttempts`
 */
export async function twoFactorProve(core: Core, userId: string, code: unknown, origin: Origin): Promise<void> {
  const factor = ownFactorOf(core)
  if (!(await keptOf(core, factor, userId))) throw new AccountsError('TwoFactorNotSet')
  await withinTries(core, { user: { id: userId } }, origin, () => proveCode(core, factor, userId, code, origin))
}

async function unenrol(core: Core, owner: Owner, code: unknown, origin: Origin): Promise<void> {
  const { user } = owner
  const factor = ownFactorOf(core)
  if (!(await keptOf(core, factor, user.id))) throw new AccountsError('TwoFactorNotSet')
  await proveCode(core, factor, user.id, code, origin)
  const along = told(core, 'two-factor-disabled', owner, origin)
  await core.store.users.removeCredential(user.id, factor.kind, '', along)
  core.outbox.kick()
}

/**
 * New recovery codes in the place of the old ones, for a current code.
 * @throws AccountsError as {@link twoFactorUnset}
 */
export async function twoFactorRecoveryCodes(core: Core, who: SessionAndUser, code: unknown, origin: Origin): Promise<string[]> {
  refuseImpersonated(who)
  const { user } = who
  const factor = ownFactorOf(core)
  return withinTries(core, who, origin, async () => {
    if (!(await keptOf(core, factor, user.id))) throw new AccountsError('TwoFactorNotSet')
    await proveCode(core, factor, user.id, code, origin)
    for (let swaps = 0; swaps < MOST_SWAPS; swaps += 1) {
      const kept = await keptOf(core, factor, user.id)
      if (!kept) break
      const { credential, recoveryCodes } = factor.renew(kept)
      const along = told(core, 'recovery-codes-replaced', who, origin)
      if (!(await core.store.users.swapCredential({ expected: kept, next: credential }, along))) continue
      core.outbox.kick()
      return recoveryCodes
    }
    // Given up by another session a moment ago.
    throw new AccountsError('TwoFactorNotSet')
  })
}

/**
 * Takes the second factor from a user who has lost app and recovery codes, on an operator's word: ASVS 6.4.4, who that is was looked at elsewhere. Sessions stay.
 * False: there was none.
 * @throws AccountsError `UserNotFound`
 */
export async function removeTwoFactor(core: Core, userId: string, origin: Origin): Promise<boolean> {
  const factor = ownFactorOf(core)
  const user = await userOf(core, userId)
  const removed = await core.store.users.removeCredential(userId, factor.kind, '', told(core, 'two-factor-disabled', { user }, origin))
  core.outbox.kick()
  return removed
}

/** Whether the user has a second factor, and how many recovery codes are left. */
export async function twoFactorStatus(core: Core, { user }: SessionAndUser): Promise<TwoFactorStatus> {
  const factor = ownFactorOf(core)
  const kept = await keptOf(core, factor, user.id)
  return { enabled: kept !== undefined, recoveryCodesLeft: kept ? factor.codesLeft(kept) : 0 }
}

/** What to write down and whom to tell of a change to a second factor. ASVS 6.3.7: every verified address, for the case that it was not its owner. */
export function told(core: Core, change: TwoFactorChange, { user, session }: Owner, origin: Origin, more: { left?: number } = {}): Along {
  const data = { ...more, change, device: deviceLabel(origin.userAgent), ip: origin.ip }
  const mail: OutboxMail[] = user.emails
    .filter(email => email.verified)
    .map(({ address: to }) => core.outbox.compose('twoFactorChanged', { to, user, data }))
  return {
    audit: [auditEvent(core, change, origin, { userId: user.id, ...(session ? { sessionId: session.id } : {}) })],
    ...(mail.length === 0 ? {} : { mail }),
  }
}

/** What can happen to a second factor. */
export type TwoFactorChange = Extract<
  AuditType,
  'two-factor-enabled' | 'two-factor-disabled' | 'recovery-codes-replaced' | 'recovery-code-used'
>

/** Whose second factor it is, and the session they ask from, if they ask from one. */
interface Owner {
  user: User
  session?: { id: string }
}

/** The factor that users can set up. */
function ownFactorOf(core: Core): OwnFactor {
  const found = [...core.factors.values()].find(isOwnFactor)
  if (!found) throw new AccountsError('ServiceNotFound', { message: 'No second factor can be set up on this server' })
  return found
}

async function userOf(core: Core, userId: string): Promise<User> {
  const user = await core.store.users.find({ kind: 'id', key: userId })
  if (!user) throw new AccountsError('UserNotFound')
  return user
}

async function keptOf(core: Core, { kind }: OwnFactor, userId: string): Promise<Credential | undefined> {
  return (await core.store.users.credentials(userId)).find(credential => credential.kind === kind && credential.id === '')
}

/** accounts-js sends the whole object back; its base32 alone will do. */
function base32In(secret: unknown): string {
  const text = typeof secret === 'object' && secret !== null && 'base32' in secret ? secret.base32 : secret
  const base32 = typeof text === 'string' ? readBase32(text) : null
  if (base32 === null) throw new AccountsError('MatchFailed', { details: { field: 'secret' } })
  return base32
}

const notOffered = (): AccountsError =>
  new AccountsError('TwoFactorInvalid', {
    message: 'This secret was offered too long ago, or not at all. Please begin again',
    details: { field: 'secret' },
  })

/** What the app shows beside the name of the site. */
const labelOf = ({ emails, username, id }: User): string => username ?? emails[0]?.address ?? id
