import { expect, test } from 'vitest'
import type { Credential } from '../../core/identity/credential.ts'
import { passwordOf } from '../../core/identity/credential.ts'
import { insertUser, makeCredential, newId, newPassword, NOW, withEmpty } from './make.ts'
import type { Setup } from './make.ts'
import { newRide } from './ride.ts'

/** What users prove themselves with. */
export function credentialsContract({ the, open }: Setup): void {
  const byKind = (credentials: Credential[]): Credential[] =>
    credentials.toSorted((a, b) => (`${a.kind} ${a.id}` < `${b.kind} ${b.id}` ? -1 : 1))

  test('credentials are kept side by side by kind and id, and come back whole', async () => {
    const { store } = the
    const user = await insertUser(store)
    const all = [
      makeCredential(user.id, { kind: 'oauth:github', id: newId(), data: { login: 'ada', 'é 🗝': [1, null, { a: true }] } }),
      makeCredential(user.id, { kind: 'passkey', id: 'one', form: 'cose', secret: 'public' }),
      makeCredential(user.id, { kind: 'passkey', id: 'two', form: 'cose', secret: 'public' }),
      makeCredential(user.id, { kind: 'totp' }),
    ]
    const ride = await newRide(store, user.id)
    for (const [index, credential] of all.entries()) await store.users.putCredential(credential, index === 0 ? ride.along : undefined)
    await ride.expectWritten()
    expect(byKind(await store.users.credentials(user.id))).toStrictEqual(all)
  })

  test('putting a credential again replaces it', async () => {
    const { store } = the
    const user = await insertUser(store)
    await store.users.putCredential(makeCredential(user.id, { form: 'old', data: { old: true } }))
    const next = makeCredential(user.id, { secret: 'new', updatedAt: NOW + 1 })
    await store.users.putCredential(next)
    expect(await store.users.credentials(user.id)).toStrictEqual([next])
  })

  test('a credential of nobody is not kept', async () => {
    const { store } = the
    const nobody = newId()
    const ride = await newRide(store, nobody)
    await store.users.putCredential(makeCredential(nobody), ride.along)
    await ride.expectNothing()
    expect(await store.users.credentials(nobody)).toEqual([])
  })

  test('one credential is removed, once, and the others stay', async () => {
    const { store } = the
    const user = await insertUser(store)
    const stays = makeCredential(user.id, { kind: 'passkey', id: 'two' })
    for (const credential of [makeCredential(user.id, { kind: 'passkey', id: 'one' }), stays]) await store.users.putCredential(credential)

    const ride = await newRide(store, user.id)
    expect(await store.users.removeCredential(user.id, 'passkey', 'one', ride.along)).toBe(true)
    await ride.expectWritten()
    const again = await newRide(store, user.id)
    expect(await store.users.removeCredential(user.id, 'passkey', 'one', again.along)).toBe(false)
    await again.expectNothing()
    expect(await store.users.credentials(user.id)).toStrictEqual([stays])
  })

  test('a credential is swapped for another, or for none, only while it is still exactly the one expected', async () => {
    const { store } = the
    const user = await insertUser(store)
    const other = makeCredential(user.id, { kind: 'passkey', id: 'one' })
    const [first, second, third] = [
      { lastStep: 1, recovery: ['a', 'b'] },
      { lastStep: 2, recovery: ['a', 'b'] },
      { lastStep: 2, recovery: ['a'] },
    ].map(data => makeCredential(user.id, { secret: 'sealed', form: 'some', data })) as [Credential, Credential, Credential]
    await store.users.putCredential(other)

    const ride = await newRide(store, user.id)
    expect(await store.users.swapCredential({ expected: null, next: first }, ride.along)).toBe(true)
    await ride.expectWritten()
    expect(byKind(await store.users.credentials(user.id))).toStrictEqual(byKind([first, other]))
    const missed = await newRide(store, user.id)
    for (const expected of [null, second, { ...first, secret: 'else' }, { ...first, updatedAt: NOW + 1 }, { ...first, userId: newId() }])
      expect(await store.users.swapCredential({ expected, next: third }, missed.along)).toBe(false)
    expect(await store.users.swapCredential({ expected: second, next: null }, missed.along)).toBe(false)
    await missed.expectNothing()

    expect(await store.users.swapCredential({ expected: first, next: second })).toBe(true)
    expect(await store.users.swapCredential({ expected: second, next: third })).toBe(true)
    expect(byKind(await store.users.credentials(user.id))).toStrictEqual(byKind([third, other]))
    expect(await store.users.swapCredential({ expected: third, next: null })).toBe(true)
    expect(await store.users.credentials(user.id)).toStrictEqual([other])
  })

  test('a credential of nobody is not swapped in', async () => {
    const { store } = the
    const nobody = newId()
    const ride = await newRide(store, nobody)
    expect(await store.users.swapCredential({ expected: null, next: makeCredential(nobody) }, ride.along)).toBe(false)
    await ride.expectNothing()
    expect(await store.users.credentials(nobody)).toEqual([])
  })

  test('of those who swap the same credential at once exactly one does', async () => {
    const { store, second } = the
    const user = await insertUser(store)
    const swapAll = (expected: Credential | null): Promise<boolean[]> =>
      Promise.all(
        Array.from({ length: 20 }, (_, index) => {
          const next = makeCredential(user.id, { data: { index } })
          return (index % 2 === 0 ? store : second).users.swapCredential({ expected, next })
        }),
      )
    expect((await swapAll(null)).filter(Boolean)).toHaveLength(1)
    const [kept] = await store.users.credentials(user.id)
    expect((await swapAll(kept ?? null)).filter(Boolean)).toHaveLength(1)
    expect(await store.users.credentials(user.id)).toHaveLength(1)
  })

  test('a password hash is strengthened only while it is the one that was verified', async () => {
    const { store } = the
    const [old, next] = [newPassword(), newPassword()]
    const user = await insertUser(store, { password: old })
    expect(await store.users.upgradePassword(user.id, newPassword(), next, NOW + 1)).toBe(false)
    expect(await store.users.upgradePassword(user.id, { ...old, form: 'bcrypt' }, next, NOW + 1)).toBe(false)
    expect(passwordOf(await store.users.credentials(user.id))).toEqual(old)

    expect(await store.users.upgradePassword(user.id, old, next, NOW + 1)).toBe(true)
    const kept = await store.users.credentials(user.id)
    expect(passwordOf(kept)).toEqual(next)
    expect(kept[0]?.updatedAt).toBe(NOW + 1)
    expect(await store.users.upgradePassword(user.id, old, newPassword(), NOW + 2)).toBe(false)
    expect(await store.users.upgradePassword(newId(), old, next, NOW)).toBe(false)
  })

  test('strengthening a hash leaves sessions and epoch alone', async () => {
    const { store } = the
    const password = newPassword()
    const user = await insertUser(store, { password })
    await store.users.upgradePassword(user.id, password, newPassword(), NOW + 1)
    expect((await store.users.find({ kind: 'id', key: user.id }))?.epoch).toBe(user.epoch)
  })

  test('the forms of passwords can be told, at least about', () =>
    withEmpty(open, async store => {
      for (const form of ['argon2id-sha256', 'argon2id-sha256', 'bcrypt'] as const)
        await insertUser(store, { password: { form, hash: newId() } })
      await insertUser(store)
      const forms = await store.users.passwordForms()
      expect(Object.keys(forms).toSorted()).toEqual(['argon2id-sha256', 'bcrypt'])
      for (const count of Object.values(forms)) expect(count).toBeGreaterThan(0)
    }))
}
