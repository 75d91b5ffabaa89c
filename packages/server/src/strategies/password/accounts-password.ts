import { AccountsError } from '@latchkey/common'
import type { ConnectionInformations, ErrorCode, LoginResult, PublicUser } from '@latchkey/common'
import type { Accounts } from '../../core/accounts.ts'
import type { Core } from '../../core/core.ts'
import { passwordOf } from '../../core/identity/credential.ts'
import type { Registration } from '../../core/flows/register.ts'
import type { Credential } from '../../core/identity/credential.ts'
import { emailKey } from '../../core/identity/email.ts'
import { toPublicUser } from '../../core/identity/public-user.ts'
import { isDeactivated } from '../../core/identity/user.ts'
import type { Identifier, User } from '../../core/identity/user.ts'
import { usernameKey } from '../../core/identity/username.ts'
import { APP, originOf } from '../../core/origin.ts'
import type { PasswordInput } from '../../core/ports.ts'
import type { LoginCandidate } from '../../core/store.ts'
import type { Origin, Proof, Strategy } from '../../core/strategy.ts'
import { readOptions } from './options.ts'
import type { AccountsPasswordOptions, PasswordSettingsGiven, PasswordTwoFactorOptions } from './options.ts'
import { readParams } from './params.ts'
import type { PasswordParams } from './params.ts'
import { PasswordHashing } from './password-hashing.ts'
import { PasswordUpgrade } from './password-upgrade.ts'
import { isModest } from './recipe.ts'
import type { TwoFactorService } from './two-factor-service.ts'

/** What the service takes to sign in. */
export interface PasswordLogin {
  /** An address or a name as typed, or one of the three by name. */
  user: string | { id?: string; username?: string; email?: string }
  password: PasswordInput
  /** The answer to a second factor, given at once. */
  code?: string
}

/**
 * Signs in with a password; accounts-js's service of that name. Brings the hasher and the password rules of the server it is given to.
 *
 * Its methods are for the app's own code, as in accounts-js: they say whether a user exists, whatever `ambiguousErrorMessages` is, and count nothing by
 * address. What comes from outside goes through a transport. Users they answer with carry the app's own fields and no secrets.
 * @example
 * import { AccountsPassword } from '@latchkey/server/strategies/password'
 * const password = new AccountsPassword({ requireEmailVerification: true, contextWords: ['acme'] })
 * console.log(password.name) // password
 */
export class AccountsPassword implements Strategy<PasswordParams> {
  readonly name = 'password'
  /** accounts-js's word for {@link name}. */
  readonly serviceName = 'password'
  /** The options as they were given, and changed by {@link configure}. */
  options: Readonly<AccountsPasswordOptions>
  /** What the second factor shall be made with; undefined: the app makes its own, or has none. */
  readonly twoFactorOptions: PasswordTwoFactorOptions | undefined
  /** Set by the server when users can set up codes. */
  twoFactor: TwoFactorService | undefined
  /** The part of the options that becomes the server's `settings.password`. */
  readonly passwordSettings: PasswordSettingsGiven
  /** Hashes and verifies for sign-up, recovery and change too. */
  readonly hasher: PasswordHashing
  /** The app's own texts, by error code. */
  readonly messages: Readonly<Partial<Record<ErrorCode, string>>>
  readonly #upgrade: PasswordUpgrade
  #isModest: boolean
  readonly #databases: readonly unknown[]
  readonly #givenServer: unknown
  #server: unknown
  #core: Core | undefined
  #accounts: Accounts | undefined

