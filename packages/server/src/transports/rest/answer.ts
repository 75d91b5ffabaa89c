/** From a matched route to its answer: the same steps for every route, in this order. */
import { AccountsError, SESSION_MODE_HEADER } from '@latchkey/common'
import type { Accounts, Login } from '../../core/accounts.ts'
import type { SessionAndUser } from '../../core/session/session.ts'
import type { Origin } from '../../core/strategy.ts'
import { readBody, validate } from './body.ts'
import type { Json } from './body.ts'
import { headerOf, isSafe } from './call.ts'
import type { RestCall } from './call.ts'
import type { Cookies } from './cookies.ts'
import { credentialOf, whoHolds } from './credential.ts'
import type { Credential } from './credential.ts'
import type { RestSettings } from './options.ts'
import { refusalOf } from './reply.ts'
import { readConnection } from './proxies.ts'
import type { Connection } from './proxies.ts'
import type { Outcome, Route, Visit } from './route.ts'
import { isFromOwnPage } from './sender.ts'

/** What answering needs, made once. */
export interface Site {
  readonly accounts: Accounts
  readonly settings: RestSettings
  readonly cookies: Cookies
}

/** A request, looked at once. */
interface Caller {
  readonly call: RestCall
  readonly connection: Connection
  /** Cookies are marked, and named, for https. */
  readonly secure: boolean
  readonly fromOwnPage: boolean
}

/** What a route answers, with the `Set-Cookie` values that go with it. */
export interface Answer {
  status: number
  body: unknown
  cookies: string[]
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

  const origin = originOf(site, caller, who)
  const outcome = await route.run({ body: input, params, origin, who, credential, mode })
  const cookies = cookiesFor(site, caller, outcome, mode)
  // The browser forgets the session it had: so shall we (ASVS 7.2.4).
  if (mode === 'cookie' && outcome.opened?.resumeSecret && credential.by === 'cookie' && who) await endReplaced(site, who, origin)
  if (outcome.refused) return { ...refusalOf(outcome.refused), cookies }
  return { status: outcome.status ?? 200, body: outcome.value, cookies }
}

/** Who sent a request, and from where. */
export interface Identified {
  /** Null: nobody, or somebody whose credential is not good. */
  readonly who: SessionAndUser | null
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
  const who = forged ? null : await whoHolds(site.accounts, sent)
  return { who, authToken: sent.by === 'token' ? String(sent.value) : undefined, origin: originOf(site, caller, who) }
}

function lookAt(settings: RestSettings, call: RestCall): Caller {
  const connection = readConnection(call, settings.proxies)
  const secure = settings.secureCookies === true || connection.https || settings.siteOrigin.startsWith('https:')
  return { call, connection, secure, fromOwnPage: isFromOwnPage(call, connection, settings) }
}

function readMode(call: RestCall): Visit['mode'] {
  const mode = headerOf(call, SESSION_MODE_HEADER) ?? 'bearer'
  if (mode === 'cookie' || mode === 'bearer') return mode
  throw new AccountsError('InvalidInput', {
    message: `The header ${SESSION_MODE_HEADER} must be "cookie" or "bearer"`,
    details: { field: SESSION_MODE_HEADER },
  })
}

function readCredential({ cookies }: Site, { guard }: Route, { call, secure }: Caller, body: Json): Credential {
  // Where nobody is asked who they are, a field of that name means something else: a provider's token, or the one to refresh.
  const named = guard === 'anyone' ? {} : body
  return credentialOf(call, named, () => cookies.read(headerOf(call, 'cookie'), 'session', secure))
}

/** A cookie proves whose browser this is, not whose page: it may change something only for pages of our own. */
function guarded(route: Route, { call, fromOwnPage }: Caller, credential: Credential): Credential {
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

/** Longest `User-Agent` that is passed on. */
const LONGEST_AGENT = 512

function originOf({ cookies }: Site, { call, connection, secure }: Caller, who: SessionAndUser | null): Origin {
  const device = cookies.read(headerOf(call, 'cookie'), 'device', secure)
  return {
    ip: connection.ip,
    // accounts-js looks into this header first: a proxying browser that says there what the device calls itself.
    userAgent: (headerOf(call, 'x-ucbrowser-ua') ?? headerOf(call, 'user-agent') ?? '').slice(0, LONGEST_AGENT),
    connectionId: '',
    transport: 'rest',
    ...(device === undefined ? {} : { device }),
    ...(who ? { session: who.session } : {}),
    extra: {},
  }
}

const YEAR_SECONDS = 365 * 86_400

function cookiesFor(
  { accounts, cookies }: Site,
  { secure, fromOwnPage }: Caller,
  { opened, ended }: Outcome,
  mode: Visit['mode'],
): string[] {
  if (ended) return [cookies.write('session', '', 0, secure)]
  if (!opened) return []
  const { session, resumeSecret }: Login = opened
  const written: string[] = []
  if (mode === 'cookie' && resumeSecret !== null) {
    const seconds = Math.floor((session.expiresAt - accounts.core.clock.now()) / 1000)
    written.push(cookies.write('session', resumeSecret, Math.max(0, seconds), secure))
  }
  if (fromOwnPage && opened.device !== '') written.push(cookies.write('device', opened.device, YEAR_SECONDS, secure))
  return written
}

async function endReplaced({ accounts }: Site, who: SessionAndUser, origin: Origin): Promise<void> {
  try {
    await accounts.endSession(who, who.session.id, origin)
  } catch (error) {
    // The login stands; the session that was left behind ends by itself.
    accounts.core.log.error({ err: error, sessionId: who.session.id }, 'the session that a login replaced could not be ended')
  }
}
