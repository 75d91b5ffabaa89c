/** `@latchkey/server/express-session`: accounts-js's bridge to `express-session`, for apps whose pages are made on the server. */
import { AccountsError, isAccountsError } from '@latchkey/common'
import type { Tokens } from '@latchkey/common'
import type { AccountsServer } from '../accounts-server.ts'
import type { User } from '../core/identity/user.ts'
import { refuseUnknown } from '../core/settings-kinds.ts'
import { headOf } from '../transports/node/index.ts'
import type { NodeHandler } from '../transports/node/index.ts'
import { loaderOf } from './mount.ts'
import type { LoadedUser, MountOptions } from './mount.ts'
import { relay } from './relay.ts'

/** A request with an `express-session`. */
export type SessionRequest = Parameters<NodeHandler>[0] & { session?: unknown }

/** What is used of `express-session`'s session. */
interface ExpressSession {
  [key: string]: unknown
  destroy(done: (error?: unknown) => void): unknown
  regenerate(done: (error?: unknown) => void): unknown
}

/** Options of {@link AccountsSession}. */
export interface AccountsSessionOptions {
  /** Key of the session under which the pair of tokens is kept. @default 'accounts-js-tokens' */
  name?: string
  user?: {
    /** Name of the request's property that gets the user. @default 'user' */
    name?: string
    /** What that property gets instead of the public user; `user` is as kept, without hashes, tokens and secrets; with `micro` nothing but the id. */
    resolve?: (tokens: Tokens, req: SessionRequest, user: User) => unknown
  }
  /** Proxies and the like: the options that {@link accountsExpress} has. */
  mount?: MountOptions
}

const OPTIONS = ['name', 'user', 'mount']
const USER_OPTIONS = ['name', 'resolve']

/** Tokens are renewed so long before they expire. */
const MARGIN_SECONDS = 30

/**
 * Keeps a pair of tokens in the app's `express-session`, so that pages know their visitor without a script. Tokens are renewed when they are about to
 * expire (accounts-js renewed them at every request); a session that is over is forgotten, and the request goes on as nobody's.
 * @example
 * import express from 'express'
 * import session from 'express-session'
 * import { AccountsServer } from '@latchkey/server'
 * import { AccountsSession } from '@latchkey/server/express-session'
 *
 * export function appOf(accountsServer: AccountsServer) {
 *   const accounts = new AccountsSession(accountsServer)
 *   const app = express()
 *   app.use(session({ secret: 'of your own', resave: false, saveUninitialized: false }), express.urlencoded(), accounts.middleware())
 *   app.post('/login', async (req, res) => {
 *     const { email, password } = req.body
 *     const { tokens } = await accountsServer.loginWithService('password', { user: { email }, password }, { ip: req.ip ?? '' })
 *     await accounts.signIn(req, tokens)
 *     res.redirect('/')
 *   })
 *   app.post('/logout', async (req, res) => {
 *     await accounts.destroy(req)
 *     res.redirect('/')
 *   })
 *   return app
 * }
 */
export class AccountsSession {
  readonly #accountsServer: AccountsServer
  readonly #name: string
  readonly #user: NonNullable<AccountsSessionOptions['user']>
  readonly #load: (call: ReturnType<typeof headOf>) => Promise<LoadedUser>

  /** @throws AccountsError `InvalidSettings` for unknown options */
  constructor(accountsServer: AccountsServer, options: AccountsSessionOptions = {}) {
    refuseUnknown('AccountsSession', options, OPTIONS)
    refuseUnknown('AccountsSession', options.user ?? {}, USER_OPTIONS, 'user.')
    this.#accountsServer = accountsServer
    this.#name = options.name ?? 'accounts-js-tokens'
    this.#user = options.user ?? {}
    this.#load = loaderOf(accountsServer, options.mount ?? {})
  }

