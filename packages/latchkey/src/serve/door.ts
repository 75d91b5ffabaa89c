import type { Served } from '@latchkey/server/node'

/** A transport that can be listened with before there is one. */
export interface Door {
  served: Served
  /** Settles when the transport is there; rejects when there will be none. */
  opened: Promise<void>
  open(transport: Served): void
  fail(reason: unknown): void
}

/**
 * The standalone server binds its port before it opens the database; this stands in between for that moment. Until it opens it knows
 * nothing, so that every request is asked of the pages, which wait for `opened`.
 */
export function waitingDoor(): Door {
  let transport: Served | undefined
  let fulfil: () => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const opened = new Promise<void>((resolve, refuse) => {
    fulfil = resolve
    reject = refuse
  })
  // Told to whoever waits; nobody has to.
  opened.catch(() => {})
  return {
    opened,
    served: {
      knows: target => transport?.knows(target) ?? false,
      handle(call) {
        if (transport === undefined) throw new Error('the server was asked before it was open')
        return transport.handle(call)
      },
    },
    open(given) {
      transport = given
      fulfil()
    },
    fail: reject,
  }
}
