/** accounts-js's hooks: its names and payloads on the moments of the core, behind the part of Emittery's interface that apps use. */
import { AccountsError, nearMiss, stopOf } from '@latchkey/common'
import type { ConnectionInformations, PublicUser, Stop, Tokens } from '@latchkey/common'
import type { Asked, Hooks, LoginAttempt, Told } from '../core/hooks.ts'
import type { User } from '../core/identity/user.ts'
import type { Face } from '../core/settings.ts'
import type { Origin } from '../core/strategy.ts'
import { ownError } from './accounts-js-error.ts'
import type { AccountsJsSession, AccountsJsUser, HookListener, ImpersonationResult } from './accounts-js-types.ts'
import { accountsJsSession, accountsJsUser } from './accounts-js-user.ts'

/** Names of accounts-js's hooks: each is its own name. */
export const ServerHooks = {
  ValidateLogin: 'ValidateLogin',
  LoginSuccess: 'LoginSuccess',
  LoginError: 'LoginError',
  AuthenticateSuccess: 'AuthenticateSuccess',
  AuthenticateError: 'AuthenticateError',
  LogoutSuccess: 'LogoutSuccess',
  LogoutError: 'LogoutError',
  CreateUserSuccess: 'CreateUserSuccess',
  CreateUserError: 'CreateUserError',
  ResumeSessionSuccess: 'ResumeSessionSuccess',
  ResumeSessionError: 'ResumeSessionError',
  RefreshTokensSuccess: 'RefreshTokensSuccess',
  RefreshTokensError: 'RefreshTokensError',
  ImpersonationSuccess: 'ImpersonationSuccess',
  ImpersonationError: 'ImpersonationError',
  ResetPasswordSuccess: 'ResetPasswordSuccess',
  ChangePasswordSuccess: 'ChangePasswordSuccess',
} as const
/** One of {@link ServerHooks}. */
export type ServerHooks = keyof typeof ServerHooks

/** A login, as hooks see it: without passwords, codes and tokens. */
export interface LoginHookPayload {
  service: string
  connection: ConnectionInformations
  params: Record<string, unknown>
  user: AccountsJsUser
}

/** A login that was refused. */
export interface LoginErrorHookPayload extends Omit<LoginHookPayload, 'user'> {
  /** Once it is known whose account it was about. */
  user?: AccountsJsUser
  error: Error
}

/** What each hook is given. Users carry no hashes and tokens; `findUserById` of the server has more about them. */
export interface ServerHookPayloads {
  ValidateLogin: LoginHookPayload
  LoginSuccess: LoginHookPayload
  LoginError: LoginErrorHookPayload
  AuthenticateSuccess: LoginHookPayload
  AuthenticateError: LoginErrorHookPayload
  /** The session as it was; the token that asked, unless a cookie did. */
  LogoutSuccess: { session: AccountsJsSession; accessToken: string | undefined }
  LogoutError: Error
  CreateUserSuccess: AccountsJsUser
  /** What was to be kept, without the password. */
  CreateUserError: Record<string, unknown>
  /** `session` is null with `useStatelessSession`. */
  ResumeSessionSuccess: { user: AccountsJsUser; accessToken: string; session: AccountsJsSession | null }
  ResumeSessionError: Error
  RefreshTokensSuccess: { sessionId: string; tokens: Tokens; user: AccountsJsUser; infos: ConnectionInformations }
  RefreshTokensError: Error
  /** `user` is whoever acts as another; `sessionId` the session that was opened for it. */
  ImpersonationSuccess: { user: AccountsJsUser; impersonationResult: ImpersonationResult; sessionId: string }
  ImpersonationError: Error
  ResetPasswordSuccess: AccountsJsUser
  ChangePasswordSuccess: AccountsJsUser
}

/** The core's own moments, by name. */
export type Moments = Asked & Told

/** What a payload is made with. */
interface Maker {
  readonly face: Face
  readonly publicUser: (user: User) => PublicUser
}

/** Which moment of the core each hook is, and how its payload is made. Undefined: this one is not for accounts-js's listeners. */
type Translation<M extends keyof Moments, Payload> = { moment: M; payload: (moment: Moments[M], maker: Maker) => Payload | undefined }
type Translations = {
  [Hook in ServerHooks]: { [M in keyof Moments]: Translation<M, ServerHookPayloads[Hook]> }[keyof Moments]
}

const translation = <M extends keyof Moments, Payload>(
  moment: M,
  payload: (moment: Moments[M], maker: Maker) => Payload | undefined,
): Translation<M, Payload> => ({ moment, payload })

