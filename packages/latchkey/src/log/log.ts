/** Where log lines go: JSON by pino for machines, short lines for people. */
import { styleText } from 'node:util'
import type { Log } from '@latchkey/server'
import { LOG_LEVELS } from '../config/table.ts'
import type { LogLevel } from '../config/table.ts'

/** What a log needs to know. */
export interface LogChoice {
  level: LogLevel
  format: 'pretty' | 'json'
  /** Where lines are written. Commands whose output is a result log to `stderr`. */
  to: 'stdout' | 'stderr'
}

/** The log for a choice. pino is loaded only when it is used. */
export async function makeLog({ level, format, to }: LogChoice): Promise<Log> {
  if (level === 'silent') return filtered('silent', () => {})
  if (format === 'pretty') {
    const out = process[to]
    return filtered(level, (lineLevel, fields, message) => out.write(prettyLine(lineLevel, fields, message, new Date())))
  }
  const { destination, pino } = await import('pino')
  // Synchronous: a line that was logged is out, also when the process is killed in the next moment.
  const log: Log = pino({ level, base: { pid: process.pid } }, destination({ dest: to === 'stdout' ? 1 : 2, sync: true }))
  return log
}

type LineLevel = Exclude<LogLevel, 'silent'>
type Write = (level: LineLevel, fields: object, message: string) => void

function filtered(level: LogLevel, write: Write): Log {
  const least = LOG_LEVELS.indexOf(level)
  const at = (own: LineLevel) => (fields: object, message: string) => {
    if (LOG_LEVELS.indexOf(own) >= least) write(own, fields, message)
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

const COLOURS = { debug: 'dim', info: 'cyan', warn: 'yellow', error: 'red' } as const

/** One event on one line: `12:04:31 warn  message  key=value`; the stack of an error below it. */
export function prettyLine(level: LineLevel, fields: object, message: string, now: Date): string {
  const { err, ...rest } = fields as { err?: unknown } & Record<string, unknown>
  const pairs = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const line = [
    styleText('dim', now.toTimeString().slice(0, 8)),
    styleText(COLOURS[level], level.padEnd(5)),
    printable(message),
    ...(pairs.length > 0 ? [styleText('dim', printable(pairs.join(' ')))] : []),
  ].join(' ')
  return err === undefined ? `${line}\n` : `${line}\n${stackOf(err)}\n`
}

function stackOf(error: unknown): string {
  const text = error instanceof Error ? [error.stack ?? error.message, ...causeOf(error)].join('\n') : String(error)
  return text
    .split('\n')
    .map(line => `    ${printable(line)}`)
    .join('\n')
}

const causeOf = (error: Error): string[] => (error.cause === undefined ? [] : [`caused by ${stackOf(error.cause).trimStart()}`])

/** Control characters could move the cursor of the terminal that shows the log (CWE-150). */
const printable = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
