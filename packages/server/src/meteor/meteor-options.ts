/** The options of Meteor's face: what `Accounts.config` takes, and everything else Latchkey can set. */
import { AccountsError, isAccountsError } from '@latchkey/common'
import { CONFIG_KEYS, passwordEnrollTokenLifetime, passwordResetTokenLifetime, tokenLifetime } from '@latchkey/common/meteor'
import type { AccountsConfig } from '@latchkey/common/meteor'
import { OPTION_NAMES } from '../accounts-server-options.ts'
import type { AccountsServerOptions } from '../accounts-server-options.ts'
import type { AccountsServices } from '../accounts-server.ts'
import { parseUsername } from '../core/identity/username.ts'
import type { GivenSettings } from '../core/settings.ts'
import { AccountsCode } from '../strategies/code/index.ts'
import type { AccountsCodeOptions } from '../strategies/code/index.ts'
import { AccountsPassword } from '../strategies/password/index.ts'
import type { AccountsPasswordOptions } from '../strategies/password/index.ts'
import { resume } from '../strategies/resume/index.ts'

/** Options of a server with Meteor's face: those of `Accounts.config`, and those of any server. */
export interface MeteorServerOptions extends AccountsConfig, Omit<AccountsServerOptions, keyof AccountsConfig | 'face'> {
  /**
   * Further ways to sign in, by name; one of a name that is there already takes its place. By themselves there are `resume`, `password` and `code` (Meteor's
   * passwordless).
   */
  services?: AccountsServices
}

/** The names of {@link MeteorServerOptions}. */
export const METEOR_KEYS: readonly string[] = [...CONFIG_KEYS, 'services', ...OPTION_NAMES.filter(name => name !== 'face')]

/** What Meteor's options mean for a server. */
export interface MeteorParts {
  options: AccountsServerOptions
  services: AccountsServices
}

/**
 * Reads the options. Nothing of what was given is changed; names that nobody knows are left out, because `AccountsCommon` has complained of them.
 * @throws AccountsError `InvalidSettings`
 */
export function partsOfMeteor(given: MeteorServerOptions): MeteorParts {
  const { services = {}, ...options } = given
  const own = Object.entries(options).filter(([name]) => METEOR_KEYS.includes(name) && !CONFIG_KEYS.includes(name))
  const { password, session, ...rest } = settingsOfConfig(given, given)
  return {
    options: {
      // Of `AccountsServerOptions` those that are no business of `Accounts.config`.
      ...(Object.fromEntries(own) as Omit<AccountsServerOptions, keyof AccountsConfig>),
      ...rest,
      face: 'meteor',
      ...(session || given.session ? { session: { ...session, ...given.session } } : {}),
      ...(password || given.password ? { password: { ...password, ...given.password } } : {}),
    },
    services: {
      resume: resume(),
      password: new AccountsPassword({ validateUsername: name => parseUsername(name) !== null, ...passwordOptions(given) }),
      code: new AccountsCode(codeOptions(given)),
      ...services,
    },
  }
}

/** Settings that Meteor says otherwise. */
type SettingsOfConfig = Pick<
  Partial<GivenSettings>,
  'ambiguousErrorMessages' | 'signUpAllowed' | 'providerSignUpAllowed' | 'restrictCreationByEmailDomain' | 'session' | 'password'
>

/**
 * The settings that follow from changes of `Accounts.config`.
 * @param all the options as they are with the changes
 * @throws AccountsError `InvalidSettings` for a lifetime that is none
 */
export function settingsOfConfig(changes: AccountsConfig, all: AccountsConfig): SettingsOfConfig {
  const touches = (...names: (keyof AccountsConfig)[]): boolean => names.some(name => changes[name] !== undefined)
  refuseLifetimes(changes)
  const { sendVerificationEmail, forbidClientAccountCreation, restrictCreationByEmailDomain, ambiguousErrorMessages } = changes
  const password: NonNullable<GivenSettings['password']> = {
    ...(sendVerificationEmail === undefined ? {} : { sendVerificationEmailAfterSignup: sendVerificationEmail }),
    ...(touches('passwordResetTokenExpiration', 'passwordResetTokenExpirationInDays')
      ? { passwordResetTokenExpiration: passwordResetTokenLifetime(all) }
      : {}),
    ...(touches('passwordEnrollTokenExpiration', 'passwordEnrollTokenExpirationInDays')
      ? { passwordEnrollTokenExpiration: passwordEnrollTokenLifetime(all) }
      : {}),
  }
  return {
    ...(ambiguousErrorMessages === undefined ? {} : { ambiguousErrorMessages: ambiguousErrorMessages ?? true }),
    ...(forbidClientAccountCreation === undefined ? {} : { signUpAllowed: !forbidClientAccountCreation, ...providersOf(all) }),
    ...(restrictCreationByEmailDomain === undefined ? {} : { restrictCreationByEmailDomain }),
    ...(touches('loginExpiration', 'loginExpirationInDays') ? { session: { absolute: tokenLifetime(all) } } : {}),
    ...(Object.keys(password).length > 0 ? { password } : {}),
  }
}

