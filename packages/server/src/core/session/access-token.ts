import { createHmac, timingSafeEqual } from 'node:crypto'
import { AccountsError } from '@latchkey/common'
import type { Tokens } from '@latchkey/common'
import type { User } from '../identity/user.ts'
import type { Keys } from '../keys.ts'
import type { Chance, Clock, Log } from '../ports.ts'
import type { Settings } from '../settings.ts'
import type { Secret } from './secret.ts'
import { deadline } from './session.ts'
import type { Session } from './session.ts'

/** What accounts-js's clients and apps read in an access token. */
export interface AccessTokenData {
  /** The session's handle. */
  token: string
  userId: string
  isImpersonated: boolean
}

/** Claims of an access token that was verified. */
export interface AccessClaims {
  data: AccessTokenData
  sid: string
  exp: number
}

/** What a refresh token says; `genuine` when one of our keys signed it. */
export interface RefreshClaims {
  sid: string
  secret: Secret
  genuine: boolean
}

/** Claims that `createJwtPayload` may not set. */
const RESERVED = new Set(['data', 'iss', 'sub', 'sid', 'aud', 'iat', 'exp', 'nbf', 'jti'])

// The whole header is pinned, byte for byte: no `alg`, `kid`, `jwk` or `jku` of a stranger is ever parsed (RFC 8725, 3.1), and the two
// kinds of token cannot be taken for one another (RFC 8725, 3.11; ASVS 9.2.2).
const ACCESS_HEADER = encode({ alg: 'HS256', typ: 'at+jwt' })
const REFRESH_HEADER = encode({ alg: 'HS256', typ: 'rt+jwt' })

/** Far longer than any token of ours; keeps hostile input cheap. */
const LONGEST = 16_384

/** Makes and reads the two tokens of bearer mode. Synchronous `node:crypto` on purpose: WebCrypto queues behind password hashing. */
export class AccessTokens {
  readonly #keys: Keys
  readonly #settings: Settings
  readonly #clock: Clock
  readonly #chance: Chance
  readonly #log: Log

  constructor(parts: { keys: Keys; settings: Settings; clock: Clock; chance: Chance; log: Log }) {
    this.#keys = parts.keys
    this.#settings = parts.settings
    this.#clock = parts.clock
    this.#chance = parts.chance
    this.#log = parts.log
  }

  /** Signs the pair for a session. Asks `createJwtPayload` with the user as stored. */
  async pair(session: Session, user: User, refreshSecret: Secret): Promise<Tokens> {
    return { accessToken: await this.access(session, user), refreshToken: this.#refresh(session, refreshSecret) }
  }

  async access(session: Session, user: User): Promise<string> {
    const now = this.#clock.now()
    const { issuer, audience, accessTokenLifetime } = this.#settings
    const data: AccessTokenData = { token: session.handle, userId: session.userId, isImpersonated: session.impersonatorId !== undefined }
    return this.#sign(ACCESS_HEADER, {
      ...(await this.#extraClaims(data, user)),
      data,
      ...(issuer === undefined ? {} : { iss: issuer }),
      sub: session.userId,
      sid: session.id,
      ...(audience === undefined ? {} : { aud: audience }),
      iat: Math.floor(now / 1000),
      exp: Math.floor(Math.min(now + accessTokenLifetime, session.expiresAt) / 1000),
      jti: Buffer.from(this.#chance.bytes(12)).toString('base64url'),
    })
  }

  /**
   * The claims of a genuine access token.
   * @throws AccountsError `InvalidToken` when it is not a string, `TokenVerificationFailed` when it is not ours, of another kind, issuer or
   * audience, or expired
   */
  verify(token: unknown, { expired = 'refuse' }: { expired?: 'refuse' | 'accept' } = {}): AccessClaims {
    if (typeof token !== 'string' || token === '') throw new AccountsError('InvalidToken', { message: 'An accessToken is required' })
    const payload = this.#open(ACCESS_HEADER, token)
    if (!payload) throw notOurs('forged, or of another kind')
    // A payload that we signed under this header has this shape.
    const claims = payload as unknown as AccessClaims & { iss?: string; aud?: string }
    const { issuer, audience } = this.#settings
    if (claims.iss !== issuer || claims.aud !== audience) throw notOurs('another issuer or audience')
    if (expired === 'refuse' && this.#clock.now() >= claims.exp * 1000) throw notOurs('expired')
    return claims
  }

  /** Reads a refresh token. Not genuine: the caller must rely on the secret alone. Undefined: not a refresh token at all. */
  readRefresh(token: string): RefreshClaims | undefined {
    const signed = this.#open(REFRESH_HEADER, token)
    const payload = signed ?? parsePayload(token)
    if (typeof payload?.sid !== 'string' || typeof payload.rt !== 'string') return undefined
    if (signed && this.#clock.now() >= Number(signed.exp) * 1000) return undefined
    return { sid: payload.sid, secret: payload.rt as Secret, genuine: signed !== undefined }
  }

  /** The session an access token names, expired or not; not verified further. Undefined when it is no access token of ours or a retired key's. */
  sessionNamedBy(token: string): string | undefined {
    const payload = this.#open(ACCESS_HEADER, token) ?? (token.startsWith(`${ACCESS_HEADER}.`) ? parsePayload(token) : undefined)
    return typeof payload?.sid === 'string' ? payload.sid : undefined
  }

  #refresh(session: Session, secret: Secret): string {
    const exp = Math.floor(deadline(session) / 1000)
    return this.#sign(REFRESH_HEADER, { sid: session.id, rt: secret, iat: Math.floor(this.#clock.now() / 1000), exp })
  }

  async #extraClaims(data: AccessTokenData, user: User): Promise<Record<string, unknown>> {
    const { createJwtPayload } = this.#settings
    if (!createJwtPayload) return {}
    const extra = { ...(await createJwtPayload(data, user)) }
    for (const name of Object.keys(extra).filter(key => RESERVED.has(key))) {
      this.#log.error({ claim: name }, 'createJwtPayload returned a reserved claim; it was dropped')
      delete extra[name]
    }
    return extra
  }

  #sign(header: string, payload: object): string {
    const body = `${header}.${encode(payload)}`
    return `${body}.${createHmac('sha256', this.#keys.signing[0]).update(body).digest('base64url')}`
  }

  #open(header: string, token: string): Record<string, unknown> | undefined {
    if (token.length > LONGEST || !token.startsWith(header) || token[header.length] !== '.') return undefined
    const end = token.lastIndexOf('.')
    if (end <= header.length) return undefined
    const signature = Buffer.from(token.slice(end + 1), 'base64url')
    const body = token.slice(0, end)
    const genuine = this.#keys.signing.some(key => {
      const expected = createHmac('sha256', key).update(body).digest()
      return signature.length === expected.length && timingSafeEqual(signature, expected)
    })
    return genuine ? parsePayload(token) : undefined
  }
}

function parsePayload(token: string): Record<string, unknown> | undefined {
  if (token.length > LONGEST) return undefined
  const [, payload, signature, rest] = token.split('.', 4)
  if (!payload || signature === undefined || rest !== undefined) return undefined
  try {
    const parsed: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

const notOurs = (detail: string): AccountsError => new AccountsError('TokenVerificationFailed', { detail })
