import { AccountsError } from '@latchkey/common'
import { CONFIG_KEYS } from '@latchkey/common/meteor'
import type { AccountsConfig } from '@latchkey/common/meteor'
import type { ConnectionInformations, LoginResult, PublicUser, RefreshResult, Stop, Tokens } from '@latchkey/common'
import { isProduction, mergedOptions, settingsOf } from './accounts-server-options.ts'
import type { AccountsServerOptions, MergedOptions, UsersDatabase } from './accounts-server-options.ts'
import { storeOf } from './accounts-server-store.ts'
import { ownError } from './compat/accounts-js-error.ts'
import { connect, isService, strategiesOf } from './compat/accounts-js-service.ts'
import { accountsJsTokens } from './compat/accounts-js-tokens.ts'
import type {
  AccountsJsSession,
  AccountsJsUser,
  AuthenticationService,
  HookListener,
  ImpersonationResult,
  ImpersonationUserIdentity,
} from './compat/accounts-js-types.ts'
import { accountsJsSession, accountsJsUser, coreUser } from './compat/accounts-js-user.ts'
import { databaseOf } from './compat/database/database-of.ts'
import { prepareMail } from './compat/prepare-mail.ts'
import { isMoment, ServerHookEmitter } from './compat/server-hooks.ts'
import type { Moments, ServerHookPayloads, ServerHooks } from './compat/server-hooks.ts'
import { Accounts } from './core/accounts.ts'
import type { Login } from './core/accounts.ts'
import type { User } from './core/identity/user.ts'
import { APP, originOf } from './core/origin.ts'
import type { Mail } from './core/ports.ts'
import { isLive } from './core/session/session.ts'
import type { PrepareMail } from './core/settings.ts'
import type { Store } from './core/store.ts'
import type { Strategy } from './core/strategy.ts'
import { MeteorAccounts } from './meteor/meteor-accounts.ts'
import { METEOR_KEYS, partsOfMeteor } from './meteor/meteor-options.ts'
import type { MeteorServerOptions } from './meteor/meteor-options.ts'
import { collectionName } from './meteor/collection-name.ts'
import { switchableStore } from './meteor/users/switchable-store.ts'
import type { SwitchableStore } from './meteor/users/switchable-store.ts'
import { secondFactors } from './second-factors.ts'
import { processLog, systemPorts } from './system.ts'
import type { AccountsDdpFace, AccountsOnDdp } from './transports/ddp/accounts/ports.ts'
import type { Connection } from './wire/connection.ts'

export type { AccountsServerOptions } from './accounts-server-options.ts'

/** Services by the name they have on the wire: ways to sign in of ours, and those written for accounts-js. */
export type AccountsServices = Record<string, Strategy | AuthenticationService>

/** A DDP server, such as `DDPServer` of `@latchkey/server/ddp`: what can be handed accounts. */
export interface DDPServerOfAccounts {
  attachAccounts(server: AccountsOnDdp): void
  onConnection(listener: (connection: Connection) => void): unknown
}

