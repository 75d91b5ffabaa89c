import { stopOf } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import type { Bus } from '../store.ts'
import { SessionCache } from './session-cache.ts'
import { isLive } from './session.ts'
import type { SessionAndUser } from './session.ts'

describe('SessionCache', () => {
  it('lets no ended session pass, in whatever order loads, inserts and invalidations meet', async () => {
    // A model of the database: the users' sessions and whether they ended. A load reads it at one moment and hands the copy in at another.
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ does: fc.constant('begin' as const), session: fc.nat(11) }) },
      { weight: 6, arbitrary: fc.record({ does: fc.constant('read' as const), load: fc.nat(5) }) },
      { weight: 6, arbitrary: fc.record({ does: fc.constant('insert' as const), load: fc.nat(5) }) },
      { weight: 3, arbitrary: fc.record({ does: fc.constant('end' as const), session: fc.nat(11) }) },
      { weight: 2, arbitrary: fc.record({ does: fc.constant('flush' as const), session: fc.nat(11) }) },
    )
    const isStale = (cached: SessionAndUser | undefined): boolean => cached !== undefined && isLive(cached, 0)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), steps => {
        const cache = new SessionCache({ size: 8, bus: fakeBus() })
        const ended = new Set<number>()
        const passed: number[] = []
        const loads: { session: number; ticket: { at: number }; copy?: SessionAndUser }[] = []
        for (const now of steps) {
          if (now.does === 'begin') loads.push({ session: now.session, ticket: cache.begin() })
          const load = 'load' in now ? loads[now.load] : undefined
          if (now.does === 'read' && load && !load.copy) load.copy = copyOf(load.session, ended.has(load.session))
          if (now.does === 'insert' && load?.copy) {
            cache.keep(`s${load.session}`, load.copy, load.ticket)
            cache.finish()
            loads.splice(loads.indexOf(load), 1)
          }
          if (now.does === 'end') {
            // The write commits, then the invalidation arrives, then the caller is answered.
            ended.add(now.session)
            cache.forget(userOf(now.session))
          }
          if (now.does === 'flush') {
            // Another process ended it, and all that is told is that something changed.
            ended.add(now.session)
            cache.flush()
          }
          passed.push(...[...ended].filter(session => isStale(cache.get(`s${session}`))))
        }
        expect(passed).toEqual([])
      }),
      { numRuns: 1000 },
    )
  })

  it('answers nothing while the bus cannot be trusted', () => {
    const bus = fakeBus()
    const cache = new SessionCache({ size: 10, bus })
    cache.keep('s1', copyOf(1, false), cache.begin())
    expect(cache.get('s1')).toBeDefined()
    bus.believed = false
    expect(cache.get('s1')).toBeUndefined()
  })

  it('keeps nothing without a bus', () => {
    const cache = new SessionCache({ size: 10, bus: undefined })
    cache.keep('s1', copyOf(1, false), cache.begin())
    expect([cache.get('s1'), cache.count]).toEqual([undefined, 0])
  })

  it('drops the oldest entry when it is full', () => {
    const cache = new SessionCache({ size: 2, bus: fakeBus() })
    for (const n of [1, 2, 3]) cache.keep(`s${n}`, copyOf(n, false), cache.begin())
    expect([1, 2, 3].map(n => cache.get(`s${n}`) !== undefined)).toEqual([false, true, true])
  })

  it('forgets only the user it is told of, and everything when told of nobody in particular', () => {
    const bus = fakeBus()
    const cache = new SessionCache({ size: 10, bus })
    for (const n of [0, 1, 2, 3]) cache.keep(`s${n}`, copyOf(n, false), cache.begin())
    bus.say(userOf(0))
    expect([0, 1, 2, 3].map(n => cache.get(`s${n}`) !== undefined)).toEqual([false, true, false, true])
    bus.say(null)
    expect(cache.count).toBe(0)
  })
})

/** Two sessions each. */
const userOf = (session: number): string => `u${session % 2}`

function copyOf(session: number, ended: boolean): SessionAndUser {
  return {
    session: {
      id: `s${session}`,
      userId: userOf(session),
      handle: 'h',
      generation: 0,
      epoch: 0,
      createdAt: 0,
      activeAt: 0,
      idle: null,
      expiresAt: Infinity,
      ...(ended ? { endedAt: 0 } : {}),
      ip: null,
      userAgent: null,
      device: '',
      factors: [],
      extra: {},
    },
    user: { id: userOf(session), emails: [], createdAt: 0, updatedAt: 0, epoch: 0, custom: {} },
  }
}

function fakeBus(): Bus & { believed: boolean; say(userId: string | null): void } {
  const listeners = new Set<(userId: string | null) => void>()
  return {
    believed: true,
    open: async () => {},
    close: async () => {},
    trusted() {
      return this.believed
    },
    listen(listener) {
      listeners.add(listener)
      return stopOf(() => listeners.delete(listener))
    },
    publish: async () => {},
    say: userId => listeners.forEach(listener => listener(userId)),
  }
}
