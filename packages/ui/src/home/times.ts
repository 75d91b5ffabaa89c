/** Times as one says them. */

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** `just now`, `5 minutes ago`, `yesterday`; beyond a month the date. */
export function ago(time: string, now: number = Date.now()): string {
  const seconds = (now - Date.parse(time)) / 1000
  if (seconds < 60) return 'just now'
  if (seconds > 30 * 86_400) return `on ${day(time)}`
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? ['minute', 60]
  return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(-Math.floor(seconds / size), unit)
}

/** `22 November 2026`. */
export const day = (time: string): string =>
  new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric' }).format(new Date(time))
