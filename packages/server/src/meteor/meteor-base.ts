import { AccountsError } from '@latchkey/common'
import { AccountsCommon, MeteorError, isInclusion, project } from '@latchkey/common/meteor'
import type { AccountsConfig, FieldOptions, FieldSelector, Registered } from '@latchkey/common/meteor'
import type { AccountsServices } from '../accounts-server.ts'
import { toMeteorUser } from '../compat/meteor-user.ts'
import type { MeteorUser } from '../compat/meteor-user.ts'
import type { Accounts } from '../core/accounts.ts'
import { emailKey } from '../core/identity/email.ts'
import type { Identifier, User } from '../core/identity/user.ts'
import { usernameKey } from '../core/identity/username.ts'
import { reasonOf } from '../transports/ddp/accounts/errors.ts'
import { currentInvocation } from '../wire/invocation.ts'
import { collectionName } from './collection-name.ts'
import { LoginHooks } from './login-hooks.ts'
import type { LoginCallback, LogoutCallback, ValidateLoginAttempt } from './login-hooks.ts'
import { changesOfServices, settingsOfConfig } from './meteor-options.ts'

/** What is published of the signed-in user unless the app says otherwise. */
const DEFAULT_PUBLISH_FIELDS: FieldSelector = { profile: 1, username: 1, emails: 1 }

/** By what a user is looked up: exactly one of these. */
export interface UserQuery {
  id?: string
  username?: string
  email?: string
}

/** Who is signed in, what is set, and who is told: the part of Meteor's server API that the rest stands on. */
export abstract class MeteorBase extends AccountsCommon {
  /** What transports are built on: all flows, without any wire. */
  abstract readonly accounts: Accounts
  /** The services, by the name they have on the wire. */
  abstract readonly services: Readonly<AccountsServices>
  /** What is published of the signed-in user. */
  #publishFields: FieldSelector = DEFAULT_PUBLISH_FIELDS
  #hooks: LoginHooks | undefined

  // Who is it?

  /**
   * The signed-in user's id inside of a method, a publication, a hook or a request; null when nobody is signed in there.
   * @throws Error outside of any
   */
  override userId(): string | null {
    const invocation = currentInvocation()
    if (!invocation) throw new Error('Meteor.userId can only be invoked in method calls or publications.')
    return invocation.userId
  }

  /**
   * The signed-in user; null when nobody is signed in. Fields as `fields` says, else as `defaultFieldSelector` does.
   * Rejects with the error of {@link userId} outside of a method, a publication, a hook or a request.
   */
  override async userAsync(options: FieldOptions = {}): Promise<MeteorUser | null> {
    const id = this.userId()
    const user = id === null ? null : await this.accounts.findUser({ kind: 'id', key: id })
    return user && this._document(user, options)
  }

  /** The same as {@link userAsync}. @deprecated Meteor 3 has it so that old code says what to change */
  user(options?: FieldOptions): Promise<MeteorUser | null> {
    this.accounts.core.log.warn({}, '`Accounts.user()` is deprecated on the server. Use `Accounts.userAsync()`')
    return this.userAsync(options)
  }

  // What is set

  /** Opens the store, if nothing did yet. */
  init(): Promise<void> {
    return this.accounts.ready()
  }

  protected override _configure({ oauthSecretKey, ...changes }: AccountsConfig): AccountsConfig {
    const collection = changes.collection === undefined ? undefined : collectionName(changes.collection)
    const changeServices = changesOfServices(this.services, changes)
    if (oauthSecretKey !== undefined) this._loadOAuthSecretKey(oauthSecretKey)
    this.accounts.configure(settingsOfConfig(changes, { ...this._options, ...changes }))
    // Last: changes that are refused must not leave the users behind.
    if (collection !== undefined) this._useCollection(collection)
    changeServices()
    return changes
  }

  /** From now on the users are those of that collection. @throws AccountsError `InvalidSettings` when the store keeps no other */
  protected abstract _useCollection(name: string): void

  /** The key is taken in and kept nowhere else. */
  protected abstract _loadOAuthSecretKey(key: string): void

  /**
   * Says what is published of the signed-in user to themselves, from the next look on. Not even here do hashes, tokens and secrets pass.
   * @default { profile: 1, username: 1, emails: 1 }
   */
  setDefaultPublishFields(fields: FieldSelector): void {
    this.#publishFields = { ...fields }
  }

