/** Signing in through providers. As in accounts-js, only where a service for it is registered; by programs, signing in is `/oauth/authenticate`. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { AccountsError } from '@latchkey/common'
import * as v from 'valibot'
import type { Accounts, Login } from '../../../core/accounts.ts'
import type { Strategy } from '../../../core/strategy.ts'
import { cookiesFor, lookAt } from '../../../wire/caller.ts'
import type { WireMode } from '../../../wire/caller.ts'
import { headerOf } from '../../../wire/request.ts'
import type { Site } from '../answer.ts'
import type { RestCall } from '../call.ts'
import type { OAuthAnswer, OAuthVisit } from '../options.ts'
import { isRefusal } from '../reply.ts'
import { done, ok, route } from '../route.ts'
import type { Outcome, Route, Visit } from '../route.ts'
import { loginResult, nil, password, text } from '../schemas.ts'
import { CONFIRMATION, confirmation, confirmationOf } from './password.ts'

export function oauthRoutes(site: Site): Route[] {
  const { accounts } = site
  const strategy = accounts.core.strategies.get(SERVICE)
  if (!strategy?.vouch) return []
  const linked = v.object({ provider: v.string(), linkedAt: v.pipe(v.string(), v.isoTimestamp()) })
  return [
    route({
      method: 'GET',
      pattern: '/oauth/:provider/start',
      guard: 'anyone',
      summary: 'Send this browser to a provider to sign in',
      reply: nil,
      run: visit => start(site, strategy, visit),
    }),
    route({
      method: 'GET',
      pattern: '/oauth/:provider/callback',
      guard: 'anyone',
      summary: 'Sign in with what a provider sent the browser back with',
      reply: loginResult,
      opensSession: true,
      run: visit => callback(site, strategy, visit),
    }),
    route({
      method: 'GET',
      pattern: '/oauth/accounts',
      guard: 'session',
      summary: 'The providers that sign in to my account',
      reply: v.array(linked),
      run: async ({ who }) => ok(await accounts.linkedProviders(who)),
    }),
    route({
      pattern: '/oauth/link',
      guard: 'session',
      summary: 'Let an account at a provider sign in to mine',
      // A `code` is the provider's: whoever has a second factor and an old session signs in anew before linking.
      body: v.looseObject({ provider: text, password: v.optional(password) }),
      codes: { provider: 'InvalidProvider', password: 'InvalidPassword' },
      reply: nil,
      run: ({ body: { password: given, ...params }, who, origin }) =>
        done(accounts.link(who, params, confirmationOf({ password: given }), origin, SERVICE)),
    }),
    route({
      pattern: '/oauth/unlink',
      guard: 'session',
      summary: 'Let an account at a provider no longer sign in to mine',
      body: v.object({ provider: text, ...confirmation }),
      codes: { provider: 'InvalidProvider', ...CONFIRMATION },
      reply: nil,
      run: ({ body, who, origin }) => done(accounts.unlink(who, body.provider, confirmationOf(body), origin)),
    }),
  ]
}

const SERVICE = 'oauth'

/** Seconds that somebody has to sign in at the provider. */
const STATE_SECONDS = 600

/** Remembers in a cookie that this browser began, and hands the provider what only this browser can match. */
async function start({ accounts, settings, cookies }: Site, strategy: Strategy, { call, params }: Visit): Promise<Outcome> {
  refuseHead(call)
  const provider = params.provider ?? ''
  if (!strategy.begin?.(provider)) throw new AccountsError('NotFound')
  const query = queryOf(call)
  const mode = query.session ?? 'bearer'
  if (mode !== 'bearer' && mode !== 'cookie') throw new AccountsError('InvalidInput', { details: { field: 'session' } })
  const kept = `${mode}.${Buffer.from(accounts.core.chance.bytes(32)).toString('base64url')}`
  const redirect = await strategy.begin(provider)?.(stateOf(provider, kept))
  const { secure } = lookAt(settings, call)
  return { value: null, redirect: addressOf(redirect, settings.siteOrigin), cookies: [cookies.write('oauth', kept, STATE_SECONDS, secure)] }
}

/**
 * What the provider sent along is the query, and nothing else: no session, no cookie and no body may name another provider or other parameters than the address
 * does.
 */
