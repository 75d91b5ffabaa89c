/** What was acknowledged is kept: through `kill -9`, with one flush to disk for each commit. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freshDatabase, hasPostgres, ownPostgres } from '../tools/test/postgres.ts'
import { inLanes, post } from './support/call.ts'
import { dataFolder, startStandalone } from './support/standalone.ts'

const PASSWORD = 'correct horse battery staple'
const SIGN_UPS = 1000
const LANES = 16
/** Half-way, so that many requests are at every stage when the process dies. */
const KILL_AFTER = 500

const hasStrace = spawnSync('strace', ['-V']).status === 0
if (!hasStrace && process.env['CI']) throw new Error('CI needs strace')
if (!hasStrace) console.warn('strace not found: the test that counts disk flushes is skipped')

for (const { name, here, environment, alone } of [
  {
    name: 'SQLite',
    here: true,
    environment: async (): Promise<NodeJS.ProcessEnv> => ({}),
    alone: async (): Promise<NodeJS.ProcessEnv> => ({}),
  },
  { name: 'PostgreSQL', here: hasPostgres, environment: onPostgres, alone: onPostgresAlone },
]) {
  describe.skipIf(!here)(`on ${name}`, () => {
    it('every acknowledged sign-up can log in after the server was killed in the middle of a thousand', { timeout: 300_000 }, async () => {
      const data = await dataFolder()
      onTestFinished(() => data.remove())
      const env = await environment()
      const doomed = await startStandalone(data.path, env)
      onTestFinished(() => doomed.kill())
      const acknowledged: number[] = []
      let killed: Promise<void> | undefined
      await inLanes(SIGN_UPS, LANES, async n => {
        if (killed) return
        const answer = await post(doomed.url, 'password/register', { user: { email: emailOf(n), password: PASSWORD } }).catch(() => null)
        if (answer?.status === 200) acknowledged.push(n)
        if (acknowledged.length >= KILL_AFTER) killed ??= doomed.kill()
      })
      await killed
      expect(acknowledged.length).toBeGreaterThanOrEqual(KILL_AFTER)

      const server = await startStandalone(data.path, env)
      onTestFinished(async () => void (await server.stop()))
      const lost: number[] = []
      await inLanes(acknowledged.length, 4, async index => {
        const n = acknowledged[index] ?? 0
        const { status } = await post(server.url, 'password/authenticate', { user: { email: emailOf(n) }, password: PASSWORD })
        if (status !== 200) lost.push(n)
      })
      expect(lost).toEqual([])
    })

    it.skipIf(!hasStrace)('each acknowledged sign-up is one flush to disk', { timeout: 120_000 }, async () => {
      const data = await dataFolder()
      onTestFinished(() => data.remove())
      const env = await alone()
      const server = await startStandalone(data.path, env)
      onTestFinished(async () => void (await server.stop()))
      // By username, so that no mail is sent: its sending is noted in commits of its own, which nobody waits for.
      const signUp = (n: number) => post(server.url, 'password/register', { user: { username: `user${n}`, password: PASSWORD } })
      // Connections are made and statements prepared before anybody counts.
      await inLanes(20, 4, async n => void (await signUp(n)))
      const count = 50
      const { all, background } = env['DATABASE_URL'] ? await processesOf(env['DATABASE_URL']) : { all: [server.pid], background: [] }
      const flushes = await flushesDuring(all, async () => {
        for (let n = 100; n < 100 + count; n += 1) expect((await signUp(n)).status).toBe(200)
      })
      const own = flushes.filter(pid => !background.includes(pid))
      console.info(`${name}: ${flushes.length} flushes for ${count} sign-ups, ${own.length} of them in their own processes`)
      // One each, neither none nor two. PostgreSQL's WAL writer may be the one that flushes a commit; what it flushes besides, every 200 ms, nobody waits for.
      expect(flushes.length).toBeGreaterThanOrEqual(count)
      expect(own.length).toBeLessThanOrEqual(count * 1.2)
    })
  })
}

const emailOf = (n: number): string => `user-${n}@example.org`

async function onPostgres(): Promise<NodeJS.ProcessEnv> {
  const database = await freshDatabase()
  onTestFinished(() => database.drop())
  return { DATABASE_URL: database.url }
}

/** Where the databases of other tests are not: one flush serves all commits that wait for one, also those of a neighbour. */
async function onPostgresAlone(): Promise<NodeJS.ProcessEnv> {
  const server = await ownPostgres()
  onTestFinished(() => server.stop())
  return { DATABASE_URL: server.url }
}

/** All of a PostgreSQL, for new processes come out of its first; and those of them that serve nobody in particular. */
async function processesOf(url: string): Promise<{ all: number[]; background: number[] }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ pid: number; serves: boolean }>(
    `select pid, backend_type = 'client backend' as serves from pg_stat_activity where pid <> pg_backend_pid()
    union select split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int, false`,
  )
  await client.end()
  return { all: rows.map(({ pid }) => pid), background: rows.filter(({ serves }) => !serves).map(({ pid }) => pid) }
}

/** The process of each flush while the work was done. */
async function flushesDuring(pids: readonly number[], work: () => Promise<void>): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-strace-'))
  const log = join(folder, 'log')
  const strace = spawn('strace', ['-f', '-e', 'trace=fsync,fdatasync', '-o', log, ...pids.flatMap(pid => ['-p', String(pid)])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  const attached = new Promise<void>(resolve => {
    strace.stderr.on('data', chunk => {
      said += chunk
      // A process that has ended meanwhile is not attached, and said to be missing.
      if (pids.every(pid => new RegExp(`\\b${pid}\\b.*(attached|No such process)`).test(said))) resolve()
    })
  })
  await Promise.race([attached, once(strace, 'exit').then(() => Promise.reject(new Error(`strace ended: ${said}`)))])
  await work()
  strace.kill('SIGINT')
  await once(strace, 'exit')
  const flushes = readFileSync(log, 'utf8').matchAll(/^(\d+) .*\b(?:fsync|fdatasync)\(/gm)
  rmSync(folder, { recursive: true, force: true })
  return Array.from(flushes, ([, pid]) => Number(pid))
}
