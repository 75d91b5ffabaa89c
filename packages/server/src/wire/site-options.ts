/** What an app can set about its site, whatever the transport: whose pages may call, whom to believe, how cookies are named. */
import { AccountsError } from '@latchkey/common'
import { refuseUnknown } from '../core/settings-kinds.ts'
import { readProxies } from './proxies.ts'
import type { Proxies } from './proxies.ts'

/** Options that all transports over HTTP share. */
export interface SiteOptions {
  /** Pages of other origins that may call from a browser. Nobody by default. */
  cors?: {
    /** Exact origins such as `https://app.example.com`. There is no wildcard: these pages may send credentials. */
    origins: readonly string[]
    /** Request headers they may send beside those Latchkey itself knows. */
    headers?: readonly string[]
  }
  /**
   * Whose `X-Forwarded-For`, `-Proto` and `-Host` to believe: addresses and CIDR ranges of your proxies, or how many proxies every request
   * passes. Nobody by default.
   */
  trustedProxies?: number | readonly string[]
  cookies?: {
    /** Share the session with sub-domains: `example.com`. The cookie is then `__Secure-` rather than `__Host-`. */
    domain?: string
    /** `auto`: `Secure` when the request or `siteUrl` is https. `true`: always. @default 'auto' */
    secure?: 'auto' | true
    /** Ends the names of our cookies, for instances that share a host. @default the port of `siteUrl`, if it names one */
    instance?: string
  }
}

/** The options after reading. */
export interface SiteSettings {
  readonly origins: ReadonlySet<string>
  readonly corsHeaders: readonly string[]
  readonly proxies: Proxies
  readonly cookieDomain: string | undefined
  readonly secureCookies: 'auto' | true
  /** `-3000`, or empty. */
  readonly cookieSuffix: string
  readonly siteOrigin: string
}

/** The keys of {@link SiteOptions}. */
export const SITE_KEYS = ['cors', 'trustedProxies', 'cookies'] as const satisfies readonly (keyof SiteOptions)[]

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

/**
 * Reads the options. Names other than {@link SITE_KEYS} are the caller's to judge.
 * @param owner what takes them, by the name that people import
 * @throws AccountsError `InvalidSettings`, naming the option
 */
export function readSiteOptions(given: SiteOptions, siteUrl: string, owner: string): SiteSettings {
  refuseUnknown(owner, given.cors ?? {}, ['origins', 'headers'], 'cors.')
  refuseUnknown(owner, given.cookies ?? {}, ['domain', 'secure', 'instance'], 'cookies.')
  const { domain, instance = new URL(siteUrl).port } = given.cookies ?? {}
  const secure: unknown = given.cookies?.secure ?? 'auto'
  if (secure !== 'auto' && secure !== true) refuse("cookies.secure must be 'auto' or true")
  if (domain !== undefined && !/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(domain)) refuse('cookies.domain must be a domain such as "example.com"')
  if (!/^[\w-]{0,32}$/.test(instance)) refuse('cookies.instance must be at most 32 letters, digits, "-" and "_"')
  return {
    origins: new Set((given.cors?.origins ?? []).map(readOrigin)),
    corsHeaders: Object.freeze((given.cors?.headers ?? []).map(readHeaderName)),
    proxies: readProxies(given.trustedProxies),
    cookieDomain: domain?.toLowerCase(),
    secureCookies: secure,
    cookieSuffix: instance === '' ? '' : `-${instance}`,
    siteOrigin: new URL(siteUrl).origin,
  }
}

function readOrigin(origin: string): string {
  // `null` is what sandboxed frames and local files send: any page can become that origin.
  const parsed = typeof origin === 'string' && URL.canParse(origin) ? new URL(origin).origin : 'null'
  if (parsed === 'null' || parsed !== origin || parsed.includes('*')) {
    refuse(`cors.origins takes exact origins such as "https://app.example.com". Received ${JSON.stringify(origin)}`)
  }
  return parsed
}

/** The name of a header, in lower case. Throws `InvalidSettings` for what cannot be one. */
export function readHeaderName(name: string): string {
  if (typeof name !== 'string' || !TOKEN.test(name)) refuse(`${JSON.stringify(name)} is not the name of a header`)
  return name.toLowerCase()
}

/** Throws `InvalidSettings`. */
export function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}
