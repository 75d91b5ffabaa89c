import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { freshDatabase, hasPostgres } from '../../../../../tools/test/postgres.ts'
import type { FreshDatabase } from '../../../../../tools/test/postgres.ts'
import { storeContract } from '../contract/index.ts'
import { newId } from '../contract/make.ts'
import { splitStore } from '../split/index.ts'
import { postgresStore, sqliteStore } from './index.ts'

describe.skipIf(!hasPostgres)('with a real PostgreSQL', () => {
  let database: FreshDatabase
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-split-'))
    database = await freshDatabase()
  })
  afterAll(async () => {
    await database.drop()
    rmSync(folder, { recursive: true })
  })

  storeContract(
    'users in SQLite and sessions in PostgreSQL',
    async () => {
      const collection = newId()
      const both = () =>
        splitStore({
          users: sqliteStore({ path: join(folder, 'users.db'), collection }),
          sessions: postgresStore({ url: database.url, collection }),
        })
      const [store, second] = [both(), both()]
      await Promise.all([store.open(), second.open()])
      const close = async (): Promise<void> => {
        await Promise.all([store.close(), second.close()])
      }
      return { store, second, close }
    },
    // The races are run in full on each engine alone.
    { rounds: 20 },
  )
})
