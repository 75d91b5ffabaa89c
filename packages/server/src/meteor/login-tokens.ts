/** Meteor's view of sessions: login tokens of a user, and when they began. */
import { createHash } from 'node:crypto'
import { AccountsError } from '@latchkey/common'
import type { Accounts } from '../core/accounts.ts'
import type { User } from '../core/identity/user.ts'
import { hashSecret, newSecret } from '../core/session/secret.ts'
import type { SecretHash } from '../core/session/secret.ts'
import { isLive } from '../core/session/session.ts'

/** A login token, and when it began. */
export interface StampedLoginToken {
  token: string
  when: Date
}

/** What Meteor keeps of a {@link StampedLoginToken}. */
export interface HashedStampedLoginToken {
  /** SHA-256 in base64. */
  hashedToken: string
  when: Date
}

/** SHA-256 in base64, as Meteor keeps it. */
export const hashLoginToken = (token: string): string => createHash('sha256').update(token).digest('base64')

export const hashStampedToken = ({ token, ...others }: StampedLoginToken): HashedStampedLoginToken => ({
  ...others,
  hashedToken: hashLoginToken(token),
})

/** A token as good as any, which opens nothing: sessions are opened by signing in. */
export const newStampedToken = ({ chance, clock }: Accounts['core']): StampedLoginToken => ({
  token: newSecret(chance),
  when: new Date(clock.now()),
})

/** A token as short as this can be guessed. */
const LEAST_CHARACTERS = 32

/**
 * Opens a session for a login token that the app made, and hands to its owner by itself. It began when the token says, and not later than now.
 * @throws AccountsError `InvalidInput` for a token that is too short or no hash at all, `UserNotFound`, `UserDeactivated`
 */
export async function insertLoginToken(
  accounts: Accounts,
  userId: string,
  stamped: StampedLoginToken | HashedStampedLoginToken,
): Promise<void> {
  const now = accounts.core.clock.now()
  const began = new Date(stamped.when).getTime()
  await accounts.loginStamped(userId, { resumeHash: hashIn(stamped), createdAt: Number.isNaN(began) ? now : Math.min(began, now) })
}

function hashIn(stamped: StampedLoginToken | HashedStampedLoginToken): SecretHash {
  if ('hashedToken' in stamped) {
    if (Buffer.from(stamped.hashedToken, 'base64').length !== SHA256_BYTES) throw unfit('hashedToken must be a SHA-256 in base64')
    return keptHash(stamped.hashedToken)
  }
  if (stamped.token.length < LEAST_CHARACTERS)
    throw unfit('A login token must have 32 characters or more. Accounts._generateStampedLoginToken makes one')
  return hashSecret(stamped.token)
}

const SHA256_BYTES = 32

const unfit = (message: string): AccountsError => new AccountsError('InvalidInput', { message })

/** Ends the session of a login token, given as it is or as its hash, if it is that user's. */
export async function destroyToken(accounts: Accounts, userId: string, tokenOrHash: string): Promise<void> {
  await accounts.ready()
  const { sessions } = accounts.core.store
  const found = (await sessions.findByResume(hashSecret(tokenOrHash))) ?? (await sessions.findByResume(keptHash(tokenOrHash)))
  if (found?.user.id === userId) await accounts.revoke({ sessionId: found.session.id })
}

/** Who is signed in by the login token of this hash; null when nobody is, any more. */
export async function holderOf(accounts: Accounts, hashedToken: string): Promise<User | null> {
  await accounts.ready()
  const { store, clock } = accounts.core
  const found = await store.sessions.findByResume(keptHash(hashedToken))
  return found && isLive(found, clock.now()) ? found.user : null
}

// Ours is in base64url; a hash that is none finds nothing.
const keptHash = (hash: string): SecretHash => Buffer.from(hash, 'base64').toString('base64url') as SecretHash

/** Ends the sessions of a user that began before then. */
export async function expireTokens(accounts: Accounts, { before, userId }: Older): Promise<void> {
  const sessions = await accounts.userSessions(userId)
  const old = sessions.filter(({ createdAt }) => new Date(createdAt).getTime() < before)
  await Promise.all(old.map(({ id }) => accounts.revoke({ sessionId: id })))
}

/** Deletes a user's links of this purpose that were sent before then. */
export async function expireLinks(
  accounts: Accounts,
  purpose: 'reset-password' | 'enroll-account',
  { before, userId }: Older,
): Promise<void> {
  await accounts.ready()
  await accounts.core.store.tokens.drop(userId, [purpose], before)
}

/** Whose tokens, and how old. */
export interface Older {
  /** Epoch milliseconds. */
  before: number
  userId: string
}

/**
 * Reads what Meteor's functions of that family take: a moment and a user, or neither.
 * @throws Error for one without the other
 */
export function readOlder(oldestValidDate: Date | number | undefined, userId: string | undefined): Older | null {
  if ((oldestValidDate === undefined) !== (userId === undefined)) throw new Error('Bad test. Must specify both oldestValidDate and userId.')
  return oldestValidDate === undefined || userId === undefined ? null : { before: Number(oldestValidDate), userId }
}
