/** Signing in and staying signed in over DDP, as Meteor's client does. */
import { stopOf } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import { MeteorError, tokenExpiresSoon, tokenLifetime } from '@latchkey/common/meteor'
import type { AccountsConfig } from '@latchkey/common/meteor'
import type { ClientState } from '../accounts-client.ts'
import type { DdpCollection } from '../ddp/index.ts'
import type { Source } from '../source.ts'
import { report } from './callback.ts'
import { derived } from './derived.ts'
import type { AccountsConnection } from './connection.ts'
import { hashPassword } from './hash-password.ts'
import type { KeptLogin, LoginTokenStore } from './login-token-store.ts'
import type { LoginCall, MethodLogin, Progress, Side } from './side.ts'
import { isForNow, isRefusal, Retry } from './retry.ts'
import { fromDocument } from './user.ts'
import type { ClientUser } from './user.ts'

/** Milliseconds that a login waits for the user's document, which a server may send after its answer; one that publishes no user never sends it. */
const DOCUMENT_WAIT = 2000

/** What the side is made of. */
export interface DdpSideParts extends Progress {
  connection: AccountsConnection
  store: LoginTokenStore
  options(): AccountsConfig
  loggedIn(login: MethodLogin): void
  failed(error: unknown): void
  loggedOut(): void
}

/** Keeps somebody signed in over one connection. */
export class DdpSide implements Side {
  readonly state: Source<ClientState>
  readonly userId: Source<string | null>
  readonly user: Source<ClientUser | null>
  readonly #parts: DdpSideParts
  readonly #retry = new Retry()
  #underWay = 0
  /** Logins that somebody asked for in this tab. */
  #asked = 0
  #afterReconnect: Stop | undefined
  /** Ends of logins that wait for a document. */
  readonly #waiting = new Set<() => void>()
  #closed = false

