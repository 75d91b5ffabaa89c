import { afterAll, describe, expect, test } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore } from '../../stores/memory/index.ts'
import { splitStore } from '../../stores/split/index.ts'
import { sqliteStore } from '../../stores/sql/index.ts'
import { refusalOf, resultOf } from '../../testing/ddp-accounts.ts'
import { meteorWorld } from '../../testing/meteor.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-collection-'))
afterAll(() => rmSync(folder, { recursive: true }))

const EMAIL = 'ada@example.org'
const STORES = {
  memory: () => memoryStore(),
  'SQLite in memory': () => sqliteStore({ path: ':memory:' }),
  SQLite: () => sqliteStore({ path: join(folder, `${Math.trunc(performance.now() * 1000)}.db`) }),
  'two joined': () => splitStore({ users: memoryStore(), sessions: sqliteStore({ path: ':memory:' }) }),
}

describe.each(Object.entries(STORES))('a collection of users in %s', (_, open) => {
  test('named by config is used from then on: the same email can be created in two', async () => {
    await using world = meteorWorld({ db: open() })
    const ids = []
    for (const collection of ['first', 'second']) {
      world.accounts.config({ collection })
      ids.push(await world.accounts.createUserAsync({ email: EMAIL }))
      expect(await world.accounts.users.countDocuments()).toBe(1)
    }
    expect(await world.accounts.findUserByEmail(EMAIL)).toMatchObject({ _id: ids[1] })
    world.accounts.config({ collection: 'first' })
    expect(await world.accounts.findUserByEmail(EMAIL)).toMatchObject({ _id: ids[0] })
  })

  test('given as an object with a name is the collection of that name', async () => {
    await using world = meteorWorld({ db: open(), collection: { _name: 'first' } })
    await world.accounts.createUserAsync({ email: EMAIL })
    world.accounts.config({ collection: { _name: 'second' } })
    await world.accounts.createUserAsync({ email: EMAIL })
    expect(world.accounts.users._name).toBe('second')
  })

  test('has sessions of its own: a login token of one is refused by the other, on one store', async () => {
    const db = open()
    await using users = meteorWorld({ db })
    await using admins = meteorWorld({ db, collection: 'admins' })
    const [ada, other] = [await users.createUser(), await admins.createUser()]
    expect(ada).not.toBe(other)
    const { token } = await users.login(users.connect())
    expect(refusalOf(await admins.connect().call('1', 'login', { resume: token }))[0]).toBe(403)
    expect(resultOf(await users.connect().call('1', 'login', { resume: token }))).toMatchObject({ id: ada })
  })

  test('is left alone by what happens in another', async () => {
    const db = open()
    await using users = meteorWorld({ db })
    await using admins = meteorWorld({ db, collection: 'admins' })
    await users.createUser()
    const admin = await admins.createUser()
    await users.accounts.users.removeAsync({ username: 'ada' })
    expect(await admins.accounts.users.findOneAsync(admin)).toMatchObject({ username: 'ada' })
  })
})

test('anything else is no collection, and is said to be none', () => {
  expect(() => meteorWorld({ collection: 5 as unknown as string })).toThrow(
    'Collection parameter can be only of type string or "Mongo.Collection"',
  )
})
