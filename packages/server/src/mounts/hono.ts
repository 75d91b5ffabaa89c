/** `@latchkey/server/hono`: accounts inside a Hono app. */
import type { AccountsServer } from '../accounts-server.ts'
import { callOfRequest } from '../transports/rest/index.ts'
import { loaderOf, mountedRest } from './mount.ts'
import type { LoadedUser, MountOptions } from './mount.ts'

export type { LoadedUser, MountOptions } from './mount.ts'

/** Options of the Hono mount. */
export interface HonoOptions extends MountOptions {
  /** The peer's address. @default what `@hono/node-server` says; elsewhere unknown, and then all clients share one rate limit */
  ip?: (context: HonoContext) => string | undefined
}

/** What is used of Hono's context. */
export interface HonoContext {
  readonly req: { readonly raw: Request }
  readonly env: unknown
}

/** A middleware. Hono's own types accept it; none of them is needed here. */
export type HonoMiddleware = (context: HonoContext, next: () => Promise<void>) => Promise<Response | void>

/**
 * All REST routes as a middleware; `path` is the whole path, mount points included. What is no route of ours goes on to the app.
 * @throws AccountsError `InvalidSettings` for unknown and malformed options
 * @example
 * import { Hono } from 'hono'
 * import { AccountsServer } from '@latchkey/server'
 * import { accountsHono, userLoader } from '@latchkey/server/hono'
 * import type { LoadedUser } from '@latchkey/server/hono'
 *
 * export function appOf(accountsServer: AccountsServer) {
 *   const app = new Hono<{ Variables: { accounts: LoadedUser } }>()
 *   app.use(accountsHono(accountsServer))
 *   app.get('/me', userLoader(accountsServer), context => context.json(context.get('accounts').user ?? null))
 *   return app
 * }
 */
export function accountsHono(accountsServer: AccountsServer, { ip = ipOf, ...options }: HonoOptions = {}): HonoMiddleware {
  const rest = mountedRest(accountsServer, options)
  return async (context, next) => {
    const { raw } = context.req
    return rest.has(new URL(raw.url).pathname) ? rest.fetch(raw, { ip: ip(context) ?? '' }) : next()
  }
}

/** Sets the context's variable `accounts` to a {@link LoadedUser}. Refuses nobody. */
export function userLoader(accountsServer: AccountsServer, { ip = ipOf, ...options }: HonoOptions = {}): HonoMiddleware {
  const load = loaderOf(accountsServer, options)
  return async (context, next) => {
    const loaded: LoadedUser = await load(callOfRequest(context.req.raw, { ip: ip(context) ?? '' }))
    // Hono types this by the app's own `Variables`, which are unknown here.
    ;(context as HonoContext & { set: (key: string, value: unknown) => void }).set('accounts', loaded)
    await next()
  }
}

/** `@hono/node-server` passes Node's request along. */
function ipOf({ env }: HonoContext): string | undefined {
  const { incoming } = (env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } }
  return incoming?.socket?.remoteAddress
}
