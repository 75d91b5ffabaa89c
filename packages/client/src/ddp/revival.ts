import type { DdpTimer, DdpTimers } from './timers.ts'

/**
 * The time between a new session and the moment when it shows as much as the old one did: subscriptions that were ready are ready again, and methods sent
 * at its start (a login, say) have sent their data. Until then people see what they saw before the cut.
 */
export class Revival {
  readonly #show: () => void
  readonly #timers: DdpTimers
  #patience: DdpTimer | undefined
  #wait = PATIENCE
  #awaited: Set<string> | undefined
  #isCut = false
  #after: (() => void)[] = []

  /** `show` makes visible what has arrived. */
  constructor(show: () => void, timers: DdpTimers) {
    this.#show = show
    this.#timers = timers
  }

  /** Begins, or begins anew. Call {@link await} next. */
  start(): void {
    this.#awaited = new Set()
    this.#wait = PATIENCE
    // Half of it belongs to a session that is gone; what still holds is said anew
    this.#after = []
  }

  /** What has to arrive: `method <id>`, `sub <id>`. */
  await(names: readonly string[]): void {
    this.#isCut = false
    for (const name of names) this.#awaited?.add(name)
    this.#check()
  }

  arrived(name: string): void {
    if (this.#awaited?.delete(name)) this.#check()
  }

  /** Runs the work when everything that has arrived is shown: now, or at the end of this time. */
  whenShown(work: () => void): void {
    if (this.#awaited) return void this.#after.push(work)
    this.#show()
    work()
  }

  /** Whoever was signed in is so no longer: what is shown is theirs. */
  hurry(): void {
    this.#wait = HURRY
    this.#check()
  }

  /** Nothing can arrive for the time being. When the session goes on, call {@link await} again. */
  cut(): void {
    this.#isCut = true
    this.#patience?.()
  }

  #check(): void {
    if (!this.#awaited || this.#isCut) return
    this.#patience?.()
    const awaited = [...this.#awaited]
    if (awaited.length === 0) this.#end()
    // Methods are always answered. A publication that was ready for one user may have nothing to say to another, not even that
    else if (awaited.every(name => name.startsWith('sub'))) this.#patience = this.#timers.after(this.#wait, () => this.#end())
  }

  #end(): void {
    this.#awaited = undefined
    this.#show()
    const after = this.#after
    this.#after = []
    for (const work of after) work()
  }
}

/** Milliseconds that subscriptions may take to be ready, one after another. */
const PATIENCE = 10_000
/** The same after what had to be done first has failed. */
const HURRY = 1000
