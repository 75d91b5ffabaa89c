/** `@latchkey/client/signals`: who is signed in, as signals of the library you use. */
import type { Stop } from '@latchkey/common'
import type { Source } from '../source.ts'

/** A signal that is written through a property, as those of Preact are. */
export interface ValueSignal<T> {
  value: T
}

/** A signal that is written through a method, as those of Angular and of TC39's proposal are. */
export interface SetSignal<T> {
  set(value: T): void
}

/**
 * A source as a signal, which follows it until `stop`.
 * @param signal makes a signal of your library from its first value
 * @example
 * import { signal } from '@preact/signals-core'
 * import { AccountsClient } from '@latchkey/client/meteor'
 * import { signalOf } from '@latchkey/client/signals'
 * const accounts = new AccountsClient({ ddpUrl: 'https://accounts.example.com' })
 * const { signal: user, stop } = signalOf(accounts.user, first => signal(first))
 * console.log(user.value?.username)
 * stop()
 */
export function signalOf<T, Signal extends ValueSignal<T> | SetSignal<T>>(
  source: Source<T>,
  signal: (first: T) => Signal,
): { signal: Signal; stop: Stop } {
  const made = signal(source.get())
  const stop = source.subscribe(value => {
    // A signal may have both: then the method is the way to write
    if ('set' in made) made.set(value)
    else made.value = value
  })
  return { signal: made, stop }
}

/**
 * The same for libraries whose signals are written with a function of their own, such as `const [user, setUser] = createSignal()` of Solid.
 * @param write called with the value of now, and then at each change
 */
export const follow = <T>(source: Source<T>, write: (value: T) => void): Stop => source.subscribe(write)
