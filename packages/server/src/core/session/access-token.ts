import { createHmac, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { AccountsError } from '@latchkey/common'
import type { Tokens } from '@latchkey/common'
import type { User } from '../identity/user.ts'
import type { Keys } from '../keys.ts'
import type { Chance, Clock, Log } from '../ports.ts'
import type { Settings } from '../settings.ts'
import type { TokenKey } from '../token-key.ts'
import { earlierSessionId } from './earlier-token.ts'
import type { EarlierToken, EarlierTokens } from './earlier-token.ts'
import { Memo } from './memo.ts'
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
  /** A token of the system that was here before. Its session may not have been opened here yet. */
  earlier?: EarlierToken
}

/** What a refresh token says; `genuine` when one of our keys signed it. */
export interface RefreshClaims {
  sid: string
  secret: Secret
  genuine: boolean
}

/** Claims that `createJwtPayload` may not set. */
const RESERVED = new Set(['data', 'iss', 'sub', 'sid', 'aud', 'iat', 'exp', 'nbf', 'jti'])

// Whole headers are pinned, byte for byte: no `alg`, `kid`, `jwk` or `jku` of a stranger is ever parsed (RFC 8725, 3.1), a key is tried on its own
// header alone, and the two kinds of token cannot be taken for one another (RFC 8725, 3.11; ASVS 9.2.2).
const accessHeader = ({ algorithm, keyId }: TokenKey): string =>
  encode({ alg: algorithm, typ: 'at+jwt', ...(keyId === undefined ? {} : { kid: keyId }) })
/** Read by nobody but us, and so signed with a key that nobody else has: also where access tokens are signed with a key pair. */
const REFRESH_HEADER = encode({ alg: 'HS256', typ: 'rt+jwt' })

/** Far longer than any token of ours; keeps hostile input cheap. */
const LONGEST = 16_384

/**
 * Verified tokens that are remembered: verifying costs 25 to 100 microseconds with a key pair and 5 with a secret, remembering half a one. Tokens of the
 * usual size then take some twenty megabytes at most.
 */
const REMEMBERED = 10_000
/** An app that puts a lot into its tokens pays with time rather than with memory. */
const LONGEST_REMEMBERED = 4096

/** Makes and reads the two tokens of bearer mode. Synchronous `node:crypto` on purpose: WebCrypto queues behind password hashing. */
export class AccessTokens {
  readonly #header: string
  /** By the header, which of our keys may have signed. Several secrets share theirs. */
  readonly #verifying = new Map<string, TokenKey[]>()
  readonly #refreshKeys: readonly KeyObject[]
  /** What was verified once. Genuine it stays; whether it has expired is asked each time. */
  readonly #verified = new Memo<AccessClaims>(REMEMBERED)
  readonly #keys: Keys
  readonly #settings: Settings
  readonly #clock: Clock
  readonly #chance: Chance
  readonly #log: Log
  readonly #earlier: EarlierTokens | undefined
  #toldOfLongLives = false

  constructor(parts: {
    keys: Keys
    settings: Settings
    clock: Clock
    chance: Chance
    log: Log
    earlierTokens?: EarlierTokens | undefined
  }) {
    this.#keys = parts.keys
    this.#settings = parts.settings
    this.#clock = parts.clock
    this.#chance = parts.chance
    this.#log = parts.log
    this.#earlier = parts.earlierTokens
    this.#header = accessHeader(this.#keys.signing)
    for (const key of this.#keys.verifying) {
      const header = accessHeader(key)
      this.#verifying.set(header, [...(this.#verifying.get(header) ?? []), key])
    }
    this.#refreshKeys = [this.#keys.derived('refresh-token'), ...this.#keys.retired('refresh-token')]
  }

