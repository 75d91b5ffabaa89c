import { expect, test } from 'vitest'
import { HOUR, insertUser, MINUTE, newId, NOW, withEmpty } from './make.ts'
import type { Setup } from './make.ts'
import { newRide } from './ride.ts'

/** Counters: windows for rate limits, failures for the lockout. */
export function attemptsContract({ the, open }: Setup): void {
  test('counters are raised together and come back in the order asked', async () => {
    const { store } = the
    const counts = ['z', 'a', 'm'].map((name, index) => ({ key: `${name}-${newId()}`, window: (index + 1) * MINUTE }))
    const tallies = (count: number) => counts.map(({ key, window }) => ({ key, count, resetsAt: NOW + window }))
    expect(await store.attempts.count(counts, NOW)).toEqual(tallies(1))
    expect(await store.attempts.count(counts.toReversed(), NOW + 1)).toEqual(tallies(2).toReversed())
    expect(await store.attempts.count([], NOW)).toEqual([])
  })

  test('a window begins with its first attempt, and starts again at its end', async () => {
    const { store } = the
    const count = { key: newId(), window: MINUTE }
    const at = async (now: number) => (await store.attempts.count([count], now))[0]
    expect(await at(NOW + 7)).toEqual({ key: count.key, count: 1, resetsAt: NOW + 7 + MINUTE })
    expect(await at(NOW + 6 + MINUTE)).toEqual({ key: count.key, count: 2, resetsAt: NOW + 7 + MINUTE })
    expect(await at(NOW + 7 + MINUTE)).toEqual({ key: count.key, count: 1, resetsAt: NOW + 7 + 2 * MINUTE })
    expect(await at(NOW + HOUR)).toMatchObject({ count: 1 })
  })

  test('keys of any text are told apart', async () => {
    const { store } = the
    const keys = ['é', 'e\u0301', 'E', '', ' ', `${'x'.repeat(200)}1`, `${'x'.repeat(200)}2`, "'; --"].map(suffix => `${newId()}${suffix}`)
    for (const key of keys)
      expect(await store.attempts.count([{ key, window: MINUTE }], NOW)).toEqual([{ key, count: 1, resetsAt: NOW + MINUTE }])
  })

  test('failures add up, and are told in the order asked', async () => {
    const { store } = the
    const user = await insertUser(store)
    const [a, b, none] = [newId(), newId(), newId()]
    const ride = await newRide(store, user.id)
    expect(await store.attempts.fail([b, a], NOW, HOUR, ride.along)).toEqual([
      { count: 1, lastAt: NOW },
      { count: 1, lastAt: NOW },
    ])
    await ride.expectWritten()
    expect(await store.attempts.fail([a], NOW + 5, HOUR)).toEqual([{ count: 2, lastAt: NOW + 5 }])
    expect(await store.attempts.fail([b, a], NOW + 9, HOUR)).toEqual([
      { count: 2, lastAt: NOW + 9 },
      { count: 3, lastAt: NOW + 9 },
    ])
    expect(await store.attempts.failures([none, a, b], NOW + 10)).toEqual([
      null,
      { count: 3, lastAt: NOW + 9 },
      { count: 2, lastAt: NOW + 9 },
    ])
    expect(await store.attempts.failures([], NOW)).toEqual([])
  })

  test('a failure with no counters still writes what rides along', async () => {
    const { store } = the
    const ride = await newRide(store, (await insertUser(store)).id)
    expect(await store.attempts.fail([], NOW, HOUR, ride.along)).toEqual([])
    await ride.expectWritten()
  })

  test('failures are forgotten after a long quiet, counted from the last one', async () => {
    const { store } = the
    const key = newId()
    await store.attempts.fail([key], NOW, HOUR)
    await store.attempts.fail([key], NOW + HOUR - 1, HOUR)
    expect(await store.attempts.failures([key], NOW + 2 * HOUR - 2)).toEqual([{ count: 2, lastAt: NOW + HOUR - 1 }])
    expect(await store.attempts.failures([key], NOW + 2 * HOUR - 1)).toEqual([null])
    expect(await store.attempts.fail([key], NOW + 2 * HOUR - 1, HOUR)).toEqual([{ count: 1, lastAt: NOW + 2 * HOUR - 1 }])
  })

  test('clearing forgets the failures named, and lets windows run on', async () => {
    const { store } = the
    const [cleared, kept] = [newId(), newId()]
    await store.attempts.fail([cleared, kept], NOW, HOUR)
    await store.attempts.count([{ key: cleared, window: MINUTE }], NOW)
    await store.attempts.clear([])
    await store.attempts.clear([cleared, newId()])
    expect(await store.attempts.failures([cleared, kept], NOW)).toEqual([null, { count: 1, lastAt: NOW }])
    expect(await store.attempts.fail([cleared], NOW, HOUR)).toEqual([{ count: 1, lastAt: NOW }])
    expect((await store.attempts.count([{ key: cleared, window: MINUTE }], NOW))[0]?.count).toBe(2)
  })

  test('the sweep deletes windows that ended, a few at a time', () =>
    withEmpty(open, async store => {
      const keys = Array.from({ length: 5 }, newId)
      await store.attempts.count(
        keys.map(key => ({ key, window: MINUTE })),
        NOW,
      )
      const running = { key: newId(), window: HOUR }
      await store.attempts.count([running], NOW)
      expect(await store.attempts.sweep(NOW + MINUTE - 1, 100)).toBe(0)
      expect(await store.attempts.sweep(NOW + MINUTE, 3)).toBe(3)
      expect(await store.attempts.sweep(NOW + MINUTE, 3)).toBe(2)
      expect(await store.attempts.sweep(NOW + MINUTE, 3)).toBe(0)
      expect((await store.attempts.count([running], NOW + MINUTE))[0]?.count).toBe(2)
    }))

  test('the sweep deletes forgotten failures, a few at a time', () =>
    withEmpty(open, async store => {
      await store.attempts.fail(Array.from({ length: 5 }, newId), NOW, MINUTE)
      const remembered = newId()
      await store.attempts.fail([remembered], NOW, HOUR)
      expect(await store.attempts.sweep(NOW + MINUTE - 1, 100)).toBe(0)
      expect(await store.attempts.sweep(NOW + MINUTE, 3)).toBe(3)
      expect(await store.attempts.sweep(NOW + MINUTE, 3)).toBe(2)
      expect(await store.attempts.sweep(NOW + MINUTE, 3)).toBe(0)
      expect(await store.attempts.failures([remembered], NOW + MINUTE)).toEqual([{ count: 1, lastAt: NOW }])
    }))
}