/**
 * The accounts of an app: accounts-js's server and Meteor's in one, on Latchkey's core. A DDP server as its first argument selects Meteor's face: its options,
 * its defaults, its login methods over DDP. Every method is there on both. Construction is synchronous and opens nothing; the store opens and migrates
 * on {@link ready} or on first use, and {@link stop} closes everything.
 *
 * Every method that signs in answers `{ sessionId, tokens: { accessToken, refreshToken }, user }`; the user never carries a hash, a token or a
 * secret. Errors are `AccountsError` with a code of its closed set, and whatever the app's own hooks and services throw, as they threw it.
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
export class AccountsServer<CustomUser extends AccountsJsUser = AccountsJsUser> extends MeteorAccounts implements AccountsOnDdp {
  override readonly accounts: Accounts
  override readonly services: Readonly<AccountsServices>
  /** What Meteor's face has to say to a DDP server; undefined on any other. */
  readonly ddp?: AccountsDdpFace
  readonly #hooks: ServerHookEmitter
  /** On Meteor's face the users may be those of another collection. */
  readonly #collections: SwitchableStore | undefined
  readonly #given: AccountsServerOptions<CustomUser>
  #options: MergedOptions<CustomUser>

  /**
   * Meteor's. Needs `db` and `tokenSecret` like any server; a name that is no option is complained of on the console.
   * @throws AccountsError `InvalidSettings` for a missing store, weak secrets in production and contradictions
   */
  constructor(server: DDPServerOfAccounts, options: MeteorServerOptions)
  /**
   * accounts-js's. The database is an option (`db`, accounts-js 0.33) or the third argument (accounts-js 1.0), and a second one for sessions likewise.
   * @throws AccountsError `InvalidSettings` for a missing store, unknown options, weak secrets in production and contradictions
   */
  constructor(options: AccountsServerOptions<CustomUser>, services?: AccountsServices, usersDb?: UsersDatabase, sessionsDb?: Store)
  constructor(
    first: AccountsServerOptions<CustomUser> | DDPServerOfAccounts,
    second: AccountsServices | MeteorServerOptions = {},
    usersDb?: UsersDatabase,
    sessionsDb?: Store,
  ) {
    const { ddpServer, meteor, options, services } = readArguments(first, second)
    super(ownOptions(meteor ?? options), meteor ? METEOR_KEYS : [...Object.keys(options), ...CONFIG_KEYS])
    const { db, sessionsDb: sessionsOption, acceptAccountsJsTokens: accepted, factors, log = processLog } = options
    const ports = { ...systemPorts(log), ...options.ports }
    const strategies = strategiesOf(services)
    this.services = Object.freeze({ ...services })
    const store = storeOf({
      db,
      sessionsDb: sessionsOption,
      usersArgument: usersDb,
      sessionsArgument: sessionsDb,
      now: () => ports.clock.now(),
    })
    this.#collections = meteor ? switchableStore(store) : undefined
    if (meteor?.collection !== undefined) this._useCollection(collectionName(meteor.collection))
    this.accounts = new Accounts({
      settings: settingsOf(options),
      strategies,
      factors: secondFactors(strategies, factors),
      ...(accepted && { earlierTokens: accountsJsTokens(accepted, db ?? usersDb, isProduction(options)) }),
      store: this.#collections?.store ?? store,
      ports,
    })
    const { core } = this.accounts
    this.#given = options
    this.#options = mergedOptions(options, core.settings)
    this.#hooks = new ServerHookEmitter(core.hooks, { face: core.settings.face, publicUser: this.accounts.publicUser })
    const database = databaseOf(this.accounts)
    for (const service of Object.values(services)) if (isService(service)) connect(service, this, database)
    // Ours have what they need; accounts-js's apps reach the server through them.
    for (const service of Object.values(strategies)) if ('server' in service) service.server = this
    if (meteor?.oauthSecretKey !== undefined) this._loadOAuthSecretKey(meteor.oauthSecretKey)
    if (core.settings.face === 'meteor') this._wordMail()
    if (!ddpServer) return
    this.ddp = this._ddpFace()
    this._noteConnections(ddpServer)
    ddpServer.attachAccounts(this)
  }

  /** The options in force: what was given, with defaults where nothing was. Frozen. */
  get options(): MergedOptions<CustomUser> {
    return this.#options
  }

  protected override _configure(changes: AccountsConfig): AccountsConfig {
    const kept = super._configure(changes)
    this.#options = mergedOptions(this.#given, this.accounts.core.settings)
    return kept
  }

  protected override _useCollection(name: string): void {
    if (!this.#collections) throw new AccountsError('InvalidSettings', { message: 'collection is an option of the store on this face' })
    this.#collections.use(name)
  }

  /** Opens and migrates the store, starts mail, cache and sweeper. Idempotent. */
  ready(): Promise<void> {
    return this.accounts.ready()
  }

  /** Finishes what is under way and closes everything. Idempotent. */
  stop(): Promise<void> {
    return this.accounts.stop()
  }

  /** The services by name, as they were given. */
  getServices(): AccountsServices {
    return { ...this.services }
  }

  /** The options in force. */
  getOptions(): MergedOptions<CustomUser> {
    return this.options
  }

  /** accounts-js's hooks, with what its apps use of Emittery: `on`, `once`, `off`, `emit`, `onAny` and more. */
  getHooks(): ServerHookEmitter {
    return this.#hooks
  }

  /**
   * Subscribes to a hook of accounts-js (`ServerHooks.LoginSuccess`), or to several; call what it returns to stop. What a `ValidateLogin` listener throws
   * refuses the login; other listeners can undo nothing, and one that throws is logged.
   * @throws AccountsError `InvalidSettings` for a name that is nearly one of ours
   */
  on<Hook extends ServerHooks>(event: Hook | readonly Hook[], listener: (payload: ServerHookPayloads[Hook]) => unknown): Stop
  /** The same for a moment of the core, for example `validateLogin`, which is told in the core's own terms. */
  on<Moment extends keyof Moments>(moment: Moment, listener: (payload: Moments[Moment]) => void | Promise<void>): Stop
  /** The same for an event of the app's own, emitted through {@link getHooks}. */
  // An event of the app's own has a payload of the app's own.
  // oxlint-disable-next-line typescript/no-explicit-any
  on(event: string, listener: HookListener<any>): Stop
  on(event: string | readonly string[], listener: HookListener): Stop {
    // The first overload types the listener by its event.
    if (typeof event === 'string' && isMoment(event)) return this.accounts.core.hooks.on(event, listener as () => void)
    return this.#hooks.on(event, listener)
  }

  /**
   * The user as kept, with custom fields, and `services` that names the ways they can sign in; without credentials. For the app's own eyes: send users out
   * through {@link sanitizeUser}.
   */
  async findUserById(userId: string): Promise<CustomUser | null> {
    const user = await this.accounts.findUser({ kind: 'id', key: userId })
    return user && this.#record(user, await this.accounts.core.store.users.credentials(user.id))
  }

  /**
   * Signs in.
   * @throws AccountsError `ServiceNotFound`, `InvalidCredentials`, `UserDeactivated`, `TwoFactorRequired`, `TooManyAttempts`, `Busy`, and whatever
   * the service or a `ValidateLogin` hook refuses with
   */
  async loginWithService(serviceName: string, params: unknown, infos: ConnectionInformations): Promise<LoginResult> {
    return this.#result(await asThrown(this.accounts.login(serviceName, params, originOf(infos))))
  }

  /** Proves who it is, with every check of a login but the hook `ValidateLogin`, and opens no session. Throws what {@link loginWithService} throws. */
  async authenticateWithService(serviceName: string, params: unknown, infos: ConnectionInformations): Promise<boolean> {
    await asThrown(this.accounts.prove(serviceName, params, originOf(infos)))
    return true
  }

  /**
   * Opens a session for a user the app vouches for. Skips limits, second factor and hooks; still refuses deactivated users, and is audited.
   * @throws AccountsError `UserNotFound`, `UserDeactivated`
   */
  async loginWithUser(user: { id: string }, infos: ConnectionInformations): Promise<LoginResult> {
    return this.#result(await asThrown(this.accounts.loginTrusted(user.id, originOf(infos))))
  }

  /**
   * Acts as another user, for the holder of a live access token whom `impersonationAuthorize` lets. `{ authorized: false }` says neither why nor, with
   * ambiguous messages, whether there is such a user.
   * @throws AccountsError `InvalidToken`, `TokenVerificationFailed`, `SessionNotFound`, `InvalidSession`, `InvalidInput`, `Forbidden`,
   * `ImpersonatedUserNotFound`, `UserDeactivated`
   */
  async impersonate(accessToken: string, identity: ImpersonationUserIdentity, infos: ConnectionInformations): Promise<ImpersonationResult> {
    const answer = await asThrown(this.accounts.impersonate(accessToken, identity, originOf(infos)))
    if (!answer.authorized) return { authorized: false }
    const { tokens, user } = this.#result(answer.login)
    return { authorized: true, tokens, user }
  }

  /**
   * Exchanges a refresh token for the next pair.
   * @throws AccountsError `InvalidTokens`, `TokenVerificationFailed`, `InvalidSession`, `TooManyAttempts`
   */
  async refreshTokens(accessToken: string, refreshToken: string, infos: ConnectionInformations): Promise<RefreshResult> {
    const origin = originOf(infos)
    const result = this.#result(await asThrown(this.accounts.refresh(accessToken, refreshToken, origin)))
    return { ...result, infos: { userAgent: origin.userAgent, ip: origin.ip } }
  }

  /**
   * A pair of tokens for a live session, named by its token (`findSessionByAccessToken`). Opens no session, and puts no other pair out of use.
   * @throws AccountsError `SessionNotFound`, `InvalidSession`, `InvalidInput`
   */
  createTokens(of: { token: string; isImpersonated?: boolean; user: { id: string } }): Promise<Tokens> {
    return this.accounts.createTokens(of)
  }

  /**
   * The user of an access token whose session is live; with `useStatelessSession` whether or not it still is, with `micro` nothing but `{ id }`.
   * @throws AccountsError `InvalidToken`, `TokenVerificationFailed`, `SessionNotFound`, `InvalidSession`, and what `resumeSessionValidator` throws
   */
  resumeSession(accessToken: string): Promise<PublicUser> {
    return asThrown(this.accounts.resume(accessToken))
  }

  /**
   * The session an access token names, live or not (`valid`). More about it: `accounts.findByAccessToken`.
   * @throws AccountsError `InvalidToken`, `TokenVerificationFailed`, `SessionNotFound`
   */
  async findSessionByAccessToken(accessToken: string): Promise<AccountsJsSession> {
    const found = await this.accounts.findByAccessToken(accessToken)
    return accountsJsSession(found.session, isLive(found, this.accounts.core.clock.now()))
  }

  /**
   * Ends the session; accepts an expired access token whose signature is good.
   * @throws AccountsError `InvalidToken`, `TokenVerificationFailed`, `SessionNotFound`, `InvalidSession`
   */
  logout(accessToken: string): Promise<void> {
    return this.accounts.logoutByToken(accessToken, APP)
  }

  /** Refuses further logins and ends every session at once. @throws AccountsError `UserNotFound` */
  async deactivateUser(userId: string): Promise<void> {
    if (!(await this.accounts.deactivateUser(userId))) throw new AccountsError('UserNotFound')
  }

  /** Lets the user sign in again. @throws AccountsError `UserNotFound` */
  async activateUser(userId: string): Promise<void> {
    if (!(await this.accounts.activateUser(userId))) throw new AccountsError('UserNotFound')
  }

  /** A mail in the app's words, for services that send their own: by the option `prepareMail`, else from the template. `user` is a sanitised one. */
  prepareMail(...parts: Parameters<PrepareMail>): Mail {
    const { settings, clock } = this.accounts.core
    return prepareMail(settings, clock.now(), ...parts)
  }

  /**
   * What may leave of a user: no hashes, no tokens, no secrets, and no `services` unless `useInternalUserObjectSanitizer` is false; then
   * `userObjectSanitizer`, if there is one. Takes what {@link findUserById} and hooks hand out.
   */
  sanitizeUser(user: AccountsJsUser | User): PublicUser {
    return this.accounts.publicUser(coreUser(user))
  }

  #record(user: User, credentials: Parameters<typeof accountsJsUser>[2]): CustomUser {
    // The app says what its own fields are; they are what its own code put there.
    return accountsJsUser(this.accounts.core.settings.face, user, credentials) as CustomUser
  }

  #result(login: Login): LoginResult {
    const { sessionId, tokens, user } = this.accounts.loginResult(login)
    // Bearer mode, which every call of this class uses, always brings tokens; only continuing a session does not.
    if (!tokens) throw new AccountsError('UnrecognizedOptionsForLogin', { detail: 'a continued session has no tokens to hand out' })
    return { sessionId, tokens, user }
  }
}

