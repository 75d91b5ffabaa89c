import { listCredentials } from '../deeds/credentials.ts'
import { findByResume, findSession } from '../deeds/sessions.ts'
import { findUser } from '../deeds/users.ts'
import { postgresDialect } from '../dialect.ts'
import { lateEngine } from '../late-engine.ts'
import { migrationsOf } from '../migrations/migrate.ts'
import { byCollection, readCollection } from '../../../core/collections.ts'
import { readName, refuse, checkOptions } from '../settings.ts'
import type { SqlStoreOptions } from '../settings.ts'
import type { Engine } from '../statement.ts'
import { partsOf } from '../store.ts'
import type { Parts, SqlStore } from '../store.ts'
import { PostgresBus } from './bus.ts'
import { countAttempts, failAttempts } from './counters.ts'
import { connect, openEngine, readWiring } from './connect.ts'
import type { Wiring } from './connect.ts'
import type { PgConfig, PgDriver } from './driver.ts'
import type { PostgresEngine } from './engine.ts'
import { appliedMigrations, withKysely } from './migrate.ts'
import { consumeToken, endSession, openAlone, openSession, rotate } from './sessions.ts'
import { beginLogin, insertUser } from './users.ts'

/** How a PostgreSQL store reaches its database. What is left out comes from the usual `PG…` variables. */
export interface PostgresStoreOptions extends SqlStoreOptions {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full`. */
  url?: string
  /** Instead of `url`. */
  connection?: PostgresConnection
  /** The module `pg`, when it should not be loaded from `node_modules`. */
  driver?: PgDriver
  /** Where the tables are; made when it is not there. @default 'latchkey' */
  schema?: string
  /** Connections for transactions at most; three more serve single statements, counters and the bus. @default 8 */
  connections?: number
  /** Milliseconds after which a statement is given up, and a try to connect. @default 10000 */
  timeout?: number
}

/** Connection settings, as `pg` knows them. */
export type PostgresConnection = Pick<PgConfig, 'host' | 'port' | 'user' | 'password' | 'database' | 'ssl'>

/**
 * A store in PostgreSQL (14 or newer), for several processes and machines. Revocations travel by `LISTEN` and `NOTIFY`, so connect directly or
 * through a pooler in session mode. Nothing waits for ever: a database that is away or cannot keep up makes deeds throw `Busy`.
 *
 * Construction opens nothing; `open()` connects and migrates.
 * @throws AccountsError `InvalidSettings` for unknown or contradicting options
 * @example
 * import { postgresStore } from '@latchkey/server/stores/sql'
 * const store = postgresStore({ url: 'postgres://localhost/app' })
 * console.log(store.name) // postgresql
 */
export function postgresStore(options: PostgresStoreOptions): SqlStore {
  checkOptions('postgresStore', options, ['url', 'connection', 'driver', 'schema', 'connections', 'timeout', 'collection', 'migrate'])
  refuseUrl(options)
  readName('schema', options.schema ?? 'latchkey')
  const wiring = readWiring(options)
  return byCollection(readCollection(options.collection), collection => storeOn(wiring, collection, options))
}

/** One collection, with connections of its own. */
function storeOn(wiring: Wiring, collection: string, options: PostgresStoreOptions): SqlStore {
  const schema = options.schema ?? 'latchkey'
  const dialect = postgresDialect(schema)

  const bus = new PostgresBus(() => connect(wiring, { pipeline: false, query_timeout: 0 }), `latchkey_${schema}`, collection)
  const late = lateEngine(dialect, () => openEngine(wiring, collection, dialect, userIds => bus.tell(userIds)))
  const migrations = migrationsOf({
    dialect,
    applied: () => appliedMigrations(wiring, schema),
    record: { migrationTableName: 'migrations', migrationLockTableName: 'migrations_lock', migrationTableSchema: schema },
    withKysely: work => withKysely(wiring, work),
  })

  return {
    name: 'postgresql',
    ...hotParts(late.engine, late.now),
    migrations,
    bus,
    open: async () => {
      if (options.migrate ?? true) await migrations.apply()
      else await migrations.check()
      await late.connect()
    },
    close: async () => {
      await bus.close()
      await late.disconnect(engine => engine.close())
    },
    ping: () => late.now().ping(),
  }
}

/** The shared deeds, with those that happen all day replaced by single statements. */
function hotParts(engine: Engine, now: () => PostgresEngine): Parts {
  const parts = partsOf(engine)
  return {
    ...parts,
    users: {
      ...parts.users,
      insert: async (user, along) => insertUser(now(), user, along),
      find: async identifier => now().lookUp(() => findUser(identifier)),
      credentials: async userId => now().lookUp(() => listCredentials(userId)),
      beginLogin: async lookup => beginLogin(now(), lookup),
    },
    sessions: {
      ...parts.sessions,
      open: async (session, along) => openSession(now(), session, along),
      find: async sessionId => now().lookUp(() => findSession(sessionId)),
      findByResume: async hash => now().lookUp(() => findByResume(hash)),
      rotate: async rotation => rotate(now(), rotation),
      end: async (sessionId, reason, at, along) => endSession(now(), sessionId, reason, at, along),
    },
    sessionsAlone: { ...parts.sessionsAlone, open: async (session, along) => openAlone(now(), session, along) },
    tokens: { ...parts.tokens, consume: async (hash, purpose, at, along) => consumeToken(now(), hash, purpose, at, along) },
    attempts: {
      ...parts.attempts,
      count: async (counts, at) => countAttempts(now(), counts, at),
      fail: async (keys, at, memory, along) => failAttempts(now(), keys, at, memory, along),
    },
  }
}

/** An address that was meant and is missing must not become the `pg` default: some other database, found on this machine. */
function refuseUrl(options: PostgresStoreOptions): void {
  const { url, connection } = options
  if (url !== undefined && connection !== undefined) refuse('postgresStore takes url or connection, not both')
  if ('url' in options && !url && connection === undefined) refuse('postgresStore: url is empty. Leave it out to go by the PG… variables')
  if (url && /^\w+:/.test(url) && !/^(postgres|postgresql|socket):/.test(url)) refuse('postgresStore: url must begin with postgres://')
}
