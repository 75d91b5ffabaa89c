/** Runs once before a test run: finds what the tests can use, and takes down afterwards what they started. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findChromium, findPostgres } from './find-programs.ts'
import { stopSupervisor, type PostgresRun } from './postgres-run.ts'

/** Vitest calls it, and calls what it returns when the run is over. */
export default function setup(): (() => Promise<void>) | undefined {
  if (!findChromium()) missing('Chromium', 'install it, or set CHROMIUM_PATH')
  if (process.env['LATCHKEY_TEST_POSTGRES']) return undefined

  const programs = findPostgres()
  if (!programs) {
    missing('PostgreSQL', 'install its server, or set LATCHKEY_TEST_POSTGRES to a URL')
    return undefined
  }
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-postgres-'))
  const run: PostgresRun = { programs, folder, pid: process.pid }
  process.env['LATCHKEY_TEST_POSTGRES_RUN'] = JSON.stringify(run)

  return () => stopSupervisor(folder)
}

function missing(what: string, remedy: string): void {
  console.warn(`${what} not found: its tests are ${process.env['CI'] ? 'failing' : 'skipped'} (${remedy})`)
}
