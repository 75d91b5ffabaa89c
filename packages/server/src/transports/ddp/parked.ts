/** Sessions whose clients are away. Sockets are counted where they come in, and these have none: so there are only so many, in all and of one address. */
import { countedAddress } from '../../wire/counted-address.ts'

/** Of more, the one that has waited longest ends. */
const MOST = 10_000
const MOST_OF_ADDRESS = 1000

/** A session, as far as it is kept here. */
export interface Parkable {
  readonly facts: { readonly clientAddress: string | null }
  close(): void
}

export class Parked {
  /** Those who left first in front. */
  readonly #all = new Set<Parkable>()
  readonly #byAddress = new Map<string, Set<Parkable>>()

  get size(): number {
    return this.#all.size
  }

  add(session: Parkable): void {
    this.#all.add(session)
    if (this.#all.size > MOST) first(this.#all)?.close()
    const key = countedAddress(session.facts.clientAddress)
    if (key === null) return
    const same = this.#byAddress.get(key) ?? new Set()
    this.#byAddress.set(key, same.add(session))
    if (same.size > MOST_OF_ADDRESS) first(same)?.close()
  }

  /** It ended, or its client is back. */
  delete(session: Parkable): void {
    if (!this.#all.delete(session)) return
    const key = countedAddress(session.facts.clientAddress)
    const same = key === null ? undefined : this.#byAddress.get(key)
    same?.delete(session)
    if (key !== null && same?.size === 0) this.#byAddress.delete(key)
  }
}

const first = (sessions: Iterable<Parkable>): Parkable | undefined => {
  const [one] = sessions
  return one
}
