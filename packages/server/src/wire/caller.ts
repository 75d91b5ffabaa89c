/** Who calls, from where, and how they want to keep their session: read once per request, by the same rules over every transport. */
import { AccountsError, SESSION_MODE_HEADER } from '@latchkey/common'
import type { Accounts, Login } from '../core/accounts.ts'
import type { SessionAndUser } from '../core/session/session.ts'
import type { Origin } from '../core/strategy.ts'
import type { Cookies } from './cookies.ts'
import { readConnection } from './proxies.ts'
import type { Connection } from './proxies.ts'
import { headerOf } from './request.ts'
import type { HttpRequest } from './request.ts'
import { isFromOwnPage } from './sender.ts'
import type { SiteSettings } from './site-options.ts'

/** How a caller over HTTP keeps the session that a call opens. */
export type WireMode = 'bearer' | 'cookie'

/** A request, looked at once. */
export interface Caller<Request extends HttpRequest = HttpRequest> {
  readonly call: Request
  readonly connection: Connection
  /** Cookies are marked, and named, for https. */
  readonly secure: boolean
  readonly fromOwnPage: boolean
}

/** Reads what a request says of its sender. */
export function lookAt<Request extends HttpRequest>(settings: SiteSettings, call: Request): Caller<Request> {
  const connection = readConnection(call, settings.proxies)
  const secure = settings.secureCookies === true || connection.https || settings.siteOrigin.startsWith('https:')
  return { call, connection, secure, fromOwnPage: isFromOwnPage(call, connection, settings) }
}

/**
 * What the caller asked for, `bearer` when nothing.
 * @throws AccountsError `InvalidInput` for any other mode
 */
export function readMode(call: HttpRequest): WireMode {
  const mode = headerOf(call, SESSION_MODE_HEADER) ?? 'bearer'
  if (mode === 'cookie' || mode === 'bearer') return mode
  throw new AccountsError('InvalidInput', {
    message: `The header ${SESSION_MODE_HEADER} must be "cookie" or "bearer"`,
    details: { field: SESSION_MODE_HEADER },
  })
}

/** Longest `User-Agent` that is passed on. */
const LONGEST_AGENT = 512

/** What a strategy learns of the wire. */
export function originOfCaller(
  transport: string,
  cookies: Cookies,
  { call, connection, secure }: Caller,
  who: SessionAndUser | null,
): Origin {
  const device = cookies.read(headerOf(call, 'cookie'), 'device', secure)
  return {
    ip: connection.ip,
    // accounts-js looks into this header first: a proxying browser that says there what the device calls itself.
    userAgent: (headerOf(call, 'x-ucbrowser-ua') ?? headerOf(call, 'user-agent') ?? '').slice(0, LONGEST_AGENT),
    connectionId: '',
    transport,
    ...(device === undefined ? {} : { device }),
    ...(who ? { session: who.session } : {}),
    extra: {},
  }
}

const YEAR_SECONDS = 365 * 86_400

/** `Set-Cookie` values after a call that opened (`opened`) or ended (`ended`) the session. */
export function cookiesFor(
  accounts: Accounts,
  cookies: Cookies,
  { secure, fromOwnPage }: Caller,
  { opened, ended }: { readonly opened?: Login | null; readonly ended?: boolean },
  mode: WireMode,
): string[] {
  if (ended) return [cookies.write('session', '', 0, secure)]
  if (!opened) return []
  const { session, resumeSecret } = opened
  const written: string[] = []
  if (mode === 'cookie' && resumeSecret !== null) {
    const seconds = Math.floor((session.expiresAt - accounts.core.clock.now()) / 1000)
    written.push(cookies.write('session', resumeSecret, Math.max(0, seconds), secure))
  }
  if (fromOwnPage && opened.device !== '') written.push(cookies.write('device', opened.device, YEAR_SECONDS, secure))
  return written
}

/** The session that a login in a browser replaced: the browser forgets it, so shall we (ASVS 7.2.4). Never rejects. */
export async function endReplaced(accounts: Accounts, who: SessionAndUser, origin: Origin): Promise<void> {
  try {
    await accounts.endSession(who, who.session.id, origin)
  } catch (error) {
    // The login stands; the session that was left behind ends by itself.
    accounts.core.log.error({ err: error, sessionId: who.session.id }, 'the session that a login replaced could not be ended')
  }
}
