/** Sessions that open connections hold: what ends them, who is told, and how soon. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { freshDatabase, hasPostgres } from '../../../../../../tools/test/postgres.ts'
import type { WireClient } from '../../../testing/ddp-wire.ts'
import { ddpAccounts, refusalOf, resultOf } from '../../../testing/ddp-accounts.ts'
import type { DdpAccounts } from '../../../testing/ddp-accounts.ts'
import { PASSWORD } from '../../../testing/index.ts'
import { memoryStore } from '../../../stores/memory/index.ts'
import { postgresStore, sqliteStore } from '../../../stores/sql/index.ts'
import type { Store } from '../../../core/store.ts'

let folder = ''
let files = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-signed-in-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const isClosed = (client: WireClient, within?: typeof ONE_SECOND): Promise<void> =>
  vi.waitFor(() => expect(client.isClosed).toBe(true), within)
/** A second, and what a busy machine's timers are late. */
const ONE_SECOND = { timeout: 3000, interval: 5 }

/** Another connection that goes on with a token. */
async function resumed(at: DdpAccounts, token: string): Promise<WireClient> {
  const client = at.connect()
  resultOf(await client.call('resume', 'login', { resume: token }))
  return client
}

describe('a session that ends', () => {
  it('in the midst of its own logout is signed out all the same', async () => {
    await using at = await ddpAccounts()
    const { client } = await at.signedIn()
    const { accounts } = at.world.server
    const { checkAgain } = accounts
    let asked = 0
    // Once before the method begins, as before each, and once by the logout.
    const spied = vi.spyOn(accounts, 'checkAgain').mockImplementation(session => {
      if (++asked === 2) at.world.clock.pass(91 * 86_400_000)
      return checkAgain(session)
    })
    expect(await client.call('2', 'logout')).toEqual({ msg: 'result', id: '2' })
    expect(spied).toHaveBeenCalledTimes(2)
    await expect(spied.mock.results[1]?.value).rejects.toMatchObject({ code: 'InvalidSession' })
    expect([client.all('removed').length, client.isClosed]).toEqual([1, false])
  })

  it('by logout closes the other connections that hold it, and leaves the one that logged out open', async () => {
    await using at = await ddpAccounts()
    const { client, token, id } = await at.signedIn()
    const other = await resumed(at, token)
    expect(await client.call('2', 'logout')).toEqual({ msg: 'result', id: '2' })
    expect(client.arrived.slice(-3)).toEqual([
      { msg: 'removed', collection: 'users', id },
      { msg: 'updated', methods: ['2'] },
      { msg: 'result', id: '2' },
    ])
    await isClosed(other)
    expect(client.isClosed).toBe(false)
    expect(refusalOf(await client.call('3', 'login', { resume: token }))).toEqual([
      403,
      "You've been logged out by the server. Please log in again.",
    ])
    expect(await client.call('4', 'logout')).toEqual({ msg: 'result', id: '4' })
  })

  it('by time closes its connection, and its token is good for nothing', async () => {
    await using at = await ddpAccounts({ options: { face: 'meteor', session: { idle: null, absolute: '1h' } } })
    const { client, token } = await at.signedIn()
    at.world.clock.pass(3_600_000)
    await vi.waitFor(() => expect(client.isClosed).toBe(true))
    expect(refusalOf(await at.connect().call('1', 'login', { resume: token }))).toEqual([
      403,
      'Your session has expired. Please log in again.',
    ])
  })

  it.each<[string, (at: DdpAccounts, id: string) => Promise<unknown>]>([
    ['revoked', (at, id) => at.world.server.accounts.revoke({ userId: id })],
    ['ended by deactivating its user', (at, id) => at.world.server.accounts.deactivateUser(id)],
    ['ended by deleting its user', (at, id) => at.world.server.accounts.deleteUser(id)],
    ['ended by setting a password', (at, id) => at.world.server.accounts.setPassword(id, 'quite another secret')],
  ])('closes its connections at once when it is %s', async (_how, end) => {
    await using at = await ddpAccounts()
    const { client, token, id } = await at.signedIn()
    const { client: stranger } = await at.signedIn('eve')
    const other = await resumed(at, token)
    await end(at, id)
    await isClosed(client)
    await isClosed(other)
    expect(stranger.isClosed).toBe(false)
  })

  it('is good for no further call, even before its connection is closed', async () => {
    let ran = 0
    await using at = await ddpAccounts()
    at.ddp.methods({ count: () => (ran += 1) })
    at.ddp.publish('everything', function () {
      ran += 1
      this.ready()
    })
    const { client, id } = await at.signedIn()
    // In one go: the socket had no time to be closed in.
    const ended = at.world.server.accounts.revoke({ userId: id })
    client.say({ msg: 'method', id: '2', method: 'count', params: [] })
    client.say({ msg: 'sub', id: 's', name: 'everything', params: [] })
    await ended
    client.say({ msg: 'method', id: '3', method: 'count', params: [] })
    await isClosed(client)
    expect([ran, client.all('ready')]).toEqual([0, []])
  })

  it('while a method of its own is under way closes the connection all the same', async () => {
    let go = (): void => {}
    await using at = await ddpAccounts()
    at.ddp.methods({ slow: () => new Promise<void>(resolve => void (go = resolve)) })
    const { client, id } = await at.signedIn()
    client.say({ msg: 'method', id: '2', method: 'slow', params: [] })
    await at.world.server.accounts.revoke({ userId: id })
    await isClosed(client)
    go()
    expect(client.all('result').map(({ id: call }) => call)).toEqual(['sign-in'])
  })

  it('while the store is away closes the connection once it is back', async () => {
    await using at = await ddpAccounts()
    const { client, id } = await at.signedIn()
    const { sessions } = at.world.server.accounts.core.store
    const find = vi.spyOn(sessions, 'find').mockRejectedValueOnce(new Error('no database')).mockRejectedValueOnce(new Error('no database'))
    await at.world.server.accounts.revoke({ userId: id })
    await vi.waitFor(() => expect(find).toHaveBeenCalled())
    await vi.waitFor(() => expect(client.isClosed).toBe(true))
  })
})

