/** What the stories ask of a client. Each library is fitted to it in a file of its own, by what it offers itself. */
import { createHash } from 'node:crypto'
import SockJS from 'sockjs-client'
import { WebSocket } from 'ws'

/** What a login is answered with. */
export interface Login {
  id: string
  token: string
}

/** One client of one server; not signed in. */
export interface Client {
  signUp(user: { username: string; email: string; password: string }): Promise<Login>
  logIn(username: string, password: string): Promise<Login>
  resume(token: string): Promise<Login>
  call(method: string, ...params: unknown[]): Promise<unknown>
  /** Until the server says that everything is there. */
  subscribe(publication: string, ...params: unknown[]): Promise<void>
  /** What the server has published, each with its id. */
  documents(collection: string): Document[]
  changePassword(from: string, to: string): Promise<void>
  logOut(): Promise<void>
  /** The server closed the connection, and the library knows. */
  readonly closed: Promise<void>
  leave(): void
}

/** A document as a client has it. */
export type Document = { id: string } & Record<string, unknown>

/** Milliseconds until a library tries again, where it can be told; ten seconds where nobody says so. */
export const RECONNECT_INTERVAL = 20

/** A library. */
export interface Library {
  name: string
  /** What it speaks over. */
  over: 'websocket' | 'sockjs'
  /** When its connection is cut it connects and signs in again by itself. */
  comesBack: boolean
  /** @param reconnects by itself, as it would unless it is told not to */
  open: (sockets: Sockets, reconnects: boolean) => Promise<Client>
}

/** What libraries make sockets with. None is left open. */
export interface Sockets {
  /** For `new SocketConstructor(endpoint)`. */
  SocketConstructor: new (endpoint: string) => object
  endpoint: string
  /** Those that are open now. */
  cut: () => void
  /** None is opened from now on. */
  closeAll: () => void
}

/** @param url the server's, `http://…` */
export function socketsTo(url: string, over: Library['over']): Sockets {
  const open: { close(): void }[] = []
  let isOver = false
  const cut = (): void => open.splice(0).forEach(socket => socket.close())
  // By itself SockJS gives a way up after a few times what its first request took.
  const make = (endpoint: string) =>
    over === 'sockjs' ? new SockJS(endpoint, null, { transports: 'xhr-streaming', timeout: 20_000 }) : new WebSocket(endpoint)
  return {
    endpoint: over === 'sockjs' ? `${url}/sockjs` : `${url.replace('http', 'ws')}/websocket`,
    // What a function returns that is called with `new` is what `new` makes; types do not know that.
    SocketConstructor: function Socket(address: string) {
      if (isOver) return { close: () => {} }
      const socket = make(address)
      open.push(socket)
      return socket
    } as unknown as Sockets['SocketConstructor'],
    cut,
    closeAll: () => {
      isOver = true
      cut()
    },
  }
}

/** A password as Meteor's clients send it. */
export const digested = (password: string): { digest: string; algorithm: string } => ({
  digest: createHash('sha256').update(password).digest('hex'),
  algorithm: 'sha-256',
})
