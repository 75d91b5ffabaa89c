/** How often a request may come: by address, by account and for the whole process. Counted before any hash is made. */
import { isIP } from 'node:net'
import { AccountsError } from '@latchkey/common'
import type { Keys } from '../keys.ts'
import type { Clock } from '../ports.ts'
import type { Limit, Settings } from '../settings.ts'
import type { AttemptStore, Count, Tally } from '../store.ts'

/** What is limited. Each kind has limits of its own in the settings. */
export type LimitKind = keyof Settings['limits']

/** Who asks. */
export interface Requester {
  /** The client's address; empty when unknown. Null: there is none, the app's own code asks, and nothing is counted by address. */
  ip: string | null
  /** The account as the caller named it (see `accountName`), whether or not it exists. Kept as a keyed hash only. */
  account?: string
}

/**
 * Counts requests and refuses too many. Every call does nothing while `settings.rateLimits` is false.
 *
 * Counters of addresses and accounts live in the store, so that several processes share them; `countsFor` hands them out to ride along in a
 * round trip that is made anyway. The limit of the whole process protects this process and is counted in it.
 */
export class RateLimiter {
  readonly #settings: Pick<Settings, 'rateLimits' | 'limits'>
  readonly #attempts: Pick<AttemptStore, 'count'>
  readonly #clock: Clock
  readonly #keys: Pick<Keys, 'mac'>
  readonly #here = new Windows(MOST_WINDOWS)
  /** Apart, so that no flood of addresses can push it out. */
  readonly #process = new Windows(MOST_WINDOWS)

  constructor(parts: {
    settings: Pick<Settings, 'rateLimits' | 'limits'>
    store: { attempts: Pick<AttemptStore, 'count'> }
    clock: Clock
    keys: Pick<Keys, 'mac'>
  }) {
    this.#settings = parts.settings
    this.#attempts = parts.store.attempts
    this.#clock = parts.clock
    this.#keys = parts.keys
  }

