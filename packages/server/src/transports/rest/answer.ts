/** From a matched route to its answer: the same steps for every route, in this order. */
import { AccountsError } from '@latchkey/common'
import type { Accounts } from '../../core/accounts.ts'
import type { SessionAndUser } from '../../core/session/session.ts'
import type { Origin } from '../../core/strategy.ts'
import { cookiesFor, endReplaced, lookAt, originOfCaller, readMode } from '../../wire/caller.ts'
import type { Caller } from '../../wire/caller.ts'
import type { Cookies } from '../../wire/cookies.ts'
import { credentialOf, holderOf, NOBODY, whoHolds } from '../../wire/credential.ts'
import type { Credential, Holder } from '../../wire/credential.ts'
import { runInvocation } from '../../wire/invocation.ts'
import { headerOf } from '../../wire/request.ts'
import { readBody, validate } from './body.ts'
import type { Json } from './body.ts'
import { isSafe } from './call.ts'
import type { RestCall } from './call.ts'
import type { RestSettings } from './options.ts'
import { refusalOf } from './reply.ts'
import type { Route, Visit } from './route.ts'

/** What answering needs, made once. */
export interface Site {
  readonly accounts: Accounts
  readonly settings: RestSettings
  readonly cookies: Cookies
}

/** What a route answers, with the `Set-Cookie` values that go with it. */
export interface Answer {
  status: number
  body: unknown
  cookies: string[]
  /** `Location`. */
  redirect?: string
}

/**
 * Answers a call to a route.
 * @throws AccountsError whatever refuses it
 */
export async function answer(site: Site, route: Route, params: Visit['params'], call: RestCall): Promise<Answer> {
  const caller = lookAt(site.settings, call)

  // Before any work: a session in a cookie is handed only to pages that may have one.
  const mode = route.opensSession ? readMode(call) : 'bearer'
  if (mode === 'cookie' && !caller.fromOwnPage) throw new AccountsError('OriginNotAllowed')

  const body = route.method === 'GET' || !route.body ? {} : await readBody(call, site.settings.bodyLimit)
  const credential = guarded(route, caller, readCredential(site, route, caller, body))
  const who = await whoMayCall(site, route, credential)
  const input = route.body ? validate(route.body, body, route.codes) : {}

  const origin = originOfCaller('rest', site.cookies, caller, who)
  // Hooks of the app that this leads to know on whose behalf they are called.
  const outcome = await runInvocation({ userId: who?.user.id ?? null, connection: null, transport: 'rest' }, () =>
    route.run({ call, body: input, params, origin, who, credential, mode }),
  )
  const kept = outcome.mode ?? mode
  const cookies = [...cookiesFor(site.accounts, site.cookies, caller, outcome, kept), ...(outcome.cookies ?? [])]
  if (kept === 'cookie' && outcome.opened?.resumeSecret && credential.by === 'cookie' && who) await endReplaced(site.accounts, who, origin)
  if (outcome.redirect !== undefined) return { status: 303, body: null, cookies, redirect: outcome.redirect }
  if (outcome.refused) return { ...refusalOf(outcome.refused), cookies }
  return { status: outcome.status ?? 200, body: outcome.value, cookies }
}

/** Who sent a request, and from where. */
export interface Identified extends Holder {
  /** The access token that came along, good or not; none when a cookie said who it is. */
  readonly authToken: string | undefined
  readonly origin: Origin
}

/**
 * Who sent a request to a route of the app's own, by the rules of ours: the header, else the cookie, and a cookie counts for an unsafe method only
 * from a page of our own. Nobody is refused here; a bad credential is nobody.
 */
export async function identify(site: Site, call: RestCall): Promise<Identified> {
  const caller = lookAt(site.settings, call)
  const sent = credentialOf(call, {}, () => site.cookies.read(headerOf(call, 'cookie'), 'session', caller.secure))
  const forged = sent.by === 'cookie' && !isSafe(call.method) && !caller.fromOwnPage
  const { accounts } = site
  const holder = forged ? NOBODY : await holderOf(accounts, sent)
  const origin = originOfCaller('rest', site.cookies, caller, holder.who ?? null)
  return { ...holder, authToken: sent.by === 'token' ? String(sent.value) : undefined, origin }
}

function readCredential({ cookies }: Site, { guard }: Route, { call, secure }: Caller<RestCall>, body: Json): Credential {
  // Where nobody is asked who they are, a field of that name means something else: a provider's token, or the one to refresh.
  const named = guard === 'anyone' ? {} : body
  return credentialOf(call, named, () => cookies.read(headerOf(call, 'cookie'), 'session', secure))
}

/** A cookie proves whose browser this is, not whose page: it may change something only for pages of our own. */
function guarded(route: Route, { call, fromOwnPage }: Caller<RestCall>, credential: Credential): Credential {
  if (credential.by !== 'cookie' || isSafe(call.method) || fromOwnPage) return credential
  if (route.guard === 'anyone') return { by: 'nothing', value: undefined }
  throw new AccountsError('OriginNotAllowed')
}

async function whoMayCall({ accounts }: Site, { guard, opensSession }: Route, credential: Credential): Promise<SessionAndUser | null> {
  // A login is told which session it comes from: a device that is signed in is not locked out by guesses made elsewhere.
  const who = guard === 'known' || guard === 'session' || opensSession ? await whoHolds(accounts, credential) : null
  if (guard === 'session' && !who) throw new AccountsError('Unauthorized')
  return who
}
