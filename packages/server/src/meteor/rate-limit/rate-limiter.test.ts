import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { fixedClock } from '../../testing/index.ts'
import type { FixedClock } from '../../testing/index.ts'
import { OwnCounters } from './counters.ts'
import { RuleLimiter } from './rate-limiter.ts'
import { bucketOf, isAbout } from './rule.ts'
import type { RateLimitMatcher } from './rule.ts'

interface Limited {
  limiter: RuleLimiter
  clock: FixedClock
  logged: string[]
}

function limited(most?: number): Limited {
  const clock = fixedClock('2026-01-01T00:00:00Z')
  const logged: string[] = []
  const limiter = new RuleLimiter({
    clock,
    chance: { bytes: length => randomBytes(length) },
    log: { error: (_fields, message) => void logged.push(message) },
    counters: new OwnCounters(most),
  })
  return { limiter, clock, logged }
}

const input = (over: object = {}): Record<string, unknown> => ({ userId: 1023, IPAddr: '127.0.0.1', method: 'login', ...over })

/** Whether each of so many calls is let pass. */
async function calls({ limiter }: Limited, times: number, over: object = {}): Promise<boolean[]> {
  const answers: boolean[] = []
  for (let call = 0; call < times; call += 1) answers.push((await limiter.check(input(over))).allowed)
  return answers
}

test('a limiter begins with no rules, and lets everything pass', async () => {
  const { limiter } = limited()
  expect(limiter.rules).toEqual([])
  expect(await limiter.check(input())).toEqual({ allowed: true, timeToReset: 0, numInvocationsLeft: Infinity })
})

test('only calls that a rule is about are limited by it', async () => {
  const one = limited()
  one.limiter.add({ userId: (id: number) => id === 1023, IPAddr: null, method: 'login' }, 1, 1000)
  expect(await calls(one, 2)).toEqual([true, false])
  expect(await calls(one, 3, { userId: 4 })).toEqual([true, true, true])
  expect(await calls(one, 3, { method: 'logout' })).toEqual([true, true, true])
})

test('the window of a rule ends for all its counters at once, and then everything is counted anew', async () => {
  const one = limited()
  one.limiter.add({ userId: () => true, method: 'login' }, 1, 1000)
  expect(await calls(one, 2)).toEqual([true, false])
  one.clock.pass(900)
  expect(await calls(one, 2, { userId: 4 })).toEqual([true, false])
  one.clock.pass(99)
  expect(await calls(one, 1)).toEqual([false])
  one.clock.pass(1)
  expect(await calls(one, 1)).toEqual([true])
  expect(await calls(one, 1, { userId: 4 })).toEqual([true])
})

test('of two rules about one call either refuses it', async () => {
  const one = limited()
  one.limiter.add({ method: 'login' }, 5, 1000)
  one.limiter.add({ userId: 1023 }, 2, 1000)
  expect(await calls(one, 3)).toEqual([true, true, false])
  expect(await calls(one, 3, { userId: 4 })).toEqual([true, true, false])
})

test('one rule counts calls apart by what it names', async () => {
  const one = limited()
  one.limiter.add({ userId: (id: number) => id % 2 === 1, method: 'login' }, 1, 1000)
  expect(await calls(one, 2)).toEqual([true, false])
  expect(await calls(one, 2, { userId: 1025 })).toEqual([true, false])
})

test('a rule that leaves everything open counts all calls together', async () => {
  const one = limited()
  one.limiter.add({ userId: null, IPAddr: null, method: null }, 2, 1000)
  expect(await calls(one, 1)).toEqual([true])
  expect(await calls(one, 2, { userId: 4, method: 'x' })).toEqual([true, false])
})

