/**
 * Meteor's endpoints for the login cookie: a page that has signed in over DDP has its login token put where no script can read it, and asks for it again when it is
 * loaded anew. They exist while `useHttpOnlyCookies` is on. Nothing here opens a session: a token that is shown is looked up, no more.
 */
import { AccountsError, ERRORS, isAccountsError } from '@latchkey/common'
import type { Accounts } from '../../core/accounts.ts'
import { addressOf, Windows } from '../../core/policy/rate-limit.ts'
import type { SessionAndUser } from '../../core/session/session.ts'
import { accountsOf } from '../../wire/accounts-of.ts'
import type { AccountsLike } from '../../wire/accounts-of.ts'
import { lookAt } from '../../wire/caller.ts'
import type { Caller } from '../../wire/caller.ts'
import { cookieOptionsOf, isLoginToken, keepsLoginCookie, readLoginCookie, writeLoginCookie } from '../../wire/login-cookie.ts'
import { headerOf } from '../../wire/request.ts'
import type { HttpRequest } from '../../wire/request.ts'
import { corsHeaders, preflightHeaders } from '../../wire/sender.ts'
import { refuseUnknown } from '../../core/settings-kinds.ts'
import { readSiteOptions, refuse, SITE_KEYS } from '../../wire/site-options.ts'
import type { SiteOptions, SiteSettings } from '../../wire/site-options.ts'

/** Options of {@link loginCookieTransport}: those of the site as REST has them, and one of its own. */
export interface LoginCookieOptions extends SiteOptions {
  /**
   * `refresh` hands the token to the page, as Meteor's clients expect. False: it says who is signed in and until when, and no script ever sees the token; a socket
   * that such a page opens is signed in by the cookie itself. @default true
   */
  handOut?: boolean
}

/** A request, as this transport reads it. */
export interface CookieCall extends HttpRequest {
  readonly method: string
  readonly url: string
  body(limit: number): Promise<Uint8Array>
}

/** An answer, complete: names and values of headers in turn. */
export interface CookieReply {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

/** The endpoints, ready to be served by anything that can parse HTTP. */
export interface LoginCookieTransport {
  /** True for the three addresses, while the cookie is kept. Everything else, and everything while it is not, is the app's. */
  knows(target: string): boolean
  /** Never rejects. */
  handle(call: CookieCall): Promise<CookieReply>
}

const PATH = /^\/_accounts\/cookie\/(set|refresh|clear)\/?$/
type Deed = 'set' | 'refresh' | 'clear'
const METHODS: Record<Deed, string> = { set: 'POST', refresh: 'GET', clear: 'POST' }

const BODY_LIMIT = 4096
const TOKEN_LIMIT = 512
const LIMIT = { limit: 30, window: 10_000 }
/** Counters kept at most, about 200 bytes each. */
const MOST_ADDRESSES = 20_000

/**
 * The endpoints for these accounts, `POST /_accounts/cookie/set`, `GET /_accounts/cookie/refresh` and `POST /_accounts/cookie/clear`.
 * @throws AccountsError `InvalidSettings` for what is no server, and unknown and malformed options
 */
export function loginCookieTransport(server: AccountsLike, options: LoginCookieOptions = {}): LoginCookieTransport {
  refuseUnknown('loginCookieTransport', options, [...SITE_KEYS, 'handOut'])
  const { handOut = true, ...site } = options
  if (typeof handOut !== 'boolean') refuse('handOut must be true or false')
  const endpoints = new Endpoints(server, site, handOut)
  return {
    knows: target => keepsLoginCookie(server) && deedAt(target) !== undefined,
    handle: call => endpoints.answer(call),
  }
}

class Endpoints {
  readonly #server: AccountsLike
  readonly #accounts: Accounts
  readonly #options: SiteOptions
  readonly #handOut: boolean
  readonly #windows = new Windows(MOST_ADDRESSES)
  #site: { allowed: readonly string[] | undefined; settings: SiteSettings } | undefined

  constructor(server: AccountsLike, options: SiteOptions, handOut: boolean) {
    this.#server = server
    this.#accounts = accountsOf(server)
    this.#options = options
    this.#handOut = handOut
    this.#settings()
  }

  async answer(call: CookieCall): Promise<CookieReply> {
    try {
      const settings = this.#settings()
      const cors = corsHeaders(headerOf(call, 'origin'), settings)
      const { status, body, headers } = await this.#run(call, settings)
      const text = body === undefined ? '' : JSON.stringify(body)
      return { status, body: text, headers: [...COMMON, ...typeOf(text), ...cors, ...(headers ?? [])] }
    } catch (error) {
      this.#accounts.core.log.error({ err: error, method: call.method, route: '/_accounts/cookie' }, 'a request failed')
      const text = '{"error":"internal_error"}'
      return { status: 500, body: text, headers: [...COMMON, ...typeOf(text)] }
    }
  }

  async #run(call: CookieCall, settings: SiteSettings): Promise<Answer> {
    const deed = keepsLoginCookie(this.#server) ? deedAt(call.url) : undefined
    if (deed === undefined) return refusal(404, 'not_found')
    const method = METHODS[deed]
    if (call.method === 'OPTIONS') return preflight(call, method, settings)
    if (call.method !== method) return { ...refusal(405, 'method_not_allowed'), headers: ['allow', method] }
    const caller = lookAt(settings, call)
    if (isCrossOrigin(caller)) return refusal(403, 'cross_origin')
    const wait = this.#wait(caller)
    if (wait > 0) return { ...refusal(429, 'rate_limited'), headers: ['retry-after', String(wait)] }
    if (deed === 'set') return this.#set(call, caller)
    if (deed === 'refresh') return this.#refresh(call, caller)
    return { status: 204, headers: ['set-cookie', writeLoginCookie('', 0, caller.secure)] }
  }

