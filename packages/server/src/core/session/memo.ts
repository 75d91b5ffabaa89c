/**
 * Remembers the answers that were asked for lately, at most `size` of them and as many again that are on their way out. An answer that is asked for
 * stays; nothing is moved about while it is.
 */
export class Memo<Value> {
  readonly #size: number
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()

  constructor(size: number) {
    this.#size = size
  }

  get(key: string): Value | undefined {
    const found = this.#young.get(key)
    if (found !== undefined) return found
    const aged = this.#old.get(key)
    if (aged !== undefined) this.keep(key, aged)
    return aged
  }

  keep(key: string, value: Value): void {
    if (this.#young.size >= this.#size) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }

  /** For tests and metrics. */
  get count(): number {
    return new Set([...this.#young.keys(), ...this.#old.keys()]).size
  }
}
