import { createServer, connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import pg from 'pg'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { freshDatabase, hasPostgres } from '../../../../../../tools/test/postgres.ts'
import { insertUser, makeRotation, newHash, NOW, openSession } from '../../contract/make.ts'
import type { Bus } from '../../../core/store.ts'
import type { SqlStore } from '../store.ts'
import { postgresStore } from './store.ts'
import type { PostgresStoreOptions } from './store.ts'

const PATIENCE = { timeout: 20_000, interval: 10 }

describe.skipIf(!hasPostgres)('PostgreSQL, when things go wrong', { timeout: 120_000 }, () => {
  test('a check on a connection that was cut is asked again, and everything else soon works, too', async () => {
    const { store, administer } = await openStore()
    const user = await insertUser(store)
    const session = await openSession(store, user.id)
    await store.sessions.find(session.id)
    for (let round = 0; round < 3; round += 1) {
      await administer(CUT)
      expect((await store.sessions.find(session.id))?.user.id).toBe(user.id)
      await vi.waitFor(() => store.users.setCustom(user.id, { round }, NOW), PATIENCE)
      await vi.waitFor(() => store.attempts.count([{ key: 'k', window: 1 }], NOW), PATIENCE)
    }
  })

  test('a bus whose line was cut is not believed until it is open again, and then says that anything may have changed', async () => {
    const { store, administer } = await openStore()
    const { bus, heard } = await openBus(store)
    await administer(CUT)
    await vi.waitFor(() => expect(heard).toContain(null), PATIENCE)
    await vi.waitFor(() => expect(bus.trusted()).toBe(true), PATIENCE)
    heard.length = 0
    const user = await insertUser(store)
    await store.users.setCustom(user.id, { plan: 'pro' }, NOW)
    await vi.waitFor(() => expect(heard).toContain(user.id), PATIENCE)
  })

  test('a server that falls silent makes deeds fail and the bus doubtful, and is used again once it answers', async () => {
    const { store, line } = await openStore({ timeout: 300 })
    // So little time may be too little on a busy machine. Likewise below.
    const user = await vi.waitFor(() => insertUser(store), PATIENCE)
    const session = await vi.waitFor(() => openSession(store, user.id), PATIENCE)
    const { bus } = await openBus(store)

    line.stall()
    await vi.waitFor(() => expect(bus.trusted()).toBe(false), { timeout: 1_000, interval: 10 })
    const deeds = [
      store.sessions.find(session.id),
      store.attempts.count([{ key: 'k', window: 1 }], NOW),
      store.users.setCustom(user.id, {}, NOW),
      store.sessions.end(session.id, 'logout', NOW),
      store.ping(),
    ]
    const outcomes = await Promise.allSettled(deeds)
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'Busy' } })

    line.resume()
    await vi.waitFor(async () => expect((await store.sessions.find(session.id))?.user.id).toBe(user.id), PATIENCE)
    await vi.waitFor(() => store.users.setCustom(user.id, {}, NOW), PATIENCE)
    await vi.waitFor(() => expect(bus.trusted()).toBe(true), PATIENCE)
  })

  test('a store whose server is not there does not open, says so, and opens once it is', async () => {
    const { line, url } = await openStore()
    line.refuse()
    const late = postgresStore({ url, timeout: 300 })
    onTestFinished(() => late.close())
    await expect(late.open()).rejects.toMatchObject({ code: 'Busy' })
    line.resume()
    await vi.waitFor(() => late.open(), PATIENCE)
    expect(await vi.waitFor(() => late.users.count(), PATIENCE)).toBe(0)
  })

  test('a statement that takes too long is given up by the server', async () => {
    const { store, administer } = await openStore({ timeout: 300 })
    const user = await vi.waitFor(() => insertUser(store), PATIENCE)
    let letGo = (): void => undefined
    const done = new Promise<void>(resolve => (letGo = resolve))
    let locked = false
    const holding = administer('begin', 'select * from latchkey.users for update', () => {
      locked = true
      return done
    })
    await vi.waitFor(() => expect(locked).toBe(true), PATIENCE)
    await expect(store.users.setCustom(user.id, {}, NOW)).rejects.toMatchObject({ code: 'Busy' })
    // Reads wait for no lock.
    expect((await vi.waitFor(() => store.users.find({ kind: 'id', key: user.id }), PATIENCE))?.id).toBe(user.id)
    letGo()
    await holding
    expect(await vi.waitFor(() => store.users.setCustom(user.id, {}, NOW), PATIENCE)).toBe(true)
  })

  test('a row that was changed by hand is announced; opening, touching and refreshing sessions is not', async () => {
    const { store, administer, url } = await openStore()
    const other = postgresStore({ url })
    onTestFinished(() => other.close())
    await other.open()
    const { heard } = await openBus(store)

    const tip = newHash()
    const users = await Promise.all([insertUser(other), insertUser(other), insertUser(other)])
    const [one, two, three] = users
    const session = await openSession(other, one.id, { refresh: { tip, spent: [] } })
    await other.sessions.touch([{ sessionId: session.id, activeAt: NOW + 1 }])
    await other.sessions.rotate(makeRotation(session.id, tip))
    await openSession(other, two.id)

    await administer(`update latchkey.sessions set ended_at = 1 where id = '${session.id}'`)
    await vi.waitFor(() => expect(heard).toContain(one.id), PATIENCE)
    // Heard in order of commit: had the rest been announced, it would have come before.
    expect(heard).toEqual([one.id])
    await administer(
      `update latchkey.users set deactivated_at = 1 where id = '${three.id}'`,
      `delete from latchkey.sessions where user_id = '${two.id}'`,
    )
    await vi.waitFor(() => expect(heard).toEqual([one.id, three.id, two.id]), PATIENCE)
  })
})

