/** What is done here is done in the old app's database, by the method that accounts-js has for it. */
import { beforeEach, describe, expect, test } from 'vitest'
import { isLive } from '../core/session/session.ts'
import { makeToken, makeUser, NOW, openSession } from '../stores/contract/make.ts'
import { bcryptLike, joint } from '../testing/accounts-js-adapter.ts'
import type { Joint } from '../testing/accounts-js-adapter.ts'

const ADDRESS = 'ada@example.org'
type Row = NonNullable<ReturnType<Joint['adapter']['rows']['get']>>

describe.each(['mongo', 'typeorm'] as const)('in an adapter with the habits of %s', habits => {
  let both: Joint
  let id: string
  beforeEach(async () => {
    both = joint(habits)
    id = await both.adapter.createUser({ username: 'Ada', email: ADDRESS, password: bcryptLike().hash })
  })
  const row = (): Row | undefined => both.adapter.rows.get(id)

  test('a new user is created there, with name, address, hash, and fields of the app’s own', async () => {
    const password = bcryptLike()
    const made = makeUser({ password, custom: { plan: 'pro' } })
    const prepared = await both.store.users.prepare?.(made)
    const created = prepared && 'id' in prepared ? both.adapter.rows.get(prepared.id) : undefined
    expect(created).toMatchObject({
      username: made.user.username,
      emails: made.user.emails.map(({ address }) => ({ address: address.toLowerCase(), verified: false })),
      // An entity of TypeORM has no column for it; then it is kept here alone.
      custom: habits === 'mongo' ? { plan: 'pro' } : {},
    })
    expect(created?.services.get('password')?.options).toEqual({ bcrypt: password.hash })
  })

  test('a name set here is the one there', async () => {
    expect(await both.store.users.setUsername(id, 'Lovelace', 'lovelace', NOW)).toBe('set')
    expect(row()?.username).toBe('Lovelace')
  })

  test('an address added here is one there, and goes when it is removed here', async () => {
    const email = { address: 'Countess@Example.org', verified: false }
    expect(await both.store.users.addEmail(id, email, 'countess@example.org', NOW)).toBe('added')
    expect(row()?.emails).toContainEqual({ address: 'countess@example.org', verified: false })
    expect(await both.store.users.removeEmail(id, ADDRESS, NOW)).toBe('removed')
    expect(row()?.emails.map(({ address }) => address)).toEqual(['countess@example.org'])
  })

  test('an address verified here is verified there', async () => {
    const token = { ...makeToken(id), purpose: 'verify-email', address: ADDRESS } as const
    await both.store.tokens.issue(token)
    expect(await both.store.users.verifyEmail(token.hash, NOW)).toMatchObject({ outcome: 'verified' })
    expect(row()?.emails).toEqual([{ address: ADDRESS, verified: true }])
  })

  test('a password set here is the one there', async () => {
    const password = bcryptLike()
    expect(await both.store.users.changePassword({ userId: id, password, now: NOW })).toBe('changed')
    expect(row()?.services.get('password')?.options).toEqual({ bcrypt: password.hash })
  })

  test('an account linked here is linked there, and goes when it is unlinked here', async () => {
    const account = {
      userId: id,
      kind: 'oauth:github',
      id: 'g1',
      data: { profile: { login: 'ada' } },
      createdAt: NOW,
      updatedAt: NOW,
    } as const
    expect(await both.store.users.link(account, () => true)).toBe('linked')
    expect(row()?.services.get('github')).toMatchObject({ id: 'g1' })
    expect(await both.store.users.unlink(id, 'oauth:github', () => true)).toBe('unlinked')
    expect(row()?.services.has('github')).toBe(false)
  })

  test('who is deactivated here is so there, and the reverse ends sessions here', async () => {
    expect(await both.store.users.setDeactivated(id, true, NOW)).toBe(true)
    expect(row()?.deactivated).toBe(true)
    await both.store.users.setDeactivated(id, false, NOW)
    expect(row()?.deactivated).toBe(false)

    const session = await openSession(both.store, id)
    await both.adapter.setUserDeactivated(id, true)
    const found = await both.store.sessions.find(session.id)
    expect(found && isLive(found, NOW + 1)).toBeFalsy()
    expect((await both.store.users.find({ kind: 'id', key: id }))?.deactivatedAt).toBeTypeOf('number')
  })

  test('verified flags and names that the old app changes are ours at the next look', async () => {
    await both.store.users.find({ kind: 'id', key: id })
    await both.adapter.verifyEmail(id, ADDRESS)
    await both.adapter.setUsername(id, 'Lovelace')
    await both.adapter.addEmail(id, 'new@example.org', false)
    expect(await both.store.users.find({ kind: 'email', key: 'new@example.org' })).toMatchObject({
      username: 'Lovelace',
      emails: [
        { address: ADDRESS, verified: true },
        { address: 'new@example.org', verified: false },
      ],
    })
    // Somebody else may have the old name from now on.
    expect((await both.beside.users.find({ kind: 'username', key: 'ada' }))?.id).toBeUndefined()
  })

  test('an id of ours is handed over where the adapter takes one', async () => {
    const { adapter, store } = joint(habits, { idField: habits === 'mongo' ? '_id' : 'id' })
    const made = makeUser({ password: bcryptLike() })
    expect(await store.users.insert(made)).toEqual({ inserted: true })
    expect([...adapter.rows.keys()]).toEqual([made.user.id])
  })
})
