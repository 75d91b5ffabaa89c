import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { findPostgres } from './find-programs.ts'
import { hasPostgres } from './postgres.ts'

const programs = findPostgres()
const supervisor = fileURLToPath(new URL('postgres-supervisor.mjs', import.meta.url))

describe.skipIf(!hasPostgres || !programs)('the supervisor of the test PostgreSQL', () => {
  test('a test run killed without warning leaves no server and no files behind', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-supervisor-'))
    const run = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    onTestFinished(() => void run.kill('SIGKILL'))
    spawn(process.execPath, [supervisor, folder, String(programs), String(run.pid)], { stdio: 'ignore' })
    await vi.waitUntil(() => existsSync(join(folder, 'ready')), { timeout: 50_000 })
    const url = readFileSync(join(folder, 'ready'), 'utf8')
    await expect(connects(url)).resolves.toBe(true)

    run.kill('SIGKILL')

    await vi.waitUntil(() => !existsSync(folder), { timeout: 50_000 })
    await expect(connects(url)).resolves.toBe(false)
  })

  test('a server that cannot be made is reported with its reason', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-supervisor-'))
    spawn(process.execPath, [supervisor, folder, join(folder, 'no-such-programs'), String(process.pid)], { stdio: 'ignore' })
    await vi.waitUntil(() => existsSync(join(folder, 'failed')), { timeout: 50_000 })

    expect(readFileSync(join(folder, 'failed'), 'utf8')).toContain('ENOENT')
    rmSync(folder, { recursive: true, force: true })
  })
})

async function connects(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}