  /**
   * accounts-js 1.0 takes databases and server here too. They come from the server the service is given to; others than those are refused there, because
   * two places for one user's password would be two truths.
   * @throws AccountsError `InvalidSettings` for unknown options and impossible costs
   */
  constructor(options: AccountsPasswordOptions = {}, usersDb?: unknown, sessionsDb?: unknown, server?: unknown) {
    const { settings, hashing, messages } = readOptions(options)
    this.options = Object.freeze({ ...options })
    this.twoFactorOptions = options.twoFactor
    this.twoFactor = undefined
    this.#givenServer = server
    this.#server = server
    this.#databases = [usersDb, sessionsDb].filter(database => database !== undefined && database !== null)
    this.passwordSettings = settings
    this.messages = messages
    this.hasher = new PasswordHashing(hashing)
    this.#upgrade = new PasswordUpgrade(this.hasher)
    this.#isModest = isModest(hashing.current)
  }

  /** The `AccountsServer` it belongs to, set by that server. */
  get server(): unknown {
    return this.#server
  }

  set server(server: unknown) {
    if (this.#givenServer !== undefined && this.#givenServer !== server) {
      throw new AccountsError('InvalidSettings', {
        message: 'AccountsPassword was given another server than the one it is given to. Leave it out: the server sets it',
      })
    }
    this.#server = server
  }

  /**
   * Changes what new hashes cost; kept ones are made anew at the next good login of their user.
   * @throws AccountsError `InvalidSettings` for unknown options and impossible costs
   */
  configure(changes: Pick<AccountsPasswordOptions, 'bcryptRounds' | 'argon2Enabled' | 'argon2'>): void {
    const options = { ...this.options, ...changes, ...(changes.argon2 ? { argon2: { ...this.options.argon2, ...changes.argon2 } } : {}) }
    const { hashing } = readOptions(options)
    this.options = Object.freeze(options)
    this.hasher.configure(hashing)
    this.#isModest = isModest(hashing.current)
    this.#warnIfModest()
  }

  attach(core: Core): void {
    if (this.#databases.some(database => database !== core.store)) {
      throw new AccountsError('InvalidSettings', {
        message: 'AccountsPassword was given another database than its AccountsServer. Leave it out: the server brings its own',
      })
    }
    this.hasher.attach(core)
    this.#core = core
    this.#warnIfModest()
  }

  join(accounts: Accounts): void {
    this.#accounts = accounts
  }

