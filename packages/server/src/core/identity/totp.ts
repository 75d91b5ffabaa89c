/** A second factor by time-based codes (RFC 6238) as it is kept: one credential, its secret sealed, what was used up beside it. */
import { AccountsError } from '@latchkey/common'
import type { Keys } from '../keys.ts'
import type { Chance, Clock } from '../ports.ts'
import { keyRing, open, seal } from '../seal.ts'
import type { KeyRing } from '../seal.ts'
import type { SecretHash } from '../session/secret.ts'
import type { Credential } from './credential.ts'

/** Kind of the credential. */
export const TOTP = 'totp'

/** What is known beside the secret. */
export interface TotpState {
  /** The last time step a code was accepted for; none before it and not itself is accepted any more (RFC 6238, 5.2). */
  lastStep: number
  /** SHA-256 of the recovery codes that were not used yet. */
  recovery: readonly SecretHash[]
}

/** What sealing takes: parts of a core. */
export interface SealingParts {
  keys: Keys
  chance: Chance
  clock: Clock
}

/**
 * A secret as the credential to keep, sealed so that it opens for this user alone. For importers: hand it the `base32` of accounts-js's
 * `services['two-factor'].secret` or Meteor's `services.twoFactorAuthentication.secret`, and put what comes back with `users.putCredential`, or with
 * the user's other credentials in `users.insert`. The user then signs in with the app they have; recovery codes they can make themselves.
 * @throws AccountsError `InvalidInput` when the secret is not base32
 */
export function sealTotpSecret(parts: SealingParts, userId: string, base32: string, state: TotpState = NOTHING_USED): Credential {
  const secret = readBase32(base32)
  if (secret === null) throw new AccountsError('InvalidInput', { message: 'The secret of a second factor must be base32' })
  const now = parts.clock.now()
  const sealed = seal(keyRing(parts.keys), parts.chance, secret, placeOf(userId))
  return { userId, kind: TOTP, id: '', form: 'sealed-base32', secret: sealed, data: { ...state }, createdAt: now, updatedAt: now }
}

/** The form of a secret in clear: as accounts-js keeps it, in a database that is shared with it. */
export const CLEAR_TOTP = 'clear-base32'

/** The secret of such a credential in base32, or null when no key on the ring opens it. */
export const openTotpSecret = (ring: KeyRing, { userId, form, secret = '' }: Credential): string | null =>
  form === CLEAR_TOTP ? readBase32(secret) : open(ring, secret, placeOf(userId))

/** What was used up of a credential. */
export function totpState({ data }: Credential): TotpState {
  const { lastStep, recovery } = data
  return {
    lastStep: typeof lastStep === 'number' ? lastStep : NOTHING_USED.lastStep,
    // Written by us alone.
    recovery: Array.isArray(recovery) ? (recovery as SecretHash[]) : NOTHING_USED.recovery,
  }
}

/** The same credential after something was used. */
export const withTotpState = (credential: Credential, state: Partial<TotpState>, now: number): Credential => ({
  ...credential,
  data: { ...credential.data, ...state },
  updatedAt: now,
})

/** The user's own, if they have set it up. */
export const totpOf = (credentials: readonly Credential[]): Credential | undefined =>
  credentials.find(({ kind, id }) => kind === TOTP && id === '')

/** Base32 as apps and people write it, without spaces and padding and in capitals; null when it is something else. */
export function readBase32(text: string): string | null {
  const bare = text.replaceAll(/[\s=-]/g, '').toUpperCase()
  return bare.length <= 512 && /^[A-Z2-7]{8,}$/.test(bare) ? bare : null
}

const NOTHING_USED: TotpState = { lastStep: 0, recovery: [] }

const placeOf = (userId: string): { userId: string; field: string } => ({ userId, field: TOTP })
