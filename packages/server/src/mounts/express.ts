/** `@latchkey/server/express`: accounts inside an Express (or Connect) app. */
import type { AccountsServer } from '../accounts-server.ts'
import { headOf, nodeHandler } from '../transports/node/index.ts'
import type { NodeHandler, Served } from '../transports/node/index.ts'
import { loaderOf, mountedRest } from './mount.ts'
import type { LoadedUser, MountOptions } from './mount.ts'
import { relay } from './relay.ts'

export type { LoadedUser, MountOptions } from './mount.ts'

type Request = Parameters<NodeHandler>[0]
type Response = Parameters<NodeHandler>[1]

/** A middleware. Express's own types accept it; none of them is needed here. */
export type ExpressMiddleware = (req: Request, res: Response, next: (error?: unknown) => void) => void

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
export function accountsExpress(accountsServer: AccountsServer, options: MountOptions = {}): ExpressMiddleware {
  const rest = mountedRest(accountsServer, options)
  const served: Served = { knows: target => rest.has(target), handle: call => rest.handle(call) }
  return nodeHandler(served, { mounted: true })
}

export default accountsExpress

/**
 * Puts `user`, `userId`, `authToken` (accounts-js's), `sessionId`, `isImpersonated` and `infos` on the request; see {@link LoadedUser}. Refuses nobody: a
 * route that needs a user looks for `req.userId`. Give it the options that {@link accountsExpress} has, where proxies, cookies or CORS are set.
 */
export function userLoader(accountsServer: AccountsServer, options: MountOptions = {}): ExpressMiddleware {
  const load = loaderOf(accountsServer, options)
  const attach = async (req: Request): Promise<void> => {
    const loaded: LoadedUser = await load(headOf(req))
    Object.assign(req, loaded)
  }
  return (req, _res, next) => void relay(attach(req), next)
}
