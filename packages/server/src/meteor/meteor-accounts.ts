import { AccountsError } from '@latchkey/common'
import type { MeteorError } from '@latchkey/common/meteor'
import { toMeteorUser } from '../compat/meteor-user.ts'
import type { MeteorUser } from '../compat/meteor-user.ts'
import { passwordOf } from '../core/identity/credential.ts'
import type { PasswordInput } from '../core/ports.ts'
import { AccountsCode } from '../strategies/code/index.ts'
import { AccountsPassword } from '../strategies/password/index.ts'
import type { AccountsDdpFace, AttachedConnections } from '../transports/ddp/accounts/ports.ts'
import type { Connection } from '../wire/connection.ts'
import { handlerStrategy } from './login-handlers.ts'
import type { LoginHandler } from './login-handlers.ts'
import {
  destroyToken,
  expireLinks,
  expireTokens,
  hashLoginToken,
  insertLoginToken,
  hashStampedToken,
  newStampedToken,
  readOlder,
} from './login-tokens.ts'
import type { HashedStampedLoginToken, StampedLoginToken } from './login-tokens.ts'
import { MeteorUsers } from './meteor-users.ts'
import { OAuthEncryption } from './oauth-encryption/oauth-encryption.ts'
import { DDPRateLimiter } from './rate-limit/ddp-rate-limiter.ts'
import { OAuthServices } from './service-configuration/oauth-services.ts'
import { ServiceConfiguration } from './service-configuration/service-configuration.ts'
import { usersMethods } from './users/users-methods.ts'

/** Told of a code that belongs to a user and to no address. Answering something falsy keeps the mails from being sent. */
export type LoginTokenListener = (code: { token: string; userId: string }) => unknown

/** Meteor's server API, in one-liners; `AccountsServer` extends it. */
export abstract class MeteorAccounts extends MeteorUsers {
  /** Meteor's `Accounts.oauth`: the services an app offers to sign in with. */
  readonly oauth: OAuthServices = new OAuthServices()
  #rateLimiter: DDPRateLimiter | undefined
  #serviceConfiguration: ServiceConfiguration | undefined
  #oauthEncryption: OAuthEncryption | undefined
  #connections: AttachedConnections | undefined
  readonly #accountData = new Map<string, Map<string, unknown>>()
  #hasLoginTokenListener = false

  // Ways to sign in

