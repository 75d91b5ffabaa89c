/** DDP on a server of `node:http` that may have other things to do: its own pages, its own sockets, those of a development server. */
import { createRequire } from 'node:module'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { AccountsError } from '@latchkey/common'
import type { Log } from '../../core/ports.ts'
import { accountsOf } from '../../wire/accounts-of.ts'
import { Knocks } from './ddp-knock.ts'
import { readAttachOptions } from './ddp-options.ts'
import type { DdpOptions, AttachSettings } from './ddp-options.ts'
import { Room } from './ddp-room.ts'
import type { DdpFacts, DdpServed } from './ddp-served.ts'
import { SockJs } from './ddp-sockjs.ts'
import { tellTooLong } from './ddp-too-long.ts'
import { serveAgain, refuseUpgrade } from './ddp-upgrade.ts'
import { WebSockets } from './ddp-websocket.ts'

/** Sockets that are being answered. */
export interface DdpAttachment {
  /** Takes no further sockets, says farewell to the open ones, and leaves the server as it was. Idempotent; call it before the server closes. */
  stop(): Promise<void>
}

/**
 * Answers DDP at `<path>/websocket` and, as SockJS, at `<path>/sockjs` of a running or future server. Everything else the server does goes on as before: attach
 * when its request handler is in place.
 * @param served the `DDPServer`, or what makes it when the first socket comes
 * @throws AccountsError `InvalidSettings` for unknown and malformed options, and when `ws` or `sockjs` is not installed
 * @example
 * import { createServer } from 'node:http'
 * import { attachDdp } from '@latchkey/server/node'
 * import { DDPServer } from '@latchkey/server/ddp'
 *
 * export function listen() {
 *   const server = createServer((_req, res) => res.end('hello'))
 *   attachDdp(server, new DDPServer())
 *   return server.listen(3000, '127.0.0.1')
 * }
 */
export function attachDdp(
  server: Server,
  served: DdpServed | (() => DdpServed | Promise<DdpServed>),
  options: DdpOptions = {},
): DdpAttachment {
  const settings = readAttachOptions(options)
  // Both say what is missing now, and are loaded when somebody comes.
  if (settings.websocket) wantInstalled('ws')
  if (settings.sockjs) wantInstalled('sockjs')
  const door = new Door(server, typeof served === 'function' ? served : () => served, settings)
  return { stop: () => door.stop() }
}

class Door {
  readonly #server: Server
  readonly #make: () => DdpServed | Promise<DdpServed>
  readonly #settings: AttachSettings
  readonly #knocks: Knocks
  readonly #webSockets: WebSockets
  readonly #sockJs: SockJs
  readonly #routes: Routes
  /** What answered requests before us. */
  readonly #others: readonly Listener[]
  #making: Promise<DdpServed> | undefined
  #served: DdpServed | undefined
  #stopped: Promise<void> | undefined

