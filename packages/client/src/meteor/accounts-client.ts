import { MeteorError } from '@latchkey/common/meteor'
import type { AccountsClientOptions } from '../accounts-client.ts'
import type { TransportInterface } from '../transport.ts'
import { checkNewPassword, checkText, toSelector, withCode } from './arguments.ts'
import type { UserSelector } from './arguments.ts'
import { answer, refuse } from './callback.ts'
import type { Callback } from './callback.ts'
import { hashPassword } from './hash-password.ts'
import type { PasswordDigest } from './hash-password.ts'
import { whenPageIsReady } from './links.ts'
import { LoginClient } from './login-client.ts'
import type { MeteorClientOptions } from './login-client.ts'
import { LoginServices } from './login-services.ts'
import { readLoginLink } from './login-link.ts'
import { UsersCollection } from './users-collection.ts'

/** What one signs up with: a name or an address, a password, and what the server's hooks make of the rest. */
export interface CreateUserOptions {
  username?: string
  email?: string
  password: string
  profile?: Record<string, unknown>
  [custom: string]: unknown
}

/** What one asks for a code with. */
export interface LoginTokenRequest {
  selector: string | UserSelector
  /** Who one becomes if there is no such user. */
  userData?: Record<string, unknown>
  options?: { userCreationDisabled?: boolean; [extra: string]: unknown }
}

/** A secret for an authenticator app. */
export interface ActivationCode {
  /** A picture of the code to scan. Over a transport of accounts-js there is none: draw `uri`. */
  svg?: string
  /** To be typed where nothing can be scanned. */
  secret: string
  uri: string
}

/**
 * The client of both parents. `new AccountsClient({ ddpUrl })` is Meteor's: connected at once over DDP, signed in by what is stored.
 * `new AccountsClient(options, transport)` is accounts-js's, with Meteor's functions besides.
 *
 * Functions of Meteor's report to the callback in the last place; without one they answer a promise. A mistake in the arguments is thrown at once then.
 * @example
 * import { AccountsClient } from '@latchkey/client/meteor'
 * const accounts = new AccountsClient({ ddpUrl: 'https://accounts.example.com' })
 * accounts.user.subscribe(user => console.log(user ? `Hello ${user.username}` : 'Nobody is signed in'))
 * await accounts.loginWithPassword('ada', 'correct horse battery')
 * accounts.close()
 */
export class AccountsClient extends LoginClient {
  /** The users that are published to this client, usually only oneself; and changing one's own profile, where the server allows that. */
  readonly users: UsersCollection
  /** Services that sign in through another site, by the names Meteor gives them. */
  readonly oauth: LoginServices

  /** @throws TypeError for `connection` and `ddpUrl` together, or one of them beside a transport */
  constructor(options: MeteorClientOptions & AccountsClientOptions = {}, transport?: TransportInterface) {
    super(options, transport)
    this.users = new UsersCollection(this)
    this.oauth = new LoginServices(this._functions)
    // A link to sign in leads to the page's own server
    if (this._ddp?.isOfPage) whenPageIsReady(() => void this.autoLoginWithToken())
  }

  /** Signs in. A text with an `@` is an address, any other one a username. */
  loginWithPassword(who: string | UserSelector, password: string): Promise<void>
  loginWithPassword(who: string | UserSelector, password: string, callback: Callback | undefined): undefined
  loginWithPassword(who: string | UserSelector, password: string, callback?: Callback): Promise<void> | undefined {
    return answer(this._login({ methodArguments: [{ user: toSelector(who), password: this._side.secret(password) }] }), callback)
  }

  /** {@link loginWithPassword}, by the name newer apps use. */
  loginWithPasswordAsync(who: string | UserSelector, password: string): Promise<void> {
    return this.loginWithPassword(who, password)
  }

  /** Signs in somebody who has a second factor, with its code. */
  loginWithPasswordAnd2faCode(who: string | UserSelector, password: string, code: string): Promise<void>
  loginWithPasswordAnd2faCode(who: string | UserSelector, password: string, code: string, callback: Callback | undefined): undefined
  loginWithPasswordAnd2faCode(who: string | UserSelector, password: string, code: string, callback?: Callback): Promise<void> | undefined {
    // Thrown even beside a callback, as in Meteor: it is a mistake of the program
    checkText(code, 'token is required to use loginWithPasswordAnd2faCode and must be a string')
    return answer(this._login({ methodArguments: [{ user: toSelector(who), password: this._side.secret(password), code }] }), callback)
  }

