import type { SecretHash } from '../session/secret.ts'

/** What a one-time token may be used for. A token of one purpose is never good for another. */
export const TOKEN_PURPOSES = [
  'reset-password',
  'enroll-account',
  'verify-email',
  'pending-login',
  'login-link',
  'login-code',
  'two-factor-offer',
] as const
export type TokenPurpose = (typeof TOKEN_PURPOSES)[number]

/** A one-time token as it is kept. */
export interface OneTimeToken {
  hash: SecretHash
  purpose: TokenPurpose
  /** Null: a decoy, written so that an unknown address costs the same work; nobody holds its secret. */
  userId: string | null
  /** The address it was sent to, as typed; empty for tokens that were not mailed. */
  address: string
  data: Record<string, unknown>
  /** Wrong tries so far, for tokens that guard a short code. */
  tries: number
  createdAt: number
  expiresAt: number
}
