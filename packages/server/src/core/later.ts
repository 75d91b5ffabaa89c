import { AccountsError } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { Log, Timers } from './ports.ts'

/** Deeds that may be under way or wait at once. */
const MOST = 1000
/** Milliseconds: long enough for an answer to be on its way, whatever wire it takes. */
const AFTER = 20

/**
 * What is done after an answer, so that the time of the answer tells nothing about it. It is not kept anywhere: what a process that is killed had not done yet is
 * lost, so this is for what people ask for again when it does not come.
 */
export class Later {
  readonly #timers: Timers
  readonly #log: Log
  /** The last deed of each line. */
  readonly #lines = new Map<string, Promise<void>>()
  readonly #waiting = new Set<() => void>()
  #count = 0

  constructor({ timers, log }: { timers: Timers; log: Log }) {
    this.#timers = timers
    this.#log = log
  }

  /**
   * Begins the work when whoever calls has answered, and after what was begun before under the same name. What it throws is logged under `what`.
   * @throws AccountsError `Busy` when too much is under way already, whoever it is about
   */
  begin(line: string, what: string, work: () => Promise<void>): void {
    if (this.#count >= MOST) throw new AccountsError('Busy', { detail: 'too much is left to be done after the answer' })
    this.#count += 1
    const before = this.#lines.get(line) ?? this.#afterThis()
    const done = before
      .then(work)
      .catch((error: unknown) => this.#log.error({ err: error }, what))
      .finally(() => {
        this.#count -= 1
        if (this.#lines.get(line) === done) this.#lines.delete(line)
      })
    this.#lines.set(line, done)
  }

  /**
   * Resolves when nothing is under way any more. What has not begun begins now.
   * @param patience milliseconds after which it resolves all the same: the app's hooks are asked, and one of them may never answer
   */
  async settled(patience?: number): Promise<void> {
    let isOver = false
    let stop: Stop | undefined
    const over = new Promise<void>(resolve => {
      if (patience !== undefined) stop = this.#timers.after(patience, () => resolve(void (isOver = true)))
    })
    while (this.#lines.size > 0 && !isOver) {
      for (const begin of this.#waiting) begin()
      await Promise.race([Promise.all(this.#lines.values()), over])
    }
    stop?.()
    if (isOver) this.#log.error({ count: this.#count }, 'what was left to be done after an answer took too long, and is not waited for')
  }

  /** A timer, and not a promise alone: that would come before the answer is sent. */
  #afterThis(): Promise<void> {
    return new Promise(resolve => {
      const begin = (): void => {
        this.#waiting.delete(begin)
        resolve()
      }
      this.#waiting.add(begin)
      this.#timers.after(AFTER, begin)
    })
  }
}
