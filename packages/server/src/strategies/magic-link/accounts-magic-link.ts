import { AccountsError } from '@latchkey/common'
import type { ErrorCode, PublicUser } from '@latchkey/common'
import type { Accounts } from '../../core/accounts.ts'
import type { Core } from '../../core/core.ts'
import { noteReceipt } from '../../core/flows/note-receipt.ts'
import { emailKey } from '../../core/identity/email.ts'
import { toPublicUser } from '../../core/identity/public-user.ts'
import { isDeactivated } from '../../core/identity/user.ts'
import type { User } from '../../core/identity/user.ts'
import { APP } from '../../core/origin.ts'
import { leadsIn } from '../../core/policy/claimed.ts'
import { hashSecret } from '../../core/session/secret.ts'
import type { LoginCandidate } from '../../core/store.ts'
import type { LoginLinks, Origin, Proof, Strategy } from '../../core/strategy.ts'
import type { OneTimeToken } from '../../core/token/one-time-token.ts'
import { readOptions } from './options.ts'
import type { AccountsMagicLinkOptions } from './options.ts'

/** What a login with a link sends. */
export interface MagicLinkParams {
  token: string
  /** The answer to a second factor, given at once. */
  code?: string
}

/**
 * Signs in with a link that was mailed; accounts-js's service of that name. A link works once, for fifteen minutes, and only the newest one does; a change
 * of password, a deactivation and "sign out everywhere" void it. Whoever has a second factor is asked for it. An address that received a link is verified.
 *
 * The service is `magicLink`; it answers to `magiclink` and `magic-link` as well, because accounts-js's own parts do not agree on its name.
 * @example
 * import { AccountsMagicLink } from '@latchkey/server/strategies/magic-link'
 * const services = { magicLink: new AccountsMagicLink({ loginTokenExpiration: '10m' }) }
 * console.log(services.magicLink.name) // magicLink
 */
export class AccountsMagicLink implements Strategy<MagicLinkParams> {
  readonly name = 'magicLink'
  /** A link is one among other things that are called `token`. */
  readonly byName = true
  /** accounts-js's word for {@link name}. */
  readonly serviceName = 'magicLink'
  readonly aliases: readonly string[] = ['magicLink', 'magiclink', 'magic-link']
  /** How links are made, for the flow that sends them. */
  readonly loginLinks: LoginLinks
  /** The `AccountsServer` it belongs to, set by that server. */
  server: unknown
  #core: Core | undefined
  #accounts: Accounts | undefined

  /** @throws AccountsError `InvalidSettings` for unknown options and impossible times */
  constructor(options: AccountsMagicLinkOptions = {}) {
    this.loginLinks = readOptions(options)
  }

  attach(core: Core): void {
    this.#core = core
  }

  join(accounts: Accounts): void {
    this.#accounts = accounts
  }

  /**
   * Sends a link to sign in, in the place of earlier ones. For the app's own code: it says whether the address is known. `accounts.requestMagicLinkEmail`,
   * which transports call, says so only where messages are not ambiguous.
   * @throws AccountsError `InvalidEmail`, `UserNotFound`, `TooManyAttempts`
   */
  async requestMagicLinkEmail(email: unknown): Promise<void> {
    if (!this.#accounts) throw unattached()
    await this.#accounts.requestMagicLinkEmail(email, APP, 'openly')
  }

  serves({ emails }: User): boolean {
    return emails.length > 0
  }

  parse(options: unknown): MagicLinkParams {
    const { token, code } = (typeof options === 'object' && options !== null ? options : {}) as Record<string, unknown>
    if (!token) throw this.#refusal('UnrecognizedOptionsForLogin', 'token')
    if (typeof token !== 'string') throw this.#refusal('MatchFailed', 'token')
    if (code === undefined || code === null || code === '') return { token }
    if (typeof code !== 'string') throw this.#refusal('MatchFailed', 'code')
    return { token, code }
  }

  /** accounts-js's call, for the app's own code: proves who it is with every check of a login, opens no session, and spends the link. */
  authenticate(params: MagicLinkParams): Promise<PublicUser>
  /** The login flow's. Throws when the link is unknown, spent, too old, or from before a change that voids it. */
  authenticate(params: MagicLinkParams, origin: Origin, candidate: LoginCandidate): Promise<Proof>
  async authenticate(params: MagicLinkParams, origin?: Origin): Promise<Proof | PublicUser> {
    if (!this.#core || !this.#accounts) throw unattached()
    const { settings, store, clock } = this.#core
    if (!origin) {
      const { user } = await this.#accounts.prove(this.name, params, APP)
      return toPublicUser({ face: settings.face, userObjectSanitizer: undefined }, user)
    }
    const link = await store.tokens.consume(hashSecret(params.token), 'login-link', clock.now())
    const user = link?.userId ? await store.users.find({ kind: 'id', key: link.userId }) : null
    if (!link || !user) throw this.#refusal('LoginTokenExpired')
    const proof: Proof = { userId: user.id, factor: { name: 'magic-link', kind: 'receives', at: clock.now() } }
    // The flow has the words for it.
    if (isDeactivated(user)) return proof
    const address = addressOf(link, user)
    if (address === null || !leadsIn(this.#core, user, emailKey(address)) || link.data.epoch !== user.epoch)
      throw this.#refusal('LoginTokenExpired')
    return { ...proof, epoch: await noteReceipt(this.#core, user, address, origin, 'magic-link') }
  }

  #refusal(code: ErrorCode, field?: string): AccountsError {
    const message = this.loginLinks.messages[code]
    return new AccountsError(code, {
      ...(message === undefined ? {} : { message }),
      ...(field === undefined ? {} : { details: { field } }),
    })
  }
}

/** The address the link was sent to, if it is still the user's. */
function addressOf(link: OneTimeToken, user: User): string | null {
  // Written by the flow that sends links.
  const key = emailKey(String(link.data.address))
  return user.emails.find(({ address }) => emailKey(address) === key)?.address ?? null
}

const unattached = (): AccountsError =>
  new AccountsError('InvalidSettings', { message: 'AccountsMagicLink does nothing by itself: give it to an AccountsServer' })
