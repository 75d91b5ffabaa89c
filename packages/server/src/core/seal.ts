/** Secrets that must be read again are kept sealed: AES-256-GCM under a ring of keys, each value bound to its user and field. */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Keys } from './keys.ts'
import type { Chance } from './ports.ts'

/** A sealed value as it is kept: `1.<key id>.<iv>.<ciphertext and tag>`, base64url. Useless without the key, and in any other place. */
export type Sealed = string & { readonly is: 'sealed, opens only for its user and field' }

/** What a sealed value belongs to. Copied to another user or field it does not open. */
export interface SealedPlace {
  userId: string | null
  field: string
}

/** The keys that open; the first also seals. */
export interface KeyRing {
  readonly current: RingKey
  readonly byId: ReadonlyMap<string, RingKey>
}

interface RingKey {
  readonly id: string
  readonly key: KeyObject
}

const VERSION = '1'
const IV_BYTES = 12
const TAG_BYTES = 16

/** The ring of a server: its present secret seals, retired ones still open. */
export function keyRing(keys: Keys): KeyRing {
  const current = ringKey(keys.derived('seal'))
  const all = [current, ...keys.retired('seal').map(ringKey)]
  return { current, byId: new Map(all.map(each => [each.id, each])) }
}

/** Seals a text for one place. */
export function seal(ring: KeyRing, chance: Chance, plain: string, place: SealedPlace): Sealed {
  const { id, key } = ring.current
  // NIST SP 800-38D, 8.3: a random iv is good for 2^32 values under one key.
  const iv = chance.bytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES }).setAAD(binding(id, place))
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return [VERSION, id, Buffer.from(iv).toString('base64url'), body.toString('base64url')].join('.') as Sealed
}

/** The text again, or null: sealed by a key that is not on the ring, for another place, or tampered with. Bad input is never an error. */
export function open(ring: KeyRing, sealed: string, place: SealedPlace): string | null {
  const [version, id = '', iv = '', body = '', ...rest] = sealed.split('.')
  const found = ring.byId.get(id)
  const bytes = Buffer.from(body, 'base64url')
  const nonce = Buffer.from(iv, 'base64url')
  if (version !== VERSION || !found || rest.length > 0 || nonce.length !== IV_BYTES || bytes.length < TAG_BYTES) return null
  const decipher = createDecipheriv('aes-256-gcm', found.key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(binding(id, place)).setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

/** The id of the key a value was sealed with, for a log that must say which key is missing; empty when the value is no sealed value. */
export const sealedBy = (sealed: string): string => (sealed.startsWith(`${VERSION}.`) ? (sealed.split('.')[1] ?? '') : '')

// The id follows from the key, so it needs no bookkeeping, and says nothing about it.
const ringKey = (key: KeyObject): RingKey => ({ id: createHmac('sha256', key).update('key id').digest('base64url').slice(0, 8), key })

// JSON keeps the parts apart whatever they contain.
const binding = (keyId: string, { userId, field }: SealedPlace): Buffer => Buffer.from(JSON.stringify([VERSION, keyId, userId, field]))
