/** Durations and short waits. Apart from the core's clock and timers: a clock may be set back, and a wait for an answer must keep the process alive. */
export interface Stopwatch {
  /** Milliseconds since some moment; never goes back. */
  now(): number
  /** Does the work after so many milliseconds; returns what calls it off. */
  after(milliseconds: number, work: () => void): () => void
}

/** The real one. */
export const stopwatch: Stopwatch = {
  now: () => performance.now(),
  after(milliseconds, work) {
    const timer = setTimeout(work, milliseconds)
    return () => clearTimeout(timer)
  },
}