  async #set(call: CookieCall, { secure }: Caller): Promise<Answer> {
    if (!isJson(call)) return refusal(415, 'unsupported_media_type')
    if (Number(headerOf(call, 'content-length') ?? 0) > BODY_LIMIT) return refusal(413, 'payload_too_large')
    const token = await readToken(call)
    if (typeof token !== 'string') return token
    // What is no token of ours could not be read back from a cookie either.
    const who = isLoginToken(token) ? await this.#who(token) : null
    if (!who) return refusal(401, 'invalid_token')
    return { status: 204, headers: ['set-cookie', writeLoginCookie(token, this.#secondsLeft(who), secure)] }
  }

  async #refresh(call: CookieCall, { secure }: Caller): Promise<Answer> {
    const token = readLoginCookie(this.#server, call)
    if (token === undefined) return { status: 204 }
    const who = await this.#who(token)
    if (!who) return { ...refusal(401, 'invalid_cookie'), headers: ['set-cookie', writeLoginCookie('', 0, secure)] }
    const tokenExpires = new Date(who.session.expiresAt).toISOString()
    return { status: 200, body: this.#handOut ? { token, tokenExpires } : { userId: who.user.id, tokenExpires } }
  }

  /** Null: it is not good. A server that cannot tell throws: nobody is signed out by our own trouble. */
  async #who(token: string): Promise<SessionAndUser | null> {
    try {
      return await this.#accounts.checkResume(token)
    } catch (error) {
      if (isAccountsError(error) && ERRORS[error.code].status < 429) return null
      throw error
    }
  }

  #secondsLeft({ session }: SessionAndUser): number {
    return Math.max(0, Math.floor((session.expiresAt - this.#accounts.core.clock.now()) / 1000))
  }

  /** Seconds this address has to wait; 0: none. */
  #wait({ connection }: Caller): number {
    const { core } = this.#accounts
    const { httpOnlyCookieRateLimit: given = LIMIT } = cookieOptionsOf(this.#server)
    if (given === false || !core.settings.rateLimits) return 0
    const { limit, window } = typeof given === 'number' ? { ...LIMIT, limit: given } : given
    const now = core.clock.now()
    const tally = this.#windows.raise({ key: addressOf(connection.ip), window }, now)
    return tally.count > limit ? Math.max(1, Math.ceil((tally.resetsAt - now) / 1000)) : 0
  }

  /** The site's settings with the origins that `Accounts.config` names. */
  #settings(): SiteSettings {
    const { httpOnlyCookieAllowedOrigins: allowed } = cookieOptionsOf(this.#server)
    if (!this.#site || this.#site.allowed !== allowed) {
      const { cors } = this.#options
      const origins = [...(cors?.origins ?? []), ...(allowed ?? [])]
      const options = { ...this.#options, cors: { ...cors, origins } }
      this.#site = { allowed, settings: readSiteOptions(options, this.#accounts.core.settings.siteUrl, 'loginCookieTransport') }
    }
    return this.#site.settings
  }
}

interface Answer {
  status: number
  body?: unknown
  headers?: readonly string[]
}

const refusal = (status: number, error: string): Answer => ({ status, body: { error } })

const deedAt = (target: string): Deed | undefined => PATH.exec(target.split('?', 1)[0] ?? '')?.[1] as Deed | undefined

/** Pages of others may not have a visitor signed in, signed out, or told on. A reading request of an old browser has neither header to tell by, and changes nothing. */
function isCrossOrigin({ call, fromOwnPage }: Caller): boolean {
  if (fromOwnPage) return false
  const isSilent = headerOf(call, 'origin') === undefined && headerOf(call, 'sec-fetch-site') === undefined
  return !(isSilent && 'method' in call && call.method === 'GET')
}

function preflight(call: CookieCall, method: string, settings: SiteSettings): Answer {
  return { status: 204, headers: ['allow', `OPTIONS, ${method}`, ...preflightHeaders(headerOf(call, 'origin'), [method], settings)] }
}

const isJson = (call: CookieCall): boolean => /^application\/json *(;|$)/i.test(headerOf(call, 'content-type') ?? '')

async function readToken(call: CookieCall): Promise<string | Answer> {
  const bytes = await call.body(BODY_LIMIT).catch((error: unknown) => {
    if (isAccountsError(error)) return error
    throw error
  })
  if (bytes instanceof AccountsError) {
    return bytes.code === 'PayloadTooLarge' ? refusal(413, 'payload_too_large') : refusal(400, 'invalid_body')
  }
  const token = tokenIn(Buffer.from(bytes).toString())
  return token !== undefined && token !== '' && token.length <= TOKEN_LIMIT ? token : refusal(400, 'invalid_token')
}

function tokenIn(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text)
    const token = typeof body === 'object' && body !== null && 'token' in body ? body.token : undefined
    return typeof token === 'string' ? token : undefined
  } catch {
    return undefined
  }
}

// ASVS 14.3.2: nothing of an account may stay in a cache.
const COMMON = [
  'cache-control',
  'no-store',
  'x-content-type-options',
  'nosniff',
  'referrer-policy',
  'no-referrer',
  'vary',
  'Origin, Cookie',
]

const typeOf = (text: string): string[] =>
  text === '' ? [] : ['content-type', 'application/json; charset=utf-8', 'content-length', String(Buffer.byteLength(text))]
