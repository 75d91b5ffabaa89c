/** The known word that is closest to a misspelt one, or undefined when none is close. */
export function nearMiss(given: string, known: readonly string[]): string | undefined {
  const [closest] = known
    .map(word => ({ word, distance: editDistance(given.toLowerCase(), word.toLowerCase()) }))
    .filter(({ word, distance }) => distance <= Math.max(2, Math.floor(word.length / 4)))
    .toSorted((a, b) => a.distance - b.distance)
  return closest?.word
}

/** Levenshtein's distance, one row at a time. The input is a name an operator typed, so it is cut to a sane length first. */
function editDistance(a: string, b: string): number {
  const from = a.slice(0, 64)
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (from[i] === b[j] ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
