import { AccountsError, isAccountsError } from '@latchkey/common'
import type { Accounts } from '../../core/accounts.ts'
import type { Core } from '../../core/core.ts'
import { userVouchedFor } from '../../core/flows/link.ts'
import { passThrough } from '../../core/hooks.ts'
import type { Credential } from '../../core/identity/credential.ts'
import { parseEmail } from '../../core/identity/email.ts'
import { accountKind, isProvider } from '../../core/identity/linked-account.ts'
import type { User } from '../../core/identity/user.ts'
import type { Origin, Proof, Strategy, Vouched } from '../../core/strategy.ts'
import type { OAuthProvider, OAuthProviders, OAuthUser } from './provider.ts'

/** A sign-in through one provider, with whatever the client sent for it. */
export interface OAuthParams {
  name: string
  provider: OAuthProvider
  sent: Record<string, unknown>
}

/**
 * Signs in through other people's accounts; accounts-js's service of that name. A provider says who it is; whom that is here is decided by the provider's own
 * name for them, and by their address only when both sides have verified it.
 * @example
 * import { AccountsOauth } from '@latchkey/server/strategies/oauth'
 * const oauth = new AccountsOauth({
 *   example: {
 *     async authenticate({ access_token }: { access_token: string }) {
 *       const answer = await fetch('https://id.example.org/userinfo', { headers: { authorization: `Bearer ${access_token}` } })
 *       const { sub, ...profile } = (await answer.json()) as { sub: string; email: string; email_verified: boolean }
 *       return { ...profile, id: sub }
 *     },
 *   },
 * })
 * console.log(Object.keys(oauth.getOAuthProviders())) // [ 'example' ]
 */
export class AccountsOauth implements Strategy<OAuthParams> {
  readonly name = 'oauth'
  /** What a provider sends along may be called anything. */
  readonly byName = true
  /** RFC 6749, 4.1.2: the provider's. */
  readonly ownCode = true
  /** A map: no name that a client sends can reach a prototype. */
  readonly #providers: ReadonlyMap<string, OAuthProvider>
  #core: Core | undefined
  #accounts: Accounts | undefined

