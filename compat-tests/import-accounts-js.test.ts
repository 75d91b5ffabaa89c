/** Ten thousand users of accounts-js move over: killed half-way, run again, run once more; then every tenth signs in with the password of old. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { AccountsPassword as OldPassword } from '@accounts/password'
import { AccountsServer as OldServer } from '@accounts/server'
import { AccountsTypeorm, entities } from '@accounts/typeorm'
import { AccountsServer } from '@latchkey/server'
import type { Store } from '@latchkey/server'
import { serve } from '@latchkey/server/node'
import { restTransport } from '@latchkey/server/rest'
import { postgresStore, sqliteStore } from '@latchkey/server/stores/sql'
import { AccountsPassword } from '@latchkey/server/strategies/password'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { makeHash } from '../packages/server/src/strategies/password/recipe.ts'
import { freshDatabase, hasPostgres } from '../tools/test/postgres.ts'
import type { FreshDatabase } from '../tools/test/postgres.ts'

const BIN = fileURLToPath(new URL('../packages/latchkey/dist/bin.js', import.meta.url))
if (!existsSync(BIN)) throw new Error('The command is not built: npm run build')

const USERS = 10_000
/** Real hashes are dear, so a few hundred passwords are shared. */
const PASSWORDS = 200
const SECRET = 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz'
const passwordOf = (number: number): string => `the password of number ${number % PASSWORDS}`

describe.skipIf(!hasPostgres)('ten thousand users of @accounts/typeorm', () => {
  let old: FreshDatabase
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-import-'))
    old = await freshDatabase()
    await fill(old.url)
  }, 120_000)
  afterAll(async () => {
    await old?.drop()
    await rm(folder, { recursive: true, force: true })
  })

  for (const engine of ['sqlite', 'postgresql'] as const) {
    it(
      `move to ${engine} in three runs, the first one killed, and every tenth signs in with the password of old`,
      { timeout: 480_000 },
      async () => {
        const fresh = engine === 'postgresql' ? await freshDatabase() : null
        const data = join(folder, engine)
        const env = {
          ACCOUNTS_JS_URL: old.url,
          LATCHKEY_SECRET: SECRET,
          LATCHKEY_DATA: data,
          ...(fresh ? { DATABASE_URL: fresh.url } : {}),
        }
        const store = (): Store => (fresh ? postgresStore({ url: fresh.url }) : sqliteStore({ path: join(data, 'latchkey.db') }))
        try {
          const cutOff = await killHalfWay(env, store)
          expect(cutOff).toBeGreaterThanOrEqual(1000)
          expect(cutOff).toBeLessThan(USERS)

          const second = await runImport(env)
          expect(second.users).toMatchObject({ read: USERS + 1, changedSince: 0, leftOut: 0 })
          expect(second.users.alreadyThere).toBeGreaterThanOrEqual(cutOff)
          expect(second.users.imported + second.users.alreadyThere).toBe(USERS + 1)
          expect((await runImport(env)).users).toEqual({
            read: USERS + 1,
            imported: 0,
            alreadyThere: USERS + 1,
            changedSince: 0,
            leftOut: 0,
          })

          await expectEverything(store())
          await expectLogins(store(), old.url)
          // Whoever signed in has a new hash now, and is who they were.
          expect((await runImport(env)).users).toMatchObject({ imported: 0, alreadyThere: USERS + 1, changedSince: 0 })
        } finally {
          await fresh?.drop()
        }
      },
    )
  }
})

/** The adapter's own tables, one user by accounts-js itself, and the others as it would have written them. */
async function fill(url: string): Promise<void> {
  const connection = await connectOld(url)
  const old = new OldPassword()
  // The adapter is older than the server; what it lacks are magic links.
  const db = new AccountsTypeorm({ connection }) as unknown as NonNullable<OldDatabase>
  expect(new OldServer({ db, tokenSecret: SECRET }, { password: old }).getServices()).toHaveProperty('password')
  expect(await old.createUser({ email: 'Real@Example.org', password: passwordOf(0) })).toBeTruthy()
  await connection.close()

  const cheap = { algorithm: 'bcrypt', rounds: 4 } as const
  const made = await Promise.all(Array.from({ length: PASSWORDS }, (_, number) => makeHash(cheap, passwordOf(number))))
  // As bcryptjs, which accounts-js hashes with, calls the same thing.
  const hashes = made.map(hash => hash.replace(/^\$2b/, '$2a'))
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('create temporary table fresh as select number, gen_random_uuid() as id from generate_series(1, $1) as number', [
      USERS,
    ])
    await client.query(`insert into "user" (id, username, deactivated, "createdAt", "updatedAt")
      select id, case when number % 3 > 0 then 'user' || number end, number % 10 = 3, timestamp '2020-01-01' + number * interval '1 minute',
        timestamp '2024-01-01' from fresh`)
    await client.query(
      `insert into user_email (address, verified, "userId") select 'user' || number || '@example.org', number % 2 = 0, id from fresh`,
    )
    await client.query(
      `insert into user_service (name, options, "userId")
      select 'password', jsonb_build_object('bcrypt', ($1::text[])[number % $2 + 1]), id from fresh where number % 10 <> 7`,
      [hashes, PASSWORDS],
    )
    await client.query(`insert into user_service (name, "serviceId", options, "userId")
      select 'twitter', 't' || number, jsonb_build_object('screen_name', 'u' || number, 'accessToken', 'x'), id from fresh where number % 10 = 7`)
  } finally {
    await client.end()
  }
}

