/** Links to sign in. As in accounts-js, only where a service redeems them; signing in with one is `/magicLink/authenticate`. */
import * as v from 'valibot'
import type { Accounts } from '../../../core/accounts.ts'
import { done, route } from '../route.ts'
import type { Route } from '../route.ts'
import { nil, text } from '../schemas.ts'

export function magicLinkRoutes(accounts: Accounts): Route[] {
  const isServed = [...accounts.core.strategies.values()].some(({ loginLinks }) => loginLinks !== undefined)
  if (!isServed) return []
  return [
    route({
      pattern: '/magiclink/requestMagicLinkEmail',
      guard: 'anyone',
      summary: 'Send a link to sign in',
      body: v.object({ email: text }),
      codes: { email: 'InvalidEmail' },
      reply: nil,
      run: ({ body, origin }) => done(accounts.requestMagicLinkEmail(body.email, origin)),
    }),
  ]
}
