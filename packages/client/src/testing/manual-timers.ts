import { stopOf } from '@latchkey/common'
import type { DdpTimer, DdpTimers } from '../ddp/timers.ts'

/** Time that passes when told to. */
export class ManualTimers implements DdpTimers {
  /** What `random` answers: in the middle, where nothing is spread. */
  chance = 0.5
  readonly #due = new Set<{ at: number; work: () => void; held: boolean }>()
  #now = 1_700_000_000_000

  now(): number {
    return this.#now
  }

  random(): number {
    return this.chance
  }

  after(milliseconds: number, work: () => void): DdpTimer {
    const entry = { at: this.#now + milliseconds, work, held: false }
    this.#due.add(entry)
    return Object.assign(
      stopOf(() => this.#due.delete(entry)),
      { hold: (wanted: boolean) => void (entry.held = wanted) },
    )
  }

  /** How many timers run, and how many of them keep the process alive. */
  get running(): { all: number; held: number } {
    return { all: this.#due.size, held: [...this.#due].filter(({ held }) => held).length }
  }

  /** Lets time pass, and everything happen that happens meanwhile. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await settled()
    for (;;) {
      const next = [...this.#due].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#due.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.work()
      // One after the other: what the work set off comes before the next timer
      await settled()
    }
    this.#now = end
  }
}

/** Everything that is under way in memory has happened. */
export const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
