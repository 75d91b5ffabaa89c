/** Sockets for tests: a DDP end that repeats what it hears, and a server around it. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocket } from 'ws'
import { attachDdp } from '../src/transports/node/index.ts'
import type { DdpAttachment, DdpFacts, DdpOptions, DdpServed, DdpWire } from '../src/transports/node/index.ts'

/** One that was accepted. */
export interface Accepted {
  socket: DdpWire
  facts: DdpFacts
  heard: string[]
  isGone: boolean
}

/** Repeats every message behind `you said: `, and keeps the books. */
export interface Parrot extends DdpServed {
  readonly accepted: Accepted[]
}

/** A DDP end that speaks no DDP. */
export function parrot(parts: Pick<DdpServed, 'accountsServer'> = {}): Parrot {
  const accepted: Accepted[] = []
  return {
    ...parts,
    accepted,
    accept(socket, facts) {
      const one: Accepted = { socket, facts, heard: [], isGone: false }
      accepted.push(one)
      return {
        receive(frame) {
          one.heard.push(frame)
          socket.send(`you said: ${frame}`)
        },
        gone() {
          one.isGone = true
        },
      }
    },
  }
}

/** A server that listens, with sockets attached. */
export interface SocketWorld extends AsyncDisposable {
  server: Server
  /** For example `127.0.0.1:40123`. */
  host: string
  attachment: DdpAttachment
  /** Requests that have come and are not answered. */
  busy: () => number
}

/** Listens on a free port of loopback. */
export async function socketWorld(
  served: Parameters<typeof attachDdp>[1],
  options: DdpOptions = {},
  listener: RequestListener = (_req, res) => void res.end('the app'),
): Promise<SocketWorld> {
  const server = createServer(listener)
  const attachment = attachDdp(server, served, options)
  let busy = 0
  server.on('request', (_req, res) => {
    busy += 1
    res.on('close', () => (busy -= 1))
  })
  const connections = new Set<Socket>()
  server.on('connection', (socket: Socket) => connections.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    server,
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    attachment,
    busy: () => busy,
    async [Symbol.asyncDispose]() {
      await attachment.stop()
      for (const connection of connections) connection.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** A client's socket, and what it received. */
export interface Plug {
  ws: WebSocket
  received: string[]
  /** The next message that has not been read. */
  next: () => Promise<string>
  /** How it was closed. */
  closed: Promise<{ code: number; reason: string }>
}

/** Opens a socket. Rejects when it is refused; the message ends with the status. */
export async function plug(url: string, headers: Record<string, string> = {}): Promise<Plug> {
  const ws = new WebSocket(url, { headers, perMessageDeflate: true })
  const received: string[] = []
  const waiting: ((message: string) => void)[] = []
  let read = 0
  ws.on('message', data => {
    const message = (data as Buffer).toString()
    received.push(message)
    const first = waiting.shift()
    if (first) {
      read += 1
      first(message)
    }
  })
  const closed = new Promise<{ code: number; reason: string }>(resolve => {
    ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })
  await once(ws, 'open')
  ws.on('error', () => {})
  return {
    ws,
    received,
    closed,
    next() {
      const message = received[read]
      if (message === undefined) return new Promise(resolve => waiting.push(resolve))
      read += 1
      return Promise.resolve(message)
    },
  }
}
