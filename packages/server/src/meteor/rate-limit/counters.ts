/** Where the calls under a rule are counted: in this process, or in the store for all of them. */
import { createHash } from 'node:crypto'
import type { AttemptStore } from '../../core/store.ts'
import { shapeOf } from './rule.ts'
import type { Rule } from './rule.ts'

/** How often a bucket was counted in the window that runs. */
export interface Counted {
  count: number
  /** Epoch milliseconds. */
  resetsAt: number
}

/** Counts calls. */
export interface Counters {
  raise(rule: Rule, bucket: string, now: number): Counted | Promise<Counted>
  forget(rule: Rule): void
}

/** Buckets of one rule at most: some 15 MB under the widest flood of connections. */
export const MOST_BUCKETS = 100_000

interface Window {
  endsAt: number
  counts: Map<string, number>
}

/**
 * Counts in this process. A rule has one window for all its buckets, which ends for all of them at once: what was counted then is dropped whole. A rule with
 * too many buckets forgets those that were begun first.
 */
export class OwnCounters implements Counters {
  readonly #windows = new Map<string, Window>()
  readonly #most: number

  constructor(most: number = MOST_BUCKETS) {
    this.#most = most
  }

  raise({ id, interval }: Rule, bucket: string, now: number): Counted {
    const running = this.#windows.get(id)
    const window = running && now < running.endsAt ? running : { endsAt: now + interval, counts: new Map<string, number>() }
    this.#windows.set(id, window)
    const count = (window.counts.get(bucket) ?? 0) + 1
    if (count === 1 && window.counts.size >= this.#most) this.#makeRoom(window)
    window.counts.set(bucket, count)
    return { count, resetsAt: window.endsAt }
  }

  forget({ id }: Rule): void {
    this.#windows.delete(id)
  }

  #makeRoom({ counts }: Window): void {
    // A map keeps the order in which its keys came.
    for (const oldest of counts.keys()) {
      counts.delete(oldest)
      return
    }
  }
}

/** Counts in the store, together with every other process that has the same rule. Windows begin with the first call of each bucket. */
export class SharedCounters implements Counters {
  readonly #attempts: Pick<AttemptStore, 'count'>

  constructor(attempts: Pick<AttemptStore, 'count'>) {
    this.#attempts = attempts
  }

  async raise(rule: Rule, bucket: string, now: number): Promise<Counted> {
    // Buckets hold addresses and whatever clients sent as names; keys of the store are short and say nothing of them.
    const key = `ddp:${createHash('sha256')
      .update(JSON.stringify([shapeOf(rule), rule.twin, bucket]))
      .digest('base64url')}`
    const [tally] = await this.#attempts.count([{ key, window: rule.interval }], now)
    return tally ?? { count: 1, resetsAt: now + rule.interval }
  }

  // What is in the store runs out by itself.
  forget(): void {}
}
