import type { PublicUser } from '@latchkey/common'
import type { Mail } from '../ports.ts'
import type { Settings } from '../settings.ts'
import type { OutboxMail } from './outbox-mail.ts'
import { isHeaderSafe, isOneRecipient, safeSubject } from './safe-mail.ts'
import type { MailData, TemplateName } from './templates.ts'
import { FRAGMENTS, mailUrl } from './urls.ts'

/**
 * The finished mail, by the app's `prepareMail` or by its templates.
 * @throws Error when what the app wrote would reach more than one address, or has control characters in a header
 */
export function renderMail(settings: Settings, mail: OutboxMail, name: TemplateName, to: string, user: PublicUser, token: string): Mail {
  const { emailTemplates, prepareMail } = settings
  const template = emailTemplates[name]
  const from = template.from || emailTemplates.from || defaultSender(settings.siteUrl)
  const url = mailUrl(settings, name, token, to)
  const data = dataOf(mail, token)
  const written: Mail = prepareMail
    ? prepareMail(to, token, user, FRAGMENTS[name] ?? '', template, from)
    : {
        from,
        to,
        subject: template.subject(user, url, data),
        text: template.text(user, url, data),
        ...(template.html && { html: template.html(user, url, data) }),
      }
  // An app without types may hand its mail library an object for `to`; only texts are parsed as headers.
  if (typeof written.to === 'string' && !isOneRecipient(written.to)) throw new Error('prepareMail must answer one recipient')
  if (typeof written.from === 'string' && !isHeaderSafe(written.from))
    throw new Error('the sender of a mail must not hold control characters')
  return typeof written.subject === 'string' ? { ...written, subject: safeSubject(written.subject) } : written
}

/** What a mail is about, as templates are told. */
export const dataOf = (mail: OutboxMail, token: string): MailData => ({
  ...mail.data,
  ...(token === '' ? {} : { expiresAt: mail.expiresAt }),
  ...(mail.template === 'loginCode' ? { code: token } : {}),
})

/** `no-reply` at the host of the site. */
export function defaultSender(siteUrl: string): string {
  const { hostname } = new URL(siteUrl)
  // Addresses of machines are no mail domains.
  return `no-reply@${/[a-z]$/i.test(hostname) ? hostname.replace(/^www\./, '') : 'localhost'}`
}
