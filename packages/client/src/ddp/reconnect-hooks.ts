import { subscribe } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { DdpConnection } from './connection.ts'

const hooks = new Set<{ tell: (connection: DdpConnection) => void }>()

/** Those who asked to hear of every connection that comes back. */
export const reconnectHooks = (): Iterable<{ tell: (connection: DdpConnection) => void }> => hooks

/**
 * Calls a function whenever a connection of this program opens a session anew, before the methods that wait are sent; what it calls with `apply` goes first.
 * @example
 * import { onReconnect } from '@latchkey/client/ddp'
 * const stop = onReconnect(connection => void connection.call('hello.again'))
 * stop()
 */
export const onReconnect = (hook: (connection: DdpConnection) => void): Stop => subscribe(hooks, { tell: hook })
