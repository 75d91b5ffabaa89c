/** `@latchkey/server/meteor-http`: what Meteor's apps do over HTTP: the login cookie, and who calls a route of their own. */
import type { AccountsLike } from '../wire/accounts-of.ts'
import { loginCookieTransport } from '../transports/login-cookie/index.ts'
import type { LoginCookieOptions } from '../transports/login-cookie/index.ts'
import { nodeHandler } from '../transports/node/index.ts'
import { answerFetch } from '../transports/rest/index.ts'
import type { Peer } from '../transports/rest/index.ts'
import type { AuthMiddleware } from './meteor-auth.ts'

export type { LoginCookieOptions } from '../transports/login-cookie/index.ts'
export type { AccountsLike } from '../wire/accounts-of.ts'
export { createAuthMiddleware, withAuth } from './meteor-auth.ts'
export type { AuthedRequest, AuthMiddleware, AuthOptions } from './meteor-auth.ts'

/**
 * Meteor's endpoints for the login cookie, `/_accounts/cookie/set`, `/refresh` and `/clear`, as a middleware for Express and Connect; with two arguments a listener of
 * `node:http`. They exist while `useHttpOnlyCookies` is on; everything else goes on to the app.
 * @throws AccountsError `InvalidSettings` for unknown and malformed options
 * @example
 * import express from 'express'
 * import type { AccountsServer } from '@latchkey/server'
 * import { loginCookies } from '@latchkey/server/meteor-http'
 *
 * export const appOf = (accountsServer: AccountsServer) => express().use(loginCookies(accountsServer))
 */
export function loginCookies(accountsServer: AccountsLike, options: LoginCookieOptions = {}): AuthMiddleware {
  return nodeHandler(loginCookieTransport(accountsServer, options))
}

/** The same for whatever turns a `Request` into a `Response`: an answer, or undefined when the request is not for us. */
export function loginCookiesFetch(
  accountsServer: AccountsLike,
  options: LoginCookieOptions = {},
): (request: Request, peer?: Peer) => Promise<Response | undefined> {
  const transport = loginCookieTransport(accountsServer, options)
  return async (request, peer) => (transport.knows(new URL(request.url).pathname) ? answerFetch(transport, request, peer) : undefined)
}
