import type { PublicUser } from '@latchkey/common'
import type { MeteorUser } from '../../compat/meteor-user.ts'
import { toHtml, toText } from '../../core/mail/letter.ts'
import type { Letter } from '../../core/mail/letter.ts'
import { LETTERS } from '../../core/mail/letters.ts'
import { TEMPLATE_NAMES } from '../../core/mail/templates.ts'
import type { GivenEmailTemplates, MailData, TemplateName } from '../../core/mail/templates.ts'

/** One kind of mail. Every function may answer later. */
export interface MeteorEmailTemplate {
  /** Sender of this kind alone. */
  from?: (user: MeteorUser) => string | Promise<string>
  subject: (user: MeteorUser, url: string, extra: MailData) => string | Promise<string>
  text?: (user: MeteorUser, url: string, extra: MailData) => string | Promise<string>
  html?: (user: MeteorUser, url: string, extra: MailData) => string | Promise<string>
}

/** Kinds of mail by Meteor's names; those Latchkey sends beside them have its own. */
export type MailKind = Exclude<TemplateName, 'loginCode'> | 'sendLoginToken'

/**
 * Meteor's `Accounts.emailTemplates`: an object to change. What is changed is in force from the next mail on; a kind of mail that is given a `text` and no `html` is
 * sent as that text alone.
 */
export interface MeteorEmailTemplates extends Record<MailKind, MeteorEmailTemplate> {
  from: string
  siteName: string
  /** Headers of every mail. */
  headers: Record<string, string>
}

/** The sender as long as the app names none: nobody's address, so the server says so when it sends. */
export const DEFAULT_FROM = 'Accounts Example <no-reply@example.com>'

/** Meteor's name of a mail of ours. */
export const kindOf = (template: TemplateName): MailKind => (template === 'loginCode' ? 'sendLoginToken' : template)

/** Our texts, as an object of the app's own to change. */
export function emailTemplates(siteUrl: string): MeteorEmailTemplates {
  const siteName = siteUrl.replace(/^https?:\/\//, '').replace(/\/$/, '')
  const templates: Partial<MeteorEmailTemplates> = { from: DEFAULT_FROM, siteName, headers: {} }
  for (const name of TEMPLATE_NAMES) templates[kindOf(name)] = ownTemplate(name, () => templates.siteName ?? siteName)
  // Every kind is one of the names, by construction.
  return templates as MeteorEmailTemplates
}

/** What the option `emailTemplates` says, in the place of ours. Its functions are called as on every other face: with the public user. */
export function takeGiven(templates: MeteorEmailTemplates, given: GivenEmailTemplates): void {
  if (given.from) templates.from = given.from
  for (const name of TEMPLATE_NAMES) {
    const [template, own] = [templates[kindOf(name)], given[name]]
    const { from, subject, text, html } = own ?? {}
    if (from !== undefined) template.from = () => from
    if (subject) template.subject = (user, url, data) => subject.call(own, publicOf(user), url, data)
    if (text) template.text = (user, url, data) => text.call(own, publicOf(user), url, data)
    if (html) template.html = (user, url, data) => html.call(own, publicOf(user), url, data)
  }
}

function publicOf({ _id, createdAt, services: _services, ...user }: MeteorUser): PublicUser {
  const made = createdAt?.toISOString() ?? ''
  return { ...user, id: _id, emails: user.emails ?? [], deactivated: false, createdAt: made, updatedAt: made }
}

/** True for a part that is still ours. */
export const isOurs = (part: unknown): boolean => typeof part === 'function' && OURS.has(part)

const OURS = new WeakSet<object>()

function ownTemplate(name: TemplateName, siteName: () => string): MeteorEmailTemplate {
  const letter = (user: MeteorUser, url: string, data: MailData): Letter => {
    // Meteor's own mails hand the code over as `sequence`.
    const written = LETTERS[name](greeted(user), url, 'sequence' in data ? { ...data, code: data['sequence'] } : data)
    const site = siteName()
    // The subjects of our letters name the site as the letter does.
    return { ...written, site, subject: written.subject.split(written.site).join(site) }
  }
  const template: Required<Omit<MeteorEmailTemplate, 'from'>> = {
    subject: (user, url, data) => letter(user, url, data).subject,
    text: (user, url, data) => toText(letter(user, url, data)),
    html: (user, url, data) => toHtml(letter(user, url, data)),
  }
  for (const part of Object.values(template)) OURS.add(part)
  return template
}

/** Meteor greets by `profile.name`; of several words the first will do. */
function greeted({ _id, username, profile }: MeteorUser): PublicUser {
  const name: unknown = typeof profile === 'object' && profile !== null && 'name' in profile ? profile.name : undefined
  const first = typeof name === 'string' && name.trim() !== '' ? name.trim().split(/\s/u, 1)[0] : username
  return { id: _id, ...(first === undefined ? {} : { username: first }), emails: [], deactivated: false, createdAt: '', updatedAt: '' }
}
