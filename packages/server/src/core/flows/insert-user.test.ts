import { expect, test } from 'vitest'
import { makeMail, makeUser, newId, NOW } from '../../stores/contract/make.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import type { NewUser } from '../identity/user.ts'
import type { Store } from '../store.ts'
import { insertNew } from './insert-user.ts'
import type { RowsOf } from './insert-user.ts'
import type { JudgedUser } from './judge-new-user.ts'

const rowsOf: RowsOf = ({ id }) => ({ newUser: makeUser({ id }), along: { mail: [makeMail(id)] } })
// As if the app had been asked.
const judged = (id: string = newId()): JudgedUser => ({ id, createdAt: NOW, draft: { emails: [], custom: {} } }) as unknown as JudgedUser
const prepared = (store: Store, prepare: (user: NewUser) => Promise<{ id: string } | { taken: 'email' }>): Store => ({
  ...store,
  users: { ...store.users, prepare },
})

test('a user is inserted under the id they were judged with, with what rides along', async () => {
  const store = memoryStore()
  const outcome = await insertNew({ store }, judged('chosen'), rowsOf)
  const [user] = await store.users.list({ limit: 1 })
  expect(outcome).toEqual({ inserted: true, user })
  expect(user?.id).toBe('chosen')
  expect(await store.outbox.claim(NOW, 1, 1)).toMatchObject([{ userId: user?.id }])
})

test('where the database makes the ids, everything is written for that one', async () => {
  const store = memoryStore()
  const id = newId()
  const outcome = await insertNew({ store: prepared(store, async () => ({ id })) }, judged(), rowsOf)
  expect(outcome).toMatchObject({ inserted: true, user: { id } })
  expect((await store.users.list({ limit: 9 })).map(user => user.id)).toEqual([id])
  expect(await store.outbox.claim(NOW, 9, 1)).toMatchObject([{ userId: id }])
})

test('a name that is taken there is taken, and nothing is written', async () => {
  const store = memoryStore()
  const outcome = await insertNew({ store: prepared(store, async () => ({ taken: 'email' })) }, judged(), rowsOf)
  expect(outcome).toEqual({ inserted: false, taken: 'email' })
  expect([await store.users.count(), await store.outbox.size()]).toEqual([0, 0])
})

test('a name that is taken here is taken', async () => {
  const store = memoryStore()
  const same: RowsOf = ({ id }) => ({ newUser: makeUser({ id, identifiers: [{ kind: 'username', key: 'ada' }] }), along: {} })
  await insertNew({ store }, judged(), same)
  expect(await insertNew({ store }, judged(), same)).toEqual({ inserted: false, taken: 'username' })
})
