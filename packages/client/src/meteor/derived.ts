import type { Source } from '../source.ts'

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
