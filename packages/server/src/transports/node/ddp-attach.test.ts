/** Sockets as clients meet them: real servers, real clients. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import * as fc from '../../../../../tools/test/properties.ts'
import { parrot, plug, socketWorld } from '../../../testing/sockets.ts'
import { attachDdp } from './index.ts'
import type { DdpServed } from './index.ts'

describe('A socket over WebSocket', () => {
  test.each(['/websocket', '/websocket/', '/websocket?token=1', '/sockjs/websocket', '/sockjs/websocket/'])(
    'is open at %s, one message to a frame',
    async path => {
      const served = parrot()
      await using world = await socketWorld(served)
      const { ws, next } = await plug(`ws://${world.host}${path}`)
      ws.send('{"msg":"ping"}')
      expect(await next()).toBe('you said: {"msg":"ping"}')
      ws.close()
      await vi.waitFor(() => expect(served.accepted[0]?.isGone).toBe(true))
    },
  )

  test('is found below a path of the app’s', async () => {
    await using world = await socketWorld(parrot(), { path: '/my.app/' })
    const { ws, next } = await plug(`ws://${world.host}/my.app/websocket`)
    ws.send('hello')
    expect(await next()).toBe('you said: hello')
    await expect(plug(`ws://${world.host}/websocket`)).rejects.toThrow('404')
    await expect(plug(`ws://${world.host}/myXapp/websocket`)).rejects.toThrow('404')
  })

  test('is not compressed unless asked for', async () => {
    await using plain = await socketWorld(parrot())
    await using packed = await socketWorld(parrot(), { compression: true })
    expect((await plug(`ws://${plain.host}/websocket`)).ws.extensions).toBe('')
    expect((await plug(`ws://${packed.host}/websocket`)).ws.extensions).toContain('permessage-deflate')
  })

  test('closes with 1009 at a frame that is too long, and with 1003 at one that is no text', async () => {
    const served = parrot()
    await using world = await socketWorld(served, { maxFrameBytes: 100 })
    const long = await plug(`ws://${world.host}/websocket`)
    long.ws.send('x'.repeat(101))
    expect(await long.closed).toMatchObject({ code: 1009 })
    const binary = await plug(`ws://${world.host}/websocket`)
    binary.ws.send(Buffer.from('x'))
    expect(await binary.closed).toMatchObject({ code: 1003 })
    expect(served.accepted.map(({ heard }) => heard)).toEqual([[], []])
    await vi.waitFor(() => expect(served.accepted.every(({ isGone }) => isGone)).toBe(true))
  })

  test('says how much a slow reader has left unread, and hangs up on one that reads nothing', async () => {
    const served = parrot()
    await using world = await socketWorld(served, { maxFrameBytes: 1000 })
    const { ws, closed } = await plug(`ws://${world.host}/websocket`)
    ws.pause()
    const [one] = served.accepted
    const frame = 'x'.repeat(100_000)
    for (let sent = 0; one && one.socket.buffered < 1_000_000 && sent < 1000; sent++) one.socket.send(frame)
    expect(one?.socket.buffered).toBeGreaterThanOrEqual(1_000_000)
    one?.socket.close()
    await vi.waitFor(() => expect(one?.isGone).toBe(true))
    ws.resume()
    expect(await closed).toMatchObject({ code: 1006 })
  })

  test('wrapped as SockJS wraps it: greets, wraps each message, understands one and many, and says farewell', async () => {
    const served = parrot()
    await using world = await socketWorld(served)
    const { ws, next, closed } = await plug(`ws://${world.host}/sockjs/123/abcdefgh/websocket`)
    expect(await next()).toBe('o')
    ws.send('["one","two"]')
    expect(await next()).toBe('a["you said: one"]')
    expect(await next()).toBe('a["you said: two"]')
    ws.send('')
    ws.send('"three"')
    expect(await next()).toBe('a["you said: three"]')
    served.accepted[0]?.socket.close()
    expect(await next()).toBe('c[1000,"Normal closure"]')
    expect(await closed).toEqual({ code: 1000, reason: 'Normal closure' })
  })

  test.each(['{"not":"a list"}', '[1]', '[["x"]]', 'nonsense', '[', '{}'])('closes at the malformed SockJS frame %s', async frame => {
    const served = parrot()
    await using world = await socketWorld(served)
    const { ws, closed } = await plug(`ws://${world.host}/sockjs/123/abcdefgh/websocket`)
    ws.send(frame)
    expect(await closed).toEqual({ code: 3000, reason: 'Broken framing.' })
    expect(served.accepted[0]?.heard).toEqual([])
  })

  test('can be switched off, and then /sockjs/info says so', async () => {
    await using world = await socketWorld(parrot(), { websocket: false })
    await expect(plug(`ws://${world.host}/websocket`)).rejects.toThrow('404')
    const info = await fetch(`http://${world.host}/sockjs/info`)
    expect(await info.json()).toMatchObject({ websocket: false })
  })
})

describe('What DDP is told of a client', () => {
  const headers = {
    'x-forwarded-for': '203.0.113.9, 198.51.100.7',
    'user-agent': 'a browser',
    'accept-language': 'fi',
    cookie: 'secret=1',
    authorization: 'Bearer secret',
    origin: 'http://localhost:3000',
  }

  test.each([
    [{}, '127.0.0.1'],
    [{ trustedProxies: 1 }, '198.51.100.7'],
    [{ trustedProxies: 2 }, '203.0.113.9'],
    [{ trustedProxies: ['127.0.0.1'] }, '198.51.100.7'],
  ])('its address, with %o as far as the proxies are ours: %s', async (options, address) => {
    const served = parrot()
    await using world = await socketWorld(served, options)
    await plug(`ws://${world.host}/websocket`, headers)
    expect(served.accepted[0]?.facts.clientAddress).toBe(address)
    await fetch(`http://${world.host}/sockjs/1/polling/xhr`, { method: 'POST', headers })
    expect(served.accepted[1]?.facts.clientAddress).toBe(address)
  })

  test('headers that tell something and prove nothing: no cookies, no authorization', async () => {
    const served = parrot()
    await using world = await socketWorld(served)
    await plug(`ws://${world.host}/websocket`, headers)
    expect(served.accepted[0]?.facts).toEqual({
      clientAddress: '127.0.0.1',
      httpHeaders: {
        'accept-language': 'fi',
        host: world.host,
        'user-agent': 'a browser',
        'x-forwarded-for': '203.0.113.9, 198.51.100.7',
      },
    })
  })

  test('a name of a proxy that is none leaves the last address that is known', async () => {
    const served = parrot()
    await using world = await socketWorld(served, { trustedProxies: 5 })
    await plug(`ws://${world.host}/websocket`, { 'x-forwarded-for': `${'x,'.repeat(2000)}nonsense` })
    expect(served.accepted[0]?.facts.clientAddress).toBe('127.0.0.1')
  })
})

describe('Bounds', () => {
  test('refuse with 503 a socket too many', async () => {
    await using world = await socketWorld(parrot(), { maxSockets: 2 })
    const first = await plug(`ws://${world.host}/websocket`)
    await plug(`ws://${world.host}/websocket`)
    await expect(plug(`ws://${world.host}/websocket`)).rejects.toThrow('503')
    first.ws.close()
    await first.closed
    await vi.waitFor(() => plug(`ws://${world.host}/websocket`))
  })

  test('refuse with 503 an address that has too many, and take IPv6 by the /64', async () => {
    await using world = await socketWorld(parrot(), { maxSocketsPerAddress: 1, trustedProxies: 1 })
    const from = (ip: string) => plug(`ws://${world.host}/websocket`, { 'x-forwarded-for': ip })
    await from('192.0.2.1')
    await expect(from('192.0.2.1')).rejects.toThrow('503')
    await from('192.0.2.2')
    await from('2001:db8:0:1::1')
    await expect(from('2001:db8::1:0:0:0:2')).rejects.toThrow('503')
    await from('2001:db8:0:2::1')
  })

  test('count no sockets of this machine by address: a proxy may stand there', async () => {
    await using world = await socketWorld(parrot(), { maxSocketsPerAddress: 1 })
    await plug(`ws://${world.host}/websocket`)
    expect((await plug(`ws://${world.host}/websocket`)).ws.readyState).toBe(1)
  })

  test('let the oldest silent socket make way for a new one, and none that speaks', async () => {
    await using world = await socketWorld(parrot(), { maxSilentSockets: 1 })
    const speaking = await plug(`ws://${world.host}/websocket`)
    speaking.ws.send('hello')
    await speaking.next()
    const silent = await plug(`ws://${world.host}/websocket`)
    await plug(`ws://${world.host}/websocket`)
    expect(await silent.closed).toMatchObject({ code: 1013 })
    speaking.ws.send('still here')
    expect(await speaking.next()).toBe('you said: still here')
  })
})

describe('Beside others', () => {
  test('an upgrade elsewhere is theirs: a development server, sockets of the app’s own', async () => {
    await using world = await socketWorld(parrot())
    const theirs = new WebSocketServer({ noServer: true })
    theirs.on('connection', ws => ws.send('theirs'))
    world.server.on('upgrade', (req, socket, head) => {
      if (req.url === '/theirs') theirs.handleUpgrade(req, socket, head, ws => theirs.emit('connection', ws, req))
    })
    expect(await (await plug(`ws://${world.host}/theirs`)).next()).toBe('theirs')
    const ours = await plug(`ws://${world.host}/websocket`)
    ours.ws.send('ours')
    expect(await ours.next()).toBe('you said: ours')
  })

  test('several stand on one server, each at a path of its own, and stop in any order', async () => {
    const [first, second] = [parrot(), parrot()]
    await using world = await socketWorld(first, { path: '/first' })
    const other = attachDdp(world.server, second, { path: '/second' })
    for (const [path, served] of [
      ['first', first],
      ['second', second],
    ] as const) {
      const { ws, next } = await plug(`ws://${world.host}/${path}/websocket`)
      ws.send(path)
      expect(await next()).toBe(`you said: ${path}`)
      expect(served.accepted[0]?.heard).toEqual([path])
      expect((await fetch(`http://${world.host}/${path}/sockjs/info`)).status).toBe(200)
    }
    await expect(plug(`ws://${world.host}/third/websocket`)).rejects.toThrow('404')
    await world.attachment.stop()
    expect(await (await fetch(`http://${world.host}/first/sockjs/info`)).text()).toBe('the app')
    expect((await fetch(`http://${world.host}/second/sockjs/info`)).status).toBe(200)
    await other.stop()
    expect(await (await fetch(`http://${world.host}/second/sockjs/info`)).text()).toBe('the app')
  })

  test('an upgrade that is nobody’s is answered with 404', async () => {
    await using world = await socketWorld(parrot())
    for (const path of [
      '/',
      '/nobody',
      '//',
      '//websocket',
      '/websocket/x',
      '/sockjs/a/b/c/websocket',
      '/%zz',
      '/sockjs/a.b/c/websocket',
    ]) {
      await expect(plug(`ws://${world.host}${path}`)).rejects.toThrow(/404|Invalid URL/)
    }
  })

  test('an offer of HTTP/2 in clear is served as the plain request it is, body and all', async () => {
    await using world = await socketWorld(parrot(), {}, (req, res) => {
      req.setEncoding('utf8')
      let body = ''
      req
        .on('data', (chunk: string) => (body += chunk))
        .on('end', () => res.end(`${req.method} ${req.url} ${String(req.headers['x-name'])} ${body}`))
    })
    const port = Number(world.host.split(':')[1])
    const answer = await talk(
      port,
      'POST /path?query HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\nX-Name: caf\u00e9\r\nContent-Length: 4\r\n\r\nbody',
    )
    expect(answer).toContain('200 OK')
    expect(answer).toContain(Buffer.from('POST /path?query caf\u00e9 body').toString('latin1'))
  })

  test('requests for anything but /sockjs are the app’s', async () => {
    await using world = await socketWorld(parrot())
    for (const path of ['/', '/websocket', '/sockjsx', '//sockjs', '/accounts/user', '/%zz']) {
      expect(await (await fetch(`http://${world.host}${path}`)).text()).toBe('the app')
    }
  })

  test('when it stops, sockets are told to go away, and the server is as it was', async () => {
    const served = parrot()
    await using world = await socketWorld(served)
    const bare = await plug(`ws://${world.host}/websocket`)
    const wrapped = await plug(`ws://${world.host}/sockjs/123/abcdefgh/websocket`)
    expect(await wrapped.next()).toBe('o')
    await world.attachment.stop()
    expect(await bare.closed).toMatchObject({ code: 1001 })
    expect(wrapped.received).toEqual(['o', 'c[1001,"The server stops"]'])
    expect(served.accepted.every(({ isGone }) => isGone)).toBe(true)
    expect(world.server.listenerCount('upgrade')).toBe(0)
    expect(await (await fetch(`http://${world.host}/sockjs`)).text()).toBe('the app')
  })

  test('when it stops, whoever does not answer is hung up on after a bounded time', async () => {
    const served = parrot()
    await using world = await socketWorld(served, { stopTimeout: 50 })
    const { ws } = await plug(`ws://${world.host}/websocket`)
    ws.pause()
    await world.attachment.stop()
    expect(served.accepted[0]?.isGone).toBe(true)
    ws.terminate()
  })

  test('a DDP server that is made when the first socket comes is made once; when that fails, the next socket tries again', async () => {
    const served = parrot()
    let made = 0
    await using world = await socketWorld(() => {
      made += 1
      if (made === 1) throw new Error('not yet')
      return served
    })
    await expect(plug(`ws://${world.host}/websocket`)).rejects.toThrow('500')
    await Promise.all([plug(`ws://${world.host}/websocket`), plug(`ws://${world.host}/websocket`)])
    expect(made).toBe(2)
    expect(served.accepted).toHaveLength(2)
  })
})

describe('Options', () => {
  test.each([
    [{ paht: '/x' }, 'Unknown option "paht" of attachDdp. Did you mean "path"?'],
    [{ path: 'x y' }, 'path must be'],
    [{ compression: 'yes' }, 'compression must be true or false'],
    [{ maxFrameBytes: 0 }, 'maxFrameBytes must be a whole number'],
    [{ cors: { origins: ['*'] } }, 'cors.origins takes exact origins'],
    [{ websocket: false, sockjs: false }, 'nothing to attach'],
  ])('%o are refused by name', (options, message) => {
    expect(() => attachDdp(createServer(), parrot(), options as object)).toThrow(message)
  })
})

test('A DDP server that fails at a frame loses that socket, and nothing else', async () => {
  const served = parrot()
  const failing: DdpServed = {
    accept(socket, facts) {
      const receiver = served.accept(socket, facts)
      return {
        gone: () => receiver.gone(),
        receive() {
          throw new Error('on purpose')
        },
      }
    },
  }
  await using world = await socketWorld(failing)
  for (const path of ['/websocket', '/sockjs/1/2/websocket']) {
    const { ws, closed } = await plug(`ws://${world.host}${path}`)
    ws.send('"x"')
    expect(await closed).toMatchObject({ code: 1000 })
  }
  await fetch(`http://${world.host}/sockjs/1/3/xhr`, { method: 'POST' })
  await fetch(`http://${world.host}/sockjs/1/3/xhr_send`, { method: 'POST', body: '["x"]' })
  expect(await (await fetch(`http://${world.host}/sockjs/1/3/xhr`, { method: 'POST' })).text()).toContain('c[1000')
})

test('Nothing that is sent in place of a handshake brings the server down', async () => {
  await using world = await socketWorld(parrot())
  const port = Number(world.host.split(':')[1])
  const handshake = fc.record({
    path: fc.constantFrom('/websocket', '/sockjs/1/2/websocket', '//', '/sockjs//', '/sockjs/%', '/websocket/%00', '*', 'http://[::1'),
    key: fc.constantFrom('dGhlIHNhbXBsZSBub25jZQ==', 'short', ''),
    version: fc.constantFrom('13', '8', '99', 'x'),
    rest: fc.string({ unit: 'binary', maxLength: 200 }),
  })
  await fc.assert(
    fc.asyncProperty(handshake, async ({ path, key, version, rest }) => {
      await talk(
        port,
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: ${version}\r\nSec-WebSocket-Key: ${key}\r\n\r\n${rest}`,
      )
    }),
    { numRuns: 60 },
  )
  const { ws, next } = await plug(`ws://${world.host}/websocket`)
  ws.send('alive')
  expect(await next()).toBe('you said: alive')
})

/** Sends bytes, half-closes, and returns what came back. */
async function talk(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.end(Buffer.from(text, 'latin1'))
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}
