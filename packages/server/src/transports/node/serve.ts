/** A server that starts in one line and stops without dropping anybody. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { refuseUnknown } from '../../core/settings-kinds.ts'
import { expectsGoAhead, nodeHandler } from './node-handler.ts'
import type { NodeHandlerOptions } from './node-handler.ts'
import type { Served } from './served.ts'

/** Options of {@link serve}. */
export interface ServeOptions extends NodeHandlerOptions {
  /** 0 takes a free one. @default 3000 */
  port?: number
  /** @default '127.0.0.1' */
  host?: string
  /** Milliseconds that requests under way get to finish when the server closes. @default 10000 */
  shutdownTimeout?: number
}

/** A server that listens. */
export interface RunningServer {
  /** Where it can be reached from this machine, for example `http://127.0.0.1:3000`. */
  readonly url: string
  readonly port: number
  /** What listens, for sockets: `attachDdp(running.server, …)`. */
  readonly server: Server
  /** Takes no new connections, lets requests under way finish, then closes; resolves when all is closed. Idempotent. */
  close(): Promise<void>
}

// Slow senders hold a socket and nothing else, but sockets are not for free either.
const HEADERS_MS = 15_000
const REQUEST_MS = 30_000
// Longer than the usual 60 s of a proxy: otherwise we hang up just as it sends the next request.
const KEEP_ALIVE_MS = 65_000
const MAX_HEADER_BYTES = 16_384

/**
 * Listens, and resolves once the port is bound.
 * @throws Error of `node:net` when it cannot be bound (`EADDRINUSE`, `EACCES`)
 * @example
 * import { serve } from '@latchkey/server/node'
 * import { restTransport } from '@latchkey/server/rest'
 * import type { AccountsServer } from '@latchkey/server'
 *
 * export async function run(server: AccountsServer) {
 *   const running = await serve(restTransport(server), { port: 0 })
 *   console.log(running.url)
 *   await running.close()
 * }
 */
export async function serve(served: Served, options: ServeOptions = {}): Promise<RunningServer> {
  refuseUnknown('serve', options, KNOWN)
  const { port = 3000, host = '127.0.0.1', shutdownTimeout = 10_000, ...handling } = options
  const handler = nodeHandler(served, handling)
  const server = createServer({
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  })
  // Opened, and nothing asked yet: `node:http` does not count them among the idle ones, and browsers open them in advance.
  const unused = new Set<Socket>()
  let closing: Promise<void> | undefined

  const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    unused.delete(req.socket)
    if (closing) res.shouldKeepAlive = false
    handler(req, res)
  }
  server.on('connection', (socket: Socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.on('request', onRequest)
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    expectsGoAhead(req)
    onRequest(req, res)
  })
  server.on('clientError', refuseMalformed)

  await listen(server, port, host)
  const bound = (server.address() as AddressInfo).port
  return {
    port: bound,
    server,
    url: urlOf(host, bound),
    close: () => (closing ??= close(server, unused, shutdownTimeout)),
  }
}

const KNOWN = ['port', 'host', 'shutdownTimeout', 'other', 'bodyTimeout']

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Listening everywhere is not an address; from here, loopback is. */
function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

function close(server: Server, unused: Iterable<Socket>, patience: number): Promise<void> {
  return new Promise(resolve => {
    const cut = setTimeout(() => server.closeAllConnections(), patience)
    // `close` hangs up on connections that are idle now; those that answer their last request become idle later.
    const sweep = setInterval(() => server.closeIdleConnections(), 50)
    server.close(() => {
      clearTimeout(cut)
      clearInterval(sweep)
      resolve()
    })
    for (const socket of unused) socket.destroy()
  })
}

/** Bytes that are no HTTP request never become one, so this answer is written by hand, in the shape of all others. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const [status, message] = MALFORMED[error.code ?? ''] ?? ['400 Bad Request', 'The request is not valid']
  const body = JSON.stringify({ message, code: 'InvalidInput' })
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\nCache-Control: no-store\r\n` +
      `X-Content-Type-Options: nosniff\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

const MALFORMED: Readonly<Record<string, readonly [status: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The request headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time'],
}
