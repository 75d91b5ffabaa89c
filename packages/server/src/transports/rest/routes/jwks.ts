/** The public keys that verify access tokens, for the other services of an app (RFC 7517). */
import * as v from 'valibot'
import type { Accounts } from '../../../core/accounts.ts'
import { ok, route } from '../route.ts'
import type { Route } from '../route.ts'

/** Long enough to spare us most questions, and short enough that a key which was announced ahead is known everywhere when it begins to sign. */
const CACHED_SECONDS = 300

/** Below the transport's path, and where services look by themselves. */
export const JWKS_BELOW = '/jwks.json'
export const JWKS_WELL_KNOWN = '/.well-known/jwks.json'

export function jwksRoute(accounts: Accounts, pattern: string): Route {
  return route({
    method: 'GET',
    pattern,
    guard: 'anyone',
    summary: 'Public keys that verify access tokens',
    reply: v.object({ keys: v.array(v.looseObject({ kty: v.string(), kid: v.string(), alg: v.string(), use: v.literal('sig') })) }),
    quiet: true,
    cachedFor: CACHED_SECONDS,
    run: () => ok({ keys: accounts.publicKeys() }),
  })
}
