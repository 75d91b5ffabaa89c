import type { CreateUserResult, LoginResult, Tokens } from '@latchkey/common'
import type { AccountsClient } from './accounts-client.ts'
import type { NewUser } from './transport.ts'

/** Options of an {@link AccountsClientPassword}. */
export interface AccountsClientPasswordOptions {
  /** Applied to every password before it is sent. Both ends must agree on it; the connection's encryption is what protects it. @default as typed */
  hashPassword?: (password: string) => string | Promise<string>
}

/** Who signs in: a name or an address as typed, or one of the three by name. */
export interface PasswordLogin {
  user: string | { id?: string; username?: string; email?: string }
  password: string
  /** The second factor's code, when one is due. */
  code?: string
}

/** Signing up and in with a password, and everything around it. */
export class AccountsClientPassword {
  readonly client: AccountsClient
  readonly #options: AccountsClientPasswordOptions

  /** @throws Error `A valid client instance is required` */
  constructor(client: AccountsClient, options: AccountsClientPasswordOptions = {}) {
    if (!client) throw new Error('A valid client instance is required')
    this.client = client
    this.#options = options
  }

  /** Creates an account. Signs in when the server answers with a session; an empty answer may hide that the address was taken. */
  async createUser(user: NewUser): Promise<CreateUserResult> {
    const result = await this.client.transport.createUser({ ...user, password: await this.hashPassword(user.password) })
    if (result.loginResult) await this.client.acceptLogin(result.loginResult)
    return result
  }

  /** Signs in. */
  async login(user: PasswordLogin): Promise<LoginResult<Tokens | null>> {
    return this.client.loginWithService('password', { ...user, password: await this.hashPassword(user.password) })
  }

  /** Asks for a mail with a link to choose a new password. */
  requestPasswordReset(email: string): Promise<void> {
    return this.client.transport.sendResetPasswordEmail(email)
  }

  /** Redeems such a link. Signs in when the server answers with a session, else answers null. */
  async resetPassword(token: string, newPassword: string): Promise<LoginResult<Tokens | null> | null> {
    const result = await this.client.transport.resetPassword(token, await this.hashPassword(newPassword))
    if (result) await this.client.acceptLogin(result)
    return result
  }

  /** Asks for a mail with a link that confirms an address. */
  requestVerificationEmail(email: string): Promise<void> {
    return this.client.transport.sendVerificationEmail(email)
  }

  /** Redeems such a link. */
  async verifyEmail(token: string): Promise<void> {
    await this.client.transport.verifyEmail(token)
    this.client.userChanged()
  }

  /**
   * Adds an address to my account.
   * @param password a server may want it when the session is older than ten minutes (`RecentLoginRequired`)
   */
  async addEmail(email: string, password?: string, code?: string): Promise<void> {
    const confirmation = password === undefined ? undefined : await this.hashPassword(password)
    await this.client.transport.addEmail(email, undefined, confirmation, code)
    this.client.userChanged()
  }

  /** Changes my password. The server ends my other sessions, unless told not to. */
  async changePassword(oldPassword: string, newPassword: string, code?: string): Promise<void> {
    await this.client.transport.changePassword(await this.hashPassword(oldPassword), await this.hashPassword(newPassword), undefined, code)
  }

  /** What is sent for a password. */
  async hashPassword(password: string): Promise<string> {
    return this.#options.hashPassword ? this.#options.hashPassword(password) : password
  }
}
