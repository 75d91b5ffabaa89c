/** Signing in and out, and asking who one is. */
import { isAccountsError } from '@latchkey/common'
import * as v from 'valibot'
import type { Accounts, Login } from '../../../core/accounts.ts'
import type { SessionAndUser } from '../../../core/session/session.ts'
import { bearerOf } from '../../../wire/credential.ts'
import type { RestCall, RestReply } from '../call.ts'
import type { Replies } from '../reply.ts'
import { done, ok, route } from '../route.ts'
import type { Outcome, Route } from '../route.ts'
import { loginResult, nil, publicUser, refreshResult, text } from '../schemas.ts'
import type { Schema } from '../schemas.ts'

/** Whatever the strategy of that name takes; it reads its parameters itself. */
const parameters: Schema<Record<string, unknown>> = v.looseObject({})
const tokenPair = v.object({ accessToken: text, refreshToken: text })
const withToken = v.object({ accessToken: v.optional(text) })

export function signInRoutes(accounts: Accounts, replies: Replies): Route[] {
  const opened = (login: Login): Outcome => ({ value: accounts.loginResult(login), opened: login })
  const user = ({ who }: { who: SessionAndUser | null }): Outcome => ok(who ? accounts.publicUser(who.user) : null)
  const aboutUser = {
    pattern: '/user',
    guard: 'known',
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
    route({ ...aboutUser, method: 'GET', instant: cachedUser(accounts, replies), run: user }),
    route({ ...aboutUser, body: withToken, codes: { accessToken: 'InvalidToken' }, run: user }),
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
  try {
    return accounts.checkCached(token)
  } catch (error) {
    if (isAccountsError(error)) return undefined
    throw error
  }
}
