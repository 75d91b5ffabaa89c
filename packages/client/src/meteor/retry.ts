/** Trying again, where a server did not say no but "not now". */

/** Meteor's error codes after which the same may go well a moment later. */
const FOR_NOW: readonly unknown[] = ['too-many-requests', 500, 503, 429]

/** True for a limit and for a busy or broken server: that says nothing about who somebody is. */
export const isForNow = (error: unknown): boolean => isFromServer(error) && FOR_NOW.includes(error.error)

/** Errors of the connection on this side. */
const OF_THIS_SIDE: readonly unknown[] = [
  'connection-closed',
  'connection-failed',
  'invocation-failed',
  'too-many-methods',
  'malformed-result',
]

/** True when the server has judged. A connection that was closed has not. */
export const isRefusal = (error: unknown): boolean =>
  isFromServer(error) && !FOR_NOW.includes(error.error) && !OF_THIS_SIDE.includes(error.error)

const isFromServer = (error: unknown): error is Error & { error: unknown } => error instanceof Error && 'error' in error

const FIRST_WAIT = 1000
const LONGEST_WAIT = 60_000

/** One thing that is tried again, after longer and longer pauses. A newer one replaces it. */
export class Retry {
  #round = 0
  #wait = FIRST_WAIT
  #pending: { timer: ReturnType<typeof setTimeout>; giveUp: () => void } | undefined

  /** Begins a new one. The answer is true for as long as that is the newest. */
  begin(): () => boolean {
    this.end()
    const round = this.#round
    return () => round === this.#round
  }

  /** Calls one of the two: `again` later, as late as the server asked for at least, or `giveUp` when this is ended before. */
  later(error: unknown, again: () => void, giveUp: () => void): void {
    const run = (): void => {
      this.#pending = undefined
      again()
    }
    this.#pending = { timer: setTimeout(run, Math.max(this.#wait, timeToReset(error))), giveUp }
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT)
  }

  end(): void {
    const pending = this.#pending
    this.#pending = undefined
    this.#round++
    this.#wait = FIRST_WAIT
    if (!pending) return
    clearTimeout(pending.timer)
    pending.giveUp()
  }
}

/** Milliseconds, as a rate limit says it. */
function timeToReset(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('details' in error)) return 0
  const { details } = error
  if (typeof details !== 'object' || details === null || !('timeToReset' in details)) return 0
  return typeof details.timeToReset === 'number' ? Math.min(details.timeToReset, LONGEST_WAIT) : 0
}
