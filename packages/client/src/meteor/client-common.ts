import {
  addDefaultFieldSelector,
  COMMON,
  DEFAULT_LOGIN_EXPIRATION_DAYS,
  LOGIN_UNEXPIRING_TOKEN_DAYS,
  LoginCancelledError,
  passwordEnrollTokenLifetime,
  passwordResetTokenLifetime,
  tokenExpiration,
  tokenExpiresSoon,
  tokenLifetime,
} from '@latchkey/common/meteor'
import type { AccountsCommon, FieldOptions } from '@latchkey/common/meteor'
import { AccountsClient as LeanClient } from '../accounts-client.ts'
import type { AccountsClientOptions } from '../accounts-client.ts'
import type { TransportInterface } from '../transport.ts'
import type { MeteorClientOptions } from './login-client.ts'

/** What is the subject of the classes below: how somebody is signed in. */
type Subject = 'userId' | 'userAsync' | 'config'

/** `AccountsCommon` for a client, which descends from that of accounts-js: the same members, and `instanceof` says so. */
export class ClientCommon extends LeanClient implements Pick<AccountsCommon, Exclude<keyof AccountsCommon, Subject>> {
  /** @internal */
  readonly [COMMON]: true = true
  /** The very object that was given; `config` adds to it. */
  _options: MeteorClientOptions
  /** The error of a sign-in that a person gave up. */
  readonly LoginCancelledError: typeof LoginCancelledError = LoginCancelledError
  readonly DEFAULT_LOGIN_EXPIRATION_DAYS: number = DEFAULT_LOGIN_EXPIRATION_DAYS
  readonly LOGIN_UNEXPIRING_TOKEN_DAYS: number = LOGIN_UNEXPIRING_TOKEN_DAYS

  constructor(options: MeteorClientOptions, leanOptions: AccountsClientOptions, transport: TransportInterface) {
    super(leanOptions, transport)
    this._options = options
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
    return tokenExpiresSoon(this._options, when, Date.now())
  }

  /** The options of a look-up, with `defaultFieldSelector` where it has a say. */
  _addDefaultFieldSelector(options: FieldOptions = {}): FieldOptions {
    return addDefaultFieldSelector(options, this._options.defaultFieldSelector)
  }
}