const SHARED: Record<string, () => Promise<readonly [Store, Store]>> = {
  async 'memory that two share'() {
    const store = memoryStore()
    return [store, store]
  },
  async 'one SQLite file'() {
    const path = join(folder, `${(files += 1)}.db`)
    return [sqliteStore({ path }), sqliteStore({ path })]
  },
  async PostgreSQL() {
    const database = await freshDatabase()
    const { url } = database
    onTestFinished(() => database.drop())
    return [postgresStore({ url }), postgresStore({ url })]
  },
  async 'a store that announces nothing'() {
    const { bus: _bus, ...store } = memoryStore()
    return [store, store]
  },
}

// A second is a promise of ours, and not of a machine that stands still for one.
describe.each(Object.keys(SHARED))('another process on %s', { retry: 2 }, name => {
  // Said by the name of the suite.
  const stores = SHARED[name] as () => Promise<readonly [Store, Store]>
  beforeEach(context => context.skip(name === 'PostgreSQL' && !hasPostgres, 'needs PostgreSQL'))

  it('that ends a session closes its connections here within a second', async () => {
    const [here, there] = await stores()
    await using at = await ddpAccounts({ store: here })
    await using elsewhere = await ddpAccounts({ store: there, clock: at.world.clock })
    const { client, id } = await at.signedIn()
    const { client: bystander } = await at.signedIn('eve')
    await elsewhere.world.server.accounts.revoke({ userId: id })
    await isClosed(client, ONE_SECOND)
    expect(bystander.isClosed).toBe(false)
  })

  it('that changes a user shows it to their connections here within a second', async () => {
    const [here, there] = await stores()
    await using at = await ddpAccounts({ store: here })
    await using elsewhere = await ddpAccounts({ store: there, clock: at.world.clock })
    const { client, id } = await at.signedIn()
    await elsewhere.world.server.accounts.addEmailOf(id, 'second@example.org', true)
    const emails = [
      { address: 'ada@example.org', verified: false },
      { address: 'second@example.org', verified: true },
    ]
    await vi.waitFor(
      () => expect(client.all('changed')).toEqual([{ msg: 'changed', collection: 'users', id, fields: { emails } }]),
      ONE_SECOND,
    )
  })
})

