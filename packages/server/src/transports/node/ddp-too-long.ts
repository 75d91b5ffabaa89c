import type { Log } from '../../core/ports.ts'

/** Whoever floods the server is not to flood its log. */
const AT_MOST_EVERY = 60_000

/**
 * Tells the operator that something was refused for its length. Meteor's client cannot tell why it was cut off, and makes the same call anew on each connection, several
 * times a second and without an end: without this line nobody would know.
 */
export function tellTooLong(maxFrameBytes: number, log: () => Pick<Log, 'warn'> | undefined): () => void {
  let told = -Infinity
  return () => {
    const now = performance.now()
    if (now - told < AT_MOST_EVERY) return
    told = now
    log()?.warn(
      { maxFrameBytes },
      'a message longer than maxFrameBytes was refused; a client of Meteor’s sends it again with every connection',
    )
  }
}
