import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { expect, onTestFinished, test } from 'vitest'
import { insertUser, makeSession, NOW, openSession } from '../../contract/make.ts'
import type { SqlStore } from '../store.ts'
import { sqliteStore } from './store.ts'
import type { SqliteStoreOptions } from './store.ts'

const NOT_OPEN = 'the sqlite store is not open: call open() first'

test('a new file, its log and its folder are readable by their owner alone', async () => {
  const path = join(newFolder(), 'deep', 'accounts.db')
  await insertUser(await openStore({ path }))
  for (const file of [path, `${path}-wal`, `${path}-shm`]) expect([file, statSync(file).mode & 0o777]).toEqual([file, 0o600])
  expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
})

test('an option that does not exist, both of two, and none of two are refused by name', () => {
  const refused =
    (options: object): (() => unknown) =>
    () =>
      sqliteStore(options)
  expect(refused({ path: 'x', pth: 'y' })).toThrow('Unknown option "pth" of sqliteStore. Did you mean "path"?')
  expect(refused({})).toThrow(/path or database/)
  expect(refused({ path: 'x', database: new Database(':memory:') })).toThrow(/path or database/)
  expect(refused({ path: 'x', collection: 'a b' })).toThrow(/collection/)
  expect(refused({ path: 'x', prefix: 'a"b' })).toThrow(/prefix/)
})

test('construction opens nothing, and a store that is not open says so', async () => {
  const path = join(newFolder(), 'accounts.db')
  const store = sqliteStore({ path })
  expect(existsSync(path)).toBe(false)
  await expect(store.users.count()).rejects.toHaveProperty('detail', NOT_OPEN)
  await store.open()
  expect(await store.users.count()).toBe(0)
  await store.close()
  await expect(store.ping()).rejects.toHaveProperty('detail', NOT_OPEN)
  // What was closed can be opened again.
  await store.open()
  await expect(store.ping()).resolves.toBeUndefined()
  await store.close()
})

test('a database that somebody else opened serves as well', async () => {
  const store = await openStore({ database: async () => new Database(':memory:') })
  const user = await insertUser(store)
  expect(await store.users.find({ kind: 'id', key: user.id })).toEqual(user)
})

test('a store on one collection neither sees nor touches what belongs to another', async () => {
  const path = join(newFolder(), 'accounts.db')
  const [users, admins] = [await openStore({ path }), await openStore({ path, collection: 'admins' })]
  const user = await insertUser(users)
  // The same id, the same name: they do not meet.
  const admin = await insertUser(admins, user)
  const session = await openSession(users, user.id)
  await openSession(admins, admin.id, session)
  await admins.sessions.endAll(admin.id, 'revoked', NOW + 1)
  await admins.users.setCustom(admin.id, { role: 'root' }, NOW + 1)
  expect(await users.sessions.find(session.id)).toMatchObject({ session: { epoch: 0 }, user: { epoch: 0, custom: {} } })
  expect((await users.sessions.find(session.id))?.session.endedAt).toBeUndefined()
  await admins.users.remove(admin.id, NOW + 2)
  expect(await users.users.find({ kind: 'id', key: user.id })).toEqual(user)
  expect(await admins.users.count()).toBe(0)
})

test('two prefixes share one file', async () => {
  const path = join(newFolder(), 'accounts.db')
  const [one, other] = [await openStore({ path }), await openStore({ path, prefix: 'other_' })]
  await insertUser(one)
  expect([await one.users.count(), await other.users.count()]).toEqual([1, 0])
})

test('while another process holds the file, deeds wait and the event loop turns; reads do not wait', async () => {
  const path = join(newFolder(), 'accounts.db')
  const store = await openStore({ path })
  const user = await insertUser(store)
  const other = new Database(path)
  onTestFinished(() => void other.close())
  other.exec('begin immediate')

  let done = false
  const waiting = store.users.setCustom(user.id, { plan: 'pro' }, NOW).then(() => (done = true))
  for (let turns = 0; turns < 50; turns += 1) await new Promise(resolve => setImmediate(resolve))
  expect(done).toBe(false)
  expect((await store.users.find({ kind: 'id', key: user.id }))?.custom).toEqual({})
  other.exec('commit')
  await waiting
  expect((await store.users.find({ kind: 'id', key: user.id }))?.custom).toEqual({ plan: 'pro' })
})

test('a revocation by another process counts at the very next check', async () => {
  const path = join(newFolder(), 'accounts.db')
  const [here, there] = [await openStore({ path }), await openStore({ path })]
  const session = await openSession(here, (await insertUser(here)).id)
  const heard: (string | null)[] = []
  await here.bus?.open()
  here.bus?.listen(userId => void heard.push(userId))
  expect(here.bus?.trusted()).toBe(true)
  expect(heard).toEqual([])
  await there.sessions.end(session.id, 'logout', NOW)
  expect(here.bus?.trusted()).toBe(true)
  expect(heard).toEqual([null])
  // Our own writes are no news.
  await insertUser(here)
  expect(here.bus?.trusted()).toBe(true)
  expect(heard).toEqual([null])
})

test('a deed that was refused once is not refused ever after', async () => {
  const store = await openStore({ path: ':memory:' })
  const user = await insertUser(store)
  const session = await openSession(store, user.id)
  for (let tries = 0; tries < 2; tries += 1) await expect(store.sessions.open(session)).rejects.toThrow('UNIQUE')
  const next = await openSession(store, user.id)
  expect((await store.sessions.find(next.id))?.session.id).toBe(next.id)
})

test('a sweep of many rows lets others go first in between', async () => {
  const store = await openStore({ path: ':memory:' })
  const user = await insertUser(store)
  await Promise.all(Array.from({ length: 3000 }, () => store.sessions.open(makeSession(user.id, { expiresAt: NOW - 1 }))))
  let [turns, sweeping] = [0, true]
  const turn = (): void => {
    turns += 1
    if (sweeping) setImmediate(turn)
  }
  setImmediate(turn)
  expect(await store.sessions.sweep(NOW, 0, 2500)).toBe(2500)
  sweeping = false
  expect(turns).toBeGreaterThan(2)
  expect(await store.sessions.sweep(NOW, 0, 2500)).toBe(500)
})

test('text that the database could not keep whole is kept as well as it can be', async () => {
  const store = await openStore({ path: join(newFolder(), 'accounts.db') })
  const user = await insertUser(store)
  const session = await openSession(store, user.id, { userAgent: 'a\0b\uD800c 🗝' })
  expect((await store.sessions.find(session.id))?.session.userAgent).toBe('a\uFFFDb\uFFFDc 🗝')
  expect(await store.users.find({ kind: 'username', key: 'a\0b' })).toBeNull()
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

async function openStore(options: SqliteStoreOptions): Promise<SqlStore> {
  const store = sqliteStore(options)
  onTestFinished(() => store.close())
  await store.open()
  return store
}
