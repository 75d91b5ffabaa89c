import { tellOne } from './hooks.ts'

/** How a sign-in went that nobody on this page began: by what was stored, or by a redirect. */
export interface PageLoadLogin {
  /** `resume`, or the name of a service. */
  type: string
  allowed: boolean
  error?: unknown
  methodName: string
  methodArguments: readonly unknown[]
}

/** Remembers how the login of a page load went, and tells whoever asks, before or after. */
export class PageLoad {
  #outcome: PageLoadLogin | undefined
  #waiting: ((outcome: PageLoadLogin) => void)[] = []

  /** Called once: now if it is known already, else as soon as it is. */
  tell(listener: (outcome: PageLoadLogin) => void): void {
    if (this.#outcome) tellOne(listener, this.#outcome)
    else this.#waiting.push(listener)
  }

  /** The first report counts. */
  report(outcome: PageLoadLogin): void {
    if (this.#outcome) return
    this.#outcome = outcome
    for (const listener of this.#waiting.splice(0)) tellOne(listener, outcome)
  }
}
