import { AccountsError } from '@latchkey/common'

/** Milliseconds, or a text such as `90m`, `7d`, `30 s`. accounts-js's `expiresIn` is this too, but counts numbers in seconds. */
export type Duration = number | string

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_557_600_000 }

/**
 * Reads a duration into milliseconds.
 * @throws AccountsError `InvalidSettings`, naming the option
 */
export function milliseconds(option: string, given: Duration): number {
  if (typeof given === 'number' && Number.isFinite(given) && given > 0) return given
  const match = typeof given === 'string' ? /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|y)$/.exec(given.trim()) : null
  const unit = match?.[2] === undefined ? undefined : UNITS[match[2]]
  if (match?.[1] && unit && Number(match[1]) > 0) return Number(match[1]) * unit
  throw new AccountsError('InvalidSettings', {
    message: `${option} must be a positive number of milliseconds or a text such as "90m" or "7d". Received ${typeof given === 'string' ? JSON.stringify(given) : typeof given}`,
  })
}
