import { isAccountsError } from '@latchkey/common'

/**
 * accounts-js's error, for hooks and services of an app: its text and code reach the client as they are. Errors of Latchkey are instances of it too, so
 * `error instanceof AccountsJsError` and `error.code` go on working.
 * @example
 * import { AccountsError, AccountsJsError } from '@latchkey/server'
 * const own = new AccountsJsError('Your trial has ended', 'TrialEnded')
 * console.log(own.code, new AccountsError('InvalidSession') instanceof AccountsJsError) // TrialEnded true
 */
export class AccountsJsError extends Error {
  readonly code: string

  constructor(message: string, code: string) {
    super(message)
    this.code = code
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // Subclasses of an app keep their own meaning.
    if (this === AccountsJsError && isAccountsError(value)) return true
    return typeof value === 'object' && value !== null && Object.prototype.isPrototypeOf.call(this.prototype, value)
  }
}

/** An app's own error as the app threw it: on its way through the core it was wrapped. */
export function ownError(error: Error): Error {
  return isAccountsError(error) && error.code === 'AppError' && error.cause instanceof Error ? error.cause : error
}
