/** What `new AccountsPassword()` takes, read once: unknown names and impossible costs are refused. */
import { availableParallelism } from 'node:os'
import { AccountsError, isErrorCode } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'
import { milliseconds } from '../../core/duration.ts'
import type { Duration } from '../../core/duration.ts'
import { ACCOUNTS_JS_USERNAME } from '../../core/identity/username.ts'
import { refuseUnknown } from '../../core/settings-kinds.ts'
import type { GivenSettings } from '../../core/settings.ts'
import type { HashingSettings } from './password-hashing.ts'
import { ARGON2_DEFAULT, BCRYPT_DEFAULT_ROUNDS, LEAST, MOST, isAffordable, ofType } from './recipe.ts'
import type { Argon2Type, OwnRecipe } from './recipe.ts'

/** The rules about passwords; they become `settings.password` of the server. */
export type PasswordSettingsGiven = NonNullable<GivenSettings['password']>

/** Keys of accounts-js's message table. */
export type MessageKey = (typeof MESSAGE_KEYS)[number]

/** accounts-js's message table. */
export type ErrorMessages = Record<MessageKey, string>

/** Options of the second factor, as `TwoFactor` of `@latchkey/server/strategies/totp` takes them. */
export interface PasswordTwoFactorOptions {
  appName?: string
  secretLength?: number
  window?: number
  errors?: Partial<Record<'userNotFound' | 'codeDidNotMatch' | 'userTwoFactorNotSet' | 'userTwoFactorAlreadySet' | 'codeRequired', string>>
}

/** Options of {@link AccountsPassword}: accounts-js's, Meteor's for the cost of hashes, and ours. */
export interface AccountsPasswordOptions extends PasswordSettingsGiven {
  /** accounts-js's: users can set up codes from an authenticator app. The server makes the second factor from these. */
  twoFactor?: PasswordTwoFactorOptions
  /** New hashes are bcrypt of the password's digest, as Meteor makes them, with this cost (4 to 15). Unless `argon2Enabled` is true. */
  bcryptRounds?: number
  /** False: new hashes are bcrypt, as with `bcryptRounds` (10 rounds by default). @default true, unless `bcryptRounds` is given */
  argon2Enabled?: boolean
  /** Cost of new argon2id hashes: KiB of memory, passes over it, and lanes. @default { memoryCost: 19456, timeCost: 2, parallelism: 1 } */
  argon2?: Argon2Cost
  /** accounts-js's: your own way to hash a clear password. Digests are still hashed our way. Without `verifyPassword` it must make bcrypt or argon2id. */
  hashPassword?: (password: string) => string | Promise<string>
  /** accounts-js's: verifies what your `hashPassword` made, and what accounts-js keeps as `services.password.bcrypt`. */
  verifyPassword?: (password: string, hash: string) => boolean | Promise<boolean>
  /** Your own texts for some errors. The others keep theirs. */
  errors?: Partial<ErrorMessages>
  /** The queue before the hash: so many at once, so many waiting, so long at most. @default { concurrency: cores - 1, queue: 1000, maxWait: '10s' } */
  hashing?: { concurrency?: number; queue?: number; maxWait?: Duration }
}

/** What a new argon2id hash costs. */
export interface Argon2Cost {
  memoryCost?: number
  timeCost?: number
  parallelism?: number
  /** Meteor's `argon2Type`. RFC 9106 recommends the default. @default 'argon2id' */
  type?: Argon2Type
}

/** The options after reading. */
export interface PasswordOptions {
  settings: PasswordSettingsGiven
  hashing: HashingSettings
  messages: Readonly<Partial<Record<ErrorCode, string>>>
}

/** @throws AccountsError `InvalidSettings`, naming the option */
export function readOptions(given: AccountsPasswordOptions): PasswordOptions {
  refuseUnknown('AccountsPassword', given, Object.keys(KNOWN))
  const {
    twoFactor,
    bcryptRounds,
    argon2Enabled,
    argon2 = {},
    hashPassword,
    verifyPassword,
    errors = {},
    hashing = {},
    ...settings
  } = given
  if (twoFactor !== undefined && (typeof twoFactor !== 'object' || twoFactor === null)) refuse('twoFactor must be an object of options')
  refuseUnknown('AccountsPassword', argon2, ['memoryCost', 'timeCost', 'parallelism', 'type'], 'argon2.')
  refuseUnknown('AccountsPassword', errors, MESSAGE_KEYS, 'errors.')
  refuseUnknown('AccountsPassword', hashing, ['concurrency', 'queue', 'maxWait'], 'hashing.')
  return {
    settings: { validateUsername: username => ACCOUNTS_JS_USERNAME.test(username), ...settings },
    hashing: {
      current: readRecipe({ bcryptRounds, argon2Enabled, argon2 }),
      gate: {
        concurrency: readCount('hashing.concurrency', hashing.concurrency ?? defaultConcurrency(), 1),
        queue: readCount('hashing.queue', hashing.queue ?? 1000, 0),
        maxWait: milliseconds('hashing.maxWait', hashing.maxWait ?? '10s'),
      },
      ...readFunction('hashPassword', hashPassword),
      ...readFunction('verifyPassword', verifyPassword),
    },
    messages: readMessages(errors),
  }
}

