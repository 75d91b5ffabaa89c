/** accounts-js's lists of codes, for code that compares with them, and the texts that go with them unless an app has its own. */
import { ERRORS } from '@latchkey/common'
import type { MagicLinkMessageKey } from './options.ts'

/** What {@link AccountsMagicLink.authenticate} can refuse with. */
export const AuthenticateErrors = {
  UnrecognizedOptionsForLogin: 'UnrecognizedOptionsForLogin',
  MatchFailed: 'MatchFailed',
} as const

/** What a token can be refused with. */
export const MagicLinkAuthenticatorErrors = {
  LoginTokenExpired: 'LoginTokenExpired',
} as const

/** What {@link AccountsMagicLink.requestMagicLinkEmail} can refuse with. */
export const RequestMagicLinkEmailErrors = {
  InvalidEmail: 'InvalidEmail',
  UserNotFound: 'UserNotFound',
} as const

/** The texts of the service; give others with the option `errors`. */
export const errors: Readonly<Record<MagicLinkMessageKey, string>> = {
  userNotFound: ERRORS.UserNotFound.message,
  unrecognizedOptionsForLogin: ERRORS.UnrecognizedOptionsForLogin.message,
  matchFailed: ERRORS.MatchFailed.message,
  invalidEmail: ERRORS.InvalidEmail.message,
  loginTokenExpired: ERRORS.LoginTokenExpired.message,
}
