/**
 * Progressive lockout: after a few failures in a row each further one costs a longer wait.
 *
 * Failures count by the identifier as typed, whether or not anybody has it (so that a lock tells nothing), and by the user it leads to (so that
 * the e-mail address and the username of one user share their tries). Anybody can make them lock, so they do not decide about a device the user is
 * known on: that has a counter of its own. The owner can always sign in there, and whoever stole the device's mark has only its few tries.
 */
import { AccountsError } from '@latchkey/common'
import type { Core } from '../core.ts'
import type { Identifier } from '../identity/user.ts'
import type { Lockout } from '../settings.ts'
import { userFailureKey } from '../store.ts'
import type { Failures, LoginCandidate } from '../store.ts'
import type { Origin } from '../strategy.ts'
import { accountKey } from './account-key.ts'
import { readKnownDevice } from './known-device.ts'

/** Milliseconds until the next try is allowed; 0: now. */
export function lockedFor(lockout: Lockout, failures: Failures | null, now: number): number {
  if (!failures || failures.count <= lockout.free || now >= failures.lastAt + lockout.memory) return 0
  const beyond = failures.count - lockout.free
  const wait = Math.min(lockout.first * 2 ** (beyond - 1), lockout.longest)
  return Math.max(0, failures.lastAt + wait - now)
}

/** What one attempt is judged by. `device`: the counter of a device the user is known on; undefined: it is a stranger. */
export interface FailureState {
  identifier: Failures | null
  user: Failures | null
  device?: Failures | null
}

/** The rule: a device the user is known on answers for itself alone, a stranger for all failures of the account. Milliseconds; 0: go on. */
export function waitOf(lockout: Lockout, state: FailureState, now: number): number {
  const judges = state.device === undefined ? [state.identifier, state.user] : [state.device]
  return Math.max(...judges.map(failures => lockedFor(lockout, failures, now)))
}

type Parts = Pick<Core, 'settings' | 'keys' | 'clock'>

/**
 * Refuses an attempt while it is locked, before any password is looked at. Does nothing while `settings.rateLimits` is false.
 *
 * The device's own counter is read only when the account is locked, which keeps an ordinary login at two round trips. It needs no reading before:
 * its failures are counted by the account too, so while the account is free the device is, unless the owner has signed in elsewhere since.
 * @throws AccountsError `TooManyAttempts` with `retryAfter`
 */
export async function refuseLocked(
  core: Parts & { store: { attempts: Pick<Core['store']['attempts'], 'failures'> } },
  candidate: Pick<LoginCandidate, 'user' | 'failures'>,
  origin: Pick<Origin, 'device' | 'session'>,
): Promise<void> {
  if (!core.settings.rateLimits) return
  const [lockout, now] = [core.settings.lockout, core.clock.now()]
  if (waitOf(lockout, candidate.failures, now) === 0) return
  const deviceKey = knownDeviceKey(core, candidate.user, origin)
  const state =
    deviceKey === null
      ? candidate.failures
      : { ...candidate.failures, device: (await core.store.attempts.failures([deviceKey], now))[0] ?? null }
  const wait = waitOf(lockout, state, now)
  if (wait > 0) throw new AccountsError('TooManyAttempts', { retryAfter: Math.ceil(wait / 1000), detail: 'locked after repeated failures' })
}

/** Names of failure counters. */
export const lockoutKeys = {
  /** Of an identifier as typed; `account` is what {@link accountKey} made of it. */
  ofIdentifier: (account: string): string => `failures:identifier:${account}`,

  /** What a wrong guess raises. Empty while `settings.rateLimits` is false. */
  ofFailure: (
    core: Parts,
    candidate: Pick<LoginCandidate, 'user'> | null,
    identifier: Identifier | null,
    origin: Pick<Origin, 'device' | 'session'>,
  ): string[] => {
    if (!core.settings.rateLimits) return []
    const user = candidate?.user ?? null
    const keys = [
      identifier && lockoutKeys.ofIdentifier(accountKey(core.keys, identifier)),
      user && userFailureKey(user.id),
      knownDeviceKey(core, user, origin),
    ]
    return keys.filter(key => key !== null)
  },

  /** What a good login clears: the same counters, for NIST SP 800-63B, 3.2.2 counts failures in a row. */
  ofSuccess: (
    core: Parts,
    candidate: Pick<LoginCandidate, 'user'> | null,
    identifier: Identifier | null,
    origin: Pick<Origin, 'device' | 'session'>,
  ): string[] => lockoutKeys.ofFailure(core, candidate, identifier, origin),
} as const

/**
 * The counter of this user's failures on the asking device, or null for a stranger. Known is a device that sends a live session of that very user,
 * or a mark which says that the user signed in on it before. Bound to the user, so that signing in to an account of one's own on a shared
 * device gives no fresh tries at somebody else's.
 */
function knownDeviceKey(core: Parts, user: { id: string } | null, origin: Pick<Origin, 'device' | 'session'>): string | null {
  const device = user && knownDeviceOf(core, user.id, origin)
  // Lengths are no secret, and keep one part from running into the other.
  return user && device ? `failures:device:${core.keys.mac('identifier', `device\0${device.length}\0${device}\0${user.id}`)}` : null
}

function knownDeviceOf(core: Parts, userId: string, origin: Pick<Origin, 'device' | 'session'>): string | null {
  const mark = origin.device === undefined ? null : readKnownDevice(core.keys, core.clock, origin.device, userId)
  if (mark?.known && mark.deviceId !== null) return mark.deviceId
  return origin.session?.userId === userId ? `session\0${origin.session.id}` : null
}
