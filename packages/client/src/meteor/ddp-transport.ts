/** accounts-js's deeds over DDP: Meteor's methods where it has them, `latchkey.<deed>` where it has not. */
import type {
  CreateUserResult,
  LinkedAccount,
  LoginResult,
  PublicSettings,
  PublicUser,
  RefreshResult,
  SessionInfo,
  TwoFactorSecret,
  TwoFactorStatus,
} from '@latchkey/common'
import type { AccountsClient } from '../accounts-client.ts'
import { AccountsClientError } from '../error.ts'
import { toSelector } from './arguments.ts'
import type { Headers, ImpersonationResult, NewUser, TransportInterface } from '../transport.ts'
import type { DdpSide } from './ddp-side.ts'
import type { MethodLogin } from './side.ts'

// Answers are cast here, not checked: what a method answers is its contract, which the server's tests hold it to. A method that fails rejects before that.

/** One connection as a transport. Its session is the connection's: there are no tokens to hand out, and no headers to send. */
export class DdpTransport implements TransportInterface {
  client: AccountsClient | undefined = undefined
  #connected: DdpSide | undefined

  /** Over which connection. Given later, because the client comes before it. */
  connect(side: DdpSide): void {
    this.#connected = side
  }

  get #side(): DdpSide {
    if (!this.#connected) throw new AccountsClientError('This transport has no connection yet')
    return this.#connected
  }

  async loginWithService(service: string, credentials: object): Promise<LoginResult<null>> {
    if (service === 'password') return this.#signIn('login', this.#withDigest(credentials))
    return this.#signIn('latchkey.authenticate', { service, params: credentials })
  }

  async authenticateWithService(): Promise<boolean> {
    throw notOverDdp('Trying credentials without signing in')
  }

  async refreshTokens(): Promise<RefreshResult> {
    throw notOverDdp('Refreshing tokens')
  }

  async logout(): Promise<void> {
    await this.#side.logout()
  }

  async getUser(): Promise<PublicUser | null> {
    return this.#side.userId.get() === null ? null : ((await this.#deed('user')) as PublicUser | null)
  }

  async impersonate(): Promise<ImpersonationResult> {
    throw notOverDdp('Impersonation')
  }

