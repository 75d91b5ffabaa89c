import { readdir } from 'node:fs/promises'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freshDatabase, hasPostgres } from '../../../../tools/test/postgres.ts'
import { cli, newFolder, newWorld } from '../../testing/world.ts'
import { EXIT } from '../cli/exit.ts'
import type { Check } from '../doctor/check.ts'

const PASSWORD = 'correct horse battery staple'

describe.skipIf(!hasPostgres)('the standalone server on PostgreSQL', () => {
  // A second is a promise of ours, and not of a machine that stands still for one.
  test('serves, and a command on another machine ends sessions within a second', { retry: 2 }, async () => {
    const database = await freshDatabase()
    onTestFinished(() => database.drop())
    const world = await newWorld({ databaseUrl: database.url })
    onTestFinished(() => world.close())
    const created = await cli(['user', 'create', '--username', 'ada', '--password-stdin'], {
      env: { DATABASE_URL: database.url },
      stdin: PASSWORD,
    })
    expect(created).toMatchObject({ code: EXIT.ok, err: '' })
    const answer = await world.post('/accounts/password/authenticate', { user: { username: 'ada' }, password: PASSWORD })
    const { tokens } = (await answer.json()) as { tokens: { accessToken: string } }
    const isIn = async () => (await (await world.get('/accounts/user', { authorization: `Bearer ${tokens.accessToken}` })).json()) !== null
    expect(await isIn()).toBe(true)

    expect((await world.cli('user', 'revoke', 'ada', '--json')).json()).toEqual({ ended: 1 })
    const ended = performance.now()
    for (let asked = ended; await isIn(); asked = performance.now()) expect(asked - ended).toBeLessThan(1000)

    const doctor = await world.cli('doctor', '--json')
    const { checks } = doctor.json() as { checks: Check[] }
    expect(checks.filter(({ name }) => ['database', 'schema', 'clock'].includes(name)).map(({ status }) => status)).toEqual([
      'ok',
      'ok',
      'ok',
    ])
    expect(doctor.out).not.toContain(new URL(database.url).password || '\0')
  })

  test('leaves no connection to the database behind when it stops, or when its start fails', async () => {
    const database = await freshDatabase()
    onTestFinished(() => database.drop())
    const watcher = new pg.Client({ connectionString: database.url })
    await watcher.connect()
    onTestFinished(() => watcher.end())
    const connections = async (): Promise<unknown> => {
      const text = 'SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'
      return (await watcher.query<{ n: number }>(text)).rows[0]?.n
    }
    await expect(newWorld({ databaseUrl: database.url, migrate: false })).rejects.toMatchObject({ code: 'SchemaOutdated' })
    await expect.poll(connections).toBe(0)
    const world = await newWorld({ databaseUrl: database.url })
    onTestFinished(() => world.close())
    expect(await connections()).toBeGreaterThan(0)
    await world.stop()
    await expect.poll(connections).toBe(0)
  })

  test('a command that only looks leaves no secret behind', async () => {
    await using database = await freshDatabase()
    const { folder, close } = await newFolder()
    const here = { env: { DATABASE_URL: database.url }, folder }
    expect((await cli(['user', 'list'], here)).code).toBe(EXIT.schema)
    expect((await cli(['migrate'], here)).code).toBe(EXIT.ok)
    expect((await cli(['user', 'list'], here)).code).toBe(EXIT.ok)
    expect(await readdir(folder)).toEqual([])
    const invited = await cli(['user', 'create', '--email', 'a@example.org', '--invite'], here)
    expect(invited).toMatchObject({ code: EXIT.configuration, err: expect.stringContaining('set LATCHKEY_SECRET') as string })
    await close()
  })

  test('migrate may run several times at once', async () => {
    await using database = await freshDatabase()
    const runs = await Promise.all(Array.from({ length: 4 }, () => cli(['migrate', '--json'], { env: { DATABASE_URL: database.url } })))
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0])
    const applied = runs.flatMap(run => (run.json() as { applied: string[] }).applied)
    expect(applied.filter(name => name === '0001-first')).toHaveLength(1)
  })
})
