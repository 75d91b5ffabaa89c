import { describe, expect, it } from 'vitest'
import { FailureFloor } from './failure-floor.ts'

/** A time that passes when told to, and the waits that were asked for. */
function setUp() {
  const time = { now: 0, waits: [] as number[] }
  const floor = new FailureFloor({
    now: () => time.now,
    after(milliseconds, work) {
      time.waits.push(milliseconds)
      work()
      return () => {}
    },
  })
  return { time, floor }
}

describe('FailureFloor', () => {
  it('is a little above the slowest recipe', () => {
    const { floor } = setUp()
    expect(floor.height()).toBe(0)
    floor.note('argon2id', 10)
    floor.note('bcrypt', 50)
    expect(floor.height()).toBeCloseTo(60)
  })

  it('does not follow a single slow hash, and follows a lasting change', () => {
    const { floor } = setUp()
    for (let n = 0; n < 40; n++) floor.note('bcrypt', n === 10 ? 900 : 50)
    expect(floor.height()).toBeCloseTo(60)
    for (let n = 0; n < 40; n++) floor.note('bcrypt', 100)
    expect(floor.height()).toBeCloseTo(120)
  })

  it('stands still while the recipes take about as long as they did', () => {
    const { floor } = setUp()
    floor.note('bcrypt', 50)
    const height = floor.height()
    for (const milliseconds of [45, 56, 48, 57, 44]) {
      for (let n = 0; n < 40; n++) floor.note('bcrypt', milliseconds)
      expect(floor.height()).toBe(height)
    }
    for (let n = 0; n < 40; n++) floor.note('bcrypt', 20)
    expect(floor.height()).toBeCloseTo(24)
  })

  it('waits for what is left since the work began, and not at all beyond it', async () => {
    const { time, floor } = setUp()
    floor.note('bcrypt', 50)
    time.now = 1010
    await floor.hold(1000)
    expect(time.waits[0]).toBeCloseTo(50)
    time.now = 1100
    await floor.hold(1000)
    expect(time.waits).toHaveLength(1)
  })

  it('forgets recipes that the store no longer holds', () => {
    const { floor } = setUp()
    floor.note('argon2id', 10)
    floor.note('bcrypt', 50)
    floor.keepOnly(['argon2id'])
    expect(floor.knows('bcrypt')).toBe(false)
    expect(floor.height()).toBeCloseTo(12)
  })

  it('does not let a hanging function of the app hold up every failure for ever', () => {
    const { floor } = setUp()
    floor.note('custom', 600_000)
    expect(floor.height()).toBe(5000)
  })
})
