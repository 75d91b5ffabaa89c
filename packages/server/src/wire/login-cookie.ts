/**
 * Meteor's login cookie, of apps that keep the login token out of the reach of scripts (`useHttpOnlyCookies`). Its name carries no `__Host-`: Meteor's clients and
 * neighbours know it by this one.
 */
import { headerOf } from './request.ts'
import type { HttpRequest } from './request.ts'

/** The cookie's name. */
export const LOGIN_COOKIE = 'meteor_login_token'

/** A resume secret in base64url; tokens that Meteor itself made have the same form. */
const TOKEN = /^[\w-]{43}$/

/** A server's word on whether it keeps the cookie: the options of Meteor's face, where there is one. */
export interface KeepsOptions {
  readonly ddp?: { options(): Readonly<Record<string, unknown>> } | undefined
}

/** True while the app's `useHttpOnlyCookies` is on. Asked anew each time: `config` may be called at any moment. */
export const keepsLoginCookie = (server: object): boolean => optionsOf(server)['useHttpOnlyCookies'] === true

/** The options of Meteor's face; none elsewhere. */
export function optionsOf(server: object): Readonly<Record<string, unknown>> {
  // Every server is one of these, as all of its parts are optional.
  return (server as KeepsOptions).ddp?.options() ?? {}
}

/** The token in the cookie, where the app keeps one and it is well-formed. */
export function readLoginCookie(server: object, request: Pick<HttpRequest, 'headers'>): string | undefined {
  const header = headerOf(request, 'cookie')
  if (header === undefined || !keepsLoginCookie(server)) return undefined
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    if (at === -1 || pair.slice(0, at).trim() !== LOGIN_COOKIE) continue
    const value = pair.slice(at + 1).trim()
    if (TOKEN.test(value)) return value
  }
  return undefined
}

/** A `Set-Cookie` value. `maxAge` in seconds; 0 takes the cookie away. */
export const writeLoginCookie = (token: string, maxAge: number, secure: boolean): string =>
  `${LOGIN_COOKIE}=${token}; Max-Age=${maxAge}; Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
