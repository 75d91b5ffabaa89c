import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { EJSON } from '@latchkey/common/ddp'
import type { Chance } from '../../core/ports.ts'

/** A value as Meteor's apps keep it sealed: AES-128-GCM, every part in base64. */
export interface OAuthSealed {
  iv: string
  ciphertext: string
  algorithm: 'aes-128-gcm'
  authTag: string
}

const ALGORITHM = 'aes-128-gcm'
const KEY_BYTES = 16
const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * Meteor's package `oauth-encryption`: seals what providers hand out, in the form that Meteor's apps keep it in. What is sealed for a user opens for that user
 * alone. Errors are plain ones, with Meteor's texts.
 *
 * Accounts that Latchkey keeps are sealed under its own keys, whether or not a key is loaded here. This is for values the app keeps itself, and for what it took
 * over from Meteor.
 */
export class OAuthEncryption {
  readonly #chance: Chance
  #key: KeyObject | null = null

  constructor(chance: Chance) {
    this.#chance = chance
  }

  /**
   * Loads the key, 16 bytes in base64. Null unloads it.
   * @throws Error for what is no such key; a key that was loaded before stays
   */
  loadKey(key: string | null): void {
    if (key === null) {
      this.#key = null
      return
    }
    if (!isBase64(key)) throw new Error('The OAuth encryption key must be encoded in base64')
    const bytes = Buffer.from(key, 'base64')
    if (bytes.length !== KEY_BYTES) throw new Error('The OAuth encryption AES-128-GCM key must be 16 bytes in length')
    this.#key = createSecretKey(bytes)
  }

  keyIsLoaded(): boolean {
    return this.#key !== null
  }

  /**
   * Seals a value (anything EJSON carries), for one user when an id is given.
   * @throws Error when no key is loaded
   */
  seal(data: unknown, userId?: string): OAuthSealed {
    const plaintext = EJSON.stringify({ data, ...(userId === undefined ? {} : { userId }) })
    const iv = this.#chance.bytes(IV_BYTES)
    const cipher = createCipheriv(ALGORITHM, this.#loaded(), iv, { authTagLength: TAG_BYTES })
    const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
    return {
      iv: Buffer.from(iv).toString('base64'),
      ciphertext: ciphertext.toString('base64'),
      algorithm: ALGORITHM,
      authTag: cipher.getAuthTag().toString('base64'),
    }
  }

  /**
   * The value again.
   * @throws Error `decryption failed` for another key, another user, and whatever was changed; and when no key is loaded
   */
  open(sealed: OAuthSealed, userId?: string): unknown {
    const key = this.#loaded()
    const opened = this.isSealed(sealed) ? openUnder(key, sealed) : undefined
    if (opened === undefined || opened.userId !== userId) throw new Error('decryption failed')
    return opened.data
  }

  /** True for a value of the sealed form, whatever key it was sealed under. */
  isSealed(value: unknown): value is OAuthSealed {
    if (typeof value !== 'object' || value === null) return false
    const { iv, ciphertext, algorithm, authTag }: { [Part in keyof OAuthSealed]?: unknown } = value
    return typeof algorithm === 'string' && algorithm !== '' && [iv, ciphertext, authTag].every(part => isBase64(part) && part !== '')
  }

  /** Seals when a key is loaded, else hands back what was given. Meteor's `OAuth.sealSecret`. */
  sealSecret(value: unknown): unknown {
    return this.keyIsLoaded() ? this.seal(value) : value
  }

  /** Opens what is sealed, and hands back everything else as it is. Meteor's `OAuth.openSecret`. */
  openSecret(value: unknown, userId?: string): unknown {
    return this.isSealed(value) ? this.open(value, userId) : value
  }

  /** The same for each field of an object. Meteor's `OAuth.openSecrets`. */
  openSecrets(fields: Readonly<Record<string, unknown>>, userId?: string): Record<string, unknown> {
    return Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, this.openSecret(value, userId)]))
  }

  /** The same fields, where those that were sealed for nobody yet are sealed for this user. What is somebody's already, or of another key, stays as it is. */
  pin(fields: Readonly<Record<string, unknown>>, userId: string): Record<string, unknown> {
    return Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, this.#pinned(value, userId)]))
  }

  #pinned(value: unknown, userId: string): unknown {
    const opened = this.#key && this.isSealed(value) ? openUnder(this.#key, value) : undefined
    return opened && opened.userId === undefined ? this.seal(opened.data, userId) : value
  }

  #loaded(): KeyObject {
    if (!this.#key) throw new Error('No OAuth encryption key loaded')
    return this.#key
  }
}

function openUnder(key: KeyObject, { iv, ciphertext, algorithm, authTag }: OAuthSealed): { data: unknown; userId?: unknown } | undefined {
  if (algorithm !== ALGORITHM) return undefined
  try {
    // Told how long a tag is, because a shorter one would be taken as it is, and is easier to forge (NIST SP 800-38D, 5.2.1.2).
    const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(iv, 'base64'), { authTagLength: TAG_BYTES })
    decipher.setAuthTag(Buffer.from(authTag, 'base64'))
    const plaintext = Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64')), decipher.final()])
    const opened = EJSON.parse(plaintext.toString('utf8'))
    // Sealed by this key, so it has the form of `seal`.
    return typeof opened === 'object' && opened !== null ? (opened as { data: unknown; userId?: unknown }) : undefined
  } catch {
    return undefined
  }
}

const isBase64 = (value: unknown): value is string =>
  typeof value === 'string' && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)
