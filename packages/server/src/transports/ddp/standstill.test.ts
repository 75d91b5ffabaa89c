import { stopOf } from '@latchkey/common'
import { expect, test } from 'vitest'
import { WireClient } from '../../testing/ddp-wire.ts'
import { DDPServer } from './index.ts'

/** A process that can stand still: time goes on, and its timers come late, before any socket is read. */
class Process {
  now = 0
  readonly #works = new Set<{ every: number; next: number; work: () => void }>()

  server(): DDPServer {
    const every = (milliseconds: number, work: () => void) => {
      const one = { every: milliseconds, next: this.now + milliseconds, work }
      this.#works.add(one)
      return stopOf(() => this.#works.delete(one))
    }
    return new DDPServer({ ports: { clock: { now: () => this.now }, timers: { every, after: every } } })
  }

  standStill(seconds: number): void {
    this.now += seconds * 1000
    for (const one of this.#works) {
      if (one.next > this.now) continue
      one.next = this.now + one.every
      one.work()
    }
  }

  run(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) this.standStill(1)
  }
}

test('a server that stood still reads what its clients said meanwhile before it takes them for dead', () => {
  const process = new Process()
  const server = process.server()
  const [one, other] = [WireClient.connected(server), WireClient.connected(server)]
  process.run(16)
  expect(one.arrived.at(-1)).toEqual({ msg: 'ping' })
  process.standStill(60)
  one.say({ msg: 'pong' })
  process.run(2)
  expect([one.isClosed, other.isClosed]).toEqual([false, true])
})

test('a server that stood still lets clients begin that knocked meanwhile', () => {
  const process = new Process()
  const server = process.server()
  const [one, other] = [new WireClient(server), new WireClient(server)]
  process.standStill(60)
  one.say({ msg: 'connect', version: '1', support: ['1'] })
  other.say({ msg: 'ping' })
  process.run(2)
  expect([one.isClosed, other.isClosed]).toEqual([false, true])
})
