import { createHash } from 'node:crypto'
import type { Chance } from '../ports.ts'

/** A value that proves something to whoever presents it: sent to one device or address, never stored. */
export type Secret = string & { readonly is: 'sent once, never stored' }

/** What we keep of a secret: useless to a thief of the database. Base64url SHA-256, 43 characters. */
export type SecretHash = string & { readonly is: 'stored, proves nothing' }

/** 256 random bits in 43 characters of base64url, the form Meteor's login tokens have too. */
export function newSecret(chance: Chance): Secret {
  return Buffer.from(chance.bytes(32)).toString('base64url') as Secret
}

/**
 * SHA-256 of a presented value. A fast hash is right here: 256 random bits cannot be guessed, and the lookup by the hash leaks
 * no timing of the secret itself.
 */
export function hashSecret(presented: string): SecretHash {
  return createHash('sha256').update(presented).digest('base64url') as SecretHash
}

/** 128 random bits in 22 characters of base64url: ids of users and sessions. Never with a dash in front, which a command line would take for an option. */
export function newId(chance: Chance): string {
  const id = Buffer.from(chance.bytes(16)).toString('base64url')
  return id.startsWith('-') ? newId(chance) : id
}
