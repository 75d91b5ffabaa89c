import { expect, test } from 'vitest'
import { AUDIT_TYPES } from '../../core/audit/events.ts'
import { insertUser, makeEvent, newId, NOW, openSession, withEmpty } from './make.ts'
import type { Setup } from './make.ts'

/** The audit trail. */
export function auditContract({ the, open }: Setup): void {
  test('lines come back whole', async () => {
    const { store } = the
    const user = await insertUser(store)
    const full = makeEvent(user.id, { at: NOW + 1, actorId: newId(), sessionId: newId(), data: { 'é 🗝': ['x', null, { deep: 1 }] } })
    const plain = makeEvent(user.id, { ip: null, userAgent: null, data: {} })
    await store.audit.add([plain, full])
    expect(await store.audit.list({ userId: user.id, limit: 10 })).toStrictEqual([full, plain])
  })

  test('every type of line is kept', async () => {
    const { store } = the
    const userId = newId()
    await store.audit.add(AUDIT_TYPES.map((type, index) => makeEvent(userId, { type, at: NOW - index })))
    expect((await store.audit.list({ userId, limit: 100 })).map(line => line.type)).toEqual([...AUDIT_TYPES])
  })

  test('adding nothing is fine', async () => {
    await expect(the.store.audit.add([])).resolves.toBeUndefined()
  })

  test('lines are listed newest first, page by page, for everybody or for one', () =>
    withEmpty(open, async store => {
      const [user, other] = [await insertUser(store), await insertUser(store)]
      const at = (n: number, userId: string | null) => makeEvent(userId, { at: NOW + n })
      const [one, two, three, four] = [at(1, user.id), at(2, other.id), at(3, null), at(4, user.id)]
      // However they were written, on their own or along with a deed.
      await store.audit.add([three, one])
      await store.sessions.open({ ...(await openSession(store, user.id)), id: newId() }, { audit: [four] })
      await store.users.setUsername(other.id, newId(), newId(), NOW, { audit: [two] })

      const ids = async (page: Parameters<typeof store.audit.list>[0]) => (await store.audit.list(page)).map(line => line.id)
      expect(await ids({ limit: 10 })).toEqual([four.id, three.id, two.id, one.id])
      expect(await ids({ limit: 2 })).toEqual([four.id, three.id])
      expect(await ids({ limit: 2, before: NOW + 3 })).toEqual([two.id, one.id])
      expect(await ids({ limit: 10, before: NOW + 1 })).toEqual([])
      expect(await ids({ limit: 10, userId: user.id })).toEqual([four.id, one.id])
      expect(await ids({ limit: 10, userId: user.id, before: NOW + 4 })).toEqual([one.id])
      expect(await ids({ limit: 10, userId: newId() })).toEqual([])
    }))

  test('the sweep deletes old lines, a few at a time', () =>
    withEmpty(open, async store => {
      const user = await insertUser(store)
      await store.audit.add([1, 2, 3].map(n => makeEvent(null, { at: NOW - n })))
      await store.sessions.open(await openSession(store, user.id).then(session => ({ ...session, id: newId() })), {
        audit: [makeEvent(user.id, { at: NOW - 4 }), makeEvent(user.id, { at: NOW })],
      })
      expect(await store.audit.sweep(NOW - 4, 100)).toBe(0)
      expect(await store.audit.sweep(NOW, 3)).toBe(3)
      expect(await store.audit.sweep(NOW, 3)).toBe(1)
      expect(await store.audit.sweep(NOW, 3)).toBe(0)
      expect(await store.audit.list({ limit: 10 })).toMatchObject([{ at: NOW }])
    }))
}
