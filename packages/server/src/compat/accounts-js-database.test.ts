import { describe, expect, test } from 'vitest'
import { passwordCredential, passwordOf } from '../core/identity/credential.ts'
import type { LinkedAccount, StoredPassword } from '../core/identity/credential.ts'
import type { NewUser } from '../core/identity/user.ts'
import { isLive } from '../core/session/session.ts'
import type { Store } from '../core/store.ts'
import { identifiersOf, makeCredential, makeSession, makeToken, makeUser, newId, NOW, openSession } from '../stores/contract/make.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { AdapterInMemory } from '../testing/accounts-js-adapter.ts'
import type { Habits } from '../testing/accounts-js-adapter.ts'
import { accountsJsDatabase } from './accounts-js-database.ts'
import type { AccountsJsDatabaseOptions } from './accounts-js-database.ts'

interface Joint {
  adapter: AdapterInMemory
  beside: Store
  store: Store
}

let now = NOW
const joint = (habits: Habits = 'mongo', options: AccountsJsDatabaseOptions = {}): Joint => {
  const [adapter, beside] = [new AdapterInMemory(habits), memoryStore()]
  return { adapter, beside, store: accountsJsDatabase(adapter, beside, { now: () => now, ...options }) }
}
const bcrypt = (): StoredPassword => ({ form: 'bcrypt', hash: `$2a$10$${newId()}` })
const isOver = async (store: Store, sessionId: string): Promise<boolean> => {
  const found = await store.sessions.find(sessionId)
  return !found || !isLive(found, NOW + 1)
}
const failOn =
  (method: string): ((called: string) => void) =>
  called => {
    if (called === method) throw new Error('the connection broke')
  }

