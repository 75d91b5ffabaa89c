import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import Sqlite from 'libsql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cli, newFolder } from '../../testing/world.ts'
import { VERSION } from '../version.ts'
import { EXIT } from './exit.ts'

let folder: string
let close: () => Promise<void>
beforeAll(async () => ({ folder, close } = await newFolder()))
afterAll(() => close())

test('alone it shows what it can do', async () => {
  const { code, out, err } = await cli([])
  expect(code).toBe(EXIT.ok)
  for (const command of ['serve', 'migrate', 'doctor', 'secret', 'user']) expect(out).toContain(`  ${command} `)
  expect(out).toContain('Exit codes:')
  expect(err).toBe('')
})

test('it says its version', async () => {
  expect(await cli(['--version'])).toMatchObject({ code: EXIT.ok, out: `${VERSION}\n` })
})

test.each([
  'serve',
  'migrate',
  'doctor',
  'secret',
  'user',
  'user create',
  'user list',
  'user show',
  'user revoke',
  'user set-password',
  'user delete',
])('%s --help explains it', async command => {
  const { code, out } = await cli([...command.split(' '), '--help'])
  expect(code).toBe(EXIT.ok)
  expect(out).toContain(`Usage: latchkey ${command}`)
  expect(out).toContain(command === 'user' ? 'Commands:' : 'Examples:')
})

test.each([
  [['launch'], "unknown command 'launch'"],
  [['serve', '--prot', '3000'], "unknown option '--prot'"],
  [['user', 'show'], "missing required argument 'who'"],
  [['user', 'create'], 'a user needs --email or --username'],
  [['user', 'create', '--username', 'ada', '--invite'], '--invite needs --email'],
  [['user', 'create', '--email', 'a@example.org', '--invite', '--password-stdin'], 'use one of'],
  [['user', 'create', '--email', 'a@example.org'], 'nobody can be asked for a password here'],
  [['user', 'set-password', 'ada'], 'nobody can be asked for the password here'],
  [['user', 'delete', 'ada'], 'nobody can be asked to agree here'],
  [['user', 'list', '--limit', 'many'], '--limit must be a whole number'],
  [['migrate', '--plan', '--check'], 'use one of --plan and --check'],
])('%j is a mistake in the command line', async (args, message) => {
  const { code, err, out } = await cli(args)
  expect(code).toBe(EXIT.usage)
  expect(err).toContain(message)
  expect(out).toBe('')
})

test('with --json an error is one JSON document, too', async () => {
  const { code, out, err } = await cli(['user', 'list', '--json', '--limit', '0'])
  expect(code).toBe(EXIT.usage)
  expect(JSON.parse(out)).toEqual({ error: { code: 'Failed', message: '--limit must be a whole number from 1 to 1000' } })
  expect(err).toBe('')
})

test('a wrong configuration has an exit code of its own, and names what is wrong', async () => {
  const wrong = { env: { LATCHKEY_SECERT: 'x' } }
  expect(await cli(['user', 'list'], wrong)).toMatchObject({
    code: EXIT.configuration,
    err: expect.stringContaining('did you mean LATCHKEY_SECRET?') as string,
  })
  const json = await cli(['user', 'list', '--json'], wrong)
  expect(json.json()).toMatchObject({
    error: { code: 'InvalidSettings', details: { problems: [{ fix: 'did you mean LATCHKEY_SECRET?' }] } },
  })
})

test('serve refuses an unsafe production configuration before it listens', async () => {
  const { code, err } = await cli(['serve', '--production', '--data', path.join(folder, 'production'), '--port', '0'])
  expect(code).toBe(EXIT.configuration)
  expect(err).toContain('Refused in production:')
  expect(err).toContain('Fix: set LATCHKEY_BASE_URL')
  expect(err).toContain('Fix: set SMTP_URL')
})

test('a secret is printed, new each time', async () => {
  const first = await cli(['secret'])
  expect(first).toMatchObject({ code: EXIT.ok, out: expect.stringMatching(/^[\w-]{43}\n$/) as string })
  expect((await cli(['secret'])).out).not.toBe(first.out)
  expect((await cli(['secret', '--json'])).json()).toEqual({ secret: expect.stringMatching(/^[\w-]{43}$/) as string })
})

test('a password in --database-url is warned of', async () => {
  const { err } = await cli(['migrate', '--check', '--database-url', 'postgres://ada:hunter2@127.0.0.1:1/x'])
  expect(err).toContain('Warning: other users of this machine can read the password')
  expect(err).not.toContain('hunter2')
})

test('--config names the config file', async () => {
  const file = path.join(folder, 'mine.json')
  await writeFile(file, JSON.stringify({ data: 'from-file' }))
  const { code, out } = await cli(['migrate', '--config', file])
  expect(code).toBe(EXIT.ok)
  expect(out).toContain(path.join(folder, 'from-file', 'latchkey.db'))
})

test('migrate checks, plans, applies, and then has nothing to do', async () => {
  const data = ['--data', path.join(folder, 'migrated')]
  const before = await cli(['migrate', '--check', '--json', ...data])
  expect(before.code).toBe(EXIT.schema)
  expect(before.json()).toMatchObject({ error: { code: 'SchemaOutdated' } })

  const plan = await cli(['migrate', '--plan', '--json', ...data])
  expect((plan.json() as { plan: { name: string; sql: string[] }[] }).plan[0]).toMatchObject({
    name: '0001-first',
    sql: expect.any(Array) as unknown,
  })
  expect((await cli(['migrate', '--plan', ...data])).out).toContain('create table')

  const applied = await cli(['migrate', '--json', ...data])
  expect((applied.json() as { applied: string[] }).applied).toContain('0001-first')
  expect((await cli(['migrate', '--json', ...data])).json()).toEqual({ applied: [] })
  expect((await cli(['migrate', '--check', ...data])).code).toBe(EXIT.ok)
})

test('only user create makes a database; looking at one never changes its schema', async () => {
  const own = path.join(folder, 'careful')
  await cli(['migrate', '--data', own])
  const database = new Sqlite(path.join(own, 'latchkey.db'))
  const record = database.prepare("select name from sqlite_master where name like '%migration%' and name not like '%lock%'").get() as {
    name: string
  }
  database.exec(`delete from ${record.name} where name <> '0001-first'`)
  const applied = () => (database.prepare(`select count(*) as count from ${record.name}`).get() as { count: number }).count
  expect((await cli(['user', 'list', '--data', own])).code).toBe(EXIT.schema)
  expect(applied()).toBe(1)
  database.close()
})

test('a server that may not migrate refuses an old schema, and names the command', async () => {
  const { code, err } = await cli(['serve', '--migrate', 'off', '--port', '0', '--data', path.join(folder, 'old')])
  expect(code).toBe(EXIT.schema)
  expect(err).toContain('latchkey migrate')
})