function readRecipe({
  bcryptRounds,
  argon2Enabled = bcryptRounds === undefined,
  argon2,
}: {
  bcryptRounds: number | undefined
  argon2Enabled: boolean | undefined
  argon2: Argon2Cost
}): OwnRecipe {
  const bcrypt = { algorithm: 'bcrypt', rounds: readCount('bcryptRounds', bcryptRounds ?? BCRYPT_DEFAULT_ROUNDS, LEAST.rounds) } as const
  if (!isAffordable(bcrypt)) refuse(`bcryptRounds must be at most ${MOST.rounds}: each further one doubles the work of every login`)
  const argon2id = {
    ...ARGON2_DEFAULT,
    memoryCost: readCount('argon2.memoryCost', argon2.memoryCost ?? ARGON2_DEFAULT.memoryCost, LEAST.memoryCost),
    timeCost: readCount('argon2.timeCost', argon2.timeCost ?? ARGON2_DEFAULT.timeCost, LEAST.timeCost),
    parallelism: readCount('argon2.parallelism', argon2.parallelism ?? ARGON2_DEFAULT.parallelism, 1),
    ...ofType(readType(argon2.type)),
  }
  if (!isAffordable(argon2id)) {
    refuse(
      `argon2 costs too much: memoryCost (KiB) at most ${MOST.memoryCost}, timeCost at most ${MOST.timeCost}, parallelism at most ${MOST.parallelism}, the product of the first two at most ${MOST.passesOverMemory}`,
    )
  }
  return argon2Enabled ? argon2id : bcrypt
}

/**
 * One core is left to everything that is not a hash. So is one of the four threads that hashes share with the file system and name look-ups, however
 * many cores there are.
 */
function defaultConcurrency(): number {
  const threads = Number(process.env.UV_THREADPOOL_SIZE) || 4
  return Math.max(1, Math.min(availableParallelism(), threads) - 1)
}

function readType(type: Argon2Type = 'argon2id'): Argon2Type {
  if (!['argon2id', 'argon2i', 'argon2d'].includes(type)) refuse('argon2.type must be argon2id, argon2i or argon2d')
  return type
}

function readCount(option: string, value: number, least: number): number {
  if (!Number.isInteger(value) || value < least) refuse(`${option} must be a whole number of at least ${least}`)
  return value
}

function readFunction<K extends string, F>(option: K, value: F | undefined): { [P in K]?: F } {
  if (value === undefined) return {}
  if (typeof value !== 'function') refuse(`${option} must be a function. Received ${typeof value}`)
  // One key, and it is K.
  return { [option]: value } as { [P in K]?: F }
}

function readMessages(errors: Partial<Record<string, string>>): Partial<Record<ErrorCode, string>> {
  const messages: Partial<Record<ErrorCode, string>> = {}
  for (const [key, message] of Object.entries(errors)) {
    if (message === undefined) continue
    if (typeof message !== 'string') refuse(`errors.${key} must be a string. Received ${typeof message}`)
    const code = key.slice(0, 1).toUpperCase() + key.slice(1)
    if (isErrorCode(code)) messages[code] = message
  }
  return Object.freeze(messages)
}

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}

/** Each is one of our error codes with a small first letter. */
const MESSAGE_KEYS = [
  'userNotFound',
  'noPasswordSet',
  'noEmailSet',
  'incorrectPassword',
  'unrecognizedOptionsForLogin',
  'matchFailed',
  'invalidUsername',
  'invalidEmail',
  'emailNotVerified',
  'invalidPassword',
  'invalidNewPassword',
  'invalidToken',
  'invalidCredentials',
  'verifyEmailLinkExpired',
  'verifyEmailLinkUnknownAddress',
  'resetPasswordLinkExpired',
  'resetPasswordLinkUnknownAddress',
  'usernameAlreadyExists',
  'emailAlreadyExists',
  'usernameOrEmailRequired',
] as const satisfies readonly Uncapitalize<ErrorCode>[]

/** A record, so that an option which is missing here does not compile. */
const KNOWN: Record<keyof AccountsPasswordOptions, true> = {
  minLength: true,
  maxLength: true,
  refuseCommon: true,
  contextWords: true,
  acceptDigests: true,
  requireEmailVerification: true,
  sendVerificationEmailAfterSignup: true,
  notifyUserAfterPasswordChanged: true,
  returnTokensAfterResetPassword: true,
  invalidateAllSessionsAfterPasswordReset: true,
  invalidateAllSessionsAfterPasswordChanged: true,
  removeAllResetPasswordTokensAfterPasswordChanged: true,
  verifyEmailTokenExpiration: true,
  passwordResetTokenExpiration: true,
  passwordEnrollTokenExpiration: true,
  validateEmail: true,
  validateUsername: true,
  validatePassword: true,
  validateNewUser: true,
  twoFactor: true,
  bcryptRounds: true,
  argon2Enabled: true,
  argon2: true,
  hashPassword: true,
  verifyPassword: true,
  errors: true,
  hashing: true,
}
