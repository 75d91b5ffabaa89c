import type { Core } from './core.ts'

/** How often what is over is deleted, and how much of it at a time. */
const EVERY = 60_000
const SLICE = 500

type SweptParts = Pick<Core, 'store' | 'settings' | 'clock' | 'log' | 'timers'>

/** Deletes ended sessions, expired tokens, old counters, undeliverable mail and old audit lines, in slices, outside any request. */
export class Sweeper {
  readonly #core: SweptParts
  #stop: (() => void) | undefined
  #running: Promise<void> | undefined

  constructor(core: SweptParts) {
    this.#core = core
  }

  start(): void {
    this.#stop ??= this.#core.timers.every(EVERY, () => void this.sweep())
  }

  /** One sweep now. Sweeps never overlap in a process; two processes may sweep at once. */
  sweep(): Promise<void> {
    this.#running ??= this.#sweepAll().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async stop(): Promise<void> {
    this.#stop?.()
    await this.#running
  }

  async #sweepAll(): Promise<void> {
    const { store, settings, clock, log } = this.#core
    const now = clock.now()
    try {
      await inSlices(limit => store.sessions.sweep(now, settings.session.keepEnded, limit))
      await inSlices(limit => store.tokens.sweep(now, limit))
      await inSlices(limit => store.attempts.sweep(now, limit))
      await inSlices(limit => store.audit.sweep(now - settings.auditKept, limit))
      await store.outbox.sweep(now)
    } catch (error) {
      log.warn({ err: error }, 'a sweep failed; the next one goes on')
    }
  }
}

async function inSlices(sweep: (limit: number) => Promise<number>): Promise<void> {
  while ((await sweep(SLICE)) >= SLICE);
}
