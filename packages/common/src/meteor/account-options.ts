/** What `Accounts.config` takes in Meteor, and the lifetimes that follow from it. */
import type { FieldSelector } from './field-selector.ts'

/** Options of Meteor's `Accounts.config`. The server reads them all; a client reads those that concern it. */
export interface AccountsConfig {
  /** Mail a link to verify the address after a sign-up. @default false */
  sendVerificationEmail?: boolean
  /** Nobody can sign up from outside. @default false */
  forbidClientAccountCreation?: boolean
  /** Whose addresses may sign up: a domain, several, or the app's own judgement; null: everybody's. @default everybody's */
  restrictCreationByEmailDomain?: string | readonly string[] | ((email: string) => boolean | Promise<boolean>) | null
  /** Milliseconds a login token is good for. `loginExpirationInDays` wins over it. */
  loginExpiration?: number
  /** Days a login token is good for; null: for ever, which is a hundred years. @default 90 */
  loginExpirationInDays?: number | null
  /** Milliseconds a link to reset a password is good for. `passwordResetTokenExpirationInDays` wins over it. */
  passwordResetTokenExpiration?: number
  /** @default 3 */
  passwordResetTokenExpirationInDays?: number | null
  /** Milliseconds an invitation is good for. `passwordEnrollTokenExpirationInDays` wins over it. */
  passwordEnrollTokenExpiration?: number
  /** @default 30 */
  passwordEnrollTokenExpirationInDays?: number | null
  /** Hide whether an account exists. @default true */
  ambiguousErrorMessages?: boolean
  /** New hashes are bcrypt with this cost, as Meteor makes them. @default argon2id */
  bcryptRounds?: number
  /** False: new hashes are bcrypt. @default true, unless `bcryptRounds` is given */
  argon2Enabled?: boolean
  /** Type of new hashes. RFC 9106 recommends the default. @default 'argon2id' */
  argon2Type?: 'argon2id' | 'argon2i' | 'argon2d'
  /** Passes over the memory. @default 2 */
  argon2TimeCost?: number
  /** KiB. @default 19456 */
  argon2MemoryCost?: number
  /** @default 1 */
  argon2Parallelism?: number
  /** Fields of a user that look-ups and hooks get when nobody says which. @default all */
  defaultFieldSelector?: FieldSelector
  /** Which users: the name of a collection, or an object that has one. @default 'users' */
  collection?: string | object
  /** Hours a code that was mailed is good for. @default 1 */
  loginTokenExpirationHours?: number
  /** Characters of such a code. @default 6 */
  tokenSequenceLength?: number
  /** Base64 of 16 bytes; server only. Seals what providers hand out, in Meteor's format. */
  oauthSecretKey?: string
  /** Keep the login token in a cookie that no script can read. @default false */
  useHttpOnlyCookies?: boolean
  /** How often one address may ask for that cookie: requests in ten seconds, or in a window of so many milliseconds; false: no limit. @default 30 */
  httpOnlyCookieRateLimit?: number | { limit: number; window: number } | false
  /** Further origins whose pages may ask for it, such as `https://app.example.com`. They have to be of the same site: the cookie is `SameSite=Strict`. @default none */
  httpOnlyCookieAllowedOrigins?: readonly string[]
  /** Where a client keeps its login token. `true` means `'session'`. @default 'local' */
  clientStorage?: 'session' | 'local' | boolean
  /** For a client: the address of the accounts server. */
  ddpUrl?: string
  /** For a client: the connection to the accounts server. */
  connection?: unknown
}

