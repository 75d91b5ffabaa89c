import { styleText } from 'node:util'
import type { Command } from 'commander'
import { isAccountsError } from '@latchkey/common'
import type { ReadConfig } from '../config/read.ts'
import { problemsOf } from '../config/problem.ts'
import { KEYS, TABLE } from '../config/table.ts'
import type { Row } from '../config/table.ts'
import { checkNode, examine } from '../doctor/examine.ts'
import { fail } from '../doctor/check.ts'
import type { Check } from '../doctor/check.ts'
import { CommandFailure, EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { configFor, withSettings } from './options.ts'
import type { SharedOptions } from './options.ts'
import { facts, printResult } from './output.ts'

export function addDoctor(program: Command, io: Io): void {
  withSettings(program.command('doctor').description('check everything a server needs, and say how to put it right'), 'all')
    .addHelpText(
      'after',
      `
Changes nothing. Exits with ${EXIT.failed} when a check failed; warnings do not count.

Examples:
  latchkey doctor
  NODE_ENV=production latchkey doctor --json | jq -e .ok`,
    )
    .action(async (options: SharedOptions) => {
      const { read, checks } = await look(options, io)
      const isOk = checks.every(({ status }) => status !== 'fail')
      const settings = read === null ? [] : settingsOf(read)
      const machine = {
        ok: isOk,
        checks,
        configuration: Object.fromEntries(settings.map(({ key, value, source }) => [key, { value, source }])),
      }
      const given = settings
        .filter(({ source }) => source !== 'default')
        .map(({ name, value, source }) => [name, `${show(value)}  (${source})`] as const)
      printResult(
        io,
        options.json,
        machine,
        [...checks.map(line), ...(given.length === 0 ? [] : ['', 'Set by you:', facts(given)])].join('\n'),
      )
      if (!isOk) throw new DoctorFailure()
    })
}

/** The findings were printed already. */
export class DoctorFailure extends CommandFailure {
  constructor() {
    super(EXIT.failed, '')
  }
}

async function look(options: SharedOptions, io: Io): Promise<{ read: ReadConfig | null; checks: Check[] }> {
  try {
    const read = await configFor(options, io)
    return { read, checks: await examine(read.config) }
  } catch (error) {
    if (!isAccountsError(error)) throw error
    const problems = problemsOf(error)
    return { read: null, checks: [checkNode(process.versions.node), ...problems.map(({ what, fix }) => fail('configuration', what, fix))] }
  }
}

interface ShownSetting {
  key: string
  /** As the operator sets it. */
  name: string
  value: unknown
  source: string
}

/** The settings in force. Secrets are named, never shown. */
function settingsOf({ config, sources }: ReadConfig): ShownSetting[] {
  return KEYS.map(key => {
    const row: Row<unknown> = TABLE[key]
    const value = config[key]
    const isEmpty = value === null || (Array.isArray(value) && value.length === 0)
    return { key, name: row.env, value: row.secret && !isEmpty ? '(hidden)' : value, source: sources[key] }
  })
}

const show = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value))

const MARKS = { ok: ['green', '✓'], warn: ['yellow', '!'], fail: ['red', '✗'], skip: ['dim', '·'] } as const

function line({ name, status, message, fix }: Check): string {
  const [colour, mark] = MARKS[status]
  const first = `${styleText(colour, mark)} ${name.padEnd(14)} ${message}`
  return fix === undefined ? first : `${first}\n  ${' '.repeat(14)} Fix: ${fix}`
}