type OldConnection = NonNullable<NonNullable<ConstructorParameters<typeof AccountsTypeorm>[0]>['connection']>
type OldDatabase = ConstructorParameters<typeof OldServer>[0]['db']

/** TypeORM comes with the adapter, which asks for an old line of it, and is not to be seen from here. */
async function connectOld(url: string): Promise<OldConnection> {
  const require = createRequire(createRequire(import.meta.url).resolve('@accounts/typeorm'))
  // The part of TypeORM 0.2 that is used here.
  const { createConnection } = require('typeorm') as { createConnection: (options: object) => Promise<OldConnection> }
  return createConnection({ type: 'postgres', url, entities, synchronize: true })
}

/** Starts an import, kills it once a thousand users are there, and answers how many are. */
async function killHalfWay(env: Record<string, string>, store: () => Store): Promise<number> {
  const child = start(['--batch', '50'], env)
  const ended = once(child, 'exit')
  try {
    while ((await countIn(store)) < 1000) {
      if (child.exitCode !== null) throw new Error(`the import ended with ${child.exitCode} before it was killed`)
      await pause(5)
    }
  } finally {
    child.kill('SIGKILL')
    await ended
  }
  return countIn(store)
}

/** Zero until the tables are there. */
async function countIn(store: () => Store): Promise<number> {
  const looking = store()
  try {
    await looking.open()
    return await looking.users.count()
  } catch {
    return 0
  } finally {
    await looking.close()
  }
}

interface Report {
  users: Record<'read' | 'imported' | 'alreadyThere' | 'changedSince' | 'leftOut', number>
  notes: unknown[]
}

async function runImport(env: Record<string, string>): Promise<Report> {
  const child = start([], env)
  let [out, err] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => void (out += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => void (err += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  expect([code, err]).toEqual([0, ''])
  // Written by the command's own type.
  const report = JSON.parse(out) as Report
  expect(report.notes).toEqual([])
  return report
}

const start = (args: string[], env: Record<string, string>): ChildProcess =>
  spawn(process.execPath, [BIN, 'import', 'accounts-js', '--yes', '--json', ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

async function expectEverything(store: Store): Promise<void> {
  await store.open()
  try {
    const counts = { users: 0, verified: 0, deactivated: 0, named: 0 }
    for (let after = ''; ;) {
      const page = await store.users.list({ after, limit: 1000 })
      const last = page.at(-1)
      if (!last) break
      after = last.id
      counts.users += page.length
      counts.verified += page.filter(({ emails }) => emails[0]?.verified).length
      counts.deactivated += page.filter(({ deactivatedAt }) => deactivatedAt !== undefined).length
      counts.named += page.filter(({ username }) => username !== undefined).length
    }
    expect(counts).toEqual({ users: USERS + 1, verified: USERS / 2, deactivated: USERS / 10, named: Math.ceil((USERS * 2) / 3) })
    expect(await store.users.passwordForms()).toEqual({ bcrypt: expect.any(Number) as number })
    expect(await store.users.find({ kind: 'oauth:twitter', key: 't17' })).toMatchObject({ emails: [{ address: 'user17@example.org' }] })
  } finally {
    await store.close()
  }
}

/** Over HTTP, with hashes that cost next to nothing when they are made anew. */
async function expectLogins(store: Store, oldUrl: string): Promise<void> {
  const ids = await idsOf(oldUrl)
  const accounts = new AccountsServer(
    { db: store, tokenSecret: SECRET, rateLimits: false },
    { password: new AccountsPassword({ bcryptRounds: 4 }) },
  )
  await accounts.ready()
  const running = await serve(restTransport(accounts.accounts), { port: 0 })
  const signIn = async (email: string, password: string): Promise<{ status: number; user?: { id: string } }> => {
    const answer = await fetch(`${running.url}/accounts/password/authenticate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: { email }, password }),
    })
    return { ...((await answer.json()) as object), status: answer.status }
  }
  try {
    expect(await signIn('real@example.org', passwordOf(0))).toMatchObject({ status: 200 })
    for (let from = 10; from <= USERS; from += 100) {
      const numbers = Array.from({ length: 10 }, (_, index) => from + index * 10).filter(number => number <= USERS)
      const logins = await Promise.all(numbers.map(number => signIn(`user${number}@example.org`, passwordOf(number))))
      expect(logins.map(({ status, user }) => [status, user?.id])).toEqual(
        numbers.map(number => [200, ids.get(`user${number}@example.org`)]),
      )
    }
    // Hashes are made anew one after the other, once nobody waits for one; each is a commit.
    const last = ids.get(`user${USERS}@example.org`) ?? ''
    await vi.waitUntil(async () => (await store.users.credentials(last))[0]?.form === 'bcrypt-sha256', { timeout: 120_000 })
    expect((await signIn('user3@example.org', passwordOf(3))).status).not.toBe(200)
    expect((await signIn('user10@example.org', passwordOf(11))).status).not.toBe(200)
  } finally {
    await running.close()
    await accounts.stop()
  }
}

async function idsOf(url: string): Promise<Map<string, string>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ address: string; id: string }>('select address, "userId"::text as id from user_email')
    return new Map(rows.map(({ address, id }) => [address, id]))
  } finally {
    await client.end()
  }
}
