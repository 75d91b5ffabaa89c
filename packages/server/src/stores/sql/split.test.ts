import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { freshDatabase, hasPostgres } from '../../../../../tools/test/postgres.ts'
import { storeContract } from '../contract/index.ts'
import { splitStore } from '../split/index.ts'
import { postgresStore, sqliteStore } from './index.ts'

describe.skipIf(!hasPostgres)('with a real PostgreSQL', () => {
  storeContract(
    'users in SQLite and sessions in PostgreSQL',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-split-'))
      const database = await freshDatabase()
      const both = () =>
        splitStore({ users: sqliteStore({ path: join(folder, 'users.db') }), sessions: postgresStore({ url: database.url }) })
      const [store, second] = [both(), both()]
      await Promise.all([store.open(), second.open()])
      const close = async (): Promise<void> => {
        await Promise.all([store.close(), second.close()])
        await database.drop()
        rmSync(folder, { recursive: true })
      }
      return { store, second, close }
    },
    // The races are run in full on each engine alone.
    { rounds: 20 },
  )
})
