/** A client on a wire of memory: what is sent and what arrives, as objects. For tests. */
import type { ClientMessage } from '@latchkey/common/ddp'
import type { DdpFacts, DdpReceiver, DdpWire } from '../transports/ddp/index.ts'
import type { DDPServer } from '../transports/ddp/index.ts'

/** What arrived, looked at as little as a test likes. */
export type Arrived = { readonly msg: string } & Readonly<Record<string, unknown>>

/** A raw client of a DDP server in the same process. */
export class WireClient implements DdpWire {
  /** All that arrived, oldest first. */
  readonly arrived: Arrived[] = []
  /** The same as text. */
  readonly frames: string[] = []
  isClosed = false
  /** What the server believes has not left yet. */
  buffered = 0
  readonly #receiver: DdpReceiver

  constructor(server: DDPServer, facts: Partial<DdpFacts> = {}) {
    this.#receiver = server.accept(this, { clientAddress: '127.0.0.1', httpHeaders: {}, ...facts })
  }

  /** A client whose handshake is done. */
  static connected(
    server: DDPServer,
    facts: Partial<DdpFacts> = {},
    connect: Partial<Extract<ClientMessage, { msg: 'connect' }>> = {},
  ): WireClient {
    const client = new WireClient(server, facts)
    client.say({ msg: 'connect', version: '1', support: ['1', 'pre2', 'pre1'], ...connect })
    return client
  }

  // Called by the server.
  send(frame: string): void {
    this.frames.push(frame)
    // Every message of a server is an object with a `msg`.
    this.arrived.push(JSON.parse(frame) as Arrived)
  }

  close(): void {
    this.isClosed = true
    queueMicrotask(() => this.#receiver.gone())
  }

  /** Sends a message, whatever it is. */
  say(message: ClientMessage | object): void {
    this.#receiver.receive(JSON.stringify(message))
  }

  /** Sends a frame that may be no message at all. */
  sayRaw(frame: string): void {
    this.#receiver.receive(frame)
  }

  /** The network is gone, without a goodbye. */
  drop(): void {
    this.isClosed = true
    this.#receiver.gone()
  }

  /** All messages of a kind. */
  all(msg: string): Arrived[] {
    return this.arrived.filter(one => one.msg === msg)
  }

  /** The first message that fits, once it has arrived. */
  async until(fits: (message: Arrived) => boolean): Promise<Arrived> {
    for (const giveUpAt = performance.now() + PATIENCE; performance.now() < giveUpAt;) {
      const found = this.arrived.find(fits)
      if (found) return found
      // Whatever is under way goes on meanwhile
      await new Promise(resolve => void setImmediate(resolve))
    }
    throw new Error(`It did not arrive. What did: ${this.frames.join('\n')}`)
  }

  /** Calls a method; what it answered once both answers are there. */
  async call(id: string, method: string, ...params: unknown[]): Promise<Arrived> {
    this.say({ msg: 'method', id, method, params })
    await this.until(one => one.msg === 'updated' && (one['methods'] as string[]).includes(id))
    return this.until(one => one.msg === 'result' && one['id'] === id)
  }
}

/** Milliseconds: enough for a password to be hashed, and for a database to commit, on a busy machine. */
const PATIENCE = 20_000
