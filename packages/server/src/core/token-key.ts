/** The keys that sign access tokens: a secret, or a key pair whose public half other services may have. */
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import type { JsonWebKey, SignKeyObjectInput } from 'node:crypto'
import { constants } from 'node:crypto'
import { AccountsError } from '@latchkey/common'
import { refuseUnknown } from './settings-kinds.ts'

/** How a key pair can sign (RFC 7518, RFC 8037). `EdDSA` is Ed25519. */
export type SigningAlgorithm = keyof typeof ALGORITHMS

/** One key, however the app has it: PEM, JWK or `KeyObject`; an encrypted PEM as `{ key, passphrase }`. */
export type KeyMaterial = string | Buffer | KeyObject | JsonWebKey | { key: string | Buffer; passphrase?: string | Buffer }

/** A key pair to sign with. */
export interface TokenKeyPair {
  privateKey: KeyMaterial
  /** Follows from the private key. When given it must belong to it. */
  publicKey?: KeyMaterial
  /** Follows from the key: Ed25519 `EdDSA`, P-256 `ES256` (P-384, P-521 alike), RSA `RS256`. When given it must fit the key. */
  algorithm?: SigningAlgorithm
  /** `kid` in the header of tokens. @default the thumbprint of RFC 7638 */
  keyId?: string
}

/**
 * An earlier key pair, or a coming one that is to be known already. Either half will do: with the private one, what was sealed under it can still be
 * opened. It never signs.
 */
export type RetiredKey = Partial<TokenKeyPair> & ({ publicKey: KeyMaterial } | { privateKey: KeyMaterial })

/** A public key as RFC 7517 writes it. */
export interface PublicJwk {
  readonly kty: string
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly use: 'sig'
  readonly [parameter: string]: unknown
}

/** A key, ready for use. */
export interface TokenKey {
  readonly algorithm: 'HS256' | SigningAlgorithm
  /** Absent for a secret. */
  readonly keyId?: string
  /** Absent for a secret, which nobody may see. */
  readonly jwk?: PublicJwk
  /** What other keys are derived from. Absent when only the public half is known. */
  readonly root?: Buffer
  /** The signature in base64url. Absent for a key that must not sign. */
  readonly sign?: (text: string) => string
  verify(text: string, signature: Buffer): boolean
}

interface Method {
  /** Node's name for the kind of key, and of its curve. */
  readonly type: 'ed25519' | 'ec' | 'rsa'
  readonly curve?: string
  readonly hash: string | null
  readonly padding?: Pick<SignKeyObjectInput, 'padding' | 'saltLength'>
}

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }

// The first that fits a key is the one it gets.
const ALGORITHMS = {
  EdDSA: { type: 'ed25519', hash: null },
  ES256: { type: 'ec', curve: 'prime256v1', hash: 'sha256' },
  ES384: { type: 'ec', curve: 'secp384r1', hash: 'sha384' },
  ES512: { type: 'ec', curve: 'secp521r1', hash: 'sha512' },
  RS256: { type: 'rsa', hash: 'sha256' },
  RS384: { type: 'rsa', hash: 'sha384' },
  RS512: { type: 'rsa', hash: 'sha512' },
  PS256: { type: 'rsa', hash: 'sha256', padding: PSS },
  PS384: { type: 'rsa', hash: 'sha384', padding: PSS },
  PS512: { type: 'rsa', hash: 'sha512', padding: PSS },
} as const satisfies Record<string, Method>

/** RFC 7518, 3.3. */
const SHORTEST_RSA = 2048

/** True for a text that is a key or a certificate. Such a text is never used as a secret: the public half of a pair is known to everybody. */
export const isPem = (text: string): boolean => text.includes('-----BEGIN ')

/** The JWK that a text is, if it is one (RFC 7517): by its `kty`. Such a text is never used as a secret either. */
export function jwkIn(text: string): JsonWebKey | null {
  if (!text.trimStart().startsWith('{')) return null
  try {
    const parsed: unknown = JSON.parse(text)
    // Whether it is a good one, whoever reads it says.
    return typeof parsed === 'object' && parsed !== null && 'kty' in parsed ? (parsed as JsonWebKey) : null
  } catch {
    return null
  }
}

/** A secret. The text itself is the key, so that other services of the app can verify with it. */
export function secretKey(secret: string): TokenKey {
  const key = createSecretKey(Buffer.from(secret))
  const mac = (text: string): Buffer => createHmac('sha256', key).update(text).digest()
  return {
    algorithm: 'HS256',
    root: Buffer.from(secret),
    sign: text => mac(text).toString('base64url'),
    verify(text, signature) {
      const expected = mac(text)
      return signature.length === expected.length && timingSafeEqual(signature, expected)
    },
  }
}

/**
 * A key pair, or one half of it.
 * @param option its name in messages
 * @throws AccountsError `InvalidSettings` for what is no key, halves that do not belong together, an algorithm that does not fit, a weak key
 */
