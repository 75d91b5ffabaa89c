/** Links for users, ordered by the app's own code, and the mails that carry them: Meteor's `generate…Token` and `send…Email`. */
import { ERRORS } from '@latchkey/common'
import { MeteorError } from '@latchkey/common/ddp'
import type { Accounts } from '../../core/accounts.ts'
import type { LinkOrder } from '../../core/flows/issue-link.ts'
import type { MeteorUser } from '../../compat/meteor-user.ts'
import type { User, UserEmail } from '../../core/identity/user.ts'
import { mailOf } from './letters.ts'
import type { MailOptions, MeteorLetters } from './letters.ts'
import type { MailKind } from './templates.ts'
import type { AccountsUrls, ExtraParams } from './urls.ts'

/** What generating a token answers. */
export interface GeneratedToken {
  /** Where it belongs, as it is kept. */
  email: string
  user: MeteorUser
  token: string
}

/** What sending a mail answers. */
export interface SentEmail extends GeneratedToken {
  url: string
  options: MailOptions
}

/** What sending works with. */
export interface SendingParts {
  accounts: Accounts
  letters: MeteorLetters
  urls: AccountsUrls
  document: (user: User) => MeteorUser
}

type Extra = Readonly<Record<string, unknown>>
type LinkKind = 'resetPassword' | 'enrollAccount' | 'verifyEmail'

const PURPOSES = {
  resetPassword: 'reset-password',
  enrollAccount: 'enroll-account',
  verifyEmail: 'verify-email',
} as const satisfies Record<LinkKind, LinkOrder['purpose']>

/** Meteor's functions of these names, on one server. Mails are worded at once and sent by the outbox, with retries. */
export class Sending {
  readonly #parts: SendingParts

  constructor(parts: SendingParts) {
    this.#parts = parts
  }

  /**
   * A token to set a password with. `enrollAccount` makes an invitation of it; with any other reason it is a reset.
   * @param email one of the user's; by default the first
   * @throws MeteorError 403 for a user who is not there, and an address that is not theirs
   */
  async generateResetToken(
    userId: string,
    email?: string | null,
    reason: string = 'resetPassword',
    extra: Extra = {},
  ): Promise<GeneratedToken> {
    const { user, address } = await this.#whom(userId, email, user => user.emails[0], 'No such email for user.')
    const purpose = reason === 'enrollAccount' ? 'enroll-account' : 'reset-password'
    const token = await this.#parts.accounts.issueLink({ purpose, user, address, data: { ...extra, reason } })
    return { email: address, user: this.#parts.document(user), token }
  }

  /**
   * A token that verifies an address.
   * @param email one of the user's; by default the first that is not verified
   * @throws MeteorError 403 for a user who is not there, an address that is not theirs, and when all are verified
   */
  async generateVerificationToken(userId: string, email?: string | null, extra: Extra = {}): Promise<GeneratedToken> {
    const { user, address } = await this.#unverified(userId, email)
    const token = await this.#parts.accounts.issueLink({ purpose: 'verify-email', user, address, data: { ...extra } })
    return { email: address, user: this.#parts.document(user), token }
  }

  /** Mails a link to choose a new password. Throws what {@link generateResetToken} throws. */
  async sendResetPasswordEmail(
    userId: string,
    email?: string | null,
    extraTokenData?: Extra,
    extraParams?: ExtraParams,
  ): Promise<SentEmail> {
    const whom = await this.#whom(userId, email, user => user.emails[0], 'No such email for user.')
    return this.#send('resetPassword', whom, { ...extraTokenData, reason: 'resetPassword' }, extraParams)
  }

  /** Mails an invitation to choose a first password. Throws what {@link generateResetToken} throws. */
  async sendEnrollmentEmail(userId: string, email?: string | null, extraTokenData?: Extra, extraParams?: ExtraParams): Promise<SentEmail> {
    const whom = await this.#whom(userId, email, user => user.emails[0], 'No such email for user.')
    return this.#send('enrollAccount', whom, { ...extraTokenData, reason: 'enrollAccount' }, extraParams)
  }

  /** Mails a link that verifies an address. Throws what {@link generateVerificationToken} throws. */
  async sendVerificationEmail(
    userId: string,
    email?: string | null,
    extraTokenData?: Extra,
    extraParams?: ExtraParams,
  ): Promise<SentEmail> {
    return this.#send('verifyEmail', await this.#unverified(userId, email), extraTokenData ?? {}, extraParams)
  }

  /** Mails a code that somebody else made. Whether it signs in is up to whoever made it. */
  async sendLoginTokenEmail({ userId, sequence, email, extra = {} }: LoginTokenMail): Promise<SentEmail> {
    const { accounts, letters, urls, document } = this.#parts
    const { user, address } = await this.#whom(userId, email, found => found.emails[0], 'No such email for user.')
    const url = await urls.loginToken(address, sequence)
    const options = await letters.generateOptionsForEmail(address, document(user), url, 'sendLoginToken', { ...extra, sequence })
    await accounts.sendWritten(mailOf(options), user, sequence)
    return { email: address, user: document(user), token: sequence, url, options }
  }

  async #send(kind: LinkKind & MailKind, { user, address }: Whom, data: Extra, extraParams?: ExtraParams): Promise<SentEmail> {
    const { accounts, letters, urls, document } = this.#parts
    let sent: Pick<SentEmail, 'url' | 'options'> | undefined
    const token = await accounts.issueLink({
      purpose: PURPOSES[kind],
      user,
      address,
      data: { ...data },
      word: async (secret, expiresAt) => {
        const url = await urls[kind](secret, extraParams)
        sent = { url, options: await letters.generateOptionsForEmail(address, document(user), url, kind, { ...data, expiresAt }) }
        return mailOf(sent.options)
      },
    })
    if (!sent) throw new Error('a link was made without its mail')
    return { email: address, user: document(user), token, ...sent }
  }

  #unverified(userId: string, email: string | null | undefined): Promise<Whom> {
    const first = (user: User): UserEmail | undefined => user.emails.find(({ verified }) => !verified)
    return this.#whom(userId, email, first, 'That user has no unverified email addresses.')
  }

  async #whom(
    userId: string,
    email: string | null | undefined,
    byDefault: (user: User) => UserEmail | undefined,
    none: string,
  ): Promise<Whom> {
    const user = await this.#parts.accounts.findUser({ kind: 'id', key: userId })
    if (!user) throw this.#refusal("Can't find user")
    const found = email ? user.emails.find(({ address }) => address === email) : byDefault(user)
    if (!found) throw this.#refusal(email ? 'No such email for user.' : none)
    return { user, address: found.address }
  }

  #refusal(reason: string): MeteorError {
    const { ambiguousErrorMessages } = this.#parts.accounts.core.settings
    return new MeteorError(403, ambiguousErrorMessages ? ERRORS.InvalidCredentials.meteor[1] : reason)
  }
}

interface Whom {
  user: User
  address: string
}

/** A code to mail. */
export interface LoginTokenMail {
  userId: string
  /** The code. */
  sequence: string
  /** One of the user's; by default the first. */
  email?: string
  /** Handed to the templates. */
  extra?: Extra
}
