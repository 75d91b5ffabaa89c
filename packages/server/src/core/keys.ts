import { createHmac, createSecretKey, hkdfSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Settings } from './settings.ts'

/** What derived keys are for. One key per use, so that a value made for one can never be passed off as another (RFC 8725, 3.9). */
export type KeyPurpose = 'refresh-successor' | 'identifier' | 'known-device' | 'seal' | 'decoy'

/** Keys made once from `tokenSecret`. */
export class Keys {
  /** Newest first; the first signs, all verify. The raw secret, so that other services of the app can verify access tokens with it. */
  readonly signing: readonly [KeyObject, ...KeyObject[]]
  readonly #secret: string
  readonly #derived = new Map<KeyPurpose, KeyObject>()

  constructor(settings: Pick<Settings, 'tokenSecret' | 'retiredSecrets'>) {
    this.#secret = settings.tokenSecret
    this.signing = [toKey(settings.tokenSecret), ...settings.retiredSecrets.map(toKey)]
  }

  /** HMAC-SHA-256 under the key of that purpose, base64url. */
  mac(purpose: KeyPurpose, value: string): string {
    return createHmac('sha256', this.derived(purpose)).update(value).digest('base64url')
  }

  /** The 256-bit key of that purpose (HKDF, RFC 5869). */
  derived(purpose: KeyPurpose): KeyObject {
    const made = this.#derived.get(purpose) ?? createSecretKey(deriveKey(this.#secret, purpose))
    this.#derived.set(purpose, made)
    return made
  }

  /** The same key of retired secrets: what they sealed can still be opened. */
  retired(purpose: KeyPurpose, retiredSecrets: readonly string[]): KeyObject[] {
    return retiredSecrets.map(secret => createSecretKey(deriveKey(secret, purpose)))
  }
}

const toKey = (secret: string): KeyObject => createSecretKey(Buffer.from(secret))

const deriveKey = (secret: string, purpose: KeyPurpose): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, 'latchkey', `latchkey/1/${purpose}`, 32))
