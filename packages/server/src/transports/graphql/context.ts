/** Who calls, as resolvers see it: made from plain headers, so that it works behind any server and over a websocket. */
import { AccountsError } from '@latchkey/common'
import type { ConnectionInformations, PublicUser } from '@latchkey/common'
import type { Accounts, Login } from '../../core/accounts.ts'
import type { SessionAndUser } from '../../core/session/session.ts'
import type { Origin } from '../../core/strategy.ts'
import { cookiesFor, endReplaced, lookAt, originOfCaller, readMode } from '../../wire/caller.ts'
import type { Caller, WireMode } from '../../wire/caller.ts'
import { Cookies } from '../../wire/cookies.ts'
import { bearerOf, holderOf, NOBODY, whoHolds } from '../../wire/credential.ts'
import type { Credential, Holder } from '../../wire/credential.ts'
import { headerOf } from '../../wire/request.ts'
import type { HttpRequest } from '../../wire/request.ts'
import type { GraphQLSettings } from './options.ts'

/** What accounts-js puts into the context, for the app's resolvers. */
export interface AccountsContext {
  /** The access token that came along, good or not. */
  authToken?: string
  /** The signed-in user, without secrets; with the server's `micro` nothing but the id. A bad token is no error: there is simply nobody. */
  user?: PublicUser
  userId?: string
  userAgent: string
  /** Behind proxies what a trusted one said; empty when unknown. */
  ip: string
  infos: ConnectionInformations & { userAgent: string; ip: string }
  /** Set it to true, and `@auth` and `authenticated` let everybody pass: for tests and for calls of the app's own. */
  skipJSAccountsVerification?: boolean
}

/** A request, in plain words. */
export interface PlainRequest {
  /** Names in any case. Of a websocket: those of the request that opened it, and as `authorization` the token from its `connectionParams`. */
  headers: Readonly<Record<string, unknown>>
  /** Address of the peer on the other end of the connection. Without it rate limits take all callers for one. */
  ip?: string
  /** The connection itself is TLS. */
  encrypted?: boolean
  /** Sends a `Set-Cookie` header with the answer. Without it sessions cannot be kept in cookies here. */
  setCookie?: (value: string) => void
}

/** What is made of a request before resolvers run. Stands in the context under a symbol, which survives being spread. */
export interface GraphQLCall {
  /** Whose users these are: a context may have passed through the hands of two servers. */
  readonly accounts: Accounts
  readonly caller: Caller
  credential: Credential
  /** Undefined: not looked up yet, see {@link Contexts.sessionOf}. */
  who: Holder['who']
  user: PublicUser | null
  /** The look-up that is under way. */
  asked?: Promise<SessionAndUser | null>
  origin: Origin
  readonly setCookie: ((value: string) => void) | undefined
}

const CALL: unique symbol = Symbol.for('@latchkey/server/graphql')
type WithCall = Partial<AccountsContext> & { [CALL]?: GraphQLCall }

/** Makes contexts, and finds again in them what resolvers need. */
export class Contexts {
  readonly #accounts: Accounts
  readonly #settings: GraphQLSettings
  readonly #cookies: Cookies

  constructor(accounts: Accounts, settings: GraphQLSettings) {
    this.#accounts = accounts
    this.#settings = settings
    this.#cookies = new Cookies(settings)
  }

