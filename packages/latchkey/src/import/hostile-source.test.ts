/** Tables that nobody guarded: whatever they hold, the import ends, and PostgreSQL, the stricter of our databases, keeps the users. */
import { postgresStore } from '@latchkey/server/stores/sql'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addOldUser, typeormDatabase } from '../../testing/accounts-js-database.ts'
import type { OldDatabase } from '../../testing/accounts-js-database.ts'
import { freshDatabase, hasPostgres } from '../../../../tools/test/postgres.ts'
import type { FreshDatabase } from '../../../../tools/test/postgres.ts'
import { importAccountsJs } from './import-accounts-js.ts'
import type { ImportReport } from './import-accounts-js.ts'
import { dryLook } from './sealer.ts'

let old: OldDatabase
let database: FreshDatabase
let store: ReturnType<typeof postgresStore>

describe.skipIf(!hasPostgres)('importing tables that hold whatever they like', () => {
  beforeEach(async () => {
    old = await typeormDatabase(`alter table "user" add column notes json, add column "quo""te's\\" bigint;
      alter table user_email alter column address drop not null, alter column verified drop not null;
      alter table user_service alter column name drop not null, alter column options type json`)
    database = await freshDatabase()
    store = postgresStore({ url: database.url })
    await store.open()
  })
  afterEach(async () => {
    await store.close()
    await database.drop()
    await old.close()
  })

  const run = (without: string[] = []): Promise<ImportReport> =>
    importAccountsJs({ url: old.url, write: true, target: store, sealer: dryLook, hashes: 'custom', now: () => Date.now(), without })

  test('characters that no database of ours holds are replaced, and end no import', async () => {
    const id = await addOldUser(old, { username: 'ada', services: [{ name: 'password', options: { bcrypt: 'a\0b' } }] })
    await old.query(
      `update "user" set notes = '{"nul":"\\u0000","half":["\\ud800"],"__proto__":{"x":1}}', "quo""te's\\" = 9007199254740993`,
    )
    expect((await run()).users).toMatchObject({ read: 1, imported: 1 })
    const { custom } = (await store.users.find({ kind: 'id', key: id })) ?? {}
    expect(custom).toMatchObject({ notes: { nul: '\uFFFD', half: ['\uFFFD'] }, 'quo"te\'s\\': '9007199254740993' })
    expect((await run()).users).toMatchObject({ alreadyThere: 1 })
  })

  test('columns that stay behind are not looked at', async () => {
    const id = await addOldUser(old, { username: 'ada' })
    await old.query(`update "user" set notes = '{"half":"\\ud800"}', "quo""te's\\" = 3`)
    await run(['notes'])
    expect(await store.users.find({ kind: 'id', key: id })).toMatchObject({ custom: { 'quo"te\'s\\': '3' } })
  })

  test('rows without a name, options that are no object, and names and ids of any length leave nobody out', async () => {
    const id = await addOldUser(old, { username: 'ada' })
    await old.query('insert into user_email (address, verified, "userId") values (null, null, $1), (\'ada@example.org\', null, $1)', [id])
    await old.query(
      `insert into user_service (name, "serviceId", options, "userId") values (null, null, '{}', $1), ('facebook', null, '"text"', $1),
        ('github', null, '[1]', $1), ('password', null, '5', $1), (repeat('n', 100000), 'x', '{}', $1), ('twitter', repeat('m', 1000000), '{}', $1)`,
      [id],
    )
    expect((await run()).users).toMatchObject({ read: 1, imported: 1 })
    expect(await store.users.find({ kind: 'email', key: 'ada@example.org' })).toMatchObject({
      id,
      emails: [{ address: 'ada@example.org', verified: false }],
    })
  })
})
