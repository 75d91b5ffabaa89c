import type { Keys } from '../keys.ts'
import { hashSecret } from './secret.ts'
import type { Secret, SecretHash } from './secret.ts'

/**
 * The secret that takes the place of a refresh secret: derived from its hash rather than random, so that an honest repetition leads to the same one,
 * though only hashes are kept, and so that it can be found again for a session whose secret we were not told. A thief of the database, who has the
 * hashes, lacks the key.
 */
export const successorOf = (keys: Keys, spent: SecretHash): Secret => keys.mac('refresh-successor', spent) as Secret

/**
 * The successor that was made at the time, whose hash is `made`: `tokenSecret` may have changed since, so retired keys are tried too. Undefined when it
 * was made under a key that is gone.
 */
export function successorMade(keys: Keys, spent: SecretHash, made: SecretHash): Secret | undefined {
  return (keys.macs('refresh-successor', spent) as Secret[]).find(secret => hashSecret(secret) === made)
}
