/** `@latchkey/server/express`: accounts inside an Express (or Connect) app. */
import type { AccountsError, LoginResult, Tokens } from '@latchkey/common'
import type { AccountsServer } from '../accounts-server.ts'
import { headOf, nodeHandler } from '../transports/node/index.ts'
import type { NodeHandler, Served } from '../transports/node/index.ts'
import type { OAuthAnswer, OAuthAnswers, OAuthVisit } from '../transports/rest/index.ts'
import { loaderOf, mountedRest } from './mount.ts'
import type { LoadedUser, MountOptions } from './mount.ts'
import { relay } from './relay.ts'

export type { LoadedUser, MountOptions } from './mount.ts'

type Request = Parameters<NodeHandler>[0]
type Response = Parameters<NodeHandler>[1]

/** A middleware. Express's own types accept it; none of them is needed here. */
export type ExpressMiddleware = (req: Request, res: Response, next: (error?: unknown) => void) => void

/** Options of {@link accountsExpress}: those of every mount, and accounts-js's callbacks around a sign-in through a provider. */
export interface ExpressOptions extends MountOptions {
  /** After a sign-in. Answer with `res`, by a redirect for example; if you do not, the login is sent as JSON. Awaited, and never answered twice. */
  onOAuthSuccess?(req: Request, res: Response, login: LoginResult<Tokens | null>): unknown
  /** The same after a refusal. */
  onOAuthError?(req: Request, res: Response, error: AccountsError): unknown
  /** What is sent as JSON in place of the login. */
  transformOAuthResponse?(login: LoginResult<Tokens | null>): unknown
}

/**
 * All REST routes as a middleware; accounts-js's function of that name. Works with a body parser in front and without one, and below a mount point
 * (`app.use('/api', accountsExpress(…))`). What is no route of ours goes on to the app.
 * @throws AccountsError `InvalidSettings` for unknown and malformed options
 * @example
 * import express from 'express'
 * import { AccountsServer } from '@latchkey/server'
 * import { accountsExpress, userLoader } from '@latchkey/server/express'
 * import type { LoadedUser } from '@latchkey/server/express'
 *
 * export function appOf(accountsServer: AccountsServer) {
 *   const app = express()
 *   app.use(accountsExpress(accountsServer))
 *   app.get('/me', userLoader(accountsServer), (req, res) => void res.json((req as LoadedUser & typeof req).user ?? null))
 *   return app
 * }
 */
export function accountsExpress(accountsServer: AccountsServer, options: ExpressOptions = {}): ExpressMiddleware {
  const underWay: UnderWay = new WeakMap()
  const rest = mountedRest(accountsServer, withCallbacks(options, underWay))
  const served: Served = { knows: target => rest.has(target), handle: call => rest.handle(call) }
  const handler = nodeHandler(served, { mounted: true })
  return (req, res, next) => {
    underWay.set(req.headers, { req, res })
    handler(req, res, next)
  }
}

export { accountsExpress as default }

/** Express's request and response, by the one object that REST sees of them. */
type UnderWay = WeakMap<object, { req: Request; res: Response }>

const CALLBACKS = ['onOAuthSuccess', 'onOAuthError', 'transformOAuthResponse']

/** accounts-js's callbacks as those of REST. What they answered themselves is not answered again: the edge sends nothing once headers are out. */
function withCallbacks(options: ExpressOptions, underWay: UnderWay): MountOptions {
  const answered =
    <T>(callback: (req: Request, res: Response, about: T) => unknown) =>
    async (about: T, { call, cookies }: OAuthVisit): Promise<OAuthAnswer | undefined> => {
      const found = underWay.get(call.headers)
      if (!found) return undefined
      const takeBack = lend(found.res, cookies)
      try {
        await callback(found.req, found.res, about)
      } finally {
        takeBack()
      }
      return found.res.headersSent ? { body: null } : undefined
    }
  const oauth: OAuthAnswers = { ...options.oauth }
  if (options.onOAuthSuccess) oauth.onSuccess = answered((req, res, login) => options.onOAuthSuccess?.(req, res, login))
  if (options.onOAuthError) oauth.onError = answered((req, res, error) => options.onOAuthError?.(req, res, error))
  if (options.transformOAuthResponse) oauth.transformResponse = login => options.transformOAuthResponse?.(login)
  const rest = Object.fromEntries(Object.entries(options).filter(([name]) => !CALLBACKS.includes(name)))
  return { ...rest, oauth }
}

/** Puts cookies on an answer that the app may write. What comes back takes them off again, if it did not: then they go with ours. */
function lend(res: Response, cookies: readonly string[]): () => void {
  if (cookies.length > 0) res.appendHeader('set-cookie', cookies)
  return () => {
    if (res.headersSent || cookies.length === 0) return
    const others = [res.getHeader('set-cookie') ?? []].flat().filter(cookie => !cookies.includes(String(cookie)))
    res.removeHeader('set-cookie')
    if (others.length > 0) res.appendHeader('set-cookie', others.map(String))
  }
}

/**
 * Puts `user`, `userId`, `authToken` (accounts-js's), `sessionId`, `isImpersonated` and `infos` on the request; see {@link LoadedUser}. Refuses nobody: a
 * route that needs a user looks for `req.userId`. Give it the options that {@link accountsExpress} has, where proxies, cookies or CORS are set.
 */
export function userLoader(accountsServer: AccountsServer, options: MountOptions = {}): ExpressMiddleware {
  const load = loaderOf(accountsServer, options)
  const attach = async (req: Request): Promise<void> => {
    const loaded: LoadedUser = await load(withTokenOf(req, headOf(req)))
    Object.assign(req, loaded)
  }
  return (req, _res, next) => void relay(attach(req), next)
}

/** accounts-js also took `accessToken` from a body that was parsed before. Here it counts where nothing else says who it is. */
function withTokenOf({ body }: Request & { body?: unknown }, head: ReturnType<typeof headOf>): ReturnType<typeof headOf> {
  const { authorization, cookie } = head.headers
  const token = typeof body === 'object' && body !== null && 'accessToken' in body ? body.accessToken : undefined
  if (authorization || cookie !== undefined || typeof token !== 'string') return head
  return { ...head, headers: { ...head.headers, authorization: token } }
}
