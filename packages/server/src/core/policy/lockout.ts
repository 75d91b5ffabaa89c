/**
 * Progressive lockout: after a few failures in a row each further one costs a longer wait.
 *
 * Failures count by the identifier as typed, whether or not anybody has it (so that the lock tells nothing), and by the user it leads to (so
 * that an e-mail address and a username of one user share their tries). A device the user is known on counts under a key of its own: strangers
 * who fail on purpose cannot lock the owner out there, and whoever stole the device's mark still has only its own few tries.
 */
import { AccountsError } from '@latchkey/common'
import type { Identifier } from '../identity/user.ts'
import type { Keys } from '../keys.ts'
import type { Lockout } from '../settings.ts'
import type { Session } from '../session/session.ts'
import { userFailureKey } from '../store.ts'
import type { Failures } from '../store.ts'

/** Milliseconds until the next try is allowed; 0: now. */
export function lockedFor(lockout: Lockout, failures: Failures | null, now: number): number {
  if (!failures || failures.count <= lockout.free || now >= failures.lastAt + lockout.memory) return 0
  const beyond = failures.count - lockout.free
  const wait = Math.min(lockout.first * 2 ** (beyond - 1), lockout.longest)
  return Math.max(0, failures.lastAt + wait - now)
}

/**
 * Refuses while one of the counters is locked.
 * @throws AccountsError `TooManyAttempts` with `retryAfter`, the longest of the waits
 */
export function refuseLocked(lockout: Lockout, failures: readonly (Failures | null)[], now: number): void {
  const wait = Math.max(0, ...failures.map(one => lockedFor(lockout, one, now)))
  if (wait > 0) throw new AccountsError('TooManyAttempts', { retryAfter: Math.ceil(wait / 1000), detail: 'locked after repeated failures' })
}

/** Names of the failure counters an attempt can touch before it is known whose account it is. */
export interface FailureKeys {
  /** Of the identifier, for strangers. Null when none was given. */
  identifier: string | null
  /** Of the identifier on that device. Null when there is no identifier or no device. */
  device: string | null
}

/** The counters of an identifier as typed, and of the same identifier on a device. Neither name tells what was typed. */
export function failureKeys(keys: Pick<Keys, 'mac'>, identifier: Identifier | null, deviceId: string | null): FailureKeys {
  if (!identifier) return { identifier: null, device: null }
  const typed = `${identifier.kind}:${identifier.key}`
  return {
    identifier: `failures:identifier:${keys.mac('identifier', typed)}`,
    // The length keeps a device id that contains a colon from running into the identifier.
    device: deviceId === null ? null : `failures:device:${keys.mac('identifier', `${deviceId.length}:${deviceId}:${typed}`)}`,
  }
}

/**
 * The id of the asking device, if it is one the user is known on: it carries a live session of that very user, or a mark that says the user
 * signed in on it before. Else null: a stranger.
 */
export function knownDeviceOf(
  userId: string | null,
  mark: { known: boolean; deviceId: string | null },
  session: Pick<Session, 'id' | 'userId'> | undefined,
): string | null {
  if (userId === null) return null
  if (mark.known && mark.deviceId !== null) return mark.deviceId
  return session?.userId === userId ? `session:${session.id}` : null
}

/**
 * The rule: which counters decide about an attempt, and count it when it fails. A known device answers for itself alone; a stranger answers for
 * the identifier and, when it leads to somebody, for that user.
 */
export function failureCounters(keys: FailureKeys, userId: string | null, deviceIsKnown: boolean): string[] {
  if (deviceIsKnown && keys.device !== null) return [keys.device]
  return [keys.identifier, userId === null ? null : userFailureKey(userId)].filter(key => key !== null)
}
