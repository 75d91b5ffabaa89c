import type { Identifier } from '../../core/identity/user.ts'

/** Two users with one key, as we found out: asking again at each request would help nobody. */
export class Twins {
  readonly #known = new Set<string>()

  has = (userId: string, { kind, key }: Identifier): boolean => this.#known.has(JSON.stringify([userId, kind, key]))

  add(userId: string, { kind, key }: Identifier): void {
    if (this.#known.size >= MOST_TWINS) this.#known.clear()
    this.#known.add(JSON.stringify([userId, kind, key]))
  }
}

const MOST_TWINS = 10_000
