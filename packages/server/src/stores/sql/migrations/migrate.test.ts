import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAccountsError } from '@latchkey/common'
import Database from 'libsql'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freshDatabase, hasPostgres } from '../../../../../../tools/test/postgres.ts'
import { postgresStore, sqliteStore } from '../index.ts'
import type { SqlStore, SqlStoreOptions } from '../index.ts'
import { MIGRATIONS } from './migrate.ts'

/** An empty database, as its owner sees it. */
interface Place {
  store(options?: SqlStoreOptions): SqlStore
  /** Runs statements beside the store. */
  run(...statements: string[]): Promise<void>
  /** Names of all tables. */
  tables(): Promise<string[]>
  /** The table in which migrations are recorded. */
  record: string
  /** A statement that makes the second migration, or the first, fail half-way. */
  obstacle: string
}

const NAMES = MIGRATIONS.map(migration => migration.name)

describe('on SQLite', () => migrationTests(sqlitePlace))
describe.skipIf(!hasPostgres)('on PostgreSQL', () => migrationTests(postgresPlace))

function migrationTests(newPlace: () => Promise<Place>): void {
  test('opening brings an empty database up to date, and finds nothing to do the second time', async () => {
    const place = await newPlace()
    await opened(place)
    const again = await opened(place)
    expect(await again.migrations.plan()).toEqual([])
    expect(await again.migrations.apply()).toEqual([])
    await expect(again.migrations.check()).resolves.toBeUndefined()
  })

  test('the plan says what would be run, and runs nothing', async () => {
    const place = await newPlace()
    const { migrations } = unopened(place)
    const plan = await migrations.plan()
    expect(plan.map(({ name }) => name)).toEqual(NAMES)
    expect(plan[0]?.sql.join('\n')).toMatch(/create table .*users/)
    expect(await place.tables()).toEqual([])
    expect(await migrations.apply()).toEqual(NAMES)
    expect(await migrations.plan()).toEqual([])
  })

  test('a store told not to migrate refuses an old schema with the command that updates it', async () => {
    const place = await newPlace()
    const store = unopened(place, { migrate: false })
    const refusal = await store.open().catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'SchemaOutdated' })
    expect(String(refusal)).toContain('npx latchkey migrate')
    expect(String(refusal)).toContain(NAMES[0])
    expect(await place.tables()).toEqual([])
    // Once somebody has migrated, the same store opens.
    await unopened(place).migrations.apply()
    await store.open()
    expect(await store.users.count()).toBe(0)
  })

  test('a schema that is newer than the code is refused, whether or not the store may migrate', async () => {
    const place = await newPlace()
    await (await opened(place)).close()
    await place.run(`insert into ${place.record} (name, timestamp) values ('9999-from-the-future', '2100-01-01')`)
    for (const migrate of [true, false]) {
      const refusal = await unopened(place, { migrate })
        .open()
        .catch((error: unknown) => error)
      expect(refusal).toMatchObject({ code: 'SchemaOutdated' })
      expect(String(refusal)).toContain('9999-from-the-future')
    }
  })

  test('instances that start at the same moment migrate once, and all come up', async () => {
    const place = await newPlace()
    const stores = Array.from({ length: 4 }, () => unopened(place))
    const applied = await Promise.all(stores.map(store => store.migrations.apply()))
    expect(applied.flat()).toEqual(NAMES)
    await Promise.all(stores.map(store => store.open()))
    expect(await Promise.all(stores.map(store => store.users.count()))).toEqual([0, 0, 0, 0])
  })

  test('a migration that fails half-way leaves nothing behind, and can be done again', async () => {
    const place = await newPlace()
    await place.run(place.obstacle)
    const before = await place.tables()
    const store = unopened(place)
    const failure = await store.open().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Error)
    expect(isAccountsError(failure)).toBe(false)
    // Of our own tables none is there; Kysely's empty record may be.
    expect((await place.tables()).filter(table => !table.includes('migrations'))).toEqual(before)
    expect((await store.migrations.plan()).map(({ name }) => name)).toEqual(NAMES)

    await place.run(place.obstacle.replace('create', 'drop').replace(/ \(.*/, ''))
    await store.open()
    expect(await store.users.count()).toBe(0)
  })
}

function unopened(place: Place, options?: SqlStoreOptions): SqlStore {
  const store = place.store(options)
  onTestFinished(() => store.close())
  return store
}

async function opened(place: Place): Promise<SqlStore> {
  const store = unopened(place)
  await store.open()
  return store
}

async function sqlitePlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-migrate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'accounts.db')
  const withDatabase = <T>(work: (database: InstanceType<typeof Database>) => T): T => {
    const database = new Database(path)
    try {
      return work(database)
    } finally {
      database.close()
    }
  }
  return {
    store: options => sqliteStore({ path, ...options }),
    run: async (...statements) => withDatabase(database => statements.forEach(statement => database.exec(statement))),
    // One column, of text.
    tables: async () =>
      withDatabase(database =>
        (database.prepare("select name from sqlite_master where type = 'table'").all() as { name: string }[]).map(row => row.name),
      ),
    record: 'latchkey_migrations',
    obstacle: 'create table latchkey_audit (id text)',
  }
}

async function postgresPlace(): Promise<Place> {
  const database = await freshDatabase()
  onTestFinished(() => database.drop())
  const ask = async (text: string): Promise<{ name: string }[]> => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    try {
      return (await client.query<{ name: string }>(text)).rows
    } finally {
      await client.end()
    }
  }
  return {
    store: options => postgresStore({ url: database.url, ...options }),
    run: async (...statements) => {
      for (const statement of ['create schema if not exists latchkey', ...statements]) await ask(statement)
    },
    tables: async () => (await ask("select tablename as name from pg_tables where schemaname = 'latchkey'")).map(row => row.name),
    record: 'latchkey.migrations',
    obstacle: 'create table latchkey.audit (id text)',
  }
}
