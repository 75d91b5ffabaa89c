import { expect, test } from 'vitest'
import { insertUser, makeToken, MINUTE, newHash, newId, NOW, openSession, withEmpty } from './make.ts'
import type { Setup } from './make.ts'

/** Name spaces of one database. A store that has none is passed over. */
export function collectionsContract({ open }: Setup): void {
  test('the same name, address and id are free in another collection, and nobody is seen from there', () =>
    withEmpty(open, async store => {
      const other = store.inCollection?.(newId())
      if (!other) return
      await other.open()
      const user = await insertUser(store)
      expect(await other.users.find({ kind: 'id', key: user.id })).toBeNull()
      expect([await other.users.count(), await other.users.list({ limit: 9 })]).toEqual([0, []])
      const twin = await insertUser(other, user)
      expect(twin.emails).toEqual(user.emails)
      await other.users.setCustom(user.id, { theirs: true }, NOW + 1)
      expect(await store.users.find({ kind: 'id', key: user.id })).toStrictEqual(user)
      expect(await other.users.remove(user.id, NOW + 2)).toBe(true)
      expect([await store.users.count(), await other.users.count()]).toEqual([1, 0])
      await other.close()
    }))

  test('sessions and links of one collection are worth nothing in another', () =>
    withEmpty(open, async store => {
      const other = store.inCollection?.(newId())
      if (!other) return
      await other.open()
      const user = await insertUser(store)
      await insertUser(other, user)
      const resumeHash = newHash()
      const session = await openSession(store, user.id, { resumeHash })
      expect([await other.sessions.find(session.id), await other.sessions.findByResume(resumeHash)]).toEqual([null, null])
      expect(await other.sessions.end(session.id, 'revoked', NOW + 1)).toBe(false)
      expect(await other.sessions.endAll(user.id, 'revoked', NOW + 1)).toEqual([])
      expect((await store.sessions.findByResume(resumeHash))?.session.endedAt).toBeUndefined()
      const token = makeToken(user.id, { purpose: 'reset-password' })
      await store.tokens.issue(token)
      expect(await other.tokens.consume(token.hash, 'reset-password', NOW)).toBeNull()
      expect(await store.tokens.consume(token.hash, 'reset-password', NOW)).not.toBeNull()
      await other.close()
    }))

  test('failures and attempts in one collection count in no other', () =>
    withEmpty(open, async store => {
      const other = store.inCollection?.(newId())
      if (!other) return
      await other.open()
      const key = newId()
      await store.attempts.count([{ key, window: MINUTE }], NOW)
      expect((await other.attempts.count([{ key, window: MINUTE }], NOW))[0]?.count).toBe(1)
      await other.close()
    }))

  test('a collection is the same store each time, and its name is checked', () =>
    withEmpty(open, async store => {
      if (!store.inCollection) return
      expect(store.inCollection('admins')).toBe(store.inCollection('admins'))
      expect(() => store.inCollection?.('a b')).toThrow(/collection/)
    }))
}
