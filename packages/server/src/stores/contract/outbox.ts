import { expect, test } from 'vitest'
import type { Store } from '../../core/store.ts'
import { DAY, insertUser, makeMail, MINUTE, newId, NOW, withEmpty } from './make.ts'
import type { Setup } from './make.ts'

/** Mail that waits to be sent. A worker takes everything there is, so each test has a store of its own. */
export function outboxContract({ open }: Setup): void {
  const LEASE = MINUTE
  const claimed = async (store: Store, now: number, limit = 100): Promise<string[]> =>
    (await store.outbox.claim(now, limit, LEASE)).map(mail => mail.id)

  test('a mail is handed out as it was put in', () =>
    withEmpty(open, async store => {
      const user = await insertUser(store)
      const full = makeMail(user.id, { sealed: 'v1.key.iv.text', data: { device: 'Firefox', é: [null] }, to: '"Ada" <ada@example.org>' })
      await store.outbox.add([full])
      expect(await store.outbox.claim(NOW, 10, LEASE)).toStrictEqual([full])
    }))

  test('an empty outbox hands out nothing', () =>
    withEmpty(open, async store => {
      await store.outbox.add([])
      expect(await store.outbox.claim(NOW, 10, LEASE)).toEqual([])
      expect(await store.outbox.size()).toBe(0)
    }))

  test('mails are handed out when they are due, the longest due first, as many as asked for', () =>
    withEmpty(open, async store => {
      const [later, second, first] = [
        makeMail(null, { nextTryAt: NOW + 3 }),
        makeMail(null, { nextTryAt: NOW + 2 }),
        makeMail(null, { nextTryAt: NOW + 1 }),
      ]
      await store.outbox.add([later, second])
      await store.outbox.add([first])
      expect(await claimed(store, NOW)).toEqual([])
      expect(await claimed(store, NOW + 2, 1)).toEqual([first.id])
      expect(await claimed(store, NOW + 2)).toEqual([second.id])
      expect(await claimed(store, NOW + 3)).toEqual([later.id])
    }))

  test('a mail that was handed out is hidden for the lease, then handed out again: its worker may have died', () =>
    withEmpty(open, async store => {
      const mail = makeMail(null)
      await store.outbox.add([mail])
      expect(await claimed(store, NOW)).toEqual([mail.id])
      expect(await claimed(store, NOW + LEASE - 1)).toEqual([])
      expect(await claimed(store, NOW + LEASE)).toEqual([mail.id])
      expect(await store.outbox.size()).toBe(1)
    }))

  test('a mail that was sent is erased', () =>
    withEmpty(open, async store => {
      const [sent, waits] = [makeMail(null), makeMail(null)]
      await store.outbox.add([sent, waits])
      await store.outbox.claim(NOW, 10, LEASE)
      await store.outbox.done(sent.id)
      await store.outbox.done(sent.id)
      await store.outbox.done(newId())
      expect(await store.outbox.size()).toBe(1)
      expect(await claimed(store, NOW + LEASE)).toEqual([waits.id])
    }))

  test('a mail that failed counts its tries and comes back when told, not when its lease ends', () =>
    withEmpty(open, async store => {
      const mail = makeMail(null)
      await store.outbox.add([mail])
      await store.outbox.claim(NOW, 10, LEASE)
      await store.outbox.retry(mail.id, NOW + 5)
      await store.outbox.retry(newId(), NOW)
      expect(await claimed(store, NOW + 4)).toEqual([])
      expect(await store.outbox.claim(NOW + 5, 10, LEASE)).toMatchObject([{ id: mail.id, tries: 1 }])
      await store.outbox.retry(mail.id, NOW + 2 * LEASE)
      expect(await claimed(store, NOW + 5 + LEASE)).toEqual([])
      expect(await store.outbox.claim(NOW + 2 * LEASE, 10, LEASE)).toMatchObject([{ id: mail.id, tries: 2 }])
    }))

  test('a mail past its time is not handed out, and swept', () =>
    withEmpty(open, async store => {
      const [old, live] = [makeMail(null, { expiresAt: NOW + MINUTE }), makeMail(null, { expiresAt: NOW + DAY })]
      await store.outbox.add([old, live])
      expect(await store.outbox.sweep(NOW + MINUTE - 1)).toBe(0)
      expect(await claimed(store, NOW + MINUTE)).toEqual([live.id])
      expect(await store.outbox.sweep(NOW + MINUTE)).toBe(1)
      expect(await store.outbox.size()).toBe(1)
      expect(await store.outbox.sweep(NOW + DAY)).toBe(1)
      expect(await store.outbox.size()).toBe(0)
    }))
}
