/**
 * Progressive lockout: after a few failures in a row each further one costs a longer wait.
 *
 * Failures count by the identifier as typed, whether or not anybody has it (so that a lock tells nothing), and by the user it leads to (so that
 * the e-mail address and the username of one user share their tries). Anybody can make those two lock, so they do not decide about a device the user
 * is known on: that has a counter of its own. The owner can always sign in there, and whoever stole the device's mark has only its few tries.
 */
import { AccountsError } from '@latchkey/common'
import { emailKey } from '../identity/email.ts'
import type { Identifier, User } from '../identity/user.ts'
import { usernameKey } from '../identity/username.ts'
import type { Keys } from '../keys.ts'
import type { Clock } from '../ports.ts'
import type { Lockout } from '../settings.ts'
import { guesserOf } from '../session/session.ts'
import type { Session } from '../session/session.ts'
import { userFailureKey } from '../store.ts'
import type { Failures } from '../store.ts'
import type { Origin } from '../strategy.ts'
import { accountName } from './account-name.ts'
import { readKnownDevice } from './known-device.ts'

/** Milliseconds until the next try is allowed; 0: now. */
export function lockedFor(lockout: Lockout, failures: Failures | null, now: number): number {
  if (!failures || failures.count <= lockout.free || now >= failures.lastAt + lockout.memory) return 0
  const beyond = failures.count - lockout.free
  const wait = Math.min(lockout.first * 2 ** (beyond - 1), lockout.longest)
  return Math.max(0, failures.lastAt + wait - now)
}

/** True when one of the counters is locked. */
export const isLocked = (lockout: Lockout, failures: readonly (Failures | null)[], now: number): boolean =>
  failures.some(one => lockedFor(lockout, one, now) > 0)

/**
 * Refuses while one of the counters is locked. For a stranger they are those of identifier and user, for a device the user is known on that
 * device's alone. The device's need only be read when the others are locked: its failures are counted there too, so while they are free it is.
 * @throws AccountsError `TooManyAttempts` with `retryAfter`, the longest of the waits
 */
export function refuseLocked(lockout: Lockout, failures: readonly (Failures | null)[], now: number): void {
  const wait = Math.max(0, ...failures.map(one => lockedFor(lockout, one, now)))
  if (wait > 0) throw new AccountsError('TooManyAttempts', { retryAfter: Math.ceil(wait / 1000), detail: 'locked after repeated failures' })
}

/** Names of the failure counters that an identifier leads to. They do not tell what was typed. */
export interface FailureKeys {
  /** Of the identifier, for strangers. Null when none was given. */
  identifier: string | null
  /** Of the identifier on that device. Null when there is no identifier or no device. */
  device: string | null
}

/**
 * The counters of an identifier as typed, and of the same identifier on a known device. That one is bound to both, so that signing in to an account
 * of one's own on a shared device gives no fresh tries at somebody else's.
 */
export function failureKeys(keys: Pick<Keys, 'mac'>, identifier: Identifier | null, deviceId: string | null): FailureKeys {
  if (!identifier) return { identifier: null, device: null }
  const name = accountName(identifier)
  return {
    identifier: `failures:identifier:${keys.mac('identifier', name)}`,
    // The length keeps the device id from running into the name.
    device: deviceId === null ? null : `failures:device:${keys.mac('identifier', `${deviceId.length}:${deviceId}:${name}`)}`,
  }
}

/**
 * Every counter of failures that a user's names lead to, and those of one device. To be cleared once they have proven who they are: a run of failures
 * under one name is not to outlive a success under another.
 */
export function failureCountersOfUser(keys: Pick<Keys, 'mac'>, user: User, deviceId: string | null): string[] {
  const names: Identifier[] = [
    { kind: 'id', key: user.id },
    ...user.emails.map(({ address }) => ({ kind: 'email', key: emailKey(address) }) as const),
  ]
  if (user.username !== undefined) names.push({ kind: 'username', key: usernameKey(user.username) })
  return [...new Set(names.flatMap(name => failureCounters(failureKeys(keys, name, deviceId), user.id, deviceId !== null)))]
}

/**
 * The id of the asking device, if it is one the user is known on: it sends a live session of that very user, or a mark which says that the user
 * signed in on it before. Null: a stranger.
 */
export function knownDeviceOf(
  userId: string | null,
  mark: { known: boolean; deviceId: string | null },
  session: Pick<Session, 'userId' | 'createdAt' | 'impersonatorId'> | undefined,
): string | null {
  if (userId === null) return null
  if (mark.known && mark.deviceId !== null) return mark.deviceId
  // Whoever acts as the user is not them, and could begin session after session for fresh tries.
  return session?.userId === userId && session.impersonatorId === undefined ? guesserOf(session) : null
}

/** {@link knownDeviceOf} for where a request came from. */
export const askingDevice = ({ keys, clock }: { keys: Keys; clock: Clock }, origin: Origin, userId: string | null): string | null =>
  knownDeviceOf(userId, readKnownDevice(keys, clock, origin.device, userId ?? ''), origin.session)

/** The counters that a wrong guess raises and a good login clears (NIST SP 800-63B, 3.2.2: failures in a row). */
export function failureCounters(keys: FailureKeys, userId: string | null, deviceIsKnown: boolean): string[] {
  const counters = [keys.identifier, userId === null ? null : userFailureKey(userId), deviceIsKnown ? keys.device : null]
  return counters.filter(key => key !== null)
}