  constructor(parts: DdpSideParts) {
    this.#parts = parts
    const { connection, loggingIn } = parts
    this.userId = connection.userId
    const documents: Pick<Source<unknown>, 'subscribe'> = { subscribe: listener => this.documents().subscribe(() => listener(undefined)) }
    this.user = derived(() => this.#currentUser(), connection.userId, documents)
    let last: ClientState = { status: 'signedOut', user: null }
    this.state = derived(() => (last = sameOr(last, this.#currentState())), connection.userId, documents, loggingIn)
  }

  /**
   * Calls a method that signs in, with nothing else under way. The answer's token is what a reconnecting signs in with, from the moment it arrives; the
   * callback is told once, when the user's document is there.
   * @param again on a new session, for whom the earlier one was
   * @param kept the stored token that it signs in with
   */
  login(call: LoginCall, again = false, kept?: string): void {
    const { connection } = this.#parts
    const { methodName = 'login', methodArguments = [{}], _suppressLoggingIn: quiet = false } = call
    const release = quiet ? () => {} : this.#hold()
    if (kept === undefined) this.#asked++
    const attempt = new Attempt((error, result) => {
      if (kept === undefined) this.#asked--
      if (result) this.#parts.loggedIn(result)
      else this.#parts.failed(error)
      release()
      call.userCallback?.(error, result)
    })

    const onResultReceived = (error: unknown, result?: unknown): void => {
      // A login that failed leaves whoever was signed in before signed in
      if (error || !isLogin(result)) return
      if (again) connection.leaveTo(result.id)
      this.#resumeAtReconnect(result, attempt)
    }
    const called = connection.apply(methodName, methodArguments, { wait: true, onResultReceived })
    void report(called, (error, result) => {
      if (error) attempt.end(error)
      // The connection was another one in between: the reconnecting has signed in, and ends the attempt
      else if (attempt.reconnected) return
      else if (isLogin(result)) this.#accept(result, call, attempt, kept)
      else attempt.end(nobodyFrom(methodName))
    })
  }

  /** Signs in with a token that is stored, keeps trying while the server only says "not now", and forgets it when the server does not take it. */
  resume(token: string, { quiet = false, done }: { quiet?: boolean; done: LoginEnd }): void {
    const current = this.#retry.begin()
    const release = quiet ? () => {} : this.#hold()
    const end: LoginEnd = (error, result) => {
      // Before loggingIn is false: somebody who was only believed would be taken for signed in
      this.#forgetRefused(token, error)
      release()
      done(error, result)
    }
    const attempt = (): void =>
      this.login(
        {
          methodArguments: [{ resume: token }],
          _suppressLoggingIn: true,
          userCallback: (error, result) => {
            const again = (): void => this.#retry.later(error, onceStaying, () => end(error))
            // Whoever is about to sign out would be signed in behind it
            const onceStaying = (): void => (this.#parts.loggingOut.get() ? again() : attempt())
            if (isForNow(error) && current() && !this.#closed) again()
            else end(error, result)
          },
        },
        quiet,
        token,
      )
    attempt()
  }

  /** Signs in with what is stored. */
  resumeStored({ token, userId }: KeptLogin, done: LoginEnd): void {
    const { connection, store } = this.#parts
    store.lastSeen = token
    // Believed until the server says otherwise: a page shows its user without waiting
    if (userId && connection.userId.get() === null) connection.setUserId(userId)
    this.resume(token, { done })
  }

  /**
   * The connection was signed in by a cookie, whose token is shown to no script. So it will be after every reconnecting, as long as the session lives; whether it
   * does is asked each time. Tabs share the cookie: when another one has signed in somebody else, that is who is signed in here, and the cookie is theirs to keep.
   */
  resumeByCookie(userId: string): void {
    const { connection } = this.#parts
    const ask = async (): Promise<void> => {
      const user = await connection.call('latchkey.user')
      // Somebody has signed in or out here since
      if (this.#afterReconnect !== step) return
      const id = typeof user === 'object' && user !== null && 'id' in user && typeof user.id === 'string' ? user.id : null
      if (id === null) this.makeClientLoggedOut()
      else connection.setUserId(id)
    }
    // Refused or lost: the next reconnecting asks again
    const tryAsking = (): void => void ask().catch(() => {})
    connection.setUserId(userId)
    this.#afterReconnect?.stop()
    const step = connection.addReconnectStep(tryAsking)
    this.#afterReconnect = step
    tryAsking()
  }

  /** True while somebody signs in here: that counts for more than what other tabs did before. */
  get isAsked(): boolean {
    return this.#asked > 0
  }

  /** `loggingIn` is true until the work is done. */
  whileLoggingIn(work: Promise<unknown>): void {
    void work.finally(this.#hold())
  }

  async logout(): Promise<void> {
    const { connection, loggingOut } = this.#parts
    loggingOut.set(true)
    try {
      await connection.apply('logout', [], { wait: true })
    } catch (error) {
      loggingOut.set(false)
      throw error
    }
    loggingOut.set(false)
    this.makeClientLoggedOut()
  }

  /**
   * Follows a sign-out in another tab, which has ended the session already: a server that cannot be reached changes nothing about that. What is stored by now
   * is of whoever signs in next.
   */
  leave(): void {
    // Sent first, so that it goes before whatever is called by somebody who is told; not twice, for on a new session it would sign out the next one
    this.#parts.connection.apply('logout', [], { wait: true, noRetry: true }).catch(() => {})
    this.makeClientLoggedOut('leave')
  }

  async logoutOtherClients(): Promise<void> {
    const { connection } = this.#parts
    // Both are sent at once: nothing comes between them, and the second one is not given up for the first
    const renewed = report(connection.apply('getNewToken', [], { wait: true }), (_error, result) => {
      // Who has signed out meanwhile, or is somebody else by now, has no use for it: kept, it would sign the next page in
      if (isLogin(result) && connection.userId.get() === result.id) this.storeLoginToken(result.id, result.token, result.tokenExpires)
    })
    await connection.apply('removeOtherTokens', [], { wait: true })
    await renewed
  }

  call(name: string, ...params: unknown[]): Promise<unknown> {
    return this.#parts.connection.call(name, ...params)
  }

  secret(password: string): unknown {
    return hashPassword(password)
  }

  makeClientLoggedIn(id: string, token: string, tokenExpires: Date): void {
    this.storeLoginToken(id, token, tokenExpires)
    this.#parts.connection.setUserId(id)
  }

  makeClientLoggedOut(stored: 'forget' | 'leave' = 'forget'): void {
    const { connection, store } = this.#parts
    this.#retry.end()
    // Whoever is told of the sign-in hears of that first
    for (const end of this.#waiting) end()
    if (connection.userId.get() !== null) this.#parts.loggedOut()
    if (stored === 'forget') store.clear()
    connection.setUserId(null)
    this.#afterReconnect?.stop()
    this.#afterReconnect = undefined
  }

  storeLoginToken(userId: string, token: string, tokenExpires: Date): void {
    this.#parts.store.write(userId, token, tokenExpires)
  }

  close(): void {
    this.#closed = true
    this.#retry.end()
    this.#afterReconnect?.stop()
  }

  /** `loggingIn` is true until the last of these is released. */
  #hold(): () => void {
    const { loggingIn } = this.#parts
    this.#underWay++
    loggingIn.set(true)
    return () => {
      if (--this.#underWay === 0) loggingIn.set(false)
    }
  }

  /** A stored token that is another one by now was put there by another tab, whose login is not ours to end. */
  #forgetRefused(token: string, error: unknown): void {
    if (isRefusal(error) && (this.#parts.store.read()?.token ?? token) === token) this.makeClientLoggedOut()
  }

  /** The document of the signed-in user, or null while there is none. */
  #currentUser(): ClientUser | null {
    const id = this.#parts.connection.userId.get()
    const document = id === null ? undefined : this.documents().get(id)
    return document ? fromDocument(document) : null
  }

  #currentState(): ClientState {
    const id = this.#parts.connection.userId.get()
    if (id === null) return this.#parts.loggingIn.get() ? LOADING : SIGNED_OUT
    const user = this.#currentUser()
    if (user) return { status: 'signedIn', user }
    // Nobody is published here; that somebody is signed in is known all the same
    return this.#parts.loggingIn.get() ? LOADING : { status: 'signedIn', user: { id, emails: [], deactivated: false } }
  }

  /** The published users. */
  documents(): DdpCollection {
    const { collection } = this.#parts.options()
    return this.#parts.connection.collection(typeof collection === 'string' ? collection : 'users')
  }

  #accept(result: MethodLogin, call: LoginCall, attempt: Attempt, kept: string | undefined): void {
    try {
      call.validateResult?.(result)
    } catch (error) {
      return attempt.end(error)
    }
    const { store, connection } = this.#parts
    this.#retry.end()
    // What another tab has stored or forgotten since stands, and is followed. Tabs that write down whom they followed would follow each other for ever
    if (kept !== undefined && store.shared && store.read()?.token !== kept) store.lastSeen = kept
    else store.write(result.id, result.token, result.tokenExpires)
    connection.setUserId(result.id)
    return this.#whenUserIsThere(result.id, () => attempt.end(undefined, result))
  }

  /** Some servers send the document after the answer; some publish no user at all. Whoever is signed out meanwhile waits no longer. */
  #whenUserIsThere(id: string, then: () => void): void {
    const { connection } = this.#parts
    const isOver = (): boolean => this.#closed || connection.userId.get() !== id || this.documents().get(id) !== undefined
    if (isOver()) return then()
    const end = stopOf(() => {
      this.#waiting.delete(end)
      clearTimeout(timer)
      stopUser()
      stopDocuments()
      then()
    })
    const timer = setTimeout(end, DOCUMENT_WAIT)
    this.#waiting.add(end)
    const look = (): void => {
      if (isOver()) queueMicrotask(end)
    }
    const stopUser = connection.userId.subscribe(look)
    const stopDocuments = this.documents().subscribe(look)
    return undefined
  }

  /**
   * There is one such step, of the last login that the server took. It prefers what is stored: another tab, or `getNewToken`, may have put a newer token there.
   */
  #resumeAtReconnect(login: MethodLogin, attempt: Attempt): void {
    const { connection, store } = this.#parts
    this.#afterReconnect?.stop()
    this.#afterReconnect = connection.addReconnectStep(() => {
      attempt.reconnected = true
      const { token, expires } = store.read() ?? { token: login.token, expires: login.tokenExpires.getTime() }
      const [now, options] = [Date.now(), this.#parts.options()]
      if (tokenExpiresSoon(options, expires ?? now + tokenLifetime(options), now)) {
        this.makeClientLoggedOut()
        attempt.end(new MeteorError(403, 'Your session has expired. Please log in again.'))
        return
      }
      this.resume(token, { quiet: true, done: (error, result) => attempt.end(error, result) })
    })
  }
}

const LOADING: ClientState = { status: 'loading', user: null }
const SIGNED_OUT: ClientState = { status: 'signedOut', user: null }

/** The old state where the new one says the same, so that nobody is told of nothing. */
function sameOr(last: ClientState, next: ClientState): ClientState {
  if (last.status !== next.status) return next
  return last.user === next.user || (last.user && next.user && !('_id' in next.user) && last.user.id === next.user.id) ? last : next
}

/** How a login ended. */
type LoginEnd = (error?: unknown, result?: Partial<MethodLogin>) => void

/** One login and its single end. */
class Attempt {
  /** True once a reconnecting has taken it over. */
  reconnected = false
  #tell: ((error: unknown, result?: MethodLogin) => void) | undefined

  constructor(tell: (error: unknown, result?: MethodLogin) => void) {
    this.#tell = tell
  }

  end(error?: unknown, result?: Partial<MethodLogin>): void {
    const tell = this.#tell
    this.#tell = undefined
    if (error === undefined && isLogin(result)) tell?.(undefined, result)
    else tell?.(error ?? new Error('The login did not come to an end'))
  }
}

const isLogin = (result: unknown): result is MethodLogin =>
  typeof result === 'object' && result !== null && 'token' in result && 'id' in result && 'tokenExpires' in result

/** Why a method that was done signed nobody in. After a reset that is what most servers are set to. */
const nobodyFrom = (method: string): Error =>
  method === 'resetPassword'
    ? new MeteorError('not-signed-in', 'The password is changed. Sign in with it')
    : new Error(`No result from call to ${method}`)
