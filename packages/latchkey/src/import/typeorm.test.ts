/** A database as TypeORM's adapter makes it, with everything odd in it that the old system let in. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { createHmac } from 'node:crypto'
import { AccountsServer } from '@latchkey/server'
import { sqliteStore } from '@latchkey/server/stores/sql'
import { AccountsPassword } from '@latchkey/server/strategies/password'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addOldUser, OLD_HASHES, typeormDatabase } from '../../testing/accounts-js-database.ts'
import type { OldDatabase } from '../../testing/accounts-js-database.ts'
import { cli, newFolder, newWorld } from '../../testing/world.ts'
import type { Outcome } from '../../testing/world.ts'
import { hasPostgres } from '../../../../tools/test/postgres.ts'
import { EXIT } from '../cli/exit.ts'
import type { ImportReport } from './import-accounts-js.ts'

const PASSWORD = 'the password of old'

let old: OldDatabase
let folder: { folder: string; close: () => Promise<void> }
let data: string

describe.skipIf(!hasPostgres)('importing a TypeORM database of accounts-js', () => {
  beforeEach(async () => {
    old = await typeormDatabase('alter table "user" add column "displayName" varchar, add column points bigint, add column born date')
    folder = await newFolder()
    data = path.join(folder.folder, 'data')
  })
  afterEach(async () => {
    await old?.close()
    await folder?.close()
  })

  const run = (...args: string[]): Promise<Outcome> =>
    cli(['import', 'accounts-js', '--data', data, ...args], { env: { ACCOUNTS_JS_URL: old.url }, folder: folder.folder })
  const reportOf = async (...args: string[]): Promise<ImportReport> => {
    const outcome = await run('--json', ...args)
    expect(outcome.code === EXIT.ok && outcome.err === '' ? '' : outcome.err + outcome.out).toBe('')
    return outcome.json() as ImportReport
  }
  const notesOf = ({ notes }: ImportReport): string[] => notes.map(({ kind, id, what }) => `${kind} ${id} ${what}`).toSorted()
  const userOf = async (id: string): Promise<Record<string, unknown>> =>
    ((await cli(['user', 'show', id, '--data', data, '--json'])).json() as { user: Record<string, unknown> }).user
  const bcrypt = (password: keyof typeof OLD_HASHES = PASSWORD): string => OLD_HASHES[password]

  test('without --yes nothing is written, and the report says what would be', async () => {
    await addOldUser(old, { username: 'ada', bcrypt: bcrypt() })
    const report = await reportOf()
    expect(report).toMatchObject({
      dryRun: true,
      layout: 'typeorm',
      users: { read: 1, imported: 1, alreadyThere: 0, changedSince: 0, leftOut: 0 },
      credentials: { password: 1 },
    })
    await expect(stat(data)).rejects.toMatchObject({ code: 'ENOENT' })
    expect((await run()).out).toContain('Run it again with --yes to import.')
  })

  test('a user keeps id, names, addresses, verified flags, times and own fields, and signs in with the password of old', async () => {
    const id = await addOldUser(old, {
      username: 'Ada',
      emails: [{ address: 'second@example.org' }, { address: 'ada@example.org', verified: true }],
      bcrypt: bcrypt(),
    })
    await old.query(
      `update "user" set "displayName" = 'Ada L.', points = 9007199254740993, born = '1815-12-10', "updatedAt" = '2025-01-02 03:04:05'`,
    )
    await reportOf('--yes')

    expect(await userOf(id)).toEqual({
      id,
      username: 'Ada',
      emails: [
        { address: 'ada@example.org', verified: true },
        { address: 'second@example.org', verified: false },
      ],
      deactivatedAt: null,
      createdAt: '2024-05-06T07:08:09.123Z',
      updatedAt: '2025-01-02T03:04:05.000Z',
      custom: { displayName: 'Ada L.', points: '9007199254740993', born: '1815-12-10' },
    })
    const world = await newWorld({ data })
    try {
      for (const user of ['ada', 'ada@example.org', { username: 'ADA' }, { id }]) {
        const answer = await world.post('/accounts/password/authenticate', { user, password: PASSWORD })
        expect([user, answer.status]).toEqual([user, 200])
      }
      expect((await world.post('/accounts/password/authenticate', { user: 'ada', password: 'another' })).status).toBe(400)
    } finally {
      await world.close()
    }
    // The new hash of the first login changes nothing for the next import.
    expect((await reportOf('--yes')).users).toEqual({ read: 1, imported: 0, alreadyThere: 1, changedSince: 0, leftOut: 0 })
  })

  test('times without a zone are read in the one that is named', async () => {
    const id = await addOldUser(old, { username: 'ada', createdAt: '2024-07-01 12:00:00' })
    await reportOf('--yes', '--timezone', 'europe/berlin')
    expect(await userOf(id)).toMatchObject({ createdAt: '2024-07-01T10:00:00.000Z' })
    expect(await run('--timezone', 'Middle/Earth')).toMatchObject({
      code: EXIT.configuration,
      err: expect.stringContaining('Middle/Earth') as string,
    })
  })

  test('a deactivated user stays out', async () => {
    const id = await addOldUser(old, { username: 'ada', bcrypt: bcrypt(), deactivated: true })
    await reportOf('--yes')
    expect(await userOf(id)).toMatchObject({ deactivatedAt: '2024-05-06T07:08:09.123Z' })
    const world = await newWorld({ data })
    try {
      expect((await world.post('/accounts/password/authenticate', { user: 'ada', password: PASSWORD })).status).not.toBe(200)
    } finally {
      await world.close()
    }
  })

  test('a linked account and a two-factor secret come along, sealed, and the secret goes on working', async () => {
    // One secret in two writings.
    const [base32, hex] = ['JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', '48656c6c6f21deadbeef48656c6c6f21deadbeef']
    const id = await addOldUser(old, {
      username: 'ada',
      bcrypt: bcrypt(),
      services: [
        { name: 'twitter', serviceId: '4711', options: { screen_name: 'ada_l', accessToken: 'tw1tter-t0ken' } },
        { name: 'two-factor', options: { secret: { base32, ascii: '', hex, otpauth_url: 'otpauth://totp/x' } } },
        { name: 'badge', options: { number: 'b4dge-number' } },
      ],
    })
    expect((await reportOf('--yes')).credentials).toEqual({ 'oauth:twitter': 1, password: 1, 'service:badge': 1, totp: 1 })

    // The log first: what moves out of it meanwhile is in the file then.
    const log = await readFile(path.join(data, 'latchkey.db-wal'), 'latin1').catch(() => '')
    const file = await readFile(path.join(data, 'latchkey.db'), 'latin1')
    expect(file + log).toContain('ada_l')
    for (const secret of [base32, 'tw1tter-t0ken', 'b4dge-number']) expect(file + log).not.toContain(secret)

    const world = await newWorld({ data })
    try {
      const signIn = (code?: string): Promise<Response> =>
        world.post('/accounts/password/authenticate', { user: 'ada', password: PASSWORD, ...(code === undefined ? {} : { code }) })
      expect(await (await signIn()).json()).toMatchObject({ message: '2FA code required' })
      expect((await signIn(codeOf(hex))).status).toBe(200)
    } finally {
      await world.close()
    }
    expect((await reportOf('--yes')).users.alreadyThere).toBe(1)
    expect(id).not.toBe('')
  })

  test('of an address in two spellings a verified one is kept, else the oldest, and the other account is listed', async () => {
    const [first, second, third] = [
      await addOldUser(old, {
        username: 'a',
        emails: [{ address: 'Ada@Example.org' }],
        createdAt: '2020-01-01',
        bcrypt: bcrypt(),
      }),
      await addOldUser(old, {
        username: 'b',
        emails: [{ address: 'ada@example.org', verified: true }],
        createdAt: '2021-01-01',
        bcrypt: bcrypt(),
      }),
      await addOldUser(old, { username: 'c', emails: [{ address: 'eve@example.org' }], createdAt: '2022-01-01' }),
    ]
    const late = await addOldUser(old, { username: 'd', emails: [{ address: 'EVE@example.org' }], createdAt: '2023-01-01' })
    for (const report of [await reportOf(), await reportOf('--yes'), await reportOf('--yes')]) {
      expect(notesOf(report)).toEqual([`email-taken ${first} Ada@Example.org`, `email-taken ${late} EVE@example.org`].toSorted())
      expect(Object.keys(report.advice)).toEqual(['email-taken'])
    }
    expect((await userOf('ADA@EXAMPLE.ORG'))['id']).toBe(second)
    expect((await userOf('eve@example.org'))['id']).toBe(third)
    // For show.
    expect(await userOf(first)).toMatchObject({ emails: [{ address: 'Ada@Example.org', verified: false }] })
  })

  test('of a username that several have the oldest account keeps it, and the others are listed', async () => {
    const young = await addOldUser(old, { username: 'ADA', emails: [{ address: 'young@example.org' }], createdAt: '2023-01-01' })
    const oldest = await addOldUser(old, { username: 'ada', createdAt: '2020-01-01' })
    const report = await reportOf('--yes')
    expect(notesOf(report)).toEqual([`username-taken ${young} ADA`])
    expect((await userOf('Ada'))['id']).toBe(oldest)
    expect(await userOf('young@example.org')).toMatchObject({ id: young, username: 'ADA' })
  })

  test('whatever else is odd is listed with its id, and nobody is left out for it', async () => {
    const at = await addOldUser(old, { username: 'ada@home.example', bcrypt: bcrypt() })
    const host = await addOldUser(old, { emails: [{ address: 'root@intranet' }] })
    const cheat = await addOldUser(old, { username: 'cheat', emails: [{ address: '\u212Aim@example.org' }] })
    const nobody = await addOldUser(old, {})
    const long = await addOldUser(old, { username: 'x'.repeat(300) })
    const strange = await addOldUser(old, { username: 'strange', bcrypt: 'md5:900150983cd24fb0d6963f7d28e17f72' })
    const blind = await addOldUser(old, { username: 'blind', services: [{ name: 'two-factor', options: { secret: 'not base 32!' } }] })
    const twice = await addOldUser(old, {
      username: 'twice',
      services: [
        { name: 'twitter', serviceId: '1', options: {} },
        { name: 'twitter', serviceId: '2', options: {} },
      ],
    })
    const linked = await addOldUser(old, { username: 'linked', services: [{ name: 'github', serviceId: '1' }], createdAt: '2020-01-01' })
    const other = await addOldUser(old, { username: 'other', services: [{ name: 'github', serviceId: '1' }] })
    const [orphan] = await old.query<{ id: string }>(`insert into user_email (address) values ('nobody@example.org') returning id`)

    const report = await reportOf('--yes')
    expect(report.users).toEqual({ read: 10, imported: 10, alreadyThere: 0, changedSince: 0, leftOut: 0 })
    expect(notesOf(report)).toEqual(
      [
        `username-odd ${at} ada@home.example`,
        `email-odd ${host} root@intranet`,
        `email-unusable ${cheat} \u212Aim@example.org`,
        `no-identifier ${nobody} -`,
        `username-unusable ${long} ${'x'.repeat(80)}`,
        `no-identifier ${long} ${'x'.repeat(300)}`,
        `password-unreadable ${strange} password`,
        `two-factor-unreadable ${blind} two-factor`,
        `service-doubled ${twice} twitter`,
        `oauth-taken ${other} github`,
        `row-of-nobody ${orphan?.id} user_email nobody@example.org`,
      ].toSorted(),
    )
    expect(report.notes.every(({ kind }) => (report.advice[kind] ?? '').length > 20)).toBe(true)
    expect(linked).not.toBe(other)

    const world = await newWorld({ data })
    try {
      const signIn = async (user: unknown): Promise<number> =>
        (await world.post('/accounts/password/authenticate', { user, password: PASSWORD })).status
      expect([await signIn({ username: 'ada@home.example' }), await signIn('ada@home.example')]).toEqual([200, 400])
    } finally {
      await world.close()
    }
  })

  test('sessions and one-time tokens stay behind, counted', async () => {
    const id = await addOldUser(old, {
      username: 'ada',
      services: [
        { name: 'password.reset', token: 'r3set', options: { when: '2024-01-01T00:00:00Z', reason: 'reset', address: 'a@b.example' } },
        { name: 'email.verificationTokens', token: 'v3rify', options: { when: '2024-01-01T00:00:00Z', address: 'a@b.example' } },
      ],
    })
    await old.query(`insert into user_session (token, valid, "userId") values ('s3ssion', true, $1), ('s4ssion', false, $1)`, [id])
    const outcome = await run('--yes', '--json')
    expect(outcome.json()).toMatchObject({
      notImported: { sessions: 2, tokens: { 'email.verificationTokens': 1, 'password.reset': 1 } },
      notes: [],
    })
    for (const secret of ['r3set', 'v3rify', 's3ssion']) expect(outcome.out).not.toContain(secret)
  })

  test('who is there already is left as they are, and whoever differs is listed with what and where', async () => {
    const [ada, eve, bob] = [
      await addOldUser(old, { username: 'ada', bcrypt: bcrypt() }),
      await addOldUser(old, { username: 'eve', bcrypt: bcrypt() }),
      await addOldUser(old, { username: 'bob' }),
    ]
    await reportOf('--yes')
    await cli(['user', 'set-password', ada, '--password-stdin', '--data', data], { stdin: 'chosen here, after the import' })
    await old.query(`update "user" set username = 'eva', "updatedAt" = now() where id = $1`, [eve])
    await old.query(`update user_service set options = $2 where "userId" = $1`, [
      eve,
      JSON.stringify({ bcrypt: bcrypt('another one of old') }),
    ])

    const report = await reportOf('--yes')
    expect(report.users).toEqual({ read: 3, imported: 0, alreadyThere: 1, changedSince: 2, leftOut: 0 })
    expect(notesOf(report)).toEqual([`changed ${ada} password (later here)`, `changed ${eve} username, password (later there)`].toSorted())
    expect(await userOf(eve)).toMatchObject({ username: 'eve' })
    expect(await userOf(bob)).toMatchObject({ username: 'bob' })
  })

  test('names of people who are here already are theirs, and somebody else with the same id is not touched', async () => {
    const here = await cli(['user', 'create', '--username', 'ada', '--no-password', '--json', '--data', data])
    const { id } = (here.json() as { user: { id: string } }).user
    const late = await addOldUser(old, { username: 'Ada', emails: [{ address: 'ada@example.org' }] })
    const report = await reportOf('--yes')
    expect(notesOf(report)).toEqual([`username-taken ${late} Ada`])
    expect((await userOf('ada'))['id']).toBe(id)

    await old.query(`update "user" set "createdAt" = '2001-01-01' where id = $1`, [late])
    const again = await reportOf('--yes')
    expect(again.users).toMatchObject({ imported: 0, leftOut: 1 })
    expect(notesOf(again)).toEqual([`id-taken ${late} Ada`])
  })

  test('columns that are named stay behind', async () => {
    const id = await addOldUser(old, { username: 'ada' })
    await old.query(`update "user" set "displayName" = 'Ada L.', points = 3`)
    await reportOf('--yes', '--without', 'displayName, born')
    expect(await userOf(id)).toMatchObject({ custom: { points: '3' } })
    expect(await run('--without', 'displayNam')).toMatchObject({
      code: EXIT.configuration,
      err: expect.stringContaining('displayNam') as string,
    })
  })

  test('hashes of passwords that clients digested first are taken as that', async () => {
    const digest = '1f8c2b1d4e5a69788796a5b4c3d2e1f01f8c2b1d4e5a69788796a5b4c3d2e1f0'
    await addOldUser(old, { username: 'ada', bcrypt: bcrypt(digest) })
    await reportOf('--yes', '--hashes', 'bcrypt-sha256')
    const world = await newWorld({ data })
    try {
      const answer = await world.post('/accounts/password/authenticate', { user: 'ada', password: { digest, algorithm: 'sha-256' } })
      expect(answer.status).toBe(200)
    } finally {
      await world.close()
    }
  })

  test('hashes of an app are kept for its own verifyPassword', async () => {
    await addOldUser(old, { username: 'ada', bcrypt: 'own:PASSWORD' })
    expect((await reportOf('--yes', '--hashes', 'custom')).notes).toEqual([])
    const password = new AccountsPassword({
      hashPassword: plain => `own:${plain.toUpperCase()}`,
      verifyPassword: (plain, kept) => kept === `own:${plain.toUpperCase()}`,
    })
    const server = new AccountsServer(
      { db: sqliteStore({ path: path.join(data, 'latchkey.db') }), tokenSecret: 'x'.repeat(40) },
      { password },
    )
    try {
      expect((await server.loginWithService('password', { user: 'ada', password: 'password' }, {})).user.username).toBe('ada')
    } finally {
      await server.stop()
    }
  })

  test('the report is kept where it is wanted, for the owner alone, and says all that JSON on the terminal says', async () => {
    await addOldUser(old, { username: 'ada@home.example' })
    const outcome = await run('--report', 'import.json', '--json')
    const file = path.join(folder.folder, 'import.json')
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(outcome.json())
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await run('--report', 'no/such/folder/import.json')).toMatchObject({ code: EXIT.failed })
  })

  test('nothing secret is printed', async () => {
    const hashed = bcrypt()
    await addOldUser(old, {
      username: 'ada',
      bcrypt: hashed,
      services: [{ name: 'twitter', serviceId: '1', options: { accessToken: 't0ken' } }],
    })
    for (const outcome of [await run(), await run('--json'), await run('--yes'), await run('--yes', '--json')]) {
      for (const secret of [hashed, 't0ken', new URL(old.url).password || hashed]) expect(outcome.out + outcome.err).not.toContain(secret)
    }
  })

  test('what cannot be imported is refused with the way out', async () => {
    const cases: [args: string[], env: Record<string, string>, code: number, says: string][] = [
      [[], {}, EXIT.usage, 'ACCOUNTS_JS_URL'],
      [['--from', 'mysql://localhost/old'], {}, EXIT.usage, 'postgres://'],
      [['--from', 'postgres://x:se[cret@loc%alhost:99999/old'], {}, EXIT.usage, 'postgres://'],
      [['--from', 'mongodb://localhost/old'], {}, EXIT.usage, 'as db to AccountsServer'],
      [['--from', 'postgres://127.0.0.1:1/old'], {}, EXIT.failed, 'the old database cannot be opened: '],
      [['--batch', '0'], { ACCOUNTS_JS_URL: old.url }, EXIT.usage, '--batch'],
      [['--layout', 'prisma'], { ACCOUNTS_JS_URL: old.url }, EXIT.usage, 'mikro-orm'],
      [['--layout', 'mikro-orm'], { ACCOUNTS_JS_URL: old.url }, EXIT.configuration, '"email"."id"'],
      [['--schema', 'elsewhere'], { ACCOUNTS_JS_URL: old.url }, EXIT.configuration, '--schema'],
    ]
    for (const [args, env, code, says] of cases) {
      const outcome = await cli(['import', 'accounts-js', '--data', data, ...args], { env, folder: folder.folder })
      expect([args, outcome.code, outcome.out]).toEqual([args, code, ''])
      expect(outcome.err).toContain(says)
      expect(outcome.err).not.toContain('se[cret')
    }
    await old.query('alter table user_service drop column options')
    expect(await run()).toMatchObject({ code: EXIT.configuration, err: expect.stringContaining('"user_service"."options"') as string })
  })
})

/** What an authenticator app shows now (RFC 6238, and RFC 4226 5.3 for the digits). */
function codeOf(hex: string): string {
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const mac = createHmac('sha1', Buffer.from(hex, 'hex')).update(step).digest()
  const number = mac.readUInt32BE((mac.at(-1) ?? 0) & 15) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}
