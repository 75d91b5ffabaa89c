/** The texts of the mails: accounts-js's names and shape, our own words. */
import { AccountsError } from '@latchkey/common'
import type { PublicUser } from '@latchkey/common'
import { refuseUnknown } from '../settings-kinds.ts'
import { toHtml, toText } from './letter.ts'
import { LETTERS } from './letters.ts'
import type { WriteLetter } from './letters.ts'
import { isHeaderSafe } from './safe-mail.ts'

/**
 * What a mail is about, besides its user. Every mail brings `at` (epoch milliseconds, when it was asked for); one with a link brings `expiresAt`; `newDevice`
 * and the others that tell of a change bring `device` and `ip`; `emailChanged` brings `address` and `change` (`added`, `removed` or `replaced`), `accountLinked` `provider` and `change` (`linked` or
 * `unlinked`);
 * `loginCode` brings the `code`; `twoFactorChanged` brings `change` (the name of the audit line) and, when a recovery code was used, how many are `left`.
 */
export type MailData = Readonly<Record<string, unknown>>

/** One mail. All functions are called synchronously, with the public user. */
export interface EmailTemplate {
  /** Sender of this mail alone. */
  from?: string
  subject(user?: PublicUser, url?: string, data?: MailData): string
  text(user: PublicUser, url: string, data: MailData): string
  /** Without it the mail is plain text. */
  html?(user: PublicUser, url: string, data: MailData): string
}

/** The mails an app can word itself. */
export const TEMPLATE_NAMES = [
  'verifyEmail',
  'resetPassword',
  'enrollAccount',
  'passwordChanged',
  'magicLink',
  'loginCode',
  'emailChanged',
  'alreadyRegistered',
  'newDevice',
  'twoFactorChanged',
  'accountLinked',
] as const
export type TemplateName = (typeof TEMPLATE_NAMES)[number]

/** All texts, and who sends them. */
export interface EmailTemplates extends Record<TemplateName, EmailTemplate> {
  /** `Name <address>` or an address. Empty: `no-reply` at the host of `siteUrl`. @default '' */
  from: string
}

/** What an app may give: any part of any mail. */
export type GivenEmailTemplates = { from?: string } & { [Name in TemplateName]?: Partial<EmailTemplate> }

/**
 * The given texts over ours, in a new object each time: what one server sets never shows in another. A mail that is given a `text` and no `html` is sent as that text
 * alone, so that our words never stand beside the app's.
 * @throws AccountsError `InvalidSettings` for an unknown mail or part, a part that is no function, and a sender with control characters
 */
export function mergeTemplates(given: GivenEmailTemplates = {}): EmailTemplates {
  refuseUnknown('', given, ['from', ...TEMPLATE_NAMES], 'emailTemplates.')
  const merged = TEMPLATE_NAMES.map(name => [name, mergeTemplate(name, given[name] ?? {})])
  // Exactly the names of EmailTemplates, by construction.
  return Object.freeze({ from: readSender('emailTemplates.from', given.from ?? ''), ...Object.fromEntries(merged) }) as EmailTemplates
}

function mergeTemplate(name: TemplateName, given: Partial<EmailTemplate>): EmailTemplate {
  const option = `emailTemplates.${name}.`
  refuseUnknown('', given, ['from', 'subject', 'text', 'html'], option)
  for (const part of ['subject', 'text', 'html'] as const) {
    if (given[part] !== undefined && typeof given[part] !== 'function')
      refuse(`${option}${part} must be a function. Received ${typeof given[part]}`)
  }
  const ours = templateOf(LETTERS[name])
  const html = given.html?.bind(given) ?? (given.text ? undefined : ours.html)
  return Object.freeze({
    ...(given.from === undefined ? {} : { from: readSender(`${option}from`, given.from) }),
    subject: given.subject?.bind(given) ?? ours.subject,
    text: given.text?.bind(given) ?? ours.text,
    ...(html && { html }),
  })
}

const templateOf = (write: WriteLetter): Required<Omit<EmailTemplate, 'from'>> => ({
  subject: (user, url = '', data = {}) => write(user, url, data).subject,
  text: (user, url, data) => toText(write(user, url, data)),
  html: (user, url, data) => toHtml(write(user, url, data)),
})

function readSender(option: string, from: unknown): string {
  if (typeof from === 'string' && isHeaderSafe(from)) return from
  return refuse(`${option} must be a text without control characters, such as "Example <no-reply@example.org>"`)
}

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}
