import { isAccountsError } from '@latchkey/common'
import type { Io } from './io.ts'

/** Prints a result: one JSON document with `--json`, else text for a person. */
export function printResult(io: Io, json: boolean | undefined, machine: unknown, human: string): void {
  io.out(json ? `${JSON.stringify(machine, null, 2)}\n` : human === '' ? '' : `${human}\n`)
}

/** Prints an error: `{ "error": { code, message } }` on stdout with `--json`, so that its reader always finds one document; else a line on stderr. */
export function printError(io: Io, json: boolean, error: unknown): void {
  const message = messageOf(error)
  if (json)
    io.out(
      `${JSON.stringify({ error: { code: isAccountsError(error) ? error.code : 'Failed', message, ...detailsOf(error) } }, null, 2)}\n`,
    )
  else io.err(`${message}\n`)
}

/** Rows under a heading, columns aligned. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((title, column) => Math.max(title.length, ...rows.map(row => (row[column] ?? '').length)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(heading), ...rows.map(row => line(row.map(printable)))].join('\n')
}

/** Names and values below each other. */
export const facts = (pairs: readonly (readonly [name: string, value: string])[]): string => {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`).join('\n')
}

/** What users chose (names, user agents) must not move the cursor of an operator's terminal (CWE-150). */
const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '�')

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const detail = isAccountsError(error) && error.detail !== undefined ? ` (${error.detail})` : ''
  // Node's own errors for "nobody answers" carry their reasons in a list and no message of their own.
  const reasons =
    error instanceof AggregateError ? error.errors.map(reason => (reason instanceof Error ? reason.message : String(reason))) : []
  return `${error.message || reasons.join('; ') || error.name}${detail}`
}

const detailsOf = (error: unknown): Record<string, unknown> =>
  isAccountsError(error) && error.details !== undefined ? { details: error.details } : {}
