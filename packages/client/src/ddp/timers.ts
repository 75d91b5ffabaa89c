import { stopOf } from '@latchkey/common'
import type { Stop } from '@latchkey/common'

/** What a connection asks of time and chance. Give your own to test an app's behaviour over minutes without waiting for them. */
export interface DdpTimers {
  /** Epoch milliseconds. */
  now(): number
  /** From 0 up to, but not including, 1. Spreads reconnections; nothing secret is made of it. */
  random(): number
  after(milliseconds: number, work: () => void): DdpTimer
}

/** Undoes a timer, and says whether Node may end before it fires. */
export interface DdpTimer extends Stop {
  /** True: the process waits for it. It does not, unless told so. */
  hold?(wanted: boolean): void
}

/** The clock of this machine. */
export const systemTimers: DdpTimers = {
  now: () => Date.now(),
  random: () => Math.random(),
  after(milliseconds, work) {
    // A number in browsers; in Node an object that knows whether the process waits for it
    const timer = setTimeout(work, milliseconds) as number | { ref(): void; unref(): void }
    const hold = (wanted: boolean): void => {
      if (typeof timer === 'object') timer[wanted ? 'ref' : 'unref']()
    }
    hold(false)
    return Object.assign(
      stopOf(() => clearTimeout(timer as number)),
      { hold },
    )
  },
}