describe('the session of a connection', () => {
  it('has a twin by getNewToken, which is over when the first would be, and which the connection holds from then on', async () => {
    await using at = await ddpAccounts()
    const { client, token } = await at.signedIn()
    const first = resultOf(client.all('result')[0] ?? { msg: 'none' })
    at.world.clock.pass(60_000)
    const twin = resultOf(await client.call('2', 'getNewToken'))
    expect(Object.keys(twin)).toEqual(['id', 'token', 'tokenExpires'])
    expect(twin.tokenExpires).toEqual(first.tokenExpires)
    expect(twin.token).not.toBe(token)
    const second = await resumed(at, twin.token)
    const third = await resumed(at, token)
    expect(await client.call('3', 'removeOtherTokens')).toEqual({ msg: 'result', id: '3' })
    await isClosed(third)
    expect([client.isClosed, second.isClosed]).toEqual([false, false])
    expect(refusalOf(await at.connect().call('1', 'login', { resume: token }))[0]).toBe(403)
  })

  it('has a twin that is no fresher: what asks for a fresh sign-in still does', async () => {
    await using at = await ddpAccounts()
    const { client } = await at.signedIn()
    at.world.clock.pass(11 * 60_000)
    resultOf(await client.call('2', 'getNewToken'))
    expect(refusalOf(await client.call('3', 'latchkey.deleteAccount'))[1]).toBe('Please confirm with your password, or sign in again first')
  })

  it.each(['getNewToken', 'removeOtherTokens'])('is asked for by %s', async method => {
    await using at = await ddpAccounts()
    const answer = await at.connect().call('1', method)
    expect(answer['error']).toEqual({
      isClientSafe: true,
      error: 'You are not logged in.',
      message: '[You are not logged in.]',
      errorType: 'Meteor.Error',
    })
  })

  it('is told of by the hash of its token while it is open, and forgotten when it closes', async () => {
    let hashOf = (_id: string): string | undefined => undefined
    await using at = await ddpAccounts({ ddp: { attached: connections => void (hashOf = id => connections.hashedLoginToken(id)) } })
    const { client, token } = await at.signedIn()
    const connectionId = client.arrived[0]?.['session'] as string
    const hashed = async (secret: string): Promise<string> =>
      Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret))).toString('base64')
    expect(hashOf(connectionId)).toBe(await hashed(token))
    const twin = resultOf(await client.call('2', 'getNewToken'))
    expect(twin.token).not.toBe(token)
    expect(hashOf(connectionId)).toBe(await hashed(twin.token))
    client.drop()
    await vi.waitFor(() => expect(hashOf(connectionId)).toBeUndefined())
  })

  it('can come from a browser’s cookie, and is there before the first method', async () => {
    await using at = await ddpAccounts()
    at.ddp.methods({
      who() {
        return this.userId
      },
    })
    const { token, id } = await at.signedIn()
    const browser = at.connect({ loginCookie: token })
    expect(resultOf(await browser.call('1', 'who'))).toBe(id)
    expect(browser.all('added')).toMatchObject([{ collection: 'users', id }])
    const nobody = at.connect({ loginCookie: 'good for nothing' })
    expect(resultOf(await nobody.call('1', 'who'))).toBeNull()
    await at.world.server.accounts.revoke({ userId: id })
    await isClosed(browser)
  })
})