const CUT = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'latchkey'"

interface Opened {
  store: SqlStore
  /** Leads through the line. */
  url: string
  line: Line
  /** Runs statements, and what else is given, in one connection of its own that does not lead through the line. */
  administer: (...steps: (string | (() => Promise<void>))[]) => Promise<void>
}

async function openStore(options: PostgresStoreOptions = {}): Promise<Opened> {
  const database = await freshDatabase()
  const direct = new URL(database.url)
  const line = await openLine(Number(direct.port), direct.hostname)
  const through = new URL(direct)
  through.port = String(line.port)
  through.hostname = '127.0.0.1'
  const store = postgresStore({ url: through.href, ...options })
  onTestFinished(async () => {
    line.resume()
    await store.close()
    line.close()
    await database.drop()
  })
  // The tables are made with all the time there is; little time is for what the tests try.
  const patient = postgresStore({ url: direct.href })
  await patient.open()
  await patient.close()
  await vi.waitFor(() => store.open(), PATIENCE)
  const administer: Opened['administer'] = async (...steps) => {
    const client = new pg.Client({ connectionString: direct.href })
    await client.connect()
    try {
      for (const step of steps) await (typeof step === 'string' ? client.query(step) : step())
    } finally {
      await client.end()
    }
  }
  return { store, url: through.href, line, administer }
}

async function openBus({ bus }: SqlStore): Promise<{ bus: Bus; heard: (string | null)[] }> {
  if (!bus) throw new Error('this store has a bus')
  const heard: (string | null)[] = []
  await bus.open()
  bus.listen(userId => void heard.push(userId))
  await vi.waitFor(() => expect(bus.trusted()).toBe(true), PATIENCE)
  return { bus, heard }
}

/** A way to the server that can fall silent. */
interface Line {
  port: number
  stall(): void
  refuse(): void
  resume(): void
  close(): void
}

async function openLine(port: number, host: string): Promise<Line> {
  const sockets = new Set<Socket>()
  let mode: 'open' | 'silent' | 'refusing' = 'open'
  const server = createServer(near => {
    if (mode === 'refusing') {
      near.destroy()
      return
    }
    const far = connect(port, host)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', chunk => {
        // What is swallowed here is lost for good, as behind a dead router.
        if (mode !== 'silent') to.write(chunk)
      })
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        if (mode !== 'silent') to.destroy()
      })
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    // Listening on TCP.
    port: (server.address() as AddressInfo).port,
    stall: () => (mode = 'silent'),
    refuse: () => (mode = 'refusing'),
    resume: () => (mode = 'open'),
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
