import { expect, test } from 'vitest'
import type { LinkedAccount } from '../../core/identity/credential.ts'
import type { Store } from '../../core/store.ts'
import { insertUser, makeCredential, makeUser, newId, newPassword, NOW } from './make.ts'
import type { Setup } from './make.ts'
import { newRide } from './ride.ts'

const RACERS = 12

/** Accounts elsewhere that sign in to accounts here. */
export function linksContract({ the }: Setup): void {
  const account = (userId: string, given: Partial<LinkedAccount> = {}): LinkedAccount => ({
    ...makeCredential(userId, { id: newId(), data: { profile: { name: 'Ada' } } }),
    kind: 'oauth:github',
    ...given,
  })
  const always = (): boolean => true

  test('a linked account leads to its user, and is kept with what rides along', async () => {
    const { store } = the
    const user = await insertUser(store)
    const linked = account(user.id)
    const ride = await newRide(store, user.id)
    expect(await store.users.link(linked, always, ride.along)).toBe('linked')
    await ride.expectWritten()
    expect(await store.users.find({ kind: 'oauth:github', key: linked.id })).toStrictEqual(user)
    expect(await store.users.credentials(user.id)).toStrictEqual([linked])
  })

  test('the same subject at another provider is somebody else', async () => {
    const { store } = the
    const [one, other] = [await insertUser(store), await insertUser(store)]
    const linked = account(one.id)
    await store.users.link(linked, always)
    expect(await store.users.find({ kind: 'oauth:google', key: linked.id })).toBeNull()
    expect(await store.users.link(account(other.id, { kind: 'oauth:google', id: linked.id }), always)).toBe('linked')
    expect((await store.users.find({ kind: 'oauth:github', key: linked.id }))?.id).toBe(one.id)
  })

  test('linking again replaces what was kept', async () => {
    const { store } = the
    const user = await insertUser(store)
    const first = account(user.id)
    await store.users.link(first, always)
    const next = { ...first, secret: 'new', data: { profile: { name: 'Ada L.' } }, updatedAt: NOW + 1 }
    expect(await store.users.link(next, always)).toBe('linked')
    expect(await store.users.credentials(user.id)).toStrictEqual([next])
    expect((await store.users.find({ kind: 'oauth:github', key: first.id }))?.id).toBe(user.id)
  })

  test("somebody else's account is taken, an account of nobody is not kept, and nothing is written", async () => {
    const { store } = the
    const [owner, late] = [await insertUser(store), await insertUser(store)]
    const linked = account(owner.id)
    await store.users.link(linked, always)
    for (const [userId, outcome] of [
      [late.id, 'taken'],
      [newId(), 'gone'],
    ] as const) {
      const ride = await newRide(store, userId)
      expect(await store.users.link(account(userId, { id: outcome === 'taken' ? linked.id : newId() }), always, ride.along)).toBe(outcome)
      await ride.expectNothing()
      expect(await store.users.credentials(userId)).toEqual([])
    }
    expect((await store.users.find({ kind: 'oauth:github', key: linked.id }))?.id).toBe(owner.id)
  })

  test('unlinking removes all accounts of one kind, frees them, and leaves the others', async () => {
    const { store } = the
    const user = await insertUser(store, { password: newPassword() })
    const [one, two, other] = [account(user.id), account(user.id), account(user.id, { kind: 'oauth:google' })]
    for (const each of [one, two, other]) await store.users.link(each, always)
    const ride = await newRide(store, user.id)
    const asked: string[] = []
    const judge = (left: readonly { kind: string }[]): boolean => asked.push(...left.map(({ kind }) => kind)) > 0
    expect(await store.users.unlink(user.id, 'oauth:github', judge, ride.along)).toBe('unlinked')
    await ride.expectWritten()
    expect(asked.toSorted()).toEqual(['oauth:google', 'password'])
    expect((await store.users.credentials(user.id)).map(({ kind }) => kind).toSorted()).toEqual(['oauth:google', 'password'])
    expect((await store.users.find({ kind: 'oauth:google', key: other.id }))?.id).toBe(user.id)
    const heir = await insertUser(store)
    for (const { id } of [one, two]) {
      expect(await store.users.find({ kind: 'oauth:github', key: id })).toBeNull()
      expect(await store.users.link(account(heir.id, { id }), always)).toBe('linked')
    }
  })

  test('what may not go stays, and what is not there is missing', async () => {
    const { store } = the
    const user = await insertUser(store)
    const linked = account(user.id)
    await store.users.link(linked, always)
    for (const [userId, kind, judge, outcome] of [
      [user.id, 'oauth:github', () => false, 'refused'],
      [user.id, 'oauth:google', always, 'missing'],
      [newId(), 'oauth:github', always, 'missing'],
    ] as const) {
      const ride = await newRide(store, userId)
      expect(await store.users.unlink(userId, kind, judge, ride.along)).toBe(outcome)
      await ride.expectNothing()
    }
    expect(await store.users.credentials(user.id)).toStrictEqual([linked])
    expect((await store.users.find({ kind: 'oauth:github', key: linked.id }))?.id).toBe(user.id)
  })

  const race = <T>(deed: (store: Store, index: number) => Promise<T>, racers = RACERS): Promise<T[]> =>
    Promise.all(Array.from({ length: racers }, (_, index) => deed(index % 2 === 0 ? the.store : the.second, index)))

  test('of users who link one account at once exactly one has it', async () => {
    const { store } = the
    const users = await Promise.all(Array.from({ length: RACERS }, () => insertUser(store)))
    const id = newId()
    const outcomes = await race((one, index) => one.users.link(account(users[index]?.id ?? '', { id }), always))
    expect(outcomes.toSorted()).toEqual(['linked', ...Array.from({ length: RACERS - 1 }, () => 'taken')])
    const winner = users[outcomes.indexOf('linked')]
    expect((await store.users.find({ kind: 'oauth:github', key: id }))?.id).toBe(winner?.id)
    for (const user of users) expect(await store.users.credentials(user.id)).toHaveLength(user === winner ? 1 : 0)
  })

  test('what may not come is not linked, and what rides along is not written', async () => {
    const { store } = the
    const user = await insertUser(store, { password: newPassword() })
    const [linked, ride, asked] = [account(user.id), await newRide(store, user.id), [] as string[]]
    const judge = (kept: readonly { kind: string }[]): boolean => asked.push(...kept.map(({ kind }) => kind)) < 0
    expect(await store.users.link(linked, judge, ride.along)).toBe('refused')
    await ride.expectNothing()
    expect(asked).toEqual(['password'])
    expect(await store.users.find({ kind: 'oauth:github', key: linked.id })).toBeNull()
    expect((await store.users.credentials(user.id)).map(({ kind }) => kind)).toEqual(['password'])
  })

  test('of accounts at one provider that are linked to a user at once, when one is all they may have, exactly one is', async () => {
    const { store } = the
    const none = (kept: readonly { kind: string }[]): boolean => kept.every(({ kind }) => kind !== 'oauth:github')
    const user = await insertUser(store)
    const ids = Array.from({ length: RACERS }, () => newId())
    const outcomes = await race((each, index) => each.users.link(account(user.id, { id: ids[index] ?? '' }), none))
    expect(outcomes.toSorted()).toEqual(['linked', ...Array.from({ length: RACERS - 1 }, () => 'refused')])
    expect((await store.users.credentials(user.id)).map(({ id }) => id)).toEqual([ids[outcomes.indexOf('linked')]])
  })

  test('of new users who claim one account at once exactly one is made', async () => {
    const id = newId()
    const made = Array.from({ length: RACERS }, () => {
      const { user } = makeUser({ emails: [] })
      delete user.username
      return { user, credentials: [account(user.id, { id })], identifiers: [{ kind: 'oauth:github' as const, key: id }] }
    })
    const outcomes = await race((one, index) => one.users.insert(made[index] ?? makeUser()))
    expect(outcomes.filter(({ inserted }) => inserted)).toHaveLength(1)
    expect(outcomes.filter(({ inserted }) => !inserted)).toEqual(
      Array.from({ length: RACERS - 1 }, () => ({ inserted: false, taken: 'oauth:github' })),
    )
    const winner = await the.store.users.find({ kind: 'oauth:github', key: id })
    for (const { user } of made) expect(await the.store.users.credentials(user.id)).toHaveLength(user.id === winner?.id ? 1 : 0)
  })

  test('of two accounts that are unlinked at once, when one must stay, exactly one goes', async () => {
    const { store } = the
    const one = (left: readonly { kind: string }[]): boolean => left.length > 0
    for (let round = 0; round < 5; round += 1) {
      const user = await insertUser(store)
      for (const kind of ['oauth:github', 'oauth:google'] as const) await store.users.link(account(user.id, { kind }), always)
      const outcomes = await race((each, index) => each.users.unlink(user.id, index === 0 ? 'oauth:github' : 'oauth:google', one), 2)
      expect(outcomes.toSorted()).toEqual(['refused', 'unlinked'])
      expect(await store.users.credentials(user.id)).toHaveLength(1)
    }
  })
}
