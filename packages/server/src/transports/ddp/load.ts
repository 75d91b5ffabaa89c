/**
 * How much memory clients make this server keep for them: what they sent and has no answer yet, what they subscribed with, what they were sent and have not read, and what
 * waits until they are back. Each client has bounds of its own; these are for many clients of one address, and for all.
 */
import { countedAddress } from '../../wire/counted-address.ts'

/** In UTF-16 units, or bytes where it is on its way out. */
export interface LoadLimits {
  maxKeptBytes: number
  maxKeptBytesPerAddress: number
}

/** Everybody's. */
export class Load {
  readonly #limits: LoadLimits
  readonly #byAddress = new Map<string, number>()
  /** Those with something to read. */
  readonly #readers = new Set<Share>()
  #all = 0

  constructor(limits: LoadLimits) {
    this.#limits = limits
  }

  /** @param buffered what waits on the client's socket at this moment */
  share(address: string | null, buffered: () => number = () => 0): Share {
    return new Share(this, countedAddress(address), buffered)
  }

  add(key: string | null, size: number): void {
    this.#all += size
    if (key === null) return
    const sum = (this.#byAddress.get(key) ?? 0) + size
    if (sum === 0) this.#byAddress.delete(key)
    else this.#byAddress.set(key, sum)
  }

  reads(share: Share, hasMore: boolean): void {
    if (hasMore) this.#readers.add(share)
    else this.#readers.delete(share)
  }

  /** Sockets do not tell when they were read from, so they are asked when it matters. */
  isFull(key: string | null): boolean {
    if (!this.#exceeds(key)) return false
    for (const share of this.#readers) share.measure()
    return this.#exceeds(key)
  }

  #exceeds(key: string | null): boolean {
    return this.#all > this.#limits.maxKeptBytes || (key !== null && (this.#byAddress.get(key) ?? 0) > this.#limits.maxKeptBytesPerAddress)
  }
}

/** One client's, or one socket's. */
export class Share {
  readonly #load: Load
  readonly #key: string | null
  readonly #buffered: () => number
  #unread = 0

  constructor(load: Load, key: string | null, buffered: () => number) {
    this.#load = load
    this.#key = key
    this.#buffered = buffered
  }

  /** False: there is no room for that, and nothing was counted. */
  take(size: number): boolean {
    this.#load.add(this.#key, size)
    if (!this.#load.isFull(this.#key)) return true
    this.#load.add(this.#key, -size)
    return false
  }

  give(size: number): void {
    this.#load.add(this.#key, -size)
  }

  /** Looks at what the client has not read. False: it became more, and there is no room for that. */
  look(): boolean {
    return this.measure() <= 0 || !this.#load.isFull(this.#key)
  }

  /** Counts what the client has not read; by how much it is more than before. */
  measure(): number {
    const before = this.#unread
    this.#unread = this.#buffered()
    if (this.#unread === before) return 0
    this.#load.add(this.#key, this.#unread - before)
    this.#load.reads(this, this.#unread > 0)
    return this.#unread - before
  }

  /** The socket is closed: nothing will be read from it any more. */
  leave(): void {
    this.#load.add(this.#key, -this.#unread)
    this.#load.reads(this, false)
    this.#unread = 0
  }
}
