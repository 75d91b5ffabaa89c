/** An engine that is there only between `open` and `close`: stores are constructed without opening anything. */
import { AccountsError } from '@latchkey/common'
import type { Dialect } from './dialect.ts'
import type { Engine } from './statement.ts'

export interface LateEngine<E extends Engine> {
  /** Hands every deed to the engine that is connected at that moment. */
  readonly engine: Engine
  /** Connects once, however often it is called; a failure is tried again at the next call. */
  readonly connect: () => Promise<E>
  /** The engine. Throws when it is not connected. */
  readonly now: () => E
  readonly disconnect: (close: (engine: E) => unknown) => Promise<void>
}

export function lateEngine<E extends Engine>(dialect: Dialect, open: () => Promise<E>): LateEngine<E> {
  let connecting: Promise<E> | undefined
  let connected: E | undefined

  const now = (): E => {
    if (!connected) throw new AccountsError('InternalError', { detail: `the ${dialect.engine} store is not open: call open() first` })
    return connected
  }
  const connect = (): Promise<E> => {
    connecting ??= open().then(
      engine => (connected = engine),
      (error: unknown) => {
        connecting = undefined
        throw error
      },
    )
    return connecting
  }
  return {
    connect,
    now,
    engine: {
      dialect,
      read: async deed => now().read(deed),
      transact: async (deed, durability) => now().transact(deed, durability),
      slice: { run: async (limit, sweep) => now().slice.run(limit, sweep) },
    },
    disconnect: async close => {
      const engine = await connecting?.catch(() => undefined)
      connecting = undefined
      connected = undefined
      if (engine) await close(engine)
    },
  }
}
