import Database from 'libsql'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freshDatabase, hasPostgres } from '../../../../../tools/test/postgres.ts'
import { userFailureKey } from '../../core/store.ts'
import {
  emailKeyOf,
  HOUR,
  insertUser,
  makeCredential,
  makeEvent,
  makeMail,
  makeRotation,
  makeSession,
  makeToken,
  makeUser,
  MINUTE,
  newHash,
  newPassword,
  NOW,
} from '../contract/make.ts'
import { postgresStore, sqliteStore } from './index.ts'
import type { SqliteDatabase, SqlStore } from './index.ts'

interface Sent {
  name: string
  text: string
  values: (string | number | null | string[])[]
}

describe.skipIf(!hasPostgres)('what travels to PostgreSQL', () => {
  test('what happens all day is one statement, a login two, a refresh two', async () => {
    const { store, statementsOf } = await openStore()
    const user = await insertUser(store, { password: newPassword() })
    const deeds = hotDeeds(store, user.id, emailKeyOf(user))
    const counted: Record<string, number> = {}
    for (const [name, deed] of Object.entries(deeds)) counted[name] = (await statementsOf(deed)).length
    expect(counted).toEqual({
      'sign-up': 1,
      'login: begin': 1,
      'login: begin by id': 1,
      'login: open': 1,
      'login: failed': 1,
      'find user': 1,
      check: 1,
      'check by cookie': 1,
      refresh: 2,
      'token consumed': 1,
      count: 1,
      logout: 1,
    })
  })

  test('a transaction does not wait for answers it does not need', async () => {
    const { store, statementsOf } = await openStore()
    const user = await insertUser(store)
    const sent = await statementsOf(() => store.users.setCustom(user.id, { plan: 'pro' }, NOW))
    expect(sent.map(statement => statement.text.slice(0, 6))).toEqual(['begin', 'update', 'commit'])
  })

  test('a plan made while there was next to nothing is not kept, even where nobody gathers statistics', async () => {
    const { store, clients, url } = await openStore()
    const user = await insertUser(store)
    const session = makeSession(user.id)
    await store.sessions.open(session)
    // From the sixth time on the plan is one for all values, and kept.
    for (let times = 0; times < 10; times += 1) await store.sessions.find(session.id)
    const plan = async (): Promise<string> => {
      const plans = await Promise.all(
        [...clients].map(client => explained(client, `execute latchkey_sessions_find('users', '${session.id}')`)),
      )
      return plans.join('\n')
    }
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    onTestFinished(() => client.end())
    for (const statement of FILL.filter(text => text !== 'analyze')) await client.query(statement)
    await expect.poll(plan, { timeout: 10_000 }).toMatch(/sessions_pkey[^]*users_pkey/)
    expect(await plan()).not.toMatch(/sessions_user|Bitmap/)
  })

  test('at a hundred thousand users no statement reads a table from end to end', { timeout: 120_000 }, async () => {
    const { store, statementsOf, url } = await openStore()
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    onTestFinished(() => client.end())
    for (const statement of FILL) await client.query(statement)

    const user = await insertUser(store, { password: newPassword() })
    const check = async (deeds: Record<string, () => Promise<unknown>>, modes: PlanMode[]): Promise<void> => {
      for (const [name, deed] of Object.entries(deeds)) {
        for (const statement of await statementsOf(deed)) {
          if (/^(begin|commit|set) ?/.test(statement.text)) continue
          for (const mode of modes) {
            const plan = await planOf(client, statement, mode)
            expect(`${name}, ${mode}\n${plan}`).not.toMatch(SEQUENTIAL)
          }
        }
      }
    }
    await check(hotDeeds(store, user.id, emailKeyOf(user)), ['force_custom_plan', 'force_generic_plan'])
    // A generic plan for a `limit` that is not known is never cheap, so PostgreSQL does not choose it for these.
    await check(rareDeeds(store, user.id, emailKeyOf(user)), ['force_custom_plan'])
  })
})

test('on SQLite no statement reads a table from end to end', async () => {
  const texts = new Set<string>()
  const database = new Database(':memory:')
  const listening: SqliteDatabase = {
    exec: sql => database.exec(sql),
    prepare: sql => {
      texts.add(sql)
      return database.prepare(sql)
    },
    close: () => database.close(),
  }
  const store = sqliteStore({ database: listening })
  onTestFinished(() => store.close())
  await store.open()
  const user = await insertUser(store, { password: newPassword() })
  texts.clear()
  for (const deed of Object.values({ ...hotDeeds(store, user.id, emailKeyOf(user)), ...rareDeeds(store, user.id, emailKeyOf(user)) }))
    await deed()

  expect(texts.size).toBeGreaterThan(40)
  for (const text of texts) {
    // Columns of SQLite's own making.
    const steps = database.prepare(`explain query plan ${text}`).all([]) as { detail: string }[]
    const scans = steps.filter(step => /^SCAN (latchkey_|[a-z]$)/.test(step.detail) && !step.detail.includes('outbox'))
    expect({ text, scans }).toEqual({ text, scans: [] })
  }
})

