import { subscribe } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { CallableSource, Source } from '../source.ts'

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

/** Anything that says when it has changed. */
export interface Changing {
  subscribe(listener: () => void): () => void
}

/** A source that is worked out from others. `read` must answer the same object as long as nothing has changed. */
export const derived = <T>(read: () => T, ...inputs: readonly Changing[]): Source<T> => ({
  get: read,
  subscribe(listener) {
    // Inputs call at once when they are subscribed to: that is not a change
    let last: { value: T } | undefined
    const look = (): void => {
      const value = read()
      if (!last || last.value === value) return
      last = { value }
      listener(value)
    }
    const stops = inputs.map(input => input.subscribe(look))
    const first = read()
    last = { value: first }
    listener(first)
    const stop = (): void => {
      for (const end of stops.splice(0)) end()
      last = undefined
    }
    return Object.assign(stop, { stop })
  },
})