export function pairKey(option: string, given: RetiredKey): TokenKey & Required<Pick<TokenKey, 'jwk' | 'keyId'>> {
  refuseUnknown('', given, PARTS, `${option}.`)
  const privateKey = given.privateKey === undefined ? undefined : readKey(`${option}.privateKey`, given.privateKey, 'private')
  const publicKey = given.publicKey === undefined ? undefined : readKey(`${option}.publicKey`, given.publicKey, 'public')
  const shown = publicKey ?? (privateKey && createPublicKey(privateKey))
  if (!shown) refuse(`${option} needs a privateKey or a publicKey`)
  if (privateKey && !createPublicKey(privateKey).equals(shown)) refuse(`${option}.publicKey does not belong to ${option}.privateKey`)
  const algorithm = algorithmOf(option, shown, given.algorithm)
  const bare = shown.export({ format: 'jwk' })
  const keyId = readKeyId(option, given.keyId) ?? thumbprint(bare)
  const { hash, padding }: Method = ALGORITHMS[algorithm]
  // RFC 7518, 3.4: the two numbers of an ECDSA signature stand side by side.
  const manner = { dsaEncoding: 'ieee-p1363', ...padding } as const
  return {
    algorithm,
    keyId,
    // Every key of the kinds above has its `kty`.
    jwk: { ...bare, kty: bare.kty as string, kid: keyId, alg: algorithm, use: 'sig' },
    verify: (text, signature) => verify(hash, Buffer.from(text), { key: shown, ...manner }, signature),
    ...(privateKey && {
      // The private number itself, not its file: the same key gives the same root in whatever format it comes.
      root: Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url'),
      sign: (text: string) => sign(hash, Buffer.from(text), { key: privateKey, ...manner }).toString('base64url'),
    }),
  }
}

/**
 * The public key that the server will show of a pair, which also tells whether the pair can sign: before it is put to use.
 * @param called what messages call it
 * @throws AccountsError `InvalidSettings` for what is no key, or no good one
 * @example
 * import { generateKeyPairSync } from 'node:crypto'
 * import { publicJwk } from '@latchkey/server'
 * const { privateKey } = generateKeyPairSync('ed25519')
 * console.log(publicJwk({ privateKey }).alg) // EdDSA
 */
export const publicJwk = (given: RetiredKey, called: string = 'the key'): PublicJwk => pairKey(called, given).jwk

const PARTS = ['privateKey', 'publicKey', 'algorithm', 'keyId']

function readKey(option: string, given: KeyMaterial, half: 'private' | 'public'): KeyObject {
  const read = half === 'private' ? createPrivateKey : createPublicKey
  try {
    if (given instanceof KeyObject) return given.type === half ? given : read(given.type === 'private' ? pkcs8(given) : '')
    if (typeof given === 'object' && 'kty' in given) return read({ key: given, format: 'jwk' })
    // Node takes the other forms as they are, and throws at what is none of them.
    return read(given as string)
  } catch {
    // Not the cause: what OpenSSL says of somebody's key is nothing for a log.
    const encrypted = half === 'private' ? ', with { key, passphrase } when it is encrypted' : ''
    return refuse(`${option} cannot be read: it must be a ${half} key as PEM, JWK or KeyObject${encrypted}`)
  }
}

const pkcs8 = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

function algorithmOf(option: string, key: KeyObject, wanted: string | undefined): SigningAlgorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  const fitting = (Object.keys(ALGORITHMS) as SigningAlgorithm[]).filter(name => {
    const method: Method = ALGORITHMS[name]
    return method.type === type && (method.curve === undefined || method.curve === details?.namedCurve)
  })
  const [first] = fitting
  if (!first)
    refuse(`${option} is a key of type ${details?.namedCurve ?? type}, which cannot sign tokens. Use Ed25519, P-256, P-384, P-521 or RSA`)
  if (type === 'rsa' && (details?.modulusLength ?? 0) < SHORTEST_RSA)
    refuse(`${option} is too weak: an RSA key needs ${SHORTEST_RSA} bits or more`)
  if (wanted === undefined) return first
  const found = fitting.find(name => name === wanted)
  return found ?? refuse(`${option}.algorithm does not fit the key. Remove it, or write one of ${fitting.join(', ')}`)
}

function readKeyId(option: string, keyId: unknown): string | undefined {
  if (keyId === undefined) return undefined
  return typeof keyId === 'string' && keyId !== '' && keyId.length <= 128
    ? keyId
    : refuse(`${option}.keyId must be a text of 1 to 128 characters`)
}

/** RFC 7638: the members that make the key, in order of their names. */
function thumbprint({ kty, crv, x, y, e, n }: JsonWebKey): string {
  const members = kty === 'RSA' ? { e, kty, n } : kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x }
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url')
}

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}
