/** What an app can set about REST, read once: unknown names are refused, the result is frozen. */
import type { AccountsError, LoginResult, Tokens } from '@latchkey/common'
import type { RestCall } from './call.ts'
import { refuseUnknown } from '../../core/settings-kinds.ts'
import { readHeaderName, readSiteOptions, refuse, SITE_KEYS } from '../../wire/site-options.ts'
import type { SiteOptions, SiteSettings } from '../../wire/site-options.ts'

/** Options of {@link restTransport}. */
export interface RestOptions extends SiteOptions {
  /** Where the routes live. `/` puts them at the root. @default '/accounts' */
  path?: string
  /** What the OAuth callback answers, where JSON is not what the browser shall see. */
  oauth?: OAuthAnswers
  /** Longest body in bytes. @default 65536 */
  bodyLimit?: number
  /** Answer `/healthz`, `/readyz` and `/openapi.json` too, at the root whatever `path` says. @default true; false where an app mounts us */
  health?: boolean
  /** Sent with every answer, for example `{ 'strict-transport-security': 'max-age=31536000' }`. */
  headers?: Readonly<Record<string, string>>
}

/**
 * The app's say in what `GET /oauth/<provider>/callback` answers. Each hands back an answer or nothing, and one answer is sent whatever happens: accounts-js sent a
 * second one after its callbacks, which ended the process. One that throws is reported, and the answer is the usual one.
 */
export interface OAuthAnswers {
  /** After a sign-in. Nothing: the login as JSON, or in cookie mode a redirect to `siteUrl`. */
  onSuccess?(login: LoginResult<Tokens | null>, visit: OAuthVisit): OAuthAnswer | undefined | void | Promise<OAuthAnswer | undefined | void>
  /** After a refusal. Nothing: the error as JSON. */
  onError?(error: AccountsError, visit: OAuthVisit): OAuthAnswer | undefined | void | Promise<OAuthAnswer | undefined | void>
  /** What stands in the JSON in place of the login. */
  transformResponse?(login: LoginResult<Tokens | null>): unknown
}

/** An answer of the app's: an address to go to (a path: at the host of `siteUrl`), or JSON. */
export type OAuthAnswer = { redirect: string } | { body: unknown }

/** Which callback was visited. */
export interface OAuthVisit {
  provider: string
  call: RestCall
  /** `Set-Cookie` values of the answer: the session in cookie mode. They go along by themselves, except with an answer that is written past us. */
  cookies: readonly string[]
}

/** The options after reading. */
export interface RestSettings extends SiteSettings {
  /** Without a slash at the end; empty for the root. */
  readonly path: string
  readonly oauth: Readonly<OAuthAnswers>
  readonly bodyLimit: number
  readonly health: boolean
  readonly headers: Readonly<Record<string, string>>
}

const KIB = 1024

/**
 * Reads the options.
 * @throws AccountsError `InvalidSettings`, naming the option
 */
export function readOptions(given: RestOptions, siteUrl: string): RestSettings {
  refuseUnknown('restTransport', given, ['path', ...SITE_KEYS, 'oauth', 'bodyLimit', 'health', 'headers'])
  const { bodyLimit = 64 * KIB } = given
  if (!Number.isSafeInteger(bodyLimit) || bodyLimit < KIB) refuse('bodyLimit must be a whole number of bytes, 1024 or more')
  return Object.freeze({
    path: readPath(given.path ?? '/accounts'),
    ...readSiteOptions(given, siteUrl, 'restTransport'),
    oauth: readOAuth(given.oauth ?? {}),
    bodyLimit,
    health: readSwitch('health', given.health ?? true),
    headers: readHeaders(given.headers ?? {}),
  })
}

function readSwitch(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') refuse(`${name} must be true or false`)
  return value
}

function readOAuth(given: OAuthAnswers): Readonly<OAuthAnswers> {
  const parts = ['onSuccess', 'onError', 'transformResponse'] as const
  refuseUnknown('restTransport', given, parts, 'oauth.')
  for (const part of parts) if (given[part] !== undefined && typeof given[part] !== 'function') refuse(`oauth.${part} must be a function`)
  return Object.freeze({ ...given })
}

function readPath(path: string): string {
  if (path === '/' || path === '') return ''
  const trimmed = path.replace(/\/$/, '')
  if (!/^(\/[\w.~-]+)+$/.test(trimmed)) refuse(`path must be "/" or a path such as "/accounts". Received ${JSON.stringify(path)}`)
  return trimmed
}

function readHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) {
    readHeaderName(name)
    if (typeof value !== 'string' || !/^[\t\x20-\x7e]*$/.test(value)) refuse(`headers: the value of "${name}" must be printable ASCII`)
  }
  return Object.freeze(Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])))
}
