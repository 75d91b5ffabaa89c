/**
 * What a request to the accounts server failed with. `code` is for programs: one of the server's codes (`ErrorCode` of `@latchkey/common`), the
 * code of the app's own hook, or one of the two made here: `NetworkError` (no answer arrived) and `UnexpectedReply` (an answer arrived,
 * but not from an accounts server: a proxy's page, cut-off JSON). Its name is that of the server's class, so `isAccountsError` knows it.
 */
export class AccountsClientError extends Error {
  override readonly name = 'AccountsError'
  readonly code: string | number | undefined
  /** The HTTP status; 0 when no answer arrived. */
  readonly status: number
  /** What the server said beside message and code, for example `{ field: 'email' }`. */
  readonly details: Record<string, unknown> | undefined
  /** Seconds after which a retry can succeed, when the server said so. */
  readonly retryAfter: number | undefined

  constructor(message: string, code?: string | number, info: ErrorInfo = {}) {
    super(message, 'cause' in info ? { cause: info.cause } : undefined)
    this.code = code
    this.status = info.status ?? 0
    this.details = info.details
    this.retryAfter = info.retryAfter
  }
}

/** What an {@link AccountsClientError} can carry beside message and code. */
export interface ErrorInfo {
  status?: number
  details?: Record<string, unknown> | undefined
  retryAfter?: number | undefined
  cause?: unknown
}

/** The codes with which a server says: this session is over, and asking again will not help. */
const REFUSALS: readonly unknown[] = [
  'InvalidSession',
  'SessionNotFound',
  'TokenVerificationFailed',
  'InvalidTokens',
  'UserNotFound',
  'UserDeactivated',
]

/** Those about the access token alone. `InvalidToken` is about links too, but those calls bring no access token. */
const TOKEN_REFUSALS: readonly unknown[] = ['TokenVerificationFailed', 'SessionNotFound', 'InvalidSession', 'InvalidToken']

/**
 * True when the server itself said that a session is over. A dropped network, a proxy's 502, a 429 or a 503 never are: after those the
 * session may well be alive.
 */
export const isSessionOver = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  REFUSALS.includes(error.code) &&
  // An error of a foreign transport may have no status; its code then speaks alone.
  (!('status' in error) || error.status === 400 || error.status === 401 || error.status === 403)

/** True when a call was refused for want of a good access token (or cookie), so that another one may help. */
export const isTokenRefused = (error: unknown): boolean =>
  error instanceof AccountsClientError && (error.status === 401 || (error.status === 400 && TOKEN_REFUSALS.includes(error.code)))
