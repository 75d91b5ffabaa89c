import { AccountsError } from '@latchkey/common'
import type { ErrorCode, TwoFactorSecret } from '@latchkey/common'
import type { Accounts } from '../../core/accounts.ts'
import type { Core } from '../../core/core.ts'
import { told } from '../../core/flows/two-factor.ts'
import type { Credential } from '../../core/identity/credential.ts'
import { openTotpSecret, sealTotpSecret, TOTP, totpOf, totpState, withTotpState } from '../../core/identity/totp.ts'
import { keyRing, sealedBy } from '../../core/seal.ts'
import type { KeyRing } from '../../core/seal.ts'
import type { Factor } from '../../core/session/session.ts'
import type { Along } from '../../core/store.ts'
import type { Enrolment, Origin, OwnFactor } from '../../core/strategy.ts'
import { readOptions } from './options.ts'
import type { TwoFactorOptions, TwoFactorSettings } from './options.ts'
import { hashCodes, hashTyped, newRecoveryCodes } from './recovery-codes.ts'
import { describeSecret, DIGITS, newSecret, stepOf } from './secret.ts'

/** How often a code is looked at again when another login got further in between. */
const MOST_SWAPS = 10

/**
 * Codes from an authenticator app as a second factor (TOTP, RFC 6238), and recovery codes for who has lost the app; accounts-js's class of that name. Once a
 * user has set it up, every way to sign in asks for a code.
 *
 * A code is good once, from one step before to one step after its time; a recovery code is good once. Secrets are kept sealed, recovery codes as hashes.
 * @example
 * import { AccountsServer } from '@latchkey/server'
 * import { memoryStore } from '@latchkey/server/stores/memory'
 * import { AccountsPassword } from '@latchkey/server/strategies/password'
 * import { TwoFactor } from '@latchkey/server/strategies/totp'
 *
 * const accountsServer = new AccountsServer(
 *   { db: memoryStore(), tokenSecret: 'a secret of at least 32 random bytes, please', factors: [new TwoFactor({ appName: 'Acme' })] },
 *   { password: new AccountsPassword() },
 * )
 * await accountsServer.stop()
 */
export class TwoFactor implements OwnFactor {
  readonly kind = TOTP
  /** The app's own texts, by error code. */
  readonly messages: Readonly<Partial<Record<ErrorCode, string>>>
  readonly #settings: TwoFactorSettings
  /** Offers of {@link getNewAuthSecret} that are being written down. */
  readonly #offering = new Set<Promise<void>>()
  #core: Core | undefined
  #accounts: Accounts | undefined
  #ring: KeyRing | undefined

  /** @throws AccountsError `InvalidSettings` for unknown options and unsafe values */
  constructor(options: TwoFactorOptions = {}) {
    this.#settings = readOptions(options)
    this.messages = this.#settings.messages
  }

  attach(core: Core): void {
    this.#core = core
    this.#ring = keyRing(core.keys)
  }

  join(accounts: Accounts): void {
    this.#accounts = accounts
  }

  // What accounts-js's apps call

