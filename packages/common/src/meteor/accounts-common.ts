/** What Meteor's accounts have in common on server and client. */
import {
  CONFIG_KEYS,
  DEFAULT_LOGIN_EXPIRATION_DAYS,
  LOGIN_UNEXPIRING_TOKEN_DAYS,
  lifetimesSaidTwice,
  passwordEnrollTokenLifetime,
  passwordResetTokenLifetime,
  tokenExpiration,
  tokenExpiresSoon,
  tokenLifetime,
} from './account-options.ts'
import type { AccountsConfig } from './account-options.ts'
import { COMMON } from './common-mark.ts'
import { addDefaultFieldSelector } from './field-selector.ts'
import type { FieldOptions } from './field-selector.ts'
import { LoginCancelledError } from './login-cancelled.ts'

/**
 * Meteor's `AccountsCommon`. Apps meet it as `AccountsServer`, which adds everything that needs a server, and as `AccountsClient` of `@latchkey/client/meteor`,
 * which has its members and descends from the client of accounts-js.
 */
export abstract class AccountsCommon {
  /** @internal */
  readonly [COMMON]: true = true
  /** The very object that was given, on a server a copy; `config` adds to it. */
  _options: AccountsConfig
  /** The error of a sign-in that a person gave up. */
  readonly LoginCancelledError: typeof LoginCancelledError = LoginCancelledError
  readonly DEFAULT_LOGIN_EXPIRATION_DAYS: number = DEFAULT_LOGIN_EXPIRATION_DAYS
  readonly LOGIN_UNEXPIRING_TOKEN_DAYS: number = LOGIN_UNEXPIRING_TOKEN_DAYS
  readonly #known: readonly string[]

  /** @param known names that are options; any other is complained of on the console */
  constructor(options: AccountsConfig = {}, known: readonly string[] = CONFIG_KEYS) {
    this._options = options
    this.#known = known
    this.#knownOf(options)
    warnOfTwins(options)
  }

  /** True for clients too. */
  static [Symbol.hasInstance](value: unknown): boolean {
    const isOrdinary = Function.prototype[Symbol.hasInstance].call(this, value)
    return isOrdinary || (this === AccountsCommon && typeof value === 'object' && value !== null && COMMON in value)
  }

  /** Who is signed in, or null. */
  abstract userId(): string | null
  /** The signed-in user, or null. */
  abstract userAsync(options?: FieldOptions): Promise<object | null>

  /**
   * Sets options, at any time: what is set is in force from the next request on. A name that is no option is complained of on the console and left out, as in
   * Meteor; undefined says nothing.
   */
  config(options: AccountsConfig): void {
    const changes = this._configure(this.#knownOf(options))
    const told = lifetimesSaidTwice(this._options)
    Object.assign(this._options, changes)
    warnOfTwins(this._options, told)
  }

  /** What to do about options before they are set. Answers those that are kept; may refuse by throwing. */
  protected _configure(changes: AccountsConfig): AccountsConfig {
    return changes
  }

  /** Milliseconds a login token is good for. */
  _getTokenLifetimeMs(): number {
    return tokenLifetime(this._options)
  }

  /** Milliseconds a link to reset a password is good for. */
  _getPasswordResetTokenLifetimeMs(): number {
    return passwordResetTokenLifetime(this._options)
  }

  /** Milliseconds an invitation is good for. */
  _getPasswordEnrollTokenLifetimeMs(): number {
    return passwordEnrollTokenLifetime(this._options)
  }

  /** When a login token from then is over. */
  _tokenExpiration(when: Date | number): Date {
    return tokenExpiration(this._options, when)
  }

  /** True in the last tenth of a token's life, at most its last hour. */
  _tokenExpiresSoon(when: Date | number | string): boolean {
    return tokenExpiresSoon(this._options, when, this._now())
  }

  /** The options of a look-up, with `defaultFieldSelector` where it has a say. */
  _addDefaultFieldSelector(options: FieldOptions = {}): FieldOptions {
    return addDefaultFieldSelector(options, this._options.defaultFieldSelector)
  }

  /** Epoch milliseconds. */
  protected _now(): number {
    return Date.now()
  }

  /** The options among these; the others are complained of. */
  #knownOf(options: AccountsConfig): AccountsConfig {
    const given = Object.entries(options)
    for (const [key] of given) if (!this.#known.includes(key)) console.error(`Accounts.config: Invalid key: ${key}`)
    return Object.fromEntries(given.filter(([key, value]) => value !== undefined && this.#known.includes(key)))
  }
}

/** @param told what was said of this before, which is not said again at each later call */
function warnOfTwins(options: AccountsConfig, told?: string): void {
  const sentence = lifetimesSaidTwice(options)
  if (sentence !== undefined && sentence !== told) console.warn(sentence)
}
