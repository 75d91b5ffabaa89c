/** Codes on paper, for who has lost the phone. */
import type { Chance } from '../../core/ports.ts'
import { hashSecret } from '../../core/session/secret.ts'
import type { SecretHash } from '../../core/session/secret.ts'

/** How many a user gets. */
const CODES = 10
const GROUPS = 4
const GROUP = 6
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** New recovery codes, such as `K7QX2M-ADZR3F-7WEHJB-M5TNPC`: 120 random bits each, so a fast hash is enough to keep (NIST SP 800-63B, 3.1.2.2 draws the line at 112). */
export const newRecoveryCodes = (chance: Chance): string[] => Array.from({ length: CODES }, () => newCode(chance))

/** What is kept of them. */
export const hashCodes = (codes: readonly string[]): SecretHash[] => codes.map(code => hashSecret(code.replaceAll('-', '')))

/**
 * The hash of what was typed, or null when it cannot be a recovery code. Case, spaces and dashes do not matter, and the digits the alphabet has not are read as
 * the letters they look like.
 */
export function hashTyped(typed: string): SecretHash | null {
  const bare = typed
    .replaceAll(/[\s-]/g, '')
    .toUpperCase()
    .replaceAll(/[018]/g, digit => LOOKS_LIKE[digit] ?? digit)
  return bare.length === GROUPS * GROUP && /^[A-Z2-7]+$/.test(bare) ? hashSecret(bare) : null
}

const LOOKS_LIKE: Readonly<Record<string, string>> = { 0: 'O', 1: 'I', 8: 'B' }

function newCode(chance: Chance): string {
  // 256 is a multiple of 32, so every letter is as likely.
  const letters = [...chance.bytes(GROUPS * GROUP)].map(byte => ALPHABET[byte % ALPHABET.length])
  return Array.from({ length: GROUPS }, (_, group) => letters.slice(group * GROUP, (group + 1) * GROUP).join('')).join('-')
}
