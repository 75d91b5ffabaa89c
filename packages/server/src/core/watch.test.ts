import { describe, expect, it } from 'vitest'
import { stopOf, subscribe } from '@latchkey/common'
import type { Bus } from './store.ts'
import { Watchers } from './watch.ts'

/** Timers that run when they are told to. */
function handTimers(): {
  every: { work: () => void; isOn: boolean }[]
  pass(): void
  timers: ConstructorParameters<typeof Watchers>[0]['timers']
} {
  const every: { work: () => void; isOn: boolean }[] = []
  return {
    every,
    pass: () => every.filter(({ isOn }) => isOn).forEach(({ work }) => work()),
    timers: {
      after: () => stopOf(() => {}),
      every(_milliseconds, work) {
        const one = { work, isOn: true }
        every.push(one)
        return stopOf(() => (one.isOn = false))
      },
    },
  }
}

function handBus(): Bus & { believed: boolean; asked: number; say(userId: string | null): void; heard: number } {
  const listeners = new Set<(userId: string | null) => void>()
  return {
    believed: true,
    asked: 0,
    open: async () => {},
    close: async () => {},
    trusted() {
      this.asked += 1
      return this.believed
    },
    get heard() {
      return listeners.size
    },
    listen: listener => subscribe(listeners, listener),
    publish: async () => {},
    say: userId => listeners.forEach(listener => listener(userId)),
  }
}

describe('watchers', () => {
  it('are told what this process changed, and what the bus brings, until they stop', () => {
    const [bus, { timers }] = [handBus(), handTimers()]
    const watchers = new Watchers({ bus, timers })
    const told: (string | null)[] = []
    const stop = watchers.add(userId => told.push(userId))
    watchers.tell('ada')
    bus.say('bob')
    bus.say(null)
    stop()
    watchers.tell('eve')
    expect(told).toEqual(['ada', 'bob', null])
  })

  it('keep a bus awake that notices others only when it is asked, and nobody else does', () => {
    const [bus, hand] = [handBus(), handTimers()]
    const watchers = new Watchers({ bus, timers: hand.timers })
    expect([hand.every.length, bus.heard]).toEqual([0, 0])
    const stop = watchers.add(() => {})
    hand.pass()
    expect([bus.asked, bus.heard]).toEqual([1, 1])
    stop()
    hand.pass()
    expect([bus.asked, bus.heard]).toEqual([1, 0])
  })

  it.each([
    ['there is no bus', undefined],
    ['the bus cannot be believed', Object.assign(handBus(), { believed: false })],
  ])('are told within a second that anything may have changed while %s', (_why, bus) => {
    const hand = handTimers()
    const watchers = new Watchers({ bus, timers: hand.timers })
    const told: (string | null)[] = []
    watchers.add(userId => told.push(userId))
    // Five times 200 milliseconds.
    for (let turn = 0; turn < 5; turn++) hand.pass()
    expect(told).toEqual([null])
  })

  it('are told nothing for nothing while the bus is believed', () => {
    const hand = handTimers()
    const watchers = new Watchers({ bus: handBus(), timers: hand.timers })
    const told: (string | null)[] = []
    watchers.add(userId => told.push(userId))
    for (let turn = 0; turn < 50; turn++) hand.pass()
    expect(told).toEqual([])
  })
})
