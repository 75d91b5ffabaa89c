import type { DdpTimer, DdpTimers } from './timers.ts'

/** Notices a connection that is dead without having been closed: nobody speaks, and nobody answers when asked. */
export class Heartbeat {
  readonly #interval: number
  readonly #patience: number
  readonly #timers: DdpTimers
  readonly #ping: () => void
  readonly #dead: () => void
  #timer: DdpTimer | undefined
  #heard = false

  /** `interval` and `patience` in milliseconds; an interval of 0 switches it off. */
  constructor(interval: number, patience: number, timers: DdpTimers, ping: () => void, dead: () => void) {
    this.#interval = interval
    this.#patience = patience
    this.#timers = timers
    this.#ping = ping
    this.#dead = dead
  }

  start(): void {
    this.stop()
    if (this.#interval > 0) this.#wait()
  }

  /** Any message is a sign of life. */
  heard(): void {
    this.#heard = true
  }

  stop(): void {
    this.#timer?.()
    this.#timer = undefined
  }

  #wait(): void {
    this.#heard = false
    this.#timer = this.#timers.after(this.#interval, () => {
      if (this.#heard) return this.#wait()
      this.#ping()
      this.#timer = this.#timers.after(this.#patience, () => (this.#heard ? this.#wait() : this.#dead()))
    })
  }
}
