import { stopOf, subscribe } from '@latchkey/common'
import type { Stop } from '@latchkey/common'

/**
 * A value that changes. `get` hands out the same object until it does; `subscribe` calls at once with the value of now and then at each change. Fits
 * Svelte (`$user`), React (`useSyncExternalStore(user.subscribe, user.get)`) and anything that can call a function.
 */
export interface Source<T> {
  readonly get: () => T
  readonly subscribe: (listener: (value: T) => void) => Stop
}

/** A source and the hand that changes it. */
export interface OwnSource<T> extends Source<T> {
  /** Nothing happens when the value is equal, member for member. */
  set(value: T): void
  /** True while somebody listens. */
  watched(): boolean
}

/** Makes a source. `start` runs when the first listener comes and returns what runs when the last one has left. */
export function makeSource<T>(first: T, start: () => () => void): OwnSource<T> {
  const listeners = new Set<{ tell: (value: T) => void }>()
  let value = first
  let finish: (() => void) | undefined
  return {
    get: () => value,
    set(next) {
      if (JSON.stringify(next) === JSON.stringify(value)) return
      value = next
      for (const { tell } of listeners) {
        try {
          tell(value)
        } catch (error) {
          // A listener is told, not asked: its error is its own
          console.error(error)
        }
      }
    },
    watched: () => listeners.size > 0,
    subscribe(listener) {
      // Wrapped, so that the same function can listen twice
      const remove = subscribe(listeners, { tell: listener })
      listener(value)
      finish ??= start()
      return stopOf(() => {
        remove()
        if (listeners.size > 0) return
        finish?.()
        finish = undefined
      })
    },
  }
}

/** A source made of another one: listeners hear only of changes of the part. */
export const partOf = <T, Part>(whole: Source<T>, part: (value: T) => Part): Source<Part> => ({
  get: () => part(whole.get()),
  subscribe(listener) {
    let last: { value: Part } | undefined
    return whole.subscribe(value => {
      const next = part(value)
      if (last && last.value === next) return
      last = { value: next }
      listener(next)
    })
  },
})

/** A source that is also the function which reads it, as Meteor's are. */
export type CallableSource<T> = Source<T> & (() => T)

/** A source that can be called like Meteor's function of the same name, and tells who wants to know that it is read. */
export interface TrackedSource<T, Args extends unknown[] = []> extends CallableSource<T> {
  (...args: Args): T
  /**
   * For adapters to libraries that notice what a computation reads, as Meteor's Tracker does: told at every call, with a function that reads the same
   * again.
   */
  onRead(observer: ReadObserver): Stop
}

/** What {@link TrackedSource.onRead} tells. */
export type ReadObserver = (read: () => unknown) => void

/**
 * Makes a source callable, and its reads known.
 * @param read what a call answers; without it the value of the source
 */
export function tracked<T>(source: Source<T>): TrackedSource<T>
export function tracked<T, Args extends unknown[]>(source: Source<T>, read: (...args: Partial<Args>) => T): TrackedSource<T, Partial<Args>>
export function tracked<T>(source: Source<T>, read: (...args: unknown[]) => T = () => source.get()): TrackedSource<T, unknown[]> {
  const observers = new Set<ReadObserver>()
  const call = (...args: unknown[]): T => {
    for (const observer of observers) observer(() => read(...args))
    return read(...args)
  }
  return Object.assign(call, {
    get: () => source.get(),
    subscribe: (listener: (value: T) => void) => source.subscribe(listener),
    onRead: (observer: ReadObserver) => subscribe(observers, observer),
  })
}
