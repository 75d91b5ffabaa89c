/** How the login that is resumed at the load of a page went. */
export interface PageLoadLogin {
  type: 'resume'
  allowed: boolean
  error?: unknown
  methodName: 'login'
  methodArguments: readonly [{ resume: string }]
}

/** Remembers how the login of a page load went, and tells whoever asks, before or after. */
export class PageLoad {
  #outcome: PageLoadLogin | undefined
  #waiting: ((outcome: PageLoadLogin) => void)[] = []

  /** Called once: now if it is known already, else as soon as it is. */
  tell(listener: (outcome: PageLoadLogin) => void): void {
    if (this.#outcome) listener(this.#outcome)
    else this.#waiting.push(listener)
  }

  /** The first report counts. */
  report(outcome: PageLoadLogin): void {
    if (this.#outcome) return
    this.#outcome = outcome
    for (const listener of this.#waiting.splice(0)) listener(outcome)
  }
}
