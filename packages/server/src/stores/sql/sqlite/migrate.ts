/** What Kysely's migrator needs to work on our one connection. */
import type { KyselyConfig, MigratorProps } from 'kysely'
import { quote } from '../dialect.ts'
import { patiently } from './connection.ts'
import type { SqliteDatabase } from './driver.ts'

/** Tables in which Kysely notes what was applied. */
export const migrationRecord = (prefix: string): Required<Pick<MigratorProps, 'migrationTableName' | 'migrationLockTableName'>> => ({
  migrationTableName: `${prefix}migrations`,
  migrationLockTableName: `${prefix}migrations_lock`,
})

/** Names of applied migrations, in order. */
export function appliedMigrations(database: SqliteDatabase, table: string): string[] {
  const exists = database.prepare("select 1 from sqlite_master where type = 'table' and name = ?").all([table])
  if (exists.length === 0) return []
  // One column, of names that Kysely wrote.
  return (database.prepare(`select name from ${quote(table)} order by name`).all([]) as { name: string }[]).map(row => row.name)
}

/**
 * Lends Kysely our connection inside one transaction of our own: SQLite can undo `create table` like anything else, and the write lock is
 * taken first, so that of two instances the second finds the work done. What Kysely begins and commits inside is nothing.
 */
export async function withKysely<T>(database: SqliteDatabase, work: (config: KyselyConfig) => Promise<T>): Promise<T> {
  const { SqliteDialect, SqliteDriver } = await import('kysely')
  const lent = { prepare: (sql: string) => lend(database, sql), close: () => undefined }

  class DriverInside extends SqliteDriver {
    override async beginTransaction(): Promise<void> {}
    override async commitTransaction(): Promise<void> {}
    override async rollbackTransaction(): Promise<void> {}
  }
  const dialect = new SqliteDialect({ database: lent })
  await patiently(() => database.exec('begin immediate'))
  try {
    const outcome = await work({
      dialect: {
        createAdapter: () => dialect.createAdapter(),
        createDriver: () => new DriverInside({ database: lent }),
        createIntrospector: db => dialect.createIntrospector(db),
        createQueryCompiler: () => dialect.createQueryCompiler(),
      },
    })
    database.exec('commit')
    return outcome
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}

/** A statement as Kysely's SQLite driver expects it. */
function lend(database: SqliteDatabase, sql: string): LentStatement {
  const statement = database.prepare(sql)
  return {
    reader: /^\s*(select|with|pragma)|\breturning\b/i.test(sql),
    all: values => statement.all(values),
    run: values => statement.run(values),
    // Kysely streams only when it is asked to; the migrator never does.
    iterate: () => [][Symbol.iterator](),
  }
}

interface LentStatement {
  readonly reader: boolean
  all(values: readonly unknown[]): unknown[]
  run(values: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  iterate(values: readonly unknown[]): IterableIterator<unknown>
}
