/** What several routes take or answer. Each schema is built once; it validates, and it is what `/openapi.json` shows. */
import * as v from 'valibot'
import type { PasswordInput } from '../../core/ports.ts'

/** Whatever a route's input or output is described by. */
export type Schema<T = unknown> = v.GenericSchema<unknown, T>

/** A token, an address, an id: bounded, and possibly empty, for the core has the right word for that. */
export const text: Schema<string> = v.pipe(v.string(), v.maxLength(4096))

/** In clear, or digested as Meteor's clients do. Its length is the password rules' business. */
export const password: Schema<PasswordInput> = v.union([v.string(), v.object({ digest: text, algorithm: v.literal('sha-256') })])

/** A body without fields. */
export const nothing: Schema<object> = v.object({})

/** The answer `null`. */
export const nil: Schema<null> = v.null()

/** A user as everybody outside sees it. Further keys are the app's own. */
export const publicUser: Schema = v.looseObject({
  id: v.string(),
  username: v.optional(v.string()),
  emails: v.array(v.object({ address: v.string(), verified: v.boolean() })),
  deactivated: v.boolean(),
})

const tokens = v.object({ accessToken: v.string(), refreshToken: v.string() })

/** `tokens` is null when the session is kept in a cookie. */
export const loginResult: Schema = v.object({ sessionId: v.string(), tokens: v.nullable(tokens), user: publicUser })

export const refreshResult: Schema = v.object({
  sessionId: v.string(),
  tokens,
  user: publicUser,
  infos: v.object({ userAgent: v.string(), ip: v.string() }),
})

/** Empty where ambiguous messages hide whether the account is new. */
export const createUserResult: Schema = v.object({ userId: v.optional(v.string()), loginResult: v.optional(loginResult) })

/** accounts-js's answer to who asks to act as another. */
export const impersonationResult: Schema = v.object({
  authorized: v.boolean(),
  tokens: v.optional(tokens),
  user: v.optional(publicUser),
})

const time = v.pipe(v.string(), v.isoTimestamp())

export const sessionInfo: Schema = v.object({
  id: v.string(),
  current: v.boolean(),
  createdAt: time,
  activeAt: time,
  expiresAt: time,
  ip: v.nullable(v.string()),
  userAgent: v.nullable(v.string()),
  device: v.string(),
  factors: v.array(v.string()),
  impersonated: v.boolean(),
})

export const publicSettings: Schema = v.object({
  signUpAllowed: v.boolean(),
  passwordMinLength: v.number(),
  verificationMail: v.boolean(),
  twoFactor: v.boolean(),
  strategies: v.array(v.string()),
})

/** Every refusal. `code` is absent where accounts-js sends none. */
export const errorBody: Schema = v.object({
  message: v.string(),
  code: v.optional(v.union([v.string(), v.number()])),
  details: v.optional(v.record(v.string(), v.unknown())),
})
