import { expect, test } from 'vitest'
import type { Identifier } from '../../core/identity/user.ts'
import { insertUser, makeCredential, makeUser, newId, newPassword } from './make.ts'
import type { Setup } from './make.ts'

/** Users who come in numbers, from another system. */
export function manyUsersContract({ the }: Setup): void {
  test('many users are inserted at once, each as they would be alone', async () => {
    const { store } = the
    const oauth: Identifier = { kind: 'oauth:github', key: newId() }
    const made = Array.from({ length: 120 }, () => makeUser({ password: newPassword(), custom: { ключ: ["'; drop table users", null] } }))
    const [first, second] = [made[0], made[1]]
    first?.identifiers.push(oauth)
    first?.credentials.push(makeCredential(first.user.id, { kind: oauth.kind, id: oauth.key, data: { name: 'Ada' } }))
    second?.credentials.push(makeCredential(second.user.id, { form: 'base32' }))
    if (second) second.user.deactivatedAt = 1_700_000_000_123

    expect(await store.users.insertMany(made)).toEqual(made.map(() => ({ inserted: true })))

    for (const { user, credentials, identifiers } of made) {
      expect(await store.users.find({ kind: 'id', key: user.id })).toStrictEqual(user)
      for (const identifier of identifiers) expect((await store.users.find(identifier))?.id).toBe(user.id)
      const kept = await store.users.credentials(user.id)
      expect(kept).toHaveLength(credentials.length)
      expect(kept).toEqual(expect.arrayContaining(credentials))
    }
  })

  test('nobody is inserted by an empty list', async () => {
    expect(await the.store.users.insertMany([])).toEqual([])
  })

  test('a user without username and e-mail has neither field, also among many', async () => {
    const { store } = the
    const { username: _, ...bare } = { ...makeUser().user, emails: [] }
    expect(await store.users.insertMany([{ user: bare, credentials: [], identifiers: [] }, makeUser()])).toEqual([
      { inserted: true },
      { inserted: true },
    ])
    expect(await store.users.find({ kind: 'id', key: bare.id })).toStrictEqual(bare)
  })

  test('of many, those whose id or key is taken are left out whole, and the others are inserted', async () => {
    const { store } = the
    const owner = await insertUser(store)
    const taken = (kind: Identifier['kind']): Identifier => ({ kind, key: owner.username?.toLowerCase() ?? '' })
    const [before, sameId, sameName, after] = [makeUser(), makeUser({ id: owner.id }), makeUser({ password: newPassword() }), makeUser()]
    const free: Identifier = { kind: 'email', key: `${newId()}@example.org` }
    sameName.identifiers = [free, taken('username')]

    expect(await store.users.insertMany([before, sameId, sameName, after])).toEqual([
      { inserted: true },
      { inserted: false, taken: 'id' },
      { inserted: false, taken: 'username' },
      { inserted: true },
    ])

    expect(await store.users.find({ kind: 'id', key: owner.id })).toStrictEqual(owner)
    expect(await store.users.find(taken('username'))).toStrictEqual(owner)
    expect(await store.users.find({ kind: 'id', key: sameName.user.id })).toBeNull()
    expect(await store.users.credentials(sameName.user.id)).toEqual([])
    // The key they did get is free again.
    expect(await store.users.insert(makeUser({ identifiers: [free] }))).toEqual({ inserted: true })
    for (const { user } of [before, after]) expect(await store.users.find({ kind: 'id', key: user.id })).toStrictEqual(user)
  })

  test('of two in one list with one key the earlier is inserted', async () => {
    const { store } = the
    const [early, late] = [makeUser(), makeUser()]
    late.identifiers = [...late.identifiers, ...early.identifiers]
    expect(await store.users.insertMany([early, late])).toEqual([
      { inserted: true },
      { inserted: false, taken: early.identifiers[0]?.kind },
    ])
    expect((await store.users.find(early.identifiers[0] ?? { kind: 'id', key: '' }))?.id).toBe(early.user.id)
    expect(await store.users.find({ kind: 'id', key: late.user.id })).toBeNull()
  })

  test('lists that meet in their keys each insert somebody, and nobody twice', async () => {
    const { store, second } = the
    const keys = Array.from({ length: 20 }, (): Identifier => ({ kind: 'username', key: newId().toLowerCase() }))
    const list = (order: Identifier[]) => order.map(key => makeUser({ identifiers: [key] }))
    const outcomes = await Promise.all([store.users.insertMany(list(keys)), second.users.insertMany(list(keys.toReversed()))])
    expect(outcomes.flat().filter(({ inserted }) => inserted)).toHaveLength(keys.length)
    for (const key of keys) expect(await store.users.find(key)).not.toBeNull()
  })
}