  /** Signs the pair for a session. Asks `createJwtPayload` with the user as stored. */
  async pair(session: Session, user: User, refreshSecret: Secret): Promise<Tokens> {
    return { accessToken: await this.access(session, user), refreshToken: this.#refresh(session, refreshSecret) }
  }

  async access(session: Session, user: User): Promise<string> {
    const now = this.#clock.now()
    const { issuer, audience, accessTokenLifetime } = this.#settings
    const data: AccessTokenData = { token: session.handle, userId: session.userId, isImpersonated: session.impersonatorId !== undefined }
    const { sign } = this.#keys.signing
    return signed(this.#header, sign, {
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
    const claims = this.#verified.get(token) ?? this.#verify(token)
    if (expired === 'refuse' && this.#clock.now() >= claims.exp * 1000) throw notOurs('expired')
    return claims
  }

  /** Reads a refresh token. Not genuine: the caller must rely on the secret alone. Undefined: not a refresh token at all. */
  readRefresh(token: string): RefreshClaims | undefined {
    const genuine = this.#openRefresh(token)
    const payload = genuine ?? parsePayload(token)
    if (typeof payload?.sid !== 'string' || typeof payload.rt !== 'string') return undefined
    if (genuine && this.#clock.now() >= Number(genuine.exp) * 1000) return undefined
    return { sid: payload.sid, secret: payload.rt as Secret, genuine: genuine !== undefined }
  }

  /** The session an access token names. Nothing is verified: it may be expired, and of a key that is gone. Undefined when it is no access token. */
  sessionNamedBy(token: string): string | undefined {
    const payload = parsePayload(token)
    return typeof payload?.sid === 'string' && typeof payload.data === 'object' ? payload.sid : undefined
  }

  #verify(token: string): AccessClaims {
    const parts = split(token)
    const isEarlier = parts !== undefined && parts.header === this.#earlier?.header
    const claims = isEarlier ? this.#readEarlier(token, parts) : this.#readOwn(token, parts)
    if (token.length <= LONGEST_REMEMBERED) this.#verified.keep(token, claims)
    return claims
  }

  #readOwn(token: string, parts: TokenParts | undefined): AccessClaims {
    const isGenuine = parts && this.#verifying.get(parts.header)?.some(key => key.verify(parts.body, parts.signature))
    const payload = isGenuine ? parsePayload(token) : undefined
    if (!payload) throw notOurs('forged, or of another kind')
    // A payload that we signed under this header has this shape. Whatever else stands in it is the app's, and means nothing to us.
    const { data, sid, exp, iss, aud } = payload as unknown as AccessClaims & { iss?: string; aud?: string }
    const { issuer, audience } = this.#settings
    if (iss !== issuer || aud !== audience) throw notOurs('another issuer or audience')
    return { data, sid, exp }
  }

  #readEarlier(token: string, parts: TokenParts): AccessClaims {
    const earlier = this.#earlier
    const payload = earlier?.verify(parts.body, parts.signature) ? parsePayload(token) : undefined
    const read = payload && earlier?.read(payload)
    if (!earlier || !read) throw notOurs('forged, or of a kind that is not taken any more')
    if (this.#clock.now() < (read.notBefore ?? 0) * 1000) throw notOurs('not good yet')
    const exp = Math.min(read.expiresAt, Math.floor(earlier.until / 1000))
    this.#refuseLongLife((exp - read.issuedAt) * 1000)
    const data = { token: read.token, userId: read.userId, isImpersonated: false }
    return { data, sid: earlierSessionId(earlier.name, read), exp, earlier: read }
  }

  /** One that is forgotten before its token expires could be opened again after it was ended. */
  #refuseLongLife(life: number): void {
    const { session, auditKept } = this.#settings
    if (life <= Math.min(session.keepEnded, auditKept)) return
    if (!this.#toldOfLongLives)
      this.#log.warn(
        { days: Math.ceil(life / 86_400_000) },
        'tokens of before the switch are refused: they live longer than session.keepEnded, or auditKept, remembers that somebody signed out',
      )
    this.#toldOfLongLives = true
    throw notOurs('lives longer than an ended session is remembered')
  }

  #openRefresh(token: string): Record<string, unknown> | undefined {
    const parts = split(token)
    if (parts?.header !== REFRESH_HEADER) return undefined
    const genuine = this.#refreshKeys.some(key => {
      const expected = mac(key, parts.body)
      return parts.signature.length === expected.length && timingSafeEqual(parts.signature, expected)
    })
    return genuine ? parsePayload(token) : undefined
  }

  #refresh(session: Session, secret: Secret): string {
    const exp = Math.floor(deadline(session) / 1000)
    const sign = (text: string): string => mac(this.#keys.derived('refresh-token'), text).toString('base64url')
    return signed(REFRESH_HEADER, sign, { sid: session.id, rt: secret, iat: Math.floor(this.#clock.now() / 1000), exp })
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
}

function signed(header: string, sign: (text: string) => string, payload: object): string {
  const body = `${header}.${encode(payload)}`
  return `${body}.${sign(body)}`
}

const mac = (key: KeyObject, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** The parts of something JWT-shaped, unread. */
interface TokenParts {
  header: string
  body: string
  signature: Buffer
}

function split(token: string): TokenParts | undefined {
  if (token.length > LONGEST) return undefined
  const first = token.indexOf('.')
  const last = token.lastIndexOf('.')
  if (first === last) return undefined
  return { header: token.slice(0, first), body: token.slice(0, last), signature: Buffer.from(token.slice(last + 1), 'base64url') }
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
