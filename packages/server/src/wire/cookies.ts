/**
 * The cookies of a browser: the session's resume secret, the mark of a known device, and for some minutes what a sign-in through a provider began with. Scripts can
 * read none of them.
 *
 * On https the names carry `__Host-`, so that no sibling domain and no plain-http neighbour can plant one (RFC 6265bis, 4.1.3.2). With a
 * domain of its own the session is shared with sub-domains, which `__Host-` forbids: then `__Secure-`. On plain http, for development,
 * neither may be used.
 */
import type { SiteSettings } from './site-options.ts'

/** What a cookie is for. */
export type CookieUse = 'session' | 'device' | 'oauth'

/** The names and attributes of one site, made once. */
export class Cookies {
  readonly #settings: Pick<SiteSettings, 'cookieDomain' | 'cookieSuffix'>

  constructor(settings: Pick<SiteSettings, 'cookieDomain' | 'cookieSuffix'>) {
    this.#settings = settings
  }

  /** The cookie's value, if the header has a well-formed one. Anything else under that name was not written by us. */
  read(header: string | undefined, use: CookieUse, secure: boolean): string | undefined {
    return header === undefined ? undefined : readCookie(header, this.name(use, secure), FORMS[use])
  }

  /** A `Set-Cookie` value. `maxAge` in seconds; 0 takes the cookie away. */
  write(use: CookieUse, value: string, maxAge: number, secure: boolean): string {
    const { cookieDomain } = this.#settings
    const domain = cookieDomain === undefined ? '' : `; Domain=${cookieDomain}`
    return `${this.name(use, secure)}=${value}; Max-Age=${maxAge}; Path=/${domain}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
  }

  name(use: CookieUse, secure: boolean): string {
    const { cookieDomain, cookieSuffix } = this.#settings
    const prefix = !secure ? '' : cookieDomain === undefined ? '__Host-' : '__Secure-'
    // The dot cannot occur in a suffix, so the one name never equals the other.
    return `${prefix}latchkey${use === 'session' ? '' : `.${use}`}${cookieSuffix}`
  }
}

const FORMS: Record<CookieUse, RegExp> = {
  // 256 random bits in base64url.
  session: /^[\w-]{43}$/,
  device: /^[\w.~:-]{1,512}$/,
  // How the session shall be kept, and 256 random bits.
  oauth: /^(bearer|cookie)\.[\w-]{43}$/,
}

/** The first well-formed one of that name: a browser sends the most specific first, and those of other forms are not ours. */
function readCookie(header: string, name: string, form: RegExp): string | undefined {
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    if (at === -1 || pair.slice(0, at).trim() !== name) continue
    const value = pair.slice(at + 1).trim()
    if (form.test(value)) return value
  }
  return undefined
}
