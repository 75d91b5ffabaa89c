/** Deadlines of many sockets on one timer: an idle socket costs an entry in a set, not a timer of its own. */
import type { Stop } from '@latchkey/common'
import type { Ports } from '../../core/ports.ts'

/** Something that has one next deadline. */
export interface Timed {
  /** Where it is on the wheel; kept by the wheel, {@link NOWHERE} in the beginning. */
  place: number
  /** The deadline has come; late, when this process stood still meanwhile. Sets the next one itself, if there is any. */
  due(now: number, isLate: boolean): void
}

/** The place of what is not on the wheel. */
export const NOWHERE = -1

type WheelPorts = Pick<Ports, 'clock' | 'timers' | 'log'>

/** Deadlines are kept to within a step, and never early. */
export class Wheel {
  readonly #ports: WheelPorts
  readonly #step: number
  readonly #places = new Map<number, Set<Timed>>()
  #turning: Stop | undefined

  /** @param step in milliseconds */
  constructor(ports: WheelPorts, step: number) {
    this.#ports = ports
    this.#step = step
  }

  /** Sets the deadline, in the place of an earlier one. */
  set(item: Timed, at: number): void {
    this.clear(item)
    item.place = Math.ceil(at / this.#step)
    const there = this.#places.get(item.place)
    if (there) there.add(item)
    else this.#places.set(item.place, new Set([item]))
    this.#turning ??= this.#ports.timers.every(this.#step, () => this.#turn())
  }

  clear(item: Timed): void {
    const there = this.#places.get(item.place)
    if (there?.delete(item) && there.size === 0) this.#places.delete(item.place)
    item.place = NOWHERE
  }

  stop(): void {
    this.#turning?.stop()
    this.#turning = undefined
    this.#places.clear()
  }

  #turn(): void {
    const now = this.#ports.clock.now()
    const until = Math.floor(now / this.#step)
    for (const [place, items] of this.#places) {
      if (place > until) continue
      this.#places.delete(place)
      for (const item of items) this.#tell(item, now, place < until)
    }
    if (this.#places.size > 0) return
    this.#turning?.stop()
    this.#turning = undefined
  }

  #tell(item: Timed, now: number, isLate: boolean): void {
    item.place = NOWHERE
    try {
      item.due(now, isLate)
    } catch (error) {
      // The others are due as well.
      this.#ports.log.error({ err: error }, 'a deadline of a socket could not be kept')
    }
  }
}
