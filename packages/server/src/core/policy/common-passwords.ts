/** The most common passwords, kept as digests so that clear passwords and Meteor's digests are judged alike. */
import { COMMON_PASSWORDS } from './common-passwords-data.ts'

/** True when the digest (lower-case hex SHA-256) is of one of the most common passwords. */
export function isCommonDigest(digest: string): boolean {
  entries ??= Buffer.from(COMMON_PASSWORDS, 'base64')
  const wanted = Buffer.from(digest.slice(0, 2 * PREFIX), 'hex')
  return wanted.length === PREFIX && contains(entries, wanted)
}

/**
 * Bytes kept of each digest. With forty bits and some 64,000 entries a password that is not on the list is refused by mistake once in 17
 * million times, and then its owner chooses another.
 */
const PREFIX = 5

/** Decoded on first use. */
let entries: Buffer | undefined

/** Binary search over sorted entries of `PREFIX` bytes. */
function contains(sorted: Buffer, wanted: Buffer): boolean {
  let [low, high] = [0, sorted.length / PREFIX]
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = wanted.compare(sorted, middle * PREFIX, (middle + 1) * PREFIX)
    if (order === 0) return true
    if (order < 0) high = middle
    else low = middle + 1
  }
  return false
}