describe('a new user', () => {
  const insert = async (store: Store, made: NewUser = makeUser({ password: bcrypt() })): Promise<string> => {
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
    const made = makeUser({ password: bcrypt(), custom: { plan: 'pro' } })
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
    const password = bcrypt()
    const id = await insert(store, makeUser({ password }))
    expect(passwordOf(await store.users.credentials(id))).toEqual(password)
    expect(JSON.stringify(await beside.users.credentials(id))).not.toContain(password.hash)
  })

  test('of one whom the adapter could not create the names are free again', async () => {
    const { adapter, store } = joint()
    const made = makeUser({ password: bcrypt() })
    adapter.before = failOn('createUser')
    await expect(store.users.prepare?.(made)).rejects.toThrow('the connection broke')
    adapter.before = () => {}
    expect(await insert(store, { ...made, user: { ...made.user, id: newId() } })).toBeTypeOf('string')
  })

  test('of one whose process died half-way the names are free after a minute', async () => {
    const { beside, store } = joint()
    const made = makeUser({ password: bcrypt() })
    await beside.users.insert({ ...made, user: { ...made.user, custom: { claimedAt: NOW } }, credentials: [] })
    const again = (): Promise<unknown> | undefined => store.users.prepare?.({ ...made, user: { ...made.user, id: newId() } })
    now = NOW + 59_000
    expect(await again()).toEqual({ taken: 'email' })
    now = NOW + 61_000
    expect(await again()).toHaveProperty('id')
    now = NOW
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

for (const habits of ['mongo', 'typeorm'] as const) {
  describe(`a user of the old app, in an adapter with the habits of ${habits}`, () => {
    const withUser = async (options: AccountsJsDatabaseOptions = {}): Promise<Joint & { id: string; hash: string }> => {
      const both = joint(habits, options)
      const hash = bcrypt().hash
      const id = await both.adapter.createUser({ username: 'Ada', email: 'Ada@Example.org', password: hash })
      return { ...both, id, hash }
    }

    test('is found by every name, whatever they were seen by first, with the times of their database', async () => {
      for (const first of ['id', 'email', 'username'] as const) {
        const { store, id } = await withUser()
        const keys = { id, email: 'ada@example.org', username: 'ada' }
        const found = await store.users.find({ kind: first, key: keys[first], typed: first === 'username' ? 'Ada' : keys[first] })
        expect(found).toEqual({
          id,
          username: 'Ada',
          emails: [{ address: 'ada@example.org', verified: false }],
          createdAt: 1_500_000_000_000,
          updatedAt: 1_500_000_000_000,
          epoch: 0,
          custom: {},
        })
        for (const kind of ['id', 'email', 'username'] as const) expect((await store.users.find({ kind, key: keys[kind] }))?.id).toBe(id)
      }
    })

    test('who changes the password there loses sessions and reset links here, once', async () => {
      const { adapter, store, id } = await withUser()
      await store.users.find({ kind: 'id', key: id })
      const session = await openSession(store, id)
      const token = makeToken(id)
      await store.tokens.issue(token)
      await adapter.setPassword(id, bcrypt().hash)
      expect(await isOver(store, session.id)).toBe(true)
      expect((await store.users.find({ kind: 'id', key: id }))?.epoch).toBe(1)
      expect(await store.tokens.find(token.hash, token.purpose, NOW)).toBeNull()
      await store.users.find({ kind: 'id', key: id })
      expect((await store.users.find({ kind: 'id', key: id }))?.epoch).toBe(1)
    })

    test('whose password goes away loses sessions too', async () => {
      const { adapter, store, id } = await withUser()
      await store.users.find({ kind: 'id', key: id })
      const session = await openSession(store, id)
      await adapter.unsetService(id, 'password')
      expect(await isOver(store, session.id)).toBe(true)
      expect(await store.users.credentials(id)).toEqual([])
    })

    test('who was deleted there is nobody here, and neither are their sessions', async () => {
      const { adapter, beside, store, id } = await withUser()
      await store.users.find({ kind: 'id', key: id })
      await store.users.putCredential(makeCredential(id))
      const session = await openSession(store, id)
      await adapter.remove(id)
      expect(await store.sessions.find(session.id)).toBeNull()
      expect(await store.sessions.rotate({ ...ROTATION, sessionId: session.id })).toEqual({ outcome: 'over' })
      expect(await store.users.find({ kind: 'email', key: 'ada@example.org' })).toBeNull()
      // A second factor stays with the mirror: a user who only seemed to be gone must not come back without it.
      expect(await beside.users.credentials(id)).toContainEqual(expect.objectContaining({ kind: 'totp' }))
      const heir = await adapter.createUser({ username: 'Ada', email: 'ada@example.org' })
      expect((await store.users.find({ kind: 'email', key: 'ada@example.org' }))?.id).toBe(heir)
      expect((await beside.users.find({ kind: 'email', key: 'ada@example.org' }))?.id).toBe(heir)
    })

    test('who gives up an address there makes room for others here', async () => {
      const { adapter, store, id } = await withUser()
      await store.users.find({ kind: 'id', key: id })
      await adapter.removeEmail(id, 'ada@example.org')
      const other = await adapter.createUser({ username: 'Eve', email: 'eve@example.org' })
      await store.users.find({ kind: 'id', key: other })
      expect(await store.users.addEmail(other, { address: 'ada@example.org', verified: false }, 'ada@example.org', NOW)).toBe('added')
      expect((await store.users.find({ kind: 'email', key: 'ada@example.org' }))?.id).toBe(other)
    })

    test('while our own change of the password is being written no password is good, and it is taken for nobody else’s', async () => {
      const { adapter, store, id } = await withUser()
      await store.users.find({ kind: 'id', key: id })
      const kept = await openSession(store, id)
      const seen: (StoredPassword | null)[] = []
      adapter.before = async method => {
        if (method !== 'setPassword') return
        adapter.before = () => {}
        seen.push(passwordOf(await store.users.credentials(id)))
      }
      const password = bcrypt()
      expect(await store.users.changePassword({ userId: id, password, now: NOW, endSessionsExcept: kept.id })).toBe('changed')
      expect(seen).toEqual([null])
      expect(await isOver(store, kept.id)).toBe(false)
      expect(passwordOf(await store.users.credentials(id))).toEqual(password)
    })

    test('a change that the adapter did not take leaves the old password and no session', async () => {
      const { adapter, store, id, hash } = await withUser()
      await store.users.find({ kind: 'id', key: id })
      const session = await openSession(store, id)
      adapter.before = failOn('setPassword')
      const change = { userId: id, password: bcrypt(), now: NOW, endSessionsExcept: session.id }
      await expect(store.users.changePassword(change)).rejects.toThrow('the connection broke')
      adapter.before = () => {}
      expect(passwordOf(await store.users.credentials(id))?.hash).toBe(hash)
      expect(await isOver(store, session.id)).toBe(true)
    })

    test('a hash that a login strengthens is the one that was verified, or is left alone', async () => {
      const { adapter, store, id, hash } = await withUser({ upgradePasswords: true })
      const next: StoredPassword = { form: 'argon2id-sha256', hash: '$argon2id$next' }
      await adapter.setPassword(id, '$2a$10$newer')
      expect(await store.users.upgradePassword(id, { form: 'bcrypt', hash }, next, NOW)).toBe(false)
      expect(await adapter.findPasswordHash(id)).toBe('$2a$10$newer')
      expect(await store.users.upgradePassword(id, { form: 'bcrypt', hash: '$2a$10$newer' }, next, NOW)).toBe(true)
      expect(passwordOf(await store.users.credentials(id))).toEqual(next)
      expect((await store.users.find({ kind: 'id', key: id }))?.epoch).toBe(0)
    })

    test('an account that the old app linked leads here, without the tokens the provider gave, and goes when it is unlinked there', async () => {
      const { adapter, store, id } = await withUser()
      await adapter.setService(id, 'github', { id: 'g1', login: 'ada', accessToken: 'secret' })
      expect((await store.users.find({ kind: 'oauth:github', key: 'g1' }))?.id).toBe(id)
      const github = (await store.users.credentials(id)).filter(({ kind }) => kind === 'oauth:github')
      expect(github).toMatchObject([{ id: 'g1', data: { profile: { login: 'ada' } } }])
      expect(JSON.stringify(github)).not.toContain('secret')
      await adapter.unsetService(id, 'github')
      expect(await store.users.find({ kind: 'oauth:github', key: 'g1' })).toBeNull()
      expect((await store.users.credentials(id)).map(({ kind }) => kind)).toEqual(['password'])
    })

    test('what the old app keeps of an account is not overwritten by what we keep of it', async () => {
      const { adapter, store, id } = await withUser()
      await adapter.setService(id, 'github', { id: 'g1', accessToken: 'theirs' })
      const [, expected] = await store.users.credentials(id)
      const next = { ...expected, data: { profile: { login: 'Ada' } } } as LinkedAccount
      expect(await store.users.swapCredential({ expected: expected as LinkedAccount, next })).toBe(true)
      expect(adapter.rows.get(id)?.services.get('github')?.options).toEqual({ accessToken: 'theirs' })
      expect(await store.users.credentials(id)).toContainEqual(next)
    })

    test('a second factor of the old app is shown in clear, kept nowhere else, used and removed by one at a time', async () => {
      const { adapter, beside, store, id } = await withUser()
      await adapter.setService(id, 'two-factor', { secret: { base32: 'JBSWY3DPEHPK3PXP' } })
      const shown = (): Promise<unknown> => store.users.credentials(id).then(all => all.find(({ kind }) => kind === 'totp'))
      const before = await shown()
      expect(before).toMatchObject({ form: 'clear-base32', secret: 'JBSWY3DPEHPK3PXP', data: {} })
      const used = { ...(before as ReturnType<typeof makeCredential>), data: { lastStep: 7, recovery: [] } }
      const swap = { expected: before as ReturnType<typeof makeCredential>, next: used }
      const outcomes = await Promise.all([store.users.swapCredential(swap), store.users.swapCredential(swap)])
      expect(outcomes.filter(Boolean)).toHaveLength(1)
      expect(await shown()).toEqual(used)
      expect(JSON.stringify(await beside.users.credentials(id))).not.toContain('JBSWY3DPEHPK3PXP')

      // Set anew by the old app, it is unused again.
      await adapter.setService(id, 'two-factor', { secret: { base32: 'MFRGGZDFMZTWQ2LK' } })
      expect(await shown()).toMatchObject({ secret: 'MFRGGZDFMZTWQ2LK', data: {} })
      expect(await store.users.removeCredential(id, 'totp', '')).toBe(true)
      expect(await store.users.removeCredential(id, 'totp', '')).toBe(false)
      expect([await shown(), adapter.rows.get(id)?.services.has('two-factor')]).toEqual([undefined, false])
      expect(await store.users.swapCredential({ expected: null, next: makeCredential(id) })).toBe(true)
    })

    test('a login asks as much for a name that nobody has', async () => {
      const { adapter, store } = await withUser()
      const lookup = { counts: [], failureKey: null, device: 'x', now: NOW }
      const asked = async (key: string): Promise<number> => {
        let calls = 0
        adapter.before = () => void (calls += 1)
        await store.users.beginLogin({ ...lookup, identifier: { kind: 'email', key } })
        return calls
      }
      await asked('ada@example.org')
      expect(await asked('nobody@example.org')).toBe(await asked('ada@example.org'))
    })

    test('custom fields that are set here are ours from then on', async () => {
      const { store, id } = await withUser()
      expect(await store.users.setCustom(id, { plan: 'pro' }, NOW)).toBe(true)
      expect((await store.users.find({ kind: 'id', key: id }))?.custom).toEqual({ plan: 'pro' })
    })
  })
}

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
    await store.users.changePassword({ userId: ada, password: bcrypt(), now: NOW })
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
    const id = await adapter.createUser({ username: 'Ada', password: bcrypt().hash })
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
    const password = bcrypt()
    await store.users.putCredential(passwordCredential(id, password, NOW))
    expect(await adapter.findPasswordHash(id)).toBe(password.hash)
    expect(passwordOf(await store.users.credentials(id))).toEqual(password)
  })
})

const ROTATION = {
  presented: 'x' as Parameters<Store['sessions']['rotate']>[0]['presented'],
  next: 'y' as Parameters<Store['sessions']['rotate']>[0]['next'],
  now: NOW,
  grace: 0,
  judge: () => true,
  ip: null,
  userAgent: null,
  device: 'x',
  endOnReuse: true,
}
