import { describe } from 'vitest'
import { freshDatabase, hasPostgres } from '../../../../../../tools/test/postgres.ts'
import { storeContract } from '../../contract/index.ts'
import { postgresStore } from './store.ts'

describe.skipIf(!hasPostgres)('with a real PostgreSQL', () => {
  storeContract('PostgreSQL', async () => {
    const database = await freshDatabase()
    const [store, second] = [postgresStore({ url: database.url }), postgresStore({ url: database.url })]
    await Promise.all([store.open(), second.open()])
    const close = async (): Promise<void> => {
      await Promise.all([store.close(), second.close()])
      await database.drop()
    }
    return { store, second, close }
  })
})
