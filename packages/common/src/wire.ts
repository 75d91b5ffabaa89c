/** The shapes that server and client exchange. accounts-js's names and fields; what Latchkey adds stands beside them. */

/** One e-mail address of a user. */
export interface EmailRecord {
  address: string
  verified: boolean
}

/** A user as every transport sends it: no hashes, no tokens, no secrets. Custom fields of the app stand at the top level. */
export interface PublicUser {
  id: string
  username?: string
  emails: EmailRecord[]
  deactivated: boolean
  [custom: string]: unknown
}

/** accounts-js's pair. Both are JWT-shaped with a numeric `exp`, because its clients read that. */
export interface Tokens {
  accessToken: string
  refreshToken: string
}

/** What a login answers. `tokens` is null in cookie mode, where the browser keeps the secret and scripts never see it. */
export interface LoginResult<T extends Tokens | null = Tokens> {
  sessionId: string
  tokens: T
  user: PublicUser
}

/** Answer of `register`. Empty when ambiguous messages hide whether the account is new. */
export interface CreateUserResult {
  userId?: string
  loginResult?: LoginResult<Tokens | null>
}

/** Where a request came from, as accounts-js names it. */
export interface ConnectionInformations {
  ip?: string | null
  userAgent?: string | null
  [key: string]: unknown
}

/** Answer of `refreshTokens`. */
export interface RefreshResult extends LoginResult {
  infos: { userAgent: string; ip: string }
}

/** Whom to impersonate: the first of these that is given. */
export interface ImpersonationIdentity {
  userId?: string
  username?: string
  email?: string
}

/** Answer of `impersonate`. */
export interface ImpersonationResult {
  authorized: boolean
  tokens?: Tokens
  user?: PublicUser
}

/** One device in "my sessions". Times are ISO 8601. */
export interface SessionInfo {
  id: string
  current: boolean
  createdAt: string
  activeAt: string
  expiresAt: string
  ip: string | null
  userAgent: string | null
  /** A short name for the device, for example `Firefox on Linux`. */
  device: string
  /** How it was signed in, for example `['password']`. */
  factors: string[]
  impersonated: boolean
}

/** A secret for an authenticator app, in accounts-js's four writings. Shown once, to be scanned or typed. */
export interface TwoFactorSecret {
  /** The secret itself: printable ASCII. */
  ascii: string
  hex: string
  /** What an app wants typed. */
  base32: string
  /** What a QR code holds. */
  otpauth_url: string
}

/** Whether a second factor is set up. */
export interface TwoFactorStatus {
  enabled: boolean
  /** Recovery codes that were not used yet. */
  recoveryCodesLeft: number
}

/** An account at a provider that signs in to one's own. */
export interface LinkedAccount {
  provider: string
  /** ISO 8601. */
  linkedAt: string
}

/** Body of every error answer over REST. `code` is absent where accounts-js sends none. */
export interface ErrorBody {
  message: string
  code?: string | number
  details?: Record<string, unknown>
}

/** What the server tells a page before anybody signs in. */
export interface PublicSettings {
  /** False: "Create account" is hidden and registration answers `SignUpForbidden`. */
  signUpAllowed: boolean
  passwordMinLength: number
  /** True: whoever signs up is sent a link to confirm the address. False: nothing is sent, so a page should not promise it. */
  verificationMail: boolean
  /** True: users can set up a second factor, a code from an authenticator app. */
  twoFactor: boolean
  /** Names of the ways to sign in that are configured, for example `['password']`. */
  strategies: string[]
}

/** Sent with a request to ask for a session kept in a cookie that scripts cannot read. */
export const SESSION_MODE_HEADER = 'x-latchkey-session'
