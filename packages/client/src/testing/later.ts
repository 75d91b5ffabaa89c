import { vi } from 'vitest'

/** Moves the clock of this device forward, until `vi.useRealTimers()`. Timers run on. */
export function later(minutes: number): void {
  const then = Date.now() + minutes * 60_000
  vi.useFakeTimers({ toFake: ['Date'], now: then })
}
