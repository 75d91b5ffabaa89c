/** What accounts-js keeps to prove a user by, as credentials of ours. */
import { createHash } from 'node:crypto'
import type { Credential, PasswordForm } from '@latchkey/server'

/** Makes credentials of what must stay secret. */
export interface Sealer {
  /** Null when the secret is no secret of a second factor. */
  twoFactor(userId: string, base32: string): Credential | null
  /** An account at a provider. */
  link(userId: string, provider: string, subject: string, options: Record<string, unknown>, now: number): Credential
  /** Anything else that a service kept. */
  service(userId: string, name: string, options: Record<string, unknown>, now: number): Credential
}

// Forms that `bcrypt` and `argon2` libraries for Node write.
const BCRYPT = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/
const ARGON2ID = /^\$argon2id\$v=19\$m=\d{1,10},t=\d{1,10},p=\d{1,3}\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/

export const HASH_KINDS = ['bcrypt', 'bcrypt-sha256', 'custom'] as const
/**
 * What the old hashes are: of passwords; of their SHA-256 in hex, where clients digested them first (`hashPassword` of the client); or whatever the app's own
 * `hashPassword` made, for its own `verifyPassword` to read.
 */
export type HashKind = (typeof HASH_KINDS)[number]

/** A password hash as it came, or null when its form is unknown. */
export function toPassword(userId: string, hash: unknown, kind: HashKind, now: number): Credential | null {
  if (typeof hash !== 'string' || hash === '') return null
  const form = formOf(hash, kind)
  if (form === null) return null
  return { userId, kind: 'password', id: '', form, secret: hash, data: { imported: markOf(hash) }, createdAt: now, updatedAt: now }
}

function formOf(hash: string, kind: HashKind): PasswordForm | null {
  // `AccountsPassword` hands what is kept under this form to the app's own function, if it has one.
  if (kind === 'custom') return 'bcrypt'
  if (BCRYPT.test(hash)) return kind
  return ARGON2ID.test(hash) ? (kind === 'bcrypt' ? 'argon2id' : 'argon2id-sha256') : null
}

/**
 * Is this the password that was imported? Signing in replaces the hash by one of our own, but leaves the mark of the one it replaces; choosing another
 * password does not.
 */
export const isSamePassword = (imported: Credential, kept: Credential): boolean =>
  imported.secret === kept.secret || kept.data['imported'] === imported.data['imported']

/** Tells one hash from another without keeping it. */
const markOf = (hash: string): string => createHash('sha256').update(hash).digest('base64url').slice(0, 22)

/** The base32 secret of accounts-js's `{ secret: { ascii, hex, base32, otpauth_url } }`, which TypeORM's adapter may have kept as text. */
export function readTwoFactor(options: Record<string, unknown>): string | null {
  const secret: unknown = options['secret']
  if (typeof secret === 'string') return secret
  if (typeof secret !== 'object' || secret === null || !('base32' in secret)) return null
  return typeof secret.base32 === 'string' ? secret.base32 : null
}