const LIFETIMES = [
  'loginExpiration',
  'loginExpirationInDays',
  'passwordResetTokenExpiration',
  'passwordResetTokenExpirationInDays',
  'passwordEnrollTokenExpiration',
  'passwordEnrollTokenExpirationInDays',
  'loginTokenExpirationHours',
] as const satisfies readonly (keyof AccountsConfig)[]

/** Here, by the names that the app has written: the settings made of them have others. */
function refuseLifetimes(changes: AccountsConfig): void {
  for (const name of LIFETIMES) {
    const value: unknown = changes[name]
    if (value === undefined || value === null || (typeof value === 'number' && Number.isFinite(value) && value >= 0)) continue
    throw new AccountsError('InvalidSettings', {
      message: `${name} must be a number of ${name.endsWith('Days') ? 'days' : name.endsWith('Hours') ? 'hours' : 'milliseconds'}`,
    })
  }
}

/** Users whom clients may not create a first sign-in through a provider still makes, as in Meteor; unless the app speaks our language and says otherwise. */
const providersOf = (all: AccountsConfig): Pick<SettingsOfConfig, 'providerSignUpAllowed'> =>
  'signUpAllowed' in all || 'providerSignUpAllowed' in all ? {} : { providerSignUpAllowed: true }

/**
 * Reads changes of `Accounts.config` that concern the ways to sign in; what it answers puts them in force, and cannot fail.
 * @throws AccountsError `InvalidSettings`
 */
export function changesOfServices(services: Readonly<AccountsServices>, changes: AccountsConfig): () => void {
  refuseLifetimes(changes)
  const [password, code] = [passwordOptions(changes), codeOptions(changes)]
  const passwords = Object.values(services).filter(service => service instanceof AccountsPassword)
  const codes = Object.values(services).filter(service => service instanceof AccountsCode)
  // Refused here, or not at all.
  for (const { options } of passwords)
    void new AccountsPassword({ ...options, ...password, argon2: { ...options.argon2, ...password.argon2 } })
  void new AccountsCode(code)
  return () => {
    if (Object.keys(password).length > 0) for (const service of passwords) service.configure(password)
    if (Object.keys(code).length > 0) for (const service of codes) service.configure(code)
  }
}

/** The cost of hashes. @throws AccountsError `InvalidSettings` */
function passwordOptions(given: AccountsConfig): Pick<AccountsPasswordOptions, 'bcryptRounds' | 'argon2Enabled' | 'argon2'> {
  const {
    bcryptRounds,
    argon2Enabled,
    argon2Type: type,
    argon2TimeCost: timeCost,
    argon2MemoryCost: memoryCost,
    argon2Parallelism: parallelism,
  } = given
  const argon2 = {
    ...(timeCost === undefined ? {} : { timeCost }),
    ...(memoryCost === undefined ? {} : { memoryCost }),
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(type === undefined ? {} : { type }),
  }
  return {
    ...(bcryptRounds === undefined ? {} : { bcryptRounds }),
    ...(argon2Enabled === undefined ? {} : { argon2Enabled }),
    ...(Object.keys(argon2).length === 0 ? {} : { argon2 }),
  }
}

const HOUR = 3_600_000

const codeOptions = ({ loginTokenExpirationHours: hours, tokenSequenceLength: length }: AccountsConfig): AccountsCodeOptions => ({
  ...(hours === undefined ? {} : checked('loginTokenExpirationHours', { lifetime: hours * HOUR })),
  ...(length === undefined ? {} : checked('tokenSequenceLength', { length })),
})

/** @throws AccountsError `InvalidSettings`, by the name that the app has written */
function checked(name: keyof AccountsConfig, option: AccountsCodeOptions): AccountsCodeOptions {
  try {
    void new AccountsCode(option)
    return option
  } catch (cause) {
    throw new AccountsError('InvalidSettings', { message: `${name}: ${isAccountsError(cause) ? cause.message : ''}`, cause })
  }
}
