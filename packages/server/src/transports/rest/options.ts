/** What an app can set about REST, read once: unknown names are refused, the result is frozen. */
import { AccountsError } from '@latchkey/common'
import { readProxies } from './proxies.ts'
import type { Proxies } from './proxies.ts'

/** Options of {@link restTransport}. */
export interface RestOptions {
  /** Where the routes live. `/` puts them at the root. @default '/accounts' */
  path?: string
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
  /** Longest body in bytes. @default 65536 */
  bodyLimit?: number
  /** Answer `/healthz`, `/readyz` and `/openapi.json` too, at the root whatever `path` says. @default true; false where an app mounts us */
  health?: boolean
  /** Sent with every answer, for example `{ 'strict-transport-security': 'max-age=31536000' }`. */
  headers?: Readonly<Record<string, string>>
}

/** The options after reading. */
export interface RestSettings {
  /** Without a slash at the end; empty for the root. */
  readonly path: string
  readonly origins: ReadonlySet<string>
  readonly corsHeaders: readonly string[]
  readonly proxies: Proxies
  readonly cookieDomain: string | undefined
  readonly secureCookies: 'auto' | true
  /** `-3000`, or empty. */
  readonly cookieSuffix: string
  readonly bodyLimit: number
  readonly health: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly siteOrigin: string
}

const KIB = 1024
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

/**
 * Reads the options.
 * @throws AccountsError `InvalidSettings`, naming the option
 */
export function readOptions(given: RestOptions, siteUrl: string): RestSettings {
  refuseUnknown('', given, ['path', 'cors', 'trustedProxies', 'cookies', 'bodyLimit', 'health', 'headers'])
  refuseUnknown('cors.', given.cors ?? {}, ['origins', 'headers'])
  refuseUnknown('cookies.', given.cookies ?? {}, ['domain', 'secure', 'instance'])
  const { domain, instance = new URL(siteUrl).port } = given.cookies ?? {}
  const secure: unknown = given.cookies?.secure ?? 'auto'
  if (secure !== 'auto' && secure !== true) refuse("cookies.secure must be 'auto' or true")
  if (domain !== undefined && !/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(domain)) refuse('cookies.domain must be a domain such as "example.com"')
  if (!/^[\w-]{0,32}$/.test(instance)) refuse('cookies.instance must be at most 32 letters, digits, "-" and "_"')
  const { bodyLimit = 64 * KIB } = given
  if (!Number.isSafeInteger(bodyLimit) || bodyLimit < KIB) refuse('bodyLimit must be a whole number of bytes, 1024 or more')
  return Object.freeze({
    path: readPath(given.path ?? '/accounts'),
    origins: new Set((given.cors?.origins ?? []).map(readOrigin)),
    corsHeaders: Object.freeze((given.cors?.headers ?? []).map(readHeaderName)),
    proxies: readProxies(given.trustedProxies),
    cookieDomain: domain?.toLowerCase(),
    secureCookies: secure,
    cookieSuffix: instance === '' ? '' : `-${instance}`,
    bodyLimit,
    health: readSwitch('health', given.health ?? true),
    headers: readHeaders(given.headers ?? {}),
    siteOrigin: new URL(siteUrl).origin,
  })
}

function readSwitch(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') refuse(`${name} must be true or false`)
  return value
}

function readPath(path: string): string {
  if (path === '/' || path === '') return ''
  const trimmed = path.replace(/\/$/, '')
  if (!/^(\/[\w.~-]+)+$/.test(trimmed)) refuse(`path must be "/" or a path such as "/accounts". Received ${JSON.stringify(path)}`)
  return trimmed
}

function readOrigin(origin: string): string {
  // `null` is what sandboxed frames and local files send: any page can become that origin.
  const parsed = typeof origin === 'string' && URL.canParse(origin) ? new URL(origin).origin : 'null'
  if (parsed === 'null' || parsed !== origin || parsed.includes('*')) {
    refuse(`cors.origins takes exact origins such as "https://app.example.com". Received ${JSON.stringify(origin)}`)
  }
  return parsed
}

function readHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) {
    readHeaderName(name)
    if (typeof value !== 'string' || !/^[\t\x20-\x7e]*$/.test(value)) refuse(`headers: the value of "${name}" must be printable ASCII`)
  }
  return Object.freeze(Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])))
}

function readHeaderName(name: string): string {
  if (typeof name !== 'string' || !TOKEN.test(name)) refuse(`${JSON.stringify(name)} is not the name of a header`)
  return name.toLowerCase()
}

function refuseUnknown(prefix: string, given: object, known: readonly string[]): void {
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) refuse(`Unknown REST option "${prefix}${key}". Known: ${known.join(', ')}`)
  }
}

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}
