/** Codes to sign in. Only where a service takes them; signing in with one is `/code/authenticate`. */
import * as v from 'valibot'
import type { Accounts } from '../../../core/accounts.ts'
import { route } from '../route.ts'
import type { Route } from '../route.ts'
import { text } from '../schemas.ts'

const codeRequested = v.object({ request: v.nullable(v.string()), isNewUser: v.optional(v.boolean()) })

export function codeRoutes(accounts: Accounts): Route[] {
  const isServed = [...accounts.core.strategies.values()].some(({ loginCodes }) => loginCodes !== undefined)
  if (!isServed) return []
  return [
    route({
      pattern: '/code/request',
      guard: 'anyone',
      summary: 'Send a code to sign in',
      body: v.object({ email: text }),
      codes: { email: 'InvalidEmail' },
      reply: codeRequested,
      run: async ({ body, origin }) => {
        const { request, isNewUser } = await accounts.requestLoginCode({ selector: { email: body.email }, userData: body }, origin)
        return { value: { request, ...(isNewUser === undefined ? {} : { isNewUser }) } }
      },
    }),
  ]
}
