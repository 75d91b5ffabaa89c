/**
 * Meteor's login cookie, of apps that keep the login token out of the reach of scripts (`useHttpOnlyCookies`). Its name carries no `__Host-`: Meteor's clients and
 * neighbours know it by this one.
 */
import type { AccountsConfig } from '@latchkey/common/meteor'
import { headerOf } from './request.ts'
import type { HttpRequest } from './request.ts'

/** The cookie's name. */
export const LOGIN_COOKIE = 'meteor_login_token'

/** A resume secret in base64url; tokens that Meteor itself made have the same form. */
const TOKEN = /^[\w-]{43}$/

/** True for what has the form of a login token. An access token has not. */
export const isLoginToken = (value: string): boolean => TOKEN.test(value)

/** What `Accounts.config` was told about the cookie. Asked anew each time: it may be told more at any moment. */
export function cookieOptionsOf(
  server: object,
): Pick<AccountsConfig, 'useHttpOnlyCookies' | 'httpOnlyCookieRateLimit' | 'httpOnlyCookieAllowedOrigins'> {
  // Every object is one of these; Meteor's name for them is `_options`.
  return (server as { readonly _options?: AccountsConfig })._options ?? {}
}

/** True while the app's `useHttpOnlyCookies` is on. */
export const keepsLoginCookie = (server: object): boolean => cookieOptionsOf(server).useHttpOnlyCookies === true

/** The token in the cookie, where the app keeps one and it is well-formed. */
export function readLoginCookie(server: object, request: Pick<HttpRequest, 'headers'>): string | undefined {
  const header = headerOf(request, 'cookie')
  if (header === undefined || !keepsLoginCookie(server)) return undefined
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    if (at === -1 || pair.slice(0, at).trim() !== LOGIN_COOKIE) continue
    const value = pair.slice(at + 1).trim()
    if (isLoginToken(value)) return value
  }
  return undefined
}

/** A `Set-Cookie` value. `maxAge` in seconds; 0 takes the cookie away. */
export const writeLoginCookie = (token: string, maxAge: number, secure: boolean): string =>
  `${LOGIN_COOKIE}=${token}; Max-Age=${maxAge}; Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
