/** Callbacks as Meteor registers them: told one after another, and none can undo what it is told of. */
import { subscribe } from '../hooks.ts'
import type { Stop } from '../hooks.ts'

/** What registering a callback hands back: `stop` it, or see which one it was. */
export type Registered<Callback> = Stop & { readonly callback: Callback }

/** Where it is said that a callback failed. */
export type Complain = (message: string, error: unknown) => void

/** A list of callbacks of one kind. */
export class Callbacks<Payload> {
  readonly #listeners = new Set<{ callback: (payload: Payload) => unknown }>()

  /** True while nobody would hear. */
  get isEmpty(): boolean {
    return this.#listeners.size === 0
  }

  /**
   * Adds a callback. The same function twice is called twice.
   * @throws TypeError for anything but a function
   */
  register<Callback extends (payload: Payload) => unknown>(callback: Callback): Registered<Callback> {
    if (typeof callback !== 'function') throw new TypeError('A callback must be a function')
    return Object.assign(subscribe(this.#listeners, { callback }), { callback })
  }

  /** The callbacks, in the order they were registered. */
  all(): ((payload: Payload) => unknown)[] {
    return [...this.#listeners].map(({ callback }) => callback)
  }

  /** Tells all, one after another, and waits for each. One that throws, or whose promise is rejected, is complained of; the others are told. */
  async tell(payload: () => Payload, complain: Complain): Promise<void> {
    for (const callback of this.all()) {
      try {
        await callback(payload())
      } catch (error) {
        complain('a callback of Accounts threw; what it was told about stands', error)
      }
    }
  }
}
