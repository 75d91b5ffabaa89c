/** Accounts over HTTP: accounts-js's routes exactly as its clients know them, and in the same style what it lacks. */
import { AccountsError } from '@latchkey/common'
import type { Accounts } from '../../core/accounts.ts'
import { accountsOf } from '../../wire/accounts-of.ts'
import type { AccountsLike } from '../../wire/accounts-of.ts'
import { Cookies } from '../../wire/cookies.ts'
import { headerOf } from '../../wire/request.ts'
import { corsHeaders, preflightHeaders } from '../../wire/sender.ts'
import { answer, identify } from './answer.ts'
import type { Identified, Site } from './answer.ts'
import type { RestCall, RestReply } from './call.ts'
import { answerFetch } from './fetch.ts'
import type { Peer } from './fetch.ts'
import { Journal } from './journal.ts'
import { describeRoutes } from './openapi.ts'
import { readOptions } from './options.ts'
import type { RestOptions } from './options.ts'
import { INTERNAL, isRefusal, refusalOf, Replies } from './reply.ts'
import type { Route } from './route.ts'
import { pathOf, Router } from './router.ts'
import type { Match, Place } from './router.ts'
import { accountRoutes } from './routes/account.ts'
import { descriptionRoute } from './routes/description.ts'
import { healthRoutes } from './routes/health.ts'
import { JWKS_BELOW, JWKS_WELL_KNOWN, jwksRoute } from './routes/jwks.ts'
import { codeRoutes } from './routes/code.ts'
import { magicLinkRoutes } from './routes/magic-link.ts'
import { oauthRoutes } from './routes/oauth.ts'
import { passwordRoutes } from './routes/password.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { twoFactorRoutes } from './routes/two-factor.ts'

/** REST, ready to be served by anything that can parse HTTP. */
export interface RestTransport {
  /** Where the routes live; empty for the root. */
  readonly path: string
  /** True when this request target is ours to answer, if only with 404: it lies below `path`, or is one of `/healthz`, `/readyz`, `/openapi.json`, `/.well-known/jwks.json`. */
  knows(target: string): boolean
  /** True when a route of ours answers at this request target, to whatever method. What lies below `path` and is no route may then be the app's. */
  has(target: string): boolean
  /** Who sent a request to a route of the app's own, by the rules of ours. Rejects only when the server itself cannot tell. */
  identify(call: RestCall): Promise<Identified>
  /** Answers a parsed request; without a promise where the answer is at hand. Never throws and never rejects. */
  handle(call: RestCall): RestReply | Promise<RestReply>
  /**
   * Answers a Fetch request: for Hono, Next and whatever else speaks Fetch. Tell it the peer's address where the host knows it: without, rate
   * limits take all clients for one. Never rejects.
   */
  fetch(request: Request, peer?: Peer): Promise<Response>
}

/**
 * REST for these accounts: an `AccountsServer`, or the core within it. Routes, schemas and guards are built here, once.
 * @throws AccountsError `InvalidSettings` for what is no server, and unknown and malformed options
 */
export function restTransport(server: AccountsLike, options: RestOptions = {}): RestTransport {
  const transport = new Transport(accountsOf(server), options)
  return {
    path: transport.path,
    knows: target => transport.knows(target),
    has: target => transport.has(target),
    identify: call => transport.identify(call),
    handle: call => transport.handle(call),
    fetch: (request, peer) => answerFetch(transport, request, peer),
  }
}

class Transport {
  readonly path: string
  readonly #site: Site
  readonly #replies: Replies
  readonly #journal: Journal
  readonly #router: Router

