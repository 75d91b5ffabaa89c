import type { Chance, Clock, Log } from '../../core/ports.ts'
import { newId } from '../../core/session/secret.ts'
import { OwnCounters } from './counters.ts'
import type { Counters } from './counters.ts'
import { bucketOf, isAbout, shapeOf } from './rule.ts'
import type { RateLimitInput, RateLimitListener, RateLimitMatcher, RateLimitReply, Rule } from './rule.ts'

/** What a limiter works with. */
export interface RateLimiterParts {
  clock: Clock
  chance: Chance
  log: Pick<Log, 'error'>
  /** @default in this process */
  counters?: Counters
}

/** Rules, and the counting under them; Meteor's package `rate-limit`. */
export class RuleLimiter {
  readonly #rules = new Map<string, Rule>()
  readonly #parts: Omit<RateLimiterParts, 'counters'>
  #counters: Counters

  constructor({ counters = new OwnCounters(), ...parts }: RateLimiterParts) {
    this.#parts = parts
    this.#counters = counters
  }

  /** The rules in the order they were added. */
  get rules(): readonly Rule[] {
    return [...this.#rules.values()]
  }

  /** Adds a rule: at most `limit` calls of a kind in `interval` milliseconds. Answers its id. */
  add(matcher: RateLimitMatcher, limit: number, interval: number, listener?: RateLimitListener): string {
    const id = newId(this.#parts.chance)
    const shape = shapeOf({ matcher, limit, interval })
    const twin = this.rules.filter(rule => shapeOf(rule) === shape).length
    this.#rules.set(id, { id, matcher: { ...matcher }, limit, interval, listener, twin })
    return id
  }

  /** False: there is no such rule. */
  remove(id: string): boolean {
    const rule = this.#rules.get(id)
    if (rule) this.#counters.forget(rule)
    return this.#rules.delete(id)
  }

  /** From now on counted there. */
  countIn(counters: Counters): void {
    this.#counters = counters
  }

  /**
   * Counts a call under every rule that is about it, and judges. Any rule refuses, and the one that does so longest says for how long; else the one of
   * which least is left is what is answered. A call that no rule is about is let pass.
   */
  async check(input: RateLimitInput): Promise<RateLimitReply> {
    const verdicts: Required<RateLimitReply>[] = []
    for (const rule of this.rules) {
      if (await isAbout(rule, input)) verdicts.push(await this.#judge(rule, input))
    }
    const refusals = verdicts.filter(({ allowed }) => !allowed)
    if (refusals.length > 0) return refusals.reduce((longest, one) => (one.timeToReset > longest.timeToReset ? one : longest))
    const [first, ...others] = verdicts
    if (!first) return { allowed: true, timeToReset: 0, numInvocationsLeft: Infinity }
    return others.reduce((least, one) => (one.numInvocationsLeft < least.numInvocationsLeft ? one : least), first)
  }

  async #judge(rule: Rule, input: RateLimitInput): Promise<Required<RateLimitReply>> {
    const now = this.#parts.clock.now()
    const { count, resetsAt } = await this.#counters.raise(rule, bucketOf(rule, input), now)
    const reply = {
      allowed: count <= rule.limit,
      timeToReset: Math.max(0, resetsAt - now),
      numInvocationsLeft: Math.max(0, rule.limit - count),
      ruleId: rule.id,
    }
    await this.#tell(rule, reply, input)
    return reply
  }

  async #tell({ listener, id }: Rule, reply: Required<RateLimitReply>, input: RateLimitInput): Promise<void> {
    try {
      await listener?.({ ...reply }, { ...input })
    } catch (error) {
      this.#parts.log.error({ err: error, rule: id }, 'a rate limit told its callback, which threw; the verdict stands')
    }
  }
}
