import { stopOf, subscribe } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { Timers } from './ports.ts'
import type { Bus } from './store.ts'

/** Told which user, or a session of theirs, changed; null: anything may have. */
export type Watcher = (userId: string | null) => void

/** Milliseconds between two questions to a bus that only answers when it is asked, and between two looks where there is none that can be believed. */
const ASK_EVERY = 200
const BLIND_EVERY = 800

/**
 * Passes on what changed, at once, to whoever keeps something open for a user. Each change of this process is told by the flow that made it, those of others
 * by the bus. While no bus can be believed, watchers are told again and again that anything may have changed.
 */
export class Watchers {
  readonly #bus: Bus | undefined
  readonly #timers: Timers
  readonly #watchers = new Set<Watcher>()
  #asking: Stop | undefined
  #hearing: Stop | undefined
  /** Milliseconds since the watchers were last told for want of a bus. */
  #blind = 0

  constructor({ bus, timers }: { bus: Bus | undefined; timers: Timers }) {
    this.#bus = bus
    this.#timers = timers
  }

  /** Subscribes; call what it returns to stop. Nothing is asked while nobody watches. */
  add(watcher: Watcher): Stop {
    const stop = subscribe(this.#watchers, watcher)
    this.#hearing ??= this.#bus?.listen(userId => this.tell(userId))
    this.#asking ??= this.#timers.every(ASK_EVERY, () => this.#ask())
    return stopOf(() => {
      stop()
      if (this.#watchers.size === 0) this.close()
    })
  }

  tell(userId: string | null): void {
    for (const watcher of this.#watchers) watcher(userId)
  }

  close(): void {
    this.#asking?.()
    this.#hearing?.()
    this.#asking = undefined
    this.#hearing = undefined
  }

  /** A bus may notice what other processes did only when it is asked, and then tells by itself. */
  #ask(): void {
    this.#blind = this.#bus?.trusted() ? 0 : this.#blind + ASK_EVERY
    if (this.#blind < BLIND_EVERY) return
    this.#blind = 0
    this.tell(null)
  }
}
