/**
 * The one error class of Latchkey and its closed set of codes.
 *
 * Where accounts-js has a code, ours is the same word, so its clients keep matching on it; codes of our own follow the same style.
 * Each row says what travels on each wire: the text accounts-js clients know, the HTTP status, and Meteor's `error` and `reason`.
 */

/** What each transport says for one code. */
export interface ErrorRow {
  /** The text a visitor may read; accounts-js's wording where it has one. */
  readonly message: string
  /** HTTP status. accounts-js answers 400 for everything it refuses; routes it does not know use the right status. */
  readonly status: number
  /** Meteor's `error` (a number or a word) and `reason`. */
  readonly meteor: readonly [error: number | string, reason: string]
}

const row = (message: string, status = 400, meteorError: number | string = 403, reason: string = message): ErrorRow => ({
  message,
  status,
  meteor: [meteorError, reason],
})

/** Code → what every wire says. A code that is missing here does not exist. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>> = {
  // Signing in
  InvalidCredentials: row('Invalid credentials', 400, 403, 'Something went wrong. Please check your credentials.'),
  UserNotFound: row('User not found'),
  IncorrectPassword: row('Incorrect password'),
  NoPasswordSet: row('User has no password set'),
  UserDeactivated: row('Your account has been deactivated'),
  EmailNotVerified: row('Email not verified'),
  UnrecognizedOptionsForLogin: row('Unrecognized options for login request', 400, 400),
  MatchFailed: row('Match failed', 400, 400),
  ServiceNotFound: row('No service with that name was registered.', 400, 400, 'Unrecognized options for login request'),
  AuthenticationFailed: row('Service was not able to authenticate user'),
  TwoFactorRequired: row('2FA code required', 400, 'no-2fa-code', '2FA code must be informed'),
  TwoFactorInvalid: row("2FA code didn't match", 400, 'invalid-2fa-code', 'Invalid 2FA code'),
  TwoFactorNotSet: row('2FA not set'),
  TwoFactorAlreadySet: row(
    '2FA already set',
    400,
    '2fa-activated',
    'The 2FA is activated. You need to disable the 2FA first before trying to generate a new activation code.',
  ),
  TwoFactorNotOffered: row(
    'No secret was offered, or too long ago. Please begin again.',
    400,
    500,
    'The user does not have a secret generated. You may have to call the function generateSvgCode first.',
  ),
  InvalidProvider: row('Invalid provider', 400, 400),
  AccountNotLinked: row('There is an account with this address already. Sign in to it as usual, then link this provider.'),
  AccountAlreadyLinked: row('This account is linked to another user already'),
  LastSignInMethod: row('This is the only way to sign in to this account. Add another one first.'),
  TooManyAttempts: row('Too many attempts. Please wait a moment and try again.', 429, 'too-many-requests'),

  // Sessions and tokens
  InvalidToken: row('Invalid token', 400, 403, "You've been logged out by the server. Please log in again."),
  InvalidTokens: row('An accessToken and refreshToken are required', 400, 400),
  TokenVerificationFailed: row('Tokens are not valid', 400, 403, "You've been logged out by the server. Please log in again."),
  SessionNotFound: row('Session not found', 400, 403, "You've been logged out by the server. Please log in again."),
  InvalidSession: row('Session is no longer valid', 400, 403, 'Your session has expired. Please log in again.'),
  Unauthorized: row('Unauthorized', 401, 403, 'You must be logged in.'),
  RecentLoginRequired: row('Please confirm with your password, or sign in again first', 403),

  // Sign-up and identifiers
  UsernameOrEmailRequired: row('Username or Email is required', 400, 400, 'Need to set a username or email'),
  InvalidUsername: row('Invalid username', 400, 400),
  InvalidEmail: row('Invalid email', 400, 400),
  UsernameAlreadyExists: row('Username already exists', 400, 403, 'Username already exists.'),
  EmailAlreadyExists: row('Email already exists', 400, 403, 'Email already exists.'),
  LastIdentifier: row('An account needs a username or an e-mail address', 400, 400),
  UserValidationFailed: row('User validation failed', 400, 403),
  EmailDomainForbidden: row("Email doesn't match the criteria.", 400, 403),
  SignUpForbidden: row('Signups forbidden', 403),

  // Passwords, links and mail
  InvalidPassword: row('Invalid password', 400, 400, 'Password may not be empty'),
  InvalidNewPassword: row('Invalid new password', 400, 400),
  VerifyEmailLinkExpired: row('Verify email link expired'),
  VerifyEmailLinkUnknownAddress: row('Verify email link is for unknown address'),
  ResetPasswordLinkExpired: row('Reset password link expired', 400, 403, 'Token expired'),
  ResetPasswordLinkUnknownAddress: row('Reset password link is for unknown address', 400, 403, 'Token has invalid email address'),
  LoginTokenExpired: row('Login token expired', 400, 403, 'Expired token'),
  LoginTokenNotSet: row('User has no token set'),
  LoginTokenMismatch: row('Token mismatch'),
  NoEmailSet: row('User has no email set', 400, 403, 'No such email for user.'),

  // Administration
  ImpersonatedUserNotFound: row('Impersonated user not found'),
  Forbidden: row('Forbidden', 403),

  // The request itself
  InvalidInput: row('The request is not valid', 400, 400, 'Match failed'),
  PayloadTooLarge: row('The request body is too large', 413, 413),
  UnsupportedMediaType: row('Send the body as application/json', 415, 415),
  NotFound: row('Not found', 404, 404, 'Method not found'),
  MethodNotAllowed: row('Method not allowed', 405, 405),
  OriginNotAllowed: row('This origin is not allowed', 403),

  // The server
  Busy: row('The server is busy. Please try again in a moment.', 503, 503),
  InternalError: row('Internal server error', 500, 500),
  InvalidSettings: row('The settings are not valid', 500, 500, 'Internal server error'),
  SchemaOutdated: row('The database schema is not the one this version needs', 500, 500, 'Internal server error'),
  /** An error the app itself threw from a hook it was asked in: its message and code pass through. */
  AppError: row('The request was refused', 400, 403),
}

