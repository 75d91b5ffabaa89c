import { describe, expect, test } from 'vitest'
import { AccountsServer } from '../accounts-server.ts'
import { passwordCredential, passwordOf } from '../core/identity/credential.ts'
import type { NewUser } from '../core/identity/user.ts'
import { isLive } from '../core/session/session.ts'
import type { Store } from '../core/store.ts'
import { identifiersOf, makeSession, makeUser, newId, NOW } from '../stores/contract/make.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { AccountsPassword } from '../strategies/password/index.ts'
import { AdapterInMemory, bcryptLike, failOn, joint } from '../testing/accounts-js-adapter.ts'
import type { Habits, Joint } from '../testing/accounts-js-adapter.ts'
import { accountsJsDatabase } from './accounts-js-database.ts'

const isOver = async (store: Store, sessionId: string): Promise<boolean> => {
  const found = await store.sessions.find(sessionId)
  return !found || !isLive(found, NOW + 1)
}

describe('a new user', () => {
  const insert = async (store: Store, made: NewUser = makeUser({ password: bcryptLike() })): Promise<string> => {
    const prepared = await store.users.prepare?.(made)
    if (!prepared || 'taken' in prepared) throw new Error('taken')
    const named = {
      ...made,
      user: { ...made.user, id: prepared.id },
      credentials: made.credentials.map(one => ({ ...one, userId: prepared.id })),
    }
    expect(await store.users.insert(named)).toEqual({ inserted: true })
    return prepared.id
  }

  test('has the id that the adapter gave, and what the adapter cannot hold beside it', async () => {
    const { adapter, store, beside } = joint('typeorm')
    const made = makeUser({ password: bcryptLike(), custom: { plan: 'pro' } })
    const id = await insert(store, made)
    expect(id).not.toBe(made.user.id)
    expect([...adapter.rows.keys()]).toEqual([id])
    expect(await store.users.find({ kind: 'id', key: id })).toStrictEqual({ ...made.user, id })
    expect(await beside.users.count()).toBe(1)
  })

  test('is refused under an id of ours, so that nothing is written for somebody who is not there', async () => {
    await expect(joint().store.users.insert(makeUser())).rejects.toMatchObject({ code: 'InvalidSettings' })
  })

  test('leaves no hash beside the one in the adapter', async () => {
    const { store, beside } = joint()
    const password = bcryptLike()
    const id = await insert(store, makeUser({ password }))
    expect(passwordOf(await store.users.credentials(id))).toEqual(password)
    expect(JSON.stringify(await beside.users.credentials(id))).not.toContain(password.hash)
  })

  test('of one whom the adapter could not create the names are free again', async () => {
    const { adapter, store } = joint()
    const made = makeUser({ password: bcryptLike() })
    adapter.before = failOn('createUser')
    await expect(store.users.prepare?.(made)).rejects.toThrow('the connection broke')
    adapter.before = () => {}
    expect(await insert(store, { ...made, user: { ...made.user, id: newId() } })).toBeTypeOf('string')
  })

  test('of one whose process died half-way the names are free after a minute', async () => {
    const { beside, clock, store } = joint()
    const made = makeUser({ password: bcryptLike() })
    await beside.users.insert({ ...made, user: { ...made.user, custom: { claimedAt: NOW } }, credentials: [] })
    const again = (): Promise<unknown> | undefined => store.users.prepare?.({ ...made, user: { ...made.user, id: newId() } })
    clock.now = NOW + 59_000
    expect(await again()).toEqual({ taken: 'email' })
    clock.now = NOW + 61_000
    expect(await again()).toHaveProperty('id')
  })

  test('is refused a password that the old app could not read, unless it is gone', async () => {
    const { store } = joint()
    const foreign = makeUser({ password: { form: 'argon2id-sha256', hash: '$argon2id$x' } })
    await expect(store.users.prepare?.(foreign)).rejects.toMatchObject({ code: 'InvalidSettings' })
    const id = await insert(store)
    const change = { userId: id, password: { form: 'argon2id-sha256', hash: '$argon2id$y' }, now: NOW } as const
    await expect(store.users.changePassword(change)).rejects.toMatchObject({ code: 'InvalidSettings' })
    expect(store.passwordForm).toBe('bcrypt')
    const upgrading = joint('mongo', { upgradePasswords: true }).store
    expect(upgrading.passwordForm).toBeUndefined()
    expect(await insert(upgrading, foreign)).toBeTypeOf('string')
  })
})

