import type { Identifier } from '@latchkey/server'

/**
 * Who has which unique key. Users come oldest first, so the oldest gets what several claim. Keeps about 150 bytes for each name and address of the old
 * database.
 */
export class Claims {
  readonly #owners = new Map<string, string>()

  /** True when the key is this user's, now or already. */
  claim(identifier: Identifier, userId: string): boolean {
    const key = keyOf(identifier)
    const owner = this.#owners.get(key)
    if (owner === undefined) this.#owners.set(key, userId)
    return owner === undefined || owner === userId
  }

  /** Notes what is known from elsewhere: it stands, whoever comes first. */
  settle(identifier: Identifier, userId: string): void {
    this.#owners.set(keyOf(identifier), userId)
  }
}

const keyOf = ({ kind, key }: Identifier): string => `${kind}\0${key}`
