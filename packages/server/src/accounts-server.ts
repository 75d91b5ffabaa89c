import { AccountsError } from '@latchkey/common'
import type { ConnectionInformations, LoginResult, PublicUser, RefreshResult, Stop } from '@latchkey/common'
import { Accounts } from './core/accounts.ts'
import type { Login } from './core/accounts.ts'
import type { Hooks } from './core/hooks.ts'
import type { User } from './core/identity/user.ts'
import type { Log, Ports } from './core/ports.ts'
import type { Session } from './core/session/session.ts'
import type { GivenSettings } from './core/settings.ts'
import type { Store } from './core/store.ts'
import { originOf } from './core/origin.ts'
import type { SecondFactor, Strategy } from './core/strategy.ts'
import { secondFactors } from './second-factors.ts'
import { systemPorts } from './system.ts'

/** Options of {@link AccountsServer}: accounts-js's names, and beside them everything else Latchkey can set. */
export interface AccountsServerOptions extends Omit<GivenSettings, 'accessTokenLifetime'> {
  /** Where everything is kept: a store, for example from `@latchkey/server/stores/sql`. */
  db: Store
  /**
   * accounts-js's token lifetimes: a number counts seconds, a text reads `90m` or `7d`. The life of the refresh token is the idle time of the
   * session.
   * @default { accessToken: { expiresIn: '90m' }, refreshToken: { expiresIn: '7d' } }
   */
  tokenConfigs?: { accessToken?: { expiresIn?: number | string }; refreshToken?: { expiresIn?: number | string } }
  /** Second factors users can enrol. Where there are passwords, codes from an authenticator app are always among them. */
  factors?: readonly SecondFactor[]
  /** Where to log, for example a pino logger. @default nowhere */
  log?: Log
  /** Time, chance and timers, for tests. */
  ports?: Partial<Ports>
}

/** Services by the name they have on the wire: accounts-js's second constructor argument. */
export type AccountsServices = Record<string, Strategy>

/**
 * The accounts of an app: accounts-js's server, on Latchkey's core. Construction is synchronous and opens nothing; the store opens and migrates
 * on {@link ready} or on first use, and {@link stop} closes everything.
 *
 * Every method that signs in answers `{ sessionId, tokens: { accessToken, refreshToken }, user }`; the user never carries a hash, a token or a
 * secret. Errors are `AccountsError` with a code of its closed set.
 * @example
 * import { AccountsServer } from '@latchkey/server'
 * import { AccountsPassword } from '@latchkey/server/strategies/password'
 * import { memoryStore } from '@latchkey/server/stores/memory'
 *
 * const accountsServer = new AccountsServer(
 *   { db: memoryStore(), tokenSecret: 'a secret of at least 32 random bytes, please' },
 *   { password: new AccountsPassword() },
 * )
 * const ada = await accountsServer.accounts.createUser({ email: 'ada@example.org', password: 'correct horse battery' })
 * const { tokens } = await accountsServer.loginWithService('password', { user: 'ada@example.org', password: 'correct horse battery' }, {})
 * const user = await accountsServer.resumeSession(tokens.accessToken)
 * console.log(user.id === ada.id)
 * await accountsServer.stop()
 */
export class AccountsServer {
  /** What transports are built on: all flows, without any wire. */
  readonly accounts: Accounts
  readonly #options: AccountsServerOptions
  readonly #services: AccountsServices