/** Every code an {@link AccountsError} can have. */
export type ErrorCode =
  | 'InvalidCredentials'
  | 'UserNotFound'
  | 'IncorrectPassword'
  | 'NoPasswordSet'
  | 'UserDeactivated'
  | 'EmailNotVerified'
  | 'UnrecognizedOptionsForLogin'
  | 'MatchFailed'
  | 'ServiceNotFound'
  | 'AuthenticationFailed'
  | 'TwoFactorRequired'
  | 'TwoFactorInvalid'
  | 'TwoFactorNotSet'
  | 'TwoFactorAlreadySet'
  | 'TwoFactorNotOffered'
  | 'InvalidProvider'
  | 'AccountNotLinked'
  | 'AccountAlreadyLinked'
  | 'LastSignInMethod'
  | 'TooManyAttempts'
  | 'InvalidToken'
  | 'InvalidTokens'
  | 'TokenVerificationFailed'
  | 'SessionNotFound'
  | 'InvalidSession'
  | 'Unauthorized'
  | 'RecentLoginRequired'
  | 'UsernameOrEmailRequired'
  | 'InvalidUsername'
  | 'InvalidEmail'
  | 'UsernameAlreadyExists'
  | 'EmailAlreadyExists'
  | 'LastIdentifier'
  | 'UserValidationFailed'
  | 'EmailDomainForbidden'
  | 'SignUpForbidden'
  | 'InvalidPassword'
  | 'InvalidNewPassword'
  | 'VerifyEmailLinkExpired'
  | 'VerifyEmailLinkUnknownAddress'
  | 'ResetPasswordLinkExpired'
  | 'ResetPasswordLinkUnknownAddress'
  | 'LoginTokenExpired'
  | 'LoginTokenNotSet'
  | 'LoginTokenMismatch'
  | 'NoEmailSet'
  | 'ImpersonatedUserNotFound'
  | 'Forbidden'
  | 'InvalidInput'
  | 'PayloadTooLarge'
  | 'UnsupportedMediaType'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'OriginNotAllowed'
  | 'Busy'
  | 'InternalError'
  | 'InvalidSettings'
  | 'SchemaOutdated'
  | 'AppError'

/** True when the value is one of Latchkey's codes. */
export const isErrorCode = (value: unknown): value is ErrorCode => typeof value === 'string' && Object.hasOwn(ERRORS, value)

/** What an {@link AccountsError} can carry besides its code. */
export interface ErrorOptions {
  /** For the visitor; default: the text of the code. */
  message?: string
  /** For the log only, never sent: why it really happened. */
  detail?: string
  /** Sent to the client beside message and code, for example `{ field: 'email' }`. */
  details?: Record<string, unknown>
  /** Seconds after which a retry can succeed; sent as `Retry-After`. */
  retryAfter?: number
  /** For `AppError`: the code the app's own error carried, sent in place of ours. */
  appCode?: string | number
  /** The foreign error behind this one; stays on the server. */
  cause?: unknown
}

/**
 * The only error Latchkey throws on purpose. `code` is for programs, `message` for people, `detail` and `cause` for the log.
 * @example
 * import { AccountsError } from '@latchkey/common'
 * const error = new AccountsError('InvalidCredentials', { detail: 'no user with this address' })
 * console.log(error.code, error.message) // InvalidCredentials Invalid credentials
 */
export class AccountsError extends Error {
  override readonly name = 'AccountsError'
  readonly code: ErrorCode
  readonly detail: string | undefined
  readonly details: Record<string, unknown> | undefined
  readonly retryAfter: number | undefined
  readonly appCode: string | number | undefined

  constructor(code: ErrorCode, options: ErrorOptions = {}) {
    super(options.message ?? ERRORS[code].message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.detail = options.detail
    this.details = options.details
    this.retryAfter = options.retryAfter
    this.appCode = options.appCode
  }
}

/** True for an {@link AccountsError}, also one made by another copy of this package. */
export const isAccountsError = (value: unknown): value is AccountsError =>
  value instanceof AccountsError || (value instanceof Error && value.name === 'AccountsError' && 'code' in value && isErrorCode(value.code))
