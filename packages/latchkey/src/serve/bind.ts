import { serve } from '@latchkey/server/node'
import type { NodeHandlerOptions, RunningServer } from '@latchkey/server/node'
import type { Log } from '@latchkey/server'
import { codeOf } from '../config/read.ts'
import type { Config } from '../config/table.ts'
import type { Door } from './door.ts'
import type { PageReply, PageRequest, Pages } from './page.ts'

type Other = NonNullable<NodeHandlerOptions['other']>
type Request = Parameters<Other>[0]
type Response = Parameters<Other>[1]

/**
 * Listens. Requests that come before the door opens wait for it.
 * @throws Error that says why the port cannot be used, and what to do
 */
export async function bind(door: Door, config: Config, log: Log, pages: Pages): Promise<RunningServer> {
  const other: Other = async (req, res) => {
    await door.opened
    if (door.served.knows(req.url ?? '/')) return false
    const request = pageRequestOf(req)
    const reply = await pages(request).catch((error: unknown) => {
      log.error({ err: error, path: request.path }, 'a page could not be shown')
      return FAILED
    })
    if (reply !== null) send(req, res, reply)
    return reply !== null
  }
  const { host, port, shutdownTimeout } = config
  try {
    return await serve(door.served, { host, port, shutdownTimeout, other })
  } catch (error) {
    throw new Error(explain(codeOf(error), host, port), { cause: error })
  }
}

const FAILED: PageReply = { status: 500, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'Internal server error\n' }

function pageRequestOf(req: Request): PageRequest {
  const [path = '/'] = (req.url ?? '/').split('?', 1)
  return { method: req.method ?? 'GET', path, peer: req.socket.remoteAddress ?? '', headers: req.headers }
}

function send(req: Request, res: Response, { status, headers, body }: PageReply): void {
  // Whatever a client sends with a page request is not read: without this it would be taken for its next request.
  if (req.method !== 'GET' && req.method !== 'HEAD') headers['connection'] = 'close'
  res.writeHead(status, { ...headers, ...(status === 304 ? {} : { 'content-length': Buffer.byteLength(body) }) })
  res.end(req.method === 'HEAD' ? undefined : body)
}

function explain(code: string, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is in use by another program. Stop it, or take another port: PORT=${port + 1} (PORT=0 takes any free one)`
    case 'EACCES':
      return `Port ${port} may not be used by this user. Take one above 1023, for example PORT=3000, and let a proxy listen on ${port}`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is not an address of this machine. Set HOST=127.0.0.1, or HOST=0.0.0.0 to listen on all of them`
    default:
      return `Port ${port} on ${host} cannot be listened on (${code})`
  }
}
