import type { LoginResult, Tokens } from '@latchkey/common'
import { Callbacks, CONFIG_KEYS, project } from '@latchkey/common/meteor'
import type { AccountsCommon, AccountsConfig, FieldOptions, Registered } from '@latchkey/common/meteor'
import type { AccountsClientOptions, ClientState } from '../accounts-client.ts'
import { makeSource, tracked } from '../source.ts'
import type { Source, TrackedSource } from '../source.ts'
import type { TransportInterface } from '../transport.ts'
import { answer, errorOf } from './callback.ts'
import type { Callback } from './callback.ts'
import { ClientCommon } from './client-common.ts'
import type { AccountsConnection } from './connection.ts'
import { DdpHalf } from './ddp-half.ts'
import { DdpTransport } from './ddp-transport.ts'
import { tellAll, tellOne } from './hooks.ts'
import type { LoginDetails, LoginFailure } from './hooks.ts'
import type { LinkCallback } from './links.ts'
import { nowhere } from './nowhere.ts'
import { LoginFunctions } from './login-functions.ts'
import type { LoginFunction } from './login-functions.ts'
import type { PageLoadLogin } from './page-load.ts'
import type { LoginCall, MethodLogin, Side } from './side.ts'
import { TransportSide } from './transport-side.ts'
import type { ClientUser } from './user.ts'

/** Options of an {@link LoginClient}: Meteor's for a client, and what is judged here about passwords. */
export interface MeteorClientOptions extends Omit<AccountsConfig, 'connection'> {
  /** The connection to the accounts server. */
  connection?: AccountsConnection
  /** Characters a new password needs: over DDP the server sees only a digest of it. @default 8 */
  passwordMinLength?: number
  /** Characters a new password may have. @default 256 */
  passwordMaxLength?: number
}

const OUR_KEYS = ['passwordMinLength', 'passwordMaxLength']

/** Keeps somebody signed in, in Meteor's words, over a DDP connection or over a transport of accounts-js. The part of `AccountsClient` without passwords. */
export class LoginClient extends ClientCommon implements Pick<AccountsCommon, keyof AccountsCommon> {
  /** The signed-in user, or null: `accounts.user({ fields: { profile: 1 } })` reads, `.get()` and `.subscribe` are those of every source. */
  declare readonly user: TrackedSource<ClientUser | null, [options?: FieldOptions]>
  /** Who is signed in, and whether that is known yet. */
  declare readonly state: Source<ClientState>
  /** The id of the signed-in user, or null. On a page that has just loaded: of whom the storage names, until the server has spoken. */
  readonly userId: TrackedSource<string | null>
  /** True while a sign-in is under way. */
  readonly loggingIn: TrackedSource<boolean>
  /** True while a sign-out is under way. */
  readonly loggingOut: TrackedSource<boolean>
  /** Whether the configuration of login services has arrived. Over a transport of accounts-js there is none to wait for. */
  readonly loginServicesConfigured: TrackedSource<boolean>
  /** The connection to the server. Over a transport of accounts-js there is none: this one then refuses every call. */
  readonly connection: AccountsConnection

  /** @internal What differs between wires. */
  readonly _side: Side
  /** @internal What there is over DDP only. */
  readonly _ddp: DdpHalf | undefined
  /** @internal Ways to sign in by their names. */
  readonly _functions: LoginFunctions = new LoginFunctions()
  readonly #rest: TransportSide | undefined
  readonly #onLogin = new Callbacks<LoginDetails>()
  readonly #onLoginFailure = new Callbacks<LoginFailure>()
  readonly #onLogout = new Callbacks<void>()
  /** True once a sign-in has come to its end here, until the sign-out. */
  #loggedIn = false

