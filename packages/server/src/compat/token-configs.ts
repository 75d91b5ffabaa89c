/** accounts-js's `tokenConfigs`: options of jsonwebtoken, as far as they mean something here. */
import { AccountsError } from '@latchkey/common'
import type { Duration } from '../core/duration.ts'
import type { GivenSettings } from '../core/settings.ts'
import { refuseMisfits, unknownName } from '../core/settings-kinds.ts'
import type { SigningAlgorithm } from '../core/token-key.ts'

/** Options of one kind of token, by jsonwebtoken's names. */
export interface TokenConfig {
  /** Its life: a number counts seconds, a text reads `90m`, `7d` or `7 days`. */
  expiresIn?: number | string
  /** Follows from `tokenSecret`: `HS256` from a text, from a key pair what fits the key. When given it must fit. */
  algorithm?: 'HS256' | SigningAlgorithm
}

/** The access token can say more, because other services may read it. */
export interface AccessTokenConfig extends TokenConfig {
  /** Its `iss`. Also an option of the server. */
  issuer?: string
  /** Its `aud`. Also an option of the server. */
  audience?: string
  /** Its `kid`, with a key pair. @default the thumbprint of RFC 7638 */
  keyid?: string
}

/** accounts-js's `tokenConfigs`. */
export interface TokenConfigs {
  /** @default { expiresIn: '90m' } */
  accessToken?: AccessTokenConfig
  /** Its life is the idle time of the session. @default { expiresIn: '7d' } */
  refreshToken?: TokenConfig
}

type Read = Pick<GivenSettings, 'tokenSecret' | 'accessTokenLifetime' | 'session' | 'issuer' | 'audience'>

/**
 * The settings that `tokenConfigs` stands for, together with those given by their own names.
 * @throws AccountsError `InvalidSettings` for options that mean nothing here, by name and with the reason, and for what is said twice
 */
export function readTokenConfigs(configs: TokenConfigs | undefined, given: Read): Read {
  if (configs === undefined) return given
  refuseMisfits('tokenConfigs.', configs, { accessToken: 'group', refreshToken: 'group' })
  const { accessToken = {}, refreshToken = {} } = configs
  refuseOthers('tokenConfigs.accessToken', accessToken, ['expiresIn', 'algorithm', 'issuer', 'audience', 'keyid'])
  refuseOthers('tokenConfigs.refreshToken', refreshToken, ['expiresIn', 'algorithm'])
  const { session = {} } = given
  refuseTwice('tokenConfigs.accessToken.expiresIn', accessToken.expiresIn, 'accessTokenLifetime', given.accessTokenLifetime)
  refuseTwice('tokenConfigs.refreshToken.expiresIn', refreshToken.expiresIn, 'session.idle', session.idle)
  const issuer = readName('tokenConfigs.accessToken.issuer', accessToken.issuer) ?? given.issuer
  refuseTwice('tokenConfigs.accessToken.issuer', accessToken.issuer, 'issuer', given.issuer)
  const audience = readName('tokenConfigs.accessToken.audience', accessToken.audience) ?? given.audience
  refuseTwice('tokenConfigs.accessToken.audience', accessToken.audience, 'audience', given.audience)
  const life = readLife('tokenConfigs.accessToken.expiresIn', accessToken.expiresIn) ?? given.accessTokenLifetime
  const idle = readLife('tokenConfigs.refreshToken.expiresIn', refreshToken.expiresIn)
  return {
    tokenSecret: readKey(given.tokenSecret, accessToken, refreshToken),
    ...(life === undefined ? {} : { accessTokenLifetime: life }),
    session: idle === undefined ? session : { absolute: Math.max(idle, ABSOLUTE), ...session, idle },
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  }
}

/** The default of `session.absolute`. Whoever wants refresh tokens of a year does not want sessions to end after three months. */
const ABSOLUTE = 90 * 24 * 60 * 60_000

/** Why an option of jsonwebtoken means nothing here. */
const REASONS: Readonly<Record<string, string>> = {
  subject: 'it is always the id of the user',
  jwtid: 'each token gets one of its own',
  notBefore: 'a token is good from the moment it is made',
  noTimestamp: 'a token always says when it was made',
  header: 'its header is fixed, so that nobody can bend it',
  mutatePayload: 'there is no payload of yours; see createJwtPayload',
  encoding: 'it is always UTF-8',
  allowInsecureKeySizes: 'a weak key is refused',
  allowInvalidAsymmetricKeyTypes: 'a key that does not fit is refused',
  issuer: 'only this server reads it',
  audience: 'only this server reads it',
  keyid: 'it is signed with the key of the access token',
}