  /** Does nothing but say so: there is no autopublish here. {@link setDefaultPublishFields} says what a user gets of themselves. */
  addAutopublishFields(_fields: { forLoggedInUser?: readonly string[]; forOtherUsers?: readonly string[] }): void {
    this.accounts.core.log.warn({}, 'Accounts.addAutopublishFields does nothing: there is no autopublish. Use setDefaultPublishFields')
  }

  /** The name of the collection the users are in, and are published as. */
  _collectionName(): string {
    return collectionName(this._options.collection)
  }

  /** What is published of the signed-in user. A `defaultFieldSelector` that names fields adds them. */
  _publishedFields(): FieldSelector {
    const { defaultFieldSelector } = this._options
    return isInclusion(defaultFieldSelector) ? { ...defaultFieldSelector, ...this.#publishFields } : this.#publishFields
  }

  // Who is told

  /**
   * Asks about every attempt to sign in, also one that is refused already: answering something falsy, or throwing, refuses it. All are asked, and of errors the
   * last one thrown is what the client gets.
   * @example
   * import { AccountsServer } from '@latchkey/server'
   * import { DDPServer } from '@latchkey/server/ddp'
   * import { memoryStore } from '@latchkey/server/stores/memory'
   * const accounts = new AccountsServer(new DDPServer(), { db: memoryStore(), tokenSecret: 'a secret of at least 32 random bytes, please' })
   * const { stop } = accounts.validateLoginAttempt(({ user }) => user?.banned !== true)
   * stop()
   */
  validateLoginAttempt<Callback extends ValidateLoginAttempt>(callback: Callback): Registered<Callback> {
    return this.#loginHooks.validate(callback)
  }

  /** Tells of every login. What a callback throws, now or later, is logged; the login stands. */
  onLogin<Callback extends LoginCallback>(callback: Callback): Registered<Callback> {
    return this.#loginHooks.onLogin(callback)
  }

  /** Tells of every login that was refused. */
  onLoginFailure<Callback extends LoginCallback>(callback: Callback): Registered<Callback> {
    return this.#loginHooks.onLoginFailure(callback)
  }

  /** Tells of every logout of somebody who was signed in. */
  onLogout<Callback extends LogoutCallback>(callback: Callback): Registered<Callback> {
    return this.#loginHooks.onLogout(callback)
  }

  get #loginHooks(): LoginHooks {
    this.#hooks ??= new LoginHooks(this.accounts, {
      selector: () => this._options.defaultFieldSelector,
      collection: () => this._collectionName(),
    })
    return this.#hooks
  }

  // For the rest of the API

  /** A user as a document for the app's own code: `services` and all, without hashes, tokens and secrets. Fields as asked, else as `defaultFieldSelector` says. */
  async _document(user: User, options: FieldOptions = {}): Promise<MeteorUser> {
    const { settings, store } = this.accounts.core
    const document = toMeteorUser(settings.face, user, await store.users.credentials(user.id))
    // Of the fields of a document some; apps know which they asked for.
    return project(document, this._addDefaultFieldSelector(options).fields) as MeteorUser
  }

  /** By id, name or address, whatever its case; null when there is nobody. */
  async _findUserByQuery({ id, username, email }: UserQuery, options: FieldOptions = {}): Promise<MeteorUser | null> {
    const identifier = identifierOf({ id, username, email })
    const user = identifier && (await this.accounts.findUser(identifier))
    return user && this._document(user, options)
  }

  /** An error with this reason, or, with ambiguous messages, with the one that says nothing. Thrown unless `throwError` is false. */
  _handleError(reason: string, throwError: boolean = true, errorCode: string | number = 403): MeteorError {
    const error = new MeteorError(errorCode, reasonOf(this.accounts.core.settings, reason))
    if (throwError) throw error
    return error
  }

  protected override _now(): number {
    return this.accounts.core.clock.now()
  }
}

function identifierOf({ id, username, email }: { [K in keyof UserQuery]: string | undefined }): Identifier | null {
  if (typeof id === 'string') return { kind: 'id', key: id }
  if (typeof username === 'string') return { kind: 'username', key: usernameKey(username), typed: username }
  if (typeof email !== 'string') throw new AccountsError('MatchFailed', { details: { field: 'id' } })
  const key = emailKey(email)
  return key === null ? null : { kind: 'email', key }
}
