/** The most common passwords, kept as digests so that clear passwords and Meteor's digests are judged alike. */

/** True when the digest (lower-case hex SHA-256) is of one of the most common passwords. The list is loaded on first use. */
export async function isCommonDigest(digest: string): Promise<boolean> {
  const list = await loaded()
  const wanted = Buffer.from(digest.slice(0, 2 * PREFIX), 'hex')
  return wanted.length === PREFIX && contains(list, wanted)
}

/**
 * Bytes kept of each digest. Forty bits and some 60,000 entries: a password that is not on the list is refused by mistake once in 18
 * million times, and then its owner chooses another.
 */
const PREFIX = 5

let list: Promise<Buffer> | undefined

const loaded = (): Promise<Buffer> =>
  (list ??= import('./common-passwords-data.ts').then(data => Buffer.from(data.COMMON_PASSWORDS, 'base64')))

/** Binary search over sorted entries of `PREFIX` bytes. */
function contains(entries: Buffer, wanted: Buffer): boolean {
  let [low, high] = [0, entries.length / PREFIX]
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = wanted.compare(entries, middle * PREFIX, (middle + 1) * PREFIX)
    if (order === 0) return true
    if (order < 0) high = middle
    else low = middle + 1
  }
  return false
}
