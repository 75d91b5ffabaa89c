/** A WebSocket proxy that harms: it cuts, holds back or loses what passes, at the message a test names. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'

/** What becomes of a message. `cut`: the connection is gone before it arrives; `cutAfter`: as soon as it has; `lose`: it alone never arrives. */
export type Fate = 'pass' | 'cut' | 'cutAfter' | 'lose'

/** A message that came by. */
export interface Passing {
  from: 'client' | 'server'
  frame: string
  /** Of all that came by, over all connections, from 0. */
  index: number
  /** From 0. */
  connection: number
}

/** Stands between a client and a server. Point the client at `url`. */
export class FaultyWire {
  /** All that came by, arrived or not. */
  readonly passed: Passing[] = []
  /** Decides over each message; a promise holds it back, and what follows it in its direction. */
  fate: (message: Passing) => Fate | Promise<Fate> = () => 'pass'
  /** While true, new connections are refused. */
  down = false
  /** The server's `ws://…/websocket`: where new connections lead. */
  target: string
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  readonly #cuts = new Set<() => void>()
  #connections = 0

  private constructor(target: string) {
    this.target = target
    this.#server.on('connection', socket => this.#join(socket))
  }

  static async to(target: string): Promise<FaultyWire> {
    const wire = new FaultyWire(target)
    await once(wire.#server, 'listening')
    return wire
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Connections made so far. */
  get connections(): number {
    return this.#connections
  }

  /** Cuts everything now. */
  cut(): void {
    for (const cut of this.#cuts) cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #join(client: WebSocket): void {
    if (this.down) return client.terminate()
    const connection = this.#connections++
    const server = new WebSocket(this.target)
    const cut = (): void => {
      this.#cuts.delete(cut)
      client.terminate()
      server.terminate()
    }
    this.#cuts.add(cut)
    for (const socket of [client, server]) {
      socket.on('close', cut)
      socket.on('error', cut)
    }
    const opened = once(server, 'open')
    // A server that cannot be reached: `cut` has seen to it
    opened.catch(() => {})
    this.#carry('client', connection, client, server, opened, cut)
    this.#carry('server', connection, server, client, opened, cut)
  }

  #carry(from: Passing['from'], connection: number, source: WebSocket, goal: WebSocket, opened: Promise<unknown>, cut: () => void): void {
    let last = opened
    source.on('message', data => {
      const message = { from, frame: (data as Buffer).toString(), index: this.passed.length, connection }
      this.passed.push(message)
      const deliver = async (): Promise<void> => {
        const fate = await this.fate(message)
        if (fate === 'cut') return cut()
        if (fate !== 'lose' && goal.readyState === WebSocket.OPEN) goal.send(message.frame, fate === 'cutAfter' ? cut : undefined)
      }
      last = last.then(deliver)
      last.catch(cut)
    })
  }
}
