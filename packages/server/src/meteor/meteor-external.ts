import type { Stop } from '@latchkey/common'
import { MeteorError } from '@latchkey/common/meteor'
import { ownError } from '../compat/accounts-js-error.ts'
import type { MeteorUser } from '../compat/meteor-user.ts'
import type { User } from '../core/identity/user.ts'
import { toMeteorError } from '../transports/ddp/accounts/errors.ts'
import { vouchedByApp } from './external/vouched.ts'
import type { ExternalServiceData } from './external/vouched.ts'
import { MeteorMail } from './meteor-mail.ts'
import type { OAuthEncryption } from './oauth-encryption/oauth-encryption.ts'

type Fields = Readonly<Record<string, unknown>>

/** Told of a sign-in through a provider; `user` is undefined for somebody new. */
export type OnExternalLogin = (options: Fields, user: MeteorUser | undefined) => Promise<Fields> | Fields
/** May they? Answering something falsy, or throwing, refuses. */
export type BeforeExternalLogin = (serviceName: string, serviceData: Fields, user: MeteorUser | undefined) => unknown
/** The user an account belongs to that nobody has linked; undefined: it is somebody new. */
export type AdditionalFindUser = (login: {
  serviceName: string
  serviceData: Fields
  options: Fields
}) => Promise<{ _id: string } | null | undefined> | { _id: string } | null | undefined

/** Users who come through providers: the part of Meteor's server API for accounts elsewhere. */
export abstract class MeteorExternal extends MeteorMail {
  /** Meteor's `OAuthEncryption`. */
  abstract readonly oauthEncryption: OAuthEncryption

  /**
   * Finds or makes the user behind an account elsewhere, for whom the app vouches with what the provider told it. Of a user who is there already what the
   * provider says is kept, beside what it said before, and everything else stays; a new one begins with `options.profile`, or with what `onCreateUser` makes of
   * the options. Signs nobody in.
   *
   * Ids are kept as text: the user of `123` is the user of `'123'`.
   * @throws Error for the names `password` and `resume`, and data without an `id`; MeteorError 403 for addresses that are not welcome and names that are taken; and
   * what hooks refuse with
   */
  async updateOrCreateUserFromExternalService(
    serviceName: string,
    serviceData: ExternalServiceData,
    options: Fields = {},
  ): Promise<{ type: string; userId: string }> {
    const vouched = vouchedByApp(this.oauthEncryption, serviceName, serviceData, options)
    try {
      const { id } = await this.accounts.userVouchedFor(vouched)
      return { type: serviceName, userId: id }
    } catch (error) {
      // The app's own error as its hook threw it. What is taken is said: the app itself chose it for a new user.
      const own = error instanceof Error ? ownError(error) : error
      throw toMeteorError({ ...this.accounts.core.settings, ambiguousErrorMessages: false }, own)
    }
  }

  /**
   * Says what a new user begins with who comes through a provider (in place of the options), and which of the app's own fields of an existing one change. Of an
   * existing user it can set no names, addresses, services: such keys are left out, with a warning in the log. One at most.
   * @throws Error when there is one already
   */
  onExternalLogin(hook: OnExternalLogin): Stop {
    return this.accounts.core.externalLogins.set('on', async ({ options }, user) => hook({ ...options }, await this.#seen(user)))
  }

  /**
   * Asks about every sign-in through a provider, once it is known whose it is, before anything is written. One at most.
   * @throws Error when there is one already
   */
  beforeExternalLogin(hook: BeforeExternalLogin): Stop {
    return this.accounts.core.externalLogins.set('before', async ({ provider, account }, user) => {
      if (!(await hook(provider, { ...account }, await this.#seen(user)))) throw new MeteorError(403, 'Login forbidden')
      return true
    })
  }

  /**
   * Says whose account it is when nobody has linked it. **The app vouches for it**: from then on whoever holds the account elsewhere signs in as that user. Never
   * go by an address the provider has not verified, nor by one that is unverified here: anybody can put somebody else's address into an account of their own. Each
   * use is written down, and the user is told by mail. One at most.
   * @throws Error when there is one already
   */
  setAdditionalFindUserOnExternalLogin(hook: AdditionalFindUser): Stop {
    return this.accounts.core.externalLogins.set('alsoFind', async ({ provider, account, options }) => {
      const found = await hook({ serviceName: provider, serviceData: { ...account }, options: { ...options } })
      return found?._id ?? null
    })
  }

  /** With the fields of `defaultFieldSelector`, as hooks see users. */
  async #seen(user: User | null): Promise<MeteorUser | undefined> {
    return user ? this._document(user) : undefined
  }
}
