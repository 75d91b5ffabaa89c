/** Secrets for authenticator apps, and the codes that follow from them: RFC 6238 with SHA-1, six digits, 30 seconds, which is what all apps know. */
import type { TwoFactorSecret } from '@latchkey/common'
import { Secret, TOTP } from 'otpauth'
import type { Chance } from '../../core/ports.ts'

/** Milliseconds of one time step. */
export const STEP = 30_000

/** A new secret of printable ASCII, so that accounts-js's `ascii` is what it says. */
export function newSecret(chance: Chance, length: number): Secret {
  return Secret.fromLatin1(printable(chance, length))
}

/** A secret in accounts-js's four writings. */
export function describeSecret(secret: Secret, issuer: string, account: string | undefined): TwoFactorSecret {
  // Without an account the label is the site alone. A colon would end the site's name too early.
  const label = (account ?? issuer).replaceAll(':', ' ')
  const url = new TOTP({ issuer, label, issuerInLabel: account !== undefined, secret, ...CODE }).toString()
  return { ascii: secret.latin1, hex: secret.hex, base32: secret.base32, otpauth_url: url }
}

/** The time step a code belongs to, at most `window` steps from now; null when it is none of theirs. */
export function stepOf(base32: string, code: string, window: number, now: number): number | null {
  if (!/^\d{6}$/.test(code)) return null
  const delta = TOTP.validate({ token: code, secret: Secret.fromBase32(base32), timestamp: now, window, ...CODE })
  return delta === null ? null : TOTP.counter({ period: CODE.period, timestamp: now }) + delta
}

/** Of a code. */
export const DIGITS = 6

const CODE = { algorithm: 'SHA1', digits: DIGITS, period: STEP / 1000 } as const

const FIRST = 33
const KINDS = 94
/** The largest multiple of `KINDS` in a byte: bytes from there on would make some characters likelier than others. */
const FAIR = 256 - (256 % KINDS)

function printable(chance: Chance, length: number): string {
  let text = ''
  while (text.length < length) {
    const fair = [...chance.bytes(length)].filter(byte => byte < FAIR)
    text += String.fromCharCode(...fair.map(byte => FIRST + (byte % KINDS)))
  }
  return text.slice(0, length)
}
