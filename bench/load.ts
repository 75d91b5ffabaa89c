/** A small HTTP/1.1 load generator: requests are bytes made beforehand, so that it spends little of the machine it measures on. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** One answer. */
export interface Reply {
  status: number
  headers: string
  body: string
}

/** What one connection sends: asked before each request, told after each answer. */
export interface Script {
  next(): Buffer
  /** Default: any answer but a 2xx counts as an error. */
  answered?(reply: Reply): void
}

/** What a run found. Times are milliseconds. */
export interface Run {
  operations: number
  errors: number
  seconds: number
  p50: number
  p99: number
}

/** Drives the scripts, one connection each, for so many seconds or until every script was stopped. */
export async function drive(port: number, scripts: readonly Script[], seconds: number): Promise<Run> {
  const until = performance.now() + seconds * 1000
  const began = performance.now()
  const latencies: number[] = []
  let errors = 0
  await Promise.all(
    scripts.map(async script => {
      const connection = await Connection.open(port)
      while (performance.now() < until) {
        const request = script.next()
        const sent = performance.now()
        const reply = await connection.send(request)
        latencies.push(performance.now() - sent)
        if (reply.status < 200 || reply.status > 299) errors += 1
        script.answered?.(reply)
      }
      connection.close()
    }),
  )
  const sorted = Float64Array.from(latencies).toSorted()
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { operations: latencies.length, errors, seconds: (performance.now() - began) / 1000, p50: at(0.5), p99: at(0.99) }
}

/** One request outside any measurement. */
export async function once(port: number, request: Buffer): Promise<Reply> {
  const connection = await Connection.open(port)
  const reply = await connection.send(request)
  connection.close()
  return reply
}

/** The bytes of a request. */
export function request(
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
): Buffer {
  const text = body === undefined ? '' : JSON.stringify(body)
  const lines = [`${method} ${path} HTTP/1.1`, 'host: 127.0.0.1', ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
  if (body !== undefined) lines.push('content-type: application/json', `content-length: ${Buffer.byteLength(text)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${text}`)
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')

/** A connection that is kept and used for one request at a time. */
class Connection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #resolve: ((reply: Reply) => void) | undefined
  #reject: ((error: Error) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', chunk => this.#take(chunk))
    socket.on('error', error => this.#reject?.(error))
    socket.on('close', () => this.#reject?.(new Error('the server closed the connection')))
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1' }, () => resolve(new Connection(socket)))
      socket.once('error', reject)
    })
  }

  send(bytes: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#socket.write(bytes)
    })
  }

  close(): void {
    this.#reject = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const end = this.#received.indexOf(END_OF_HEAD)
    if (end < 0) return
    const head = this.#received.toString('latin1', 0, end)
    const start = end + END_OF_HEAD.length
    const body = readBody(head, this.#received.subarray(start))
    if (body === undefined) return
    this.#received = this.#received.subarray(start + body.length)
    this.#resolve?.({ status: Number(head.slice(9, 12)), headers: head, body: body.text })
  }
}

/** The body, once all of it is there: by length, or in chunks. */
function readBody(head: string, rest: Buffer): { text: string; length: number } | undefined {
  const length = /content-length: (\d+)/i.exec(head)?.[1]
  if (length !== undefined)
    return rest.length < Number(length) ? undefined : { text: rest.toString('utf8', 0, Number(length)), length: Number(length) }
  if (!/transfer-encoding: chunked/i.test(head)) return { text: '', length: 0 }
  const end = rest.indexOf('0\r\n\r\n')
  if (end < 0) return undefined
  const text = rest.toString('utf8', 0, end).replaceAll(/(^|\r\n)[0-9a-f]+\r\n/gi, '')
  return { text, length: end + 5 }
}
