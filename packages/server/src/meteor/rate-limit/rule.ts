/** One rule: which calls it is about, which of them it counts together, and how many it lets pass. */
import { createHash } from 'node:crypto'

/** What is asked about, for example `{ type: 'method', name: 'login', userId: null, connectionId: 'c', clientAddress: '192.0.2.1' }`. */
export type RateLimitInput = Readonly<Record<string, unknown>>

/**
 * Which calls a rule is about. `null`: any value, and the rule does not tell calls apart by it. A text or a number: that value. A function: values it answers something
 * true for, now or later; calls are then counted apart by the value.
 */
export type RateLimitMatcher = Readonly<Record<string, RateLimitMatch>>
export type RateLimitMatch = string | number | boolean | null | ((value: never) => unknown)

/** What became of one call. */
export interface RateLimitReply {
  allowed: boolean
  /** Milliseconds until the window of the rule ends. */
  timeToReset: number
  /** How many more would be let pass in this window. */
  numInvocationsLeft: number
  /** The rule that said so; absent when none was about the call. */
  ruleId?: string
}

/** Told after every call that a rule counted. */
export type RateLimitListener = (reply: Required<RateLimitReply>, input: RateLimitInput) => unknown

/** A rule as it is kept. */
export interface Rule {
  readonly id: string
  readonly matcher: RateLimitMatcher
  readonly limit: number
  /** Milliseconds. */
  readonly interval: number
  readonly listener: RateLimitListener | undefined
  /** How many rules of the same {@link shapeOf} were there before: what tells twins apart. */
  readonly twin: number
}

/** Is the rule about this call? A part that the rule asks for and the call does not have makes it another call. */
export async function isAbout({ matcher }: Pick<Rule, 'matcher'>, input: RateLimitInput): Promise<boolean> {
  for (const [key, wanted] of Object.entries(matcher)) {
    if (wanted === null) continue
    if (!Object.hasOwn(input, key)) return false
    if (typeof wanted === 'function') {
      // The app wrote it for the values of that key.
      if (!(await wanted(input[key] as never))) return false
    } else if (input[key] !== wanted) return false
  }
  return true
}

/** Characters of a bucket that is kept as it is. */
const LONGEST_BUCKET = 256

/**
 * What calls are counted by: the names and values of everything the rule does not leave open, in its order. The name of a method is whatever a client sent, so a
 * long one is kept as its digest.
 */
export function bucketOf({ matcher }: Pick<Rule, 'matcher'>, input: RateLimitInput): string {
  const bucket = Object.entries(matcher)
    .filter(([, wanted]) => wanted !== null)
    .map(([key]) => `${key}${String(input[key])}`)
    .join('')
  return bucket.length > LONGEST_BUCKET ? createHash('sha256').update(bucket).digest('base64url') : bucket
}

/** A rule in words that are the same in every process of the app, so that they can count together. */
export function shapeOf({ matcher, limit, interval }: Pick<Rule, 'matcher' | 'limit' | 'interval'>): string {
  const parts = Object.entries(matcher).map(([key, wanted]) => [key, typeof wanted === 'function' ? `(${wanted.toString()})` : wanted])
  return JSON.stringify([parts, limit, interval])
}