  /** Rejects only when the server itself cannot tell who calls. */
  async make(request: PlainRequest): Promise<AccountsContext> {
    const call = await this.#look(request)
    return { ...this.#shown(call), [CALL]: call } as AccountsContext
  }

  /** What a resolver works with. A context that the app made itself will do: it has a token and says where the call comes from. */
  async callOf(context: unknown): Promise<GraphQLCall> {
    const given = (typeof context === 'object' && context !== null ? context : {}) as WithCall
    // What another server's accounts found out is nobody's word here: one id may name two people.
    if (given[CALL]?.accounts === this.#accounts) return given[CALL]
    const { authToken } = given
    const infos: ConnectionInformations = given.infos ?? {}
    return this.#look({
      headers: {
        ...(typeof authToken === 'string' ? { [this.#settings.headerName]: authToken } : {}),
        ...(typeof infos.userAgent === 'string' ? { 'user-agent': infos.userAgent } : {}),
      },
      ...(typeof infos.ip === 'string' ? { ip: infos.ip } : {}),
    })
  }

  /** From here on this call is that user's: for the resolvers that come after it in the same request. */
  become(context: unknown, call: GraphQLCall, login: Login | null): void {
    call.who = login
    call.user = login && this.#accounts.publicUser(login.user)
    call.credential = login?.tokens ? { by: 'token', value: login.tokens.accessToken } : { by: 'nothing', value: undefined }
    call.origin = originOfCaller('graphql', this.#cookies, call.caller, login)
    if (typeof context !== 'object' || context === null) return
    const { authToken, user, userId } = this.#shown(call)
    Object.assign(context, { authToken, user, userId })
  }

  /** The live session behind a call, where more than the user is wanted. A token that was believed without its session is asked for it now. */
  async sessionOf(call: GraphQLCall): Promise<SessionAndUser | null> {
    if (call.who !== undefined) return call.who
    call.asked ??= whoHolds(this.#accounts, call.credential)
    const who = await call.asked
    call.who = who
    call.origin = originOfCaller('graphql', this.#cookies, call.caller, who)
    return who
  }

  /** How the caller wants to keep a session, before any work for it is done. */
  modeOf({ caller, setCookie }: GraphQLCall): WireMode {
    const mode = readMode(caller.call)
    if (mode === 'bearer') return mode
    if (!setCookie) throw new AccountsError('InvalidInput', { message: 'This endpoint keeps no sessions in cookies' })
    if (!caller.fromOwnPage) throw new AccountsError('OriginNotAllowed')
    return mode
  }

  /** Hands a browser the cookies of the session that was opened. */
  async opened(call: GraphQLCall, login: Login, mode: WireMode): Promise<void> {
    this.#write(call, cookiesFor(this.#accounts, this.#cookies, call.caller, { opened: login }, mode))
    const replaces = mode === 'cookie' && login.resumeSecret !== null && call.credential.by === 'cookie'
    if (replaces && call.who) await endReplaced(this.#accounts, call.who, call.origin)
  }

  /** Takes the browser's cookie away. */
  ended(call: GraphQLCall): void {
    if (call.credential.by === 'cookie')
      this.#write(call, cookiesFor(this.#accounts, this.#cookies, call.caller, { ended: true }, 'cookie'))
  }

  async #look(request: PlainRequest): Promise<GraphQLCall> {
    const caller = lookAt(this.#settings, plain(request))
    const credential = this.#credentialOf(caller)
    const { who, user } = this.#settings.excludeAddUserInContext ? NOBODY : await holderOf(this.#accounts, credential)
    return {
      accounts: this.#accounts,
      caller,
      credential,
      who,
      user,
      origin: originOfCaller('graphql', this.#cookies, caller, who ?? null),
      setCookie: request.setCookie,
    }
  }

  /**
   * The token, else the cookie. A cookie counts only when a page of our own sent the request, whatever the request does: a websocket
   * opened by a stranger's page has the cookie too, and there is no telling queries from mutations before they are parsed.
   */
  #credentialOf({ call, secure, fromOwnPage }: Caller): Credential {
    const token = bearerOf(headerOf(call, this.#settings.headerName))
    if (token !== undefined) return { by: 'token', value: token }
    const value = fromOwnPage ? this.#cookies.read(headerOf(call, 'cookie'), 'session', secure) : undefined
    return value === undefined ? { by: 'nothing', value } : { by: 'cookie', value }
  }

  #shown({ credential, user, origin: { ip, userAgent } }: GraphQLCall): AccountsContext {
    return {
      ...(credential.by === 'token' ? { authToken: String(credential.value) } : {}),
      ...(user ? { user, userId: user.id } : {}),
      userAgent,
      ip,
      infos: { userAgent, ip },
    }
  }

  #write(call: GraphQLCall, cookies: readonly string[]): void {
    for (const cookie of cookies) call.setCookie?.(cookie)
  }
}

/** Headers of any origin, with names in lower case and nothing but texts. */
function plain({ headers, ip = '', encrypted = false }: PlainRequest): HttpRequest {
  const texts = Object.entries(headers).filter((pair): pair is [string, string | string[]] => isText(pair[1]))
  return { headers: Object.fromEntries(texts.map(([name, value]) => [name.toLowerCase(), value])), ip, encrypted }
}

const isText = (value: unknown): boolean =>
  typeof value === 'string' || (Array.isArray(value) && value.every(part => typeof part === 'string'))
