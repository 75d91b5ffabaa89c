/** Brings the schema up to date, forward only. Runs once even when several instances start at the same moment. */
import { AccountsError } from '@latchkey/common'
import type { Kysely, KyselyConfig } from 'kysely'
import type { Dialect } from '../dialect.ts'
import { first } from './0001-first.ts'
import { announce } from './0002-announce.ts'
import { services } from './0003-services.ts'

/**
 * One step of the schema. Steps expand before they contract: the version before must still work on the schema after, so that instances
 * can be replaced one by one.
 */
export interface SqlMigration {
  /** Sorts behind all names before it; never changed once released. */
  readonly name: string
  statements(dialect: Dialect): string[]
}

/** In the order they are applied. */
export const MIGRATIONS: readonly SqlMigration[] = [first, announce, services]

/** The command that brings a database up to date, as error messages name it. */
export const MIGRATE_COMMAND = 'npx latchkey migrate'

/** A migration that a database has not seen yet. */
export interface PlannedMigration {
  name: string
  /** What would be run, in one transaction with all others. Empty where the engine needs none of it. */
  sql: string[]
}

/** The schema of an SQL store, seen from outside. Works before `open()` too. */
export interface Migrations {
  /** What `apply` would do. Changes nothing. */
  plan(): Promise<PlannedMigration[]>
  /** Applies what is missing, all of it or nothing, and returns the names. Of several callers at once one does the work and the others wait. */
  apply(): Promise<string[]>
  /**
   * Passes when the database has exactly the schema this version knows.
   * @throws AccountsError `SchemaOutdated`: older (the message names the command) or newer (it asks for a newer Latchkey)
   */
  check(): Promise<void>
}

/** What an engine lends to migrations. */
export interface MigrationHost {
  readonly dialect: Dialect
  /** Names of applied migrations; empty for a database that has never seen one. */
  applied(): Promise<string[]>
  /** Where Kysely keeps its record. */
  readonly record: { migrationTableName: string; migrationLockTableName: string; migrationTableSchema?: string }
  /** Lends Kysely a connection for the time of `work`, which no other instance does at the same moment. */
  withKysely<T>(work: (config: KyselyConfig) => Promise<T>): Promise<T>
}

export function migrationsOf(host: MigrationHost, migrations: readonly SqlMigration[] = MIGRATIONS): Migrations {
  const pending = async (): Promise<SqlMigration[]> => {
    const applied = await host.applied()
    refuseNewer(applied, migrations)
    return migrations.filter(migration => !applied.includes(migration.name))
  }
  return {
    plan: async () => (await pending()).map(migration => ({ name: migration.name, sql: migration.statements(host.dialect) })),
    // Asked first: where there is nothing to do, Kysely is not even loaded, and the account needs no right to create tables.
    apply: async () => ((await pending()).length === 0 ? [] : migrate(host, migrations)),
    check: async () => {
      const missing = await pending()
      if (missing.length === 0) return
      throw new AccountsError('SchemaOutdated', {
        message: `The database schema is older than this version of Latchkey: ${missing.map(({ name }) => name).join(', ')} not applied. Run: ${MIGRATE_COMMAND}`,
      })
    },
  }
}

function refuseNewer(applied: readonly string[], migrations: readonly SqlMigration[]): void {
  const unknown = applied.filter(name => !migrations.some(migration => migration.name === name))
  if (unknown.length === 0) return
  throw new AccountsError('SchemaOutdated', {
    message: `The database schema is newer than this version of Latchkey, which does not know ${unknown.join(', ')}. Update Latchkey: npm install latchkey@latest`,
  })
}

async function migrate(host: MigrationHost, migrations: readonly SqlMigration[]): Promise<string[]> {
  // Loaded here: only a start that migrates pays for it.
  const { Kysely: Database, Migrator, sql } = await import('kysely')
  const steps = Object.fromEntries(
    migrations.map(migration => [
      migration.name,
      {
        // Kysely's own type: a migration must not depend on a schema type that changes with the code.
        // oxlint-disable-next-line typescript/no-explicit-any
        up: async (db: Kysely<any>) => {
          for (const text of migration.statements(host.dialect)) await sql.raw(text).execute(db)
        },
      },
    ]),
  )
  return host.withKysely(async config => {
    const db = new Database(config)
    const migrator = new Migrator({ db, provider: { getMigrations: async () => steps }, ...host.record })
    // All or nothing in one transaction, behind a lock.
    const { error, results } = await migrator.migrateToLatest()
    if (error !== undefined) throw error
    return (results ?? []).map(result => result.migrationName)
  })
}
