/**
 * Sockets over plain requests, for browsers and networks without WebSocket: what SockJS calls polling and streaming. The library knows the transports; here are
 * the bounds that it lacks, and a room of its own for each server: it keeps the sessions of a whole process in one map.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Connection as LibraryConnection, Server as LibraryServer } from 'sockjs'
import type { Log } from '../../core/ports.ts'
import { acceptCarefully } from './ddp-careful.ts'
import type { AttachSettings } from './ddp-options.ts'
import type { Place, Room } from './ddp-room.ts'
import type { DdpFacts, DdpReceiver, DdpServed } from './ddp-served.ts'

/** As Meteor sets them. */
const HEARTBEAT_MS = 45_000
const DISCONNECT_MS = 60_000

/** What the library has and its types do not name. */
type Handler = (req: IncomingMessage, res: ServerResponse) => unknown
interface Session {
  readonly send_buffer: readonly string[]
  readonly to_tref: NodeJS.Timeout | null
  readonly recv: { readonly response?: ServerResponse | null } | null
}
type Connection = LibraryConnection & {
  readonly _session: Session
  close(code: number, reason: string): boolean
  write(message: string): boolean
}

/** A session that is open, or about to be. */
interface Visitor {
  readonly facts: DdpFacts
  readonly served: DdpServed
  readonly place: Place
  connection?: Connection
}

/**
 * What is answered of SockJS. Its pages for iframes load a script from elsewhere, and JSONP lets any page read along: nothing that is alive today needs them.
 */
const TRANSPORTS = /^\/([^/.]+)\/([^/.]+)\/(xhr|xhr_streaming|xhr_send|eventsource|htmlfile)\/?$/
const ALONE = /^\/?$|^\/info\/?$/

/** All sockets over plain requests that are open. */
export class SockJs {
  readonly #settings: AttachSettings
  readonly #room: Room
  readonly #log: () => Log | undefined
  readonly #tooLong: () => void
  /** Session as the library knows it → visitor. */
  readonly #visitors = new Map<string, Visitor>()
  /** Ends the names of this server's sessions. */
  readonly #mark = `~${randomBytes(8).toString('hex')}`
  readonly #prefix: string
  #handler: Handler | undefined

  constructor(settings: AttachSettings, room: Room, log: () => Log | undefined, tooLong: () => void) {
    this.#settings = settings
    this.#room = room
    this.#log = log
    this.#tooLong = tooLong
    this.#prefix = `${settings.path}/sockjs`
  }

  /** Answers a request below `/sockjs`. Never rejects. */
  async answer(req: IncomingMessage, res: ServerResponse, facts: () => Promise<readonly [DdpFacts, DdpServed]>): Promise<void> {
    req.on('error', ignore)
    res.on('error', ignore)
    try {
      await this.#answer(req, res, facts)
    } catch (error) {
      this.#log()?.debug({ err: error }, 'a request of SockJS could not be answered')
      res.destroy()
    }
  }

  /** Tells all clients to go away. */
  close(): void {
    for (const { connection } of this.#visitors.values()) {
      if (!connection) continue
      const { _session: session } = connection
      connection.close(1001, 'The server stops')
      // It would keep the process alive for a client to fetch its farewell.
      session.to_tref?.unref()
    }
  }

