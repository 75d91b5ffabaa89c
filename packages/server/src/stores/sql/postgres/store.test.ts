import { afterAll, beforeAll, describe } from 'vitest'
import { freshDatabase, hasPostgres } from '../../../../../../tools/test/postgres.ts'
import type { FreshDatabase } from '../../../../../../tools/test/postgres.ts'
import { storeContract } from '../../contract/index.ts'
import { newId } from '../../contract/make.ts'
import { postgresStore } from './store.ts'

describe.skipIf(!hasPostgres)('with a real PostgreSQL', () => {
  let database: FreshDatabase
  beforeAll(async () => {
    database = await freshDatabase()
  })
  afterAll(() => database.drop())

  storeContract('PostgreSQL', async () => {
    // A collection of its own is an empty store, and quicker than a database of its own.
    const options = { url: database.url, collection: newId() }
    const [store, second] = [postgresStore(options), postgresStore(options)]
    await Promise.all([store.open(), second.open()])
    const close = async (): Promise<void> => {
      await Promise.all([store.close(), second.close()])
    }
    return { store, second, close }
  })
})