describe('the signed-in user', () => {
  it('is published with the fields that were said, and at least with their id', async () => {
    await using at = await ddpAccounts({ ddp: { publishFields: () => ({ nothing: 1 }) } })
    const { client, id } = await at.signedIn()
    expect(client.all('added')).toEqual([{ msg: 'added', collection: 'users', id, fields: {} }])
  })

  it('is published without hashes, tokens and services, also where everything is', async () => {
    await using at = await ddpAccounts({ ddp: { publishFields: () => ({}), collection: () => 'people' } })
    const { client, id } = await at.signedIn()
    const [{ fields, collection } = { fields: {} }] = client.all('added') as unknown as { fields: object; collection: string }[]
    expect(collection).toBe('people')
    expect(Object.keys(fields)).toEqual(['createdAt', 'emails', 'username'])
    expect(id).not.toBe('')
  })

  it('is shown as changed before the method that changed them is said to be visible', async () => {
    await using at = await ddpAccounts()
    const { client } = await at.signedIn()
    await client.call('2', 'latchkey.addEmail', { newEmail: 'second@example.org' })
    expect(client.arrived.slice(-3).map(({ msg }) => msg)).toEqual(['changed', 'updated', 'result'])
  })

  it('is read once per session, however many connections share it', async () => {
    await using at = await ddpAccounts()
    const { token, id } = await at.signedIn()
    await Promise.all(Array.from({ length: 20 }, () => resumed(at, token)))
    const { sessions } = at.world.server.accounts.core.store
    const find = vi.spyOn(sessions, 'find')
    await at.world.server.accounts.addEmailOf(id, 'second@example.org', true)
    await vi.waitFor(() => expect(find.mock.calls.length).toBeGreaterThan(0))
    await new Promise(resolve => void setImmediate(resolve))
    expect(find.mock.calls.length).toBeLessThanOrEqual(2)
  })

  it('is read once with all their sessions, however many those are, and each that has ended is closed', async () => {
    await using at = await ddpAccounts({ options: { rateLimits: false } })
    const first = await at.signedIn()
    const all = [first, ...(await Promise.all(Array.from({ length: 30 }, () => at.signedIn())))]
    const { accounts } = at.world.server
    const { sessions, users } = accounts.core.store
    const reads = [vi.spyOn(sessions, 'find'), vi.spyOn(sessions, 'list'), vi.spyOn(users, 'find')]
    await accounts.setUsername(first.id, 'lovelace')
    await vi.waitFor(() => {
      for (const { client } of all) expect(client.all('changed')).toMatchObject([{ fields: { username: 'lovelace' } }])
    })
    const [alone, ...together] = reads.map(({ mock }) => mock.calls.length)
    expect(alone).toBe(0)
    // The flow tells of the change, and the bus does.
    expect(Math.max(...together)).toBeLessThanOrEqual(3)

    const [some] = await accounts.userSessions(first.id)
    await accounts.revoke({ sessionId: some?.id ?? '' })
    await accounts.setUsername(first.id, 'ada')
    const open = (): typeof all => all.filter(({ client }) => !client.isClosed)
    await vi.waitFor(() => expect(open()).toHaveLength(30))
    await vi.waitFor(() => {
      for (const { client } of open()) expect(client.all('changed')).toHaveLength(2)
    })
  })

  it('is nobody’s business who is not signed in', async () => {
    await using at = await ddpAccounts()
    const client = at.connect()
    await at.signedIn()
    resultOf(await client.call('1', 'latchkey.settings'))
    expect(client.arrived.map(({ msg }) => msg)).toEqual(['connected', 'updated', 'result'])
  })
})

it('a connection that is closed while it signs in leaves nothing behind', async () => {
  let hashOf = (_id: string): string | undefined => undefined
  await using at = await ddpAccounts({ ddp: { attached: connections => void (hashOf = id => connections.hashedLoginToken(id)) } })
  await at.world.createUser('ada')
  const client = at.connect()
  client.say({ msg: 'method', id: '1', method: 'login', params: [{ user: { username: 'ada' }, password: PASSWORD }] })
  client.drop()
  await vi.waitFor(async () => expect((await at.world.server.accounts.lookUp('ada'))?.id).toBeDefined())
  expect(hashOf(client.arrived[0]?.['session'] as string)).toBeUndefined()
})

it.each(['meteor', 'latchkey'] as const)('the signed-in user is published as the app’s userObjectSanitizer leaves them: %s', async face => {
  await using at = await ddpAccounts({ options: { face, userObjectSanitizer: user => ({ ...user, emails: [] }) } })
  const { client, id } = await at.signedIn('ada')
  expect(client.all('added')).toEqual([{ msg: 'added', collection: 'users', id, fields: { username: 'ada' } }])
})
