import type {
  CreateUserResult,
  ImpersonationIdentity,
  ImpersonationResult,
  LinkedAccount,
  LoginResult,
  PublicSettings,
  PublicUser,
  RefreshResult,
  SessionInfo,
  Tokens,
  TwoFactorSecret,
  TwoFactorStatus,
} from '@latchkey/common'
import type { AccountsClient } from './accounts-client.ts'

export type { ImpersonationIdentity, ImpersonationResult } from '@latchkey/common'

/** Further headers of one call; they win over the client's own. */
export type Headers = Record<string, string>

/** What one registers with. Further keys go to the server's `validateNewUser`. */
export interface NewUser {
  username?: string
  email?: string
  password: string
  [custom: string]: unknown
}

/**
 * The wire between a client and its server: one method for each thing a server can be asked. `logout` and `refreshTokens` must not ask the client for a
 * refreshed session first: the one would wait for itself, the other is asked in order to get it.
 */
export interface TransportInterface {
  /** Set by the client that uses this transport. */
  client: AccountsClient | undefined
  loginWithService(service: string, credentials: object, headers?: Headers): Promise<LoginResult<Tokens | null>>
  authenticateWithService(service: string, credentials: object, headers?: Headers): Promise<boolean>
  refreshTokens(accessToken: string, refreshToken: string, headers?: Headers): Promise<RefreshResult>
  logout(headers?: Headers): Promise<void>
  getUser(headers?: Headers): Promise<PublicUser | null>
  impersonate(accessToken: string, identity: ImpersonationIdentity, headers?: Headers): Promise<ImpersonationResult>
  settings(headers?: Headers): Promise<PublicSettings>

  createUser(user: NewUser, headers?: Headers): Promise<CreateUserResult>
  verifyEmail(token: string, headers?: Headers): Promise<void>
  resetPassword(token: string, newPassword: string, headers?: Headers): Promise<LoginResult<Tokens | null> | null>
  sendVerificationEmail(email: string, headers?: Headers): Promise<void>
  sendResetPasswordEmail(email: string, headers?: Headers): Promise<void>
  requestMagicLinkEmail(email: string, headers?: Headers): Promise<void>
  /** What has to be sent beside the code; empty where a code is good on any device. */
  requestLoginCode(email: string, headers?: Headers): Promise<string>
  /** `code`, here and below: of the second factor, which a user who has one is asked for unless the session is fresh. */
  changePassword(oldPassword: string, newPassword: string, headers?: Headers, code?: string): Promise<void>
  /** The password confirms it, where the server wants that. Last, because accounts-js's transports have none. */
  addEmail(newEmail: string, headers?: Headers, password?: string, code?: string): Promise<void>
  removeEmail(email: string, password?: string, headers?: Headers, code?: string): Promise<void>
  changeEmail(oldEmail: string, newEmail: string, password?: string, headers?: Headers, code?: string): Promise<void>

  /** A secret for an authenticator app, to be set up with `twoFactorSet`. */
  getTwoFactorSecret(headers?: Headers): Promise<TwoFactorSecret>
  /** Sets up the second factor, with a code made from the secret. Answers the recovery codes, where the protocol has room for them. */
  twoFactorSet(secret: Partial<TwoFactorSecret>, code: string, headers?: Headers): Promise<{ recoveryCodes: string[] } | void>
  /** The same, and answers the recovery codes in any case. Without `password` only soon after a sign-in, else `RecentLoginRequired`. */
  twoFactorEnable(
    secret: Partial<TwoFactorSecret>,
    code: string,
    headers?: Headers,
    password?: string,
  ): Promise<{ recoveryCodes: string[] }>
  /** Gives it up, for a code. */
  twoFactorUnset(code: string, headers?: Headers): Promise<void>
  /** New recovery codes in the place of the old ones. */
  twoFactorRecoveryCodes(code: string, headers?: Headers): Promise<{ recoveryCodes: string[] }>
  /** Whether there is a second factor, and how many recovery codes are left. */
  twoFactorStatus(headers?: Headers): Promise<TwoFactorStatus>

  /** The providers that sign in to my account. */
  linkedAccounts(headers?: Headers): Promise<LinkedAccount[]>
  /** Lets an account at a provider sign in to mine. `params` are those of a sign-in with it, `{ provider, … }`; the password confirms it. */
  linkAccount(params: object, password?: string, headers?: Headers): Promise<void>
  /** Lets it no longer sign in. */
  unlinkAccount(provider: string, password?: string, headers?: Headers, code?: string): Promise<void>

  sessions(headers?: Headers): Promise<SessionInfo[]>
  endSession(sessionId: string, headers?: Headers): Promise<void>
  endOtherSessions(headers?: Headers): Promise<void>
  deleteAccount(password?: string, headers?: Headers, code?: string): Promise<void>
  exportData(headers?: Headers): Promise<Record<string, unknown>>
}
