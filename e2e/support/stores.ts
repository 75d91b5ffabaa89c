/** Every store the story is told on. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '@latchkey/server'
import { memoryStore } from '@latchkey/server/stores/memory'
import { splitStore } from '@latchkey/server/stores/split'
import { postgresStore, sqliteStore } from '@latchkey/server/stores/sql'
import { freshDatabase, hasPostgres } from '../../tools/test/postgres.ts'

/** A store for one test file, and how to get rid of what it leaves. */
export interface OpenedStore {
  store: Store
  close(): Promise<void>
}

/** Name, whether it can run here, and how to make one. */
export const STORES: readonly { name: string; here: boolean; open(): Promise<OpenedStore> }[] = [
  { name: 'memory', here: true, open: async () => ({ store: memoryStore(), close: async () => {} }) },
  { name: 'sqlite', here: true, open: onSqlite },
  { name: 'postgresql', here: hasPostgres, open: onPostgres },
  { name: 'split (users on PostgreSQL, sessions on SQLite)', here: hasPostgres, open: onBoth },
]

async function onSqlite(): Promise<OpenedStore> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-e2e-'))
  return { store: sqliteStore({ path: join(folder, 'accounts.db') }), close: () => rm(folder, { recursive: true, force: true }) }
}

async function onPostgres(): Promise<OpenedStore> {
  const database = await freshDatabase()
  return { store: postgresStore({ url: database.url }), close: () => database.drop() }
}

async function onBoth(): Promise<OpenedStore> {
  const [users, sessions] = [await onPostgres(), await onSqlite()]
  const close = async (): Promise<void> => {
    await users.close()
    await sessions.close()
  }
  return { store: splitStore({ users: users.store, sessions: sessions.store }), close }
}
