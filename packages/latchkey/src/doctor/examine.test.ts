import { chmod, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import Sqlite from 'libsql'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cli, newFolder, newWorld } from '../../testing/world.ts'
import type { Outcome } from '../../testing/world.ts'
import { EXIT } from '../cli/exit.ts'
import { CHECKS } from './check.ts'
import type { Check } from './check.ts'
import { judgeSkew } from './database.ts'
import { checkNode } from './examine.ts'

let folder: string
let close: () => Promise<void>
beforeEach(async () => ({ folder, close } = await newFolder()))
afterEach(() => close())

interface Report {
  ok: boolean
  checks: Check[]
  configuration: Record<string, { value: unknown; source: string }>
}
const reportOf = (outcome: Outcome): Report => outcome.json() as Report
const find = (outcome: Outcome, name: string): Check | undefined => reportOf(outcome).checks.find(check => check.name === name)

test('before the first start everything is well, and doctor makes nothing', async () => {
  const data = path.join(folder, 'data')
  const outcome = await cli(['doctor', '--json', '--data', data])
  expect(outcome.code).toBe(EXIT.ok)
  expect(reportOf(outcome).ok).toBe(true)
  expect(reportOf(outcome).checks.map(({ name }) => name)).toEqual([...CHECKS])
  expect(find(outcome, 'data-folder')?.message).toContain('will be made')
  expect(find(outcome, 'secret')?.message).toContain('will be made')
  await expect(mkdir(data)).resolves.toBeUndefined()
})

test('beside a running server, database, schema and disk are looked at, too', async () => {
  const world = await newWorld()
  const outcome = await world.cli('doctor', '--json')
  expect(outcome.code).toBe(EXIT.ok)
  expect(find(outcome, 'database')).toMatchObject({ status: 'ok', message: expect.stringContaining('latchkey.db answers') as string })
  expect(find(outcome, 'schema')).toMatchObject({ status: 'ok', message: 'up to date' })
  // A loaded machine may be slow, but it was measured.
  expect(find(outcome, 'commit-time')?.message).toMatch(/a commit takes [\d.]+ ms/)
  await world.close()
})

test('for people it marks each finding, and says what to do below it', async () => {
  const { code, out } = await cli(['doctor', '--production', '--data', folder])
  expect(code).toBe(EXIT.failed)
  expect(out).toMatch(/✗\S* base-url +the base URL is missing.*\n +Fix: set LATCHKEY_BASE_URL/)
  expect(out).toMatch(/✗\S* mail +there is no mail server.*\n +Fix: set SMTP_URL/)
  expect(out).toMatch(/Set by you:\n(?:.*\n)*NODE_ENV +true {2}\(flag\)/)
})

test('what was set is shown with its source, but no secret', async () => {
  const outcome = await cli(['doctor', '--json', '--data', folder], {
    env: { LATCHKEY_SECRET: 'hunter2-hunter2-hunter2-hunter2-hunter2', PORT: '8080' },
  })
  expect(reportOf(outcome).configuration).toMatchObject({
    port: { value: 8080, source: 'environment' },
    host: { value: '127.0.0.1', source: 'default' },
    secret: { value: '(hidden)', source: 'environment' },
    smtpUrl: { value: null, source: 'default' },
  })
  expect(outcome.out).not.toContain('hunter2')
})

test('a configuration that cannot be read is a finding, not an abort', async () => {
  const outcome = await cli(['doctor', '--json'], { env: { LATCHKEY_SECERT: 'x', PORT: 'http' } })
  expect(outcome.code).toBe(EXIT.failed)
  const findings = reportOf(outcome).checks.filter(({ name }) => name === 'configuration')
  expect(findings).toHaveLength(2)
  expect(findings.map(({ status }) => status)).toEqual(['fail', 'fail'])
})

