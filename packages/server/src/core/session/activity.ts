import type { Log, Timers } from '../ports.ts'
import type { SessionStore } from '../store.ts'
import type { Session } from './session.ts'

const FIVE_MINUTES = 300_000

/** Milliseconds between two writes of what was noted. */
const FLUSH_EVERY = 5_000

/**
 * Notes which sessions are in use and writes it in batches, outside any request. A session is noted at most every twentieth of its idle
 * time, or every five minutes, whichever is shorter: an idle session lives at most that much shorter than promised.
 */
export class Activity {
  readonly #pending = new Map<string, number>()
  readonly #store: Pick<SessionStore, 'touch'>
  readonly #log: Log
  #stop: (() => void) | undefined

  constructor({ store, log }: { store: Pick<SessionStore, 'touch'>; log: Log }) {
    this.#store = store
    this.#log = log
  }

  start(timers: Timers): void {
    this.#stop ??= timers.every(FLUSH_EVERY, () => void this.flush())
  }

  /** Called by every check. Moves the given copy ahead too, so that a cached one is not noted again at once. */
  note(session: Session, now: number): void {
    if (now - session.activeAt < touchInterval(session.idle)) return
    session.activeAt = now
    this.#pending.set(session.id, now)
  }

  /** Writes what was noted. A failure is logged and costs one interval of activity, never a request. */
  async flush(): Promise<void> {
    if (this.#pending.size === 0) return
    const batch = [...this.#pending].map(([sessionId, activeAt]) => ({ sessionId, activeAt }))
    this.#pending.clear()
    try {
      await this.#store.touch(batch)
    } catch (error) {
      this.#log.warn({ err: error, sessions: batch.length }, 'session activity could not be written')
    }
  }

  async stop(): Promise<void> {
    this.#stop?.()
    await this.flush()
  }
}

/** Milliseconds between two notes of one session. */
export const touchInterval = (idle: number | null): number => (idle === null ? FIVE_MINUTES : Math.min(idle / 20, FIVE_MINUTES))
