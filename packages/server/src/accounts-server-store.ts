/** Which store an `AccountsServer` stands on: accounts-js's apps name their databases in several ways. */
import { AccountsError } from '@latchkey/common'
import { accountsJsDatabase, isAccountsJsDatabase } from './compat/accounts-js-database.ts'
import type { UsersDatabase } from './accounts-server-options.ts'
import type { Store } from './core/store.ts'
import { splitStore } from './stores/split/index.ts'

/** The databases as they were given: as options (accounts-js 0.33) or as arguments (accounts-js 1.0). */
export interface GivenDatabases {
  db?: UsersDatabase | undefined
  sessionsDb?: Store | undefined
  usersArgument?: UsersDatabase | undefined
  sessionsArgument?: Store | undefined
  /** Epoch milliseconds. */
  now: () => number
}

/**
 * The one store of a server.
 * @throws AccountsError `InvalidSettings`, with what to write instead
 */
export function storeOf({ db, sessionsDb, usersArgument, sessionsArgument, now }: GivenDatabases): Store {
  const users: unknown = once('db', db, 'third', usersArgument)
  const sessions: unknown = once('sessionsDb', sessionsDb, 'fourth', sessionsArgument)
  if (users === undefined) refuse(`A database driver is required: pass a store as \`db\`, for example ${EXAMPLE}`)
  if (sessions !== undefined && !isStore(sessions)) {
    const why = typeof sessions === 'object' ? ', because no other can rotate a refresh token and end a session for good' : ''
    refuse(`sessionsDb must be a store of @latchkey/server${why}. For example ${EXAMPLE}`)
  }
  if (isStore(users)) return sessions === undefined || sessions === users ? users : splitStore({ users, sessions })
  if (!isAccountsJsDatabase(users)) refuse(`db must be a store, for example ${EXAMPLE}, or a database adapter of accounts-js`)
  if (sessions === undefined) {
    refuse(
      'db is a database adapter of accounts-js, which keeps users only here. Give a store for all else: ' +
        `new AccountsServer({ db, sessionsDb: sqliteStore({ path: 'sessions.db' }), … }, services)`,
    )
  }
  return accountsJsDatabase(users, sessions, { now })
}

const EXAMPLE = "sqliteStore({ path: 'accounts.db' }) from @latchkey/server/stores/sql"

function once<T>(option: string, given: T | undefined, place: string, argument: T | undefined): T | undefined {
  if (given && argument) refuse(`The database was given twice: as option \`${option}\` and as ${place} argument. Remove one of them`)
  return given ?? argument ?? undefined
}

const PARTS = ['users', 'sessions', 'tokens', 'attempts', 'outbox', 'audit', 'services'] as const satisfies readonly (keyof Store)[]

function isStore(given: unknown): given is Store {
  if (typeof given !== 'object' || given === null) return false
  return PARTS.every(part => typeof Reflect.get(given, part) === 'object') && typeof Reflect.get(given, 'open') === 'function'
}

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}
