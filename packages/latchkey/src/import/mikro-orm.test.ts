import path from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mikroOrmDatabase, OLD_HASHES } from '../../testing/accounts-js-database.ts'
import type { OldDatabase } from '../../testing/accounts-js-database.ts'
import { cli, newFolder, newWorld } from '../../testing/world.ts'
import { freshDatabase, hasPostgres } from '../../../../tools/test/postgres.ts'
import { EXIT } from '../cli/exit.ts'
import type { ImportReport } from './import-accounts-js.ts'

let old: OldDatabase
let folder: { folder: string; close: () => Promise<void> }

describe.skipIf(!hasPostgres)('importing a MikroORM database of accounts-js', () => {
  beforeEach(async () => {
    old = await mikroOrmDatabase()
    folder = await newFolder()
    const bcrypt = OLD_HASHES['the password of old']
    await old.query(`insert into "user" (created_at, updated_at, username, deactivated) values
      ('2024-05-06 07:08:09.123+02', '2024-05-06 07:08:09.123+02', 'ada', false), (null, null, null, null), ('2025-01-01', '2025-01-01', 'eve', true)`)
    await old.query(`insert into email (user_id, address, verified) values
      (1, 'ada@example.org', true), (1, 'second@example.org', true), (2, 'bob@example.org', false), (3, 'ada@example.org', false)`)
    await old.query(
      `insert into service (user_id, name, options) values (1, 'password', $1), (1, 'facebook', '{"email": "ada@example.org", "name": "Ada"}')`,
      [JSON.stringify({ bcrypt })],
    )
    await old.query(`insert into service (user_id, name, token, options) values (2, 'magicLink.loginTokens', 't', '{}')`)
  })
  afterEach(async () => {
    await old?.close()
    await folder?.close()
  })

  const run = async (...args: string[]): Promise<ImportReport> => {
    const outcome = await cli(['import', 'accounts-js', '--json', ...args], {
      env: { ACCOUNTS_JS_URL: old.url },
      folder: folder.folder,
    })
    expect(outcome.code === EXIT.ok && outcome.err === '' ? '' : outcome.err + outcome.out).toBe('')
    return outcome.json() as ImportReport
  }

  test('users keep their numbers as ids; an address of two stays with the one who verified it; links without an id are listed', async () => {
    const data = path.join(folder.folder, 'data')
    const report = await run('--data', data, '--yes')
    expect(report).toMatchObject({
      layout: 'mikro-orm',
      users: { read: 3, imported: 3, alreadyThere: 0, changedSince: 0, leftOut: 0 },
      credentials: { password: 1, 'service:facebook': 1 },
      notImported: { sessions: 0, tokens: { 'magicLink.loginTokens': 1 } },
      notes: [
        { kind: 'oauth-without-id', id: '1', what: 'facebook' },
        { kind: 'email-taken', id: '3', what: 'ada@example.org' },
      ],
    })
    const world = await newWorld({ data })
    try {
      const answer = await world.post('/accounts/password/authenticate', { user: 'ada@example.org', password: 'the password of old' })
      expect(await answer.json()).toMatchObject({
        user: {
          id: '1',
          createdAt: '2024-05-06T05:08:09.123Z',
          emails: [
            { address: 'ada@example.org', verified: true },
            { address: 'second@example.org', verified: true },
          ],
        },
      })
    } finally {
      await world.close()
    }
    // User 2 has no time of making; they are the same all the same.
    expect((await run('--data', data, '--yes')).users).toEqual({ read: 3, imported: 0, alreadyThere: 3, changedSince: 0, leftOut: 0 })
  })

  test('PostgreSQL can be the target, with the secret of its server; without it nothing is sealed or written', async () => {
    await using target = await freshDatabase()
    const env = { ACCOUNTS_JS_URL: old.url, DATABASE_URL: target.url }
    const without = await cli(['import', 'accounts-js', '--yes', '--data', path.join(folder.folder, 'none')], { env })
    expect(without).toMatchObject({ code: EXIT.configuration, err: expect.stringContaining('LATCHKEY_SECRET') as string })

    const look = await cli(['import', 'accounts-js', '--json', '--data', path.join(folder.folder, 'none')], { env })
    expect(look.json()).toMatchObject({ dryRun: true, users: { imported: 3 } })

    const secret = { ...env, LATCHKEY_SECRET: 'k9X2mQ7vR4tW8yB3nD6fH1jL5pS0aZcE' }
    for (const users of [
      { imported: 3, alreadyThere: 0 },
      { imported: 0, alreadyThere: 3 },
    ]) {
      const done = await cli(['import', 'accounts-js', '--yes', '--json'], { env: secret })
      expect(done).toMatchObject({ code: EXIT.ok, err: '' })
      expect(done.json()).toMatchObject({ users })
    }
    expect((await cli(['import', 'accounts-js', '--json'], { env })).json()).toMatchObject({ users: { imported: 0, alreadyThere: 3 } })
  })

  test('a target whose schema is newer than this version is neither looked into nor written', async () => {
    await using target = await freshDatabase()
    const env = { ACCOUNTS_JS_URL: old.url, DATABASE_URL: target.url, LATCHKEY_SECRET: 'k9X2mQ7vR4tW8yB3nD6fH1jL5pS0aZcE' }
    expect((await cli(['migrate'], { env })).code).toBe(EXIT.ok)
    await queryAt(target.url, `insert into latchkey.migrations (name, timestamp) values ('9999-from-the-future', '2100-01-01')`)
    for (const args of [[], ['--yes']])
      expect(await cli(['import', 'accounts-js', ...args], { env })).toMatchObject({ code: EXIT.schema, out: '' })
  })

  test('the layout is told when it must be, and the schema when it is another', async () => {
    const data = path.join(folder.folder, 'data')
    await old.query('create table user_email (id int)')
    await old.query('create table user_service (id int)')
    const env = { ACCOUNTS_JS_URL: old.url }
    const unsure = await cli(['import', 'accounts-js', '--data', data], { env })
    expect(unsure).toMatchObject({ code: EXIT.configuration, err: expect.stringContaining('--layout') as string })
    expect(await run('--data', data, '--layout', 'mikro-orm')).toMatchObject({ layout: 'mikro-orm', users: { read: 3 } })

    await old.query('alter schema public rename to elsewhere')
    expect(await run('--data', data, '--layout', 'mikro-orm', '--schema', 'elsewhere')).toMatchObject({ users: { read: 3 } })
  })
})

async function queryAt(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
