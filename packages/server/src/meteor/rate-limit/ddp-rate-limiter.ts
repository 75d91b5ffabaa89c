import { MeteorError } from '@latchkey/common/ddp'
import type { AttemptStore } from '../../core/store.ts'
import { OwnCounters, SharedCounters } from './counters.ts'
import { RuleLimiter } from './rate-limiter.ts'
import type { RateLimiterParts } from './rate-limiter.ts'
import type { RateLimitListener, RateLimitMatcher, RateLimitReply, Rule } from './rule.ts'

/** What a transport asks about: one call of a method, or one subscription. */
export interface DDPRateLimiterInput {
  type: 'method' | 'subscription'
  name: string
  userId: string | null
  connectionId: string
  clientAddress: string | null
}

/** What a rule is about. A part that is left out or `null` is open, and calls are not told apart by it. */
export interface DDPRateLimiterMatcher {
  type?: DDPMatch<DDPRateLimiterInput['type']>
  name?: DDPMatch<string>
  userId?: DDPMatch<string | null>
  connectionId?: DDPMatch<string>
  clientAddress?: DDPMatch<string | null>
}
type DDPMatch<Value> = Value | null | ((value: Value) => unknown)

/** Told after every call that a rule counted: what it said, and about what. */
export type DDPRateLimiterCallback = (reply: Required<RateLimitReply>, input: DDPRateLimiterInput) => unknown

/** What a client is told: a text, or what makes one of the verdict. */
export type RateLimitMessage = string | ((reply: RateLimitReply) => string)

/** Methods that the rule every server begins with is about. */
export const DEFAULT_METHODS: readonly string[] = ['login', 'createUser', 'resetPassword', 'forgotPassword', 'requestLoginTokenForUser']
const DEFAULT_LIMIT = 5
const DEFAULT_INTERVAL = 10_000

/**
 * Rules about how often methods may be called and publications subscribed to; Meteor's `DDPRateLimiter`. They come on top of Latchkey's own limits, which
 * count by address and account over every transport and are settings of the server.
 */
export class DDPRateLimiter {
  readonly #limiter: RuleLimiter
  readonly #messages = new Map<string, RateLimitMessage>()
  #message: RateLimitMessage = defaultMessage
  #defaultRule: string | undefined

  /** It begins with the rule of {@link addDefaultRateLimit}. */
  constructor(parts: RateLimiterParts) {
    this.#limiter = new RuleLimiter(parts)
    this.addDefaultRateLimit()
  }

  /**
   * Adds a rule. A call counts under every rule that is about it, and any of them refuses it.
   * @param callback told after every call that was counted. What it throws is logged.
   * @returns the id of the rule
   */
  addRule(
    matcher: DDPRateLimiterMatcher,
    numRequests: number = 10,
    timeInterval: number = 1000,
    callback?: DDPRateLimiterCallback,
  ): string {
    // Both types say the same of the same input; the rules know it as any record.
    return this.#limiter.add(matcher as RateLimitMatcher, numRequests, timeInterval, callback as RateLimitListener | undefined)
  }

  /** Takes a rule away. False: there is no such rule. */
  removeRule(id: string): boolean {
    this.#messages.delete(id)
    if (id === this.#defaultRule) this.#defaultRule = undefined
    return this.#limiter.remove(id)
  }

  /** What clients are told that were refused, unless the rule has a text of its own. */
  setErrorMessage(message: RateLimitMessage): void {
    this.#message = message
  }

  /** What clients are told that this rule refused. */
  setErrorMessageOnRule(id: string, message: RateLimitMessage): void {
    this.#messages.set(id, message)
  }

  /** What a client is told of a verdict. */
  getErrorMessage(reply: RateLimitReply): string {
    const message = (reply.ruleId === undefined ? undefined : this.#messages.get(reply.ruleId)) ?? this.#message
    return typeof message === 'function' ? message(reply) : message
  }

  /** The rules by id. */
  printRules(): Record<string, Pick<Rule, 'matcher' | 'limit' | 'interval'>> {
    return Object.fromEntries(this.#limiter.rules.map(({ id, matcher, limit, interval }) => [id, { matcher, limit, interval }]))
  }

  /** Limits signing in and up and asking for mail to five calls of each method in ten seconds on one connection. Does nothing when it is in force. */
  addDefaultRateLimit(): void {
    this.#defaultRule ??= this.addRule(
      {
        userId: null,
        clientAddress: null,
        type: 'method',
        name: name => DEFAULT_METHODS.includes(name),
        connectionId: () => true,
      },
      DEFAULT_LIMIT,
      DEFAULT_INTERVAL,
    )
  }

  /** Takes that rule away, and nothing else: Latchkey's own limits stay. False: it was not in force. */
  removeDefaultRateLimit(): boolean {
    return this.#defaultRule !== undefined && this.removeRule(this.#defaultRule)
  }

  /** From now on counts together with all processes that share these counters. Null: by itself again. */
  share(attempts: Pick<AttemptStore, 'count'> | null): void {
    this.#limiter.countIn(attempts ? new SharedCounters(attempts) : new OwnCounters())
  }

  /**
   * Counts a call, and refuses one too many. Transports ask before each method and subscription that a client calls.
   * @throws MeteorError `too-many-requests`, with `details.timeToReset` in milliseconds
   */
  async check(input: DDPRateLimiterInput): Promise<void> {
    const reply = await this.#limiter.check({ ...input })
    if (!reply.allowed) throw new MeteorError('too-many-requests', this.getErrorMessage(reply), { timeToReset: reply.timeToReset })
  }
}

function defaultMessage({ timeToReset }: RateLimitReply): string {
  return `Error, too many requests. Please slow down. You must wait ${Math.ceil(timeToReset / 1000)} seconds before trying again.`
}
