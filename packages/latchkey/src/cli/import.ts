import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Option } from 'commander'
import type { Command } from 'commander'
import { systemPorts } from '@latchkey/server/core'
import type { Store } from '@latchkey/server'
import { HASH_KINDS } from '../import/credentials.ts'
import type { HashKind } from '../import/credentials.ts'
import { LAYOUTS } from '../import/layout.ts'
import type { LayoutName } from '../import/layout.ts'
import type { ImportOptions, ImportReport } from '../import/import-accounts-js.ts'
import { progressLine } from '../import/progress.ts'
import { readable } from '../import/readable.ts'
import { refusal } from '../config/problem.ts'
import type { Config } from '../config/table.ts'
import { databaseOf, describeDatabase } from '../data/database.ts'
import { findSecret, storeOf } from '../serve/assemble.ts'
import { CommandFailure, EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { configFor, withSettings } from './options.ts'
import type { SharedOptions } from './options.ts'
import { printResult } from './output.ts'
import { withAccounts } from './store.ts'

const SOURCE_VARIABLE = 'ACCOUNTS_JS_URL'

interface AccountsJsOptions extends SharedOptions {
  from?: string
  schema: string
  layout: LayoutName | 'auto'
  timezone: string
  without?: string
  hashes: HashKind
  batch: string
  report?: string
  yes?: boolean
}

export function addImport(program: Command, io: Io): void {
  const parent = program.command('import').description('bring users over from another system')
  withSettings(
    parent.command('accounts-js').description('from the PostgreSQL database of an accounts-js app (TypeORM or MikroORM)'),
    'store',
  )
    .option('--from <url>', `the old database, postgres://… (env ${SOURCE_VARIABLE}); it is only read`)
    .option('--schema <name>', 'schema of the old tables', 'public')
    .addOption(new Option('--layout <name>', 'which adapter made them').choices(['auto', ...LAYOUTS]).default('auto'))
    .option('--timezone <name>', 'the zone of times that were kept without one', 'UTC')
    .option('--without <columns>', 'columns of the old table of users to leave behind, with commas between')
    .addOption(
      new Option(
        '--hashes <kind>',
        'bcrypt-sha256 when clients hashed passwords with SHA-256 first; custom when the app has a verifyPassword of its own',
      )
        .choices(HASH_KINDS)
        .default('bcrypt'),
    )
    .option('--batch <users>', 'users in one transaction', '500')
    .option('--report <file>', 'also write the report there, as JSON; it holds names and addresses')
    .option('--yes', 'import; without it nothing is written, and the report says what would be')
    .addHelpText(
      'after',
      `
Users sign in with the password they have. Run it as often as you like: who is there already is left as they are, and a run that was interrupted
goes on where it stopped.

Examples:
  ${SOURCE_VARIABLE}=postgres://… latchkey import accounts-js
  ${SOURCE_VARIABLE}=postgres://… latchkey import accounts-js --yes --report import.json`,
    )
    .action(async (options: AccountsJsOptions) => importAccountsJs(options, io))
}

async function importAccountsJs(options: AccountsJsOptions, io: Io): Promise<void> {
  const reading = readingOf(options, io)
  const { config } = await configFor(options, io)
  const report = options.yes ? await write(options, io, config, reading) : await look(config, reading)
  const told = { target: describeDatabase(databaseOf(config)), ...report }
  if (options.report !== undefined) await keep(path.resolve(io.folder, options.report), told)
  printResult(io, options.json, told, readable(told, options.report))
}

type Reading = Omit<ImportOptions, 'target' | 'sealer' | 'write'>

async function write(options: SharedOptions, io: Io, config: Config, reading: Reading): Promise<ImportReport> {
  if (databaseOf(config).engine === 'postgresql' && (await findSecret(config)) === null) {
    throw refusal('This command seals secrets:', [
      {
        what: 'the server could not read them without knowing the secret they were sealed with',
        fix: 'set LATCHKEY_SECRET or LATCHKEY_DATA as for the server',
      },
    ])
  }
  const { importAccountsJs: run } = await import('../import/import-accounts-js.ts')
  const { sealerOf } = await import('../import/sealer.ts')
  return withAccounts(options, io, accounts => run({ ...reading, write: true, target: accounts.core.store, sealer: sealerOf(accounts) }), {
    creates: true,
  })
}

/** Looks without making anything: a database that is not there yet is empty. */
async function look(config: Config, reading: Reading): Promise<ImportReport> {
  const { importAccountsJs: run } = await import('../import/import-accounts-js.ts')
  const { dryLook } = await import('../import/sealer.ts')
  const target = await targetOf(config)
  try {
    return await run({ ...reading, write: false, target, sealer: dryLook })
  } finally {
    await target?.close()
  }
}

async function targetOf(config: Config): Promise<Store | null> {
  const database = databaseOf(config)
  if (database.engine === 'sqlite' && (database.path === ':memory:' || !existsSync(database.path))) return null
  const store = await storeOf({ ...config, migrate: false })
  try {
    // Nothing was ever there: the first step of the schema is still to come.
    if ((await store.migrations.plan()).some(({ name }) => name.startsWith('0001'))) {
      await store.close()
      return null
    }
    await store.open()
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

function readingOf(options: AccountsJsOptions, io: Io): Reading {
  const { from = io.env[SOURCE_VARIABLE], schema, layout, timezone, hashes, without = '' } = options
  if (from === undefined || from === '')
    throw new CommandFailure(EXIT.usage, `say where the old database is, with --from or ${SOURCE_VARIABLE}`)
  if (!/^postgres(?:ql)?:\/\//.test(from) || !URL.canParse(from))
    throw new CommandFailure(
      EXIT.usage,
      'the old database must be a postgres:// address. With MongoDB keep using it in place: pass its adapter as db to AccountsServer',
    )
  if (options.from !== undefined && new URL(from).password !== '')
    io.err(`Warning: other users of this machine can read the password in --from. Use ${SOURCE_VARIABLE}.\n`)
  const batch = Number(options.batch)
  if (!Number.isInteger(batch) || batch < 1 || batch > 10_000)
    throw new CommandFailure(EXIT.usage, '--batch takes a number from 1 to 10000')
  const { clock } = systemPorts()
  return {
    url: from,
    schema,
    layout,
    timezone,
    hashes,
    batch,
    without: without
      .split(',')
      .map(name => name.trim())
      .filter(name => name !== ''),
    now: () => clock.now(),
    // Only for somebody who looks on.
    ...(io.isInteractive && process.stderr.isTTY
      ? {
          onProgress: progressLine(
            text => io.err(text),
            () => clock.now(),
          ),
        }
      : {}),
  }
}

/** Names and addresses are nobody else's business. */
async function keep(file: string, report: unknown): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 })
  } catch (error) {
    throw new CommandFailure(
      EXIT.failed,
      `the report cannot be written to ${file}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