function refuseOthers(prefix: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue
    const reason = Object.hasOwn(REASONS, name) ? REASONS[name] : undefined
    refuse(
      reason === undefined
        ? unknownName(`${prefix}.${name}`, name, known, `${prefix}.`)
        : `${prefix}.${name} cannot be set: ${reason}. Remove it`,
    )
  }
}

function refuseTwice(option: string, value: unknown, twin: string, other: unknown): void {
  if (value !== undefined && other !== undefined && value !== other)
    refuse(`${option} and ${twin} are the same setting. Remove one of them`)
}

function readName(option: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  return refuse(`${option} must be one text`)
}

/** Units as jsonwebtoken's library for times spells them. */
const UNITS: readonly (readonly [names: RegExp, milliseconds: number])[] = [
  [/^(ms|msecs?|milliseconds?)$/i, 1],
  [/^(s|secs?|seconds?)$/i, 1000],
  [/^(m|mins?|minutes?)$/i, 60_000],
  [/^(h|hrs?|hours?)$/i, 3_600_000],
  [/^(d|days?)$/i, 86_400_000],
  [/^(w|weeks?)$/i, 604_800_000],
  [/^(y|yrs?|years?)$/i, 31_557_600_000],
]

/** jsonwebtoken's rule: a bare number counts seconds. A text of digits alone would count milliseconds there, which nobody means. */
function readLife(option: string, expiresIn: unknown): number | undefined {
  if (expiresIn === undefined) return undefined
  if (typeof expiresIn === 'number' && Number.isFinite(expiresIn) && expiresIn > 0) return expiresIn * 1000
  const [, count, unit = ''] = (typeof expiresIn === 'string' && /^(\d+(?:\.\d+)?) ?([a-z]+)$/i.exec(expiresIn.trim())) || []
  const milliseconds = Number(count) * (UNITS.find(([names]) => names.test(unit))?.[1] ?? Number.NaN)
  if (milliseconds > 0) return milliseconds
  return refuse(`${option} must be a number of seconds above zero, or a text such as "90m" or "7 days"`)
}

/** accounts-js wants the algorithm said for both kinds of token. Here it follows from the key, and what is said must be true. */
function readKey(tokenSecret: Read['tokenSecret'], access: AccessTokenConfig, refresh: TokenConfig): Read['tokenSecret'] {
  const algorithm = access.algorithm ?? refresh.algorithm
  if (refresh.algorithm !== undefined && refresh.algorithm !== algorithm)
    refuse('tokenConfigs.refreshToken.algorithm must be that of the access token: one key signs both')
  if (typeof tokenSecret !== 'object' || tokenSecret === null) {
    if (algorithm !== undefined && algorithm !== 'HS256')
      refuse('tokenConfigs.accessToken.algorithm must be HS256, because tokenSecret is a text. For another, give a key pair')
    if (access.keyid !== undefined)
      refuse('tokenConfigs.accessToken.keyid cannot be set, because tokenSecret is a text: name a retired one in retiredSecrets. Remove it')
    return tokenSecret
  }
  if (algorithm === 'HS256') refuse('tokenConfigs.accessToken.algorithm cannot be HS256, because tokenSecret is a key pair. Remove it')
  refuseTwice('tokenConfigs.accessToken.algorithm', algorithm, 'tokenSecret.algorithm', tokenSecret.algorithm)
  refuseTwice('tokenConfigs.accessToken.keyid', access.keyid, 'tokenSecret.keyId', tokenSecret.keyId)
  return {
    ...tokenSecret,
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(access.keyid === undefined ? {} : { keyId: access.keyid }),
  }
}

/** The lives as the server took them, for `getOptions()`. */
export function mergedTokenConfigs(configs: TokenConfigs = {}, lives: { access: Duration; refresh: Duration | null }): TokenConfigs {
  const life = (duration: Duration | null): { expiresIn?: number } => (typeof duration === 'number' ? { expiresIn: duration / 1000 } : {})
  return Object.freeze({
    accessToken: Object.freeze({ ...life(lives.access), ...configs.accessToken }),
    refreshToken: Object.freeze({ ...life(lives.refresh), ...configs.refreshToken }),
  })
}

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}
