import type { AttemptStore, Count, Failures, Tally } from '../../core/store.ts'
import { sweepMap } from './data.ts'
import type { MemoryData } from './data.ts'

/** Counters. */
export function attemptDeeds(data: MemoryData): AttemptStore {
  return {
    count: (counts, now) => data.deed(() => raise(data, counts, now)),

    fail: (keys, now, memory, along) =>
      data.deed(() => {
        const ride = data.prepare(along)
        const failed = keys.map(key => {
          const count = (failuresOf(data, key, now)?.count ?? 0) + 1
          data.failures.set(key, { count, lastAt: now, forgetAt: now + memory })
          return { count, lastAt: now }
        })
        ride()
        return failed
      }),

    failures: (keys, now) => data.deed(() => keys.map(key => failuresOf(data, key, now))),

    clear: keys =>
      data.deed(() => {
        for (const key of keys) data.failures.delete(key)
      }),

    sweep: (now, limit) =>
      data.deed(() => {
        const ended = sweepMap(data.windows, limit, window => window.resetsAt <= now)
        return ended + sweepMap(data.failures, limit - ended, failure => failure.forgetAt <= now)
      }),
  }
}

/** Raises windows by one; one that ended starts again. */
export function raise(data: MemoryData, counts: Count[], now: number): Tally[] {
  return counts.map(({ key, window }) => {
    const running = data.windows.get(key)
    const raised = running && now < running.resetsAt ? { ...running, count: running.count + 1 } : { count: 1, resetsAt: now + window }
    data.windows.set(key, raised)
    return { key, ...raised }
  })
}

/** Failures that are not forgotten yet. */
export function failuresOf(data: MemoryData, key: string, now: number): Failures | null {
  const kept = data.failures.get(key)
  return kept && now < kept.forgetAt ? { count: kept.count, lastAt: kept.lastAt } : null
}
