/** `@latchkey/server/fetch`: accounts in anything that turns a `Request` into a `Response`: Next, Remix, SvelteKit, Deno, Bun, workers. */
import type { AccountsServer } from '../accounts-server.ts'
import { callOfRequest } from '../transports/rest/index.ts'
import type { Peer } from '../transports/rest/index.ts'
import { loaderOf, mountedRest } from './mount.ts'
import type { LoadedUser, MountOptions } from './mount.ts'

export type { Peer } from '../transports/rest/index.ts'
export type { LoadedUser, MountOptions } from './mount.ts'

/** Answers requests to our routes; 404 to the rest. */
export interface AccountsFetch {
  /** Tell it the peer's address where the host knows it: without, rate limits take all clients for one. Never rejects. */
  (request: Request, peer?: Peer): Promise<Response>
  /** True when a route of ours answers at this address. */
  has(request: Request): boolean
}

/**
 * All REST routes as one function from `Request` to `Response`.
 * @throws AccountsError `InvalidSettings` for unknown and malformed options
 * @example
 * import { AccountsServer } from '@latchkey/server'
 * import { accountsFetch, userLoader } from '@latchkey/server/fetch'
 *
 * export function routesOf(accountsServer: AccountsServer) {
 *   const accounts = accountsFetch(accountsServer)
 *   const whoAsks = userLoader(accountsServer)
 *   return async (request: Request): Promise<Response> => {
 *     if (accounts.has(request)) return accounts(request)
 *     const { user } = await whoAsks(request)
 *     return Response.json({ hello: user?.username ?? 'stranger' })
 *   }
 * }
 */
export function accountsFetch(accountsServer: AccountsServer, options: MountOptions = {}): AccountsFetch {
  const rest = mountedRest(accountsServer, options)
  return Object.assign((request: Request, peer?: Peer) => rest.fetch(request, peer), {
    has: (request: Request) => rest.has(new URL(request.url).pathname),
  })
}

/** Tells who sent a request; see {@link LoadedUser}. Refuses nobody. */
export function userLoader(
  accountsServer: AccountsServer,
  options: MountOptions = {},
): (request: Request, peer?: Peer) => Promise<LoadedUser> {
  const load = loaderOf(accountsServer, options)
  return (request, peer) => load(callOfRequest(request, peer))
}