  constructor(accounts: Accounts, options: RestOptions) {
    const settings = readOptions(options, accounts.core.settings.siteUrl)
    this.path = settings.path
    this.#site = { accounts, settings, cookies: new Cookies(settings) }
    this.#replies = new Replies(settings.headers)
    this.#journal = new Journal(accounts.core)
    const secure = settings.secureCookies === true || settings.siteOrigin.startsWith('https:')
    const describe = (): unknown => describeRoutes(this.#router, this.#site.cookies.name('session', secure))
    const ours = [
      ...signInRoutes(accounts, this.#replies),
      // As in accounts-js, where there are no passwords there are no routes for them.
      ...(accounts.core.passwords ? passwordRoutes(accounts) : []),
      ...twoFactorRoutes(accounts),
      ...magicLinkRoutes(accounts),
      ...codeRoutes(accounts),
      ...oauthRoutes(this.#site),
      ...accountRoutes(accounts),
      jwksRoute(accounts, JWKS_BELOW),
    ]
    const around = settings.health ? [...healthRoutes(accounts), descriptionRoute(describe), jwksRoute(accounts, JWKS_WELL_KNOWN)] : []
    this.#router = new Router([
      ...around.map(route => ({ path: route.pattern, route })),
      ...ours.map(route => ({ path: `${settings.path}${route.pattern}`, route })),
    ])
  }

  knows(target: string): boolean {
    const path = pathOf(target)
    const below = this.path !== '' && (path === this.path || path.startsWith(`${this.path}/`))
    return below || this.#router.has(path)
  }

  has(target: string): boolean {
    return this.#router.has(pathOf(target))
  }

  identify(call: RestCall): Promise<Identified> {
    return identify(this.#site, call)
  }

  handle(call: RestCall): RestReply | Promise<RestReply> {
    const asked: Asked = { call, began: this.#journal.now(), request: this.#journal.nextId(), quiet: true }
    try {
      const match = this.#router.find(call.url)
      if (!match) throw new AccountsError('NotFound')
      asked.place = match.place
      const route = match.place.routes.get(call.method)
      if (!route) return this.#done(asked, this.#otherMethod(call, match.place))
      asked.quiet = route.quiet
      // CORS headers depend on the origin, and an answer at hand is the same for everybody.
      const instant = call.headers.origin === undefined ? route.instant?.(call) : undefined
      return instant ? this.#noted(asked, instant) : this.#run(asked, route, match.params)
    } catch (error) {
      return this.#done(asked, this.#failed(asked, error))
    }
  }

  async #run(asked: Asked, route: Route, params: Match['params']): Promise<RestReply> {
    try {
      const { status, body, cookies, redirect } = await answer(this.#site, route, params, asked.call)
      const setting = [...(redirect === undefined ? [] : ['location', redirect]), ...cookies.flatMap(cookie => ['set-cookie', cookie])]
      const reply =
        status === 200 && route.cachedFor !== undefined
          ? this.#replies.cached(route.cachedFor, body, setting)
          : this.#replies.json(status, body, setting)
      return this.#done(asked, reply)
    } catch (error) {
      return this.#done(asked, this.#failed(asked, error))
    }
  }

  /** OPTIONS, and methods that nothing answers here. */
  #otherMethod(call: RestCall, place: Place): RestReply {
    const allow = ['allow', place.methods.join(', ')]
    if (call.method !== 'OPTIONS') return this.#replies.refusal(refusalOf(new AccountsError('MethodNotAllowed')), allow)
    if (headerOf(call, 'access-control-request-method') === undefined) return this.#replies.empty(allow)
    return this.#replies.empty([...allow, ...preflightHeaders(headerOf(call, 'origin'), place.methods, this.#site.settings)])
  }

  #failed({ call, place, request }: Asked, error: unknown): RestReply {
    try {
      if (isRefusal(error)) return this.#replies.refusal(refusalOf(error))
    } catch {
      // Its details cannot be written as JSON: then it is a failure of whoever threw it, and told as one.
    }
    this.#journal.failed({ method: call.method, route: place?.pattern ?? '', request, error })
    return this.#replies.refusal(INTERNAL, ['x-request-id', request])
  }

  #done(asked: Asked, reply: RestReply): RestReply {
    const { call } = asked
    // A preflight has its own.
    const more = call.method === 'OPTIONS' ? [] : corsHeaders(headerOf(call, 'origin'), this.#site.settings)
    return this.#noted(asked, more.length === 0 ? reply : { ...reply, headers: [...reply.headers, ...more] })
  }

  #noted({ call, place, request, began, quiet }: Asked, reply: RestReply): RestReply {
    this.#journal.answered({ method: call.method, route: place?.pattern ?? '', status: reply.status, quiet, began, request })
    return reply
  }
}

/** A request on its way through. */
interface Asked {
  readonly call: RestCall
  readonly began: number
  readonly request: string
  place?: Place
  quiet: boolean
}