  /** accounts-js's: a secret to show. It can be {@link set} within ten minutes, on any process that shares the store. */
  getNewAuthSecret(): TwoFactorSecret {
    const [core, accounts] = [this.#attached(), this.#joined()]
    const secret = this.offer()
    const offering = accounts
      .twoFactorOffered(secret)
      .catch((error: unknown) =>
        core.log.error({ err: error }, 'a secret for a second factor was offered and could not be noted: it cannot be set'),
      )
      .finally(() => this.#offering.delete(offering))
    this.#offering.add(offering)
    return secret
  }

  /**
   * accounts-js's: sets up the second factor of a user with a secret of {@link getNewAuthSecret}, once a code proves that it arrived. Answers with the recovery
   * codes, which are shown this once.
   * @throws AccountsError `UserNotFound`, `TwoFactorAlreadySet`, `TwoFactorRequired`, `TwoFactorInvalid`, `TooManyAttempts`
   */
  async set(userId: string, secret: TwoFactorSecret, code: string): Promise<{ recoveryCodes: string[] }> {
    await Promise.all(this.#offering)
    return this.#joined().twoFactorSetOf(userId, secret, code)
  }

  /**
   * accounts-js's: gives up the second factor of a user, for a code.
   * @throws AccountsError `UserNotFound`, `TwoFactorNotSet`, `TwoFactorRequired`, `TwoFactorInvalid`, `TooManyAttempts`
   */
  async unset(userId: string, code: string): Promise<void> {
    await this.#joined().twoFactorUnsetOf(userId, code)
  }

  /**
   * accounts-js's: spends a code of a user. The login flow does so by itself.
   * @throws AccountsError `TwoFactorNotSet`, `TwoFactorRequired`, `TwoFactorInvalid`, `TooManyAttempts`
   */
  async authenticate(user: { id: string }, code: string): Promise<void> {
    await this.#joined().twoFactorProve(user.id, code)
  }

  // What the flows call

  offer(account?: string): TwoFactorSecret {
    const { chance, settings } = this.#attached()
    const issuer = this.#settings.appName ?? new URL(settings.siteUrl).host.replaceAll(':', ' ')
    return describeSecret(newSecret(chance, this.#settings.secretLength), issuer, account)
  }

  enrol(userId: string, base32: string, code: string): Enrolment | null {
    const core = this.#attached()
    const step = stepOf(base32, digitsOf(code), this.#settings.window, core.clock.now())
    if (step === null) return null
    const recoveryCodes = newRecoveryCodes(core.chance)
    // The code that sets it up is spent: it does not sign in as well.
    return { credential: sealTotpSecret(core, userId, base32, { lastStep: step, recovery: hashCodes(recoveryCodes) }), recoveryCodes }
  }

  renew(credential: Credential): Enrolment {
    const { chance, clock } = this.#attached()
    const recoveryCodes = newRecoveryCodes(chance)
    return { credential: withTotpState(credential, { recovery: hashCodes(recoveryCodes) }, clock.now()), recoveryCodes }
  }

  codesLeft(credential: Credential): number {
    return totpState(credential).recovery.length
  }

  /** Of callers with one code at once exactly one is right: the store swaps what was used up only for who has seen it last. */
  async verify(userId: string, answer: string, origin: Origin): Promise<Factor | null> {
    const { store, outbox } = this.#attached()
    for (let swaps = 0; swaps < MOST_SWAPS; swaps += 1) {
      const kept = totpOf(await store.users.credentials(userId))
      const spent = kept && (this.#spendCode(kept, answer) ?? (await this.#spendRecoveryCode(kept, answer, origin)))
      if (!spent) return null
      if (!(await store.users.swapCredential({ expected: kept, next: spent.next }, spent.along))) continue
      outbox.kick()
      return spent.factor
    }
    return null
  }

  #spendCode(kept: Credential, answer: string): Spent | null {
    const { clock } = this.#attached()
    const digits = digitsOf(answer)
    // A recovery code: nothing to open.
    if (digits.length !== DIGITS) return null
    const secret = this.#open(kept)
    const step = secret === null ? null : stepOf(secret, digits, this.#settings.window, clock.now())
    if (step === null || step <= totpState(kept).lastStep) return null
    return { next: withTotpState(kept, { lastStep: step }, clock.now()), factor: { name: TOTP, kind: 'holds', at: clock.now() } }
  }

  async #spendRecoveryCode(kept: Credential, answer: string, origin: Origin): Promise<Spent | null> {
    const core = this.#attached()
    const hash = hashTyped(answer)
    const { recovery } = totpState(kept)
    if (hash === null || !recovery.includes(hash)) return null
    const user = await core.store.users.find({ kind: 'id', key: kept.userId })
    if (!user) return null
    const now = core.clock.now()
    const left = recovery.filter(each => each !== hash)
    return {
      next: withTotpState(kept, { recovery: left }, now),
      factor: { name: 'recovery-code', kind: 'holds', at: now },
      along: told(core, 'recovery-code-used', { user }, origin, { left: left.length }),
    }
  }

  /** Null when the key is gone it was sealed under: then nobody gets in with a code, and the log says why. */
  #open(kept: Credential): string | null {
    const { log } = this.#attached()
    const secret = this.#ring ? openTotpSecret(this.#ring, kept) : null
    if (secret === null) {
      const about = { user: kept.userId, keyId: sealedBy(kept.secret ?? '') }
      log.error(about, 'the secret of a second factor does not open: the key is gone. Keep earlier secrets in retiredSecrets')
    }
    return secret
  }

  #attached(): Core {
    if (!this.#core) throw unattached()
    return this.#core
  }

  #joined(): Accounts {
    if (!this.#accounts) throw unattached()
    return this.#accounts
  }
}

const unattached = (): AccountsError =>
  new AccountsError('InvalidSettings', { message: 'TwoFactor does nothing by itself: give it to an AccountsServer as one of its factors' })

/** accounts-js's helper: what a user's `services` hold of a second factor, for apps that keep their users in its layout. Null when there is nothing. */
export function getUserTwoFactorService(user: { services?: unknown }): unknown {
  const { services } = user
  return typeof services === 'object' && services !== null && 'two-factor' in services ? services['two-factor'] : null
}

/** A code that was right, and what is to be kept once it is used up. */
interface Spent {
  next: Credential
  factor: Factor
  along?: Along
}

/** Apps show `123 456`. */
const digitsOf = (code: string): string => code.replaceAll(/[\s-]/g, '')
