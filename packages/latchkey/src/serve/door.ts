import type { RestTransport } from '@latchkey/server/rest'

/** A transport that can be listened with before there is one: requests that come early wait. */
export interface Door {
  rest: RestTransport
  /** Answers from now on, and whoever waits. */
  open(transport: RestTransport): void
  /** There will be none: whoever waits gets no answer. */
  fail(reason: unknown): void
}

/** The standalone server binds its port before it opens the database; this stands in between for that moment. */
export function waitingDoor(): Door {
  let transport: RestTransport | undefined
  const { promise, resolve, reject } = withResolvers<RestTransport>()
  // Told to whoever waits; nobody has to.
  promise.catch(() => {})
  return {
    rest: {
      path: '/accounts',
      knows: target => transport?.knows(target) ?? true,
      handle: call => (transport === undefined ? promise.then(opened => opened.handle(call)) : transport.handle(call)),
      fetch: async (request, peer) => (transport ?? (await promise)).fetch(request, peer),
    },
    open(opened) {
      transport = opened
      resolve(opened)
    },
    fail: reject,
  }
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (reason: unknown) => void } {
  let resolve: (value: T) => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil
    reject = refuse
  })
  return { promise, resolve, reject }
}
