/** A mail as Meteor's `Email.sendAsync` takes it: nodemailer's fields. */
export interface EmailOptions {
  from?: string
  to?: string | readonly string[]
  cc?: string | readonly string[]
  bcc?: string | readonly string[]
  replyTo?: string | readonly string[]
  inReplyTo?: string
  references?: string | readonly string[]
  messageId?: string
  subject?: string
  text?: string
  html?: string
  watchHtml?: string
  icalEvent?: unknown
  headers?: Readonly<Record<string, string>>
  attachments?: readonly unknown[]
  /** A mail composed by nodemailer's `MailComposer`; nothing else is looked at then. */
  mailComposer?: unknown
}

/** How to reach a mail server: Meteor's settings `packages.email`. */
export interface EmailSettings {
  /** A service that nodemailer knows by name, for example `Mailgun`. */
  service?: string
  user?: string
  password?: string
}
