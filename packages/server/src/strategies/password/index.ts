/** Sign-in with a password. */
export { AccountsPassword, AccountsPassword as default } from './accounts-password.ts'
export type { PasswordLogin } from './accounts-password.ts'
export {
  AddEmailErrors,
  ChangePasswordErrors,
  CreateUserErrors,
  ResetPasswordErrors,
  SendResetPasswordEmailErrors,
  SendVerificationEmailErrors,
  VerifyEmailErrors,
} from './errors.ts'
export type { AccountsPasswordOptions, ErrorMessages, MessageKey, PasswordTwoFactorOptions } from './options.ts'
export type { TwoFactorService } from './two-factor-service.ts'
