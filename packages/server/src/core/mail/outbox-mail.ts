/** The mails Latchkey writes. `void` is written for unknown addresses, so that they cost the same work, and never sent; `written` was worded when it was ordered. */
export const MAIL_TEMPLATES = [
  'verifyEmail',
  'resetPassword',
  'enrollAccount',
  'passwordChanged',
  'emailChanged',
  'alreadyRegistered',
  'newDevice',
  'magicLink',
  'loginCode',
  'twoFactorChanged',
  'accountLinked',
  'written',
  'void',
] as const
export type MailTemplate = (typeof MAIL_TEMPLATES)[number]

/** A mail that waits to be sent. Erased when it was, or when it is too old to be of use. */
export interface OutboxMail {
  id: string
  template: MailTemplate
  to: string
  userId: string | null
  data: Record<string, unknown>
  /** The token of the link, sealed with the key ring; absent when the mail carries none. Of a `written` one the whole mail. */
  sealed?: string
  createdAt: number
  nextTryAt: number
  tries: number
  /** Not sent after that. */
  expiresAt: number
}
