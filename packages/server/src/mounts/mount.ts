/** What every mount is made of: REST for an app that has a server of its own, and who sent a request to the app's own routes. */
import type { PublicUser } from '@latchkey/common'
import type { AccountsServer } from '../accounts-server.ts'
import { restTransport } from '../transports/rest/index.ts'
import type { RestCall, RestOptions, RestTransport } from '../transports/rest/index.ts'

/** Options of every mount: those of REST. `/healthz`, `/readyz` and `/openapi.json` are the app's own business unless `health` is true. */
export type MountOptions = RestOptions

/** Who sent a request, as accounts-js's `userLoader` tells it. Nobody: `user` and `userId` are undefined. */
export interface LoadedUser {
  /** The access token that came along, good or not. */
  authToken?: string
  /** The signed-in user as any client may see them; with `micro` nothing but the id. */
  user?: PublicUser
  userId?: string
  /** The session's id, for `accounts.endSession` and the like. */
  sessionId?: string
  /** True while an administrator acts as this user. */
  isImpersonated?: boolean
  /** Where the request came from; of proxies only what trusted ones said. */
  infos: { ip: string; userAgent: string }
}

/** REST for a mount. */
export const mountedRest = (accountsServer: AccountsServer, options: MountOptions): RestTransport =>
  restTransport(accountsServer, { health: false, ...options })

/** Tells who sent a request. A bad credential is nobody; only a server that cannot tell rejects. */
export function loaderOf(accountsServer: AccountsServer, options: MountOptions): (call: RestCall) => Promise<LoadedUser> {
  const rest = mountedRest(accountsServer, options)
  return async call => {
    const { session, user, authToken, origin } = await rest.identify(call)
    return {
      ...(authToken === undefined ? {} : { authToken }),
      ...(user ? { user, userId: user.id } : {}),
      ...(session ? { sessionId: session.id, isImpersonated: session.isImpersonated } : {}),
      infos: { ip: origin.ip, userAgent: origin.userAgent },
    }
  }
}