  /** {@link loginWithPasswordAnd2faCode} that only answers a promise. */
  async loginWithPasswordAnd2faCodeAsync(who: string | UserSelector, password: string, code: string): Promise<void> {
    return this.loginWithPasswordAnd2faCode(who, password, code)
  }

  /** Signs up and in. @throws Error `options.password must be a string` */
  createUser(options: CreateUserOptions): Promise<void>
  createUser(options: CreateUserOptions, callback: Callback | undefined): undefined
  createUser(options: CreateUserOptions, callback?: Callback): Promise<void> | undefined {
    if (typeof options.password !== 'string') throw new Error('options.password must be a string')
    return this.#checked(
      callback,
      () => this._login({ methodName: 'createUser', methodArguments: [{ ...options, password: this._side.secret(options.password) }] }),
      () => checkNewPassword(options.password, this._options),
    )
  }

  /** {@link createUser} that only answers a promise. */
  async createUserAsync(options: CreateUserOptions): Promise<void> {
    return this.createUser(options)
  }

  /**
   * Changes my password; the server ends my other sessions. Somebody who has none is refused, and chooses one by a link.
   * @param code of an authenticator app: who has a second factor needs one, unless they signed in a moment ago
   */
  changePassword(oldPassword: string | null, newPassword: string, code?: string): Promise<void>
  changePassword(oldPassword: string | null, newPassword: string, callback: Callback | undefined): undefined
  changePassword(oldPassword: string | null, newPassword: string, code: string, callback: Callback | undefined): undefined
  changePassword(oldPassword: string | null, newPassword: string, third?: string | Callback, fourth?: Callback): Promise<void> | undefined {
    const [code, callback] = withCode(third, fourth)
    return this.#checked(
      callback,
      async () => {
        const result = await this._side.call(
          'changePassword',
          oldPassword ? this._side.secret(oldPassword) : null,
          this._side.secret(newPassword),
          ...code,
        )
        if (!result) throw new Error('No result from changePassword.')
      },
      () => {
        if (this.userId.get() === null) throw new Error('Must be logged in to change password.')
        if (typeof newPassword !== 'string') throw new MeteorError(400, 'Password must be a string')
        checkNewPassword(newPassword, this._options)
      },
    )
  }

  /** Asks for a mail with a link to choose a new password. */
  forgotPassword(options: { email: string }): Promise<void>
  forgotPassword(options: { email: string }, callback: Callback | undefined): undefined
  forgotPassword(options: { email: string }, callback?: Callback): Promise<void> | undefined {
    try {
      checkText(options.email, 'Must pass options.email')
    } catch (error) {
      return refuse(error, callback)
    }
    return this.#tell('forgotPassword', options, callback)
  }

  /** Chooses a new password with the token of such a link, and signs in. */
  resetPassword(token: string, newPassword: string): Promise<void>
  resetPassword(token: string, newPassword: string, callback: Callback | undefined): undefined
  resetPassword(token: string, newPassword: string, callback?: Callback): Promise<void> | undefined {
    return this.#checked(
      callback,
      () => this._login({ methodName: 'resetPassword', methodArguments: [token, this._side.secret(newPassword)] }),
      () => {
        checkText(token, 'Token must be a string')
        if (typeof newPassword !== 'string') throw new MeteorError(400, 'Password must be a string')
        checkNewPassword(newPassword, this._options)
      },
    )
  }

  /** Confirms an address with the token of a link, and signs in. */
  verifyEmail(token: string): Promise<void>
  verifyEmail(token: string, callback: Callback | undefined): undefined
  verifyEmail(token: string, callback?: Callback): Promise<void> | undefined {
    return this.#checked(
      callback,
      () => this._login({ methodName: 'verifyEmail', methodArguments: [token] }),
      () => checkText(token, 'Need to pass token'),
    )
  }

  /** Asks for a mail with a code to sign in. */
  requestLoginTokenForUser(request: LoginTokenRequest): Promise<unknown>
  requestLoginTokenForUser(request: LoginTokenRequest, callback: Callback<unknown> | undefined): undefined
  requestLoginTokenForUser(request: LoginTokenRequest, callback?: Callback<unknown>): Promise<unknown> | undefined {
    const { selector, userData, options } = request
    if (!selector) return refuse(new MeteorError(400, 'Must pass selector'), callback)
    return answer(this._side.call('requestLoginTokenForUser', { selector: toSelector(selector), userData, options }), callback)
  }

  /** Signs in with such a code. */
  passwordlessLoginWithToken(who: string | UserSelector, token: string): Promise<void>
  passwordlessLoginWithToken(who: string | UserSelector, token: string, callback: Callback | undefined): undefined
  passwordlessLoginWithToken(who: string | UserSelector, token: string, callback?: Callback): Promise<void> | undefined {
    return answer(this._login({ methodArguments: [{ selector: toSelector(who), token }] }), callback)
  }

  /** The same for somebody who has a second factor, with its code. */
  passwordlessLoginWithTokenAnd2faCode(who: string | UserSelector, token: string, code: string): Promise<void>
  passwordlessLoginWithTokenAnd2faCode(who: string | UserSelector, token: string, code: string, callback: Callback | undefined): undefined
  passwordlessLoginWithTokenAnd2faCode(
    who: string | UserSelector,
    token: string,
    code: string,
    callback?: Callback,
  ): Promise<void> | undefined {
    checkText(code, 'token is required to use passwordlessLoginWithTokenAnd2faCode and must be a string')
    return answer(this._login({ methodArguments: [{ selector: toSelector(who), token, code }] }), callback)
  }

  /**
   * Signs in with the code of the link this page was opened with, unless somebody is signed in, and takes it out of the address. Called by itself on the
   * page of the accounts server.
   */
  autoLoginWithToken(): Promise<void>
  autoLoginWithToken(callback: Callback | undefined): undefined
  autoLoginWithToken(callback?: Callback): Promise<void> | undefined {
    const link = readLoginLink()
    if (!link || this.userId.get() !== null) return answer(Promise.resolve(), callback)
    link.forget()
    return answer(this.passwordlessLoginWithToken(link.selector, link.token), callback)
  }

  /** Whether I have a second factor. */
  has2faEnabled(): Promise<boolean>
  has2faEnabled(callback: Callback<boolean> | undefined): undefined
  has2faEnabled(callback?: Callback<boolean>): Promise<boolean> | undefined {
    return answer(this._side.call('has2faEnabled').then(Boolean), callback)
  }

  /** A new secret for an authenticator app. It counts once {@link enableUser2fa} is called with a code made from it. */
  generate2faActivationQrCode(appName: string): Promise<ActivationCode>
  generate2faActivationQrCode(appName: string, callback: Callback<ActivationCode> | undefined): undefined
  generate2faActivationQrCode(appName: string, callback?: Callback<ActivationCode>): Promise<ActivationCode> | undefined {
    checkText(appName, 'An app name is necessary when calling the function generate2faActivationQrCode', 500)
    // The server's contract
    const made = this._side.call('generate2faActivationQrCode', appName) as Promise<ActivationCode>
    return answer(made, callback)
  }

  /** Sets up the second factor with a code of the app. */
  enableUser2fa(code: string): Promise<void>
  enableUser2fa(code: string, callback: Callback | undefined): undefined
  enableUser2fa(code: string, callback?: Callback): Promise<void> | undefined {
    return this.#checked(
      callback,
      () => this.#silent('enableUser2fa', code),
      () => checkText(code, 'Must provide a code to validate'),
    )
  }

  /** Gives the second factor up: soon after a sign-in, or with a code of the app. */
  disableUser2fa(code?: string): Promise<void>
  disableUser2fa(callback: Callback | undefined): undefined
  disableUser2fa(code: string, callback: Callback | undefined): undefined
  disableUser2fa(first?: string | Callback, second?: Callback): Promise<void> | undefined {
    const [code, callback] = withCode(first, second)
    return answer(this.#silent('disableUser2fa', ...code), callback)
  }

  /** @internal What is sent for a password over DDP. */
  _hashPassword(password: string): PasswordDigest {
    return hashPassword(password)
  }

  /** A call of a method that answers nothing. Meteor's tests count what it is called with. */
  #tell(name: string, options: object, callback: Callback | undefined): Promise<void> | undefined {
    if (!this._ddp || !callback) return answer(this.#silent(name, options), callback)
    void this.connection.call(name, options, callback)
    return undefined
  }

  /** A call whose answer says nothing. */
  async #silent(name: string, ...params: unknown[]): Promise<void> {
    await this._side.call(name, ...params)
  }

  /** Looks at the arguments first: a mistake goes to the callback, or is thrown at once. */
  #checked(callback: Callback | undefined, work: () => Promise<void>, check: () => void = () => {}): Promise<void> | undefined {
    try {
      check()
    } catch (error) {
      return refuse(error, callback)
    }
    return answer(work(), callback)
  }
}
