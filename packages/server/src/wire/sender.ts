/** Whose page sent a request: the question behind both cross-site request forgery and CORS. */
import type { Connection } from './proxies.ts'
import { headerOf } from './request.ts'
import type { HttpRequest } from './request.ts'
import type { SiteSettings } from './site-options.ts'

/**
 * True when a page of our own, or of a listed origin, sent this. Asked before a cookie changes anything, and before one is handed out: a
 * browser attaches cookies to requests of any page, and a login forged by a stranger's page would sign the visitor into the stranger's
 * account (ASVS 3.5.1, 7.6.2).
 *
 * Browsers send `Origin` with every request that can change something; where it is missing, `Sec-Fetch-Site` decides. With neither the
 * answer is no: a program that wants to use cookies can send its `Origin`.
 */
export function isFromOwnPage(call: HttpRequest, connection: Connection, settings: SiteSettings): boolean {
  const origin = headerOf(call, 'origin')
  if (origin !== undefined) return isOwnOrigin(origin, connection, settings) || settings.origins.has(origin)
  const site = headerOf(call, 'sec-fetch-site')
  return site === 'same-origin' || site === 'none'
}

/** `null` is no origin: neither a host nor a site address can spell it. */
function isOwnOrigin(origin: string, { https, host }: Connection, { siteOrigin }: SiteSettings): boolean {
  return origin === siteOrigin || (host !== '' && origin === `${https ? 'https' : 'http'}://${host}`)
}

/** Headers for a listed origin, in pairs; empty for every other. The origin is repeated only because the list has that very text. */
export function corsHeaders(origin: string | undefined, settings: SiteSettings): readonly string[] {
  if (origin === undefined || !settings.origins.has(origin)) return NONE
  return ['access-control-allow-origin', origin, 'access-control-allow-credentials', 'true', 'access-control-expose-headers', EXPOSED]
}

/** The same for a preflight (OPTIONS with `Access-Control-Request-Method`). */
export function preflightHeaders(origin: string | undefined, methods: readonly string[], settings: SiteSettings): readonly string[] {
  if (origin === undefined || !settings.origins.has(origin)) return NONE
  return [
    'access-control-allow-origin',
    origin,
    'access-control-allow-credentials',
    'true',
    'access-control-allow-methods',
    methods.join(', '),
    'access-control-allow-headers',
    [...OWN_HEADERS, ...settings.corsHeaders].join(', '),
    'access-control-max-age',
    '600',
  ]
}

const NONE: readonly string[] = Object.freeze([])
/** What our client reads. `date` tells it how far its clock is off. */
const EXPOSED = 'date, retry-after, x-request-id'
/** What our client sends. */
const OWN_HEADERS = ['authorization', 'content-type', 'x-latchkey-session']