  /** @throws AccountsError `InvalidSettings` for a missing store, unknown options, weak secrets in production and contradictions */
  constructor(options: AccountsServerOptions, services: AccountsServices) {
    const { db, tokenConfigs, factors, log, ports, ...settings } = options
    if (!db) throw new AccountsError('InvalidSettings', { message: 'A database driver is required: pass a store as `db`' })
    this.#options = options
    this.#services = { ...services }
    this.accounts = new Accounts({
      settings: { face: 'accounts-js', ...settings, ...lifetimes(tokenConfigs, settings.session) },
      store: db,
      strategies: this.#services,
      factors: secondFactors(this.#services, factors),
      ports: { ...systemPorts(log), ...ports },
    })
  }

  /** Opens and migrates the store, starts mail, cache and sweeper. Idempotent. */
  ready(): Promise<void> {
    return this.accounts.ready()
  }

  /** Finishes what is under way and closes everything. Idempotent. */
  stop(): Promise<void> {
    return this.accounts.stop()
  }

  /** The services by name. */
  getServices(): AccountsServices {
    return { ...this.#services }
  }

  /** The options as they were given. */
  getOptions(): AccountsServerOptions {
    return this.#options
  }

  /** Subscribes to a moment of the core, for example `validateLogin`; call what it returns to stop. */
  on: Hooks['on'] = (moment, listener): Stop => this.accounts.core.hooks.on(moment, listener)

  /** The user as kept, with custom fields, without credentials. For the app's own eyes: send users out through {@link sanitizeUser}. */
  findUserById(userId: string): Promise<User | null> {
    return this.accounts.findUser({ kind: 'id', key: userId })
  }

  /**
   * Signs in.
   * @throws AccountsError `ServiceNotFound`, `InvalidCredentials`, `UserDeactivated`, `TwoFactorRequired`, `TooManyAttempts`, `Busy`, and whatever
   * the service or a `validateLogin` hook refuses with
   */
  async loginWithService(serviceName: string, params: unknown, infos: ConnectionInformations): Promise<LoginResult> {
    return this.#result(await this.accounts.login(serviceName, params, originOf(infos)))
  }

  /** Proves who it is, with every check of a login, and opens no session. */
  async authenticateWithService(serviceName: string, params: unknown, infos: ConnectionInformations): Promise<boolean> {
    await this.accounts.prove(serviceName, params, originOf(infos))
    return true
  }

  /**
   * Opens a session for a user the app vouches for. Skips limits, second factor and hooks; still refuses deactivated users, and is audited.
   * @throws AccountsError `UserNotFound`, `UserDeactivated`
   */
  async loginWithUser(user: { id: string }, infos: ConnectionInformations): Promise<LoginResult> {
    return this.#result(await this.accounts.loginTrusted(user.id, originOf(infos)))
  }

  /**
   * Exchanges a refresh token for the next pair.
   * @throws AccountsError `InvalidTokens`, `TokenVerificationFailed`, `InvalidSession`, `TooManyAttempts`
   */
  async refreshTokens(accessToken: string, refreshToken: string, infos: ConnectionInformations): Promise<RefreshResult> {
    const origin = originOf(infos)
    const result = this.#result(await this.accounts.refresh(accessToken, refreshToken, origin))
    return { ...result, infos: { userAgent: origin.userAgent, ip: origin.ip } }
  }

  /**
   * The user of an access token whose session is live.
   * @throws AccountsError `InvalidToken`, `TokenVerificationFailed`, `SessionNotFound`, `InvalidSession`
   */
  async resumeSession(accessToken: string): Promise<PublicUser> {
    const { user } = this.accounts.checkCached(accessToken) ?? (await this.accounts.check(accessToken))
    return this.sanitizeUser(user)
  }

  /**
   * The session an access token names, live or not.
   * @throws AccountsError `InvalidToken`, `TokenVerificationFailed`, `SessionNotFound`
   */
  async findSessionByAccessToken(accessToken: string): Promise<Session> {
    return (await this.accounts.findByAccessToken(accessToken)).session
  }

  /**
   * Ends the session; accepts an expired access token whose signature is good.
   * @throws AccountsError `InvalidToken`, `TokenVerificationFailed`, `SessionNotFound`, `InvalidSession`
   */
  logout(accessToken: string): Promise<void> {
    return this.accounts.logoutByToken(accessToken, originOf({}))
  }

  /** Refuses further logins and ends every session at once. */
  async deactivateUser(userId: string): Promise<void> {
    await this.accounts.deactivateUser(userId, originOf({}))
  }

  /** Lets the user sign in again. */
  async activateUser(userId: string): Promise<void> {
    await this.accounts.activateUser(userId, originOf({}))
  }

  /** What may leave of a user: no hashes, no tokens, no secrets; then `userObjectSanitizer`, if there is one. */
  sanitizeUser(user: User): PublicUser {
    return this.accounts.publicUser(user)
  }

  #result(login: Login): LoginResult {
    const { sessionId, tokens, user } = this.accounts.loginResult(login)
    // Bearer mode, which every call of this class uses, always brings tokens; only continuing a session does not.
    if (!tokens) throw new AccountsError('UnrecognizedOptionsForLogin', { detail: 'a continued session has no tokens to hand out' })
    return { sessionId, tokens, user }
  }
}

type Lifetimes = Pick<GivenSettings, 'accessTokenLifetime' | 'session'>

function lifetimes(tokenConfigs: AccountsServerOptions['tokenConfigs'] = {}, session: GivenSettings['session'] = {}): Lifetimes {
  const access = tokenConfigs.accessToken?.expiresIn
  const refresh = tokenConfigs.refreshToken?.expiresIn
  return {
    ...(access === undefined ? {} : { accessTokenLifetime: inMilliseconds(access) }),
    session: { ...(refresh === undefined ? {} : { idle: inMilliseconds(refresh) }), ...session },
  }
}

/** jsonwebtoken's rule: a bare number counts seconds. */
const inMilliseconds = (expiresIn: number | string): number | string => (typeof expiresIn === 'number' ? expiresIn * 1000 : expiresIn)
