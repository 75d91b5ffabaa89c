import type { PublicUser } from '@latchkey/common'
import { defaultSender } from '../core/mail/render.ts'
import { safeSubject } from '../core/mail/safe-mail.ts'
import type { EmailTemplate, MailData } from '../core/mail/templates.ts'
import type { Mail } from '../core/ports.ts'
import type { PrepareMail, Settings } from '../core/settings.ts'

/**
 * A mail in accounts-js's manner, for services of an app that send their own: by the app's `prepareMail`, else from the template, with a link to
 * `<siteUrl>/<pathFragment>/<token>`.
 */
export function prepareMail(settings: Settings, now: number, ...parts: Parameters<PrepareMail>): Mail {
  if (settings.prepareMail) return settings.prepareMail(...parts)
  const [to, token, user, pathFragment, template, from] = parts
  const url = [settings.siteUrl, pathFragment, encodeURIComponent(token)].filter(Boolean).join('/')
  return {
    from: template.from || from || settings.emailTemplates.from || defaultSender(settings.siteUrl),
    to,
    ...textsOf(template, user, url, now),
  }
}

function textsOf(template: EmailTemplate, user: PublicUser, url: string, now: number): Pick<Mail, 'subject' | 'text' | 'html'> {
  const data: MailData = { at: now }
  return {
    subject: safeSubject(template.subject(user, url, data)),
    text: template.text(user, url, data),
    ...(template.html && { html: template.html(user, url, data) }),
  }
}