const TRANSLATIONS: Translations = {
  // accounts-js asks about logins that are good so far; a listener of the core's `validateLogin` is asked about the others too.
  ValidateLogin: translation('validateLogin', (attempt, { face }) => (attempt.allowed ? loginPayload(face, attempt) : undefined)),
  LoginSuccess: translation('login', (attempt, { face }) => loginPayload(face, attempt)),
  LoginError: translation('loginFailure', (attempt, { face }) => loginErrorPayload(face, attempt)),
  AuthenticateSuccess: translation('authenticated', (attempt, { face }) => loginPayload(face, attempt)),
  AuthenticateError: translation('authenticationFailure', (attempt, { face }) => loginErrorPayload(face, attempt)),
  LogoutSuccess: translation('logout', ({ session, accessToken }) => ({ session: accountsJsSession(session, true), accessToken })),
  LogoutError: translation('logoutFailure', ({ error }) => ownError(error)),
  CreateUserSuccess: translation('userCreated', ({ user }, { face }) => accountsJsUser(face, user)),
  CreateUserError: translation('userCreationFailure', ({ user }) => user),
  ResumeSessionSuccess: translation('resumed', ({ user, accessToken, session }, { face }) => ({
    user: accountsJsUser(face, user),
    accessToken,
    session: session && accountsJsSession(session, true),
  })),
  ResumeSessionError: translation('resumeFailure', ({ error }) => ownError(error)),
  RefreshTokensSuccess: translation('refreshed', ({ user, session, tokens, origin }, { face }) => ({
    sessionId: session.id,
    tokens,
    user: accountsJsUser(face, user),
    infos: connectionOf(origin),
  })),
  RefreshTokensError: translation('refreshFailure', ({ error }) => ownError(error)),
  ImpersonationSuccess: translation('impersonated', ({ user, target, login }, { face, publicUser }) => ({
    user: accountsJsUser(face, user),
    impersonationResult: { authorized: true, ...(login.tokens ? { tokens: login.tokens } : {}), user: publicUser(target) },
    sessionId: login.session.id,
  })),
  ImpersonationError: translation('impersonationFailure', ({ error }) => ownError(error)),
  ResetPasswordSuccess: translation('passwordReset', ({ user }, { face }) => accountsJsUser(face, user)),
  ChangePasswordSuccess: translation('passwordChanged', ({ user }, { face }) => accountsJsUser(face, user)),
}

/** Names of the core's moments, which `AccountsServer.on` takes too. A moment that is missing here does not compile. */
const MOMENTS: Readonly<Record<keyof Moments, true>> = {
  validateLogin: true,
  login: true,
  loginFailure: true,
  authenticated: true,
  authenticationFailure: true,
  logout: true,
  logoutFailure: true,
  userCreated: true,
  userCreationFailure: true,
  resumed: true,
  resumeFailure: true,
  refreshed: true,
  refreshFailure: true,
  impersonated: true,
  impersonationFailure: true,
  passwordReset: true,
  passwordChanged: true,
}

/** True for a moment of the core. */
export const isMoment = (name: string): name is keyof Moments => Object.hasOwn(MOMENTS, name)

/** True for a hook of accounts-js. */
export const isServerHook = (name: string): name is ServerHooks => Object.hasOwn(ServerHooks, name)

/** A listener as it is kept, whatever it listens to. */
type Listener = (payload: never) => unknown
type AnyListener = (event: string, payload: unknown) => unknown

/**
 * What `getHooks()` answers: accounts-js's hooks, and the app's own events beside them. Listeners of one event run at the same time and are waited for. When
 * the server tells of something, one that throws is logged and changes nothing; `ValidateLogin` runs one listener after another, and what it throws refuses the
 * login. When the app emits, a listener's error reaches the app.
 */
export class ServerHookEmitter {
  readonly #core: Hooks
  readonly #maker: Maker
  /** By event; each with the undo of its subscription to the core. */
  readonly #listeners = new Map<string, Map<Listener, Stop>>()
  readonly #any = new Map<AnyListener, Stop>()

  constructor(core: Hooks, maker: Maker) {
    this.#core = core
    this.#maker = maker
  }

  /** Subscribes to one event or several; call what it returns to stop. A listener that is given twice is called once. */
  on<Hook extends ServerHooks>(event: Hook | readonly Hook[], listener: (payload: ServerHookPayloads[Hook]) => unknown): Stop
  /** To an event of the app's own, or with a payload of the app's own type. */
  // What an app emits itself has whatever type the app says it has.
  // oxlint-disable-next-line typescript/no-explicit-any
  on(event: string | readonly string[], listener: HookListener<any>): Stop
  on(event: string | readonly string[], listener: Listener): Stop {
    const events = [event].flat()
    events.forEach(refuseMisspelt)
    for (const name of events) this.#add(name, listener)
    return stopOf(() => this.off(events, listener))
  }

