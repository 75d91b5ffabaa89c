import { describe, expect, it } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import type { Lockout } from '../settings.ts'
import { failureCounters, failureKeys, isLocked, knownDeviceOf, lockedFor, refuseLocked } from './lockout.ts'

const LOCKOUT: Lockout = { free: 5, first: 30_000, longest: 900_000, memory: 86_400_000 }
const NOW = 10_000_000_000

describe('lockedFor', () => {
  it.each([
    [0, 0],
    [5, 0],
    [6, 30_000],
    [7, 60_000],
    [8, 120_000],
    [10, 480_000],
    [11, 900_000],
    [2000, 900_000],
  ])('after %i failures in a row waits %i ms', (count, wait) => expect(lockedFor(LOCKOUT, { count, lastAt: NOW }, NOW)).toBe(wait))

  it('runs down and ends', () => {
    const failures = { count: 6, lastAt: NOW }
    expect(lockedFor(LOCKOUT, failures, NOW + 29_999)).toBe(1)
    expect(lockedFor(LOCKOUT, failures, NOW + 30_000)).toBe(0)
    expect(lockedFor(LOCKOUT, null, NOW)).toBe(0)
  })

  it('forgets failures after a long quiet, even when the wait would be longer', () => {
    const strict = { ...LOCKOUT, longest: 10 * LOCKOUT.memory }
    expect(lockedFor(strict, { count: 50, lastAt: NOW - LOCKOUT.memory }, NOW)).toBe(0)
  })

  it('never waits longer than the longest, and never less for one failure more', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(1_000_000), (count, passed) => {
        const wait = (failures: number) => lockedFor(LOCKOUT, { count: failures, lastAt: NOW - passed }, NOW)
        expect(wait(count)).toBeLessThanOrEqual(LOCKOUT.longest)
        expect(wait(count + 1)).toBeGreaterThanOrEqual(wait(count))
      }),
    )
  })

  it('allows fewer than a hundred guesses a day', () => {
    let [guesses, now] = [0, 0]
    while (now < 86_400_000) {
      guesses += 1
      now += lockedFor({ ...LOCKOUT, memory: Infinity }, { count: guesses, lastAt: now }, now)
    }
    expect(guesses).toBeLessThan(110)
  })
})

describe('refuseLocked', () => {
  it('refuses for the longest wait and tells the seconds', () => {
    const failures = [{ count: 6, lastAt: NOW - 500 }, null, { count: 7, lastAt: NOW - 500 }]
    expect(() => refuseLocked(LOCKOUT, failures, NOW)).toThrow(expect.objectContaining({ code: 'TooManyAttempts', retryAfter: 60 }))
    expect(isLocked(LOCKOUT, failures, NOW)).toBe(true)
  })

  it('lets everybody else through', () => {
    expect(() => refuseLocked(LOCKOUT, [], NOW)).not.toThrow()
    expect(() => refuseLocked(LOCKOUT, [null, { count: 5, lastAt: NOW }], NOW)).not.toThrow()
    expect(isLocked(LOCKOUT, [null, { count: 5, lastAt: NOW }], NOW)).toBe(false)
  })
})

describe('knownDeviceOf', () => {
  const known = { known: true, deviceId: 'phone' }
  const unknown = { known: false, deviceId: null }
  const session = { createdAt: 5, userId: 'ada' }

  it.each([
    ['a mark of the user', 'ada', known, undefined, 'phone'],
    ['a live session of the user', 'ada', unknown, session, 'session:ada:5'],
    ['both', 'ada', known, session, 'phone'],
    ['neither', 'ada', unknown, undefined, null],
    ["somebody else's session", 'grace', unknown, session, null],
    ['a mark, but an account that nobody has', null, known, session, null],
  ] as const)('judges %s', (_, userId, mark, asking, expected) => expect(knownDeviceOf(userId, mark, asking)).toBe(expected))
})

describe('failure counters', () => {
  const keys = { mac: (purpose: string, value: string) => `${purpose}(${value})` }
  const ADA = { kind: 'email', key: 'ada@example.org' } as const

  it('count a stranger by identifier and by user, and a known device by itself as well', () => {
    const named = failureKeys(keys, ADA, 'phone')
    expect(failureCounters(named, 'u1', false)).toEqual(['failures:identifier:identifier(email:ada@example.org)', 'failures:user:u1'])
    expect(failureCounters(named, 'u1', true)).toEqual([
      ...failureCounters(named, 'u1', false),
      'failures:device:identifier(5:phone:email:ada@example.org)',
    ])
  })

  it('count an account that nobody has just as well', () => {
    expect(failureCounters(failureKeys(keys, ADA, null), null, false)).toEqual(['failures:identifier:identifier(email:ada@example.org)'])
  })

  it('have no name when nothing was named', () => {
    expect(failureCounters(failureKeys(keys, null, 'phone'), null, false)).toEqual([])
  })

  it('never run a device id into an identifier', () => {
    const name = (deviceId: string, key: string) => failureKeys(keys, { kind: 'username', key }, deviceId).device
    fc.assert(
      fc.property(fc.anyText(), fc.anyText(), fc.anyText(), fc.anyText(), (a, b, c, d) => {
        fc.pre(a !== c || b !== d)
        expect(name(a, b)).not.toBe(name(c, d))
      }),
    )
  })
})