describe('a name that is being given or taken', () => {
  const two = async (habits: Habits): Promise<Joint & { ada: string; eve: string }> => {
    const both = joint(habits)
    const [ada, eve] = [
      await both.adapter.createUser({ username: 'Ada', email: 'ada@example.org' }),
      await both.adapter.createUser({ username: 'Eve' }),
    ]
    for (const key of [ada, eve]) await both.store.users.find({ kind: 'id', key })
    return { ...both, ada, eve }
  }
  /** Does something else at the moment when our store has written and the adapter has not. */
  const meanwhile = ({ adapter }: Joint, method: string, deed: () => Promise<unknown>): Promise<unknown> =>
    new Promise(resolve => {
      adapter.before = async called => {
        if (called !== method) return
        adapter.before = () => {}
        resolve(await deed())
      }
    })

  test('cannot be snatched by another before the adapter has it', async () => {
    const both = await two('typeorm')
    const { store, ada, eve } = both
    const other = meanwhile(both, 'setUsername', () => store.users.setUsername(eve, 'Wanted', 'wanted', NOW))
    expect(await store.users.setUsername(ada, 'Wanted', 'wanted', NOW)).toBe('set')
    expect(await other).toBe('taken')
    expect((await store.users.find({ kind: 'username', key: 'wanted', typed: 'Wanted' }))?.id).toBe(ada)
  })

  test('is not put back by a read before the adapter lost it', async () => {
    const both = await two('mongo')
    const { beside, store, ada } = both
    await both.adapter.setService(ada, 'github', { id: 'g1' })
    await store.users.find({ kind: 'id', key: ada })
    for (const [method, deed, name] of [
      ['removeEmail', () => store.users.removeEmail(ada, 'ada@example.org', NOW), { kind: 'email', key: 'ada@example.org' }],
      ['unsetService', () => store.users.unlink(ada, 'oauth:github', () => true), { kind: 'oauth:github', key: 'g1' }],
    ] as const) {
      const read = meanwhile(both, method, async () => {
        await store.users.find({ kind: 'id', key: ada })
        return beside.users.find(name)
      })
      await deed()
      expect(await read).toBeNull()
      expect(await beside.users.find(name)).toBeNull()
    }
  })

  test('leaves no note behind', async () => {
    const { beside, store, ada } = await two('mongo')
    await store.users.setUsername(ada, 'Lovelace', 'lovelace', NOW)
    await store.users.replaceEmail(ada, 'ada@example.org', { address: 'a@example.org', verified: false }, 'a@example.org', NOW)
    await store.users.changePassword({ userId: ada, password: bcryptLike(), now: NOW })
    expect((await beside.users.credentials(ada)).map(({ kind }) => kind)).toEqual(['password'])
  })
})

