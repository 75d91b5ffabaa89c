/** DDP on the standalone server's port, beside REST: one set of sessions. */
import { createHash } from 'node:crypto'
import { DDPServer } from '@latchkey/server/ddp'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { plug } from '../../../server/testing/sockets.ts'
import type { Plug } from '../../../server/testing/sockets.ts'
import { newWorld } from '../../testing/world.ts'
import type { World } from '../../testing/world.ts'

const PASSWORD = 'correct horse battery staple'
const DIGEST = { digest: createHash('sha256').update(PASSWORD).digest('hex'), algorithm: 'sha-256' }

interface Message {
  msg: string
  id?: string
  error?: { error: unknown; reason: string }
  result?: { id: string; token: string }
  fields?: Record<string, unknown>
}

/** A client that has shaken hands. */
async function ddpClient(world: World, headers: Record<string, string> = {}, path = '/websocket') {
  const wire: Plug = await plug(`ws://127.0.0.1:${world.port}${path}`, headers)
  const wait = async (fits: (message: Message) => boolean): Promise<Message> => {
    for (;;) {
      const message = JSON.parse(await wire.next()) as Message
      if (fits(message)) return message
    }
  }
  wire.ws.send(JSON.stringify({ msg: 'connect', version: '1', support: ['1'] }))
  await wait(({ msg }) => msg === 'connected')
  let calls = 0
  return {
    ...wire,
    wait,
    call: async (method: string, ...params: unknown[]): Promise<Message> => {
      const id = String((calls += 1))
      wire.ws.send(JSON.stringify({ msg: 'method', id, method, params }))
      return wait(message => message.msg === 'result' && message.id === id)
    },
  }
}

describe('the standalone server', () => {
  let world: World
  const page = (): Record<string, string> => ({ origin: world.base, 'x-latchkey-session': 'cookie' })
  beforeAll(async () => {
    world = await newWorld({ corsOrigins: ['https://app.example.org'] })
    await world.post('/accounts/password/register', { user: { email: 'ada@example.org', password: PASSWORD } })
  })
  afterAll(() => world.close())
  const restLogin = (headers: Record<string, string> = {}) =>
    world.post('/accounts/password/authenticate', { user: { email: 'ada@example.org' }, password: PASSWORD }, headers)
  const cookieOf = async (): Promise<string> =>
    (await restLogin(page())).headers
      .getSetCookie()
      .map(one => one.split(';', 1)[0])
      .join('; ')

  test('signs in over DDP with a digest whoever signed up over REST, and goes on with the login token', async () => {
    const client = await ddpClient(world)
    const { result } = await client.call('login', { user: { email: 'ada@example.org' }, password: DIGEST })
    const again = await ddpClient(world)
    expect(await again.call('login', { resume: result?.token })).toMatchObject({
      result: {
        id: result?.id,
        token: result?.token,
        type: 'resume',
      },
    })
  })

  // A second is a promise of ours, and not of a machine that stands still for one.
  test('shows a session of DDP in the list of REST, and closes its socket within a second when REST ends it', { retry: 2 }, async () => {
    const client = await ddpClient(world)
    await client.call('login', { user: { email: 'ada@example.org' }, password: DIGEST })
    const { tokens } = (await (await restLogin()).json()) as { tokens: { accessToken: string } }
    const headers = { authorization: `Bearer ${tokens.accessToken}` }
    const sessions = (await (await world.get('/accounts/sessions', headers)).json()) as { id: string }[]
    expect(sessions.length).toBeGreaterThan(1)
    const ended = Date.now()
    expect((await world.post('/accounts/sessions/endOthers', {}, headers)).status).toBeLessThan(300)
    await client.closed
    expect(Date.now() - ended).toBeLessThan(1000)
  })

  test('signs a socket in by the cookie of a page of its own before the first message, and no script sees a token', async () => {
    const cookie = await cookieOf()
    const client = await ddpClient(world, { cookie, origin: world.base })
    const user = await client.wait(({ msg }) => msg === 'added')
    expect(user.fields).toMatchObject({ emails: [{ address: 'ada@example.org' }] })
    expect(client.received.join('')).not.toContain(cookie.split('=')[1])
  })

  test('takes the cookie from a page that is listed, and from no other: that one is a stranger', async () => {
    const cookie = await cookieOf()
    const listed = await ddpClient(world, { cookie, origin: 'https://app.example.org' })
    await listed.wait(({ msg }) => msg === 'added')
    for (const headers of [{ cookie, origin: 'https://evil.example' }, { cookie, origin: 'null' }, { cookie }]) {
      const stranger = await ddpClient(world, headers)
      // A method of the signed-in: a stranger is refused, and sees nothing of the user.
      expect((await stranger.call('getNewToken')).error).toBeDefined()
      expect(stranger.received.join('')).not.toContain('ada@example.org')
    }
  })

  test('lets a stranger’s page sign in with what it knows itself', async () => {
    const client = await ddpClient(world, { origin: 'https://elsewhere.example' })
    expect((await client.call('login', { user: { email: 'ada@example.org' }, password: DIGEST })).result?.token).toMatch(/^[\w-]{43}$/)
  })

  test('answers SockJS, and pages and REST as before', async () => {
    expect(await (await world.get('/sockjs/info')).json()).toMatchObject({ websocket: true })
    expect((await world.get('/accounts/settings')).status).toBe(200)
    expect((await world.get('/nothing')).status).toBe(404)
    expect(await (await world.get('/accounts/settings')).json()).toMatchObject({ strategies: ['password', 'magicLink'] })
  })

  test('tells its sockets to go away when it stops', async () => {
    const short = await newWorld()
    const client = await ddpClient(short)
    await short.close()
    expect(await client.closed).toMatchObject({ code: 1001 })
  })

  test('stops what its sockets spoke to when it stops, so that nothing goes on asking a closed database', async () => {
    const stop = vi.spyOn(DDPServer.prototype, 'stop')
    onTestFinished(() => stop.mockRestore())
    const short = await newWorld()
    await ddpClient(short)
    await short.close()
    expect(stop).toHaveBeenCalledOnce()
  })

  test('has no method for codes, which it does not mail', async () => {
    const client = await ddpClient(world)
    expect(await client.call('requestLoginTokenForUser', { selector: { email: 'ada@example.org' } })).toMatchObject({
      error: { error: 404, reason: "Method 'requestLoginTokenForUser' not found" },
    })
  })

  test('speaks no DDP with LATCHKEY_DDP=off', async () => {
    const silent = await newWorld({ ddp: false })
    await expect(plug(`ws://127.0.0.1:${silent.port}/websocket`)).rejects.toThrow('404')
    expect((await silent.get('/sockjs/info')).status).toBe(404)
    await silent.close()
  })
})
