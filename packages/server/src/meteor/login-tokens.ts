/** Meteor's view of sessions: login tokens of a user, and when they began. */
import { createHash } from 'node:crypto'
import type { Accounts } from '../core/accounts.ts'
import { hashSecret, newSecret } from '../core/session/secret.ts'
import type { SecretHash } from '../core/session/secret.ts'

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

/** Ends the session of a login token, given as it is or as its hash, if it is that user's. */
export async function destroyToken(accounts: Accounts, userId: string, tokenOrHash: string): Promise<void> {
  await accounts.ready()
  const { sessions } = accounts.core.store
  const found = (await sessions.findByResume(hashSecret(tokenOrHash))) ?? (await sessions.findByResume(keptHash(tokenOrHash)))
  if (found?.user.id === userId) await accounts.revoke({ sessionId: found.session.id })
}

// Ours is in base64url; a hash that is none finds nothing.
const keptHash = (hash: string): SecretHash => Buffer.from(hash, 'base64').toString('base64url') as SecretHash

/** Ends the sessions of a user that began before then. */
export async function expireTokens(accounts: Accounts, { before, userId }: Older): Promise<void> {
  const sessions = await accounts.userSessions(userId)
  const old = sessions.filter(({ createdAt }) => new Date(createdAt).getTime() < before)
  await Promise.all(old.map(({ id }) => accounts.revoke({ sessionId: id })))
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
