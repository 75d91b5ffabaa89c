/** Links to sign in. As in accounts-js, only where a service redeems them; signing in with one is `/magicLink/authenticate`. */
import type { Accounts } from '../../../core/accounts.ts'
import type { Route } from '../route.ts'
import { mailRoute } from './password.ts'

export function magicLinkRoutes(accounts: Accounts): Route[] {
  const isServed = [...accounts.core.strategies.values()].some(({ loginLinks }) => loginLinks !== undefined)
  if (!isServed) return []
  return [mailRoute('/magiclink/requestMagicLinkEmail', 'Send a link to sign in', accounts.requestMagicLinkEmail)]
}
