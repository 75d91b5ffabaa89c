import { stat, unlink } from 'node:fs/promises'
import path from 'node:path'
import { isAccountsError } from '@latchkey/common'
import type { Config } from '../config/table.ts'
import { databaseOf, describeDatabase } from '../data/database.ts'
import type { Database } from '../data/database.ts'
import { storeOf } from '../serve/assemble.ts'
import { fail, ok, skip, warn } from './check.ts'
import type { Check } from './check.ts'

/** Is the database there, is its schema ours, does its clock agree with ours, does it commit fast enough? */
export async function checkDatabase(config: Config): Promise<Check[]> {
  const database = databaseOf(config)
  return database.engine === 'sqlite' ? checkSqlite(config, database) : checkPostgres(config, database)
}

async function checkSqlite(config: Config, database: Database & { engine: 'sqlite' }): Promise<Check[]> {
  const folder = path.dirname(database.path)
  const clock = skip('clock', 'the database is on this machine')
  if ((await stat(folder).catch(() => null)) === null) {
    const later = ok('database', `${describeDatabase(database)} will be made at the first start`)
    return [later, skip('schema', 'there is no database yet'), clock, skip('commit-time', 'there is no folder yet')]
  }
  const exists = (await stat(database.path).catch(() => null)) !== null
  const found = exists
    ? await checkSchema(config, database)
    : [ok('database', `${describeDatabase(database)} will be made at the first start`), skip('schema', 'there is no database yet')]
  return [...found, clock, await checkCommitTime(folder)]
}

async function checkPostgres(config: Config, database: Database & { engine: 'postgresql' }): Promise<Check[]> {
  const commitTime = skip('commit-time', 'measured for SQLite alone')
  const clock = await readClock(database.url).catch((error: unknown) => messageOf(error))
  if (typeof clock === 'string') {
    return [
      fail('database', `${describeDatabase(database)} cannot be reached: ${clock}`, 'start it, or correct DATABASE_URL'),
      skip('schema', 'the database cannot be reached'),
      skip('clock', 'the database cannot be reached'),
      commitTime,
    ]
  }
  return [...(await checkSchema(config, database)), judgeSkew(clock.skew), commitTime]
}

async function checkSchema(config: Config, database: Database): Promise<Check[]> {
  const store = await storeOf(config)
  try {
    const pending = await store.migrations.plan()
    const reached = ok('database', `${describeDatabase(database)} answers`)
    if (pending.length === 0) return [reached, ok('schema', 'up to date')]
    const names = pending.map(({ name }) => name).join(', ')
    return [
      reached,
      config.migrate
        ? warn('schema', `${names} not applied yet; the next start does it`, 'latchkey migrate')
        : fail('schema', `${names} not applied, and the server does not do it by itself (LATCHKEY_MIGRATE=off)`, 'latchkey migrate'),
    ]
  } catch (error) {
    if (isAccountsError(error) && error.code === 'SchemaOutdated') {
      return [ok('database', `${describeDatabase(database)} answers`), fail('schema', error.message, 'npm install latchkey@latest')]
    }
    return [
      fail(
        'database',
        `${describeDatabase(database)} cannot be used: ${messageOf(error)}`,
        'correct DATABASE_URL or the permissions of the file',
      ),
      skip('schema', 'the database cannot be used'),
    ]
  } finally {
    await store.close()
  }
}

/** Links, limits and sessions expire by the clock of whichever machine looks: beyond some seconds they expire early or late. */
export function judgeSkew(skew: number): Check {
  const seconds = (Math.abs(skew) / 1000).toFixed(1)
  if (Math.abs(skew) <= 2000) return ok('clock', `agrees with the database's within ${seconds} s`)
  const message = `this machine's clock is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} the database's`
  const fix = 'let both machines synchronise their clocks (NTP)'
  return Math.abs(skew) <= 30_000 ? warn('clock', message, fix) : fail('clock', message, fix)
}

/** How far our clock is ahead of the database's, in milliseconds; half of the round trip counts as travel. */
async function readClock(url: string): Promise<{ skew: number }> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000, query_timeout: 5000 })
  // A connection that breaks later is an event, and without a listener the end of the process.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    const asked = Date.now()
    const { rows } = await client.query<{ now: string }>('select (extract(epoch from clock_timestamp()) * 1000)::bigint::text as now')
    return { skew: Math.round((asked + Date.now()) / 2 - Number(rows[0]?.now)) }
  } finally {
    await client.end().catch(() => {})
  }
}

/** Every sign-up and sign-in waits for one commit; more than five milliseconds of it mean a slow or remote disk. */
const SLOW_COMMIT = 5
const COMMITS = 20

/** Measured on a file of its own beside the database, set up like it, and deleted again. */
async function checkCommitTime(folder: string): Promise<Check> {
  const file = path.join(folder, `.doctor-${process.pid}.db`)
  try {
    const median = await measureCommits(file)
    const took = `a commit takes ${median.toFixed(1)} ms`
    if (median <= SLOW_COMMIT) return ok('commit-time', took)
    return warn(
      'commit-time',
      `${took}, so few people can sign in at once`,
      'put the data folder on a local SSD, or use PostgreSQL (DATABASE_URL)',
    )
  } catch (error) {
    return fail(
      'commit-time',
      `nothing can be committed in ${folder}: ${messageOf(error)}`,
      'correct the permissions of the folder, or free some space',
    )
  } finally {
    await Promise.all(['', '-wal', '-shm'].map(suffix => unlink(`${file}${suffix}`).catch(() => {})))
  }
}

async function measureCommits(file: string): Promise<number> {
  const { default: Sqlite } = await import('libsql')
  const database = new Sqlite(file)
  try {
    database.exec('pragma journal_mode = wal; pragma synchronous = full; create table commits (at integer)')
    const insert = database.prepare('insert into commits values (?)')
    const times = Array.from({ length: COMMITS }, (_, index) => {
      const start = performance.now()
      insert.run(index)
      return performance.now() - start
    })
    return times.toSorted((a, b) => a - b)[COMMITS / 2] ?? 0
  } finally {
    database.close()
  }
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
