import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { AccountsError } from '@latchkey/common'
import { sqliteDialect } from '../dialect.ts'
import { migrationsOf } from '../migrations/migrate.ts'
import { byCollection, readCollection } from '../../../core/collections.ts'
import { readName, refuse, checkOptions } from '../settings.ts'
import type { SqlStoreOptions } from '../settings.ts'
import { partsOf } from '../store.ts'
import type { SqlStore } from '../store.ts'
import { lateEngine } from '../late-engine.ts'
import { SqliteBus } from './bus.ts'
import { patiently, SqliteConnection } from './connection.ts'
import type { SqliteDatabase } from './driver.ts'
import { appliedMigrations, migrationRecord, withKysely } from './migrate.ts'
import { sharedDatabase } from './shared-database.ts'
import type { SharedDatabase } from './shared-database.ts'

/** Where a SQLite store keeps its data. */
export interface SqliteStoreOptions extends SqlStoreOptions {
  /** The file; made, readable by its owner alone, when it is not there. `:memory:` keeps nothing. Needs the package `libsql`. */
  path?: string
  /**
   * Instead of `path`: an open `libsql` or `better-sqlite3` database, or a function that opens one. Nobody else may use its connection. Closing
   * the store closes it.
   */
  database?: SqliteDatabase | (() => SqliteDatabase | Promise<SqliteDatabase>)
  /** What table names begin with. @default 'latchkey_' */
  prefix?: string
}

/**
 * A store in one SQLite file: nothing to install or start. Several processes of one machine may share the file; a revocation by one counts at the very
 * next check of the others. What is acknowledged has been flushed to the disk (`WAL`, `synchronous=FULL`), with one fsync.
 *
 * Construction opens nothing; `open()` connects and migrates.
 * @throws AccountsError `InvalidSettings` for unknown or contradicting options
 * @example
 * import { sqliteStore } from '@latchkey/server/stores/sql'
 * const store = sqliteStore({ path: ':memory:' })
 * await store.open()
 * console.log(await store.users.count()) // 0
 * await store.close()
 */
export function sqliteStore(options: SqliteStoreOptions): SqlStore {
  checkOptions('sqliteStore', options, ['path', 'database', 'prefix', 'collection', 'migrate'])
  if ((options.path === undefined) === (options.database === undefined)) refuse('sqliteStore needs either path or database')
  const prefix = readName('prefix', options.prefix ?? 'latchkey_')
  const shared = sharedDatabase(async () => {
    const database = await openDatabase(options)
    await patiently(() => setUp(database))
    return database
  })
  return byCollection(readCollection(options.collection), collection => storeOn(shared, prefix, collection, options.migrate ?? true))
}

/** One collection on a connection that the stores of all collections share. */
function storeOn(shared: SharedDatabase, prefix: string, collection: string, mayMigrate: boolean): SqlStore {
  const dialect = sqliteDialect(prefix)
  const record = migrationRecord(prefix)
  const late = lateEngine<SqliteConnection>(
    dialect,
    async () => new SqliteConnection(await shared.acquire(), dialect, collection, userIds => bus.tell(userIds)),
  )
  const bus = new SqliteBus(() => late.now().database)
  const migrations = migrationsOf({
    dialect,
    applied: async () => {
      const { database } = await late.connect()
      return patiently(() => appliedMigrations(database, record.migrationTableName))
    },
    record,
    withKysely: async work => withKysely((await late.connect()).database, work),
  })

  return {
    name: 'sqlite',
    ...partsOf(late.engine),
    migrations,
    bus,
    open: async () => {
      await late.connect()
      await shared.once(async () => void (await (mayMigrate ? migrations.apply() : migrations.check())))
    },
    close: async () => {
      await bus.close()
      await late.disconnect(() => shared.release())
    },
    ping: async () => {
      await patiently(() => late.now().database.prepare(`select 1 from ${dialect.t.users} limit 1`).all())
    },
  }
}

async function openDatabase({ path, database }: SqliteStoreOptions): Promise<SqliteDatabase> {
  if (typeof database === 'function') return database()
  if (database !== undefined) return database
  if (path === undefined) return refuse('sqliteStore needs either path or database')
  const Database = await loadDriver()
  if (path !== ':memory:') makePrivateFile(path)
  return new Database(path)
}

/** Password hashes are nobody else's business. SQLite gives its log the same mode. */
function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
}

async function loadDriver(): Promise<new (path: string) => SqliteDatabase> {
  try {
    // The package's own types describe the same class, in more words than we need.
    return (await import('libsql')).default
  } catch (cause) {
    throw new AccountsError('InvalidSettings', {
      message: 'sqliteStore({ path }) needs the package libsql. Run: npm install libsql',
      cause,
    })
  }
}

/** WAL: readers and the writer do not wait for each other. No busy timeout: waiting inside SQLite would hold up the event loop. */
function setUp(database: SqliteDatabase): void {
  database.exec('pragma busy_timeout = 0')
  // A `select`: better-sqlite3 refuses `exec` of what returns rows; libsql does not mind.
  database.prepare('pragma journal_mode = wal').all()
  database.exec('pragma synchronous = full')
}