  /** @throws AccountsError `InvalidSettings` for no providers, a provider without `authenticate`, or with a name that not every store could keep */
  constructor(providers: OAuthProviders) {
    if (typeof providers !== 'object' || providers === null) {
      throw new AccountsError('InvalidSettings', {
        message: 'AccountsOauth needs providers by name: { example: { authenticate(params) { … } } }',
      })
    }
    this.#providers = new Map(Object.entries(providers))
    for (const [name, provider] of this.#providers) refuseUnfit(name, provider)
  }

  attach(core: Core): void {
    this.#core = core
  }

  join(accounts: Accounts): void {
    this.#accounts = accounts
  }

  /** The providers by name, as they were given. */
  getOAuthProviders(): OAuthProviders {
    return Object.fromEntries(this.#providers)
  }

  /**
   * Unlinks a user's account at a provider; nothing happens when there is none. For the app's own code: over the wire a user confirms it first.
   * @throws AccountsError `UserNotFound`, `LastSignInMethod`
   */
  unlink(userId: string, provider: string): Promise<void> {
    return attached(this.#accounts).unlinkUser(userId, provider)
  }

  parse(options: unknown): OAuthParams | undefined {
    if (typeof options !== 'object' || options === null) return undefined
    const { provider: name, ...sent }: { provider?: unknown } = options
    if (name === undefined || name === '') throw invalidProvider()
    const provider = typeof name === 'string' ? this.#providers.get(name) : undefined
    if (typeof name !== 'string' || !provider) throw invalidProvider(`No OAuth provider with the name ${printable(name)} was registered.`)
    return { name, provider, sent }
  }

  async vouch({ name, provider, sent }: OAuthParams): Promise<Vouched> {
    const user = await this.#ask(name, provider, sent)
    const subject = subjectOf(user)
    if (subject === null) throw new AccountsError('AuthenticationFailed', { message: COULD_NOT, detail: `${name} vouched for nobody` })
    const parsed = parseEmail(user?.email)
    return {
      provider: name,
      subject,
      email: parsed && { ...parsed, verified: isVerified(user, provider) },
      account: { ...user },
      registration: async () => {
        if (!provider.getRegistrationPayload) return { email: parsed?.address }
        // A subject was found, so there is a user.
        return provider.getRegistrationPayload({ ...user, id: subject })
      },
    }
  }

  async authenticate(params: OAuthParams, origin: Origin): Promise<Proof> {
    const core = attached(this.#core)
    const { id, epoch } = await userVouchedFor(core, await this.vouch(params), origin)
    return { userId: id, factor: { name: accountKind(params.name), kind: 'trusted', at: core.clock.now() }, epoch }
  }

  begin(name: string): ((state: string) => Promise<string> | string) | undefined {
    const provider = this.#providers.get(name)
    return provider?.authorizationUrl?.bind(provider)
  }

  serves(_user: User, credentials: readonly Credential[]): boolean {
    const kinds = new Set<string>([...this.#providers.keys()].map(accountKind))
    return credentials.some(({ kind }) => kinds.has(kind))
  }

  /** What went wrong on the way to the provider is for the log; what the provider object has to say is for the client, as with accounts-js. */
  async #ask(name: string, provider: OAuthProvider, sent: Record<string, unknown>): Promise<OAuthUser | null | undefined> {
    try {
      return await provider.authenticate({ ...sent, provider: name })
    } catch (thrown) {
      if (isAccountsError(thrown) || !isMishap(thrown)) throw passThrough(thrown)
      attached(this.#core).log.warn({ err: thrown, provider: name }, 'an OAuth provider could not be asked')
      throw new AccountsError('AuthenticationFailed', { message: COULD_NOT, cause: thrown, detail: `${name} could not be asked` })
    }
  }
}

const COULD_NOT = 'Service oauth was not able to authenticate user'
const LONGEST_SUBJECT = 255
const UNSTORABLE = /[\0\p{Surrogate}]/u

function refuseUnfit(name: string, provider: OAuthProvider): void {
  // Whatever the store: an app may move to another, and a user whose account cannot be written there could not come back.
  if (!isProvider(name) || name.length > 40)
    refuse(
      `"${name}" cannot be the name of an OAuth provider: use letters, digits, "_" and "-", and no name that accounts-js has for itself`,
    )
  // What a caller without types may hand over.
  const given: Partial<OAuthProvider> | null | undefined = provider
  if (typeof given?.authenticate !== 'function') refuse(`The OAuth provider "${name}" has no authenticate(params)`)
  for (const part of ['getRegistrationPayload', 'authorizationUrl'] as const) {
    if (given[part] !== undefined && typeof given[part] !== 'function') refuse(`${part} of the OAuth provider "${name}" must be a function`)
  }
}

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}

function attached<T>(part: T | undefined): T {
  if (part === undefined)
    throw new AccountsError('InvalidSettings', { message: 'AccountsOauth does nothing by itself: give it to an AccountsServer' })
  return part
}

/** Providers that count their users answer with numbers. No database keeps NUL or half a surrogate pair: two such names would become one there. */
function subjectOf(user: OAuthUser | null | undefined): string | null {
  const id: unknown = user?.id
  const subject = typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : id
  return typeof subject === 'string' && subject !== '' && subject.length <= LONGEST_SUBJECT && !UNSTORABLE.test(subject) ? subject : null
}

const CLAIMS = ['email_verified', 'emailVerified', 'verified_email'] as const

/** Only `true` itself: there are providers that say `"false"`. Of several claims none may say otherwise. */
function isVerified(user: OAuthUser | null | undefined, { trustsEmails }: { trustsEmails?: unknown }): boolean {
  const claims = CLAIMS.map(claim => user?.[claim]).filter(claim => claim !== undefined)
  return claims.length === 0 ? trustsEmails === true : claims.every(claim => claim === true)
}

/** An error of the runtime or the network, which nobody worded for a visitor. */
const isMishap = (thrown: unknown): boolean =>
  !(thrown instanceof Error) ||
  thrown instanceof DOMException ||
  'syscall' in thrown ||
  [TypeError, SyntaxError, RangeError, ReferenceError].some(kind => thrown instanceof kind)

const invalidProvider = (message?: string): AccountsError =>
  new AccountsError('InvalidProvider', { ...(message === undefined ? {} : { message }), details: { field: 'provider' } })

/** A name from outside, fit for a message. */
const printable = (name: unknown): string => (typeof name === 'string' ? name.replace(/[^\w.-]/g, '?').slice(0, 40) : typeof name)