  constructor(server: Server, make: () => DdpServed | Promise<DdpServed>, settings: AttachSettings) {
    const room = new Room(settings)
    this.#server = server
    this.#make = make
    this.#settings = settings
    this.#knocks = new Knocks(settings.site)
    const log = (): Log | undefined => this.#logOf()
    const tooLong = tellTooLong(settings.maxFrameBytes, log)
    this.#webSockets = new WebSockets(settings, room, log, tooLong)
    this.#sockJs = new SockJs(settings, room, log, tooLong)
    this.#routes = routesOf(settings)
    // They would all answer what only one may: they are asked from here.
    // Whoever listens for requests takes a request and a response.
    this.#others = server.rawListeners('request') as Listener[]
    if (settings.sockjs) server.removeAllListeners('request').on('request', this.#onRequest)
    OURS.add(this.#onUpgrade)
    server.on('upgrade', this.#onUpgrade)
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop())
  }

  async #stop(): Promise<void> {
    this.#server.off('upgrade', this.#onUpgrade)
    if (this.#settings.sockjs) {
      // Whoever took our place asks us, and we hand on.
      const isAsked = this.#server.listeners('request').includes(this.#onRequest)
      this.#server.off('request', this.#onRequest)
      if (isAsked) for (const other of this.#others) this.#server.on('request', other)
    }
    this.#sockJs.close()
    await this.#webSockets.close(this.#settings.stopTimeout)
  }

  readonly #onRequest: Listener = (req, res) => {
    if (!this.#stopped && this.#routes.isSockJs(pathOf(req))) {
      void this.#sockJs.answer(req, res, () => this.#meet(req))
      return
    }
    for (const other of this.#others) other.call(this.#server, req, res)
    if (this.#others.length === 0 && this.#server.listenerCount('request') === 1) res.writeHead(404).end()
  }

  readonly #onUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const framing = isWebSocket(req) ? this.#routes.framingOf(pathOf(req)) : null
    if (framing !== null) {
      TAKEN.add(req)
      void this.#upgrade(req, socket, head, framing === 'sockjs')
      return
    }
    // Whoever else listens knows what to do with it. With nobody else it would hang for ever; of several of us the last one sees to that.
    const listeners = this.#server.listeners('upgrade')
    if (TAKEN.has(req) || listeners.some(other => !OURS.has(other)) || listeners.at(-1) !== this.#onUpgrade) return
    if (isWebSocket(req)) refuseUpgrade(socket, '404 Not Found')
    else serveAgain(this.#server, req, socket, head)
  }

  async #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, wrapped: boolean): Promise<void> {
    // Without a listener a connection that breaks meanwhile would end the process.
    socket.on('error', ignore)
    try {
      const [facts, served] = await this.#meet(req)
      if (this.#stopped) return refuseUpgrade(socket, '503 Service Unavailable')
      await this.#webSockets.upgrade(req, socket, head, wrapped, facts, served)
    } catch (error) {
      this.#logOf()?.error({ err: error }, 'a socket could not be opened')
      refuseUpgrade(socket, '500 Internal Server Error')
    }
  }

  async #meet(req: IncomingMessage): Promise<readonly [DdpFacts, DdpServed]> {
    this.#making ??= this.#made()
    const served = (this.#served ??= await this.#making)
    return [this.#knocks.read(req, served), served]
  }

  async #made(): Promise<DdpServed> {
    try {
      return await Promise.resolve().then(this.#make)
    } catch (error) {
      // Whoever comes next may have more luck.
      this.#making = undefined
      throw error
    }
  }

  #logOf(): Log | undefined {
    const server = this.#served?.accountsServer
    return server === undefined ? undefined : accountsOf(server).core.log
  }
}

/** Our listeners for upgrades, and the upgrades that one of them took: there may be several on one server, with paths of their own. */
const OURS = new WeakSet<object>()
const TAKEN = new WeakSet<IncomingMessage>()

type Listener = (req: IncomingMessage, res: ServerResponse) => void

/** Which address is what. */
interface Routes {
  isSockJs(path: string): boolean
  framingOf(path: string): 'bare' | 'sockjs' | null
}

function routesOf({ path, websocket, sockjs }: AttachSettings): Routes {
  const below = path.replaceAll('.', String.raw`\.`)
  const bare = new RegExp(`^${below}(/sockjs)?/websocket/?$`)
  const wrapped = new RegExp(`^${below}/sockjs/[^/.]+/[^/.]+/websocket/?$`)
  const all = new RegExp(`^${below}/sockjs(/|$)`)
  return {
    isSockJs: target => all.test(target),
    framingOf(target) {
      if (!websocket) return null
      return bare.test(target) ? 'bare' : sockjs && wrapped.test(target) ? 'sockjs' : null
    },
  }
}

/** As it stood in the request line, not decoded: nothing of it is malformed here. */
const pathOf = (req: IncomingMessage): string => (req.url ?? '').split('?', 1)[0] ?? ''

const isWebSocket = (req: IncomingMessage): boolean => req.headers.upgrade?.toLowerCase() === 'websocket'

const require = createRequire(import.meta.url)

function wantInstalled(name: 'ws' | 'sockjs'): void {
  try {
    require.resolve(name)
  } catch (cause) {
    const without = name === 'ws' ? 'websocket: false' : 'sockjs: false'
    throw new AccountsError('InvalidSettings', {
      message: `DDP needs the package "${name}": npm install ${name}, or set ${without}`,
      cause,
    })
  }
}

const ignore = (): void => {}
