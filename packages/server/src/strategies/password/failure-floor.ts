import type { Stopwatch } from './stopwatch.ts'

/**
 * The time a wrong answer takes at least: as long as the slowest recipe in the store needs. Without it the clock would tell a bcrypt user from an
 * argon2 user, and either from somebody who does not exist. A wait, not work; right answers are not held up.
 */
export class FailureFloor {
  readonly #time: Stopwatch
  readonly #durations = new Map<string, number[]>()
  #height = 0

  constructor(time: Stopwatch) {
    this.#time = time
  }

  /** Notes how long one verification by that recipe took. */
  note(label: string, milliseconds: number): void {
    const durations = this.#durations.get(label) ?? []
    this.#durations.set(label, durations)
    durations.push(milliseconds)
    if (durations.length > REMEMBERED) durations.shift()
  }

  /** True when the recipe has been timed. */
  knows(label: string): boolean {
    return this.#durations.has(label)
  }

  /** Forgets recipes that the store no longer holds. */
  keepOnly(labels: readonly string[]): void {
    for (const label of this.#durations.keys()) {
      if (!labels.includes(label)) this.#durations.delete(label)
    }
  }

  /** Milliseconds from the start of the work to a wrong answer. Moves only when it must, so that answers in a row take the same time. */
  height(): number {
    const slowest = Math.max(0, ...[...this.#durations.values()].map(usualMost))
    if (this.#height < slowest * LEAST_MARGIN || this.#height > slowest * MOST_MARGIN) this.#height = slowest * MARGIN
    return Math.min(this.#height, HIGHEST)
  }

  /** Waits until the floor, for work that began at `began`. */
  hold(began: number): Promise<void> {
    return new Promise(resolve => {
      const left = this.height() - (this.#time.now() - began)
      if (left > 0) this.#time.after(left, resolve)
      else resolve()
    })
  }
}

/** Nine of ten verifications took no longer. */
function usualMost(durations: readonly number[]): number {
  const sorted = durations.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * 0.9)] ?? 0
}

/** Verifications remembered for each recipe. */
const REMEMBERED = 32

/** The floor is set so far above the slowest recipe, and set anew when it is no longer between the other two. */
const MARGIN = 1.2
const LEAST_MARGIN = 1.05
const MOST_MARGIN = 1.5

/** An app's own `verifyPassword` that hangs must not make every wrong password hang. */
const HIGHEST = 5000
