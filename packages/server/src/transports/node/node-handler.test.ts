import { createServer, request } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import { nodeHandler } from './node-handler.ts'
import { serve } from './serve.ts'
import type { Call, Reply, Served } from './served.ts'

const reply = (status: number, body: string): Reply => ({ status, headers: ['content-length', String(Buffer.byteLength(body))], body })

/** Answers what it read, at once or after reading. */
const echo: Served = {
  knows: target => target.startsWith('/echo') || target.startsWith('/deaf'),
  handle(call) {
    if (call.url.startsWith('/deaf')) return reply(404, 'deaf')
    if (call.method === 'GET' || call.method === 'HEAD') return reply(200, call.url)
    return call.body(1000).then(
      bytes => reply(200, Buffer.from(bytes).toString()),
      (error: unknown) =>
        error instanceof AccountsError ? reply(error.code === 'PayloadTooLarge' ? 413 : 400, error.message) : reply(500, ''),
    )
  },
}

interface Listening extends AsyncDisposable {
  url: string
  port: number
}

async function listen(listener: RequestListener): Promise<Listening> {
  const server: Server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
  return { port, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close }
}

const post = async (url: string, body: BodyInit): Promise<[number, string]> => {
  const answer = await fetch(url, { method: 'POST', body })
  return [answer.status, await answer.text()]
}

it('what is no transport is refused before anything listens', async () => {
  // What JavaScript lets through.
  const nothing = {} as Served
  expect(() => nodeHandler(nothing)).toThrow('What is served must be a transport')
  await expect(serve(nothing, { port: 0 })).rejects.toThrow('What is served must be a transport')
})

describe('a body', () => {
  it('is read to its end, in one piece or in many', async () => {
    await using server = await listen(nodeHandler(echo))
    expect(await post(`${server.url}/echo`, 'hello')).toEqual([200, 'hello'])
    const [status, text] = await upload(server.port, { 'transfer-encoding': 'chunked' }, async write => {
      for (const part of ['a', 'b', 'ü']) await write(part)
    })
    expect([status, text]).toEqual([200, 'abü'])
  })

  it('that is too long is refused without being read, and the answer arrives', async () => {
    await using server = await listen(nodeHandler(echo))
    for (const size of [1001, 100_000, 2_000_000, 20_000_000]) {
      expect(await post(`${server.url}/echo`, 'x'.repeat(size))).toEqual([413, 'The request body is too large'])
    }
    expect(await post(`${server.url}/echo`, 'still here')).toEqual([200, 'still here'])
  })

  it('without end is cut off', async () => {
    await using server = await listen(nodeHandler(echo))
    let sent = 0
    const [status] = await upload(server.port, { 'transfer-encoding': 'chunked' }, async (write, gone) => {
      while (!gone()) {
        await write('x'.repeat(65_536))
        sent += 65_536
      }
    })
    expect(status).toBe(413)
    expect(sent).toBeLessThan(40 * 1_048_576)
  })

  it('that nobody wants to read does not hold the answer up', async () => {
    await using server = await listen(nodeHandler(echo))
    expect(await post(`${server.url}/deaf`, 'x'.repeat(300_000))).toEqual([404, 'deaf'])
  })

  it('that does not come is waited for only so long', async () => {
    await using server = await listen(nodeHandler(echo, { bodyTimeout: 50 }))
    const [status, text] = await upload(server.port, { 'content-length': '10' }, async write => write('abc'))
    expect([status, text]).toEqual([400, 'The body did not arrive in time'])
  })

  it('that breaks off is an error to its reader and to nobody else', async () => {
    const outcomes: string[] = []
    const noting: Served = {
      knows: () => true,
      async handle(call) {
        const outcome = await call.body(1000).then(String, (error: Error) => error.message)
        outcomes.push(outcome)
        return reply(200, outcome)
      },
    }
    await using server = await listen(nodeHandler(noting))
    const socket = connect(server.port, '127.0.0.1')
    socket.write('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc', () => socket.destroy())
    await until(() => outcomes.length === 1)
    expect(outcomes).toEqual(['The body was not sent to its end'])
    expect((await post(`${server.url}/echo`, 'next'))[0]).toBe(200)
  })

  it('that a body parser in front has read already is taken from it', async () => {
    const handler = nodeHandler(echo)
    const parsing: RequestListener = (req: IncomingMessage & { body?: unknown }, res) => {
      let text = ''
      req.on('data', chunk => (text += String(chunk)))
      req.on('end', () => {
        req.body = JSON.parse(text)
        setImmediate(() => handler(req, res))
      })
    }
    await using server = await listen(parsing)
    expect(await post(`${server.url}/echo`, '{"user": "ada"}')).toEqual([200, '{"user":"ada"}'])
  })
})

