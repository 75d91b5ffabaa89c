/**
 * The error of a sign-in that a person gave up, for example by closing the window of a provider: nothing to complain of.
 * @example
 * import { LoginCancelledError } from '@latchkey/common/meteor'
 * console.log(new LoginCancelledError('The window was closed').name) // Accounts.LoginCancelledError
 */
export class LoginCancelledError extends Error {
  override readonly name = 'Accounts.LoginCancelledError'
  /** Meteor's number of it: the code of the error that carries it over DDP. */
  static readonly numericError = 0x8acdc2f

  constructor(description = 'The sign-in was cancelled') {
    super(description)
  }
}
