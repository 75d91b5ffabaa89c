import { isAccountsError } from '@latchkey/common'
import { MeteorError } from '@latchkey/common/meteor'
import type { FieldOptions } from '@latchkey/common/meteor'
import type { MeteorUser } from '../compat/meteor-user.ts'
import type { NewUserInput } from '../core/flows/create-user.ts'
import { APP } from '../core/origin.ts'
import { judgeEmail } from '../core/policy/email-domain.ts'
import type { PasswordInput } from '../core/ports.ts'
import { toMeteorError } from '../transports/ddp/accounts/errors.ts'
import { MeteorExternal } from './meteor-external.ts'
import { inputOf } from './users/insert-user-doc.ts'
import { documentOf, userOf } from './users/new-user-document.ts'
import { UsersCollection } from './users/users-collection.ts'

/** What a user is created from; further keys reach the app's hook `onCreateUser`. */
export interface CreateUserOptions {
  username?: string
  email?: string
  /** May be left out: the user then gets in by an enrolment link, a code or a provider. */
  password?: PasswordInput
  /** Kept as the field of that name, unless `onCreateUser` says otherwise. */
  // Meteor types it so: it is the app's own.
  // oxlint-disable-next-line typescript/no-explicit-any
  profile?: Record<string, any>
  [extra: string]: unknown
}

/** What {@link MeteorUsers._createUserCheckingDuplicates} makes a user of. */
export interface DocumentWithNames {
  user?: Readonly<Partial<MeteorUser>>
  username?: string | null
  email?: string | null
  options?: Readonly<Record<string, unknown>>
}

/** Makes the user who is kept. `options`: what was asked for, without the password. */
export type CreateUserHook = (options: CreateUserOptions, user: MeteorUser) => unknown

/** Answers something falsy, or throws, to refuse a new user. */
export type ValidateNewUserHook = (user: MeteorUser) => unknown

/** Users in Meteor's server API: how they come to be, what they are called, and their documents. */
export abstract class MeteorUsers extends MeteorExternal {
  #users: UsersCollection | undefined

  /** The users, as documents: Meteor's `Meteor.users`. */
  get users(): UsersCollection {
    this.#users ??= new UsersCollection(this.accounts, () => this._collectionName())
    return this.#users
  }

  // Who becomes a user

  /**
   * Sets the hook that makes new users, whichever way they come: it is handed what was asked for and the user as they would be, id and all, and answers the one
   * to be kept. Without a hook that is the user with `options.profile` as `profile`.
   * @throws Error when there is one already
   * @example
   * import { AccountsServer } from '@latchkey/server'
   * import { DDPServer } from '@latchkey/server/ddp'
   * import { memoryStore } from '@latchkey/server/stores/memory'
   * const accounts = new AccountsServer(new DDPServer(), { db: memoryStore(), tokenSecret: 'a secret of at least 32 random bytes, please' })
   * accounts.onCreateUser((options, user) => ({ ...user, profile: options.profile, plan: 'free' }))
   */
  onCreateUser(hook: CreateUserHook): void {
    this.accounts.core.newUsers.onCreate(async (options, user) => userOf(await hook(options, documentOf(user)), user))
  }

  /** Adds a hook that may refuse new users, whichever way they come. All are asked in their order, until one refuses. */
  validateNewUser(hook: ValidateNewUserHook): void {
    this.accounts.core.newUsers.validate(user => hook(documentOf(user)))
  }

  /**
   * Creates a user. Signs nobody in and sends no mail.
   * @returns the user's id
   * @throws MeteorError 400 without a name, 403 when one is taken, and what hooks refuse with
   */
  async createUserAsync(options: CreateUserOptions): Promise<string> {
    const user = await this._asMeteor(this.accounts.createUser(askedOf(options), APP))
    return user.id
  }

  /** The same as {@link createUserAsync}. */
  createUser(options: CreateUserOptions): Promise<string> {
    return this.createUserAsync(options)
  }

  /** Creates a user and, with `sendVerificationEmail`, sends them a link: to verify the address, or to choose a password where none was given. */
  async createUserVerifyingEmail(options: CreateUserOptions): Promise<string> {
    const sendLink = this.accounts.core.settings.password.sendVerificationEmailAfterSignup
    const user = await this._asMeteor(this.accounts.createUser({ ...askedOf(options), sendLink }, APP))
    return user.id
  }

  /**
   * Creates the user of a document: `username`, `emails`, `profile`, fields of the app's own, `services` of providers, and a password as Meteor keeps it. Hooks
   * for new users are asked, and `options` handed to them.
   * @returns the user's id
   * @throws MeteorError 403 `Username already exists.`, `Email already exists.`, whatever `ambiguousErrorMessages` is
   */
  async insertUserDoc(options: Readonly<Record<string, unknown>>, user: Readonly<Partial<MeteorUser>>): Promise<string> {
    try {
      return (await this.accounts.createUser(inputOf(options, user), APP)).id
    } catch (error) {
      throw toMeteorError({ ...this.accounts.core.settings, ambiguousErrorMessages: false }, error)
    }
  }

