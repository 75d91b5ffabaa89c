/** Options of a DDP server, their defaults, and what is refused. */
import { randomFillSync } from 'node:crypto'
import { AccountsError, stopOf } from '@latchkey/common'
import type { Log, Ports } from '../../core/ports.ts'
import { refuseUnknown } from '../../core/settings-kinds.ts'
import type { RateLimiterPort } from './types.ts'

/** All are optional. Times are milliseconds. */
export interface DDPServerOptions {
  /** A client that was silent for so long is sent a `ping`. 0: none is ever sent. @default 15000 */
  heartbeatInterval?: number
  /** How long it may take to show any life after that. @default 15000 */
  heartbeatTimeout?: number
  /** How long a socket may take to begin. @default 45000 */
  handshakeTimeout?: number
  /** How long the session of a client that can take it up again outlives its socket. 0: not at all. @default 15000 */
  disconnectGracePeriod?: number
  /** How many messages may wait for such a client; one more, and the session ends. @default 100 */
  maxMessageQueueLength?: number
  /** A longer message closes the socket; measured in UTF-16 units, of which no byte count is smaller. @default 1 MiB */
  maxFrameBytes?: number
  /** A client that reads so slowly that more than this has piled up is closed. @default 4 MiB */
  maxBufferedBytes?: number
  /**
   * What may be kept in memory for all clients together: messages without an answer, parameters of subscriptions, what was sent and is not read, and what waits for
   * those who are away. Whoever would make it more is closed. @default 256 MiB
   */
  maxKeptBytes?: number
  /** The same for the clients of one address, IPv6 by the /64; a proxy on this machine is not counted. @default 64 MiB */
  maxKeptBytesPerAddress?: number
  /** How many messages of one client may wait for their turn; one more closes the socket. @default 1000 */
  maxQueuedMessages?: number
  /** How many subscriptions a client may have at once; further ones are refused. @default 1000 */
  maxSubscriptions?: number
  /** Time and chance. @default the system's */
  ports?: Partial<Pick<Ports, 'clock' | 'chance' | 'timers'>>
  /** Told of exceptions in methods and publications, never with their parameters. @default warnings of the process */
  log?: Log
  /** Asked before each method and subscription. @default none; attached accounts bring their own */
  rateLimiter?: RateLimiterPort
}

/** The options as they are in force. */
export type DdpServerSettings = Required<Omit<DDPServerOptions, 'ports' | 'log' | 'rateLimiter'>>

const DEFAULTS: DdpServerSettings = {
  heartbeatInterval: 15_000,
  heartbeatTimeout: 15_000,
  handshakeTimeout: 45_000,
  disconnectGracePeriod: 15_000,
  maxMessageQueueLength: 100,
  maxFrameBytes: 2 ** 20,
  maxBufferedBytes: 4 * 2 ** 20,
  maxKeptBytes: 256 * 2 ** 20,
  maxKeptBytesPerAddress: 64 * 2 ** 20,
  maxQueuedMessages: 1000,
  maxSubscriptions: 1000,
}

/** How many of the longest frames may be kept of one client: of those that wait, and of what it subscribed to. */
export const KEPT_FRAMES = 4

/** @throws AccountsError `InvalidSettings` for an unknown name or a number that makes no sense */
export function readServerOptions({ ports, log, rateLimiter, ...given }: DDPServerOptions): {
  settings: DdpServerSettings
  ports: Ports
  rateLimiter: RateLimiterPort | undefined
} {
  const settings = { ...DEFAULTS }
  refuseUnknown('DDPServer', given, [...Object.keys(DEFAULTS), 'ports', 'log', 'rateLimiter'])
  // Other names were refused.
  for (const [name, value] of Object.entries(given) as [keyof DdpServerSettings, number | undefined][]) {
    if (value === undefined) continue
    if (!Number.isFinite(value) || value < (MAY_BE_NONE.has(name) ? 0 : 1))
      throw refused(`The option "${name}" of DDPServer must be a positive number${MAY_BE_NONE.has(name) ? ', or 0' : ''}`)
    settings[name] = value
  }
  return { settings, ports: { ...systemPorts, ...ports, log: log ?? processLog }, rateLimiter }
}

const MAY_BE_NONE: ReadonlySet<string> = new Set(['heartbeatInterval', 'disconnectGracePeriod', 'maxMessageQueueLength'])
const refused = (message: string): AccountsError => new AccountsError('InvalidSettings', { message })

const systemPorts: Pick<Ports, 'clock' | 'chance' | 'timers'> = {
  clock: { now: () => Date.now() },
  chance: { bytes: length => randomFillSync(new Uint8Array(length)) },
  timers: {
    after(milliseconds, work) {
      const timer = setTimeout(work, milliseconds).unref()
      return stopOf(() => clearTimeout(timer))
    },
    every(milliseconds, work) {
      const timer = setInterval(work, milliseconds).unref()
      return stopOf(() => clearInterval(timer))
    },
  },
}

const processLog: Log = {
  debug: () => {},
  info: () => {},
  warn: (_fields, message) => process.emitWarning(message, 'LatchkeyWarning'),
  error: (fields, message) => {
    const cause = 'err' in fields && fields.err instanceof Error ? `: ${fields.err.message}` : ''
    process.emitWarning(`${message}${cause}`, 'LatchkeyError')
  },
}