  /** Puts the user on every request whose session has tokens. Comes after `express-session`. */
  middleware(): (req: SessionRequest, res: unknown, next: (error?: unknown) => void) => void {
    return (req, _res, next) => void relay(this.#attach(req), next)
  }

  /** The tokens of this visitor. */
  get(req: SessionRequest): Tokens | undefined {
    const kept = sessionOf(req)[this.#name]
    return isPair(kept) ? kept : undefined
  }

  /** Keeps a pair of tokens. Right after a login use {@link signIn}. */
  set(req: SessionRequest, tokens: Tokens): void {
    sessionOf(req)[this.#name] = { accessToken: tokens.accessToken, refreshToken: tokens.refreshToken }
  }

  /** Forgets the tokens; their session lives on. */
  clear(req: SessionRequest): void {
    delete sessionOf(req)[this.#name]
  }

  /** Keeps the tokens of a login in a new express session: one that was begun before the login may be known to somebody else (ASVS 7.2.4). */
  async signIn(req: SessionRequest, tokens: Tokens): Promise<void> {
    await finished(done => sessionOf(req).regenerate(done))
    this.set(req, tokens)
  }

  /**
   * Renews the tokens now. Undefined: there are none, or their session is over; they are forgotten then.
   * @throws AccountsError when the server cannot be asked, or asks to slow down
   */
  async renew(req: SessionRequest): Promise<Tokens | undefined> {
    const kept = this.get(req)
    if (!kept) return undefined
    try {
      const { infos } = await this.#load(headOf(req))
      const { tokens } = await this.#accountsServer.refreshTokens(kept.accessToken, kept.refreshToken, infos)
      this.set(req, tokens)
      return tokens
    } catch (error) {
      this.#forgetOr(req, error)
      return undefined
    }
  }

  /** Signs out: ends the accounts session, forgets the tokens, destroys the express session. */
  async destroy(req: SessionRequest): Promise<void> {
    const kept = this.get(req)
    if (kept) await this.#accountsServer.logout(kept.accessToken).catch((error: unknown) => this.#forgetOr(req, error))
    this.clear(req)
    await finished(done => sessionOf(req).destroy(done))
  }

  async #attach(req: SessionRequest): Promise<void> {
    const kept = this.get(req)
    const tokens = kept && expiresSoon(kept.accessToken, this.#accountsServer.accounts.core.clock.now()) ? await this.renew(req) : kept
    if (!tokens) return
    try {
      const { accounts } = this.#accountsServer
      const { name = 'user', resolve } = this.#user
      const { accessToken } = tokens
      Object.assign(req, {
        [name]: resolve ? await resolve(tokens, req, await accounts.resumeStored(accessToken)) : await accounts.resume(accessToken),
      })
    } catch (error) {
      this.#forgetOr(req, error)
    }
  }

  /** A session that is over is no error of the request. */
  #forgetOr(req: SessionRequest, error: unknown): void {
    if (!isAccountsError(error) || !OVER.includes(error.code)) throw error
    this.clear(req)
  }
}

export { AccountsSession as default }

const OVER: readonly string[] = [
  'TokenVerificationFailed',
  'SessionNotFound',
  'InvalidSession',
  'UserNotFound',
  'UserDeactivated',
  'InvalidTokens',
]

function sessionOf({ session }: SessionRequest): ExpressSession {
  if (!session)
    throw new AccountsError('InvalidSettings', { message: 'req.session is missing: put express-session before AccountsSession' })
  // What `express-session` puts there.
  return session as ExpressSession
}

const isPair = (kept: unknown): kept is Tokens =>
  typeof kept === 'object' &&
  kept !== null &&
  'accessToken' in kept &&
  typeof kept.accessToken === 'string' &&
  'refreshToken' in kept &&
  typeof kept.refreshToken === 'string'

/** Looks at the token without believing it: whoever made it up is told so by the check that follows. */
function expiresSoon(accessToken: string, now: number): boolean {
  try {
    const { exp } = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as { exp?: unknown }
    return typeof exp !== 'number' || exp - MARGIN_SECONDS <= now / 1000
  } catch {
    return false
  }
}

function finished(work: (done: (error?: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    work(error => (error ? reject(error instanceof Error ? error : new Error('the session store failed', { cause: error })) : resolve()))
  })
}
