import type { Stop } from '@latchkey/common'
import type { Bus } from '../store.ts'
import type { SessionAndUser } from './session.ts'

/** Handed out when a load begins; decides at its end whether what was loaded may be kept. */
export type LoadTicket = { readonly at: number }

/**
 * Sessions and their users, kept in this process between checks, and never longer than the truth lasts.
 *
 * Every revocation and user change invalidates by user id, from this process or, over the bus, from any other. What a load brings is kept
 * only if no invalidation arrived since that load began: the load may have read the row just before it was changed. While the bus cannot
 * be sure to hear of changes, nothing is read from here at all.
 */
export class SessionCache {
  readonly #size: number
  readonly #bus: Bus | undefined
  /** By session id or `resume:<hash>`. Insertion order is age, so the first key is the one to drop. */
  readonly #entries = new Map<string, SessionAndUser>()
  readonly #keysOfUser = new Map<string, Set<string>>()
  /** Grows with each invalidation. */
  #now = 0
  #flushedAt = 0
  readonly #forgottenAt = new Map<string, number>()
  #loading = 0
  readonly #stop: Stop | undefined

  constructor({ size, bus }: { size: number; bus: Bus | undefined }) {
    this.#size = size
    this.#bus = bus
    this.#stop = bus?.listen(userId => (userId === null ? this.flush() : this.forget(userId)))
  }

  /** What is known under this key, or undefined: then ask the store. */
  get(key: string): SessionAndUser | undefined {
    // Asked first: a bus may flush this cache while it answers.
    if (!this.#bus?.trusted()) return undefined
    return this.#entries.get(key)
  }

  /** Loads from the store and keeps what it brings, unless something changed meanwhile. */
  async load(key: string, read: () => Promise<SessionAndUser | null>): Promise<SessionAndUser | null> {
    const ticket = this.begin()
    try {
      const found = await read()
      if (found) this.keep(key, found, ticket)
      return found
    } finally {
      this.finish()
    }
  }

  /** Notes that a load begins. Pair with {@link finish}. */
  begin(): LoadTicket {
    this.#loading += 1
    return { at: this.#now }
  }

  /** Keeps a loaded entry, unless it may be stale already. */
  keep(key: string, found: SessionAndUser, ticket: LoadTicket): void {
    if (this.#size === 0 || !this.#bus) return
    const userId = found.user.id
    if (this.#flushedAt > ticket.at || (this.#forgottenAt.get(userId) ?? 0) > ticket.at) return
    this.#drop(key)
    this.#entries.set(key, found)
    const keys = this.#keysOfUser.get(userId) ?? new Set()
    this.#keysOfUser.set(userId, keys.add(key))
    if (this.#entries.size > this.#size) this.#dropOldest()
  }

  /** Notes that a load ended. With none under way, past invalidations cannot matter any more. */
  finish(): void {
    this.#loading -= 1
    if (this.#loading === 0) this.#forgottenAt.clear()
  }

  /** Drops every session of a user. */
  forget(userId: string): void {
    this.#now += 1
    if (this.#loading > 0) this.#forgottenAt.set(userId, this.#now)
    for (const key of this.#keysOfUser.get(userId) ?? []) this.#entries.delete(key)
    this.#keysOfUser.delete(userId)
  }

  /** Drops everything. */
  flush(): void {
    this.#now += 1
    this.#flushedAt = this.#now
    this.#entries.clear()
    this.#keysOfUser.clear()
  }

  close(): void {
    this.#stop?.()
    this.flush()
  }

  /** For tests and metrics. */
  get count(): number {
    return this.#entries.size
  }

  #dropOldest(): void {
    const oldest = this.#entries.keys().next()
    if (!oldest.done) this.#drop(oldest.value)
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#entries.delete(key)
    const keys = this.#keysOfUser.get(entry.user.id)
    keys?.delete(key)
    if (keys?.size === 0) this.#keysOfUser.delete(entry.user.id)
  }
}
