import type { LoginResult, PublicSettings, PublicUser, SessionInfo, Tokens } from '@latchkey/common'
import { AccountsClientError, isSessionOver, isTokenRefused } from './error.ts'
import { makeSource, partOf } from './source.ts'
import type { OwnSource, Source } from './source.ts'
import { tellTabs, watchTabs } from './tabs.ts'
import { TokenKeeper } from './token-keeper.ts'
import type { TokenStorage } from './token-storage.ts'
import type { ImpersonationIdentity, ImpersonationResult, TransportInterface } from './transport.ts'

/** Options of an {@link AccountsClient}: accounts-js's, and `session`. */
export interface AccountsClientOptions {
  /**
   * `bearer`: tokens, kept by this client. `cookie`: the session stays in a cookie that no script can read; nothing is stored here.
   * @default 'bearer'
   */
  session?: 'bearer' | 'cookie'
  /** Where tokens are kept. @default localStorage in a browser (memory when it is forbidden), memory elsewhere */
  tokenStorage?: TokenStorage
  /** @default 'accounts' */
  tokenStoragePrefix?: string
  /** @default ':' */
  tokenStorageSeparator?: string
}

/** Who is signed in. While `loading`, `error` says why it takes long; it is tried again by itself. */
export type ClientState =
  | { readonly status: 'loading'; readonly user: null; readonly error?: unknown }
  | { readonly status: 'signedIn'; readonly user: PublicUser }
  | { readonly status: 'signedOut'; readonly user: null }

const OPTIONS = ['session', 'tokenStorage', 'tokenStoragePrefix', 'tokenStorageSeparator']
const LOADING: ClientState = { status: 'loading', user: null }
const SIGNED_OUT: ClientState = { status: 'signedOut', user: null }

/**
 * Signs people in and keeps them signed in, in a browser and in Node. Making one touches neither storage nor network.
 * @example
 * import { AccountsClient, AccountsClientPassword, RestClient } from '@latchkey/client'
 * const accounts = new AccountsClient({}, new RestClient({ apiHost: 'http://localhost:3000' }))
 * const password = new AccountsClientPassword(accounts)
 * accounts.user.subscribe(user => console.log(user ? `Hello ${user.emails[0]?.address}` : 'Nobody is signed in'))
 * await password.login({ user: { email: 'ada@example.com' }, password: 'correct horse' })
 */
export class AccountsClient {
  readonly transport: TransportInterface
  /** How this client's session is kept. */
  readonly session: 'bearer' | 'cookie'
  /** Who is signed in, and whether that is known yet. The first listener makes the client ask the server. */
  readonly state: Source<ClientState>
  /** The signed-in user, or null. */
  readonly user: Source<PublicUser | null>
  readonly #state: OwnSource<ClientState>
  readonly #keeper: TokenKeeper
  readonly #prefix: string
  /** Tells our own messages from those of other tabs. */
  readonly #id: string = Math.random().toString(36)
  /** Counts sign-ins and sign-outs: an answer that was asked for before one of them is out of date. */
  #epoch = 0
  /** How often the server was asked for the user, and for which time its answer is known. */
  #asked = 0
  #answered = 0