describe('an accounts-js database', () => {
  test('keeps two users of the old app apart whose names differ by case alone', async () => {
    const { adapter, store } = joint('mongo')
    const [ada, ADA] = [await adapter.createUser({ username: 'ada' }), await adapter.createUser({ username: 'ADA' })]
    const find = async (typed: string): Promise<string | undefined> => (await store.users.find({ kind: 'username', key: 'ada', typed }))?.id
    for (let round = 0; round < 2; round += 1) expect([await find('ada'), await find('ADA')]).toEqual([ada, ADA])
    expect((await store.users.find({ kind: 'id', key: ADA }))?.username).toBe('ADA')
  })

  test('deletes users only where it is told how to', async () => {
    const { adapter, store } = joint()
    const id = await adapter.createUser({ username: 'Ada' })
    await expect(store.users.remove(id, NOW)).rejects.toMatchObject({ code: 'InvalidSettings' })
    expect(adapter.rows.has(id)).toBe(true)
    const able = accountsJsDatabase(adapter, memoryStore(), { removeUser: adapter.remove })
    await able.users.find({ kind: 'id', key: id })
    expect(await able.users.remove(id, NOW)).toBe(true)
    expect(adapter.rows.has(id)).toBe(false)
  })

  test('refuses an option that it does not know, and what is no adapter', () => {
    expect(() => accountsJsDatabase(new AdapterInMemory('mongo'), memoryStore(), { upgrade: true } as object)).toThrow(
      'Unknown option "upgrade"',
    )
    expect(() => accountsJsDatabase({} as AdapterInMemory, memoryStore())).toThrow('it lacks createUser')
  })

  test('has no bus, because nobody tells what the old app writes, and asks both databases how they are', async () => {
    const { adapter, beside, store } = joint()
    expect(store.bus).toBeUndefined()
    expect(store.name).toBe('accounts-js + memory')
    await store.ping()
    adapter.before = failOn('findUserByEmail')
    await expect(store.ping()).rejects.toThrow('the connection broke')
    await expect(
      accountsJsDatabase(new AdapterInMemory('mongo'), { ...beside, ping: () => Promise.reject(new Error('down')) }).ping(),
    ).rejects.toThrow('down')
  })

  test('does not answer as if there were no user when the adapter fails', async () => {
    const { adapter, store } = joint()
    const id = await adapter.createUser({ username: 'Ada', password: bcryptLike().hash })
    await store.users.find({ kind: 'id', key: id })
    const session = makeSession(id)
    await store.sessions.open(session)
    adapter.before = failOn('findUserById')
    await expect(store.sessions.find(session.id)).rejects.toThrow('the connection broke')
    adapter.before = failOn('findPasswordHash')
    await expect(store.users.credentials(id)).rejects.toThrow('the connection broke')
    adapter.before = () => {}
    expect(await isOver(store, session.id)).toBe(false)
  })

  test('draws decoys from what accounts-js makes until it has seen users', async () => {
    expect(await joint().store.users.passwordForms()).toEqual({ bcrypt: 1 })
  })

  test('lists the users it has seen, as they are', async () => {
    const { adapter, store } = joint()
    const [seen, unseen] = [await adapter.createUser({ username: 'Seen' }), await adapter.createUser({ username: 'Unseen' })]
    await store.users.find({ kind: 'id', key: seen })
    expect((await store.users.list({ limit: 10 })).map(({ id }) => id)).toEqual([seen])
    expect(await store.users.count()).toBe(1)
    expect(identifiersOf(await store.users.find({ kind: 'id', key: unseen }).then(user => user ?? makeUser().user))).toContainEqual({
      kind: 'username',
      key: 'unseen',
    })
  })

  test('puts a password as a credential like any change of it', async () => {
    const { adapter, store } = joint()
    const id = await adapter.createUser({ username: 'Ada' })
    const password = bcryptLike()
    await store.users.putCredential(passwordCredential(id, password, NOW))
    expect(await adapter.findPasswordHash(id)).toBe(password.hash)
    expect(passwordOf(await store.users.credentials(id))).toEqual(password)
  })
})

test('an adapter is given to AccountsServer as it is, with a store for all else', async () => {
  const [adapter, sessionsDb] = [new AdapterInMemory('typeorm'), memoryStore()]
  const options = { db: adapter, sessionsDb, tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz' }
  const server = new AccountsServer(options, { password: new AccountsPassword({ bcryptRounds: 4 }) })
  const { id } = await server.accounts.createUser({ username: 'Ada', password: 'correct horse battery staple' })
  expect(await adapter.findPasswordHash(id)).toMatch(/^\$2a\$04\$/)
  const login = await server.loginWithService('password', { user: { username: 'Ada' }, password: 'correct horse battery staple' }, {})
  expect((await server.resumeSession(login.tokens.accessToken)).id).toBe(id)
  expect(await sessionsDb.sessions.list(id, 0)).toHaveLength(1)
  await server.stop()
})
