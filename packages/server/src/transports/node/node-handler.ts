/** The edge to `node:http`: no Fetch objects, one write per answer, and nothing a client does can bring it down. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AccountsError } from '@latchkey/common'
import { refuseUnknown } from '../../core/settings-kinds.ts'
import { readBody } from './read-body.ts'
import type { Call, Reply, Served } from './served.ts'

/** Options of {@link nodeHandler}. */
export interface NodeHandlerOptions {
  /**
   * Asked about every request that is not ours, for pages and the like. True: it has been answered, or will be. False: we answer 404.
   * Must not throw once it began to answer.
   */
  other?: (req: IncomingMessage, res: ServerResponse) => boolean | Promise<boolean>
  /** Milliseconds a body may take to arrive. @default 10000 */
  bodyTimeout?: number
  /**
   * As a middleware below a mount point: look at what Express left of the address (`/accounts/user` for `/api/accounts/user` below `/api`), not at
   * the whole. @default false
   */
  mounted?: boolean
}

const OPTIONS = ['other', 'bodyTimeout', 'mounted']

/** A request listener, and with its third argument a middleware for Express and Connect. */
export type NodeHandler = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void

/**
 * Serves a transport from `node:http`, or as a middleware: mount it at the root, after or before a body parser.
 * @throws AccountsError `InvalidSettings` for what is no transport, and unknown options
 * @example
 * import { createServer } from 'node:http'
 * import { nodeHandler } from '@latchkey/server/node'
 * import { restTransport } from '@latchkey/server/rest'
 * import type { AccountsServer } from '@latchkey/server'
 *
 * export const listen = (server: AccountsServer) => createServer(nodeHandler(restTransport(server))).listen(3000, '127.0.0.1')
 */
export function nodeHandler(served: Served, options: NodeHandlerOptions = {}): NodeHandler {
  refuseUnknown('nodeHandler', options, OPTIONS)
  if (typeof served?.knows !== 'function') {
    throw new AccountsError('InvalidSettings', { message: 'What is served must be a transport, for example restTransport(accountsServer)' })
  }
  const { bodyTimeout = 10_000, mounted = false } = options
  return (req, res, next) => {
    const target = mounted ? (req.url ?? '/') : targetOf(req)
    if (served.knows(target)) return answer(served, req, res, target, bodyTimeout)
    if (options.other) return void askOther(options.other, served, req, res, target, bodyTimeout)
    if (next) return next()
    answer(served, req, res, target, bodyTimeout)
  }
}

async function askOther(
  other: NonNullable<NodeHandlerOptions['other']>,
  served: Served,
  req: IncomingMessage,
  res: ServerResponse,
  target: string,
  bodyTimeout: number,
): Promise<void> {
  shrugOff(req, res)
  if (EXPECTING.has(req)) res.writeContinue()
  try {
    if (!(await other(req, res))) answer(served, req, res, target, bodyTimeout)
  } catch {
    // What it had begun cannot be finished for it.
    res.destroy()
  }
}

function answer(served: Served, req: IncomingMessage, res: ServerResponse, target: string, bodyTimeout: number): void {
  try {
    const reply = served.handle(callOf(req, res, target, bodyTimeout))
    if (!(reply instanceof Promise)) return send(req, res, reply)
    shrugOff(req, res)
    reply.then(ready => send(req, res, ready)).catch(() => res.destroy())
  } catch {
    // Against all promises. It costs this connection, not the process.
    res.destroy()
  }
}

/** While we wait a connection can break at any moment. Whoever reads or writes notices, and nobody else needs to know. */
function shrugOff(req: IncomingMessage, res: ServerResponse): void {
  req.on('error', ignore)
  res.on('error', ignore)
}

const EXPECTING = new WeakSet<IncomingMessage>()

/** Notes that this request's client waits for a go-ahead before it sends the body. */
export const expectsGoAhead = (req: IncomingMessage): unknown => EXPECTING.add(req)

function callOf(req: IncomingMessage, res: ServerResponse, url: string, bodyTimeout: number): Call {
  return {
    ...headOf(req, url),
    body: limit => readBody(req, limit, bodyTimeout, () => EXPECTING.has(req) && res.writeContinue()),
  }
}

/** A request without its body: enough to tell who sent it. */
export function headOf(req: IncomingMessage, url: string = req.url ?? '/'): Call {
  return {
    method: req.method ?? 'GET',
    url,
    headers: req.headers,
    ip: req.socket.remoteAddress ?? '',
    encrypted: 'encrypted' in req.socket,
    body: () => Promise.resolve(new Uint8Array()),
  }
}

/** Below a mount point Express shortens `url`, and keeps what was sent here. */
const targetOf = (req: IncomingMessage & { originalUrl?: unknown }): string =>
  typeof req.originalUrl === 'string' ? req.originalUrl : (req.url ?? '/')

function send(req: IncomingMessage, res: ServerResponse, reply: Reply): void {
  if (req.complete || isSafe(req)) return finish(res, reply)
  shrugOff(req, res)
  // What is left of a short body came in with the headers and is parsed right after this.
  setImmediate(() => (req.complete ? finish(res, reply) : finishEarly(req, res, reply)))
}

const isSafe = (req: IncomingMessage): boolean => req.method === 'GET' || req.method === 'HEAD'

function finish(res: ServerResponse, { status, headers, body }: Reply): void {
  if (res.destroyed || res.headersSent) return
  writeHead(res, status, headers)
  res.end(body)
}

/** An app around us may have set headers of its own (Express does); `node:http` then keeps one of each name, also where ours repeat. */
function writeHead(res: ServerResponse, status: number, headers: readonly string[]): void {
  // It takes pairs as they are, and does not change them; its type knows no readonly lists.
  if (res.getHeaderNames().length === 0) return void res.writeHead(status, headers as string[])
  const cookies: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    const [name = '', value = ''] = [headers[at], headers[at + 1]]
    if (name === 'set-cookie') cookies.push(value)
    // What the app's answers vary by, ours may too
    else if (name === 'vary') res.appendHeader('vary', value)
    else res.setHeader(name, value)
  }
  if (cookies.length > 0) res.appendHeader('set-cookie', cookies)
  res.writeHead(status)
}

/** How long a body that nobody wants may go on after the answer to it. */
const LINGER_MS = 2000

/**
 * Answers before the body is through. Closing at once would reset the connection under the sender's hands, and our answer might be lost with it; so
 * it is written, the rest is read and thrown away for a moment, and only then we hang up (RFC 9112, 9.6).
 */
function finishEarly(req: IncomingMessage, res: ServerResponse, { status, headers, body }: Reply): void {
  if (res.destroyed || res.headersSent) return
  res.shouldKeepAlive = false
  writeHead(res, status, headers)
  if (body !== '') res.write(body)
  const end = (): void => {
    clearTimeout(patience)
    res.end()
  }
  const patience = setTimeout(end, LINGER_MS)
  req.once('end', end).once('close', end).resume()
}

const ignore = (): void => {}
