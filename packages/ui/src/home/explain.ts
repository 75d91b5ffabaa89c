import { AccountsClientError } from '@latchkey/client'

/** What went wrong, for the person in front of the page, and the field it is about, if it is about one. */
export interface Problem {
  readonly text: string
  /** The server's code, for a view that can offer a way out. */
  readonly code?: string
  readonly field?: string | undefined
}

/** Code → what to say. Each says what happened and what to do. */
const TEXTS: Record<string, string> = {
  NetworkError: 'The server cannot be reached. Check your connection, then try again.',
  UnexpectedReply: 'Something between you and the server answered in its place. Check your connection, then try again.',
  InvalidCredentials: 'That name and password do not match. Check both, or choose a new password.',
  NoPasswordSet: 'This account has no password yet. Use “Forgot your password?” to choose one.',
  UserDeactivated: 'This account has been deactivated. Please ask whoever runs this site.',
  EmailNotVerified: 'Please confirm your e-mail address first. The link is in your mail.',
  InvalidEmail: 'This does not look like an e-mail address. It should look like name@example.com.',
  EmailAlreadyExists: 'This address already belongs to an account.',
  LastIdentifier: 'This is your only address. Add another one before you remove it.',
  SignUpForbidden: 'New accounts cannot be created here at the moment.',
  TwoFactorInvalid: 'That code is not right, or was used already.',
  TwoFactorNotSet: 'Two-factor authentication is off already.',
  TwoFactorAlreadySet: 'Two-factor authentication is on already.',
  VerifyEmailLinkExpired: 'This link has expired or was used already.',
  VerifyEmailLinkUnknownAddress: 'The address this link belongs to is no longer part of your account.',
  ResetPasswordLinkExpired: 'This link has expired or was used already.',
  ResetPasswordLinkUnknownAddress: 'The address this link belongs to is no longer part of your account.',
  LoginTokenExpired: 'This link has expired, was used already, or a newer one was sent.',
  InvalidToken: 'This link is not complete. Open it from the mail again.',
  OriginNotAllowed: 'This page was opened at an address the server does not know. Open it at the address you were given.',
  Unauthorized: 'Your session has ended. Please sign in again.',
  Busy: 'The server is very busy. Please try again in a moment.',
  InternalError: 'Something went wrong on the server. Please try again in a moment.',
}

/**
 * Says what an error means for whom it happened to.
 * @param special other words for some codes, where the place makes them more exact
 */
export function explain(error: unknown, special: Record<string, Problem> = {}): Problem {
  if (!(error instanceof AccountsClientError)) return { text: TEXTS['InternalError'] ?? '' }
  // accounts-js sends no code with a 401
  const code = String(error.code ?? (error.status === 401 ? 'Unauthorized' : 'InternalError'))
  const known = special[code]
  if (known) return { code, ...known }
  if (code === 'TooManyAttempts') return { code, text: `Too many tries. Please wait ${duration(error.retryAfter)}, then try again.` }
  const field = error.details?.['field']
  return { code, text: TEXTS[code] ?? error.message, field: typeof field === 'string' ? field.split('.').at(-1) : undefined }
}

/** Seconds as one says them. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return 'a moment'
  if (seconds < 60) return plural(Math.max(1, Math.ceil(seconds)), 'second')
  if (seconds < 3600) return plural(Math.ceil(seconds / 60), 'minute')
  return plural(Math.ceil(seconds / 3600), 'hour')
}

const plural = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`
