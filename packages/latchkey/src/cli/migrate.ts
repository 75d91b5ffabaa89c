import type { Command } from 'commander'
import { storeOf } from '../serve/assemble.ts'
import { makeDataFolder } from '../data/folder.ts'
import { databaseOf, describeDatabase } from '../data/database.ts'
import { CommandFailure, EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { configFor, withSettings } from './options.ts'
import type { SharedOptions } from './options.ts'
import { printResult } from './output.ts'

interface MigrateOptions extends SharedOptions {
  plan?: boolean
  check?: boolean
}

export function addMigrate(program: Command, io: Io): void {
  withSettings(program.command('migrate').description('bring the database schema up to date'), 'store')
    .option('--plan', 'print the SQL that would run, and change nothing')
    .option('--check', `change nothing; exit with ${EXIT.schema} when the schema is not the one this version needs`)
    .addHelpText(
      'after',
      `
Safe while servers run, and when several start at once: one migrates, the others wait. Everything is applied, or nothing.

Examples:
  latchkey migrate --plan
  DATABASE_URL=postgres://… latchkey migrate
  latchkey migrate --check --json`,
    )
    .action(async (options: MigrateOptions) => migrate(options, io))
}

async function migrate(options: MigrateOptions, io: Io): Promise<void> {
  if (options.plan && options.check) throw new CommandFailure(EXIT.usage, 'use one of --plan and --check')
  const { config } = await configFor(options, io)
  const database = databaseOf(config)
  if (config.databaseUrl === null) await makeDataFolder(config.data)
  const store = await storeOf(config)
  try {
    if (options.check) {
      await store.migrations.check()
      printResult(io, options.json, { current: true }, `The schema is up to date (${describeDatabase(database)}).`)
    } else if (options.plan) {
      const plan = await store.migrations.plan()
      const steps = plan.map(({ name, sql }) => `-- ${name}\n${sql.map(statement => `${statement};`).join('\n')}`)
      printResult(io, options.json, { plan }, plan.length === 0 ? '-- Nothing to do: the schema is up to date.' : steps.join('\n\n'))
    } else {
      const applied = await store.migrations.apply()
      const done = applied.length === 0 ? 'Nothing to do: the schema is up to date' : `Applied ${applied.join(', ')}`
      printResult(io, options.json, { applied }, `${done} (${describeDatabase(database)}).`)
    }
  } finally {
    await store.close()
  }
}
