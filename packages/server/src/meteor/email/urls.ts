import type { Settings } from '../../core/settings.ts'

/** Further parameters of a link. */
export type ExtraParams = Readonly<Record<string, string | number | boolean>>

/** Meteor's `Accounts.urls`: where the links in mails lead. Each can be replaced, and may answer later. */
export interface AccountsUrls {
  resetPassword(token: string, extraParams?: ExtraParams): string | Promise<string>
  verifyEmail(token: string, extraParams?: ExtraParams): string | Promise<string>
  enrollAccount(token: string, extraParams?: ExtraParams): string | Promise<string>
  /** `selector` is the address the mail goes to. */
  loginToken(selector: string, token: string, extraParams?: ExtraParams): string | Promise<string>
}

/**
 * The links as Meteor makes them: `<site>/#/reset-password/<token>`; parameters go before the hash. On other faces without the hash. The settings are read each
 * time.
 */
export function accountsUrls(settings: Pick<Settings, 'siteUrl' | 'face'>): AccountsUrls {
  const below =
    (path: string) =>
    (token: string, extraParams?: ExtraParams): string =>
      buildEmailUrl(settings.siteUrl, `${settings.face === 'meteor' ? '#/' : ''}${path}/${encodeURIComponent(token)}`, extraParams)
  return {
    resetPassword: below('reset-password'),
    verifyEmail: below('verify-email'),
    enrollAccount: below('enroll-account'),
    loginToken: (selector, token, extraParams) => buildEmailUrl(settings.siteUrl, '', { loginToken: token, selector, ...extraParams }),
  }
}

/** A link below the site, with parameters: each name and value is encoded, so that a `+` in an address stays one. */
export function buildEmailUrl(siteUrl: string, path: string, extraParams: ExtraParams = {}): string {
  const [place, hash] = splitHash(path)
  const query = Object.entries(extraParams).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
  const start = `${siteUrl}/${place.replace(/^\/+/, '')}`
  return `${start}${query.length > 0 ? `${start.includes('?') ? '&' : '?'}${query.join('&')}` : ''}${hash}`
}

function splitHash(path: string): [place: string, hash: string] {
  const at = path.indexOf('#')
  return at < 0 ? [path, ''] : [path.slice(0, at), path.slice(at)]
}