/** A copy: what is set later on one server is not set on another that was given the same. Without the key, which is kept nowhere but where it is used. */
const ownOptions = ({ oauthSecretKey: _key, ...options }: AccountsConfig): AccountsConfig => options

/** Which of the two constructors was called, and with what. */
function readArguments<CustomUser extends AccountsJsUser>(
  first: AccountsServerOptions<CustomUser> | DDPServerOfAccounts,
  second: AccountsServices | MeteorServerOptions,
): ReadArguments<CustomUser> {
  // The overloads say what goes with what.
  if (!isDdpServer(first)) return { options: first, services: second as AccountsServices }
  const meteor = second as MeteorServerOptions
  // An app on Meteor's face has no record of accounts-js to be more particular about.
  return { ddpServer: first, meteor, ...(partsOfMeteor(meteor) as Pick<ReadArguments<CustomUser>, 'options' | 'services'>) }
}

interface ReadArguments<CustomUser extends AccountsJsUser> {
  ddpServer?: DDPServerOfAccounts
  meteor?: MeteorServerOptions
  options: AccountsServerOptions<CustomUser>
  services: AccountsServices
}

const isDdpServer = (given: object): given is DDPServerOfAccounts => 'attachAccounts' in given && typeof given.attachAccounts === 'function'

/** What the app's own code threw reaches the app as it was thrown. Transports are told by the core, which says what a client may read of it. */
const asThrown = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => Promise.reject(error instanceof Error ? ownError(error) : error))
