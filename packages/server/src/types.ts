/** The names of accounts-js's package `@accounts/types`, for code that was written against it: change the import and nothing else. */
import type { AccountsJsSession, AccountsJsUser } from './compat/accounts-js-types.ts'
import type { EmailTemplate, GivenEmailTemplates } from './core/mail/templates.ts'

/** A user: the app's own fields at the top level, no password hash, no token, no secret. `User` of `@latchkey/server` is the core's. */
export type User = AccountsJsUser
/** A session. `Session` of `@latchkey/server` is the core's. */
export type Session = AccountsJsSession
/** One mail's texts. */
export type EmailTemplateType = EmailTemplate
/** All texts, and who sends them. */
export type EmailTemplatesType = GivenEmailTemplates
export type {
  AuthenticationService,
  CreateUser,
  CreateUserServicePassword,
  HookListener,
  ImpersonationResult,
  ImpersonationUserIdentity,
  LoginUserIdentity,
  LoginUserMagicLinkService,
  LoginUserPasswordService,
  TokenRecord,
} from './compat/accounts-js-types.ts'
export type {
  DatabaseInterface,
  SessionsDatabaseInterface as DatabaseInterfaceSessions,
  UsersDatabaseInterface as DatabaseInterfaceUser,
} from './compat/database/database-of.ts'
export type { PrepareMail as PrepareMailFunction } from './core/settings.ts'
export type { ConnectionInformations, CreateUserResult, EmailRecord, LoginResult, Tokens } from '@latchkey/common'

/** What a database keeps. */
export const DatabaseType = { User: 'user', Both: 'db', Sessions: 'sessions' } as const
/** One of {@link DatabaseType}. */
export type DatabaseType = (typeof DatabaseType)[keyof typeof DatabaseType]
