/** Signing in and out, and asking who one is. */
import { isAccountsError } from '@latchkey/common'
import * as v from 'valibot'
import type { Accounts, Login } from '../../../core/accounts.ts'
import type { SessionAndUser } from '../../../core/session/session.ts'
import { bearerOf, userWhoHolds } from '../../../wire/credential.ts'
import type { RestCall, RestReply } from '../call.ts'
import type { Replies } from '../reply.ts'
import { done, ok, route } from '../route.ts'
import type { Outcome, Route, Visit } from '../route.ts'
import { impersonationResult, loginResult, nil, publicUser, refreshResult, text } from '../schemas.ts'
import type { Schema } from '../schemas.ts'

/** Whatever the strategy of that name takes; it reads its parameters itself. */
const parameters: Schema<Record<string, unknown>> = v.looseObject({})
const tokenPair = v.object({ accessToken: text, refreshToken: text })
const identity = v.object({ userId: v.nullish(text), username: v.nullish(text), email: v.nullish(text) })
const withToken = v.object({ accessToken: v.optional(text) })

export function signInRoutes(accounts: Accounts, replies: Replies): Route[] {
  const opened = (login: Login): Outcome => ({ value: accounts.loginResult(login), opened: login })
  const ownUser = async ({ credential }: Pick<Visit, 'credential'>): Promise<Outcome> => ok(await userWhoHolds(accounts, credential))
  const aboutUser = {
    pattern: '/user',
    guard: 'holder',
    summary: 'The signed-in user, or null',
    reply: v.nullable(publicUser),
    quiet: true,
  } as const

  return [
    route({
      pattern: '/:service/authenticate',
      guard: 'anyone',
      summary: 'Sign in',
      body: parameters,
      reply: loginResult,
      opensSession: true,
      run: async ({ params, body, origin, mode }) => opened(await accounts.login(params.service ?? '', body, origin, mode)),
    }),
    route({
      pattern: '/:service/verifyAuthentication',
      guard: 'anyone',
      summary: 'Try credentials without signing in',
      body: parameters,
      reply: v.literal(true),
      run: async ({ params, body, origin }) => {
        await accounts.prove(params.service ?? '', body, origin)
        return ok(true)
      },
    }),
    route({
      pattern: '/refreshTokens',
      guard: 'anyone',
      summary: 'Exchange a refresh token for a new pair',
      body: tokenPair,
      codes: { accessToken: 'InvalidTokens', refreshToken: 'InvalidTokens' },
      reply: refreshResult,
      run: async ({ body, origin }) => {
        const login = await accounts.refresh(body.accessToken, body.refreshToken, origin)
        return ok({ ...accounts.loginResult(login), infos: { userAgent: origin.userAgent, ip: origin.ip } })
      },
    }),
    route({
      pattern: '/impersonate',
      // Tokens alone: the session that acts is the one whose token is in the body, and no cookie counts.
      guard: 'anyone',
      summary: 'Act as another user',
      body: v.object({ accessToken: text, impersonated: identity }),
      codes: { accessToken: 'InvalidToken' },
      reply: impersonationResult,
      run: async ({ body, origin }) => {
        const found = await accounts.impersonate(body.accessToken, body.impersonated, origin)
        if (!found.authorized) return ok({ authorized: false })
        const { tokens, user } = accounts.loginResult(found.login)
        return ok({ authorized: true, tokens, user })
      },
    }),
    route({
      pattern: '/logout',
      guard: 'holder',
      summary: 'Sign out',
      body: withToken,
      codes: { accessToken: 'InvalidToken' },
      reply: nil,
      run: ({ credential, origin }) =>
        credential.by === 'cookie'
          ? logoutByCookie(accounts, credential.value, origin)
          : done(accounts.logoutByToken(credential.value, origin)),
    }),
    route({ ...aboutUser, method: 'GET', instant: cachedUser(accounts, replies), run: ownUser }),
    route({ ...aboutUser, body: withToken, codes: { accessToken: 'InvalidToken' }, run: ownUser }),
  ]
}

/** Also when the session is over already: the error says so, and the cookie, which is good for nothing, goes. */
async function logoutByCookie(accounts: Accounts, secret: string, origin: Parameters<Accounts['logout']>[2]): Promise<Outcome> {
  try {
    await accounts.logout(await accounts.checkResume(secret), 'this', origin)
    return { value: null, ended: true }
  } catch (error) {
    if (!isAccountsError(error) || error.code !== 'InvalidSession') throw error
    return { value: null, ended: true, refused: error }
  }
}

/**
 * The question apps ask with every request of theirs, answered without a promise when the session is at hand. The answer is kept as text with
 * the cached session it was made from; when that is dropped, so is this.
 */
function cachedUser(accounts: Accounts, replies: Replies): (call: RestCall) => RestReply | undefined {
  const known = new WeakMap<SessionAndUser, RestReply>()
  return ({ headers: { authorization } }) => {
    const token = typeof authorization === 'string' ? bearerOf(authorization) : undefined
    const found = token === undefined ? undefined : checkCached(accounts, token)
    if (!found) return undefined
    const kept = known.get(found)
    if (kept) return kept
    const reply = replies.json(200, accounts.publicUser(found.user))
    known.set(found, reply)
    return reply
  }
}

/** A token that is not good is not an error here: the slow way says `null`. */
function checkCached(accounts: Accounts, token: string): SessionAndUser | undefined {
  const { micro, useStatelessSession } = accounts.core.settings
  if (micro || useStatelessSession) return undefined
  try {
    return accounts.checkCached(token)
  } catch (error) {
    if (isAccountsError(error)) return undefined
    throw error
  }
}