/** Every name of {@link AccountsConfig}. A record, so that one that is missing here does not compile. */
const KEYS: Record<keyof AccountsConfig, true> = {
  sendVerificationEmail: true,
  forbidClientAccountCreation: true,
  restrictCreationByEmailDomain: true,
  loginExpiration: true,
  loginExpirationInDays: true,
  passwordResetTokenExpiration: true,
  passwordResetTokenExpirationInDays: true,
  passwordEnrollTokenExpiration: true,
  passwordEnrollTokenExpirationInDays: true,
  ambiguousErrorMessages: true,
  bcryptRounds: true,
  argon2Enabled: true,
  argon2Type: true,
  argon2TimeCost: true,
  argon2MemoryCost: true,
  argon2Parallelism: true,
  defaultFieldSelector: true,
  collection: true,
  loginTokenExpirationHours: true,
  tokenSequenceLength: true,
  oauthSecretKey: true,
  useHttpOnlyCookies: true,
  httpOnlyCookieRateLimit: true,
  httpOnlyCookieAllowedOrigins: true,
  clientStorage: true,
  ddpUrl: true,
  connection: true,
}

/** The names that `Accounts.config` takes. */
export const CONFIG_KEYS: readonly string[] = Object.keys(KEYS)

/** Days a login token is good for when nothing is said. */
export const DEFAULT_LOGIN_EXPIRATION_DAYS = 90
/** Days that stand for ever: a hundred years. */
export const LOGIN_UNEXPIRING_TOKEN_DAYS = 36_500
const DEFAULT_PASSWORD_RESET_DAYS = 3
const DEFAULT_PASSWORD_ENROLL_DAYS = 30

const DAY = 86_400_000
const HOUR = 3_600_000

/** Milliseconds a login token is good for. */
export const tokenLifetime = (options: AccountsConfig): number =>
  lifetime(options.loginExpirationInDays, options.loginExpiration, DEFAULT_LOGIN_EXPIRATION_DAYS)

/** Milliseconds a link to reset a password is good for. */
export const passwordResetTokenLifetime = (options: AccountsConfig): number =>
  lifetime(options.passwordResetTokenExpirationInDays, options.passwordResetTokenExpiration, DEFAULT_PASSWORD_RESET_DAYS)

/** Milliseconds an invitation is good for. */
export const passwordEnrollTokenLifetime = (options: AccountsConfig): number =>
  lifetime(options.passwordEnrollTokenExpirationInDays, options.passwordEnrollTokenExpiration, DEFAULT_PASSWORD_ENROLL_DAYS)

/** When a login token from then is over. */
export const tokenExpiration = (options: AccountsConfig, when: Date | number): Date => new Date(Number(when) + tokenLifetime(options))

/** True in the last tenth of a token's life, at most its last hour: then it is not worth trying any more. */
export function tokenExpiresSoon(options: AccountsConfig, expires: Date | number | string, now: number): boolean {
  return now > new Date(expires).getTime() - Math.min(0.1 * tokenLifetime(options), HOUR)
}

/** The sentence about a lifetime that is given twice; undefined when none is. */
export function lifetimesSaidTwice(options: AccountsConfig): string | undefined {
  const twins = TWINS.filter(([days, milliseconds]) => options[days] !== undefined && options[milliseconds] !== undefined)
  if (twins.length === 0) return undefined
  return twins.map(([days, milliseconds]) => `Accounts.config: ${days} and ${milliseconds} are both set; ${days} is used`).join('. ')
}

const TWINS = [
  ['loginExpirationInDays', 'loginExpiration'],
  ['passwordResetTokenExpirationInDays', 'passwordResetTokenExpiration'],
  ['passwordEnrollTokenExpirationInDays', 'passwordEnrollTokenExpiration'],
] as const satisfies readonly (readonly [keyof AccountsConfig, keyof AccountsConfig])[]

/** Meteor's documentation says that the days win; zero is as good as nothing said, as in its code. */
function lifetime(days: number | null | undefined, milliseconds: number | undefined, otherwise: number): number {
  if (days === null) return LOGIN_UNEXPIRING_TOKEN_DAYS * DAY
  if (days !== undefined) return (days || otherwise) * DAY
  return milliseconds || otherwise * DAY
}
