/** Time and timers for a DDP server that stands still until it is told to pass. For tests. */
import { stopOf } from '@latchkey/common'
import type { Ports } from '../core/ports.ts'

/** Ports whose time moves only when told to. */
export interface StillTime extends Pick<Ports, 'clock' | 'timers'> {
  /** Moves the time ahead by so many milliseconds; whatever falls due meanwhile happens at its time, in order. */
  pass(milliseconds: number): void
}

interface Due {
  at: number
  readonly every: number | undefined
  readonly work: () => void
}

/** @param now where it begins, in epoch milliseconds */
export function stillTime(now: number = Date.parse('2026-01-01T00:00:00Z')): StillTime {
  const waiting = new Set<Due>()
  const wait = (milliseconds: number, every: number | undefined, work: () => void): ReturnType<typeof stopOf> => {
    const due: Due = { at: now + milliseconds, every, work }
    waiting.add(due)
    return stopOf(() => void waiting.delete(due))
  }
  return {
    clock: { now: () => now },
    timers: {
      after: (milliseconds, work) => wait(milliseconds, undefined, work),
      every: (milliseconds, work) => wait(milliseconds, milliseconds, work),
    },
    pass(milliseconds) {
      const until = now + milliseconds
      for (;;) {
        const [next] = [...waiting].filter(({ at }) => at <= until).toSorted((one, other) => one.at - other.at)
        if (!next) break
        now = next.at
        if (next.every === undefined) waiting.delete(next)
        else next.at += next.every
        next.work()
      }
      now = until
    },
  }
}
