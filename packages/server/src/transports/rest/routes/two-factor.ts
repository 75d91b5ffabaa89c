/** The second factor: a code from an authenticator app, and recovery codes. accounts-js's three routes, and in the same style what it lacks. */
import * as v from 'valibot'
import type { Accounts } from '../../../core/accounts.ts'
import { isOwnFactor } from '../../../core/strategy.ts'
import { ok, route } from '../route.ts'
import type { Route } from '../route.ts'
import { password, text } from '../schemas.ts'
import type { Schema } from '../schemas.ts'
import { confirmationOf } from './password.ts'

/** accounts-js's clients send the whole object back; its base32 alone will do. */
const secretGiven: Schema = v.union([v.looseObject({ base32: text }), text])
const secret: Schema = v.object({ ascii: v.string(), hex: v.string(), base32: v.string(), otpauth_url: v.string() })
const recoveryCodes: Schema = v.object({ recoveryCodes: v.array(v.string()) })
const codeAlone = v.object({ code: text })
const codes = { code: 'TwoFactorRequired' } as const

/** None where no second factor can be set up. */
export function twoFactorRoutes(accounts: Accounts): Route[] {
  if (![...accounts.core.factors.values()].some(isOwnFactor)) return []
  return [
    route({
      pattern: '/password/twoFactorSecret',
      // accounts-js's client asks without a token and without a body.
      guard: 'known',
      summary: 'A secret for an authenticator app, good to be set for ten minutes',
      reply: v.object({ secret }),
      run: async ({ who, origin }) => ok({ secret: await accounts.twoFactorSecret(who, origin) }),
    }),
    route({
      pattern: '/password/twoFactorSet',
      guard: 'session',
      summary: 'Set up my second factor; the recovery codes are shown this once',
      body: v.object({ secret: secretGiven, code: text, password: v.optional(password) }),
      codes: { ...codes, secret: 'MatchFailed', password: 'InvalidPassword' },
      reply: recoveryCodes,
      run: async ({ body, who, origin }) =>
        ok(await accounts.twoFactorSet(who, body.secret, body.code, origin, confirmationOf({ password: body.password }))),
    }),
    route({
      pattern: '/password/twoFactorUnset',
      guard: 'session',
      summary: 'Give up my second factor',
      body: codeAlone,
      codes,
      reply: v.object({}),
      run: async ({ body, who, origin }) => {
        await accounts.twoFactorUnset(who, body.code, origin)
        return ok({})
      },
    }),
    route({
      pattern: '/password/twoFactorRecoveryCodes',
      guard: 'session',
      summary: 'New recovery codes in the place of the old ones',
      body: codeAlone,
      codes,
      reply: recoveryCodes,
      run: async ({ body, who, origin }) => ok({ recoveryCodes: await accounts.twoFactorRecoveryCodes(who, body.code, origin) }),
    }),
    route({
      method: 'GET',
      pattern: '/password/twoFactor',
      guard: 'session',
      summary: 'Whether I have a second factor, and how many recovery codes are left',
      reply: v.object({ enabled: v.boolean(), recoveryCodesLeft: v.number() }),
      run: async ({ who }) => ok(await accounts.twoFactorStatus(who)),
    }),
  ]
}
