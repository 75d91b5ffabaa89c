import type { SecretHash } from './secret.ts'

/** A secret that was already exchanged for its successor. */
export interface SpentSecret {
  hash: SecretHash
  /** Good until then; null: until the successor is first used. */
  until: number | null
}

/**
 * The refresh secrets of one session that still mean something: the tip, and those exchanged so lately that a second presentation
 * must be an honest retry (two tabs, an answer lost on the way).
 */
export interface RefreshChain {
  tip: SecretHash
  spent: SpentSecret[]
}

/**
 * `rotated`: first use of the tip. `repeated`: an honest second use. `reused`: neither, so one of two holders is a thief. `next` is the successor to hand
 * out: of a repeated turn the one that was made at the first.
 */
export type RefreshTurn = { outcome: 'rotated' | 'repeated'; chain: RefreshChain; next: SecretHash } | { outcome: 'reused' }

/**
 * One turn of refresh rotation, as a pure step that stores run inside their atomic update.
 *
 * `next` is derived from `presented`, so a repeated presentation leads to the same successor and nothing but hashes is kept. It is the key of the first
 * turn that counts, though: `tokenSecret` may have changed since. The predecessor stays good until its successor is first used, then for `grace`
 * milliseconds. RFC 9700, 4.14.2.
 */
export function turnRefresh(chain: RefreshChain, presented: SecretHash, next: SecretHash, now: number, grace: number): RefreshTurn {
  if (presented === chain.tip) {
    // The tip's first use starts the clock of the one before it, and retires what is past its time.
    const spent = chain.spent
      .map(old => (old.until === null ? { ...old, until: now + grace } : old))
      .filter(old => now < (old.until ?? Infinity))
    return { outcome: 'rotated', chain: { tip: next, spent: [...spent, { hash: presented, until: null }] }, next }
  }
  const at = chain.spent.findIndex(old => old.hash === presented)
  const known = chain.spent[at]
  // They stand in the order of their turns: what comes after one is its successor.
  if (known && (known.until === null || now < known.until))
    return { outcome: 'repeated', chain, next: chain.spent[at + 1]?.hash ?? chain.tip }
  return { outcome: 'reused' }
}
