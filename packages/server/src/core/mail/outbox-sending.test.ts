import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { DAY, HOUR, MINUTE, newOutboxWorld, SECOND, settled } from '../../testing/outbox-world.ts'
import type { OutboxWorld } from '../../testing/outbox-world.ts'

let world: OutboxWorld

beforeEach(async () => {
  world = await newOutboxWorld()
})
afterEach(() => world.close())

const never = (): Promise<never> => new Promise(() => {})

describe('when sending fails', () => {
  test('the mail is tried again, each time after about twice the wait', async () => {
    const tries: number[] = []
    const outbox = world.outbox({
      sendMail: async () => {
        tries.push(world.time.now)
        if (tries.length < 8) throw new Error('down')
      },
    })
    outbox.start()
    await world.write(outbox)
    await world.time.pass(DAY)
    expect(tries).toHaveLength(8)
    tries.slice(1).forEach((at, index) => {
      const whole = 15 * SECOND * 2 ** index
      expect(at - (tries[index] ?? 0)).toBeGreaterThanOrEqual(whole / 2)
      // The outbox looks every ten seconds.
      expect(at - (tries[index] ?? 0)).toBeLessThanOrEqual(whole + 10 * SECOND)
    })
    expect(await world.store.outbox.size()).toBe(0)
  })

  test('mails that failed together do not come back together', async () => {
    const outbox = world.outbox({ sendMail: () => Promise.reject(new Error('down')) })
    outbox.start()
    await Promise.all(Array.from({ length: 4 }, () => world.write(outbox)))
    await world.time.pass(0)
    const next = world.logged.map(({ fields }) => ('nextTryAt' in fields ? fields.nextTryAt : null))
    // Two of them may meet in a millisecond
    expect(new Set(next).size).toBeGreaterThan(1)
  })

  test('it is given up when it is of no more use, at least once an hour until then', async () => {
    let tries = 0
    const outbox = world.outbox({
      sendMail: () => {
        tries += 1
        throw new Error('down')
      },
    })
    outbox.start()
    await world.write(outbox, {}, 'newDevice')
    await world.time.pass(DAY)
    expect(tries).toBeGreaterThan(24)
    expect(await world.store.outbox.size()).toBe(0)
    expect(world.logged.at(-1)).toMatchObject({ level: 'error', message: expect.stringContaining('was erased') as string })
  })

  test('a mail server that never answers counts as failed after thirty seconds', async () => {
    let tries = 0
    const outbox = world.outbox({ sendMail: mail => ((tries += 1) === 1 ? never() : Promise.resolve(void world.sent.push(mail))) })
    outbox.start()
    await world.write(outbox)
    await world.time.pass(29 * SECOND)
    expect(world.logged).toEqual([])
    await world.time.pass(SECOND)
    expect(world.logged[0]?.fields).toMatchObject({ error: 'Error: no answer within 30 seconds' })
    await world.time.pass(30 * SECOND)
    expect([tries, world.sent.length]).toEqual([2, 1])
  })

  test('an answer that comes too late and bad troubles nobody', async () => {
    let fail: (error: Error) => void = () => {}
    const outbox = world.outbox({ sendMail: () => new Promise((_, reject) => (fail = reject)) })
    outbox.start()
    await world.write(outbox)
    await world.time.pass(31 * SECOND)
    fail(new Error('late'))
    await settled()
    expect(world.logged.map(({ fields }) => 'error' in fields && fields.error)).toEqual(['Error: no answer within 30 seconds'])
  })

  test('a template that throws is tried again like everything else', async () => {
    let broken = true
    const subject = (): string => {
      if (broken) throw new Error('oops')
      return 'Hello'
    }
    const outbox = world.outbox({ emailTemplates: { resetPassword: { subject } } })
    outbox.start()
    await world.write(outbox)
    await world.time.pass(0)
    broken = false
    await world.time.pass(MINUTE)
    expect(world.sent.map(mail => mail.subject)).toEqual(['Hello'])
  })

  test('a store that fails for a while loses no mail', async () => {
    const outbox = world.outbox()
    await world.write(outbox)
    const broken = vi.spyOn(world.store.outbox, 'claim').mockRejectedValue(new Error('the database is gone'))
    outbox.start()
    await world.time.pass(MINUTE)
    expect(world.logged[0]).toMatchObject({ level: 'error' })
    broken.mockRestore()
    await world.time.pass(10 * SECOND)
    expect(world.sent).toHaveLength(1)
  })

  test('nothing secret gets into the log: neither token nor link nor address', async () => {
    const outbox = world.outbox({
      sendMail: mail => Promise.reject(new Error(`550 <${mail.to}> refused: ${mail.text} ${String(mail.html)}`)),
    })
    outbox.start()
    await world.write(outbox)
    await world.time.pass(4 * DAY)
    expect(world.logged.length).toBeGreaterThan(10)
    const log = JSON.stringify(world.logged)
    expect(log).toContain('a…@example.org')
    expect(log).not.toMatch(/t0ken|ada@/)
  })
})