  /** Resolves with the payload of the next such event. */
  once<Hook extends ServerHooks>(event: Hook | readonly Hook[]): Promise<ServerHookPayloads[Hook]>
  /** The same for an event of the app's own. */
  once(event: string | readonly string[]): Promise<unknown>
  once(event: string | readonly string[]): Promise<unknown> {
    return new Promise(resolve => {
      const stop = this.on(event, payload => {
        stop()
        resolve(payload)
      })
    })
  }

  /** Unsubscribes. */
  off(event: string | readonly string[], listener: Listener): void {
    for (const name of [event].flat()) {
      const listeners = this.#listeners.get(name)
      listeners?.get(listener)?.()
      listeners?.delete(listener)
    }
  }

  /** Calls every listener of the event at the same time and waits for them. Rejects with what a listener throws. */
  async emit(event: string, payload?: unknown): Promise<void> {
    await Promise.all(this.#calls(event, payload).map(async call => call()))
  }

  /** The same, one listener after another; the first that throws is the last that is called. */
  async emitSerial(event: string, payload?: unknown): Promise<void> {
    for (const call of this.#calls(event, payload)) await call()
  }

  /** Subscribes to every hook and every event of the app's own. */
  onAny(listener: AnyListener): Stop {
    if (!this.#any.has(listener)) {
      const stops = Object.keys(ServerHooks).map(hook => this.#subscribe(hook, payload => listener(hook, payload)))
      this.#any.set(
        listener,
        stopOf(() => stops.forEach(stop => stop())),
      )
    }
    return stopOf(() => this.offAny(listener))
  }

  /** Undoes {@link onAny}. */
  offAny(listener: AnyListener): void {
    this.#any.get(listener)?.()
    this.#any.delete(listener)
  }

  /** How many listeners the event has, or all events together; listeners to everything are among them. */
  listenerCount(event?: string | readonly string[]): number {
    const events = event === undefined ? [...this.#listeners.keys()] : [event].flat()
    return events.reduce((sum, name) => sum + (this.#listeners.get(name)?.size ?? 0), this.#any.size)
  }

  /** Removes the listeners of the event, or of all events, those to everything included. */
  clearListeners(event?: string | readonly string[]): void {
    const names = event === undefined ? [...this.#listeners.keys()] : [event].flat()
    for (const name of names) for (const listener of this.#listeners.get(name)?.keys() ?? []) this.off(name, listener)
    if (event === undefined) for (const listener of this.#any.keys()) this.offAny(listener)
  }

  #add(event: string, listener: Listener): void {
    const listeners = this.#listeners.get(event) ?? new Map<Listener, Stop>()
    this.#listeners.set(event, listeners)
    // A listener is typed by the event it was given for, which is this one.
    if (!listeners.has(listener)) listeners.set(listener, this.#subscribe(event, listener as HookListener))
  }

  /** What the core tells reaches the listener in accounts-js's form; nobody listens to the core for events of the app's own. */
  #subscribe(event: string, listener: HookListener): Stop {
    if (!isServerHook(event)) return stopOf(() => {})
    // One of the table's rows, which TypeScript cannot follow through the name: moment and payload belong together by their type above.
    const { moment, payload } = TRANSLATIONS[event] as Translation<keyof Moments, unknown>
    return this.#core.on(moment, async told => {
      const translated = payload(told, this.#maker)
      if (translated !== undefined) await listener(translated)
    })
  }

  #calls(event: string, payload: unknown): (() => unknown)[] {
    const listeners = [...(this.#listeners.get(event)?.keys() ?? [])] as HookListener[]
    return [
      ...listeners.map(listener => (): unknown => listener(payload)),
      ...[...this.#any.keys()].map(listener => (): unknown => listener(event, payload)),
    ]
  }
}

/** An app may have events of its own. One that is nearly ours is a slip that would never be heard of. */
function refuseMisspelt(event: string): void {
  if (isServerHook(event)) return
  const meant = nearMiss(event, [...Object.keys(ServerHooks), ...Object.keys(MOMENTS)])
  if (meant !== undefined) throw new AccountsError('InvalidSettings', { message: `Unknown hook "${event}". Did you mean "${meant}"?` })
}

/** Where a call came from, as accounts-js names it. */
export const connectionOf = ({ ip, userAgent, extra }: Origin): ConnectionInformations => ({ ...extra, ip, userAgent })

function loginPayload(face: Face, attempt: LoginAttempt): LoginHookPayload {
  const { service, params, origin, user } = attempt
  // A login that is good so far has a user.
  return { service, connection: connectionOf(origin), params, user: accountsJsUser(face, user as User) }
}

function loginErrorPayload(face: Face, { service, params, origin, user, error }: LoginAttempt & { error: Error }): LoginErrorHookPayload {
  const known = user ? { user: accountsJsUser(face, user) } : {}
  return { service, connection: connectionOf(origin), params, ...known, error: ownError(error) }
}
