import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { newWorld } from '../../testing/index.ts'
import { restTransport } from '../rest/index.ts'
import { serve } from './serve.ts'
import type { Reply, Served } from './served.ts'

const reply = (body: string): Reply => ({ status: 200, headers: ['content-length', String(body.length)], body })

/** Answers `/slow` only when told to. */
function slowServed(): { served: Served; begun: () => number; finish: () => void } {
  const waiting: (() => void)[] = []
  const served: Served = {
    knows: () => true,
    handle: call => (call.url === '/slow' ? new Promise(resolve => waiting.push(() => resolve(reply('slow')))) : reply('quick')),
  }
  return { served, begun: () => waiting.length, finish: () => waiting.forEach(go => go()) }
}

describe('a server', () => {
  it('has its port before it says so, and tells where it can be reached', async () => {
    const server = await serve(slowServed().served, { port: 0 })
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
    expect(await (await fetch(server.url)).text()).toBe('quick')
    await server.close()
    const everywhere = await serve(slowServed().served, { port: 0, host: '0.0.0.0' })
    expect(everywhere.url).toBe(`http://127.0.0.1:${everywhere.port}`)
    await everywhere.close()
  })

  it('says what is wrong when the port is taken', async () => {
    const first = await serve(slowServed().served, { port: 0 })
    await expect(serve(slowServed().served, { port: first.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await first.close()
  })

  it('refuses options that it does not know, by name', async () => {
    await expect(serve(slowServed().served, { prot: 1 } as object)).rejects.toThrow('Unknown option "prot" of serve')
  })

  it('serves REST', async () => {
    await using world = await newWorld()
    const server = await serve(restTransport(world.server.accounts), { port: 0 })
    expect(await (await fetch(`${server.url}/accounts/user`)).text()).toBe('null')
    await server.close()
  })
})

describe('closing', () => {
  it('lets requests under way finish, takes no new connection, and then hangs up', async () => {
    const { served, begun, finish } = slowServed()
    const server = await serve(served, { port: 0 })
    const idle = await open(server.port)
    const answer = fetch(`${server.url}/slow`)
    await until(() => begun() === 1)
    const closed = server.close()
    expect(server.close()).toBe(closed)
    await until(() => idle.destroyed)
    await expect(fetch(server.url)).rejects.toThrow('fetch failed')
    finish()
    const { status, headers } = await answer
    expect([status, headers.get('content-length')]).toEqual([200, '4'])
    await closed
  })

  it('does not wait for ever', async () => {
    const { served, begun } = slowServed()
    const server = await serve(served, { port: 0, shutdownTimeout: 50 })
    const answer = fetch(`${server.url}/slow`).catch(() => 'cut off')
    await until(() => begun() === 1)
    await server.close()
    expect(await answer).toBe('cut off')
  })
})

describe('bytes that are no HTTP', () => {
  it('are answered in the shape of every other error', async () => {
    const server = await serve(slowServed().served, { port: 0 })
    const malformed: [bytes: string, status: string][] = [
      ['NONSENSE\r\n\r\n', '400'],
      ['GET / HTTP/9.9\r\n\r\n', '400'],
      ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n', '400'],
      ['GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n', '400'],
      ['GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n', '400'],
      [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, '431'],
      [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, '431'],
    ]
    for (const [bytes, status] of malformed) {
      const [head = '', body = ''] = await exchange(server.port, bytes)
      expect([bytes.slice(0, 40), head.split(' ')[1]]).toEqual([bytes.slice(0, 40), status])
      expect(JSON.parse(body)).toMatchObject({ code: 'InvalidInput' })
      expect(head.toLowerCase()).toContain('cache-control: no-store')
    }
    expect(await (await fetch(server.url)).text()).toBe('quick')
    await server.close()
  })

  it('that just end harm nobody', async () => {
    const server = await serve(slowServed().served, { port: 0 })
    for (const bytes of ['', 'GET', 'GET / HTTP/1.1\r\nHo']) {
      const socket = await open(server.port)
      socket.write(bytes, () => socket.resetAndDestroy())
      await until(() => socket.destroyed)
    }
    expect(await (await fetch(server.url)).text()).toBe('quick')
    await server.close()
  })
})

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.on('error', reject).resume()
  })
}

async function exchange(port: number, bytes: string): Promise<string[]> {
  const socket = await open(port)
  let received = ''
  socket.setEncoding('latin1')
  socket.on('data', chunk => (received += String(chunk)))
  socket.write(bytes)
  await until(() => socket.destroyed)
  return received.split('\r\n\r\n')
}

async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 20_000
  while (!condition()) {
    if (Date.now() > giveUpAt) throw new Error('waited twenty seconds in vain')
    await new Promise(resolve => setImmediate(resolve))
  }
}
