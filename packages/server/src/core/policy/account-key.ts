import type { Identifier } from '../identity/user.ts'
import type { Keys } from '../keys.ts'

/**
 * The key under which attempts on an account are counted: a keyed hash of the identifier as typed, whether or not anybody has it. A thief of
 * the counters learns no addresses.
 */
export const accountKey = (keys: Keys, { kind, key }: Identifier): string => keys.mac('identifier', `${kind}\0${key}`)
