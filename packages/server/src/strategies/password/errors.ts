/** accounts-js's lists of codes, for code that compares with them: one for each method of {@link AccountsPassword} that can refuse. */

/** What `addEmail` can refuse with. */
export const AddEmailErrors = {
  InvalidEmail: 'InvalidEmail',
  EmailAlreadyExists: 'EmailAlreadyExists',
  UserNotFound: 'UserNotFound',
} as const

/** What `changePassword` can refuse with. `NoEmailSet` is accounts-js's and is not thrown any more: who has no address is sent no mail. */
export const ChangePasswordErrors = {
  InvalidPassword: 'InvalidPassword',
  NoEmailSet: 'NoEmailSet',
  InvalidCredentials: 'InvalidCredentials',
  UserNotFound: 'UserNotFound',
  IncorrectPassword: 'IncorrectPassword',
  NoPasswordSet: 'NoPasswordSet',
} as const

/** What `createUser` can refuse with. */
export const CreateUserErrors = {
  UsernameOrEmailRequired: 'UsernameOrEmailRequired',
  InvalidUsername: 'InvalidUsername',
  InvalidEmail: 'InvalidEmail',
  InvalidPassword: 'InvalidPassword',
  EmailAlreadyExists: 'EmailAlreadyExists',
  UsernameAlreadyExists: 'UsernameAlreadyExists',
} as const

/** What `resetPassword` can refuse with. `NoEmailSet` is accounts-js's and is not thrown any more. */
export const ResetPasswordErrors = {
  InvalidToken: 'InvalidToken',
  InvalidNewPassword: 'InvalidNewPassword',
  ResetPasswordLinkExpired: 'ResetPasswordLinkExpired',
  ResetPasswordLinkUnknownAddress: 'ResetPasswordLinkUnknownAddress',
  NoEmailSet: 'NoEmailSet',
} as const

/** What `sendVerificationEmail` can refuse with. */
export const SendVerificationEmailErrors = {
  InvalidEmail: 'InvalidEmail',
  UserNotFound: 'UserNotFound',
} as const

/** What `sendResetPasswordEmail` can refuse with. */
export const SendResetPasswordEmailErrors = {
  InvalidEmail: 'InvalidEmail',
  UserNotFound: 'UserNotFound',
} as const

/** What `verifyEmail` can refuse with. */
export const VerifyEmailErrors = {
  InvalidToken: 'InvalidToken',
  VerifyEmailLinkExpired: 'VerifyEmailLinkExpired',
  VerifyEmailLinkUnknownAddress: 'VerifyEmailLinkUnknownAddress',
} as const
