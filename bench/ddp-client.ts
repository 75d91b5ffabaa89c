/** A client of DDP that spends little of the machine it measures on: it knows messages, and keeps none. */
import { createHash } from 'node:crypto'
import { WebSocket } from 'ws'

/** The answer to a call. */
export interface Answer {
  result?: unknown
  error?: { error?: unknown; reason?: unknown; message?: unknown }
}

/** A message of the server, looked at as little as measuring needs. */
export interface Message extends Answer {
  msg?: string
  id?: string
  offendingMessage?: { id?: unknown } | null
}

/** One socket on which DDP may be spoken, or anything else. */
export class DdpClient {
  readonly #socket: WebSocket
  readonly #calls = new Map<string, (answer: Answer) => void>()
  readonly #wrap: (frame: string) => string
  #calling = 0
  #waiting: { is: string; resolve: () => void } | null = null
  /** Heartbeats of the server, all of which are answered. */
  pings = 0
  isClosed = false
  /** Told of each message. */
  onMessage: ((message: Message) => void) | undefined
  onClose: (() => void) | undefined

  private constructor(socket: WebSocket, wrapped: boolean) {
    this.#socket = socket
    this.#wrap = wrapped ? frame => JSON.stringify([frame]) : frame => frame
    socket.on('message', data => {
      // The library hands out one Buffer unless told otherwise.
      const text = (data as Buffer).toString()
      if (!wrapped) return this.#take(text)
      if (text.startsWith('a')) for (const one of JSON.parse(text.slice(1)) as string[]) this.#take(one)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
      for (const answered of this.#calls.values()) answered({ error: { error: 'closed', reason: 'the server closed the socket' } })
      this.#calls.clear()
      this.#waiting?.resolve()
      this.onClose?.()
    })
  }

  /** A socket, without a handshake of DDP. */
  static async open(port: number, path = '/websocket'): Promise<DdpClient> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false })
    const client = new DdpClient(socket, path.startsWith('/sockjs/') && path !== '/sockjs/websocket')
    await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject))
    return client
  }

  /** A socket whose handshake is done. */
  static async connected(port: number): Promise<DdpClient> {
    const client = await DdpClient.open(port)
    await client.connect()
    return client
  }

  /** As our own client does: with what lets it take up the session again, which costs the server more than others do. */
  connect(): Promise<void> {
    return this.#until('connected', '{"msg":"connect","version":"1","support":["1","pre2","pre1"],"receivedCount":0}')
  }

  ping(): Promise<void> {
    return this.#until('pong', '{"msg":"ping"}')
  }

  /** Resolves when everything that was sent before was answered, or refused; also when the socket closes. */
  settled(): Promise<void> {
    const id = `barrier-${(this.#calling += 1)}`
    return this.#until(id, `{"msg":"unsub","id":"${id}"}`)
  }

  call(method: string, ...params: unknown[]): Promise<Answer> {
    const id = String((this.#calling += 1))
    return new Promise(resolve => {
      if (this.isClosed) return resolve({ error: { error: 'closed' } })
      this.#calls.set(id, resolve)
      this.send(JSON.stringify({ msg: 'method', id, method, params }))
    })
  }

  /** @throws Error unless the call succeeds */
  async succeed(method: string, ...params: unknown[]): Promise<unknown> {
    const { result, error } = await this.call(method, ...params)
    if (error) throw new Error(`${method} was answered: ${JSON.stringify(error)}`)
    return result
  }

  /** One message, as text. */
  send(frame: string): void {
    this.sendRaw(this.#wrap(frame))
  }

  /** A frame as it is. */
  sendRaw(frame: string | Buffer): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frame)
  }

  /** For good: no session waits for it to come back. */
  close(): Promise<void> {
    return new Promise(resolve => {
      if (this.isClosed) return resolve()
      this.send('{"msg":"disconnect"}')
      this.#socket.once('close', () => resolve())
      this.#socket.close()
    })
  }

  /** Without a goodbye. */
  drop(): void {
    this.#socket.terminate()
  }

  #until(is: string, frame: string): Promise<void> {
    return new Promise(resolve => {
      if (this.isClosed) return resolve()
      this.#waiting = { is, resolve }
      this.send(frame)
    })
  }

  #take(text: string): void {
    const message = read(text)
    if (message.msg === 'ping') {
      this.pings += 1
      this.send('{"msg":"pong"}')
    }
    // A bare server sends back the call itself.
    if ((message.msg === 'result' || message.msg === 'method') && message.id !== undefined) {
      this.#calls.get(message.id)?.(message)
      this.#calls.delete(message.id)
    }
    const barrier = message.msg === 'nosub' ? message.id : message.offendingMessage?.id
    if (this.#waiting && (message.msg === this.#waiting.is || barrier === this.#waiting.is)) {
      this.#waiting.resolve()
      this.#waiting = null
    }
    this.onMessage?.(message)
  }
}

/** Servers of DDP send objects; a bare server sends back what it was sent. */
function read(text: string): Message {
  return text.startsWith('{') ? (JSON.parse(text) as Message) : { msg: text }
}

/** A password as Meteor's clients send it. */
export const digested = (password: string): { digest: string; algorithm: string } => ({
  digest: createHash('sha256').update(password).digest('hex'),
  algorithm: 'sha-256',
})

/** Opens so many, a few at a time: a server has only so long a queue for those who knock. */
export async function openMany<T>(count: number, open: (n: number) => Promise<T>): Promise<T[]> {
  const opened: T[] = []
  for (let from = 0; from < count; from += ABREAST) {
    const some = Array.from({ length: Math.min(ABREAST, count - from) }, (_, n) => open(from + n))
    // A few at a time is the point
    opened.push(...(await Promise.all(some)))
  }
  return opened
}

const ABREAST = 50