/** The outbox is left out: it is empty most of the time, and then it is read from end to end. */
const SEQUENTIAL = /Seq Scan on (users|identifiers|credentials|sessions|tokens|attempts|failures|audit)\b/

/** Everything that happens all day, in an order that works. */
function hotDeeds(store: SqlStore, userId: string, emailKey: string): Record<string, () => Promise<unknown>> {
  const tip = newHash()
  const session = makeSession(userId, { refresh: { tip, spent: [] }, resumeHash: newHash() })
  const token = makeToken(userId, { purpose: 'login-link' })
  const counts = ['address', 'account', 'process'].map(key => ({ key, window: MINUTE }))
  const lookup = { counts, failureKey: 'typed', device: 'Firefox on Linux', now: NOW }
  const made = makeUser({ password: newPassword() })
  return {
    'sign-up': () =>
      store.users.insert(made, { audit: [makeEvent(made.user.id)], mail: [makeMail(made.user.id)], token: makeToken(made.user.id) }),
    'login: begin': () => store.users.beginLogin({ identifier: { kind: 'email', key: emailKey }, ...lookup }),
    'login: begin by id': () => store.users.beginLogin({ identifier: { kind: 'id', key: userId }, ...lookup }),
    'login: open': () => store.sessions.open(session, { audit: [makeEvent(userId)], token, clear: ['typed', userFailureKey(userId)] }),
    'login: failed': () => store.attempts.fail(['typed', userFailureKey(userId)], NOW, HOUR, { audit: [makeEvent(userId)] }),
    'find user': () => store.users.find({ kind: 'email', key: emailKey }),
    check: () => store.sessions.find(session.id),
    'check by cookie': () => store.sessions.findByResume(session.resumeHash ?? newHash()),
    refresh: () => store.sessions.rotate(makeRotation(session.id, tip)),
    'token consumed': () => store.tokens.consume(token.hash, token.purpose, NOW, { audit: [makeEvent(userId)] }),
    count: () => store.attempts.count(counts, NOW),
    logout: () => store.sessions.end(session.id, 'logout', NOW, { audit: [makeEvent(userId)] }),
  }
}

/** What happens now and then. The last one leaves nothing. */
function rareDeeds(store: SqlStore, userId: string, emailKey: string): Record<string, () => Promise<unknown>> {
  const session = makeSession(userId)
  const email = { address: 'Next@example.org', verified: false }
  return {
    'open again': () => store.sessions.open(session),
    touch: () => store.sessions.touch([{ sessionId: session.id, activeAt: NOW + 1 }]),
    'list sessions': () => store.sessions.list(userId, NOW),
    'password changed': () =>
      store.users.changePassword({ userId, password: newPassword(), now: NOW, endSessionsExcept: session.id, verifyEmailKey: emailKey }),
    'e-mail added': () => store.users.addEmail(userId, email, 'next@example.org', NOW),
    'e-mail removed': () => store.users.removeEmail(userId, 'next@example.org', NOW),
    'name set': () => store.users.setUsername(userId, 'Ada', 'ada', NOW),
    'credential put': () => store.users.putCredential(makeCredential(userId)),
    'forms of passwords': () => store.users.passwordForms(),
    failures: () => store.attempts.failures(['typed'], NOW),
    clear: () => store.attempts.clear(['typed']),
    'token missed': () => store.tokens.miss(newHash(), 'login-link', 5),
    'tokens dropped': () => store.tokens.drop(userId, ['login-link']),
    'users listed': () => store.users.list({ after: 'u5', limit: 10 }),
    'users searched': () => store.users.list({ search: 'u5000', limit: 10 }),
    'audit listed': () => store.audit.list({ limit: 10 }),
    'audit of one listed': () => store.audit.list({ userId, limit: 10 }),
    'mail claimed': () => store.outbox.claim(NOW, 10, 1000),
    'sessions swept': () => store.sessions.sweep(NOW, 0, 10),
    'tokens swept': () => store.tokens.sweep(0, 10),
    'attempts swept': () => store.attempts.sweep(0, 10),
    'audit swept': () => store.audit.sweep(0, 10),
    'signed out everywhere': () => store.sessions.endAll(userId, 'revoked', NOW),
    deactivated: () => store.users.setDeactivated(userId, true, NOW),
    removed: () => store.users.remove(userId, NOW),
  }
}

