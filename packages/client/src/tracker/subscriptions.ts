/** Subscriptions that live as long as the computations that ask for them. */
import { EJSON } from '@latchkey/common/ddp'
import { stopOf } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import { guarded } from '../ddp/guarded.ts'
import type { DdpConnection, SubscriptionCallbacks, SubscriptionHandle } from '../ddp/index.ts'
import { splitCallbacks } from '../ddp/subscriptions.ts'
import type { TrackerLike } from './tracker.ts'

/** What is changed of a connection. */
export type Subscribing = Pick<DdpConnection, 'subscribe'>

/** A subscription that some computation made. */
interface Kept {
  readonly name: string
  readonly params: readonly unknown[]
  readonly handle: SubscriptionHandle
  callbacks: SubscriptionCallbacks
  /** False once its computation is over, until one asks for the same. */
  wanted: boolean
}

/** The connections that have this already, by their trackers: twice would be once too often. */
const changed = new WeakMap<Subscribing, Map<TrackerLike, { users: number; undo: () => void }>>()

/**
 * From now on a subscription made in a computation ends with it, unless the same is asked for before the flush is over, as when the computation runs again: then
 * the server hears of nothing. What is asked for outside of computations is left alone.
 * @param made told of every subscription
 */
export function keepSubscriptions(connection: Subscribing, tracker: TrackerLike, made: (handle: SubscriptionHandle) => void): Stop {
  const trackers = changed.get(connection) ?? new Map<TrackerLike, { users: number; undo: () => void }>()
  changed.set(connection, trackers)
  const change = trackers.get(tracker) ?? { users: 0, undo: replaceSubscribe(connection, tracker, made) }
  trackers.set(tracker, change)
  change.users++
  return stopOf(() => {
    if (--change.users > 0) return
    trackers.delete(tracker)
    change.undo()
  })
}

function replaceSubscribe(connection: Subscribing, tracker: TrackerLike, made: (handle: SubscriptionHandle) => void): () => void {
  const before = connection.subscribe
  const all = new Set<Kept>()
  let active = true

  const subscribe = (name: string, ...given: unknown[]): SubscriptionHandle => {
    const computation = active ? tracker.currentComputation : null
    if (!computation) return told(Reflect.apply(before, connection, [name, ...given]))
    const { params, callbacks } = splitCallbacks(given)
    const kept = again(name, params, callbacks) ?? anew(name, params, callbacks)
    computation.onInvalidate(() => {
      kept.wanted = false
      tracker.afterFlush(() => {
        if (!kept.wanted) kept.handle.stop()
      })
    })
    return kept.handle
  }

  /** One that nobody wants at the moment. Callbacks that are given replace those of before. */
  const again = (name: string, params: readonly unknown[], callbacks: SubscriptionCallbacks): Kept | undefined => {
    const kept = [...all].find(one => !one.wanted && one.name === name && EJSON.equals(one.params, params))
    if (!kept) return undefined
    kept.wanted = true
    kept.callbacks = { ...kept.callbacks, ...callbacks }
    if (kept.handle.ready.get()) guarded(() => callbacks.onReady?.())
    return kept
  }

  const anew = (name: string, params: readonly unknown[], first: SubscriptionCallbacks): Kept => {
    const handle = Reflect.apply(before, connection, [
      name,
      ...params,
      {
        onReady: () => kept.callbacks.onReady?.(),
        onError: error => kept.callbacks.onError?.(error),
        onStop: error => {
          all.delete(kept)
          kept.callbacks.onStop?.(error)
        },
      } satisfies SubscriptionCallbacks,
    ])
    // A copy: what the app does to its objects afterwards makes another question of the next one
    const kept: Kept = { name, params: EJSON.clone(params), handle: told(handle), callbacks: first, wanted: true }
    all.add(kept)
    return kept
  }

  const told = (handle: SubscriptionHandle): SubscriptionHandle => {
    if (active) made(handle)
    return handle
  }

  connection.subscribe = subscribe
  return () => {
    active = false
    // Something else may have been put over it since
    if (connection.subscribe === subscribe) connection.subscribe = (...call) => Reflect.apply(before, connection, call)
  }
}