  /** @throws Error `A valid transport is required`; TypeError for an unknown option */
  constructor(options: AccountsClientOptions, transport: TransportInterface) {
    if ('ddpUrl' in options || 'connection' in options) throw new TypeError('For DDP import AccountsClient from @latchkey/client/meteor')
    if (!transport) throw new Error('A valid transport is required')
    const unknown = Object.keys(options).find(key => !OPTIONS.includes(key))
    if (unknown) throw new TypeError(`Unknown option "${unknown}". Known: ${OPTIONS.join(', ')}`)
    this.transport = transport
    transport.client = this
    this.session = options.session ?? 'bearer'
    this.#prefix = (options.tokenStoragePrefix ?? 'accounts') + (options.tokenStorageSeparator ?? ':')
    this.#keeper = new TokenKeeper({
      storage: options.tokenStorage,
      prefix: this.#prefix,
      renew: tokens => this.#renew(tokens),
      over: () => this.#enter(SIGNED_OUT),
    })
    this.#state = makeSource(LOADING, () => this.#follow())
    this.state = this.#state
    this.user = partOf(this.#state, state => state.user)
  }

  /** The kept tokens, or with `original` those put aside during an impersonation. Null unless both are there; always null in cookie mode. */
  async getTokens(original = false): Promise<Tokens | null> {
    return this.session === 'cookie' ? null : this.#keeper.read(original)
  }

  /** Keeps a pair of tokens that came some other way. */
  async setTokens(tokens: Tokens, original = false): Promise<void> {
    if (this.session === 'cookie') throw new AccountsClientError('In cookie mode there are no tokens')
    await this.#keeper.keep(tokens, { original })
    if (original) return
    this.#enter(LOADING)
    this.userChanged()
  }

  /** Forgets the tokens of this device without asking the server, which keeps the session. */
  async clearTokens(original = false): Promise<void> {
    await this.#keeper.forget(original)
    if (!original) this.#enter(SIGNED_OUT)
  }

  /** Tries credentials without signing in. */
  authenticateWithService(service: string, credentials: object): Promise<boolean> {
    return this.transport.authenticateWithService(service, credentials)
  }

  /** Signs in and keeps the session. */
  async loginWithService(service: string, credentials: object): Promise<LoginResult<Tokens | null>> {
    const result = await this.transport.loginWithService(service, credentials)
    await this.acceptLogin(result)
    return result
  }

  /** Keeps the session of a login result: for ways to sign in that bring their own call. */
  async acceptLogin({ tokens, user }: LoginResult<Tokens | null>): Promise<void> {
    if (this.session === 'cookie' ? tokens : !tokens) {
      throw new AccountsClientError(`The server did not answer with a ${this.session} session`, 'UnexpectedReply')
    }
    if (tokens) {
      await this.#endPutAside()
      await this.#keeper.keep(tokens, { fresh: true })
    }
    this.#enter({ status: 'signedIn', user })
  }

  /**
   * Tokens that are good for now, replaced in time; however many callers and tabs ask, the server is asked once. Null: nobody is signed in, or the
   * server said that the session is over. Rejects when it cannot be asked: nobody is signed out for that.
   * @param force replace the tokens even if they are still good
   */
  async refreshSession(force = false): Promise<Tokens | null> {
    return this.session === 'cookie' ? null : this.#keeper.fresh(force)
  }

  /** For transports: tokens other than the refused one. Null when there are none any more. */
  async replaceTokens(refused: string): Promise<Tokens | null> {
    return this.#keeper.fresh(refused)
  }

  /** The signed-in user as the server knows it now, or null. */
  async getUser(): Promise<PublicUser | null> {
    const [epoch, turn] = [this.#epoch, ++this.#asked]
    const user = await this.transport.getUser()
    // An answer may be overtaken by a later one, of when another tab had signed in, say
    if (epoch === this.#epoch && turn > this.#answered) {
      this.#answered = turn
      this.#state.set(user ? { status: 'signedIn', user } : SIGNED_OUT)
    }
    return user
  }

  /** Tells that the user may have changed: when somebody listens to {@link state}, the user is asked for again. */
  userChanged(): void {
    if (this.#state.watched()) this.getUser().catch(() => {})
  }

  /**
   * Ends the session on the server and forgets it here; one that is over already is only forgotten. Rejects when the server cannot be reached:
   * the session lives then, here and there, and the call can be repeated.
   */
  async logout(): Promise<void> {
    await this.#endOnServer()
    // Whoever acts as another user signs out as oneself too: a session that nobody holds the tokens of would live on
    if (await this.getTokens(true)) {
      await this.#keeper.restore()
      await this.#endOnServer()
    }
    await this.#leave()
  }

  /**
   * Acts as another user; the own tokens are put aside. The server's `impersonationAuthorize` decides. Not in cookie mode.
   * @throws Error `An access token is required`, `User unauthorized to impersonate`
   */
  async impersonate(identity: ImpersonationIdentity): Promise<ImpersonationResult> {
    const own = await this.refreshSession()
    if (!own) throw new Error('An access token is required')
    const result = await this.transport.impersonate(own.accessToken, identity)
    if (!result.authorized || !result.tokens) throw new Error('User unauthorized to impersonate')
    await this.#keeper.putAside(result.tokens)
    this.#enter(result.user ? { status: 'signedIn', user: result.user } : LOADING)
    return result
  }

  /**
   * Ends the impersonation and continues as oneself. Nothing happens when there is none. Rejects when the server cannot be reached: one goes on acting as the
   * other user then, and the call can be repeated.
   */
  async stopImpersonation(): Promise<void> {
    const own = await this.getTokens(true)
    if (!own) return
    // Equal when an earlier call came no further than that: then it is the own session, which must not end
    if ((await this.getTokens())?.refreshToken !== own.refreshToken) await this.#endOnServer()
    await this.#keeper.restore()
    this.#enter(LOADING)
    this.userChanged()
  }

  /** My sessions, this one marked `current`. */
  sessions(): Promise<SessionInfo[]> {
    return this.transport.sessions()
  }

  /** Ends one of my sessions; its device is out at its next request. */
  async endSession(sessionId: string): Promise<void> {
    await this.transport.endSession(sessionId)
    // It may have been this one
    this.userChanged()
  }

  /** Ends all my sessions but this one. */
  endOtherSessions(): Promise<void> {
    return this.transport.endOtherSessions()
  }

  /**
   * Removes one of my e-mail addresses. Without `password` only soon after a sign-in, else `RecentLoginRequired`; here and below whoever has a second factor
   * sends a `code` too then, else `TwoFactorRequired`.
   */
  async removeEmail(email: string, password?: string, code?: string): Promise<void> {
    await this.transport.removeEmail(email, password, undefined, code)
    this.userChanged()
  }

  /** Replaces one of my e-mail addresses. Without `password` only soon after a sign-in, else `RecentLoginRequired`. */
  async changeEmail(oldEmail: string, newEmail: string, password?: string, code?: string): Promise<void> {
    await this.transport.changeEmail(oldEmail, newEmail, password, undefined, code)
    this.userChanged()
  }

  /** Deletes my account for good. Without `password` only soon after a sign-in, else `RecentLoginRequired`. */
  async deleteAccount(password?: string, code?: string): Promise<void> {
    await this.transport.deleteAccount(password, undefined, code)
    await this.#leave()
  }

  /** Everything the server keeps about me, without secrets. */
  exportData(): Promise<Record<string, unknown>> {
    return this.transport.exportData()
  }

  /** What a sign-in page has to know: whether sign-up is open, the shortest password, the ways to sign in. */
  settings(): Promise<PublicSettings> {
    return this.transport.settings()
  }

  async #renew(tokens: Tokens): Promise<Tokens> {
    const epoch = this.#epoch
    const result = await this.transport.refreshTokens(tokens.accessToken, tokens.refreshToken)
    if (epoch === this.#epoch && result?.user) this.#state.set({ status: 'signedIn', user: result.user })
    return result?.tokens
  }

  /** A session that is over already needs no end. */
  async #endOnServer(): Promise<void> {
    await this.#keeper.settled()
    if (this.session === 'bearer' && !(await this.getTokens())) return
    await this.transport.logout().catch((error: unknown) => {
      if (!isSessionOver(error) && !isTokenRefused(error)) throw error
    })
  }

  /**
   * Somebody else may sign in where an impersonation ended by itself: the administrator's session is not theirs to go back to. It ends on the server as well,
   * if that can be reached; here it is gone in any case.
   */
  async #endPutAside(): Promise<void> {
    if (!(await this.getTokens(true))) return
    await this.#keeper.restore()
    await this.#endOnServer().catch(() => {})
    await this.#keeper.forget()
  }

  async #leave(): Promise<void> {
    if (this.session === 'bearer') {
      await this.#keeper.forget()
      await this.#keeper.forget(true)
    }
    this.#enter(SIGNED_OUT)
  }

  #enter(state: ClientState): void {
    this.#epoch++
    this.#state.set(state)
    tellTabs(`${this.#prefix}session`, this.#id)
  }

  /** Learns who is signed in and stays up to date, until the last listener has left. */
  #follow(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined
    let wait = 1000
    let left = false
    const ask = async (): Promise<void> => {
      clearTimeout(timer)
      try {
        await this.getUser()
        wait = 1000
      } catch (error) {
        if (left || this.#state.get().status !== 'loading') return
        this.#state.set({ status: 'loading', user: null, error })
        timer = setTimeout(() => void ask(), wait)
        wait = Math.min(wait * 2, 60_000)
      }
    }
    void ask()
    const stop = watchTabs(`${this.#prefix}session`, this.#id, `${this.#prefix}accessToken`, () => void ask())
    return () => {
      left = true
      clearTimeout(timer)
      stop()
    }
  }
}