test('a secret that others can read is a warning, and in production a failure', async () => {
  await writeFile(path.join(folder, 'secret'), 'kept-kept-0123456789-abcdefghijklmnop\n')
  await chmod(path.join(folder, 'secret'), 0o644)
  const here = await cli(['doctor', '--json', '--data', folder])
  expect(find(here, 'secret')).toMatchObject({ status: 'warn', fix: `chmod 600 ${folder}/secret` })
  const production = await cli(['doctor', '--json', '--production', '--data', folder])
  expect(find(production, 'secret')).toMatchObject({ status: 'fail' })
})

test('a secret file that is empty is a failure with its fix', async () => {
  await writeFile(path.join(folder, 'secret'), '')
  const found = find(await cli(['doctor', '--json', '--data', folder]), 'secret')
  expect(found).toMatchObject({ status: 'fail', message: `the secret in ${folder}/secret cannot be used (it is empty)` })
  expect(found?.fix).toContain('set LATCHKEY_SECRET')
})

test('a data folder that is open to others is told, and one that is not is well', async () => {
  await chmod(folder, 0o755)
  expect(find(await cli(['doctor', '--json', '--data', folder]), 'data-folder')).toMatchObject({
    status: 'warn',
    fix: `chmod 700 ${folder}`,
  })
  await chmod(folder, 0o700)
  expect(find(await cli(['doctor', '--json', '--data', folder]), 'data-folder')).toMatchObject({
    status: 'ok',
    message: `${folder}, readable by its owner alone`,
  })
})

test('a file in place of the data folder is a failure', async () => {
  const file = path.join(folder, 'file')
  await writeFile(file, '')
  expect(find(await cli(['doctor', '--json', '--data', file]), 'data-folder')).toMatchObject({ status: 'fail' })
})

test('a database that is none is a failure', async () => {
  await writeFile(path.join(folder, 'latchkey.db'), 'this is no database at all, but long enough to look like one'.repeat(100))
  const outcome = await cli(['doctor', '--json', '--data', folder])
  expect(find(outcome, 'database')).toMatchObject({ status: 'fail' })
  expect(find(outcome, 'schema')).toMatchObject({ status: 'skip' })
})

test('a schema that is behind is a warning, or a failure where the server may not migrate', async () => {
  const database = new Sqlite(path.join(folder, 'latchkey.db'))
  database.exec('create table other (id)')
  database.close()
  expect(find(await cli(['doctor', '--json', '--data', folder]), 'schema')).toMatchObject({ status: 'warn', fix: 'latchkey migrate' })
  expect(find(await cli(['doctor', '--json', '--data', folder, '--migrate', 'off']), 'schema')).toMatchObject({ status: 'fail' })
})

test('a mail server that does not answer is a failure', async () => {
  const outcome = await cli(['doctor', '--json', '--data', folder], { env: { SMTP_URL: 'smtp://ada:hunter2@127.0.0.1:1' } })
  expect(find(outcome, 'mail')).toMatchObject({ status: 'fail', message: expect.stringContaining('127.0.0.1:1 cannot be used') as string })
  expect(outcome.out).not.toContain('hunter2')
})

test('a PostgreSQL that cannot be reached is a failure, and says nothing of its password', async () => {
  const outcome = await cli(['doctor', '--json', '--data', folder], {
    env: { DATABASE_URL: 'postgres://ada:hunter2@127.0.0.1:1/accounts' },
  })
  expect(find(outcome, 'database')).toMatchObject({
    status: 'fail',
    message: expect.stringContaining('PostgreSQL at 127.0.0.1:1/accounts cannot be reached') as string,
  })
  expect(outcome.out).not.toContain('hunter2')
})

test.each([
  ['20.19.0', 'ok'],
  ['22.0.0', 'ok'],
  ['24.1.0', 'ok'],
  ['20.18.3', 'fail'],
  ['18.20.0', 'fail'],
])('Node %s: %s', (version, status) => {
  expect(checkNode(version).status).toBe(status)
})

test.each([
  [0, 'ok'],
  [-2000, 'ok'],
  [5000, 'warn'],
  [-30_000, 'warn'],
  [60_000, 'fail'],
])('a clock that is %i ms ahead of the database: %s', (skew, status) => {
  expect(judgeSkew(skew).status).toBe(status)
})
