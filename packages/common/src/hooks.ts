/** Undoes a subscription. A function and an object with `stop`, because accounts-js hands back the one and Meteor the other. */
export type Stop = (() => void) & { stop(): void }

/** Makes a {@link Stop} from an action; the second call does nothing. */
export function stopOf(action: () => void): Stop {
  let stopped = false
  const stop = (): void => {
    if (stopped) return
    stopped = true
    action()
  }
  return Object.assign(stop, { stop })
}

/**
 * Adds a listener to a set and hands back its undo.
 * @example
 * import { subscribe } from '@latchkey/common'
 * const listeners = new Set<(name: string) => void>()
 * const stop = subscribe(listeners, name => console.log(name))
 * stop()
 */
export function subscribe<T>(listeners: Set<T>, listener: T): Stop {
  listeners.add(listener)
  return stopOf(() => listeners.delete(listener))
}