  /**
   * Adds a way to sign in: the handler is asked what it makes of the options of `login`, after all that were there before, and answers undefined when they are not
   * its own. Limits, second factor, deactivation and hooks apply to it as to any other. `stampedLoginToken` of its answer is not used.
   * @param name how hooks know the way, unless the handler's answer says
   */
  registerLoginHandler(name: string, handler: LoginHandler): void
  registerLoginHandler(handler: LoginHandler): void
  registerLoginHandler(...given: [name: string, handler: LoginHandler] | [handler: LoginHandler]): void {
    const [name, handler] = given.length === 2 ? given : [this.#freeName('custom'), given[0]]
    if (typeof handler !== 'function') throw new TypeError('A login handler must be a function')
    this.accounts.addStrategy(name, handlerStrategy(name, handler))
  }

  /**
   * Tells of each code to sign in with that belongs to a user and to no address, for apps that send it by other means than mail. One at most.
   * @throws Error when there is one already
   */
  onCreateLoginToken(listener: LoginTokenListener): void {
    if (this.#hasLoginTokenListener) throw new Error('Can only call onCreateLoginToken once')
    const codes = Object.values(this.services).find(service => service instanceof AccountsCode)
    if (!codes) throw new AccountsError('InvalidSettings', { message: 'onCreateLoginToken needs the service AccountsCode' })
    codes.onCode(async (token, userId) => Boolean(await listener({ token, userId })))
    this.#hasLoginTokenListener = true
  }

  // Limits

  /** The rules about how often methods may be called: Meteor's `DDPRateLimiter`, one for each server. */
  get rateLimiter(): DDPRateLimiter {
    const { clock, chance, log } = this.accounts.core
    this.#rateLimiter ??= new DDPRateLimiter({ clock, chance, log })
    return this.#rateLimiter
  }

  /** Five calls of `login`, `createUser` and their like in ten seconds on one connection. In force from the start. */
  addDefaultRateLimit(): void {
    this.rateLimiter.addDefaultRateLimit()
  }

  /** Takes that rule away, and nothing else: the limits of the core are settings. False: it was not in force. */
  removeDefaultRateLimit(): boolean {
    return this.rateLimiter.removeDefaultRateLimit()
  }

  /** From now on calls are counted in the store, together with every other process on it that has the same rules. By itself each process counts its own. */
  shareRateLimits(): void {
    const { store } = this.accounts.core
    this.rateLimiter.share({
      count: async (counts, now) => {
        await this.accounts.ready()
        return store.attempts.count(counts, now)
      },
    })
  }

  // Providers

  /** Meteor's `ServiceConfiguration`: how providers know the app. */
  get serviceConfiguration(): ServiceConfiguration {
    this.#serviceConfiguration ??= new ServiceConfiguration(this.accounts, this.oauth)
    return this.#serviceConfiguration
  }

  /** Meteor's `Accounts.loginServiceConfiguration`: the documents, for the app's own code. */
  get loginServiceConfiguration(): ServiceConfiguration['configurations'] {
    return this.serviceConfiguration.configurations
  }

  /** Meteor's `Accounts.ConfigError`: a sign-in was tried for a service that nobody has configured. */
  get ConfigError(): ServiceConfiguration['ConfigError'] {
    return this.serviceConfiguration.ConfigError
  }

  /** Meteor's `OAuthEncryption`. */
  override get oauthEncryption(): OAuthEncryption {
    this.#oauthEncryption ??= new OAuthEncryption(this.accounts.core.chance)
    return this.#oauthEncryption
  }

  protected override _loadOAuthSecretKey(key: string): void {
    this.oauthEncryption.loadKey(key)
  }

  // Login tokens

  /** Ends the session of a login token, given as it is or as its hash, if it is that user's. */
  destroyToken(userId: string, tokenOrHash: string): Promise<void> {
    return destroyToken(this.accounts, userId, tokenOrHash)
  }

  /** SHA-256 in base64. */
  _hashLoginToken(token: string): string {
    return hashLoginToken(token)
  }

  _hashStampedToken(stamped: StampedLoginToken): HashedStampedLoginToken {
    return hashStampedToken(stamped)
  }

  /** A token as good as any, which opens nothing: sessions are opened by signing in. */
  _generateStampedLoginToken(): StampedLoginToken {
    return newStampedToken(this.accounts.core)
  }

  /**
   * Makes a login token good that the app made, to hand it to its owner by itself; audited. Its time is counted from `when`.
   * @throws AccountsError `InvalidInput` for a token that is too short, `UserNotFound`, `UserDeactivated`
   */
  _insertLoginToken(userId: string, stamped: StampedLoginToken): Promise<void> {
    return insertLoginToken(this.accounts, userId, stamped)
  }

  /** The same for a token of which the hash is known. */
  _insertHashedLoginToken(userId: string, hashed: HashedStampedLoginToken): Promise<void> {
    return insertLoginToken(this.accounts, userId, hashed)
  }

  /** Ends every session of the user. */
  async _clearAllLoginTokens(userId: string): Promise<void> {
    await this.accounts.revoke({ userId })
  }

  /** The hash of the login token that a connection signed in with; undefined when it did not. */
  _getLoginToken(connectionId: string): string | undefined {
    return this.#connections?.hashedLoginToken(connectionId)
  }

  /** Something the app noted about a connection; undefined once it is closed. */
  _getAccountData(connectionId: string, field: string): unknown {
    if (field === 'loginToken') return this._getLoginToken(connectionId)
    return this.#accountData.get(connectionId)?.get(field)
  }

  /** Notes something about a connection, or, with undefined, forgets it. */
  _setAccountData(connectionId: string, field: string, value: unknown): void {
    const data = this.#accountData.get(connectionId)
    if (value === undefined) data?.delete(field)
    else data?.set(field, value)
  }

  /** Ends the sessions of a user that began before then; without both deletes what is over, as the sweeper does by itself. */
  async _expireTokens(oldestValidDate?: Date | number, userId?: string): Promise<void> {
    const older = readOlder(oldestValidDate, userId)
    await (older ? expireTokens(this.accounts, older) : this.accounts.sweep())
  }

  /** Deletes a user's links to reset a password that were sent before then; without both what is over. Invitations stay. */
  _expirePasswordResetTokens(oldestValidDate?: Date | number, userId?: string): Promise<void> {
    return this.#expireLinks('reset-password', oldestValidDate, userId)
  }

  /** Deletes a user's invitations that were sent before then; without both what is over. Links to reset a password stay. */
  _expirePasswordEnrollTokens(oldestValidDate?: Date | number, userId?: string): Promise<void> {
    return this.#expireLinks('enroll-account', oldestValidDate, userId)
  }

  async #expireLinks(
    purpose: 'reset-password' | 'enroll-account',
    oldestValidDate: Date | number | undefined,
    userId: string | undefined,
  ): Promise<void> {
    const older = readOlder(oldestValidDate, userId)
    await (older ? expireLinks(this.accounts, purpose, older) : this.accounts.sweep())
  }

  // Users

  /** Codes of an authenticator app are set up for this user. */
  _check2faEnabled(user: Pick<MeteorUser, 'services'>): boolean {
    // Of services an app may know any shape.
    const { type } = (user.services?.twoFactorAuthentication ?? {}) as { type?: unknown }
    return type === 'otp'
  }

  /** The same for the signed-in user; false when nobody is. */
  async _is2faEnabledForUser(): Promise<boolean> {
    const user = await this.userAsync({ fields: {} })
    return user !== null && this._check2faEnabled(user)
  }

  /** Verifies a user's password; `error` says why it is not the one. A kept hash that is not made as hashes are made now is made anew soon after. */
  async _checkPasswordAsync(user: { _id: string }, password: PasswordInput): Promise<{ userId: string; error?: MeteorError }> {
    const service = Object.values(this.services).find(one => one instanceof AccountsPassword)
    if (!service) throw new AccountsError('InvalidSettings', { message: '_checkPasswordAsync needs the service AccountsPassword' })
    await this.init()
    const stored = passwordOf(await this.accounts.core.store.users.credentials(user._id))
    if (!stored) return { userId: user._id, error: this._handleError('User has no password set', false) }
    if (await service.isPasswordOf(user._id, password)) return { userId: user._id }
    return { userId: user._id, error: this._handleError('Incorrect password', false) }
  }

  // What a DDP server asks

  /** What Meteor's face has to say to a DDP server. */
  protected _ddpFace(): AccountsDdpFace {
    return {
      publishFields: () => this._publishedFields(),
      document: user => toMeteorUser(this.accounts.core.settings.face, user),
      collection: () => this._collectionName(),
      rateLimiter: this.rateLimiter,
      serviceConfiguration: this.serviceConfiguration,
      methods: () => usersMethods(this.users),
      attached: connections => {
        this.#connections = connections
      },
    }
  }

  /** Keeps what is noted about connections for as long as they are open. */
  protected _noteConnections(server: { onConnection(listener: (connection: Connection) => void): unknown }): void {
    server.onConnection(connection => {
      this.#accountData.set(connection.id, new Map<string, unknown>([['connection', connection]]))
      connection.onClose(() => this.#accountData.delete(connection.id))
    })
  }

  #freeName(name: string): string {
    const { strategies } = this.accounts.core
    let free = name
    for (let at = 2; strategies.has(free); at += 1) free = `${name}-${at}`
    return free
  }
}