describe('an answer', () => {
  it('to HEAD has the headers and no body', async () => {
    await using server = await listen(nodeHandler(echo))
    const answer = await fetch(`${server.url}/echo`, { method: 'HEAD' })
    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([200, '5', ''])
  })

  it('to somebody who has left is dropped', async () => {
    let finish: (ready: Reply) => void = () => {}
    const slow: Served = { knows: () => true, handle: () => new Promise(resolve => (finish = resolve)) }
    const calls: Call[] = []
    await using server = await listen(
      nodeHandler({ ...slow, handle: call => (calls.push(call), call.url === '/slow' ? slow.handle(call) : reply(200, 'ok')) }),
    )
    const leaving = request({ port: server.port, host: '127.0.0.1', path: '/slow' })
    leaving.on('error', () => {})
    leaving.end()
    await until(() => calls.length === 1)
    leaving.destroy()
    await until(() => leaving.closed)
    finish(reply(200, 'too late'))
    expect(await (await fetch(`${server.url}/next`)).text()).toBe('ok')
  })

  it('that fails against all promises costs that one connection', async () => {
    const fail = (): never => {
      throw new Error('x')
    }
    const failing: Served = {
      knows: () => true,
      handle: ({ url }) => (url === '/later' ? Promise.reject(new Error('x')) : url === '/now' ? fail() : reply(200, 'ok')),
    }
    await using server = await listen(nodeHandler(failing))
    for (const path of ['/later', '/now']) await expect(fetch(`${server.url}${path}`)).rejects.toThrow('fetch failed')
    expect(await (await fetch(`${server.url}/good`)).text()).toBe('ok')
  })
})

describe('what is not ours', () => {
  it('goes to `other`, and what that does not answer is answered by us', async () => {
    const other = (req: IncomingMessage, res: ServerResponse): boolean => {
      if (req.url !== '/page') return false
      res.end('a page')
      return true
    }
    await using server = await listen(nodeHandler(echo, { other: async (req, res) => other(req, res) }))
    expect(await (await fetch(`${server.url}/page`)).text()).toBe('a page')
    expect(await (await fetch(`${server.url}/nothing`)).text()).toBe('/nothing')
    expect(await (await fetch(`${server.url}/echo`)).text()).toBe('/echo')
  })

  it('goes to `other`, whose failure costs that one connection', async () => {
    await using server = await listen(nodeHandler(echo, { other: () => Promise.reject(new Error('x')) }))
    await expect(fetch(`${server.url}/page`)).rejects.toThrow('fetch failed')
    expect((await fetch(`${server.url}/echo`)).status).toBe(200)
  })

  it('goes on to the next middleware, also below a mount point', async () => {
    const handler = nodeHandler(echo)
    const mounted: RequestListener = (req: IncomingMessage & { originalUrl?: string }, res) => {
      req.originalUrl = req.url ?? ''
      req.url = (req.url ?? '').slice(1)
      handler(req, res, () => res.end('next'))
    }
    await using server = await listen(mounted)
    expect(await (await fetch(`${server.url}/echo/x`)).text()).toBe('/echo/x')
    expect(await (await fetch(`${server.url}/other`)).text()).toBe('next')
  })
})

describe('a client that asks before it sends', () => {
  const asking = { 'content-length': '5', expect: '100-continue' }

  it('is told to go on when the body is wanted', async () => {
    const server = await serve(echo, { port: 0 })
    expect(await upload(server.port, asking, async write => write('hello'), 'continue')).toEqual([200, 'hello'])
    await server.close()
  })

  it('is spared the sending when it is not', async () => {
    const server = await serve(echo, { port: 0 })
    expect(await upload(server.port, asking, () => Promise.reject(new Error('should not be asked to send')), 'continue', '/deaf')).toEqual([
      404,
      'deaf',
    ])
    await server.close()
  })
})

type Write = (text: string) => Promise<void>

/** Posts a body bit by bit, if need be only after the server's go-ahead. Resolves with what the server answers, whenever it does. */
function upload(
  port: number,
  headers: Record<string, string>,
  send: (write: Write, gone: () => boolean) => Promise<void>,
  when: 'socket' | 'continue' = 'socket',
  path = '/echo',
): Promise<[status: number, text: string]> {
  return new Promise((resolve, reject) => {
    const req = request({ port, host: '127.0.0.1', path, method: 'POST', headers })
    let answered = false
    req.on('error', error => (answered ? undefined : reject(error)))
    req.on('response', answer => {
      answered = true
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', chunk => (text += String(chunk)))
      answer.on('close', () => {
        req.destroy()
        resolve([answer.statusCode ?? 0, text])
      })
    })
    const write: Write = text => new Promise(done => (req.destroyed ? done() : req.write(text, () => done())))
    const waits = 'content-length' in headers && when === 'socket'
    req.on(when, () => {
      send(write, () => answered || req.destroyed).then(() => (waits ? undefined : req.end()), reject)
    })
    req.flushHeaders()
  })
}

async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 20_000
  while (!condition()) {
    if (Date.now() > giveUpAt) throw new Error('waited twenty seconds in vain')
    await new Promise(resolve => setImmediate(resolve))
  }
}
