/** Makes a socket: `WebSocket` of browsers, of Node 22 and later, of the package `ws`, of React Native. */
export type WebSocketMaker = new (url: string) => { send(data: string): void; close(): void }

/** A socket that is being opened, or is open. Nothing is told after `close`. */
export interface Socket {
  send(frame: string): void
  close(): void
}

/** What becomes of a socket. */
export interface SocketEvents {
  opened: () => void
  received: (frame: string) => void
  /** It is gone, or never came to be. Told once. `tooBig`: because of a message that the server takes from nobody. */
  closed: (reason: string, tooBig?: boolean) => void
  /** There is no WebSocket here, and trying again will not make one. */
  impossible: (reason: string) => void
}

/** Opens a socket with the maker that is given, else the one of this place, else the package `ws`, which is looked for when it is needed. */
export function openSocket(url: string, given: WebSocketMaker | undefined, events: SocketEvents): Socket {
  let socket: LooseSocket | undefined
  let live = true
  const end = (tell: (reason: string, tooBig?: boolean) => void, reason: string, tooBig = false): void => {
    if (!live) return
    live = false
    tell(reason, tooBig)
  }
  const open = (maker: WebSocketMaker): void => {
    if (!live) return
    try {
      // What differs between the makes are the types of their events; what is read of those here does not
      socket = new maker(url) as LooseSocket
    } catch (error) {
      return end(events.closed, messageOf(error))
    }
    socket.addEventListener('open', () => live && events.opened())
    socket.addEventListener('message', ({ data }) => {
      if (live && typeof data === 'string') events.received(data)
    })
    socket.addEventListener('close', ({ reason, code }) => end(events.closed, reason || 'The connection was closed', code === TOO_BIG))
    socket.addEventListener('error', () => end(events.closed, 'The connection failed'))
  }
  findMaker(given).then(open, (error: unknown) => end(events.impossible, messageOf(error)))
  return {
    send: frame => socket?.send(frame),
    close() {
      live = false
      if (socket) closeSocket(socket)
    },
  }
}

interface LooseSocket {
  addEventListener(
    name: 'open' | 'message' | 'close' | 'error',
    listener: (event: { data?: unknown; reason?: string; code?: number }) => void,
  ): void
  send(data: string): void
  close(): void
  terminate?(): void
}

async function findMaker(given: WebSocketMaker | undefined): Promise<WebSocketMaker> {
  const found = given ?? globalThis.WebSocket
  if (found) return found
  // The name stands in a variable, so that bundlers do not look for the package
  const name = 'ws'
  try {
    const ws = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as { WebSocket: WebSocketMaker }
    return ws.WebSocket
  } catch {
    throw new TypeError('There is no WebSocket here. Install the package "ws", use Node 22 or later, or give the option `webSocket`')
  }
}

/** RFC 6455, 7.4.1. */
const TOO_BIG = 1009

/** How long the other side may take to say goodbye too, in milliseconds. `ws` would keep the process alive for 30 seconds. */
const GOODBYE = 1000

function closeSocket(socket: LooseSocket): void {
  try {
    socket.close()
  } catch {
    // It was not open
  }
  if (!socket.terminate) return
  const impatience = setTimeout(() => socket.terminate?.(), GOODBYE)
  socket.addEventListener('close', () => clearTimeout(impatience))
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