  /**
   * Counts the request against the limit of the whole process, and names the counters that the caller must raise in the store and then show to
   * {@link judge}: by address, and by account where one is named.
   * @throws AccountsError `TooManyAttempts` with `retryAfter` when the process has had enough, before any work was done
   */
  countsFor(kind: LimitKind, who: Requester): Count[] {
    if (!this.#settings.rateLimits) return []
    const { address, account, process } = this.#scopes(kind)
    if (process) this.judge(kind, [this.#process.raise({ key: keyOf(kind, 'process', 'all'), window: process.window }, this.#clock.now())])
    const counts: Count[] = []
    if (address && who.ip !== null) counts.push({ key: keyOf(kind, 'address', addressOf(who.ip)), window: address.window })
    if (account && who.account !== undefined) {
      counts.push({ key: keyOf(kind, 'account', this.#keys.mac('identifier', who.account)), window: account.window })
    }
    return counts
  }

  /**
   * Looks at counters that were raised. With `fromKnownDevice` those of the account are passed over: anybody can use them up, so they must not keep
   * the owner from a device they are known on (lockout still counts that device's own failures).
   * @throws AccountsError `TooManyAttempts` with `retryAfter` when one of them is over its limit
   */
  judge(kind: LimitKind, tallies: readonly Tally[], { fromKnownDevice = false }: { fromKnownDevice?: boolean } = {}): void {
    if (!this.#settings.rateLimits) return
    const spared = fromKnownDevice ? keyOf(kind, 'account', '') : undefined
    const judged = tallies.filter(({ key }) => spared === undefined || !key.startsWith(spared))
    const over = judged.filter(({ key, count }) => count > this.#limitOf(kind, key))
    if (over.length > 0) throw tooMany(Math.max(...over.map(tally => tally.resetsAt)) - this.#clock.now())
  }

  /**
   * Counts in the store and judges: for requests without a round trip that could carry the counters.
   * @throws AccountsError `TooManyAttempts` with `retryAfter`
   */
  async hit(kind: LimitKind, who: Requester): Promise<void> {
    const counts = this.countsFor(kind, who)
    if (counts.length > 0) this.judge(kind, await this.#attempts.count(counts, this.#clock.now()))
  }

  /**
   * Counts in this process alone and judges: for frequent requests that are not worth a write.
   * @throws AccountsError `TooManyAttempts` with `retryAfter`
   */
  hitHere(kind: LimitKind, who: Requester): void {
    const now = this.#clock.now()
    this.judge(
      kind,
      this.countsFor(kind, who).map(count => this.#here.raise(count, now)),
    )
  }

  /** True once a minute for each address: what a flood is refused must not become a flood of audit lines. */
  isNews({ ip }: { ip: string }): boolean {
    return this.#here.raise({ key: `refused:${addressOf(ip)}`, window: NEWS_EVERY }, this.#clock.now()).count === 1
  }

  #limitOf(kind: LimitKind, key: string): number {
    const scope = SCOPES.find(name => key.startsWith(keyOf(kind, name, '')))
    return (scope && this.#scopes(kind)[scope]?.limit) ?? Infinity
  }

  #scopes(kind: LimitKind): Partial<Record<Scope, Limit>> {
    return this.#settings.limits[kind]
  }
}

/**
 * The part of an address that one subscriber cannot change at will: IPv4 whole, IPv6 by its /64 (RFC 6177: nobody gets less), an IPv4 address
 * inside IPv6 as IPv4. What is no address shares one key, so that nonsense cannot be used to look like many.
 */
export function addressOf(ip: string): string {
  const bare = ip.split('%', 1)[0] ?? ''
  const version = isIP(bare)
  if (version === 4) return bare
  if (version !== 6) return 'unknown'
  const groups = groupsOf(bare)
  // ::ffff:0:0/96, what a dual-stack socket reports for an IPv4 client
  const [sixth = 0, high = 0, low = 0] = groups.slice(5)
  if (sixth === 0xffff && groups.slice(0, 5).every(group => group === 0)) return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  return `${groups
    .slice(0, 4)
    .map(group => group.toString(16))
    .join(':')}::/64`
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(ip: string): number[] {
  const [left = [], right = []] = ip.split('::', 2).map(readGroups)
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
}

function readGroups(part: string): number[] {
  if (part === '') return []
  return part.split(':').flatMap(group => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}

const SCOPES = ['address', 'account', 'process'] as const
type Scope = (typeof SCOPES)[number]

const keyOf = (kind: LimitKind, scope: Scope, of: string): string => `rate:${kind}:${scope}:${of}`

const tooMany = (wait: number): AccountsError => new AccountsError('TooManyAttempts', { retryAfter: Math.max(1, Math.ceil(wait / 1000)) })

const NEWS_EVERY = 60_000

/** Counters kept in the process. About 200 bytes each, so at most some 20 MB under the widest attack. */
const MOST_WINDOWS = 100_000

/** Fixed windows that begin with their first request, at most `most` of them. */
export class Windows {
  readonly #most: number
  readonly #open = new Map<string, Tally>()

  constructor(most: number) {
    this.#most = most
  }

  raise({ key, window }: Count, now: number): Tally {
    const found = this.#open.get(key)
    if (found && now < found.resetsAt) {
      found.count += 1
      return found
    }
    const fresh = { key, count: 1, resetsAt: now + window }
    // Deleted first, so that the map stays in the order in which windows began.
    this.#open.delete(key)
    if (this.#open.size >= this.#most) this.#makeRoom(now)
    this.#open.set(key, fresh)
    return fresh
  }

  /**
   * Drops the windows that began first: one at least, and with it those beside it that are over. To make us forget a window early, an attacker needs as
   * many addresses as there is room for.
   */
  #makeRoom(now: number): void {
    for (const [key, tally] of this.#open) {
      if (this.#open.size < this.#most && now < tally.resetsAt) break
      this.#open.delete(key)
    }
  }
}
