/** Runs once before a test run: finds what the tests can use, and takes down afterwards what they started. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { findChromium, findPostgres } from './find-programs.ts'
import type { PostgresRun } from './postgres.ts'

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

  return async () => {
    await stopSupervisor(folder)
    rmSync(folder, { recursive: true, force: true })
  }
}

function missing(what: string, remedy: string): void {
  console.warn(`${what} not found: its tests are ${process.env['CI'] ? 'failing' : 'skipped'} (${remedy})`)
}

async function stopSupervisor(folder: string): Promise<void> {
  const file = join(folder, 'supervisor')
  if (!existsSync(file)) return
  const pid = Number(readFileSync(file, 'utf8'))
  while (signal(pid, 'SIGTERM')) await pause(20)
}

/** False once the process is gone. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}
