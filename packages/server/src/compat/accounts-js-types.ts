/** The shapes of accounts-js's `@accounts/types`, for code that was written against them. */
import type { EmailRecord } from '@latchkey/common'
import type { DatabaseInterface, SessionsDatabaseInterface, UsersDatabaseInterface } from './database/database-of.ts'

/** A user as accounts-js's apps know one: their own fields at the top level, no password hash, no token, no secret. */
export interface AccountsJsUser {
  id: string
  username?: string
  emails?: EmailRecord[]
  /** The ways they can sign in, by name: of a provider its profile, of the others that they are there. */
  // accounts-js types it so, and apps reach into what their provider returned.
  // oxlint-disable-next-line typescript/no-explicit-any
  services?: Record<string, any>
  deactivated: boolean
  /** ISO 8601. */
  createdAt?: string
  /** ISO 8601. */
  updatedAt?: string
  /** The app's own fields. */
  [custom: string]: unknown
}

/** A session as accounts-js's apps know one. Times are ISO 8601. */
export interface AccountsJsSession {
  id: string
  userId: string
  /** The session's handle, as in `data.token` of the access token. Proves nothing. */
  token: string
  /** Not ended, not expired, and its user may use it. */
  valid: boolean
  userAgent: string | null
  ip: string | null
  createdAt: string
  /** When it was last used, refreshed or ended. */
  updatedAt: string
  /** Who is behind an impersonated session. */
  extraData?: { impersonatorUserId?: string }
}

export type { ImpersonationIdentity as ImpersonationUserIdentity, ImpersonationResult } from '@latchkey/common'

/** Whom a password is for: accounts-js's `user` in a password login. */
export interface LoginUserIdentity {
  id?: string
  username?: string
  email?: string
}

/** What the service `password` takes. */
export interface LoginUserPasswordService {
  user: string | LoginUserIdentity
  password: string
  /** Of the second factor. */
  code?: string
}

/** What the service `magicLink` takes. */
export interface LoginUserMagicLinkService {
  token: string
}

/** A user to create. */
export interface CreateUser {
  username?: string
  email?: string
  [extra: string]: unknown
}

/** A user to create with a password. */
export interface CreateUserServicePassword extends CreateUser {
  password: string
}

/** A link that was sent, as accounts-js keeps one. Ours are kept as hashes, apart from the user. */
export interface TokenRecord {
  token: string
  address: string
  /** Epoch milliseconds. */
  when: number
  reason: string
}

/** A listener of a hook. */
export type HookListener<Payload = unknown> = (payload: Payload) => unknown

/**
 * A way to sign in as accounts-js's apps write one: it answers who somebody is, and the login flow does the rest.
 *
 * Before first use it is given `server` and the database: `setStore` (accounts-js 0.33), or `setUserStore` and `setSessionsStore` (accounts-js 1.0). What it throws
 * reaches the client when it is an {@link AccountsJsError} or a plain `Error`; anything else is an internal error.
 */
export interface AuthenticationService {
  /** accounts-js does not look at it: the key the service is registered under is its name. */
  serviceName?: string
  server?: unknown
  /** Who it is, or null when nobody was proven. They must be kept in the server's database. */
  authenticate(params: unknown): Promise<{ id: string; deactivated?: boolean } | null | undefined>
  setStore?(database: DatabaseInterface): void
  setUserStore?(database: UsersDatabaseInterface): void
  setSessionsStore?(database: SessionsDatabaseInterface): void
}
