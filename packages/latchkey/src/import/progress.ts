import type { Progress } from './import-accounts-js.ts'

/** A line that rewrites itself: how far, how fast, how long still. */
export function progressLine(err: (text: string) => void, now: () => number): (progress: Progress) => void {
  const began = now()
  return ({ done, of }) => {
    const rate = done / Math.max((now() - began) / 1000, 0.001)
    const left = Math.max(0, of - done) / rate
    err(`\r${done} of ${of} users, ${Math.round(rate)} a second, ${duration(left)} left\u001B[K${done >= of ? '\n' : ''}`)
  }
}

const duration = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
