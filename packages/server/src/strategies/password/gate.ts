import { AccountsError } from '@latchkey/common'
import { stopwatch } from './stopwatch.ts'
import type { Stopwatch } from './stopwatch.ts'

/** Bounds of the gate. */
export interface GateSettings {
  /** Pieces of work under way at once. */
  concurrency: number
  /** Most that wait. */
  queue: number
  /** Longest wait, in milliseconds. */
  maxWait: number
}

/** Whose work it is. */
export interface Turn {
  /** The address, the account: work is shared out evenly over each of these. */
  keys: readonly string[]
  /** Only when nobody else waits, and the first to go when there is no room. */
  low?: boolean
}

/**
 * Lets a bounded number of hashes through at once, so that a storm of logins slows logins down and nothing else.
 *
 * Who waits is served fairly: each waiter gets a rank one above the last of its address and of its account (start-time fair queueing), so a
 * thousand requests from one address, or for one account, stand behind each other and not before everybody else. When the queue is full the
 * highest rank goes, not the newcomer.
 */
export class HashGate {
  readonly #settings: GateSettings
  readonly #time: Stopwatch
  #running = 0
  /** Rank of whoever was let through last. */
  #served = 0
  /** In order of rank, then of arrival. */
  readonly #waiting: Waiter[] = []
  readonly #lanes = new Map<string, Lane>()
  /** Running mean of how long a piece of work takes, for `retryAfter`. */
  #pace = 0

  constructor(settings: GateSettings, time: Stopwatch = stopwatch) {
    this.#settings = settings
    this.#time = time
  }

  /**
   * Does the work when its turn comes.
   * @throws AccountsError `Busy` with `retryAfter` when there is no room or the wait takes too long
   */
  async run<T>(work: () => Promise<T>, turn: Turn): Promise<T> {
    if (this.#running < this.#settings.concurrency && this.#waiting.length === 0) this.#running += 1
    else await this.#wait(turn)
    const began = this.#time.now()
    try {
      return await work()
    } finally {
      this.#pace += (this.#time.now() - began - this.#pace) / 8
      this.#running -= 1
      this.#letNextIn()
    }
  }

  #wait({ keys, low = false }: Turn): Promise<void> {
    const rank = low ? Infinity : Math.max(this.#served, ...keys.map(key => this.#lanes.get(key)?.last ?? 0)) + 1
    const last = this.#waiting.at(-1)
    if (this.#waiting.length >= this.#settings.queue) {
      if (!last || last.rank <= rank) return Promise.reject(this.#busy())
      this.#leave(last)
      last.refuse(this.#busy())
    }
    return new Promise((enter, refuse) => {
      const waiter: Waiter = { rank, keys: low ? [] : keys, enter, refuse, callOff: () => {} }
      waiter.callOff = this.#time.after(this.#settings.maxWait, () => {
        this.#leave(waiter)
        refuse(this.#busy())
      })
      this.#queue(waiter)
    })
  }

  #queue(waiter: Waiter): void {
    for (const key of waiter.keys) {
      const lane = this.#lanes.get(key) ?? { last: 0, waiting: 0 }
      this.#lanes.set(key, { last: waiter.rank, waiting: lane.waiting + 1 })
    }
    this.#waiting.splice(this.#waiting.findLastIndex(other => other.rank <= waiter.rank) + 1, 0, waiter)
  }

  #letNextIn(): void {
    const next = this.#waiting[0]
    if (!next || this.#running >= this.#settings.concurrency) return
    this.#leave(next)
    if (next.rank !== Infinity) this.#served = next.rank
    this.#running += 1
    next.enter()
  }

  /** A lane is kept only while somebody waits in it: the past is not held against anybody. */
  #leave(waiter: Waiter): void {
    waiter.callOff()
    this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
    for (const key of waiter.keys) {
      const lane = this.#lanes.get(key)
      if (lane && lane.waiting > 1) lane.waiting -= 1
      else this.#lanes.delete(key)
    }
  }

  #busy(): AccountsError {
    const wait = (this.#pace * (this.#waiting.length + 1)) / this.#settings.concurrency
    return new AccountsError('Busy', { retryAfter: Math.max(1, Math.ceil(wait / 1000)), detail: 'the queue for password hashing is full' })
  }
}

interface Waiter {
  rank: number
  keys: readonly string[]
  enter: () => void
  refuse: (reason: AccountsError) => void
  callOff: () => void
}

interface Lane {
  /** The highest rank in it. */
  last: number
  waiting: number
}
