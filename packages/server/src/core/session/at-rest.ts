import type { Ports } from '../ports.ts'
import { isBetweenEpochs } from './session.ts'
import type { SessionAndUser } from './session.ts'

/** Half a second in all. */
const MOST_LOOKS = 10
/** Milliseconds. */
const LOOK_AFTER = 50

/**
 * Looks again for as long as `isMoving` says so of what was found, and not for ever. A deed on users and sessions that are kept apart is half done for a moment, and
 * the session that it leaves alive must not be taken for over.
 */
export async function lookUntilRest<T>(
  { timers }: Pick<Ports, 'timers'>,
  look: () => Promise<T>,
  isMoving: (found: T) => boolean,
): Promise<T> {
  let found = await look()
  for (let looks = 0; looks < MOST_LOOKS && isMoving(found); looks += 1) {
    await new Promise<void>(resolve => timers.after(LOOK_AFTER, resolve))
    found = await look()
  }
  return found
}

/** A session that is no longer, or never will be, between the epochs of its user. */
export const atRest = (
  ports: Pick<Ports, 'timers' | 'clock'>,
  look: () => Promise<SessionAndUser | null>,
): Promise<SessionAndUser | null> => lookUntilRest(ports, look, found => found !== null && isBetweenEpochs(found, ports.clock.now()))
