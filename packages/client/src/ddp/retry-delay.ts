/** Milliseconds to wait before the next attempt. `attempts`: how many have failed since a connection last held; `chance` from 0 to 1. */
export function retryDelay(attempts: number, chance: number): number {
  // Twice at once: a server that restarts, a phone that changes from one network to another
  if (attempts < 2) return 10
  // Spread by a quarter either way, so that the clients of a server that fell over do not come back all at once
  return Math.min(LONGEST, 1000 * 2.2 ** (attempts - 2) * (0.75 + chance / 2))
}

const LONGEST = 5 * 60_000
