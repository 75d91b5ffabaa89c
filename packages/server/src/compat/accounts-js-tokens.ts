/** Access tokens that accounts-js signed, taken for a while after the switch. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { AccountsError } from '@latchkey/common'
import type { EarlierSession, EarlierToken, EarlierTokens } from '../core/session/earlier-token.ts'
import { isStrongSecret } from '../core/settings.ts'
import { refuseMisfits } from '../core/settings-kinds.ts'
import { isPem, jwkIn, pairKey } from '../core/token-key.ts'
import type { RetiredKey } from '../core/token-key.ts'
import { idOf, timeOf } from './database/shapes.ts'

/** Where accounts-js keeps its sessions: every database adapter of it has this method. Adapters disagree on the answer, so it is `unknown`. */
export interface AccountsJsSessions {
  /** The session with this token, or null. */
  findSessionByToken(token: string): Promise<unknown>
}

/** Whether, and until when, access tokens of the old app are good here. */
export interface AcceptAccountsJsTokens {
  /** What the old app signed with: its `tokenSecret`, or of a key pair the public key, as PEM, or with `algorithm` beside it as `{ publicKey, algorithm }`. */
  tokenSecret: string | RetiredKey
  /** Of a secret, where the old app had another in its `tokenConfigs`. That of a key pair stands with the key. @default 'HS256' */
  algorithm?: 'HS256' | 'HS384' | 'HS512'
  /** From then on they are refused. A date, or a text with one, such as `2030-01-31T12:00:00Z`. */
  until: Date | string
  /** Where the old app keeps its sessions: one of accounts-js's database adapters, which is only read. @default `db`, where that is such an adapter */
  sessions?: AccountsJsSessions
}

/**
 * Reads the option.
 * @param db the server's own database, which may be an adapter that keeps sessions too
 * @throws AccountsError `InvalidSettings`, with what to write instead
 */
export function accountsJsTokens(given: AcceptAccountsJsTokens, db: unknown, production: boolean): EarlierTokens {
  refuseMisfits(`${OPTION}.`, given, {
    tokenSecret: 'checked',
    algorithm: 'checked',
    until: 'checked',
    sessions: 'checked',
  })
  const sessions = given.sessions ?? db
  if (!hasSessions(sessions)) refuse('sessions must have findSessionByToken, as the database adapters of accounts-js do')
  const key = keyOf(given, production)
  return {
    name: 'accounts-js-token',
    // What jsonwebtoken writes, whole: the algorithm is that of our key, and `none` is none.
    header: Buffer.from(JSON.stringify({ alg: key.algorithm, typ: 'JWT' })).toString('base64url'),
    until: readUntil(given.until),
    verify: (text, signature) => key.verify(text, signature),
    read: readToken,
    find: async ({ token }) => readSession(await sessions.findSessionByToken(token)),
  }
}

const OPTION = 'acceptAccountsJsTokens'

interface Key {
  algorithm: string
  verify(text: string, signature: Buffer): boolean
}

function publicKeyIn(text: string): RetiredKey | null {
  const publicKey = isPem(text) ? text : jwkIn(text)
  return publicKey === null ? null : { publicKey }
}

function keyOf(given: AcceptAccountsJsTokens, production: boolean): Key {
  const { tokenSecret, algorithm = 'HS256' } = given
  // A public key is known to everybody, and must never pass for a secret (RFC 8725, 2.1).
  const pair = typeof tokenSecret === 'string' ? publicKeyIn(tokenSecret) : tokenSecret
  if (typeof pair === 'object' && pair !== null) {
    if (given.algorithm !== undefined) refuse('algorithm is that of a secret. Write tokenSecret: { publicKey, algorithm }')
    return pairKey(`${OPTION}.tokenSecret`, pair)
  }
  if (typeof tokenSecret !== 'string' || tokenSecret === '') refuse('tokenSecret is missing: it is that of the old app')
  if (production && !isStrongSecret(tokenSecret))
    refuse(
      'tokenSecret is too weak for production: whoever guesses it could prolong the tokens of others. Let everybody sign in once instead',
    )
  if (!Object.hasOwn(HASHES, algorithm)) refuse(`algorithm must be one of ${Object.keys(HASHES).join(', ')}`)
  return {
    algorithm,
    verify(text, signature) {
      const expected = createHmac(HASHES[algorithm], tokenSecret).update(text).digest()
      return signature.length === expected.length && timingSafeEqual(signature, expected)
    },
  }
}

const HASHES = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' } as const

function readUntil(until: unknown): number {
  const time = until instanceof Date ? until.getTime() : typeof until === 'string' ? Date.parse(until) : Number.NaN
  return Number.isFinite(time) ? time : refuse('until must be a date, or a text with one, such as 2030-01-31T12:00:00Z')
}

const hasSessions = (given: unknown): given is AccountsJsSessions =>
  typeof given === 'object' && given !== null && typeof Reflect.get(given, 'findSessionByToken') === 'function'

/** Genuine, and yet it may be anything that was signed with that secret: refresh tokens were, and whatever else the app made. */
function readToken({ data, iat, exp, nbf }: Readonly<Record<string, unknown>>): EarlierToken | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  const { token, userId, isImpersonated } = data as Record<string, unknown>
  if (typeof token !== 'string' || token === '' || typeof userId !== 'string' || userId === '') return undefined
  // It names the administrator where the user is meant.
  if (isImpersonated) return undefined
  if (!isTime(iat) || !isTime(exp) || (nbf !== undefined && !isTime(nbf))) return undefined
  return { token, userId, issuedAt: iat, expiresAt: exp, ...(nbf === undefined ? {} : { notBefore: nbf }) }
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

/** MongoDB's and TypeORM's adapters keep a flag, Redis's a word. Who is behind an impersonated one, MongoDB's calls `extraData` and TypeORM's `extra`. */
function readSession(found: unknown): EarlierSession | null {
  if (typeof found !== 'object' || found === null) return null
  const { userId, valid, extraData, extra, createdAt, ip, userAgent } = found as Record<string, unknown>
  const owner = idOf(userId)
  if (owner === null) return null
  const begun = timeOf(createdAt)
  return {
    userId: owner,
    isLive: valid === true || valid === 'true',
    isImpersonated: [extraData, extra].some(more => Boolean((more as Record<string, unknown> | null | undefined)?.['impersonatorUserId'])),
    ip: typeof ip === 'string' ? ip : '',
    userAgent: typeof userAgent === 'string' ? userAgent : '',
    ...(begun === undefined ? {} : { createdAt: begun }),
  }
}

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message: `${OPTION}.${message}` })
}
