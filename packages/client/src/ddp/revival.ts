/**
 * The time between a new session and the moment when it shows as much as the old one did: subscriptions that were ready are ready again, and methods sent
 * at its start (a login, say) have sent their data. Until then people see what they saw before the cut.
 */
export class Revival {
  readonly #show: () => void
  #awaited: Set<string> | undefined
  #after: (() => void)[] = []

  /** `show` makes visible what has arrived. */
  constructor(show: () => void) {
    this.#show = show
  }

  /** Begins, or begins anew. Call {@link await} next. */
  start(): void {
    this.#awaited = new Set()
    // Half of it belongs to a session that is gone; what still holds is said anew
    this.#after = []
  }

  /** What has to arrive. */
  await(names: readonly string[]): void {
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

  #check(): void {
    if (!this.#awaited || this.#awaited.size > 0) return
    this.#awaited = undefined
    this.#show()
    const after = this.#after
    this.#after = []
    for (const work of after) work()
  }
}
