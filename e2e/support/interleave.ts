/** Measures what somebody measures who wants to tell answers apart: each way in turn, in a new order each round, and the median of each. */

/** Medians by name. */
export async function medians<Name extends string>(
  ways: Readonly<Record<Name, (round: number) => Promise<{ took: number }>>>,
  rounds: number,
): Promise<Record<Name, number>> {
  const names = Object.keys(ways) as Name[]
  const times = Object.fromEntries(names.map(name => [name, [] as number[]])) as Record<Name, number[]>
  // The first round pays for what is loaded and learnt on first use.
  for (let round = -1; round < rounds; round += 1) {
    for (const name of shuffled(names)) {
      const { took } = await ways[name](round)
      if (round >= 0) times[name].push(took)
    }
  }
  return Object.fromEntries(names.map(name => [name, medianOf(times[name])])) as Record<Name, number>
}

/** How far the slowest is above the fastest: 0.05 is 5 %. */
export function spread(times: Readonly<Record<string, number>>): number {
  const values = Object.values(times)
  return Math.max(...values) / Math.min(...values) - 1
}

function medianOf(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** Fisher and Yates's: whatever an answer leaves running behind it then falls on all others alike. */
function shuffled<T>(list: readonly T[]): T[] {
  const order = [...list]
  for (let last = order.length - 1; last > 0; last -= 1) {
    const at = Math.floor(Math.random() * (last + 1))
    ;[order[last], order[at]] = [order[at] as T, order[last] as T]
  }
  return order
}
