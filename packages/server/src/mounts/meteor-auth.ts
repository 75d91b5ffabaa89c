/** Who calls a route of the app's own, as Meteor's `accounts-express` tells it: by the login token in the header, else by the cookie. */
import { accountsOf } from '../wire/accounts-of.ts'
import type { AccountsLike } from '../wire/accounts-of.ts'
import { lookAt } from '../wire/caller.ts'
import { Cookies } from '../wire/cookies.ts'
import { bearerOf, holderOf } from '../wire/credential.ts'
import type { Credential } from '../wire/credential.ts'
import { runInvocation } from '../wire/invocation.ts'
import { isLoginToken, readLoginCookie } from '../wire/login-cookie.ts'
import { headerOf } from '../wire/request.ts'
import type { HttpRequest } from '../wire/request.ts'
import { refuseUnknown } from '../core/settings-kinds.ts'
import { readSiteOptions, refuse, SITE_KEYS } from '../wire/site-options.ts'
import type { SiteOptions } from '../wire/site-options.ts'
import { headOf } from '../transports/node/index.ts'
import type { NodeHandler } from '../transports/node/index.ts'
import { callOfRequest } from '../transports/rest/index.ts'
import type { Peer } from '../transports/rest/index.ts'
import { relay } from './relay.ts'

/** Options of {@link createAuthMiddleware}: those of the site as REST has them, and one of its own. */
export interface AuthOptions extends SiteOptions {
  /** Answer 401 when nobody is signed in. @default false */
  required?: boolean
}

/** What the middleware puts on a request. */
export interface AuthedRequest {
  /** Null: nobody. */
  userId: string | null
}

type NodeResponse = Parameters<NodeHandler>[1]

/** A middleware for Express and Connect. */
export type AuthMiddleware = (req: Parameters<NodeHandler>[0], res: NodeResponse, next: (error?: unknown) => void) => void

/**
 * A middleware that puts `userId` on the request, and inside of which `accountsServer.userId()` and `userAsync()` answer. Good are `Authorization: Bearer <login token>`,
 * an access token in its place, and the session's cookie; a cookie counts for requests that may change something only when a page of our own sent them. Put
 * it behind the body parser.
 * @throws AccountsError `InvalidSettings` for unknown and malformed options
 * @example
 * import express from 'express'
 * import type { AccountsServer } from '@latchkey/server'
 * import { createAuthMiddleware } from '@latchkey/server/meteor-http'
 * import type { AuthedRequest } from '@latchkey/server/meteor-http'
 *
 * export function appOf(accountsServer: AccountsServer) {
 *   const app = express()
 *   app.get('/mine', createAuthMiddleware(accountsServer, { required: true }), (req, res) => {
 *     res.json({ userId: (req as AuthedRequest & typeof req).userId })
 *   })
 *   return app
 * }
 */
export function createAuthMiddleware(accountsServer: AccountsLike, options: AuthOptions = {}): AuthMiddleware {
  const { ask, required } = asker(accountsServer, options)
  return (req, res, next) => {
    const attach = async (): Promise<void> => {
      const userId = await ask(headOf(req))
      const authed: AuthedRequest = { userId }
      Object.assign(req, authed)
    }
    void relay(attach(), error => {
      if (error !== undefined) return next(error)
      const { userId } = req as AuthedRequest & typeof req
      if (required && userId === null) return refuseRequest(res)
      return runInvocation({ userId, connection: null, transport: 'http' }, next)
    })
  }
}

/**
 * The same for whatever turns a `Request` into a `Response`: wraps a handler, which is told who calls.
 * @throws AccountsError `InvalidSettings` for unknown and malformed options
 * @example
 * import type { AccountsServer } from '@latchkey/server'
 * import { withAuth } from '@latchkey/server/meteor-http'
 *
 * export const routesOf = (accountsServer: AccountsServer) =>
 *   withAuth(accountsServer, { required: true }, (_request, { userId }) => Response.json({ userId }))
 */
export function withAuth(
  accountsServer: AccountsLike,
  options: AuthOptions,
  handler: (request: Request, who: AuthedRequest) => Response | Promise<Response>,
): (request: Request, peer?: Peer) => Promise<Response> {
  const { ask, required } = asker(accountsServer, options)
  return async (request, peer) => {
    const userId = await ask(callOfRequest(request, peer))
    if (required && userId === null) return new Response(REFUSAL, { status: 401, headers: REFUSAL_HEADERS })
    return runInvocation({ userId, connection: null, transport: 'http' }, () => handler(request, { userId }))
  }
}

/** Asks whose a request is. Rejects only when the server itself cannot tell. */
function asker(
  server: AccountsLike,
  options: AuthOptions,
): { ask: (call: HttpRequest & { method: string }) => Promise<string | null>; required: boolean } {
  refuseUnknown('createAuthMiddleware', options, [...SITE_KEYS, 'required'])
  const { required = false, ...site } = options
  if (typeof required !== 'boolean') refuse('required must be true or false')
  const accounts = accountsOf(server)
  const settings = readSiteOptions(site, accounts.core.settings.siteUrl, 'createAuthMiddleware')
  const cookies = new Cookies(settings)
  const credentialOf = (call: HttpRequest & { method: string }): Credential => {
    const token = bearerOf(headerOf(call, 'authorization'))
    // A resume secret is asked for in the same way wherever it stood.
    if (token !== undefined) return { by: isLoginToken(token) ? 'cookie' : 'token', value: token }
    const { secure, fromOwnPage } = lookAt(settings, call)
    const cookie = cookies.read(headerOf(call, 'cookie'), 'session', secure) ?? readLoginCookie(server, call)
    return cookie === undefined || !(fromOwnPage || SAFE.includes(call.method))
      ? { by: 'nothing', value: undefined }
      : { by: 'cookie', value: cookie }
  }
  return { required, ask: async call => (await holderOf(accounts, credentialOf(call))).user?.id ?? null }
}

/** They change nothing (RFC 9110, 9.2.1), so they may come from anywhere. */
const SAFE: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

const REFUSAL = '{"error":"unauthorized"}'
const REFUSAL_HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  'www-authenticate': 'Bearer',
} as const

function refuseRequest(res: NodeResponse): void {
  res.writeHead(401, { ...REFUSAL_HEADERS, 'content-length': REFUSAL.length })
  res.end(REFUSAL)
}
