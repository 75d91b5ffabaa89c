import type { MeteorUser } from '../compat/meteor-user.ts'
import { toMeteorUser } from '../compat/meteor-user.ts'
import type { User } from '../core/identity/user.ts'
import type { GivenEmailTemplates, MailData } from '../core/mail/templates.ts'
import { MeteorLetters } from './email/letters.ts'
import type { MailOptions } from './email/letters.ts'
import { Sending } from './email/send.ts'
import type { GeneratedToken, LoginTokenMail, SentEmail } from './email/send.ts'
import { emailTemplates, takeGiven } from './email/templates.ts'
import type { MeteorEmailTemplates } from './email/templates.ts'
import { accountsUrls, buildEmailUrl } from './email/urls.ts'
import type { AccountsUrls, ExtraParams } from './email/urls.ts'
import { MeteorBase } from './meteor-base.ts'

type Extra = Readonly<Record<string, unknown>>

/** Mail and the links in it: the part of Meteor's server API that writes to users. */
export abstract class MeteorMail extends MeteorBase {
  #urls: AccountsUrls | undefined
  #templates: MeteorEmailTemplates | undefined
  #letters: MeteorLetters | undefined
  #sending: Sending | undefined

  /**
   * Where the links in mails lead. Each may be replaced, and may answer later.
   * @example
   * import { AccountsServer } from '@latchkey/server'
   * import { DDPServer } from '@latchkey/server/ddp'
   * import { memoryStore } from '@latchkey/server/stores/memory'
   * const accounts = new AccountsServer(new DDPServer(), { db: memoryStore(), tokenSecret: 'a secret of at least 32 random bytes, please' })
   * accounts.urls.resetPassword = token => `https://example.org/new-password?token=${encodeURIComponent(token)}`
   */
  get urls(): AccountsUrls {
    const { settings } = this.accounts.core
    this.#urls ??= accountsUrls(settings)
    return this.#urls
  }

  /** What mails say: an object to change. What is changed is in force from the next mail on. */
  get emailTemplates(): MeteorEmailTemplates {
    if (!this.#templates) {
      this.#templates = emailTemplates(this.accounts.core.settings.siteUrl)
      // Options are of one type on all faces; this one was read by the settings already.
      const { emailTemplates: given } = this._options as { emailTemplates?: GivenEmailTemplates }
      if (given) takeGiven(this.#templates, given)
    }
    return this.#templates
  }

  /** A link below the site; parameters go before the hash. */
  buildEmailUrl(path: string, extraParams?: ExtraParams): string {
    return buildEmailUrl(this.accounts.core.settings.siteUrl, path, extraParams)
  }

  /**
   * A mail of that kind, for sending by other means. `reason` is the kind, for example `resetPassword`.
   * @throws AccountsError `InvalidInput` for a kind there is not
   */
  generateOptionsForEmail(email: string, user: MeteorUser, url: string, reason: string, extra?: MailData): Promise<MailOptions> {
    return this.#mailLetters.generateOptionsForEmail(email, user, url, reason, extra)
  }

  /**
   * A token to set a password with, for the user's first address or one that is named. With the reason `enrollAccount` it is an invitation.
   * @throws MeteorError 403 for a user who is not there, and an address that is not theirs
   */
  generateResetToken(userId: string, email?: string | null, reason?: string, extraTokenData?: Extra): Promise<GeneratedToken> {
    return this.#mailSending.generateResetToken(userId, email, reason, extraTokenData)
  }

  /**
   * A token that verifies an address: the user's first unverified one, or one that is named.
   * @throws MeteorError 403 for a user who is not there, an address that is not theirs, and when all are verified
   */
  generateVerificationToken(userId: string, email?: string | null, extraTokenData?: Extra): Promise<GeneratedToken> {
    return this.#mailSending.generateVerificationToken(userId, email, extraTokenData)
  }

  /** Mails a link to choose a new password. Throws what {@link generateResetToken} throws. */
  sendResetPasswordEmail(userId: string, email?: string | null, extraTokenData?: Extra, extraParams?: ExtraParams): Promise<SentEmail> {
    return this.#mailSending.sendResetPasswordEmail(userId, email, extraTokenData, extraParams)
  }

  /** Mails an invitation to choose a first password. Throws what {@link generateResetToken} throws. */
  sendEnrollmentEmail(userId: string, email?: string | null, extraTokenData?: Extra, extraParams?: ExtraParams): Promise<SentEmail> {
    return this.#mailSending.sendEnrollmentEmail(userId, email, extraTokenData, extraParams)
  }

  /** Mails a link that verifies an address. Throws what {@link generateVerificationToken} throws. */
  sendVerificationEmail(userId: string, email?: string | null, extraTokenData?: Extra, extraParams?: ExtraParams): Promise<SentEmail> {
    return this.#mailSending.sendVerificationEmail(userId, email, extraTokenData, extraParams)
  }

  /** Mails a code that the app made itself. Codes of `requestLoginTokenForUser` are mailed without it. */
  sendLoginTokenEmail(mail: LoginTokenMail): Promise<SentEmail> {
    return this.#mailSending.sendLoginTokenEmail(mail)
  }

  /** From now on mails are worded by {@link emailTemplates}, unless the option `prepareMail` words them. */
  protected _wordMail(): void {
    const { settings, outbox } = this.accounts.core
    if (!settings.prepareMail) outbox.wordWith(this.#mailLetters)
  }

  get #mailLetters(): MeteorLetters {
    const { settings, log } = this.accounts.core
    this.#letters ??= new MeteorLetters({
      urls: this.urls,
      emailTemplates: this.emailTemplates,
      siteUrl: () => settings.siteUrl,
      document: this.#mailDocument,
      log,
    })
    return this.#letters
  }

  get #mailSending(): Sending {
    this.#sending ??= new Sending({
      accounts: this.accounts,
      letters: this.#mailLetters,
      urls: this.urls,
      document: this.#mailDocument,
    })
    return this.#sending
  }

  readonly #mailDocument = (user: User): MeteorUser => toMeteorUser(this.accounts.core.settings.face, user)
}
