/** A small DDP server for the client's tests: in memory or on a real socket, it keeps what it heard, and misbehaves on demand. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { WebSocketMaker } from '../ddp/index.ts'

/** A message, either way. */
export interface Message {
  msg?: string
  [member: string]: unknown
}

/** The server's end of one socket. */
export class Peer {
  readonly heard: Message[] = []
  readonly #send: (frame: string) => void
  readonly close: () => void
  session = ''
  userId: string | null = null
  gone = false

  constructor(send: (frame: string) => void, close: () => void) {
    this.#send = send
    this.close = close
  }

  send(message: Message | string): void {
    this.#send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** The messages of a kind. */
  all(msg: string): Message[] {
    return this.heard.filter(one => one.msg === msg)
  }

  /** The last call of a method. */
  method(name: string): Message | undefined {
    return this.heard.findLast(one => one['method'] === name)
  }

  /** Both halves of an answer. */
  answer(id: unknown, result: unknown): void {
    this.send({ msg: 'updated', methods: [id] })
    this.send({ msg: 'result', id, result })
  }
}

/** What a server does with a method: it answers the result, throws an error's fields, or answers {@link LATER} and sees to it itself. */
export type FakeMethod = (peer: Peer, id: string, ...params: unknown[]) => unknown
export const LATER: unique symbol = Symbol('later')

export class FakeDdpServer {
  readonly peers: Peer[] = []
  readonly methods: Record<string, FakeMethod> = {}
  /** Documents, by collection and id, or {@link LATER}. */
  readonly publications: Record<string, (peer: Peer, ...params: unknown[]) => Record<string, Record<string, object>> | typeof LATER> = {}
  /** Takes no connections. */
  down = false
  /** What the server says to `connect`. */
  greet: (peer: Peer, connect: Message) => void = peer => peer.send({ msg: 'connected', session: peer.session })

  /** The newest end. */
  get peer(): Peer {
    const peer = this.peers.at(-1)
    if (!peer) throw new Error('Nobody came')
    return peer
  }

  accept(send: (frame: string) => void, close: () => void): Peer {
    const peer = new Peer(send, close)
    peer.session = `session${this.peers.length + 1}`
    this.peers.push(peer)
    return peer
  }

  receive(peer: Peer, frame: string): void {
    const message = JSON.parse(frame) as Message
    peer.heard.push(message)
    const { id, params } = message as { id: string; params?: unknown[] }
    if (message.msg === 'connect') this.greet(peer, message)
    if (message.msg === 'ping') peer.send({ msg: 'pong' })
    if (message.msg === 'unsub') peer.send({ msg: 'nosub', id })
    if (message.msg === 'sub') this.#publish(peer, id, this.publications[String(message['name'])]?.(peer, ...(params ?? [])))
    if (message.msg === 'method') this.#run(peer, id, this.methods[String(message['method'])], params ?? [])
  }

  /** Sockets to this server that need no network. */
  get webSocket(): WebSocketMaker {
    const accept = (send: (frame: string) => void, close: () => void): Peer | undefined =>
      this.down ? undefined : this.accept(send, close)
    const receive = (peer: Peer, frame: string): void => this.receive(peer, frame)
    return class extends EventTarget {
      #peer: Peer | undefined
      #open = true
      constructor() {
        super()
        queueMicrotask(() => {
          this.#peer = accept(
            frame => queueMicrotask(() => this.#open && this.dispatchEvent(Object.assign(new Event('message'), { data: frame }))),
            () => this.close(),
          )
          if (this.#peer) this.dispatchEvent(new Event('open'))
          else this.dispatchEvent(new Event('error'))
        })
      }
      send(frame: string): void {
        queueMicrotask(() => this.#peer && this.#open && receive(this.#peer, frame))
      }
      close(): void {
        // What was sent before still arrives
        queueMicrotask(() => {
          if (!this.#open) return
          this.#open = false
          if (this.#peer) this.#peer.gone = true
          this.dispatchEvent(new Event('close'))
        })
      }
    }
  }

  /** The same on a real socket. */
  async listen(): Promise<{ url: string } & AsyncDisposable> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    server.on('connection', socket => {
      const peer = this.accept(
        frame => socket.send(frame),
        () => socket.terminate(),
      )
      socket.on('message', data => this.receive(peer, (data as Buffer).toString()))
      socket.on('close', () => (peer.gone = true))
    })
    await once(server, 'listening')
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      async [Symbol.asyncDispose]() {
        for (const socket of server.clients) socket.terminate()
        await new Promise(resolve => server.close(resolve))
      },
    }
  }

  #run(peer: Peer, id: string, method: FakeMethod | undefined, params: unknown[]): void {
    if (!method) {
      const error = { error: 404, reason: 'Method not found', errorType: 'Meteor.Error' }
      peer.send({ msg: 'result', id, error })
      return peer.send({ msg: 'updated', methods: [id] })
    }
    try {
      const result = method(peer, id, ...params)
      if (result !== LATER) peer.answer(id, result)
    } catch (error) {
      peer.send({ msg: 'updated', methods: [id] })
      peer.send({ msg: 'result', id, error })
    }
  }

  #publish(peer: Peer, id: string, documents: Record<string, Record<string, object>> | typeof LATER | undefined): void {
    if (documents === LATER) return
    if (!documents) return peer.send({ msg: 'nosub', id, error: { error: 404, reason: 'Subscription not found' } })
    for (const [collection, byId] of Object.entries(documents)) {
      for (const [key, fields] of Object.entries(byId)) peer.send({ msg: 'added', collection, id: key, fields })
    }
    peer.send({ msg: 'ready', subs: [id] })
  }
}