/** A store whose statements can be listened to. */
async function openStore(): Promise<{
  store: SqlStore
  statementsOf: (work: () => Promise<unknown>) => Promise<Sent[]>
  url: string
  clients: ReadonlySet<pg.Client>
}> {
  const sent: Sent[] = []
  const clients = new Set<pg.Client>()
  class Client extends pg.Client {
    constructor(config: pg.ClientConfig) {
      super(config)
      const query = this.query.bind(this) as (...given: unknown[]) => unknown
      Object.defineProperty(this, 'query', {
        value: (first: string | pg.QueryConfig, ...rest: unknown[]) => {
          const { name = '', text, values = [] } = typeof first === 'string' ? { text: first } : first
          clients.add(this)
          // What the store binds.
          if (text !== 'discard plans') sent.push({ name, text, values: values as Sent['values'] })
          return query(first, ...rest)
        },
      })
    }
  }
  class Pool extends pg.Pool {
    constructor(config: pg.PoolConfig) {
      // Its type leaves out that clients are made with the pool's own settings.
      super({ ...config, Client: Client as unknown as new () => pg.ClientBase })
    }
  }
  const database = await freshDatabase()
  // The same classes, with an ear.
  const store = postgresStore({ url: database.url, driver: { Client, Pool } })
  onTestFinished(async () => {
    await store.close()
    await database.drop()
  })
  await store.open()
  // The first count makes its connection count without waiting for the disk, which is a statement too.
  await store.attempts.count([{ key: 'warm', window: 1 }], NOW)
  const statementsOf = async (work: () => Promise<unknown>): Promise<Sent[]> => {
    sent.length = 0
    await work()
    return [...sent]
  }
  return { store, statementsOf, url: database.url, clients }
}

/** Planned for these values, or for any, as prepared statements may be once they have proven themselves. */
type PlanMode = 'force_custom_plan' | 'force_generic_plan'

/** How PostgreSQL would run it. */
async function planOf(client: pg.Client, { text, values }: Sent, mode: PlanMode): Promise<string> {
  const literals = values.map(value => {
    if (value === null) return 'null'
    return client.escapeLiteral(Array.isArray(value) ? `{${value.map(item => `"${item}"`).join()}}` : `${value}`)
  })
  await client.query(`set plan_cache_mode = ${mode}`)
  await client.query(`prepare asked as ${text}`)
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain execute asked(${literals.join(', ')})`)
  await client.query('deallocate asked')
  return rows.map(row => row['QUERY PLAN']).join('\n')
}

/** The plan this connection keeps; empty where it has not prepared the statement. */
async function explained(client: pg.Client, statement: string): Promise<string> {
  try {
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${statement}`)
    return rows.map(row => row['QUERY PLAN']).join('\n')
  } catch {
    return ''
  }
}

/** A hundred thousand users with what users have, and some. */
const FILL = [
  `insert into latchkey.users select 'users', 'u' || n, 'name' || n, '[]', 0, 0, null, 0, '{}' from generate_series(1, 100000) n`,
  `insert into latchkey.identifiers select 'users', 'email', 'u' || n || '@example.org', 'u' || n from generate_series(1, 100000) n`,
  `insert into latchkey.credentials select 'users', 'u' || n, 'password', '', 'bcrypt', 'x', '{}', 0, 0 from generate_series(1, 100000) n`,
  `insert into latchkey.sessions select 'users', 's' || n, 'u' || n, 'h', 0, 0, 0, 0, null, 9000000000000, null, null, null, null, 'd', '[]',
    case when n % 100 = 0 then 'u' || n end, case when n % 100 = 0 then 's' || (n - 1) end, '{}', 'r' || n, null, 0, 9000000000000
    from generate_series(1, 100000) n`,
  `insert into latchkey.tokens select 'users', 't' || n, 'verify-email', 'u' || n, '', '{}', 0, 0, 9000000000000 from generate_series(1, 100000) n`,
  `insert into latchkey.attempts select 'users', 'k' || n, 1, 9000000000000 from generate_series(1, 100000) n`,
  `insert into latchkey.failures select 'users', 'k' || n, 1, 0, 9000000000000 from generate_series(1, 100000) n`,
  `insert into latchkey.audit select 'users', 'e' || n, n, 'login', 'u' || n, null, null, null, null, '{}' from generate_series(1, 100000) n`,
  'analyze',
]
