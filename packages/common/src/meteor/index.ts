/** `@latchkey/common/meteor`: what Meteor's accounts have in common on server and client. */
export { AccountsCommon } from './accounts-common.ts'
export {
  CONFIG_KEYS,
  DEFAULT_LOGIN_EXPIRATION_DAYS,
  LOGIN_UNEXPIRING_TOKEN_DAYS,
  lifetimesSaidTwice,
  passwordEnrollTokenLifetime,
  passwordResetTokenLifetime,
  tokenExpiration,
  tokenExpiresSoon,
  tokenLifetime,
} from './account-options.ts'
export type { AccountsConfig } from './account-options.ts'
export { Callbacks } from './callbacks.ts'
export { COMMON } from './common-mark.ts'
export type { Complain, Registered } from './callbacks.ts'
export { addDefaultFieldSelector, isInclusion, project } from './field-selector.ts'
export type { FieldOptions, FieldSelector } from './field-selector.ts'
export { LoginCancelledError } from './login-cancelled.ts'
export { isMeteorError, MeteorError } from './meteor-error.ts'
export type { MeteorErrorFields, ReportedError } from './meteor-error.ts'