  /** Creates the user of a document with this name and address. @throws MeteorError 403 when one of them is taken, whatever its case, and what hooks refuse with */
  async _createUserCheckingDuplicates({ user = {}, username, email, options = {} }: DocumentWithNames): Promise<string> {
    const named = { ...user, ...(username ? { username } : {}), ...(email ? { emails: [{ address: email, verified: false }] } : {}) }
    return (await this._asMeteor(this.accounts.createUser(inputOf(options, named), APP))).id
  }

  /**
   * Refuses a name or an address that somebody has, whatever its case.
   * @param displayName what the error calls it: `Username`, `Email`
   * @param ownUserId who may have it
   * @throws MeteorError 403
   */
  async _checkForCaseInsensitiveDuplicates(
    field: 'username' | 'emails.address',
    displayName: string,
    value: string | null | undefined,
    ownUserId?: string,
  ): Promise<void> {
    if (!value) return
    const found = await this._findUserByQuery(field === 'username' ? { username: value } : { email: value }, { fields: { _id: 1 } })
    if (found && found._id !== ownUserId) this._handleError(`${displayName} already exists.`)
  }

  /** Would `restrictCreationByEmailDomain` welcome the address? Answers at once, unless the rule is a function that answers later. */
  _testEmailDomain(email: string): boolean | Promise<boolean> {
    const { restrictCreationByEmailDomain: rule } = this.accounts.core.settings
    return rule === undefined || judgeEmail(rule, email)
  }

  // What they are called

  /** By name, whatever its case; null when nobody has it. */
  findUserByUsername(username: string, options: FieldOptions = {}): Promise<MeteorUser | null> {
    return this._findUserByQuery({ username }, options)
  }

  /** By any of a user's addresses, whatever its case; null when nobody has it. */
  findUserByEmail(email: string, options: FieldOptions = {}): Promise<MeteorUser | null> {
    return this._findUserByQuery({ email }, options)
  }

  /** Gives a user another name. Of their own they may change the case. @throws MeteorError 403 for an unknown user and a name that is taken */
  setUsername(userId: string, newUsername: string): Promise<void> {
    return this._asMeteor(this.accounts.setUsername(userId, newUsername))
  }

  /**
   * Adds an address. One the user has already, in another case, is written anew in its place.
   * @param verified true: the app vouches for it
   * @throws MeteorError 403 for an unknown user and an address that is taken
   */
  addEmailAsync(userId: string, newEmail: string, verified: boolean = false): Promise<void> {
    return this._asMeteor(this.accounts.addEmailOf(userId, newEmail, verified), 'openly')
  }

  /**
   * Puts another address in the place of one.
   * @throws MeteorError 404 when the user has no such address, 403 for an unknown user and an address that is taken
   */
  async replaceEmailAsync(userId: string, oldEmail: string, newEmail: string, verified: boolean = false): Promise<void> {
    const isReplaced = await this._asMeteor(this.accounts.replaceEmailOf(userId, oldEmail, { address: newEmail, verified }), 'openly')
    if (!isReplaced) throw new MeteorError(404, 'No user could be found with old email')
  }

  /** Removes an address and the links sent to it; one the user does not have is no error. @throws MeteorError 403 for an unknown user, 400 for the last name */
  removeEmail(userId: string, email: string): Promise<void> {
    return this._asMeteor(this.accounts.removeEmailOf(userId, email), 'openly')
  }

  /**
   * Sets a password, drops links to set another and, unless `logout` is false, ends every session of the user.
   * @throws MeteorError 403 for an unknown user, 400 for what is no password
   */
  async setPasswordAsync(userId: string, newPassword: PasswordInput, { logout = true }: { logout?: boolean } = {}): Promise<void> {
    await this._asMeteor(this.accounts.setPassword(userId, newPassword, APP, { keepSessions: !logout }), 'openly')
  }

  /**
   * The work, with its errors as Meteor words them.
   * @param manner `openly`: an unknown user is called one, as in Meteor, which hides only who has an account
   */
  protected async _asMeteor<T>(work: Promise<T>, manner?: 'openly'): Promise<T> {
    try {
      return await work
    } catch (error) {
      const isOpen = manner === 'openly' && isAccountsError(error) && error.code === 'UserNotFound'
      const { settings } = this.accounts.core
      throw toMeteorError(isOpen ? { ...settings, ambiguousErrorMessages: false } : settings, error)
    }
  }
}

function askedOf(options: CreateUserOptions): NewUserInput {
  const { username, email, password, profile } = options
  const { password: _password, ...asked } = options
  return {
    ...(username === undefined ? {} : { username }),
    ...(email === undefined ? {} : { email }),
    ...(password === undefined || password === null ? {} : { password }),
    defaults: profile ? { profile } : {},
    options: asked,
  }
}
