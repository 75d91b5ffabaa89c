/** SockJS over plain requests, as its own client and bare ones meet it. */
import { request } from 'node:http'
import { describe, expect, test, vi } from 'vitest'
import { parrot, socketWorld } from '../../../testing/sockets.ts'

/** One session of a client without WebSocket. */
function session(host: string, name = 'abcdefgh') {
  const at = (transport: string): string => `http://${host}/sockjs/123/${name}/${transport}`
  return {
    poll: async (): Promise<string> => (await fetch(at('xhr'), { method: 'POST' })).text(),
    send: (...messages: unknown[]): Promise<Response> => fetch(at('xhr_send'), { method: 'POST', body: JSON.stringify(messages) }),
    at,
  }
}

describe('SockJS over plain requests', () => {
  test('greets at its address, and says what it can', async () => {
    await using world = await socketWorld(parrot())
    expect(await (await fetch(`http://${world.host}/sockjs`)).text()).toBe('Welcome to SockJS!\n')
    const info = await fetch(`http://${world.host}/sockjs/info?t=1`, { headers: { origin: 'https://elsewhere.example' } })
    expect(await info.json()).toMatchObject({ websocket: true, origins: ['*:*'], cookie_needed: false })
    expect(info.headers.get('access-control-allow-origin')).toBe('https://elsewhere.example')
  })

  test('polling: opens, hears, and is heard', async () => {
    const served = parrot()
    await using world = await socketWorld(served)
    const { poll, send } = session(world.host)
    expect(await poll()).toBe('o\n')
    expect((await send('one', 'two')).status).toBe(204)
    expect(await poll()).toBe('a["you said: one","you said: two"]\n')
    expect(served.accepted[0]?.heard).toEqual(['one', 'two'])
  })

  test.each([
    ['xhr_streaming', 'POST', 'o\n'],
    ['eventsource', 'GET', 'data: o'],
    ['htmlfile?c=callback', 'GET', 'p("o");'],
  ])('%s streams', async (transport, method, opening) => {
    const served = parrot()
    await using world = await socketWorld(served)
    const { at, send } = session(world.host)
    const abort = new AbortController()
    const stream = await fetch(at(transport), { method, signal: abort.signal })
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const reads = async (part: string): Promise<void> => {
      while (!text.includes(part)) text += (await reader?.read())?.value ?? ''
    }
    await reads(opening)
    await send('hello')
    await reads('you said: hello')
    abort.abort()
    await vi.waitFor(() => expect(served.accepted[0]?.isGone).toBe(true))
  })

  test('a message that is no text closes the session', async () => {
    const served = parrot()
    await using world = await socketWorld(served)
    const { poll, send } = session(world.host)
    await poll()
    await send(5)
    expect(await poll()).toBe('c[3000,"Broken framing."]\n')
    expect(served.accepted[0]?.heard).toEqual([])
  })

  test('says how much waits for the client, and forgets it when the client has fetched it', async () => {
    const served = parrot()
    await using world = await socketWorld(served)
    const { poll } = session(world.host)
    await poll()
    const socket = served.accepted[0]?.socket
    expect(socket?.buffered).toBe(0)
    socket?.send('x'.repeat(1000))
    socket?.send('y'.repeat(1000))
    expect(socket?.buffered).toBe(2000)
    await poll()
    expect(socket?.buffered).toBe(0)
    socket?.close()
    expect(await poll()).toBe('c[1000,"Normal closure"]\n')
  })

  test('a body that is too long is refused, said or unsaid', async () => {
    const served = parrot()
    await using world = await socketWorld(served, { maxFrameBytes: 1000 })
    const { poll, send, at } = session(world.host)
    await poll()
    expect((await send('x'.repeat(1000))).status).toBe(413)
    const endless = request(at('xhr_send'), { method: 'POST' })
    endless.on('error', () => {})
    endless.write('x'.repeat(600))
    endless.write('x'.repeat(600))
    await new Promise(resolve => endless.once('close', resolve))
    expect((await send('short')).status).toBe(204)
    expect(served.accepted[0]?.heard).toEqual(['short'])
  })

  test('a session too many is refused with 503', async () => {
    await using world = await socketWorld(parrot(), { maxSockets: 1 })
    expect(await session(world.host, 'first').poll()).toBe('o\n')
    const second = await fetch(session(world.host, 'second').at('xhr'), { method: 'POST' })
    expect(second.status).toBe(503)
  })

  test('two servers of one process do not know each other’s sessions', async () => {
    const [ones, others] = [parrot(), parrot()]
    await using one = await socketWorld(ones)
    await using other = await socketWorld(others)
    expect(await session(one.host).poll()).toBe('o\n')
    expect((await session(other.host).send('hello')).status).toBe(404)
    expect(await session(other.host).poll()).toBe('o\n')
    await session(other.host).send('hello')
    expect(ones.accepted[0]?.heard).toEqual([])
    expect(others.accepted[0]?.heard).toEqual(['hello'])
  })

  test.each([
    '/sockjs/iframe.html',
    '/sockjs/1/2/jsonp?c=x',
    '/sockjs/1/2/jsonp_send',
    '/sockjs/chunking_test',
    '/sockjs/a',
    '/sockjs//',
    '/sockjs/%zz/x/y',
  ])('%s is nothing here', async path => {
    const served = parrot()
    await using world = await socketWorld(served)
    expect((await fetch(`http://${world.host}${path}`)).status).toBe(404)
    expect(served.accepted).toEqual([])
  })

  test('what is malformed is refused, and the next one is served', async () => {
    const served = parrot()
    await using world = await socketWorld(served)
    const { at, poll } = session(world.host)
    await poll()
    for (const body of ['', '[', '{}', 'null', '"x"', '{"__proto__":null}']) {
      expect((await fetch(at('xhr_send'), { method: 'POST', body })).status).toBe(500)
    }
    expect((await fetch(at('xhr'), { method: 'DELETE' })).status).toBe(405)
    expect((await fetch(session(world.host, 'nobody').at('xhr_send'), { method: 'POST', body: '["x"]' })).status).toBe(404)
    expect((await session(world.host).send('hello')).status).toBe(204)
  })

  test('when the server stops, a client that polls is told, and no timer for clients keeps the process alive', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length
    await using world = await socketWorld(parrot())
    const before = timers()
    const [polling, away] = [session(world.host, 'polling'), session(world.host, 'away')]
    await polling.poll()
    await away.poll()
    const waiting = polling.poll()
    await vi.waitFor(() => expect(world.busy()).toBe(1))
    expect(timers()).toBeGreaterThan(before)
    await world.attachment.stop()
    expect(await waiting).toBe('c[1001,"The server stops"]\n')
    expect(timers()).toBeLessThanOrEqual(before)
  })

  test('can be switched off', async () => {
    await using world = await socketWorld(parrot(), { sockjs: false })
    expect(await (await fetch(`http://${world.host}/sockjs/info`)).text()).toBe('the app')
  })
})
