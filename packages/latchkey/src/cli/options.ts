/** Options that commands share, made from the table of settings. */
import { Option } from 'commander'
import type { Command } from 'commander'
import { readConfig } from '../config/read.ts'
import type { ReadConfig } from '../config/read.ts'
import { CONFIG_VARIABLE, KEYS, TABLE } from '../config/table.ts'
import type { Row } from '../config/table.ts'
import type { Io } from './io.ts'

/** What every command that reads the configuration is given. */
export interface SharedOptions {
  json?: boolean
  config?: string
  [setting: string]: unknown
}

/** Adds `--config`, `--json` and the flags of settings: all of them, or those that say where the data is. */
export function withSettings(command: Command, which: 'all' | 'store'): Command {
  for (const key of KEYS) {
    const row: Row<unknown> = TABLE[key]
    if (row.flag !== undefined && (which === 'all' || row.everywhere)) command.addOption(new Option(row.flag, describe(row)))
  }
  return command
    .option('--config <file>', `config file (env ${CONFIG_VARIABLE}; default: latchkey.config.{json,js,mjs,ts} in the working folder)`)
    .option('--json', 'print JSON')
}

/**
 * Reads the configuration for a command.
 * @throws AccountsError `InvalidSettings`
 */
export function configFor(options: SharedOptions, io: Io): Promise<ReadConfig> {
  const flags = Object.fromEntries(KEYS.filter(key => options[key] !== undefined).map(key => [key, options[key]]))
  if (typeof flags['databaseUrl'] === 'string' && URL.canParse(flags['databaseUrl']) && new URL(flags['databaseUrl']).password !== '') {
    io.err('Warning: other users of this machine can read the password in --database-url. Use DATABASE_URL or DATABASE_URL_FILE.\n')
  }
  return readConfig({ flags, env: io.env, folder: io.folder, ...(options.config === undefined ? {} : { file: options.config }) })
}

/** The default of a setting, in words. */
export const defaultOf = (row: Row<unknown>): string => (row.otherwise ?? String(row.fallback)).replaceAll('`', '')

const describe = (row: Row<unknown>): string => `${row.summary.replaceAll('`', '')} (env ${row.env}; default: ${defaultOf(row)})`
