import type { TwoFactorSecret } from '@latchkey/common'

/** The second factor beside the password, as accounts-js's apps reach it: what `TwoFactor` of `@latchkey/server/strategies/totp` does. */
export interface TwoFactorService {
  /** A secret to show, good to be {@link set} for ten minutes. */
  getNewAuthSecret(): TwoFactorSecret
  /** Sets it up, once a code proves that the secret arrived. */
  set(userId: string, secret: TwoFactorSecret, code: string): Promise<{ recoveryCodes: string[] }>
  /** Gives it up, for a code. */
  unset(userId: string, code: string): Promise<void>
  /** Spends a code. */
  authenticate(user: { id: string }, code: string): Promise<void>
}
