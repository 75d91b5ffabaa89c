import { AccountsError } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'
import type { Core } from '../../core/core.ts'
import { codeRow, goodUntil, isCodeOf } from '../../core/flows/request-login-code.ts'
import { noteReceipt } from '../../core/flows/note-receipt.ts'
import { emailKey } from '../../core/identity/email.ts'
import type { Identifier, User } from '../../core/identity/user.ts'
import { leadsIn } from '../../core/policy/claimed.ts'
import type { LoginCandidate } from '../../core/store.ts'
import type { LoginCodes, Origin, Proof, Strategy } from '../../core/strategy.ts'
import type { OneTimeToken } from '../../core/token/one-time-token.ts'
import { checkOptions, withDefaults } from './options.ts'
import type { AccountsCodeOptions } from './options.ts'
import { readParams } from './params.ts'
import type { CodeParams } from './params.ts'

/** How often a code can be tried. */
const TRIES = 5
/** Milliseconds that tries are remembered where no code is. */
const NOTHING_TO_GUESS = 60_000

/**
 * Signs in with a short code that was mailed: Meteor's passwordless, and a code of six digits elsewhere. A code works once and only the newest one does; after
 * five wrong tries none does. A change of password, a deactivation and "sign out everywhere" void it. Whoever has a second factor is asked for it. An address that
 * received a code is verified.
 *
 * The service is `code`; it answers to `passwordless` as well, which is Meteor's word. Its codes are asked for with `accounts.requestLoginCode`.
 * @example
 * import { AccountsCode } from '@latchkey/server/strategies/code'
 * const services = { code: new AccountsCode({ lifetime: '5m' }) }
 * console.log(services.code.name) // code
 */
export class AccountsCode implements Strategy<CodeParams> {
  readonly name = 'code'
  readonly aliases: readonly string[] = ['passwordless']
  #given: AccountsCodeOptions
  #deliver: LoginCodes['deliver']
  #core: Core | undefined
  #codes: LoginCodes | undefined

  /** @throws AccountsError `InvalidSettings` for unknown options and impossible values */
  constructor(options: AccountsCodeOptions = {}) {
    this.#given = checkOptions(options)
  }

  /** How codes are made, for the flow that mails them. */
  get loginCodes(): LoginCodes {
    const { face } = this.#attached().settings
    this.#codes ??= { ...withDefaults(this.#given, face), ...(this.#deliver ? { deliver: this.#deliver } : {}) }
    return this.#codes
  }

  /** Changes options; codes that were sent stay as they are. @throws AccountsError `InvalidSettings` */
  configure(changes: AccountsCodeOptions): void {
    this.#given = { ...this.#given, ...checkOptions(changes) }
    this.#codes = undefined
  }

  /** Tells of each code that belongs to a user and to no address (Meteor's `onCreateLoginToken`). Answering false keeps the mails from being sent. */
  onCode(deliver: NonNullable<LoginCodes['deliver']>): void {
    this.#deliver = deliver
    this.#codes = undefined
  }

  attach(core: Core): void {
    this.#core = core
  }

  serves({ emails }: User): boolean {
    return emails.length > 0
  }

  parse(options: unknown): CodeParams | undefined {
    return readParams(options, this.loginCodes)
  }

  claim(params: CodeParams): Identifier | null {
    return 'selector' in params ? params.selector : null
  }

  /** Throws when nobody is proven to whom it could be told; a known user fails with a proof that says why. */
  async authenticate(params: CodeParams, origin: Origin, candidate: LoginCandidate): Promise<Proof> {
    const core = this.#attached()
    const now = core.clock.now()
    const place = rowOf(core, params, candidate)
    const row = await core.store.tokens.find(place, 'login-code', now)
    const user = 'request' in params ? await core.store.users.find({ kind: 'id', key: row?.userId ?? '' }) : candidate.user
    // Counted before the code is looked at: guesses sent at once share the tries. Also where there is nothing to guess, which would show by the time it takes.
    const window = row ? Math.max(1, row.expiresAt - row.createdAt) : NOTHING_TO_GUESS
    const [tries] = await core.store.attempts.count([{ key: `tries:login-code:${place}:${row?.createdAt ?? ''}`, window }], now)
    if (!user) throw this.#wrong('request' in params ? 'LoginTokenMismatch' : 'UserNotFound')
    const proof: Proof = { userId: user.id, factor: { name: 'code', kind: 'receives', at: now } }
    if (!row) return { ...proof, error: this.#wrong('LoginTokenNotSet') }

    if (!tries || tries.count > TRIES) return { ...proof, error: this.#wrong('LoginTokenMismatch') }
    if (!isCodeOf(core, row, params.token)) return { ...proof, error: this.#mismatch(params) }
    if (goodUntil(row) <= now || row.data.epoch !== user.epoch) return { ...proof, error: this.#wrong('LoginTokenExpired') }
    const address = addressOf(row, user)
    if (address === null || (address !== '' && !leadsIn(core, user, emailKey(address))))
      return { ...proof, error: this.#wrong('LoginTokenMismatch') }
    const spend = (): Promise<User | null> => this.#spend(core, row, user, address, origin)
    // Where the login goes on in another request, it goes on without the code.
    if (!('request' in params)) return { ...proof, epoch: user.epoch, spend }
    const then = await spend()
    if (!then) throw this.#wrong('LoginTokenExpired')
    return { ...proof, epoch: then.epoch }
  }

  /** Of two logins with one code at once only one gets past this. */
  async #spend(core: Core, row: OneTimeToken, user: User, address: string, origin: Origin): Promise<User | null> {
    const consumed = await core.store.tokens.consume(row.hash, 'login-code', core.clock.now())
    if (consumed?.createdAt !== row.createdAt || consumed.data.code !== row.data.code) return null
    // Whoever signed in needs none of the others.
    await core.store.tokens.drop(user.id, ['login-code'])
    const epoch = address === '' ? user.epoch : await noteReceipt(core, user, address, origin, 'login-code')
    const then = await core.store.users.find({ kind: 'id', key: user.id })
    return then?.epoch === epoch ? then : null
  }

  #mismatch(params: CodeParams): AccountsError {
    const byEmail = 'selector' in params && params.selector.kind === 'email'
    return this.#wrong('LoginTokenMismatch', byEmail ? 'Email or token mismatch' : undefined)
  }

  #wrong(specific: ErrorCode, message?: string): AccountsError {
    if (this.#attached().settings.ambiguousErrorMessages) return new AccountsError('InvalidCredentials')
    return new AccountsError(specific, message === undefined ? {} : { message })
  }

  #attached(): Core {
    if (this.#core) return this.#core
    throw new AccountsError('InvalidSettings', { message: 'AccountsCode does nothing by itself: give it to an AccountsServer' })
  }
}

/** Where the code is kept. For a user who is not there, a place that nothing is kept in. */
function rowOf(core: Core, params: CodeParams, { user }: LoginCandidate): OneTimeToken['hash'] {
  if ('request' in params) return codeRow(core, { request: params.request })
  const { kind, key } = params.selector
  return codeRow(core, { userId: user?.id ?? '', address: kind === 'email' ? key : '' })
}

/** The address the code was sent to, if it is still the user's; empty for one that was sent to none. */
function addressOf({ address }: OneTimeToken, { emails }: User): string | null {
  if (address === '') return ''
  const key = emailKey(address)
  return emails.find(one => emailKey(one.address) === key)?.address ?? null
}
