/** What can be set and of which kind it must be: one table, read before anything else is, so that a slip is named and not worked around. */
import { AccountsError, nearMiss } from '@latchkey/common'
import type { GivenSettings, Limit, Lockout, PasswordSettings } from './settings.ts'

/** `checked`: whoever reads it says what is wrong with it. */
export type SettingKind = 'flag' | 'text' | 'function' | 'functions' | 'list' | 'number' | 'count' | 'duration' | 'group' | 'checked'

/** By name, which kind of value it takes. A table that misses a setting does not compile. */
export type SettingKinds<Given> = Readonly<Record<keyof Given & string, SettingKind>>

export const SETTINGS_KINDS: SettingKinds<GivenSettings> = {
  face: 'checked',
  production: 'flag',
  tokenSecret: 'checked',
  retiredSecrets: 'list',
  accessTokenLifetime: 'duration',
  session: 'group',
  issuer: 'text',
  audience: 'text',
  siteUrl: 'text',
  ambiguousErrorMessages: 'flag',
  enableAutologin: 'flag',
  signUpAllowed: 'flag',
  providerSignUpAllowed: 'flag',
  restrictCreationByEmailDomain: 'checked',
  newDeviceMail: 'flag',
  password: 'group',
  rateLimits: 'flag',
  limits: 'group',
  lockout: 'group',
  auditKept: 'duration',
  cacheSize: 'count',
  emailTemplates: 'group',
  sendMail: 'function',
  prepareMail: 'function',
  createJwtPayload: 'function',
  useInternalUserObjectSanitizer: 'flag',
  userObjectSanitizer: 'function',
  resumeSessionValidator: 'function',
  tokenCreator: 'functions',
  createNewSessionTokenOnRefresh: 'flag',
  impersonationAuthorize: 'function',
  useStatelessSession: 'flag',
  micro: 'flag',
}

export const SESSION_KINDS: SettingKinds<NonNullable<GivenSettings['session']>> = {
  idle: 'checked',
  absolute: 'duration',
  refreshGrace: 'duration',
  keepEnded: 'duration',
}

export const PASSWORD_KINDS: SettingKinds<PasswordSettings> = {
  minLength: 'number',
  maxLength: 'number',
  refuseCommon: 'flag',
  contextWords: 'list',
  acceptDigests: 'flag',
  requireEmailVerification: 'flag',
  sendVerificationEmailAfterSignup: 'flag',
  notifyUserAfterPasswordChanged: 'flag',
  returnTokensAfterResetPassword: 'flag',
  invalidateAllSessionsAfterPasswordReset: 'flag',
  invalidateAllSessionsAfterPasswordChanged: 'flag',
  removeAllResetPasswordTokensAfterPasswordChanged: 'flag',
  verifyEmailTokenExpiration: 'duration',
  passwordResetTokenExpiration: 'duration',
  passwordEnrollTokenExpiration: 'duration',
  validateEmail: 'function',
  validateUsername: 'function',
  validatePassword: 'function',
  validateNewUser: 'function',
}

export const LOCKOUT_KINDS: SettingKinds<Lockout> = { free: 'count', first: 'number', longest: 'number', memory: 'number' }
export const LIMIT_KINDS: SettingKinds<Limit> = { limit: 'number', window: 'number' }

/**
 * Refuses names that do not exist, with the one that was probably meant, and values of the wrong kind. Undefined is as good as not given.
 * @throws AccountsError `InvalidSettings`
 */
export function refuseMisfits(prefix: string, given: object, kinds: Readonly<Record<string, SettingKind>>): void {
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
    if (kind === undefined) refuse(unknownName(`${prefix}${name}`, name, Object.keys(kinds), prefix))
    const { fits, must } = KINDS[kind]
    if (value !== undefined && !fits(value)) refuse(`${prefix}${name} must be ${must}. Received ${described(value)}`)
  }
}

/**
 * Refuses names that no option has, with the one that was probably meant: a misspelt one would silently do nothing.
 * @param owner whose options they are, by the name that people import; empty for the server's own
 * @param prefix what stands before the names in a message, such as `errors.`
 * @throws AccountsError `InvalidSettings`
 */
export function refuseUnknown(owner: string, given: object, known: readonly string[], prefix = ''): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) refuse(unknownName(`${prefix}${name}`, name, known, prefix, owner))
  }
}

/** The sentence about a name that does not exist; `owner` says whose option it would be, where that is not the server. */
export function unknownName(full: string, name: string, known: readonly string[], prefix = '', owner = ''): string {
  // What accounts-js's people know as an option of a service is a setting one level down here.
  const meant =
    nearMiss(name, known) ?? (prefix === '' && owner === '' && Object.hasOwn(PASSWORD_KINDS, name) ? `password.${name}` : undefined)
  return `Unknown option "${full}"${owner && ` of ${owner}`}. ${meant === undefined ? `Known: ${known.join(', ')}` : `Did you mean "${prefix}${meant}"?`}`
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

const KINDS: Readonly<Record<SettingKind, { fits: (value: unknown) => boolean; must: string }>> = {
  flag: { fits: value => typeof value === 'boolean', must: 'true or false' },
  text: { fits: value => typeof value === 'string', must: 'a text' },
  function: { fits: value => typeof value === 'function', must: 'a function' },
  functions: { fits: value => isObject(value) || typeof value === 'function', must: 'an object with functions' },
  list: { fits: value => Array.isArray(value), must: 'a list' },
  number: { fits: value => isNumber(value) && value > 0, must: 'a number above zero' },
  count: { fits: value => isNumber(value) && Number.isInteger(value) && value >= 0, must: 'a whole number, zero or more' },
  duration: { fits: value => typeof value === 'number' || typeof value === 'string', must: 'milliseconds or a text such as "90m"' },
  group: { fits: isObject, must: 'an object' },
  checked: { fits: () => true, must: '' },
}

/** A value for a message. Texts only in part: somebody may have put a secret in the wrong place. */
function described(value: unknown): string {
  if (typeof value === 'string') return value.length > 12 ? `a text of ${value.length} characters` : JSON.stringify(value)
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value)
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`
}

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}
