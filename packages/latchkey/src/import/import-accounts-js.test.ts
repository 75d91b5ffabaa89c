/** What happens while an import runs, and how it is told. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NewUser, Store } from '@latchkey/server'
import { memoryStore } from '@latchkey/server/stores/memory'
import { addOldUser, typeormDatabase } from '../../testing/accounts-js-database.ts'
import type { OldDatabase } from '../../testing/accounts-js-database.ts'
import { hasPostgres } from '../../../../tools/test/postgres.ts'
import { importAccountsJs } from './import-accounts-js.ts'
import type { ImportReport, Progress } from './import-accounts-js.ts'
import { progressLine } from './progress.ts'
import { dryLook } from './sealer.ts'

let old: OldDatabase

describe.skipIf(!hasPostgres)('while an import runs', () => {
  beforeEach(async () => {
    old = await typeormDatabase()
  })
  afterEach(() => old?.close())

  const importInto = (target: Store, more: { batch?: number; onProgress?: (progress: Progress) => void } = {}): Promise<ImportReport> =>
    importAccountsJs({ url: old.url, write: true, target, sealer: dryLook, hashes: 'bcrypt', now: () => 1_700_000_000_000, ...more })

  /** Does something just before a batch is written. */
  const before = (store: Store, disturb: (users: readonly NewUser[]) => Promise<void>): Store => ({
    ...store,
    users: {
      ...store.users,
      async insertMany(users) {
        await disturb(users)
        return store.users.insertMany(users)
      },
    },
  })

  test('somebody who signs up with a name in between keeps it, and the user is imported without', async () => {
    const id = await addOldUser(old, { username: 'ada', emails: [{ address: 'ada@example.org' }] })
    const store = memoryStore()
    let isFirst = true
    const report = await importInto(
      before(store, async () => {
        if (isFirst) await store.users.insert(newcomer('somebody', 'ada'))
        isFirst = false
      }),
    )
    expect(report.users).toEqual({ read: 1, imported: 1, alreadyThere: 0, changedSince: 0, leftOut: 0 })
    expect(report.notes).toEqual([{ kind: 'username-taken', id, what: 'ada' }])
    expect((await store.users.find({ kind: 'username', key: 'ada' }))?.id).toBe('somebody')
    expect((await store.users.find({ kind: 'email', key: 'ada@example.org' }))?.id).toBe(id)
  })

  test('a user whose id is taken again and again is left out and listed, and the others are not', async () => {
    const id = await addOldUser(old, { username: 'ada', createdAt: '2020-01-01' })
    const other = await addOldUser(old, { username: 'eve' })
    const store = memoryStore()
    const report = await importInto(
      before(store, async users => {
        if (users.some(({ user }) => user.id === id)) await store.users.insert(newcomer(id, `name${Math.random()}`))
      }),
    )
    expect(report.users).toMatchObject({ imported: 1, leftOut: 1 })
    expect(report.notes).toEqual([{ kind: 'not-written', id, what: 'ada' }])
    expect(await store.users.find({ kind: 'id', key: other })).not.toBeNull()
  })

  test('nothing is written to the old database, and what is written to it meanwhile is not seen', async () => {
    for (const name of ['a', 'b', 'c']) await addOldUser(old, { username: name })
    const rows = (): Promise<unknown> => old.query('select xmin::text, * from "user" order by id')
    const unchanged = await rows()
    const store = memoryStore()
    const report = await importInto(
      before(store, async () => {
        await old.query(`insert into "user" (username, "createdAt") values ('late', '2030-01-01')`)
      }),
      { batch: 1 },
    )
    expect(report.users).toMatchObject({ read: 3, imported: 3 })
    await old.query(`delete from "user" where username = 'late'`)
    expect(await rows()).toEqual(unchanged)
  })

  test('progress is told after each batch', async () => {
    for (const name of ['a', 'b', 'c']) await addOldUser(old, { username: name })
    const told: Progress[] = []
    await importInto(memoryStore(), { batch: 2, onProgress: progress => told.push(progress) })
    expect(told).toEqual([
      { done: 2, of: 3 },
      { done: 3, of: 3 },
    ])
  })
})

test('the line of progress says how fast, and how long still', () => {
  let now = 0
  let shown = ''
  const tell = progressLine(
    text => void (shown = text),
    () => now,
  )
  now = 2000
  tell({ done: 1000, of: 31_000 })
  expect(shown).toBe('\r1000 of 31000 users, 500 a second, 60 s left\u001B[K')
  now = 4000
  tell({ done: 1000, of: 1_000_000 })
  expect(shown).toContain('250 a second, 67 min left')
  tell({ done: 31_000, of: 31_000 })
  expect(shown.endsWith('\n')).toBe(true)
})

const newcomer = (id: string, username: string): NewUser => ({
  user: { id, username, emails: [], createdAt: 1, updatedAt: 1, epoch: 0, custom: {} },
  credentials: [],
  identifiers: [{ kind: 'username', key: username }],
})
