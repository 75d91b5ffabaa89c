/** accounts-js's own adapter for MongoDB, as npm delivers it, held to the suite that defines a store. */
import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { Mongo } from '@accounts/mongo'
import type { AccountsServer as OldServer } from '@accounts/server'
import { AccountsServer } from '@latchkey/server'
import { accountsJsDatabase, databaseOf } from '@latchkey/server/accounts-js-database'
import { storeContract } from '@latchkey/server/stores/contract'
import { memoryStore } from '@latchkey/server/stores/memory'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasMongo, startMongo } from '../tools/test/mongodb.ts'
import type { RunningMongo } from '../tools/test/mongodb.ts'

type OldUser = { _id: string }
interface Database {
  collection(name: 'users'): { deleteOne(user: OldUser): Promise<unknown> }
  dropDatabase(): Promise<unknown>
}
interface Connection {
  db(name: string): Database
  close(): Promise<void>
}

const EXCEPT = {
  'a user is found by id and by every identifier they claimed':
    'claims a subject of a provider without an account that the adapter could keep',
  'one key may be claimed once for each kind': 'claims keys that are no names of the users',
  'keys are compared letter by letter: the core has folded them already': 'claims a key that is no name of the user',
  'lists that meet in their keys each insert somebody, and nobody twice': 'claims keys that are no names of the users',
}

describe.skipIf(!hasMongo)('@accounts/mongo on MongoDB', { timeout: 120_000 }, () => {
  let mongo: RunningMongo
  let connection: Connection
  beforeAll(async () => {
    mongo = await startMongo()
    // The driver that the adapter brings, 3.7; the part of it that is used here.
    const { MongoClient } = createRequire(createRequire(import.meta.url).resolve('@accounts/mongo'))('mongodb') as {
      MongoClient: { connect(url: string, options: object): Promise<Connection> }
    }
    connection = await MongoClient.connect(mongo.url, { useUnifiedTopology: true })
  }, 120_000)
  afterAll(async () => {
    await connection?.close()
    await mongo?.stop()
  })

  storeContract(
    'the adapter',
    async () => {
      const db = connection.db(`latchkey_${randomBytes(6).toString('hex')}`)
      const adapter = new Mongo(db, { convertUserIdToMongoObjectId: false })
      await adapter.setupIndexes()
      const beside = memoryStore()
      const options = {
        idField: '_id',
        upgradePasswords: true,
        now: () => Date.UTC(2026, 0, 1),
        removeUser: async (_id: string) => void (await db.collection('users').deleteOne({ _id })),
      }
      const store = accountsJsDatabase(adapter, beside, options)
      await store.open()
      const close = async (): Promise<void> => {
        await store.close()
        await db.dropDatabase()
      }
      return { store, second: accountsJsDatabase(adapter, beside, options), close }
    },
    { rounds: 10, except: EXCEPT },
  )

  test('runs no name that was written to be run, where the adapter would', async () => {
    const db = connection.db(`latchkey_${randomBytes(6).toString('hex')}`)
    const adapter = new Mongo(db, { caseSensitiveUserName: false })
    const id = await adapter.createUser({ username: 'Ada', password: 'hash' })
    const injected = '" || true || "'
    expect(await adapter.findUserByUsername(injected)).toMatchObject({ id })
    const { users } = accountsJsDatabase(adapter, memoryStore())
    expect(await users.find({ kind: 'username', key: injected, typed: injected })).toBeNull()
    expect((await users.find({ kind: 'username', key: 'ada', typed: 'ADA' }))?.id).toBe(id)
    await db.dropDatabase()
  })
})

test('our stores fit where accounts-js expects a database', async () => {
  const server = new AccountsServer({ db: memoryStore(), tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz' })
  const db: NonNullable<ConstructorParameters<typeof OldServer>[0]['db']> = databaseOf(server.accounts)
  const id = await db.createUser({ username: 'ada', password: '$2a$10$abcdefghijklmnopqrstuuOxAfwL3FGIj2vhNnBbXB8bY8yqkKlJi' })
  expect(await db.findUserById(id)).toMatchObject({ id, username: 'ada', deactivated: false })
  await server.stop()
})
