import type { Settings } from '../settings.ts'
import type { MailTemplate } from './outbox-mail.ts'

/** Where the link of a mail leads, below the site: accounts-js's paths. Templates that are missing here carry no token. */
export const FRAGMENTS: Readonly<Partial<Record<MailTemplate, string>>> = {
  verifyEmail: 'verify-email',
  resetPassword: 'reset-password',
  enrollAccount: 'enroll-account',
  magicLink: 'magiclink',
}

/**
 * The address a mail leads to: `<site>/verify-email/<token>`, on the Meteor face `<site>/#/verify-email/<token>`; the site itself when there is no token.
 * Opening it consumes nothing; the page asks for a click first. A code is typed, so its mail leads to the site; on the Meteor face with the code, as Meteor's
 * clients read it from there.
 */
export function mailUrl(settings: Pick<Settings, 'face' | 'siteUrl'>, template: MailTemplate, token: string, to: string = ''): string {
  if (template === 'loginCode' && settings.face === 'meteor')
    return `${settings.siteUrl}/?loginToken=${encodeURIComponent(token)}&selector=${encodeURIComponent(to)}`
  const fragment = FRAGMENTS[template]
  if (fragment === undefined || token === '') return settings.siteUrl
  return `${settings.siteUrl}/${settings.face === 'meteor' ? '#/' : ''}${fragment}/${encodeURIComponent(token)}`
}
