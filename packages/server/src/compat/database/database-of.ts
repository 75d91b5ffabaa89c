/** Our users and sessions through accounts-js's `DatabaseInterface`, for services and code that were written against it. */
import { AccountsError } from '@latchkey/common'
import type { ConnectionInformations } from '@latchkey/common'
import type { Accounts } from '../../core/accounts.ts'
import type { Core } from '../../core/core.ts'
import type { AccountsJsSession, AccountsJsUser, CreateUser } from '../accounts-js-types.ts'
import { linkMethods } from './database-of-links.ts'
import { serviceMethods } from './database-of-services.ts'
import { sessionMethods } from './database-of-sessions.ts'
import { userMethods } from './database-of-users.ts'

/** accounts-js's `DatabaseInterfaceUser`. */
export interface UsersDatabaseInterface {
  findUserById(userId: string): Promise<AccountsJsUser | null>
  findUserByEmail(email: string): Promise<AccountsJsUser | null>
  findUserByUsername(username: string): Promise<AccountsJsUser | null>
  findUserByServiceId(serviceName: string, serviceId: string): Promise<AccountsJsUser | null>
  /** A hash of Latchkey's, for example argon2id: bcrypt only where it came from accounts-js. */
  findPasswordHash(userId: string): Promise<string | null>
  /** `password` is a hash already: bcrypt or argon2id of the password. Answers the id. Tells no hook, as in accounts-js. */
  createUser(user: CreateUser & { password?: string }): Promise<string>
  /** Takes a hash, and ends every session of the user. */
  setPassword(userId: string, newPassword: string): Promise<void>
  setUsername(userId: string, newUsername: string): Promise<void>
  addEmail(userId: string, newEmail: string, verified: boolean): Promise<void>
  removeEmail(userId: string, email: string): Promise<void>
  verifyEmail(userId: string, email: string): Promise<void>
  setUserDeactivated(userId: string, deactivated: boolean): Promise<void>
  /** With an `id` an account elsewhere, unique among users; without one whatever data a service of the app's keeps. */
  setService(userId: string, serviceName: string, data: object | null): Promise<void>
  unsetService(userId: string, serviceName: string): Promise<void>
  /** Tokens are kept as hashes: whoever made one knows it. */
  addEmailVerificationToken(userId: string, email: string, token: string): Promise<void>
  findUserByEmailVerificationToken(token: string): Promise<AccountsJsUser | null>
  addResetPasswordToken(userId: string, email: string, token: string, reason?: string): Promise<void>
  findUserByResetPasswordToken(token: string): Promise<AccountsJsUser | null>
  removeAllResetPasswordTokens(userId: string): Promise<void>
  addLoginToken(userId: string, email: string, token: string): Promise<void>
  findUserByLoginToken(token: string): Promise<AccountsJsUser | null>
  removeAllLoginTokens(userId: string): Promise<void>
}

/** accounts-js's `DatabaseInterfaceSessions`. */
export interface SessionsDatabaseInterface {
  findSessionById(sessionId: string): Promise<AccountsJsSession | null>
  /** Always refused: `token` is the name of a session in its access token, by which nothing is found. */
  findSessionByToken(token: string): Promise<AccountsJsSession | null>
  /** Always refused: nothing but the login flow opens sessions. */
  createSession(userId: string, token: string, connection: ConnectionInformations, extraData?: object): Promise<string>
  /** Notes that the session was used now. A new token is refused: see `createNewSessionTokenOnRefresh`. */
  updateSession(sessionId: string, connection: ConnectionInformations, newToken?: string): Promise<void>
  invalidateSession(sessionId: string): Promise<void>
  invalidateAllSessions(userId: string, excludedSessionIds?: string[]): Promise<void>
}

/** accounts-js's whole `DatabaseInterface`. */
export interface DatabaseInterface extends UsersDatabaseInterface, SessionsDatabaseInterface {}

/** What the methods share. */
export interface DatabaseParts {
  accounts: Accounts
  /** The core, once its store is open. */
  open: () => Promise<Core>
}

/**
 * The database of an `Accounts` as accounts-js's services expect one. It works on our store with all that guards it: keys stay unique, a new password ends
 * sessions, changes are audited and told to every process. Secrets do not come out: `user.services` says that there is a password, not which.
 *
 * What Latchkey does not allow anybody to do is refused with an error that says so: see {@link SessionsDatabaseInterface}.
 * @example
 * import { AccountsServer } from '@latchkey/server'
 * import { databaseOf } from '@latchkey/server/accounts-js-database'
 *
 * async function greet(server: AccountsServer, email: string): Promise<string> {
 *   const user = await databaseOf(server.accounts).findUserByEmail(email)
 *   return user ? `Hello ${user.username}` : 'Hello stranger'
 * }
 */
export function databaseOf(accounts: Accounts): DatabaseInterface {
  const parts: DatabaseParts = {
    accounts,
    async open() {
      await accounts.ready()
      return accounts.core
    },
  }
  return { ...userMethods(parts), ...serviceMethods(parts), ...linkMethods(parts), ...sessionMethods(parts) }
}

/** For what the interface has and Latchkey refuses, with what to do instead. */
export function refuseMethod(method: string, instead: string): never {
  throw new AccountsError('Forbidden', { message: `${method} is not for Latchkey: ${instead}` })
}