  parse(options: unknown): PasswordParams | undefined {
    return readParams(options, this.#attached().settings.password, this.#refusal)
  }

  claim({ identifier }: PasswordParams): Identifier | null {
    return identifier
  }

  serves(_user: User, credentials: readonly Credential[]): boolean {
    return passwordOf(credentials) !== null
  }

  /** accounts-js's call, for the app's own code: proves who it is with every check of a login, the second factor included, and opens no session. */
  authenticate(login: PasswordLogin): Promise<PublicUser>
  /** The login flow's. Throws when the user is unknown; a known one fails with a proof that says why, after the same work. */
  authenticate(params: PasswordParams, origin: Origin, candidate: LoginCandidate): Promise<Proof>
  async authenticate(params: PasswordParams | PasswordLogin, origin?: Origin, candidate?: LoginCandidate): Promise<Proof | PublicUser> {
    if (origin && candidate && 'identifier' in params) return this.#prove(params, origin, candidate)
    const { user } = await this.#joined().prove(this.#key(), params, APP)
    return this.#public(user)
  }

  async #prove({ identifier, password }: PasswordParams, origin: Origin, { user, credentials }: LoginCandidate): Promise<Proof> {
    const { settings, clock } = this.#attached()
    const stored = user && passwordOf(credentials)
    const decoyKey = identifier ? `${identifier.kind}:${identifier.key}` : ''
    const mayVerify = !settings.password.requireEmailVerification || (user !== null && isVerified(user, identifier))
    const welcome = mayVerify && user !== null && !isDeactivated(user)
    const matches = await this.hasher.verifyFor(password, stored, { decoyKey, ip: origin.ip, welcome })

    const wrong = (specific: ErrorCode): AccountsError => this.#refusal(settings.ambiguousErrorMessages ? 'InvalidCredentials' : specific)
    if (!user) throw wrong('UserNotFound')
    const proof: Proof = { userId: user.id, factor: { name: this.name, kind: 'knows', at: clock.now() } }
    if (!stored) return { ...proof, error: wrong('NoPasswordSet') }
    if (!matches) return { ...proof, error: wrong('IncorrectPassword') }
    // Only now: before the right password it would tell that the account exists.
    if (!mayVerify) return { ...proof, error: this.#refusal('EmailNotVerified') }
    this.#upgrade.later(this.#attached(), { userId: user.id, stored, password, origin })
    return proof
  }

  /**
   * For the app's own code: is it this user's password? Counts nothing and asks for no second factor. A kept hash that is not made as hashes are made now is made
   * anew soon after.
   */
  async isPasswordOf(userId: string, password: PasswordInput): Promise<boolean> {
    const accounts = this.#joined()
    await accounts.ready()
    const core = this.#attached()
    const stored = passwordOf(await core.store.users.credentials(userId))
    const isRight = await this.hasher.verify(password, stored, { decoyKey: `id:${userId}`, ip: '' })
    if (isRight && stored) this.#upgrade.later(core, { userId, stored, password, origin: APP })
    return isRight
  }

  /** The user with that address, whichever of theirs it is. */
  async findUserByEmail(email: string): Promise<PublicUser | null> {
    const key = emailKey(email)
    return key === null ? null : this.#find({ kind: 'email', key })
  }

  async findUserByUsername(username: string): Promise<PublicUser | null> {
    return this.#find({ kind: 'username', key: usernameKey(username), typed: username })
  }

  /**
   * Creates a user by the rules of a registration; `validateNewUser` says what is kept. Without a password the user gets in by an enrolment link.
   * @returns the user's id
   * @throws AccountsError `UsernameOrEmailRequired`, `InvalidUsername`, `InvalidEmail`, `UsernameAlreadyExists`, `EmailAlreadyExists`, `InvalidPassword`
   */
  async createUser(user: Registration): Promise<string> {
    return (await this.#joined().createAccount(user)).id
  }

  /**
   * Adds an address, and tells those that were there before by mail.
   * @param verified true: the app vouches for it
   * @throws AccountsError `InvalidEmail`, `EmailAlreadyExists`, `UserNotFound`; always as a rejection
   */
  async addEmail(userId: string, email: string, verified = false): Promise<void> {
    await this.#joined().addEmailOf(userId, email, verified)
  }

  /**
   * Removes an address and every link that was sent to it. One the user does not have is no error.
   * @throws AccountsError `UserNotFound`, `LastIdentifier` when nothing would be left to find the user by
   */
  async removeEmail(userId: string, email: string): Promise<void> {
    await this.#joined().removeEmailOf(userId, email)
  }

  /**
   * Redeems a verification link.
   * @throws AccountsError `InvalidToken`, `VerifyEmailLinkExpired`, `VerifyEmailLinkUnknownAddress`
   */
  async verifyEmail(token: string): Promise<void> {
    await this.#joined().verifyEmail(token, APP)
  }

  /**
   * Redeems a reset or enrolment link.
   * @param infos where the request came from
   * @returns a login with `returnTokensAfterResetPassword`, else null. It passes second factor and hooks like any other.
   * @throws AccountsError `InvalidToken`, `InvalidNewPassword`, `ResetPasswordLinkExpired`, `ResetPasswordLinkUnknownAddress`
   */
  async resetPassword(token: string, newPassword: PasswordInput, infos: ConnectionInformations = {}): Promise<LoginResult | null> {
    const accounts = this.#joined()
    const login = await accounts.resetPassword(token, newPassword, originOf(infos))
    if (!login?.tokens) return null
    return { ...accounts.loginResult(login), tokens: login.tokens }
  }

  /**
   * Sets a password, whatever the rules for passwords, without a hook and without a mail. All sessions end.
   * @throws AccountsError `UserNotFound`, `InvalidPassword` when it is empty
   */
  async setPassword(userId: string, newPassword: PasswordInput): Promise<void> {
    await this.#joined().setPassword(userId, newPassword, APP, { asItIs: true })
  }

  /**
   * Changes a password, once the old one is proven. All sessions end unless `invalidateAllSessionsAfterPasswordChanged` is false: no session asks, so there
   * is none to keep. To keep the asking one call `accounts.changePassword` of the server.
   * @throws AccountsError `InvalidPassword`, `InvalidCredentials`, `UserNotFound`, `IncorrectPassword`, `NoPasswordSet`, `TooManyAttempts`
   */
  async changePassword(userId: string, oldPassword: PasswordInput, newPassword: PasswordInput): Promise<void> {
    await this.#joined().changePasswordOf(userId, oldPassword, newPassword)
  }

  /**
   * Sends a link that verifies an address; nothing for one that is verified.
   * @throws AccountsError `InvalidEmail`, `UserNotFound`, `TooManyAttempts`
   */
  async sendVerificationEmail(address: string): Promise<void> {
    await this.#joined().sendVerificationEmail(address, APP, 'openly')
  }

  /**
   * Sends a link to choose a new password.
   * @throws AccountsError `InvalidEmail`, `UserNotFound`, `TooManyAttempts`
   */
  async sendResetPasswordEmail(address: string): Promise<void> {
    await this.#joined().sendResetPasswordEmail(address, APP, 'openly')
  }

  /**
   * Invites a user who was created without a password to choose one. Redeeming the link verifies the address.
   * @throws AccountsError `InvalidEmail`, `UserNotFound`, `TooManyAttempts`
   */
  async sendEnrollmentEmail(address: string): Promise<void> {
    await this.#joined().sendEnrollmentEmail(address, APP, 'openly')
  }

  /**
   * accounts-js's, for records of links in a database of its own. A time that cannot be read counts as over.
   * @param lifetime milliseconds
   */
  isTokenExpired({ when }: { when: number | string | Date }, lifetime: number): boolean {
    const since = typeof when === 'string' && !/^\d+$/.test(when) ? Date.parse(when) : Number(when)
    return !(since + lifetime >= this.#attached().clock.now())
  }

  #warnIfModest(): void {
    if (!this.#core?.settings.production || !this.#isModest) return
    this.#core.log.warn(
      {},
      'the cost of password hashes is below what OWASP recommends (argon2id with 19 MiB and 2 passes, bcrypt with 10 rounds)',
    )
  }

  async #find(identifier: Identifier): Promise<PublicUser | null> {
    const user = await this.#joined().findUser(identifier)
    return user && this.#public(user)
  }

  /** As kept, in the shape that leaves; the app's sanitizer is for what goes out. */
  #public(user: User): PublicUser {
    return toPublicUser({ face: this.#attached().settings.face, userObjectSanitizer: undefined }, user)
  }

  /** The name it is registered under. */
  #key(): string {
    for (const [key, strategy] of this.#attached().strategies) if (strategy === this) return key
    return this.name
  }

  readonly #refusal = (code: ErrorCode, field?: string): AccountsError => {
    const message = this.messages[code]
    return new AccountsError(code, {
      ...(message === undefined ? {} : { message }),
      ...(field === undefined ? {} : { details: { field } }),
    })
  }

  #attached(): Core {
    if (!this.#core) throw unattached()
    return this.#core
  }

  #joined(): Accounts {
    if (!this.#accounts) throw unattached()
    return this.#accounts
  }
}

const unattached = (): AccountsError =>
  new AccountsError('InvalidSettings', { message: 'AccountsPassword does nothing by itself: give it to an AccountsServer' })

/** The address that was used, or any one when it was a name or an id. */
function isVerified({ emails }: User, identifier: Identifier | null): boolean {
  const used = identifier?.kind === 'email' ? emails.filter(({ address }) => emailKey(address) === identifier.key) : emails
  return used.some(({ verified }) => verified)
}