  async settings(): Promise<PublicSettings> {
    return (await this.#deed('settings')) as PublicSettings
  }

  /** As the server's settings have it, and not as Meteor's `createUser`, which always signs in. */
  async createUser(user: NewUser): Promise<CreateUserResult> {
    const result = await this.#deed('register', { user: { ...user, password: this.#side.secret(user.password) } })
    const { login, ...created } = result as CreateUserResult & { login?: MethodLogin }
    return login ? { ...created, loginResult: await this.#signIn('login', { resume: login.token }) } : created
  }

  async verifyEmail(token: string): Promise<void> {
    await this.#deed('verifyEmail', { token })
  }

  /** Null from a server that signs nobody in by such a link. */
  async resetPassword(token: string, newPassword: string): Promise<LoginResult<null> | null> {
    const login = (await this.#side.call('resetPassword', token, this.#side.secret(newPassword))) as MethodLogin | undefined
    return login ? this.#signIn('login', { resume: login.token }) : null
  }

  async sendVerificationEmail(email: string): Promise<void> {
    await this.#deed('sendVerificationEmail', { email })
  }

  async sendResetPasswordEmail(email: string): Promise<void> {
    await this.#side.call('forgotPassword', { email })
  }

  async requestMagicLinkEmail(email: string): Promise<void> {
    await this.#deed('requestMagicLinkEmail', { email })
  }

  async requestLoginCode(email: string): Promise<string> {
    const { request } = (await this.#deed('requestLoginCode', { email })) as { request: string | null }
    return request ?? ''
  }

  async changePassword(oldPassword: string, newPassword: string, _headers?: Headers, code?: string): Promise<void> {
    const secrets = [this.#side.secret(oldPassword), this.#side.secret(newPassword)]
    await this.#side.call('changePassword', ...secrets, ...(code === undefined ? [] : [code]))
  }

  async addEmail(newEmail: string, _headers?: Headers, password?: string, code?: string): Promise<void> {
    await this.#deed('addEmail', { newEmail, ...this.#confirmation(password, code) })
  }

  async removeEmail(email: string, password?: string, _headers?: Headers, code?: string): Promise<void> {
    await this.#deed('removeEmail', { email, ...this.#confirmation(password, code) })
  }

  async changeEmail(oldEmail: string, newEmail: string, password?: string, _headers?: Headers, code?: string): Promise<void> {
    await this.#deed('changeEmail', { oldEmail, newEmail, ...this.#confirmation(password, code) })
  }

  async getTwoFactorSecret(): Promise<TwoFactorSecret> {
    const { secret } = (await this.#deed('twoFactorSecret')) as { secret: TwoFactorSecret }
    return secret
  }

  twoFactorSet(secret: Partial<TwoFactorSecret>, code: string): Promise<{ recoveryCodes: string[] }> {
    return this.twoFactorEnable(secret, code)
  }

  async twoFactorEnable(
    secret: Partial<TwoFactorSecret>,
    code: string,
    _headers?: Headers,
    password?: string,
  ): Promise<{ recoveryCodes: string[] }> {
    return (await this.#deed('twoFactorSet', { secret, code, ...this.#confirmation(password) })) as { recoveryCodes: string[] }
  }

  async twoFactorUnset(code: string): Promise<void> {
    await this.#deed('twoFactorUnset', { code })
  }

  async twoFactorRecoveryCodes(code: string): Promise<{ recoveryCodes: string[] }> {
    return (await this.#deed('twoFactorRecoveryCodes', { code })) as { recoveryCodes: string[] }
  }

  async twoFactorStatus(): Promise<TwoFactorStatus> {
    return (await this.#deed('twoFactorStatus')) as TwoFactorStatus
  }

  async linkedAccounts(): Promise<LinkedAccount[]> {
    return (await this.#deed('linkedProviders')) as LinkedAccount[]
  }

  async linkAccount(params: object, password?: string): Promise<void> {
    await this.#deed('link', { ...params, ...this.#confirmation(password) })
  }

  async unlinkAccount(provider: string, password?: string, _headers?: Headers, code?: string): Promise<void> {
    await this.#deed('unlink', { provider, ...this.#confirmation(password, code) })
  }

  async sessions(): Promise<SessionInfo[]> {
    return (await this.#deed('sessions')) as SessionInfo[]
  }

  async endSession(sessionId: string): Promise<void> {
    await this.#deed('endSession', { sessionId })
    // It may have been this one; the connection stays then, and nobody is signed in on it
    if ((await this.getUser()) === null) this.#side.makeClientLoggedOut()
  }

  async endOtherSessions(): Promise<void> {
    await this.#deed('endOtherSessions')
  }

  async deleteAccount(password?: string, _headers?: Headers, code?: string): Promise<void> {
    await this.#deed('deleteAccount', this.#confirmation(password, code))
    this.#side.makeClientLoggedOut()
  }

  async exportData(): Promise<Record<string, unknown>> {
    return (await this.#deed('exportData')) as Record<string, unknown>
  }

  /** Of a connection that was signed in by a method of Meteor's, which does not say. */
  async #sessionId(): Promise<string> {
    const sessions = await this.sessions()
    return sessions.find(({ current }) => current)?.id ?? ''
  }

  // What comes back is the server's contract, as over REST
  #deed(name: string, ...params: unknown[]): Promise<unknown> {
    return this.#side.call(`latchkey.${name}`, ...params)
  }

  #confirmation(password?: string, code?: string): { password?: unknown; code?: string } {
    return { ...(password !== undefined && { password: this.#side.secret(password) }), ...(code !== undefined && { code }) }
  }

  /** A password is never sent as it is typed; a name or address that is typed becomes one of Meteor's. */
  #withDigest(credentials: object): object {
    const { user, password, ...rest } = { user: undefined, password: undefined, ...credentials }
    if (typeof password !== 'string') return credentials
    return { ...rest, user: typeof user === 'string' ? toSelector(user) : user, password: this.#side.secret(password) }
  }

  async #signIn(methodName: string, ...methodArguments: unknown[]): Promise<LoginResult<null>> {
    const login = await new Promise<Partial<MethodLogin>>((resolve, reject) => {
      const userCallback = (error?: unknown, result: Partial<MethodLogin> = {}): void =>
        error === undefined ? resolve(result) : reject(error)
      this.#side.login({ methodName, methodArguments, userCallback })
    })
    const user = this.#side.user.get() ?? { id: login.id ?? '', emails: [], deactivated: false }
    return { sessionId: login.sessionId ?? (await this.#sessionId()), tokens: null, user }
  }
}

const notOverDdp = (what: string): AccountsClientError =>
  new AccountsClientError(`${what} is not offered over DDP, where the connection has the session`, 'ServiceNotFound')
