import { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import type { Limits } from '../settings.ts'
import type { AttemptStore, Count, Tally } from '../store.ts'
import { RateLimiter, addressOf } from './rate-limit.ts'

describe('addressOf', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:0207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8::192.0.2.7', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', 'unknown'],
    ['not an address', 'unknown'],
    ['192.0.2.7:443', 'unknown'],
    ['1.2.3.4, 5.6.7.8', 'unknown'],
  ])('counts %s as %s', (ip, expected) => expect(addressOf(ip)).toBe(expected))

  it('gives every address of one /64 the same key, however it is written', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 }), (ip, host) => {
        const key = addressOf(ip)
        const neighbour = `${key.replace('::/64', '')}:${host.map(group => group.toString(16)).join(':')}`
        fc.pre(key.endsWith('::/64') && !neighbour.startsWith('0:0:0:0:'))
        expect(addressOf(neighbour)).toBe(key)
      }),
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.anyText(), text => {
        expect(addressOf(text)).not.toBe('')
      }),
    )
  })
})

describe('RateLimiter', () => {
  it('names counters by address and by account, the account as a keyed hash', () => {
    const { limiter } = setUp()
    expect(limiter.countsFor('login', { ip: '::ffff:192.0.2.7', account: 'email:ada@example.org' })).toEqual([
      { key: 'rate:login:address:192.0.2.7', window: 60_000 },
      { key: 'rate:login:account:mac(identifier,email:ada@example.org)', window: 60_000 },
    ])
    expect(limiter.countsFor('register', { ip: '', account: 'email:ada@example.org' })).toEqual([
      { key: 'rate:register:address:unknown', window: 60_000 },
    ])
  })

  it('lets the limit pass, refuses what is beyond it, and says when to come back', async () => {
    const { limiter, clock } = setUp()
    const who = { ip: '192.0.2.7', account: 'a' }
    for (let attempt = 0; attempt < 3; attempt++) await limiter.hit('login', who)
    clock.time += 20_500
    await expect(limiter.hit('login', who)).rejects.toMatchObject({ code: 'TooManyAttempts', retryAfter: 40 })
    clock.time += 40_000
    await limiter.hit('login', who)
  })

  it('counts an account across addresses and an address across accounts', async () => {
    const { limiter } = setUp()
    for (let attempt = 0; attempt < 3; attempt++) await limiter.hit('login', { ip: `192.0.2.${attempt}`, account: 'victim' })
    await expect(limiter.hit('login', { ip: '192.0.2.9', account: 'victim' })).rejects.toMatchObject({ code: 'TooManyAttempts' })
    for (let attempt = 0; attempt < 4; attempt++) await limiter.hit('login', { ip: '198.51.100.1', account: `stranger ${attempt}` })
    await expect(limiter.hit('login', { ip: '198.51.100.1', account: 'one more' })).rejects.toMatchObject({ code: 'TooManyAttempts' })
  })

  it('does not let a used-up account keep out a device the user is known on, nor that device use up its address', () => {
    const { limiter, clock } = setUp()
    const resetsAt = clock.time + 1000
    const tallies = [
      { key: 'rate:login:address:192.0.2.7', count: 1, resetsAt },
      { key: 'rate:login:account:x', count: 99, resetsAt },
    ]
    expect(() => limiter.judge('login', tallies)).toThrow(AccountsError)
    expect(() => limiter.judge('login', tallies, { fromKnownDevice: true })).not.toThrow()
    const flood = [{ key: 'rate:login:address:192.0.2.7', count: 99, resetsAt }]
    expect(() => limiter.judge('login', flood, { fromKnownDevice: true })).toThrow(AccountsError)
  })

  it('refuses a flood from everywhere before anything reaches the store', async () => {
    const { limiter, counted } = setUp()
    for (let attempt = 0; attempt < 10; attempt++) await limiter.hit('login', { ip: `192.0.2.${attempt}` })
    await expect(limiter.hit('login', { ip: '198.51.100.1' })).rejects.toMatchObject({ code: 'TooManyAttempts' })
    expect(counted.size).toBe(10)
  })

  it('counts in the process alone when asked to', () => {
    const { limiter, counted, clock } = setUp()
    const hit = () => limiter.hitHere('token', { ip: '192.0.2.7' })
    for (let attempt = 0; attempt < 3; attempt++) hit()
    expect(hit).toThrow(AccountsError)
    clock.time += 60_000
    expect(hit).not.toThrow()
    expect(counted.size).toBe(0)
  })

  it('keeps a bounded number of windows, and forgets the oldest first', () => {
    const { limiter } = setUp()
    const hit = (n: number) => limiter.hitHere('token', { ip: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}` })
    for (let n = 0; n < 3; n++) hit(0)
    for (let n = 1; n < 100_000; n++) hit(n)
    expect(() => hit(0)).toThrow(AccountsError)
    hit(100_000)
    expect(() => hit(0)).not.toThrow()
  })

  it('does nothing when limits are off', async () => {
    const { limiter, counted } = setUp({ rateLimits: false })
    for (let attempt = 0; attempt < 50; attempt++) {
      await limiter.hit('login', { ip: '192.0.2.7', account: 'a' })
      limiter.hitHere('token', { ip: '192.0.2.7' })
    }
    expect(limiter.countsFor('login', { ip: '192.0.2.7' })).toEqual([])
    limiter.judge('login', [{ key: 'rate:login:address:192.0.2.7', count: 99, resetsAt: 1 }])
    expect(counted.size).toBe(0)
  })
})

function setUp({ rateLimits = true } = {}) {
  const window = 60_000
  const limits: Limits = {
    login: { address: { limit: 4, window }, account: { limit: 3, window }, process: { limit: 10, window } },
    register: { address: { limit: 3, window }, process: { limit: 10, window } },
    mail: { address: { limit: 3, window }, account: { limit: 3, window } },
    token: { address: { limit: 3, window } },
    offer: { address: { limit: 3, window } },
  }
  const clock = { time: 1_000_000, now: () => clock.time }
  const counted = new Map<string, Tally>()
  const attempts: Pick<AttemptStore, 'count'> = {
    count: async (counts: Count[], now: number) =>
      counts.map(({ key, window: lasts }) => {
        const found = counted.get(key)
        const tally = found && now < found.resetsAt ? { ...found, count: found.count + 1 } : { key, count: 1, resetsAt: now + lasts }
        counted.set(key, tally)
        return tally
      }),
  }
  const keys = { mac: (purpose: string, value: string) => `mac(${purpose},${value})` }
  return { limiter: new RateLimiter({ settings: { rateLimits, limits }, store: { attempts }, clock, keys }), clock, counted }
}
