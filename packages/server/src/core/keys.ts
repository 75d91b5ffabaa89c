import { createHmac, createSecretKey, hkdfSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { AccountsError } from '@latchkey/common'
import type { Settings } from './settings.ts'
import { isPem, jwkIn, pairKey, secretKey } from './token-key.ts'
import type { PublicJwk, RetiredKey, TokenKey } from './token-key.ts'

/** What derived keys are for. One key per use, so that a value made for one can never be passed off as another (RFC 8725, 3.9). */
export type KeyPurpose = 'refresh-token' | 'refresh-successor' | 'identifier' | 'known-device' | 'login-code' | 'seal' | 'decoy'

/** Keys made once from `tokenSecret` and `retiredSecrets`. */
export class Keys {
  /** Signs access tokens. */
  readonly signing: Required<Pick<TokenKey, 'sign'>> & TokenKey
  /** All that verify them, the one that signs first. */
  readonly verifying: readonly TokenKey[]
  readonly #root: Root
  readonly #retiredRoots: readonly Root[]

  /** @throws AccountsError `InvalidSettings` for what is no key, or no good one */
  constructor(settings: Pick<Settings, 'tokenSecret' | 'retiredSecrets'>) {
    const retired = settings.retiredSecrets.map((given, at) => readKey(`retiredSecrets[${at}]`, given))
    const current = readKey('tokenSecret', settings.tokenSecret)
    const { sign, root } = current
    if (!sign || !root) throw unfit('tokenSecret.privateKey is missing: a public key alone cannot sign')
    this.signing = { ...current, sign }
    this.verifying = [this.signing, ...retired]
    this.#root = new Root(root)
    this.#retiredRoots = retired.flatMap(key => (key.root ? [new Root(key.root)] : []))
    refuseTwins(this.verifying)
  }

  /** The public keys, for other services to verify access tokens with. Empty when tokens are signed with a secret. */
  get publicKeys(): PublicJwk[] {
    return this.verifying.flatMap(({ jwk }) => jwk ?? [])
  }

  /** HMAC-SHA-256 under the key of that purpose, base64url. */
  mac(purpose: KeyPurpose, value: string): string {
    return macUnder(this.derived(purpose), value)
  }

  /** The same under the present key, and after it what retired keys would make of it. */
  macs(purpose: KeyPurpose, value: string): string[] {
    return [this.derived(purpose), ...this.retired(purpose)].map(key => macUnder(key, value))
  }

  /** The 256-bit key of that purpose (HKDF, RFC 5869). */
  derived(purpose: KeyPurpose): KeyObject {
    return this.#root.key(purpose)
  }

  /** The same key of retired secrets and private keys: what they sealed can still be opened. */
  retired(purpose: KeyPurpose): KeyObject[] {
    return this.#retiredRoots.map(root => root.key(purpose))
  }
}

/** What all keys but the signing one are derived from. */
class Root {
  readonly #material: Buffer
  readonly #derived = new Map<KeyPurpose, KeyObject>()

  constructor(material: Buffer) {
    this.#material = material
  }

  key(purpose: KeyPurpose): KeyObject {
    const made = this.#derived.get(purpose) ?? createSecretKey(deriveKey(this.#material, purpose))
    this.#derived.set(purpose, made)
    return made
  }
}

const macUnder = (key: KeyObject, value: string): string => createHmac('sha256', key).update(value).digest('base64url')

const deriveKey = (material: Buffer, purpose: KeyPurpose): Buffer =>
  Buffer.from(hkdfSync('sha256', material, 'latchkey', `latchkey/1/${purpose}`, 32))

function readKey(option: string, given: string | RetiredKey): TokenKey {
  if (typeof given === 'object' && given !== null) return pairKey(option, given)
  if (typeof given !== 'string' || given === '') throw unfit(`${option} is missing. Make one: npx latchkey secret`)
  const jwk = jwkIn(given)
  if (!isPem(given) && !jwk) return secretKey(given)
  if (option === 'tokenSecret')
    throw unfit('tokenSecret is the text of a key: write { privateKey, publicKey }, so that it is never taken for a secret')
  return pairKey(option, { publicKey: jwk ?? given })
}

/** A token names its key by `kid`; two keys of one name would make that a guess. */
function refuseTwins(keys: readonly TokenKey[]): void {
  const ids = keys.flatMap(({ keyId }) => keyId ?? [])
  const twin = ids.find((id, at) => ids.indexOf(id) !== at)
  if (twin !== undefined) throw unfit(`Two keys of tokenSecret and retiredSecrets have the keyId ${JSON.stringify(twin)}`)
}

const unfit = (message: string): AccountsError => new AccountsError('InvalidSettings', { message })
