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

/** The same source, to be called as well. */
export const callable = <T>(source: Source<T>): CallableSource<T> =>
  Object.assign(() => source.get(), { get: () => source.get(), subscribe: (listener: (value: T) => void) => source.subscribe(listener) })
