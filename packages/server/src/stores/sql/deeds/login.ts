/** Everything a login needs to know before it does work. */
import { userFailureKey } from '../../../core/store.ts'
import type { LoginCandidate, LoginLookup } from '../../../core/store.ts'
import type { Deed } from '../statement.ts'
import { countAttempts, readFailures } from './attempts.ts'
import { listCredentials } from './credentials.ts'
import { deviceSeen } from './sessions.ts'
import { findUser } from './users.ts'

export function* beginLogin({ identifier, counts, failureKey, device, now }: LoginLookup): Deed<LoginCandidate> {
  const tallies = yield* countAttempts(counts, now)
  const user = identifier && (yield* findUser(identifier))
  const keys = [failureKey ?? '', user ? userFailureKey(user.id) : '']
  const [byIdentifier = null, byUser = null] = yield* readFailures(keys, now)
  return {
    user,
    credentials: user ? yield* listCredentials(user.id) : [],
    tallies,
    failures: { identifier: byIdentifier, user: byUser },
    deviceSeen: user ? yield* deviceSeen(user.id, device) : true,
  }
}
