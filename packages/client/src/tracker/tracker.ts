/** What is used of a `Tracker`: that of Meteor, or one that is made like it. */
export interface TrackerLike {
  readonly currentComputation: TrackerComputation | null | undefined
  /** Calls when all computations that have to run again have done so. */
  afterFlush(callback: () => void): unknown
}

/** A computation of it. */
export interface TrackerComputation {
  invalidate(): void
  onInvalidate(callback: () => void): unknown
}
