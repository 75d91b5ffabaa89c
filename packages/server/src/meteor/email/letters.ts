import { AccountsError } from '@latchkey/common'
import type { MeteorUser } from '../../compat/meteor-user.ts'
import type { User } from '../../core/identity/user.ts'
import type { Letters } from '../../core/mail/outbox.ts'
import { isHeaderSafe, isOneRecipient, safeSubject } from '../../core/mail/safe-mail.ts'
import type { MailData, TemplateName } from '../../core/mail/templates.ts'
import type { Log, Mail } from '../../core/ports.ts'
import { DEFAULT_FROM, isOurs, kindOf } from './templates.ts'
import type { MailKind, MeteorEmailTemplate, MeteorEmailTemplates } from './templates.ts'
import type { AccountsUrls } from './urls.ts'

/** A mail as Meteor's `generateOptionsForEmail` makes it. */
export interface MailOptions {
  to: string
  from: string
  subject: string
  text?: string
  html?: string
  headers?: Record<string, string>
}

/** What mails are worded with. All of it may be changed by the app at any time. */
export interface LetterParts {
  urls: AccountsUrls
  emailTemplates: MeteorEmailTemplates
  /** Where links lead that carry no token. */
  siteUrl: () => string
  document: (user: User) => MeteorUser
  log: Pick<Log, 'warn'>
}

/** Words mails as Meteor's apps want them: by `Accounts.emailTemplates`, with the links of `Accounts.urls`. */
export class MeteorLetters implements Letters {
  readonly #parts: LetterParts
  #warned = false

  constructor(parts: LetterParts) {
    this.#parts = parts
  }

  /**
   * Meteor's `generateOptionsForEmail`.
   * @param reason the kind of mail, for example `resetPassword`
   * @throws AccountsError `InvalidInput` for a kind there is not; Error for headers that would be more than one
   */
  async generateOptionsForEmail(email: string, user: MeteorUser, url: string, reason: string, extra: MailData = {}): Promise<MailOptions> {
    const { emailTemplates } = this.#parts
    // An app may have added kinds of its own.
    const template = Object.hasOwn(emailTemplates, reason) ? emailTemplates[reason as MailKind] : undefined
    if (typeof template !== 'object') throw new AccountsError('InvalidInput', { message: `There is no kind of mail called ${reason}` })
    const from = (await template.from?.(user)) ?? emailTemplates.from
    this.#warnOnce(from)
    const options: MailOptions = { to: email, from, subject: safeSubject(await template.subject(user, url, extra)) }
    if (typeof template.text === 'function') options.text = await template.text(user, url, extra)
    if (hasHtml(template)) options.html = await template.html(user, url, extra)
    if (Object.keys(emailTemplates.headers).length > 0) options.headers = { ...emailTemplates.headers }
    return checked(options)
  }

  async write({ template, to, token, user, data }: Parameters<Letters['write']>[0]): Promise<Mail> {
    const url = await this.#urlOf(template, to, token)
    // Meteor hands a code over under this name.
    const extra = template === 'loginCode' ? { ...data, sequence: token } : data
    return mailOf(await this.generateOptionsForEmail(to, this.#parts.document(user), url, kindOf(template), extra))
  }

  async #urlOf(template: TemplateName, to: string, token: string): Promise<string> {
    const { urls, siteUrl } = this.#parts
    if (template === 'loginCode') return urls.loginToken(to, token)
    if (template === 'resetPassword' || template === 'verifyEmail' || template === 'enrollAccount') return urls[template](token)
    // Meteor has no such mail.
    return template === 'magicLink' ? `${siteUrl()}/#/magiclink/${encodeURIComponent(token)}` : siteUrl()
  }

  #warnOnce(from: string): void {
    if (from === DEFAULT_FROM && !this.#warned) {
      this.#warned = true
      this.#parts.log.warn({}, `mail is sent from ${DEFAULT_FROM}, whose replies nobody gets: set Accounts.emailTemplates.from`)
    }
  }
}

/** The same for the outbox. */
export const mailOf = ({ text = '', ...options }: MailOptions): Mail => ({ ...options, text })

/** Our words never stand beside the app's. */
function hasHtml(template: MeteorEmailTemplate): template is MeteorEmailTemplate & Required<Pick<MeteorEmailTemplate, 'html'>> {
  return typeof template.html === 'function' && (!isOurs(template.html) || isOurs(template.text))
}

function checked(options: MailOptions): MailOptions {
  const headers = Object.entries(options.headers ?? {}).flat()
  if (![options.from, ...headers].every(isHeaderSafe)) throw new Error('the headers of a mail must not hold control characters')
  if (!isOneRecipient(options.to)) throw new Error('a mail goes to one recipient')
  return options
}
