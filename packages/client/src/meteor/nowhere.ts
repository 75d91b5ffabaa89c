import { stopOf } from '@latchkey/common'
import { makeSource, tracked } from '../source.ts'
import type { AccountsConnection } from './connection.ts'

/** The connection of a client that has no server: where pages are rendered on a server, nobody is signed in, and nothing is asked of anybody. */
export function nowhere(): AccountsConnection {
  const userId = makeSource<string | null>(null, () => () => {})
  const never = <T>(value: T) => tracked(makeSource(value, () => () => {}))
  const nothing = stopOf(() => {})
  const refuse = (): Promise<never> =>
    Promise.reject(new Error('There is no DDP server here: open it in a page, or give ddpUrl or connection'))
  return {
    userId: tracked(userId),
    setUserId: id => userId.set(id),
    leaveTo: () => {},
    status: never({ status: 'offline', connected: false, retryCount: 0 }),
    call: refuse,
    callAsync: refuse,
    apply: refuse,
    applyAsync: refuse,
    subscribe: () => ({ subscriptionId: '', stop: () => {}, ready: never(false) }),
    collection: () => ({ get: () => undefined, all: () => [], subscribe: () => nothing, document: () => never(undefined) }),
    addReconnectStep: () => nothing,
    reconnect: () => {},
    disconnect: () => {},
    close: () => {},
    _stream: { rawUrl: '' },
  }
}