  async #answer(req: IncomingMessage, res: ServerResponse, facts: () => Promise<readonly [DdpFacts, DdpServed]>): Promise<void> {
    const [path = '', ...query] = (req.url ?? '').split('?')
    const below = path.slice(this.#prefix.length)
    const [, server, session, transport] = TRANSPORTS.exec(below) ?? []
    if (transport === undefined && !ALONE.test(below)) return refuse(res, 404)
    const handler = (this.#handler ??= await this.#load())
    if (session === undefined || server === undefined || transport === undefined) return void handler(req, res)

    const key = session + this.#mark
    if (transport === 'xhr_send') {
      if (!this.#fits(req, res)) return
    } else if (!this.#visitors.has(key) && req.method !== 'OPTIONS' && !(await this.#enter(key, res, facts))) return
    // It hung up meanwhile, and the library would wait for that to happen.
    if (req.socket.destroyed) return this.#leaveUnlessOpen(key)
    req.url = [`${this.#prefix}/${server}/${key}/${transport}`, ...query].join('?')
    handler(req, res)
    // Whoever is not connected by now never will be: the library did not like the request.
    process.nextTick(() => this.#leaveUnlessOpen(key))
  }

  async #enter(key: string, res: ServerResponse, facts: () => Promise<readonly [DdpFacts, DdpServed]>): Promise<boolean> {
    const [known, served] = await facts()
    if (this.#visitors.has(key)) return true
    const place = this.#room.enter(known.clientAddress, () => this.#visitors.get(key)?.connection?.close(1013, 'Try again later'))
    if (!place) {
      refuse(res, 503)
      return false
    }
    this.#visitors.set(key, { facts: known, served, place })
    return true
  }

  #leaveUnlessOpen(key: string): void {
    if (!this.#visitors.get(key)?.connection) this.#leave(key)
  }

  #leave(key: string): void {
    this.#visitors.get(key)?.place.leave()
    this.#visitors.delete(key)
  }

  /** The library reads bodies to their end, however long. */
  #fits(req: IncomingMessage, res: ServerResponse): boolean {
    const { maxFrameBytes } = this.#settings
    if (Number(req.headers['content-length'] ?? 0) > maxFrameBytes) {
      this.#tooLong()
      refuse(res, 413)
      return false
    }
    let length = 0
    req.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= maxFrameBytes) return
      this.#tooLong()
      req.destroy()
    })
    return true
  }

  async #load(): Promise<Handler> {
    const { default: library } = await import('sockjs')
    const server = library.createServer({
      prefix: this.#prefix.replaceAll('.', String.raw`\.`),
      websocket: this.#settings.websocket,
      heartbeat_delay: HEARTBEAT_MS,
      disconnect_delay: DISCONNECT_MS,
      jsessionid: false,
      log: (severity, line) => severity === 'error' && this.#log()?.debug({}, `SockJS: ${line}`),
    }) as LibraryServer & { middleware(): Handler }
    server.on('connection', connection => this.#connected(connection as Connection))
    return server.middleware()
  }

  #connected(connection: Connection): void {
    const key = connection.pathname.split('/').at(-2) ?? ''
    const visitor = this.#visitors.get(key)
    // It hung up between two ticks.
    if (!visitor) return void connection.close(1000, 'Normal closure')
    visitor.connection = connection
    const { served, facts, place } = visitor
    const receiver: DdpReceiver = acceptCarefully(served, socketOf(connection, place), facts, this.#log)
    connection.on('data', (message: unknown) => {
      if (typeof message === 'string') receiver.receive(message)
      else connection.close(3000, 'Broken framing.')
    })
    connection.on('close', () => {
      this.#leave(key)
      receiver.gone()
    })
  }
}

function socketOf(connection: Connection, place: Place) {
  const { _session: session } = connection
  // Bytes that wait for the client's next request. Counted from the last time there were none, which is never too few.
  let waiting = 0
  const settle = (): void => {
    if (session.send_buffer.length === 0) waiting = 0
  }
  return {
    send(message: string): void {
      place.spoke()
      settle()
      waiting += message.length
      connection.write(message)
    },
    close(): void {
      connection.close(1000, 'Normal closure')
    },
    get buffered(): number {
      settle()
      return waiting + (session.recv?.response?.writableLength ?? 0)
    },
  }
}

function refuse(res: ServerResponse, status: number): void {
  if (res.headersSent) return
  res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': 0, connection: 'close' })
  res.end()
}

const ignore = (): void => {}
