import { AccountsError } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'
import type { Core } from '../../core/core.ts'
import { passwordOf } from '../../core/identity/credential.ts'
import { emailKey } from '../../core/identity/email.ts'
import { isDeactivated } from '../../core/identity/user.ts'
import type { Identifier, User } from '../../core/identity/user.ts'
import type { LoginCandidate } from '../../core/store.ts'
import type { Origin, Proof, Strategy } from '../../core/strategy.ts'
import { readOptions } from './options.ts'
import type { AccountsPasswordOptions, PasswordSettingsGiven } from './options.ts'
import { readParams } from './params.ts'
import type { PasswordParams } from './params.ts'
import { PasswordHashing } from './password-hashing.ts'
import { PasswordUpgrade } from './password-upgrade.ts'
import { isModest } from './recipe.ts'

/**
 * Signs in with a password; accounts-js's service of that name. Brings the hasher and the password rules of the server it is given to.
 * @example
 * import { AccountsPassword } from '@latchkey/server/strategies/password'
 * const password = new AccountsPassword({ requireEmailVerification: true, contextWords: ['acme'] })
 * console.log(password.name) // password
 */
export class AccountsPassword implements Strategy<PasswordParams> {
  readonly name = 'password'
  /** The part of the options that becomes the server's `settings.password`. */
  readonly passwordSettings: PasswordSettingsGiven
  /** Hashes and verifies for sign-up, recovery and change too. */
  readonly hasher: PasswordHashing
  /** The app's own texts, by error code. */
  readonly messages: Readonly<Partial<Record<ErrorCode, string>>>
  readonly #upgrade: PasswordUpgrade
  readonly #isModest: boolean
  #core: Core | undefined

  /** @throws AccountsError `InvalidSettings` for unknown options and impossible costs */
  constructor(options: AccountsPasswordOptions = {}) {
    const { settings, hashing, messages } = readOptions(options)
    this.passwordSettings = settings
    this.messages = messages
    this.hasher = new PasswordHashing(hashing)
    this.#upgrade = new PasswordUpgrade(this.hasher)
    this.#isModest = isModest(hashing.current)
  }

  attach(core: Core): void {
    this.hasher.attach(core)
    this.#core = core
    if (core.settings.production && this.#isModest) {
      core.log.warn(
        {},
        'the cost of password hashes is below what OWASP recommends (argon2id with 19 MiB and 2 passes, bcrypt with 10 rounds)',
      )
    }
  }

  parse(options: unknown): PasswordParams | undefined {
    return readParams(options, this.#attached().settings.password, this.#refusal)
  }

  claim({ identifier }: PasswordParams): Identifier | null {
    return identifier
  }

  /** Throws when the user is unknown; a known one fails with a proof that says why, after the same work. */
  async authenticate({ identifier, password }: PasswordParams, origin: Origin, { user, credentials }: LoginCandidate): Promise<Proof> {
    const { settings, clock } = this.#attached()
    const stored = user && passwordOf(credentials)
    const decoyKey = identifier ? `${identifier.kind}:${identifier.key}` : ''
    const mayVerify = !settings.password.requireEmailVerification || (user !== null && isVerified(user, identifier))
    const welcome = mayVerify && user !== null && !isDeactivated(user)
    const matches = await this.hasher.verifyFor(password, stored, { decoyKey, ip: origin.ip, welcome })

    const wrong = (specific: ErrorCode): AccountsError => this.#refusal(settings.ambiguousErrorMessages ? 'InvalidCredentials' : specific)
    if (!user) throw wrong('UserNotFound')
    const proof: Proof = { userId: user.id, factor: { name: this.name, kind: 'knows', at: clock.now() } }
    if (!stored) return { ...proof, error: wrong('NoPasswordSet') }
    if (!matches) return { ...proof, error: wrong('IncorrectPassword') }
    // Only now: before the right password it would tell that the account exists.
    if (!mayVerify) return { ...proof, error: this.#refusal('EmailNotVerified') }
    this.#upgrade.later(this.#attached(), { userId: user.id, stored, password, origin })
    return proof
  }

  readonly #refusal = (code: ErrorCode, field?: string): AccountsError => {
    const message = this.messages[code]
    return new AccountsError(code, {
      ...(message === undefined ? {} : { message }),
      ...(field === undefined ? {} : { details: { field } }),
    })
  }

  #attached(): Core {
    if (!this.#core)
      throw new AccountsError('InvalidSettings', { message: 'AccountsPassword does nothing by itself: give it to an AccountsServer' })
    return this.#core
  }
}

/** The address that was used, or any one when it was a name or an id. */
function isVerified({ emails }: User, identifier: Identifier | null): boolean {
  const used = identifier?.kind === 'email' ? emails.filter(({ address }) => emailKey(address) === identifier.key) : emails
  return used.some(({ verified }) => verified)
}
