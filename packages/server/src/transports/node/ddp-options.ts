/** What an app can set about sockets, read once. */
import { refuseUnknown } from '../../core/settings-kinds.ts'
import { readSiteOptions, refuse, SITE_KEYS } from '../../wire/site-options.ts'
import type { SiteOptions } from '../../wire/site-options.ts'

/**
 * Options of `attachDdp`. `cors`, `trustedProxies` and `cookies` mean what they mean for REST: give both the same. Pages of other origins than `cors` lists may
 * open sockets too, as strangers: their cookies do not count.
 */
export interface DdpOptions extends SiteOptions {
  /** Before `/websocket` and `/sockjs`, for example `/app`. @default the root */
  path?: string
  /** Speak WebSocket. False: SockJS falls back to plain requests. @default true */
  websocket?: boolean
  /** Answer at `/sockjs`, for browsers and networks without WebSocket. @default true */
  sockjs?: boolean
  /** Compress frames. Costs some 230 KiB a socket. @default false */
  compression?: boolean
  /** Longest frame in bytes; a longer one closes its socket. @default 1048576 */
  maxFrameBytes?: number
  /** Open sockets; further ones are refused with 503. @default 50000 */
  maxSockets?: number
  /** Open sockets from one address (IPv6: one /64). This machine's own addresses are not counted: a proxy may stand there. @default 1000 */
  maxSocketsPerAddress?: number
  /** Sockets that have opened and said nothing worth an answer yet; of more, the oldest is closed. @default 10000 */
  maxSilentSockets?: number
  /** Milliseconds that clients get to answer the farewell when this stops. @default 2000 */
  stopTimeout?: number
}

/** The options after reading. */
export interface AttachSettings extends Required<Omit<DdpOptions, keyof SiteOptions>> {
  readonly site: SiteOptions
}

const NUMBERS = {
  maxFrameBytes: 1024 * 1024,
  maxSockets: 50_000,
  maxSocketsPerAddress: 1000,
  maxSilentSockets: 10_000,
  stopTimeout: 2000,
} as const
const SWITCHES = { websocket: true, sockjs: true, compression: false } as const

/**
 * Reads the options.
 * @throws AccountsError `InvalidSettings`, naming the option
 */
export function readAttachOptions(given: DdpOptions): AttachSettings {
  refuseUnknown('attachDdp', given, ['path', ...SITE_KEYS, ...Object.keys(SWITCHES), ...Object.keys(NUMBERS)])
  const site = Object.fromEntries(SITE_KEYS.map(key => [key, given[key]]).filter(([, value]) => value !== undefined)) as SiteOptions
  // Read again for the accounts' own site once they are known; what is wrong is told now.
  readSiteOptions(site, 'http://localhost', 'attachDdp')
  const read = {
    path: readPath(given.path ?? ''),
    websocket: readSwitch(given, 'websocket'),
    sockjs: readSwitch(given, 'sockjs'),
    compression: readSwitch(given, 'compression'),
    maxFrameBytes: readNumber(given, 'maxFrameBytes'),
    maxSockets: readNumber(given, 'maxSockets'),
    maxSocketsPerAddress: readNumber(given, 'maxSocketsPerAddress'),
    maxSilentSockets: readNumber(given, 'maxSilentSockets'),
    stopTimeout: readNumber(given, 'stopTimeout'),
    site,
  }
  if (!read.websocket && !read.sockjs) refuse('With websocket and sockjs both false there is nothing to attach')
  return Object.freeze(read)
}

function readPath(path: string): string {
  const trimmed = path.replace(/\/$/, '')
  if (!/^(\/[\w.~-]+)*$/.test(trimmed)) refuse(`path must be a path such as "/app". Received ${JSON.stringify(path)}`)
  return trimmed
}

function readSwitch(given: DdpOptions, name: keyof typeof SWITCHES): boolean {
  const value: unknown = given[name] ?? SWITCHES[name]
  if (typeof value !== 'boolean') refuse(`${name} must be true or false`)
  return value
}

function readNumber(given: DdpOptions, name: keyof typeof NUMBERS): number {
  const value: unknown = given[name] ?? NUMBERS[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) refuse(`${name} must be a whole number, 1 or more`)
  return value
}
