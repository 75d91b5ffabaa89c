/** Ending a session takes effect everywhere: in other processes on one PostgreSQL within a second, on one SQLite file with the next request; sockets are closed within a second. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { freshDatabase, hasPostgres } from '../tools/test/postgres.ts'
import { post } from './support/call.ts'
import { openSocket } from './support/ddp-socket.ts'
import type { DdpSocket } from './support/ddp-socket.ts'
import { command, dataFolder, startStandalone } from './support/standalone.ts'
import type { Standalone } from './support/standalone.ts'

const PASSWORD = 'correct horse battery staple'
const USER = { email: 'ada@example.org', password: PASSWORD }

describe.skipIf(!hasPostgres)('two processes on one PostgreSQL', () => {
  // A second is a promise of ours, and not of a machine that stands still for one. Likewise below.
  it('both refuse a session that one of them ended: the one at once, the other within a second', { retry: 2 }, async () => {
    const [one, other] = await twoOnPostgres()
    const token = await signIn(one)
    // Both have it in their cache.
    for (const server of [one, other, one, other]) expect(await who(server, token)).toBe(USER.email)
    expect((await post(one.url, 'logout', {}, token)).body).toBeNull()
    const endedAt = Date.now()
    expect(await who(one, token)).toBeNull()
    await refusedWithin(1000, endedAt, other, token)
  })

  it('both refuse every session of a user whom the command line deactivated', { retry: 2 }, async () => {
    const [one, other, data, env] = await twoOnPostgres()
    const tokens = [await signIn(one), await signIn(other)]
    for (const token of tokens) for (const server of [one, other]) expect(await who(server, token)).toBe(USER.email)
    const { code, err } = await command(data, ['user', 'deactivate', USER.email, '--json'], { env })
    expect([code, err]).toEqual([0, ''])
    const endedAt = Date.now()
    for (const token of tokens) for (const server of [one, other]) await refusedWithin(1000, endedAt, server, token)
  })

  it('each closes the sockets of sessions that the other one, or the command line, ended', { retry: 2 }, async () => {
    const [one, other, data, env] = await twoOnPostgres()
    const [first, second] = [await socketOf(one), await socketOf(other)]
    await post(other.url, 'sessions/endOthers', {}, await signIn(other))
    const byOther = performance.now()
    for (const socket of [first, second]) expect((await socket.closed) - byOther).toBeLessThan(1000)

    const [third, fourth] = [await socketOf(one), await socketOf(other)]
    const { code } = await command(data, ['user', 'revoke', USER.email, '--json'], { env })
    const byCommand = performance.now()
    for (const socket of [third, fourth]) expect((await socket.closed) - byCommand).toBeLessThan(1000)
    expect(code).toBe(0)
  })
})

describe('a process and the command line on one SQLite file', () => {
  it('a session that the command line revoked is refused by the very next request', async () => {
    const data = await dataFolder()
    onTestFinished(() => data.remove())
    const server = await startStandalone(data.path)
    onTestFinished(async () => void (await server.stop()))
    await post(server.url, 'password/register', { user: USER })
    const token = await signIn(server)
    for (let times = 0; times < 3; times += 1) expect(await who(server, token)).toBe(USER.email)
    const { code, out } = await command(data.path, ['user', 'revoke', USER.email, '--json'])
    expect([code, JSON.parse(out)]).toMatchObject([0, { ended: 1 }])
    expect(await who(server, token)).toBeNull()
  })

  it('a socket is closed within a second of the command that ended its session', { retry: 2 }, async () => {
    const data = await dataFolder()
    onTestFinished(() => data.remove())
    const server = await startStandalone(data.path)
    onTestFinished(async () => void (await server.stop()))
    await post(server.url, 'password/register', { user: USER })
    const socket = await socketOf(server)
    const { code } = await command(data.path, ['user', 'deactivate', USER.email, '--json'])
    const endedAt = performance.now()
    expect(code).toBe(0)
    expect((await socket.closed) - endedAt).toBeLessThan(1000)
  })
})

async function twoOnPostgres(): Promise<[one: Standalone, other: Standalone, data: string, env: NodeJS.ProcessEnv]> {
  const [database, data] = [await freshDatabase(), await dataFolder()]
  const env = { DATABASE_URL: database.url }
  // Started at once, on an empty database: both may try to migrate it.
  const servers = await Promise.all([startStandalone(data.path, env), startStandalone(data.path, env)])
  onTestFinished(async () => {
    await Promise.all(servers.map(server => server.stop()))
    await database.drop()
    await data.remove()
  })
  await post(servers[0].url, 'password/register', { user: USER })
  return [...servers, data.path, env]
}

async function socketOf({ url }: Standalone): Promise<DdpSocket> {
  const socket = await openSocket(url)
  await socket.login(PASSWORD, USER.email)
  onTestFinished(() => socket.close())
  return socket
}

async function signIn({ url }: Standalone): Promise<string> {
  const { status, body } = await post(url, 'password/authenticate', { user: { email: USER.email }, password: PASSWORD })
  expect(status).toBe(200)
  return body?.tokens?.accessToken ?? ''
}

async function who({ url }: Standalone, token: string): Promise<string | null> {
  return (await post(url, 'user', {}, token)).body?.emails?.[0]?.address ?? null
}

/** Asks until the session is refused; what is asked after the time must be. */
async function refusedWithin(milliseconds: number, since: number, server: Standalone, token: string): Promise<void> {
  for (let asked = Date.now(); (await who(server, token)) !== null; asked = Date.now()) expect(asked - since).toBeLessThan(milliseconds)
}