test('of refusing rules the one that lasts longest says how long; a call without what a rule asks for is not its business', async () => {
  const one = limited()
  one.limiter.add({ method: 'login' }, 1, 1000)
  const longest = one.limiter.add({ userId: 1023 }, 1, 5000)
  one.limiter.add({ nobodyHasThis: () => true }, 0, 90_000)
  await calls(one, 1)
  one.clock.pass(400)
  expect(await one.limiter.check(input())).toEqual({ allowed: false, timeToReset: 4600, numInvocationsLeft: 0, ruleId: longest })
})

test('while nobody refuses, the rule that leaves least is what is answered', async () => {
  const one = limited()
  one.limiter.add({ method: 'login' }, 10, 1000)
  const tight = one.limiter.add({ userId: 1023 }, 3, 5000)
  expect(await one.limiter.check(input())).toEqual({ allowed: true, timeToReset: 5000, numInvocationsLeft: 2, ruleId: tight })
})

test('a rule is about a call when every part it names fits: open ones always, values when equal, functions when they say so, now or later', async () => {
  const about = (matcher: RateLimitMatcher, call: object = input()): Promise<boolean> =>
    isAbout({ matcher }, call as Record<string, unknown>)
  expect(await about({})).toBe(true)
  expect(await about({ userId: null, other: null })).toBe(true)
  expect(await about({ userId: 1023, IPAddr: '127.0.0.1' })).toBe(true)
  expect(await about({ userId: 1024 })).toBe(false)
  expect(await about({ userId: '1023' })).toBe(false)
  expect(await about({ userId: (id: number) => id > 1000 })).toBe(true)
  expect(await about({ userId: async (id: number) => id > 2000 })).toBe(false)
  expect(await about({ userId: async (id: number) => id > 1000 })).toBe(true)
  expect(await about({ other: () => true })).toBe(false)
  expect(await about({ userId: null }, {})).toBe(true)
  expect(await about({ toString: () => true }, {})).toBe(false)
})

test('what is counted together is named by what the rule does not leave open, in its order', () => {
  expect(bucketOf({ matcher: { userId: null, IPAddr: null } }, input())).toBe('')
  expect(bucketOf({ matcher: { userId: (id: number) => id > 0, IPAddr: null, method: null } }, input())).toBe('userId1023')
  expect(bucketOf({ matcher: { userId: () => true, IPAddr: () => true } }, input({ userId: 1024 }))).toBe('userId1024IPAddr127.0.0.1')
})

test('a rule that is removed limits nothing any more', async () => {
  const one = limited()
  const id = one.limiter.add({}, 0, 1000)
  expect(await calls(one, 1)).toEqual([false])
  expect(one.limiter.remove(id)).toBe(true)
  expect(one.limiter.remove(id)).toBe(false)
  expect(await calls(one, 1)).toEqual([true])
})

test('a callback that throws, now or later, is logged, and the verdict stands', async () => {
  const one = limited()
  one.limiter.add({}, 1, 1000, () => {
    throw new Error('mine')
  })
  one.limiter.add({}, 1, 1000, () => Promise.reject(new Error('mine')))
  expect(await calls(one, 2)).toEqual([true, false])
  expect(one.logged).toHaveLength(4)
})

test('a flood of buckets takes bounded room: those that were begun first are forgotten', async () => {
  const one = limited(3)
  one.limiter.add({ userId: () => true }, 1, 1000)
  for (const userId of [1, 2, 3]) expect(await calls(one, 1, { userId })).toEqual([true])
  expect(await calls(one, 1, { userId: 3 })).toEqual([false])
  expect(await calls(one, 1, { userId: 4 })).toEqual([true])
  expect(await calls(one, 1, { userId: 3 })).toEqual([false])
  expect(await calls(one, 1, { userId: 1 })).toEqual([true])
})

test('of a name as long as a client likes to send only a digest is kept', () => {
  const matcher: RateLimitMatcher = { method: () => true, userId: () => true }
  const [one, other] = ['x', 'y'].map(end => bucketOf({ matcher }, input({ method: 'm'.repeat(1_000_000) + end })))
  expect(one?.length).toBeLessThan(100)
  expect(one).not.toBe(other)
})
