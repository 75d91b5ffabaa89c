/** Sockets over WebSocket. The library behind it is loaded with the first one. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import type { Log } from '../../core/ports.ts'
import { acceptCarefully } from './ddp-careful.ts'
import { BARE, SOCKJS } from './ddp-framing.ts'
import type { Framing } from './ddp-framing.ts'
import type { AttachSettings } from './ddp-options.ts'
import type { Place, Room } from './ddp-room.ts'
import type { DdpFacts, DdpServed } from './ddp-served.ts'
import { refuseUpgrade } from './ddp-upgrade.ts'

/** As Meteor sets it for SockJS; DDP has heartbeats of its own. */
const HEARTBEAT_MS = 45_000

/** RFC 6455, 7.4.1. */
const NORMAL = 1000
const GOING_AWAY = 1001
const TEXT_ONLY = 1003
const TRY_LATER = 1013
/** What SockJS says to a client whose frames it cannot read. */
const BROKEN_FRAMING = 3000

/** All sockets over WebSocket that are open. */
export class WebSockets {
  readonly #settings: AttachSettings
  readonly #room: Room
  readonly #log: () => Log | undefined
  readonly #tooLong: () => void
  readonly #open = new Map<WebSocket, Framing>()
  #library: WebSocketServer | undefined
  #heartbeat: NodeJS.Timeout | undefined

  constructor(settings: AttachSettings, room: Room, log: () => Log | undefined, tooLong: () => void) {
    this.#log = log
    this.#tooLong = tooLong
    this.#settings = settings
    this.#room = room
  }

  /** Completes a handshake that is wanted, and hands the socket to DDP. The library answers malformed ones itself. */
  async upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, wrapped: boolean, facts: DdpFacts, served: DdpServed): Promise<void> {
    // Without a listener a connection that breaks while the library is loaded would end the process.
    socket.on('error', ignore)
    let evict = (): void => void socket.destroy()
    const place = this.#room.enter(facts.clientAddress, () => evict())
    if (!place) return refuseUpgrade(socket, '503 Service Unavailable')
    socket.once('close', () => place.leave())
    const library = (this.#library ??= await this.#load())
    if (socket.destroyed) return place.leave()
    library.handleUpgrade(req, socket, head, ws => {
      evict = () => ws.close(TRY_LATER)
      this.#opened(ws, wrapped ? SOCKJS : BARE, facts, served, place)
    })
  }

  /** Says farewell to all, waits for their answers for a bounded time, and hangs up on whoever did not answer. */
  async close(patience: number): Promise<void> {
    clearInterval(this.#heartbeat)
    const sockets = [...this.#open]
    await Promise.all(sockets.map(([ws, framing]) => closed(ws, framing, patience)))
  }

  async #load(): Promise<WebSocketServer> {
    const { WebSocketServer } = await import('ws')
    const { compression, maxFrameBytes } = this.#settings
    return (this.#library ??= new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: compression,
      maxPayload: maxFrameBytes,
    }))
  }

  #opened(ws: WebSocket, framing: Framing, facts: DdpFacts, served: DdpServed, place: Place): void {
    // A frame that is too long, or no frame at all: the library closes the socket, and that is heard of below.
    ws.on('error', (error: NodeJS.ErrnoException) => error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' && this.#tooLong())
    if (framing.heartbeat !== null) this.#beat()
    this.#open.set(ws, framing)
    if (framing.hello !== null) ws.send(framing.hello)

    const { maxFrameBytes } = this.#settings
    const receiver = acceptCarefully(
      served,
      {
        send(message) {
          place.spoke()
          if (ws.readyState === ws.OPEN) ws.send(framing.wrap(message))
        },
        close() {
          // A farewell behind a heap that nobody reads would keep the heap.
          if (ws.bufferedAmount > maxFrameBytes) ws.terminate()
          else say(ws, framing, NORMAL)
        },
        get buffered() {
          return ws.bufferedAmount
        },
      },
      facts,
      this.#log,
    )
    ws.on('message', (data, isBinary) => {
      if (isBinary) return say(ws, framing, TEXT_ONLY)
      // The library hands out one Buffer unless told otherwise.
      const messages = framing.unwrap((data as Buffer).toString())
      if (messages === null) return say(ws, framing, BROKEN_FRAMING, 'Broken framing.')
      for (const message of messages) {
        if (ws.readyState !== ws.OPEN) return
        receiver.receive(message)
      }
    })
    ws.on('close', () => {
      this.#open.delete(ws)
      receiver.gone()
    })
  }

  #beat(): void {
    this.#heartbeat ??= setInterval(() => {
      for (const [ws, { heartbeat }] of this.#open) if (heartbeat !== null && ws.readyState === ws.OPEN) ws.send(heartbeat)
    }, HEARTBEAT_MS).unref()
  }
}

function say(ws: WebSocket, framing: Framing, code: number, reason = 'Normal closure'): void {
  if (ws.readyState !== ws.OPEN) return
  const farewell = framing.farewell(code, reason)
  if (farewell !== null) ws.send(farewell)
  ws.close(code, farewell === null ? '' : reason)
}

function closed(ws: WebSocket, framing: Framing, patience: number): Promise<void> {
  if (ws.readyState === ws.CLOSED) return Promise.resolve()
  return new Promise(resolve => {
    const cut = setTimeout(() => ws.terminate(), patience)
    ws.once('close', () => {
      clearTimeout(cut)
      resolve()
    })
    say(ws, framing, GOING_AWAY, 'The server stops')
  })
}

const ignore = (): void => {}