  /**
   * With a transport: accounts-js's client, and what Meteor's has besides. Without: Meteor's client, connected at once.
   * @throws TypeError for `connection` and `ddpUrl` together, or one of them beside a transport
   */
  constructor(options: MeteorClientOptions & AccountsClientOptions = {}, transport?: TransportInterface) {
    if (transport && ('connection' in options || 'ddpUrl' in options))
      throw new TypeError('Give a transport, or connection or ddpUrl, not both')
    const over = transport ?? new DdpTransport()
    super(options, transport ? leanOptions(options) : { session: 'cookie' }, over)
    for (const key of Object.keys(options)) if (!isKnown(key) && !transport) console.error(`Accounts.config: Invalid key: ${key}`)
    const parts = this.#parts()
    if (over instanceof DdpTransport) {
      this._ddp = new DdpHalf(options, parts)
      this._side = this._ddp.side
      over.connect(this._ddp.side)
    } else {
      const { state } = this
      const lean = {
        loginWithService: (service: string, credentials: object) => super.loginWithService(service, credentials),
        acceptLogin: (result: LoginResult<Tokens | null>) => super.acceptLogin(result),
        endSession: () => super.logout(),
      }
      this.#rest = new TransportSide({ ...parts, ...lean, transport: over, state })
      this._side = this.#rest
    }
    this.connection = this._ddp?.connection ?? nowhere()
    this.state = this._side.state
    this.user = tracked(this._side.user, fields => this.#readUser(fields))
    this.userId = tracked(this._side.userId)
    this.loggingIn = tracked(parts.loggingIn)
    this.loggingOut = tracked(parts.loggingOut)
    this.loginServicesConfigured = tracked(this._ddp?.services.ready ?? makeSource(true, idle))
  }

  /** What {@link user} reads, for code that runs on a server as well. */
  async userAsync(options?: FieldOptions): Promise<ClientUser | null> {
    return this.user(options)
  }

  /**
   * Sets options. A name that is no option is complained of on the console and left out; undefined says nothing.
   * @throws Error for `oauthSecretKey`, which is the server's
   */
  config(options: MeteorClientOptions): void {
    if ('oauthSecretKey' in options) throw new Error('The oauthSecretKey option may only be specified on the server')
    for (const [key, value] of Object.entries(options)) {
      if (!isKnown(key)) console.error(`Accounts.config: Invalid key: ${key}`)
      else if (value !== undefined) Reflect.set(this._options, key, value)
    }
    this._ddp?.useOptions(this._options)
  }

  /** Signs out on this device. `onLogout` is told if somebody was signed in. */
  override logout(): Promise<void>
  override logout(callback: Callback | undefined): undefined
  override logout(callback?: Callback): Promise<void> | undefined {
    return answer(this._side.logout(), callback)
  }

  /** Ends the sessions of this user everywhere else. */
  logoutOtherClients(): Promise<void>
  logoutOtherClients(callback: Callback | undefined): undefined
  logoutOtherClients(callback?: Callback): Promise<void> | undefined {
    return answer(this._side.logoutOtherClients(), callback)
  }

  /** Calls a method that signs in, as packages for further ways to sign in do. It ends in `userCallback`. */
  callLoginMethod(call: LoginCall): void {
    this._side.login(call)
  }

  /** Signs in with a login token. */
  loginWithToken(token: string): Promise<void>
  loginWithToken(token: string, callback: Callback | undefined): undefined
  loginWithToken(token: string, callback?: Callback): Promise<void> | undefined {
    return answer(this._login({ methodArguments: [{ resume: token }] }), callback)
  }

  /** {@link loginWithToken}, by the name newer apps use. */
  loginWithTokenAsync(token: string): Promise<void> {
    return this.loginWithToken(token)
  }

  override loginWithService(service: string, credentials: object): Promise<LoginResult<Tokens | null>> {
    const sign = (): Promise<LoginResult<Tokens | null>> => super.loginWithService(service, credentials)
    return this.#rest ? this.#rest.attempt(service, sign) : sign()
  }

  override async acceptLogin(result: LoginResult<Tokens | null>): Promise<void> {
    // Over DDP the connection has it already
    if (!this._ddp) await super.acceptLogin(result)
  }

  override async clearTokens(original = false): Promise<void> {
    if (this._ddp) this._ddp.side.makeClientLoggedOut()
    else await super.clearTokens(original)
  }

  /**
   * Told of every sign-in, with what the server answered. When somebody is signed in already it is told soon, with `{ type: 'resume' }`.
   */
  onLogin<Told extends (details: LoginDetails) => unknown>(callback: Told): Registered<Told> {
    const handle = this.#onLogin.register(callback)
    if (this.#loggedIn) setTimeout(() => this.#onLogin.all().includes(callback) && tellOne(callback, { type: 'resume' }))
    return handle
  }

  /** Told of every sign-in that failed, with `{ error }`. */
  onLoginFailure<Told extends (failure: LoginFailure) => unknown>(callback: Told): Registered<Told> {
    return this.#onLoginFailure.register(callback)
  }

  /** Told when somebody who was signed in is signed out. */
  onLogout<Told extends () => unknown>(callback: Told): Registered<Told> {
    return this.#onLogout.register(callback)
  }

  /** Told once how the sign-in by what was stored went, when this page was loaded. Never told when nothing was stored. */
  onPageLoadLogin(callback: (outcome: PageLoadLogin) => void): void {
    this._ddp?.pageLoad.tell(callback)
  }

  /** Reports such a sign-in, for packages that sign in by a redirect. The first report of a page counts. */
  _pageLoadLogin(outcome: PageLoadLogin): void {
    this._ddp?.pageLoad.report(outcome)
  }

  /** Does what the link `#/reset-password/<token>` is for, if this page was opened with one. Call `done` when it is done. */
  onResetPasswordLink(callback: LinkCallback): void {
    this._ddp?.links.on('reset-password', callback)
  }

  /** The same for `#/verify-email/<token>`. */
  onEmailVerificationLink(callback: LinkCallback): void {
    this._ddp?.links.on('verify-email', callback)
  }

  /** The same for `#/enroll-account/<token>`. */
  onEnrollmentLink(callback: LinkCallback): void {
    this._ddp?.links.on('enroll-account', callback)
  }

  /** Adds a way to sign in by its name. @throws Error `<name> has been defined already` */
  registerClientLoginFunction(name: string, login: LoginFunction): void {
    this._functions.register(name, login)
  }

  /** Signs in the way of that name. @throws Error `<name> was not defined` */
  callLoginFunction(name: string, ...args: unknown[]): unknown {
    return this._functions.apply(name, args)
  }

  /** The same with the arguments in a list. */
  applyLoginFunction(name: string, args: readonly unknown[]): unknown {
    return this._functions.apply(name, args)
  }

  /** Signs in with what is kept, and remembers it, without asking the server. */
  makeClientLoggedIn(userId: string, token: string, tokenExpires: Date): void {
    this._ddp?.side.makeClientLoggedIn(userId, token, tokenExpires)
  }

  /** Forgets who is signed in, without asking the server, which keeps the session. */
  makeClientLoggedOut(): void {
    this._ddp?.side.makeClientLoggedOut()
  }

  /** The names under which a login is kept. */
  get LOGIN_TOKEN_KEY(): string | undefined {
    return this._ddp?.store.LOGIN_TOKEN_KEY
  }

  get LOGIN_TOKEN_EXPIRES_KEY(): string | undefined {
    return this._ddp?.store.LOGIN_TOKEN_EXPIRES_KEY
  }

  get USER_ID_KEY(): string | undefined {
    return this._ddp?.store.USER_ID_KEY
  }

  _storeLoginToken(userId: string, token: string, tokenExpires: Date): void {
    this._ddp?.store.write(userId, token, tokenExpires)
  }

  _unstoreLoginToken(): void {
    this._ddp?.store.clear()
  }

  _storedLoginToken(): string | null {
    return this._ddp?.store.read()?.token ?? null
  }

  /** As it is written, which is `String(date)`. */
  _storedLoginTokenExpires(): string | null {
    return this._ddp?.store.readExpiryText() ?? null
  }

  _storedUserId(): string | null {
    return this._ddp?.store.read()?.userId ?? null
  }

  get _autoLoginEnabled(): boolean {
    return this._ddp?.storedLogin.enabled ?? false
  }

  _enableAutoLogin(): void {
    this._ddp?.storedLogin.enable()
  }

  /** Looks at once whether another tab has signed in or out. */
  _pollStoredLoginToken(): void {
    this._ddp?.storedLogin.poll()
  }

  /** A name of its own for what this client keeps, so that tests in one page do not meet. */
  _isolateLoginTokenForTest(): void {
    this._ddp?.store.isolate()
  }

  get _loginServicesHandle(): { ready(): boolean; stop(): void } | undefined {
    return this._ddp?.services
  }

  /** The token this page was opened with, by what it is for. */
  get _resetPasswordToken(): string | undefined {
    return this._ddp?.links.tokenFor('reset-password')
  }

  get _verifyEmailToken(): string | undefined {
    return this._ddp?.links.tokenFor('verify-email')
  }

  get _enrollAccountToken(): string | undefined {
    return this._ddp?.links.tokenFor('enroll-account')
  }

  /** Frees everything: timers, listeners, and the connection if this client made it. Nobody is signed out. */
  close(): void {
    this._ddp?.close()
  }

  /** @internal A login as a promise. */
  _login(call: LoginCall): Promise<void> {
    return new Promise((resolve, reject) => {
      this._side.login({ ...call, userCallback: error => (error === undefined ? resolve() : reject(error)) })
    })
  }

  /** What wires need of a client. */
  #parts() {
    return {
      loggingIn: makeSource(false, idle),
      loggingOut: makeSource(false, idle),
      options: () => this._options,
      userChanged: () => this.userChanged(),
      loggedIn: (details: LoginDetails | MethodLogin) => {
        this.#loggedIn = true
        tellAll(this.#onLogin, { type: 'unknown', ...details })
      },
      failed: (error: unknown) => tellAll(this.#onLoginFailure, { error: errorOf(error) }),
      loggedOut: () => {
        this.#loggedIn = false
        tellAll(this.#onLogout, undefined)
      },
    }
  }

  #readUser(options: FieldOptions = {}): ClientUser | null {
    const user = this._side.user.get()
    const { fields } = this._addDefaultFieldSelector(options)
    // A part of a user has the fields that were asked for; whoever asks knows which
    return user && fields ? (project(user, fields) as ClientUser) : user
  }
}

const idle = (): (() => void) => () => {}

const isKnown = (key: string): boolean => CONFIG_KEYS.includes(key) || OUR_KEYS.includes(key)

/** What the lean client takes of them; it refuses what nobody knows. */
const leanOptions = (options: object): AccountsClientOptions => Object.fromEntries(Object.entries(options).filter(([key]) => !isKnown(key)))
