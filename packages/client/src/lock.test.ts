import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as fc from '../../../tools/test/properties.ts'
import { lockFor, storageLock } from './lock.ts'
import type { Lock } from './lock.ts'
import { givenStorage } from './token-storage.ts'

const mapStorage = (map: Map<string, string>) =>
  givenStorage({ getItem: key => map.get(key) ?? null, setItem: (key, value) => map.set(key, value), removeItem: key => map.delete(key) })

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** Runs work of several holders and reports how many were ever inside at once. */
async function crowd(turns: { lock: Lock; start: number; length: number; fails: boolean }[]): Promise<{ most: number; done: number }> {
  let inside = 0
  let most = 0
  let done = 0
  const all = turns.map(async ({ lock, start, length, fails }) => {
    await new Promise(resolve => setTimeout(resolve, start))
    await lock(async () => {
      most = Math.max(most, ++inside)
      await new Promise(resolve => setTimeout(resolve, length))
      inside--
      done++
      if (fails) throw new Error('failed inside')
    }).catch(() => {})
  })
  // Enough time for everybody's turn; timers are not real.
  await vi.advanceTimersByTimeAsync(60_000)
  await Promise.all(all)
  return { most, done }
}

const turns = fc.array(fc.record({ start: fc.nat(200), length: fc.nat(500), fails: fc.boolean() }), { minLength: 1, maxLength: 6 })

describe('a lock in a storage', () => {
  test('lets one in at a time, whoever comes when, and everybody gets a turn', async () => {
    await fc.assert(
      fc.asyncProperty(turns, async plan => {
        const map = new Map<string, string>()
        // Each with a lock of its own, as tabs have
        const held = await crowd(plan.map(turn => ({ ...turn, lock: storageLock(mapStorage(map), 'k') })))
        expect(held).toEqual({ most: 1, done: plan.length })
        expect(map.size).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test('a holder that died is waited for, then passed over', async () => {
    const map = new Map([['k', `dead ${Date.now() + 20_000}`]])
    const lock = storageLock(mapStorage(map), 'k')
    const work = vi.fn<() => Promise<void>>(async () => {})
    const turn = lock(work)
    await vi.advanceTimersByTimeAsync(19_000)
    expect(work).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(2000)
    await turn
    expect(work).toHaveBeenCalledOnce()
  })

  test('a mark from before the clock was set back holds nobody up', async () => {
    const map = new Map([['k', `past ${Date.now() + 86_400_000}`]])
    const turn = storageLock(mapStorage(map), 'k')(async () => 'in')
    await vi.advanceTimersByTimeAsync(1000)
    expect(await turn).toBe('in')
  })
})

describe('the lock for a storage', () => {
  test('that nobody shares takes turns among calls, without waiting and without a mark', async () => {
    const map = new Map<string, string>()
    const lock = lockFor({ ...mapStorage(map), shared: false }, 'k')
    await fc.assert(
      fc.asyncProperty(turns, async plan => {
        expect(await crowd(plan.map(turn => ({ ...turn, lock })))).toEqual({ most: 1, done: plan.length })
      }),
      { numRuns: 30 },
    )
    expect(map.size).toBe(0)
  })

  test('in a browser is the browser’s own', async () => {
    const request = vi.fn<(name: string, work: () => unknown) => unknown>((_, work) => work())
    vi.stubGlobal('window', {})
    vi.stubGlobal('navigator', { locks: { request } })
    expect(await lockFor(mapStorage(new Map()), 'k')(async () => 'in')).toBe('in')
    expect(request).toHaveBeenCalledWith('k', expect.any(Function))
  })
})
