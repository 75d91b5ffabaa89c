import { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { HashGate } from './gate.ts'
import type { Turn } from './gate.ts'

describe('HashGate', () => {
  it('lets so many through at once and no more', async () => {
    const { enter, finish, started } = setUp({ concurrency: 2 })
    for (const name of ['a', 'b', 'c']) enter(name, [name])
    expect(started).toEqual(['a', 'b'])
    await finish('b')
    expect(started).toEqual(['a', 'b', 'c'])
  })

  it('hands back what the work hands back, and frees the place when the work throws', async () => {
    const gate = new HashGate({ concurrency: 1, queue: 1, maxWait: 1000 })
    expect(await gate.run(async () => 42, { keys: [] })).toBe(42)
    await expect(gate.run(() => Promise.reject(new Error('broken')), { keys: [] })).rejects.toThrow('broken')
    expect(await gate.run(async () => 43, { keys: [] })).toBe(43)
  })

  it('does not let one flooding address stand before the others', async () => {
    const { enter, finishAll, started } = setUp({ concurrency: 1 })
    for (let n = 0; n < 50; n++) enter(`flood ${n}`, ['address flood', `account ${n}`])
    enter('ada', ['address ada', 'account ada'])
    enter('grace', ['address grace', 'account grace'])
    await finishAll()
    expect(started.indexOf('ada')).toBe(2)
    expect(started.indexOf('grace')).toBe(3)
  })

  it('does not let many addresses at one account stand before the others', async () => {
    const { enter, finishAll, started } = setUp({ concurrency: 1 })
    for (let n = 0; n < 50; n++) enter(`botnet ${n}`, [`address ${n}`, 'account victim'])
    enter('ada', ['address ada', 'account ada'])
    await finishAll()
    expect(started.indexOf('ada')).toBe(2)
  })

  it('serves addresses in turn', async () => {
    const { enter, finishAll, started } = setUp({ concurrency: 1 })
    enter('first', [])
    for (const address of ['a', 'b', 'c']) for (let n = 0; n < 3; n++) enter(`${address}${n}`, [address])
    await finishAll()
    expect(started).toEqual(['first', 'a0', 'b0', 'c0', 'a1', 'b1', 'c1', 'a2', 'b2', 'c2'])
  })

  it('refuses when the queue is full, and says when to come back', async () => {
    const { enter, refused } = setUp({ concurrency: 1, queue: 2 })
    for (let n = 0; n < 4; n++) enter(`same ${n}`, ['same'])
    await settle()
    expect(refused).toEqual(['same 3'])
    const { gate } = setUp({ concurrency: 1, queue: 0 })
    void gate.run(() => new Promise(() => {}), { keys: [] })
    await expect(gate.run(async () => 1, { keys: [] })).rejects.toMatchObject({ code: 'Busy', retryAfter: 1 })
  })

  it('gives the place of whoever floods to a newcomer when the queue is full', async () => {
    const { enter, finishAll, refused, started } = setUp({ concurrency: 1, queue: 3 })
    for (let n = 0; n < 4; n++) enter(`flood ${n}`, ['flood'])
    enter('ada', ['ada'])
    await finishAll()
    expect(refused).toEqual(['flood 3'])
    expect(started).toEqual(['flood 0', 'flood 1', 'ada', 'flood 2'])
  })

  it('refuses who has waited too long, and only them', async () => {
    const { enter, finishAll, pass, refused, started } = setUp({ concurrency: 1, maxWait: 1000 })
    enter('running', [])
    enter('early', ['early'])
    pass(600)
    enter('late', ['late'])
    pass(400)
    await settle()
    expect(refused).toEqual(['early'])
    await finishAll()
    expect(started).toEqual(['running', 'late'])
  })

  it('lets low work through only while nobody else waits, and lets it go first', async () => {
    const { enter, finishAll, refused, started } = setUp({ concurrency: 1, queue: 2 })
    enter('running', [])
    enter('upgrade', ['ada'], true)
    enter('ada', ['ada'])
    await finishAll()
    expect(started).toEqual(['running', 'ada', 'upgrade'])
    const full = setUp({ concurrency: 1, queue: 1 })
    full.enter('running', [])
    full.enter('upgrade', [], true)
    full.enter('ada', ['ada'])
    full.enter('another upgrade', [], true)
    await settle()
    expect(refused).toEqual([])
    expect(full.refused).toEqual(['upgrade', 'another upgrade'])
  })

  it('estimates the wait from how long hashes take', async () => {
    const { enter, finish, gate, pass } = setUp({ concurrency: 1, queue: 40, maxWait: 1e9 })
    for (let n = 0; n < 40; n++) {
      enter(`warm ${n}`, [])
      pass(500)
      await finish(`warm ${n}`)
    }
    for (let n = 0; n <= 40; n++) enter(`n ${n}`, [])
    const refusal: unknown = await gate.run(async () => 1, { keys: [] }).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(AccountsError)
    expect((refusal as AccountsError).retryAfter).toBeGreaterThan(15)
    expect((refusal as AccountsError).retryAfter).toBeLessThan(25)
  })

  it('never exceeds its bounds and loses nobody, in whatever order people come and go', async () => {
    const step = fc.oneof(
      fc.record({ enter: fc.constantFrom('a', 'b', 'c'), low: fc.boolean() }),
      fc.constant('finish' as const),
      fc.constant('pass' as const),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
        const world = setUp({ concurrency: 2, queue: 4, maxWait: 100 })
        let entered = 0
        for (const one of steps) {
          if (one === 'finish') await world.finishOne()
          else if (one === 'pass') world.pass(30)
          else world.enter(`${entered++}`, [one.enter], one.low)
          expect(world.running.size).toBeLessThanOrEqual(2)
        }
        await world.finishAll()
        expect(world.started.length + world.refused.length).toBe(entered)
        expect(new Set([...world.started, ...world.refused]).size).toBe(entered)
      }),
    )
  })
})

/** Lets everything that is due happen. */
const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** A gate with workers that finish when told to, and a time that passes when told to. */
function setUp({ concurrency = 1, queue = 1000, maxWait = 10_000 } = {}) {
  const timers = new Set<{ at: number; work: () => void }>()
  let now = 0
  const time = {
    now: () => now,
    after(milliseconds: number, work: () => void) {
      const timer = { at: now + milliseconds, work }
      timers.add(timer)
      return () => timers.delete(timer)
    },
  }
  const gate = new HashGate({ concurrency, queue, maxWait }, time)
  const started: string[] = []
  const refused: string[] = []
  const running = new Map<string, () => void>()
  const enter = (name: string, keys: Turn['keys'], low = false): void => {
    const work = () =>
      new Promise<void>(resolve => {
        started.push(name)
        running.set(name, resolve)
      })
    gate.run(work, { keys, low }).catch(() => refused.push(name))
  }
  const finish = async (name: string): Promise<void> => {
    running.get(name)?.()
    running.delete(name)
    await settle()
  }
  const finishOne = async (): Promise<void> => {
    const [name] = running.keys()
    if (name !== undefined) await finish(name)
  }
  const finishAll = async (): Promise<void> => {
    await settle()
    while (running.size > 0) await finishOne()
  }
  const pass = (milliseconds: number): void => {
    now += milliseconds
    for (const timer of timers) {
      if (timer.at > now) continue
      timers.delete(timer)
      timer.work()
    }
  }
  return { gate, started, refused, running, enter, finish, finishOne, finishAll, pass }
}