describe('at once', () => {
  test('there are four deliveries, and one more for each that takes longer than three seconds, to twenty', async () => {
    let underWay = 0
    const outbox = world.outbox({
      sendMail: () => {
        underWay += 1
        return never()
      },
    })
    outbox.start()
    await Promise.all(Array.from({ length: 60 }, () => world.write(outbox)))
    const seen: number[] = []
    for (const wait of [0, 3, 3, 3, 3, 3]) {
      await world.time.pass(wait * SECOND)
      seen.push(underWay)
    }
    expect(seen).toEqual([4, 8, 12, 16, 20, 20])
  })

  test('a kick while the store is still being asked does not start a second round', async () => {
    const { outbox: kept } = world.store
    const claim = kept.claim.bind(kept)
    let asking = 0
    let most = 0
    vi.spyOn(kept, 'claim').mockImplementation(async (...asked) => {
      most = Math.max(most, (asking += 1))
      await new Promise<void>(resolve => void world.time.timers.after(SECOND, resolve))
      return claim(...asked).finally(() => (asking -= 1))
    })
    const outbox = world.outbox()
    outbox.start()
    for (let count = 0; count < 10; count += 1) {
      await world.write(outbox)
      await world.time.pass(100)
    }
    await world.time.pass(MINUTE)
    expect([most, world.sent.length]).toEqual([1, 10])
  })

  test('slow recipients do not hold up the others', async () => {
    const outbox = world.outbox({ sendMail: mail => (mail.to.startsWith('slow') ? never() : Promise.resolve(void world.sent.push(mail))) })
    outbox.start()
    for (let count = 0; count < 6; count += 1) await world.write(outbox, { to: 'slow@example.org' })
    await world.write(outbox)
    await world.time.pass(4 * SECOND)
    expect(world.sent.map(mail => mail.to)).toEqual(['ada@example.org'])
  })

  test('a queue longer than that is worked off without waiting', async () => {
    const outbox = world.outbox()
    outbox.start()
    await Promise.all(Array.from({ length: 200 }, () => world.write(outbox)))
    for (let round = 0; round < 50 && world.sent.length < 200; round += 1) await world.time.pass(0)
    expect(world.sent).toHaveLength(200)
  })
})

test('whatever fails in whatever order, every mail is sent in the end, and nothing is left', async () => {
  const outcomes = fc.array(fc.constantFrom('sent', 'refused', 'thrown', 'hangs'), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(30), { minLength: 1, maxLength: 12 }), outcomes, async (arrivals, planned) => {
      const own = await newOutboxWorld()
      const plan = [...planned]
      const received: string[] = []
      const outbox = own.outbox({
        sendMail: mail => {
          const outcome = plan.shift() ?? 'sent'
          if (outcome === 'thrown') throw new Error('thrown')
          if (outcome === 'refused') return Promise.reject(new Error('refused'))
          if (outcome === 'hangs') return never()
          received.push(mail.text)
          return Promise.resolve()
        },
        emailTemplates: { newDevice: { text: (_, __, data) => String(data.number) } },
      })
      outbox.start()
      for (const [number, wait] of arrivals.entries()) {
        await own.time.pass(wait * SECOND)
        await own.write(outbox, { data: { number } }, 'newDevice')
      }
      // One mail may meet all the failures: it is tried twenty times in thirteen hours at most, and is of use for a day
      for (let hours = 0; hours < 15 && (await own.store.outbox.size()) > 0; hours += 1) await own.time.pass(HOUR)
      expect(received.toSorted()).toEqual(arrivals.map((_, number) => String(number)).toSorted())
      expect(await own.store.outbox.size()).toBe(0)
      await own.close()
    }),
    { numRuns: 15, examples: [[[0], Array.from({ length: 20 }, () => 'refused')]] },
  )
})
