/** Tables, and the figures in them. */

export function heading(title: string, columns: readonly string[]): void {
  console.log(`### ${title}\n\n| ${columns.join(' | ')} |\n|${' --- |'.repeat(columns.length)}`)
}

export function row(...cells: (string | number)[]): void {
  console.log(`| ${cells.map(cell => (typeof cell === 'number' ? figure(cell) : cell)).join(' | ')} |`)
}

export function figure(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en')
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

/** The value that such a share of all lie below. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).toSorted()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
