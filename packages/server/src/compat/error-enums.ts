/** accounts-js's lists of error codes, one for each method of the server: what it can throw, and what comes of it. Values are their own names. */

/** Of `authenticateWithService`, beside what the service throws. */
export const AuthenticateWithServiceErrors = {
  ServiceNotFound: 'ServiceNotFound',
  AuthenticationFailed: 'AuthenticationFailed',
  UserDeactivated: 'UserDeactivated',
} as const
/** One of {@link AuthenticateWithServiceErrors}. */
export type AuthenticateWithServiceErrors = keyof typeof AuthenticateWithServiceErrors

/** Of `loginWithService`, beside what the service and the hooks throw. */
export const LoginWithServiceErrors = {
  ServiceNotFound: 'ServiceNotFound',
  AuthenticationFailed: 'AuthenticationFailed',
  UserDeactivated: 'UserDeactivated',
} as const
/** One of {@link LoginWithServiceErrors}. */
export type LoginWithServiceErrors = keyof typeof LoginWithServiceErrors

/** Of `impersonate`. */
export const ImpersonateErrors = {
  InvalidToken: 'InvalidToken',
  TokenVerificationFailed: 'TokenVerificationFailed',
  SessionNotFound: 'SessionNotFound',
  InvalidSession: 'InvalidSession',
  UserNotFound: 'UserNotFound',
  ImpersonatedUserNotFound: 'ImpersonatedUserNotFound',
} as const
/** One of {@link ImpersonateErrors}. */
export type ImpersonateErrors = keyof typeof ImpersonateErrors

/** Of `findSessionByAccessToken`. */
export const FindSessionByAccessTokenErrors = {
  InvalidToken: 'InvalidToken',
  TokenVerificationFailed: 'TokenVerificationFailed',
  SessionNotFound: 'SessionNotFound',
} as const
/** One of {@link FindSessionByAccessTokenErrors}. */
export type FindSessionByAccessTokenErrors = keyof typeof FindSessionByAccessTokenErrors

/** Of `refreshTokens`. */
export const RefreshTokensErrors = {
  InvalidTokens: 'InvalidTokens',
  TokenVerificationFailed: 'TokenVerificationFailed',
  SessionNotFound: 'SessionNotFound',
  InvalidSession: 'InvalidSession',
  UserNotFound: 'UserNotFound',
} as const
/** One of {@link RefreshTokensErrors}. */
export type RefreshTokensErrors = keyof typeof RefreshTokensErrors

/** Of `logout`. */
export const LogoutErrors = {
  InvalidToken: 'InvalidToken',
  TokenVerificationFailed: 'TokenVerificationFailed',
  SessionNotFound: 'SessionNotFound',
  InvalidSession: 'InvalidSession',
} as const
/** One of {@link LogoutErrors}. */
export type LogoutErrors = keyof typeof LogoutErrors

/** Of `resumeSession`. */
export const ResumeSessionErrors = {
  InvalidToken: 'InvalidToken',
  TokenVerificationFailed: 'TokenVerificationFailed',
  SessionNotFound: 'SessionNotFound',
  InvalidSession: 'InvalidSession',
  UserNotFound: 'UserNotFound',
} as const
/** One of {@link ResumeSessionErrors}. */
export type ResumeSessionErrors = keyof typeof ResumeSessionErrors
