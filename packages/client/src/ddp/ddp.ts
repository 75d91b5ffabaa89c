import type { Stop } from '@latchkey/common'
import { DdpConnection } from './connection.ts'
import type { DdpConnectionOptions } from './connection-options.ts'
import { onReconnect } from './reconnect-hooks.ts'

/** Meteor's `DDP` object. */
export const DDP: {
  /** A new connection, as `new DdpConnection`. */
  connect(url: string, options?: DdpConnectionOptions): DdpConnection
  /** Hears of every connection of this program that opens a session anew. */
  onReconnect(hook: (connection: DdpConnection) => void): Stop
} = {
  connect: (url, options) => new DdpConnection(url, options),
  onReconnect,
}