async function callback(site: Site, strategy: Strategy, { call, params, origin }: Visit): Promise<Outcome> {
  refuseHead(call)
  const caller = lookAt(site.settings, call)
  const kept = site.cookies.read(headerOf(call, 'cookie'), 'oauth', caller.secure)
  // Once: whatever comes of it, the next sign-in begins anew.
  const cookies = kept === undefined ? [] : [site.cookies.write('oauth', '', 0, caller.secure)]
  const visit: OAuthVisit = { provider: params.provider ?? '', call, cookies }
  try {
    const query = queryOf(call)
    const mode = strategy.begin?.(visit.provider) ? modeOf(visit.provider, query.state, kept) : 'bearer'
    const login = await site.accounts.login(SERVICE, { ...query, provider: visit.provider }, origin, mode)
    const opened = cookiesFor(site.accounts, site.cookies, caller, { opened: login }, mode)
    return { ...(await succeeded(site, login, mode, { ...visit, cookies: [...opened, ...cookies] })), opened: login, mode, cookies }
  } catch (error) {
    if (!isRefusal(error)) throw error
    const answer = await asked(site.accounts, site.settings.siteOrigin, () => site.settings.oauth.onError?.(error, visit))
    return { ...(answer ?? { value: null, refused: error }), cookies }
  }
}

async function succeeded({ accounts, settings }: Site, login: Login, mode: WireMode, visit: OAuthVisit): Promise<Outcome> {
  const result = accounts.loginResult(login)
  const { onSuccess, transformResponse } = settings.oauth
  const answer =
    (await asked(accounts, settings.siteOrigin, () => onSuccess?.(result, visit))) ??
    (transformResponse && (await asked(accounts, settings.siteOrigin, () => ({ body: transformResponse(result) }))))
  return answer ?? (mode === 'cookie' ? { value: null, redirect: accounts.core.settings.siteUrl } : ok(result))
}

type Answered = OAuthAnswer | undefined | void

/** The app's answer, if it has one. Whoever it is about is signed in, or not, already: an app that fails to answer changes nothing about that. */
async function asked(accounts: Accounts, base: string, ask: () => Answered | Promise<Answered>): Promise<Outcome | undefined> {
  try {
    const answer = await ask()
    if (!answer) return undefined
    return 'redirect' in answer ? { value: null, redirect: addressOf(answer.redirect, base) } : ok(answer.body)
  } catch (error) {
    accounts.core.log.error({ err: error }, 'an OAuth callback of the app threw; the answer is the usual one')
    return undefined
  }
}

/**
 * How the sign-in was begun to end, by the browser that began it. Without this check anybody could send somebody else's browser here with an answer of their own,
 * and have them work in a stranger's account (RFC 9700, 4.7).
 */
function modeOf(provider: string, state: string | undefined, kept: string | undefined): WireMode {
  if (kept === undefined || state === undefined || !isSame(state, stateOf(provider, kept)))
    throw new AccountsError('AuthenticationFailed', {
      message: 'This browser did not begin the sign-in, or too long ago. Please start again.',
    })
  return kept.startsWith('cookie.') ? 'cookie' : 'bearer'
}

/** What the provider hands back. Follows from what the cookie holds, and is good for one provider alone; says nothing about it. */
const stateOf = (provider: string, kept: string): string => createHash('sha256').update(`${provider}\0${kept}`).digest('base64url')

function isSame(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}

/** @throws AccountsError `InvalidInput` for a parameter that stands twice: the two who read it might not choose the same one */
function queryOf({ url }: RestCall): Record<string, string> {
  const at = url.indexOf('?')
  const query = new URLSearchParams(at === -1 ? '' : url.slice(at))
  const names = [...query.keys()]
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new AccountsError('InvalidInput', { message: 'A parameter stands twice', details: { field: 'query' } })
  return Object.fromEntries(query)
}

/** Whoever only looks at a link (a preview, a scanner) signs nobody in. */
function refuseHead({ method }: RestCall): void {
  if (method === 'HEAD') throw new AccountsError('MethodNotAllowed')
}

/** Whole and escaped, so that nothing in it can end the header it stands in. */
const addressOf = (address: string | undefined, base: string): string => new URL(address ?? '', `${base}/`).href
