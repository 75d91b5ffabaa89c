/**
 * `@latchkey/server/meteor`: Meteor's predefined objects. `Accounts` and what belongs to it are made when something of them is first used: of what was given to
 * {@link setUpAccounts}, of `METEOR_SETTINGS`, and of the environment (`DATABASE_URL`, `LATCHKEY_SECRET`, `ROOT_URL`, `MAIL_URL`).
 */
import type { AccountsServer } from '../accounts-server.ts'
import type { Email as MeteorEmail } from './email/email.ts'
import type { OAuthEncryption as Encryption } from './oauth-encryption/oauth-encryption.ts'
import { lazily } from './predefined/lazily.ts'
import { MeteorGlobal } from './predefined/meteor.ts'
import { Predefined } from './predefined/predefined.ts'
import type { SetUpOptions } from './predefined/predefined.ts'
import type { DDPRateLimiter as Limiter } from './rate-limit/ddp-rate-limiter.ts'
import type { ServiceConfiguration as Configuration } from './service-configuration/service-configuration.ts'

const predefined = new Predefined(process.env)

/**
 * Says what the predefined objects shall be made of. To be called before any of them is used.
 * @throws AccountsError `InvalidSettings` afterwards
 * @example
 * import { setUpAccounts } from '@latchkey/server/meteor'
 * import { memoryStore } from '@latchkey/server/stores/memory'
 * setUpAccounts({ db: memoryStore(), tokenSecret: 'a secret of at least 32 random bytes, please' })
 */
export const setUpAccounts = (options: SetUpOptions): void => predefined.setUp(options)

/** Meteor's `Accounts`, on the server. */
export const Accounts: AccountsServer = lazily(() => predefined.accounts)

/** What there is of Meteor's `Meteor` on the server. Inside of methods and publications it knows who is signed in. */
export const Meteor: MeteorGlobal = new MeteorGlobal(predefined)

/** Meteor's `ServiceConfiguration`: how providers know the app. */
export const ServiceConfiguration: Configuration = lazily(() => predefined.accounts.serviceConfiguration)

/** Meteor's `OAuthEncryption`. */
export const OAuthEncryption: Encryption = lazily(() => predefined.accounts.oauthEncryption)

/** Meteor's `DDPRateLimiter`: the rules of {@link Accounts}. */
export const DDPRateLimiter: Limiter = lazily(() => predefined.accounts.rateLimiter)

/** Meteor's `Email`. */
export const Email: MeteorEmail = lazily(() => predefined.email)

export { MeteorError } from '@latchkey/common/meteor'
export type { AccountsConfig, FieldOptions, FieldSelector, Registered, ReportedError } from '@latchkey/common/meteor'
export type { MeteorUser, MeteorUserEmail } from '../compat/meteor-user.ts'
export type { MailOptions } from './email/letters.ts'
export type { EmailOptions, EmailSettings } from './email/options.ts'
export type { GeneratedToken, LoginTokenMail, SentEmail } from './email/send.ts'
export type { MeteorEmailTemplate, MeteorEmailTemplates } from './email/templates.ts'
export type { AccountsUrls, ExtraParams } from './email/urls.ts'
export type { ExternalServiceData } from './external/vouched.ts'
export type { AdditionalFindUser, BeforeExternalLogin, OnExternalLogin } from './meteor-external.ts'
export type { OAuthSealed } from './oauth-encryption/oauth-encryption.ts'
export type { DDPRateLimiterCallback, DDPRateLimiterInput, DDPRateLimiterMatcher, RateLimitMessage } from './rate-limit/ddp-rate-limiter.ts'
export type { RateLimitReply } from './rate-limit/rule.ts'
export type { ConfigurationModifier, ConfigurationSelector, ServiceConfigurationDocument } from './service-configuration/configurations.ts'
export type { ConfiguringCaller, ConfiguringRule } from './service-configuration/service-configuration.ts'
export type { LoginHandler, LoginHandlerResult } from './login-handlers.ts'
export type { LoginCallback, LogoutCallback, MeteorLoginAttempt, MeteorLogout, ValidateLoginAttempt } from './login-hooks.ts'
export type { HashedStampedLoginToken, StampedLoginToken } from './login-tokens.ts'
export type { LoginTokenListener } from './meteor-accounts.ts'
export type { UserQuery } from './meteor-base.ts'
export type { MeteorServerOptions } from './meteor-options.ts'
export type { MeteorGlobal } from './predefined/meteor.ts'
export type { SetUpOptions } from './predefined/predefined.ts'
export type { MeteorSettings } from './predefined/settings.ts'
export type { CreateUserHook, CreateUserOptions, ValidateNewUserHook } from './meteor-users.ts'
export type { AllowRules } from './users/allow-rules.ts'
export type { Modifier } from './users/modifier.ts'
export type { UserSelector } from './users/selector.ts'
export type { FindOptions, SortOrder } from './users/find-options.ts'
export type { UpdateOptions, UsersCollection } from './users/users-collection.ts'
export type { UsersCursor } from './users/users-cursor.ts'
