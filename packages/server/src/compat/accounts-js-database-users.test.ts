import { describe, expect, test } from 'vitest'
import { passwordOf } from '../core/identity/credential.ts'
import type { LinkedAccount, StoredPassword } from '../core/identity/credential.ts'
import { isLive } from '../core/session/session.ts'
import type { Store } from '../core/store.ts'
import { makeCredential, makeToken, NOW, openSession } from '../stores/contract/make.ts'
import { bcryptLike, failOn, joint } from '../testing/accounts-js-adapter.ts'
import type { Joint } from '../testing/accounts-js-adapter.ts'
import type { AccountsJsDatabaseOptions } from './accounts-js-database.ts'

const isOver = async (store: Store, sessionId: string): Promise<boolean> => {
  const found = await store.sessions.find(sessionId)
  return !found || !isLive(found, NOW + 1)
}

for (const habits of ['mongo', 'typeorm'] as const) {
  describe(`a user of the old app, in an adapter with the habits of ${habits}`, () => {
    const withUser = async (options: AccountsJsDatabaseOptions = {}): Promise<Joint & { id: string; hash: string }> => {
      const both = joint(habits, options)
      const hash = bcryptLike().hash
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
      await adapter.setPassword(id, bcryptLike().hash)
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
      const password = bcryptLike()
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
      const change = { userId: id, password: bcryptLike(), now: NOW, endSessionsExcept: session.id }
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

    test('a second factor is due also where the adapter, asked by a name, leaves services out', async () => {
      const { adapter, store, id } = await withUser()
      await adapter.setService(id, 'two-factor', { secret: { base32: 'JBSWY3DPEHPK3PXP' } })
      const { findUserByEmail } = adapter
      adapter.findUserByEmail = async email => {
        const { services: _, allServices: __, ...rest } = ((await findUserByEmail(email)) ?? {}) as Record<string, unknown>
        return rest
      }
      const lookup = { counts: [], failureKey: null, device: 'x', now: NOW }
      for (const identifier of [
        { kind: 'email', key: 'ada@example.org' } as const,
        { kind: 'username', key: 'ada', typed: 'Ada' } as const,
      ]) {
        const { credentials } = await store.users.beginLogin({ ...lookup, identifier })
        expect(credentials.map(({ kind }) => kind).toSorted()).toEqual(['password', 'totp'])
      }
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
