/**
 * Latchkey on the database adapter of an accounts-js app. Users stay where they are, so that the old app keeps working beside us; sessions, links, limits and
 * all that the adapter cannot hold live in a store of ours.
 */
import { refuseUnknown } from '../core/settings-kinds.ts'
import type { Store } from '../core/store.ts'
import { databaseCredentials } from './database/credentials.ts'
import { databaseEmails } from './database/emails.ts'
import { databaseSessions } from './database/sessions.ts'
import { databaseUsers } from './database/users.ts'
import { GuardedAdapter, missingMethods } from './database/adapter.ts'
import type { AccountsJsUsers } from './database/adapter.ts'
import type { Joined } from './database/joined.ts'
import { Twins } from './database/twins.ts'

export type { AccountsJsNewUser, AccountsJsUsers } from './database/adapter.ts'
export { databaseOf } from './database/database-of.ts'
export type { DatabaseInterface, SessionsDatabaseInterface, UsersDatabaseInterface } from './database/database-of.ts'

/** What can be decided about an accounts-js database that is opened in place. */
export interface AccountsJsDatabaseOptions {
  /**
   * Keep new passwords in Latchkey's own form, and strengthen old ones at their next login. The old app cannot read those: for when it is gone. Otherwise the
   * adapter is given bcrypt of the password, as accounts-js makes it.
   * @default false
   */
  upgradePasswords?: boolean
  /** The field of `createUser` in which the adapter accepts an id, where it does: `_id` for `@accounts/mongo` with ids that are texts. @default none */
  idField?: string
  /** Deletes a user from the app's database, which accounts-js's interface cannot. Without it deleting users is refused. */
  removeUser?: (userId: string) => Promise<void>
  /** Epoch milliseconds. @default Date.now */
  now?: () => number
}

/**
 * A store whose users live in a database adapter of accounts-js, for example `@accounts/mongo` or `@accounts/typeorm`, and everything else in `store`.
 *
 * Old app and new run side by side on it: users sign in to either, with one password. A password that the old app changed, or a user it deactivated, ends our
 * sessions at their next check. Sessions, links and second factors of Latchkey's are not the old app's. What such a store cannot promise is listed in
 * `docs/accounts-js-databases.md`.
 *
 * The adapter's connection stays the app's: `close` leaves it open.
 * @throws AccountsError `InvalidSettings` when the adapter lacks methods, or an option is unknown
 * @example
 * import { AccountsServer } from '@latchkey/server'
 * import { accountsJsDatabase } from '@latchkey/server/accounts-js-database'
 * import type { AccountsJsUsers } from '@latchkey/server/accounts-js-database'
 * import { memoryStore } from '@latchkey/server/stores/memory'
 * import { AccountsPassword } from '@latchkey/server/strategies/password'
 *
 * function accountsOn(mongo: AccountsJsUsers): AccountsServer {
 *   const db = accountsJsDatabase(mongo, memoryStore())
 *   return new AccountsServer({ db, tokenSecret: 'a secret of at least 32 random bytes, please' }, { password: new AccountsPassword() })
 * }
 */
export function accountsJsDatabase(adapter: AccountsJsUsers, store: Store, options: AccountsJsDatabaseOptions = {}): Store {
  refuseUnknown('accountsJsDatabase', options, OPTIONS)
  const { upgradePasswords = false, idField, removeUser, now = Date.now } = options
  const joined: Joined = { adapter: new GuardedAdapter(adapter), store, now, upgradePasswords, idField, removeUser, twins: new Twins() }
  return {
    name: `accounts-js + ${store.name}`,
    open: () => store.open(),
    close: () => store.close(),
    async ping() {
      await Promise.all([joined.adapter.ping(), store.ping()])
    },
    ...(upgradePasswords ? {} : { passwordForm: 'bcrypt' }),
    users: { ...databaseUsers(joined), ...databaseEmails(joined), ...databaseCredentials(joined) },
    sessions: databaseSessions(joined),
    tokens: store.tokens,
    attempts: store.attempts,
    outbox: store.outbox,
    audit: store.audit,
    services: store.services,
    // No bus: nobody tells us what the old app writes, so no session check may be answered from a cache.
  }
}

const OPTIONS: readonly string[] = ['upgradePasswords', 'idField', 'removeUser', 'now'] satisfies (keyof AccountsJsDatabaseOptions)[]

/**
 * True for a database adapter of accounts-js, told by its methods; false for one of our stores.
 * @example
 * import { isAccountsJsDatabase } from '@latchkey/server/accounts-js-database'
 * import { memoryStore } from '@latchkey/server/stores/memory'
 * console.log(isAccountsJsDatabase(memoryStore())) // false
 */
export function isAccountsJsDatabase(db: unknown): db is AccountsJsUsers {
  return missingMethods(db).length === 0
}
