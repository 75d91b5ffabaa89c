/** Meteor's ways to sign in over the wires of accounts-js. */
import type { LoginResult, Tokens, TwoFactorSecret } from '@latchkey/common'
import type { ClientState } from '../accounts-client.ts'
import { AccountsClientError } from '../error.ts'
import type { Source } from '../source.ts'
import type { NewUser, TransportInterface } from '../transport.ts'
import { report } from './callback.ts'
import { derived } from './derived.ts'
import type { LoginDetails } from './hooks.ts'
import type { LoginCall, Progress, Side } from './side.ts'
import { fromPublicUser } from './user.ts'
import type { ClientUser } from './user.ts'

/** What the side is made of. */
export interface TransportSideParts extends Progress {
  transport: TransportInterface
  state: Source<ClientState>
  /** Of the lean client: keep what comes back. */
  loginWithService(service: string, credentials: object): Promise<LoginResult<Tokens | null>>
  acceptLogin(result: LoginResult<Tokens | null>): Promise<void>
  endSession(): Promise<void>
  userChanged(): void
  loggedIn(login: LoginDetails): void
  failed(error: unknown): void
  loggedOut(): void
}

/** Translates Meteor's methods into deeds of accounts-js. */
export class TransportSide implements Side {
  readonly state: Source<ClientState>
  readonly userId: Source<string | null>
  readonly user: Source<ClientUser | null>
  readonly #parts: TransportSideParts
  #underWay = 0
  /** Of the code that was asked for last: it is good on this device only. */
  #codeRequest: string | undefined
  /** Of the authenticator app that is being set up. */
  #secret: TwoFactorSecret | undefined

  constructor(parts: TransportSideParts) {
    this.#parts = parts
    this.state = parts.state
    this.user = derived(() => {
      const { user } = parts.state.get()
      return user && fromPublicUser(user)
    }, parts.state)
    this.userId = derived(() => parts.state.get().user?.id ?? null, parts.state)
  }

  login({ methodName = 'login', methodArguments = [{}], validateResult, userCallback, _suppressLoggingIn }: LoginCall): void {
    const [options, second] = methodArguments
    // Over these wires a verified address signs nobody in
    if (methodName === 'verifyEmail') return this.#verify(text(options), userCallback)
    const { type, sign } = this.#wayOf(methodName, options, second)
    const checked = async (): Promise<LoginResult<Tokens | null>> => {
      const result = await sign()
      validateResult?.({ id: result.user.id, token: '', tokenExpires: new Date(0), type })
      return result
    }
    const login = this.attempt(type, checked, _suppressLoggingIn)
    void report(login, (error, result) => (result ? userCallback?.(undefined, { id: result.user.id, type }) : userCallback?.(error)))
    return undefined
  }

  /** Runs something that signs in, and tells how it went. */
  async attempt<Result extends LoginResult<Tokens | null>>(type: string, sign: () => Promise<Result>, quiet = false): Promise<Result> {
    const { loggingIn } = this.#parts
    const end = (): void => {
      if (!quiet && --this.#underWay === 0) loggingIn.set(false)
    }
    if (!quiet) {
      this.#underWay++
      loggingIn.set(true)
    }
    try {
      const result = await sign()
      this.#parts.loggedIn({ type, id: result.user.id })
      end()
      return result
    } catch (error) {
      this.#parts.failed(error)
      end()
      throw error
    }
  }

  async logout(): Promise<void> {
    const { loggingOut } = this.#parts
    const wasIn = this.userId.get() !== null
    loggingOut.set(true)
    try {
      await this.#parts.endSession()
    } finally {
      loggingOut.set(false)
    }
    if (wasIn) this.#parts.loggedOut()
  }

  logoutOtherClients(): Promise<void> {
    return this.#parts.transport.endOtherSessions()
  }

  async call(name: string, ...params: unknown[]): Promise<unknown> {
    const { transport } = this.#parts
    const [first, second, code] = params
    switch (name) {
      case 'changePassword':
        await transport.changePassword(text(first ?? ''), text(second), undefined, code === undefined ? code : text(code))
        return { passwordChanged: true }
      case 'forgotPassword':
        return transport.sendResetPasswordEmail(text(field(first, 'email')))
      case 'requestLoginTokenForUser':
        return this.#requestCode(first)
      case 'has2faEnabled':
        return (await transport.twoFactorStatus()).enabled
      case 'generate2faActivationQrCode':
        this.#secret = await transport.getTwoFactorSecret()
        return { secret: this.#secret.base32, uri: this.#secret.otpauth_url }
      case 'enableUser2fa':
        return transport.twoFactorEnable(this.#secret ?? {}, text(first))
      case 'disableUser2fa':
        return transport.twoFactorUnset(text(first))
      default:
        throw notHere(name)
    }
  }

  secret(password: string): unknown {
    return password
  }

  #verify(token: string, callback: LoginCall['userCallback']): void {
    void report(this.#verified(token), error => callback?.(error))
  }

  async #verified(token: string): Promise<void> {
    await this.#parts.transport.verifyEmail(token)
    this.#parts.userChanged()
  }

  /** How the wire does what a method of Meteor's does. */
  #wayOf(method: string, options: unknown, second: unknown): { type: string; sign: () => Promise<LoginResult<Tokens | null>> } {
    const { transport } = this.#parts
    if (method === 'createUser') return { type: 'password', sign: () => this.#signUp(options) }
    if (method === 'resetPassword')
      return { type: 'password', sign: async () => this.#signedIn(await transport.resetPassword(text(options), text(second))) }
    if (method === 'login' && isObject(options)) {
      if ('user' in options) return { type: 'password', sign: () => this.#parts.loginWithService('password', options) }
      if ('selector' in options) {
        const { selector: _, ...rest } = options
        const credentials = this.#codeRequest === undefined ? options : { ...rest, request: this.#codeRequest }
        return { type: 'code', sign: () => this.#parts.loginWithService('code', credentials) }
      }
    }
    return { type: method, sign: () => Promise.reject(notHere(method)) }
  }

  /** A server that hides whether an address is taken signs nobody in who signs up: whoever did can do so with the new password. */
  async #signUp(options: unknown): Promise<LoginResult<Tokens | null>> {
    const { transport } = this.#parts
    // Meteor's createUser has the same fields; the password was judged before
    const user = options as NewUser
    const { loginResult } = await transport.createUser(user)
    if (loginResult) return this.#signedIn(loginResult)
    const who = user.email === undefined ? { username: user.username } : { email: user.email }
    return this.#parts.loginWithService('password', { user: who, password: user.password })
  }

  async #signedIn(result: LoginResult<Tokens | null> | null): Promise<LoginResult<Tokens | null>> {
    if (!result) throw new AccountsClientError('The server does not sign in here; sign in with the new password', 'NotSignedIn')
    await this.#parts.acceptLogin(result)
    return result
  }

  async #requestCode(given: unknown): Promise<unknown> {
    const selector = field(given, 'selector')
    const request = await this.#parts.transport.requestLoginCode(text(field(selector, 'email')))
    this.#codeRequest = request || undefined
    return { selector, userData: field(given, 'userData') }
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const field = (of: unknown, name: string): unknown => (isObject(of) ? of[name] : undefined)

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`A text is needed here, not ${value === null ? 'null' : typeof value}`)
  return value
}

const notHere = (name: string): AccountsClientError =>
  new AccountsClientError(`There is no "${name}" over this transport`, 'ServiceNotFound')
