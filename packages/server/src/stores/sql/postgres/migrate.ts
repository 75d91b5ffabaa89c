/** What Kysely's migrator needs to work on PostgreSQL. Two instances take turns by an advisory lock, which is Kysely's own. */
import type { KyselyConfig, PostgresPool } from 'kysely'
import { quote } from '../dialect.ts'
import { connect } from './connect.ts'
import type { Wiring } from './connect.ts'
import { translate } from './driver.ts'

/** Names of applied migrations, in order. */
export async function appliedMigrations(wiring: Wiring, schema: string): Promise<string[]> {
  const client = await connect(wiring)
  try {
    const { rows } = await client.query({
      text: "select tablename from pg_catalog.pg_tables where schemaname = $1 and tablename = 'migrations'",
      values: [schema],
    })
    if (rows.length === 0) return []
    const applied = await client.query(`select name from ${quote(schema)}.migrations order by name`)
    // One column, of names that Kysely wrote.
    return (applied.rows as { name: string }[]).map(row => row.name)
  } catch (error) {
    throw translate(error)
  } finally {
    await client.end()
  }
}

export async function withKysely<T>({ config, loadDriver }: Wiring, work: (config: KyselyConfig) => Promise<T>): Promise<T> {
  const { PostgresDialect } = await import('kysely')
  const { Pool } = await loadDriver()
  // No timeouts: a migration takes what it takes, and the second instance waits for it. Kysely reads types of its own.
  const { statement_timeout: _, query_timeout: __, types: ___, ...patient } = config
  const pool = new Pool({ ...patient, pipeline: false, max: 2, idleTimeoutMillis: 1_000 })
  pool.on('error', () => undefined)
  try {
    // The same interface, told in other words.
    return await work({ dialect: new PostgresDialect({ pool: pool as unknown as PostgresPool }) })
  } catch (error) {
    throw translate(error)
  } finally {
    await pool.end()
  }
}
