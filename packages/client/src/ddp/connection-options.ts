import { systemTimers } from './timers.ts'
import type { DdpTimers } from './timers.ts'
import type { WebSocketMaker } from './socket.ts'

/** How a connection is kept. */
export interface DdpConnectionOptions {
  /** What makes sockets. @default the `WebSocket` of this place, else the package `ws` */
  webSocket?: WebSocketMaker
  /** Milliseconds of silence after which the server is asked whether it is still there; 0: never. @default 17500 */
  heartbeatInterval?: number
  /** Milliseconds it may take to answer that. @default 15000 */
  heartbeatTimeout?: number
  /** Milliseconds one attempt to connect may take. @default 10000 */
  connectTimeout?: number
  /** Whether a connection that is cut comes back by itself. @default true */
  retry?: boolean
  /** How many methods may wait for their answers; further calls fail with `too-many-methods`. @default 10000 */
  maxWaitingMethods?: number
  /** Time and chance. @default those of this machine */
  timers?: DdpTimers
}

/** Every option with its value. */
export interface DdpConnectionSettings extends Required<Omit<DdpConnectionOptions, 'webSocket'>> {
  webSocket: WebSocketMaker | undefined
}

const DEFAULTS: DdpConnectionSettings = {
  webSocket: undefined,
  heartbeatInterval: 17_500,
  heartbeatTimeout: 15_000,
  connectTimeout: 10_000,
  retry: true,
  maxWaitingMethods: 10_000,
  timers: systemTimers,
}

/** @throws TypeError for an option that is not known */
export function readConnectionOptions(given: DdpConnectionOptions): DdpConnectionSettings {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(DEFAULTS, name)) throw new TypeError(`Unknown option "${name}". Known: ${Object.keys(DEFAULTS).join(', ')}`)
  }
  // An option that is given as undefined is not given
  return { ...DEFAULTS, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) }
}
