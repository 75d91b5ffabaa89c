import { SESSION_MODE_HEADER } from '@latchkey/common'
import type {
  CreateUserResult,
  LinkedAccount,
  LoginResult,
  PublicSettings,
  PublicUser,
  RefreshResult,
  SessionInfo,
  Tokens,
  TwoFactorSecret,
  TwoFactorStatus,
} from '@latchkey/common'
import type { AccountsClient } from './accounts-client.ts'
import { AccountsClientError, isTokenRefused } from './error.ts'
import { bearer, withOwn } from './headers.ts'
import type { Headers, ImpersonationIdentity, ImpersonationResult, NewUser, TransportInterface } from './transport.ts'

// Answers are cast here, not checked: their shape is the contract of a route, which the server's tests hold it to. A check in every browser would guard against our
// own server only. What is no JSON, or no success, never gets that far: `readReply` throws.

/** Options of a {@link RestClient}. */
export interface RestClientOptions {
  /** Where the server is, for example `https://accounts.example.com`. @default '' (the page's own origin) */
  apiHost?: string
  /** Where its accounts routes are. @default '/accounts' */
  rootPath?: string
  /** Milliseconds after which a request is given up. @default 15000 */
  timeout?: number
}

const TWO_FACTOR = 'password/twoFactor'
const OPTIONS = ['apiHost', 'rootPath', 'timeout']

/**
 * Speaks accounts-js's REST protocol, and Latchkey's further routes. Every method rejects with an {@link AccountsClientError}. Calls that need a session
 * bring fresh tokens; one that is refused all the same is repeated once with other tokens.
 */
export class RestClient implements TransportInterface {
  client: AccountsClient | undefined = undefined
  readonly #base: string
  readonly #timeout: number

  /** @throws TypeError for an unknown option */
  constructor(options: RestClientOptions = {}) {
    const unknown = Object.keys(options).find(key => !OPTIONS.includes(key))
    if (unknown) throw new TypeError(`Unknown option "${unknown}". Known: ${OPTIONS.join(', ')}`)
    this.#base = `${options.apiHost ?? ''}${options.rootPath ?? '/accounts'}/`
    this.#timeout = options.timeout ?? 15_000
  }

  /** One request to a route of the server, as it is: no session is brought along in bearer mode. Resolves with the JSON of the answer. */
  async fetch(route: string, init: RequestInit = {}, headers: Headers = {}): Promise<unknown> {
    const cookie = this.client?.session === 'cookie'
    const mode = cookie ? { [SESSION_MODE_HEADER]: 'cookie' } : {}
    const response = await globalThis
      .fetch(this.#base + route, {
        signal: AbortSignal.timeout(this.#timeout),
        ...(cookie && { credentials: 'include' }),
        ...init,
        headers: withOwn(
          { 'content-type': 'application/json', ...mode },
          withOwn(Object.fromEntries(new globalThis.Headers(init.headers)), headers),
        ),
      })
      .catch((cause: unknown) => {
        throw unreachable(cause)
      })
    return readReply(response)
  }

  /** One request with the session. */
  async authFetch(route: string, init: RequestInit = {}, headers: Headers = {}): Promise<unknown> {
    const tokens = await this.client?.refreshSession()
    try {
      return await this.fetch(route, init, withOwn(bearer(tokens), headers))
    } catch (error) {
      if (!isTokenRefused(error)) throw error
      const other = tokens && (await this.client?.replaceTokens(tokens.accessToken))
      // Without tokens it is the cookie that was refused: let the client notice
      if (!other) this.client?.userChanged()
      if (!other) throw error
      return await this.fetch(route, init, withOwn(bearer(other), headers))
    }
  }

  async getUser(headers?: Headers): Promise<PublicUser | null> {
    // A cookie needs no body, and a GET is safe from other sites
    if (this.client?.session === 'cookie') return (await this.fetch('user', {}, headers)) as PublicUser | null
    const tokens = await this.client?.refreshSession()
    if (!tokens) return null
    const user = await this.#post('user', {}, withOwn(bearer(tokens), headers))
    // This route never refuses: it answers null for a token it does not like
    const other = user === null && (await this.client?.replaceTokens(tokens.accessToken))
    return (other ? await this.#post('user', {}, withOwn(bearer(other), headers)) : user) as PublicUser | null
  }

  async loginWithService(service: string, credentials: object, headers?: Headers): Promise<LoginResult<Tokens | null>> {
    return (await this.#post(`${service}/authenticate`, credentials, headers)) as LoginResult<Tokens | null>
  }

  async authenticateWithService(service: string, credentials: object, headers?: Headers): Promise<boolean> {
    return (await this.#post(`${service}/verifyAuthentication`, credentials, headers)) as boolean
  }

  async refreshTokens(accessToken: string, refreshToken: string, headers?: Headers): Promise<RefreshResult> {
    return (await this.#post('refreshTokens', { accessToken, refreshToken }, headers)) as RefreshResult
  }

  async logout(headers?: Headers): Promise<void> {
    // With the token as it is: a session can be ended with an expired one
    await this.#post('logout', {}, withOwn(bearer(await this.client?.getTokens()), headers))
  }

  async impersonate(accessToken: string, identity: ImpersonationIdentity, headers?: Headers): Promise<ImpersonationResult> {
    return (await this.#post('impersonate', { accessToken, impersonated: identity }, headers)) as ImpersonationResult
  }

  async settings(headers?: Headers): Promise<PublicSettings> {
    return (await this.fetch('settings', {}, headers)) as PublicSettings
  }

  async createUser(user: NewUser, headers?: Headers): Promise<CreateUserResult> {
    return (await this.#post('password/register', { user }, headers)) as CreateUserResult
  }

  async verifyEmail(token: string, headers?: Headers): Promise<void> {
    await this.#post('password/verifyEmail', { token }, headers)
  }

  async resetPassword(token: string, newPassword: string, headers?: Headers): Promise<LoginResult<Tokens | null> | null> {
    return (await this.#post('password/resetPassword', { token, newPassword }, headers)) as LoginResult<Tokens | null> | null
  }

  async sendVerificationEmail(email: string, headers?: Headers): Promise<void> {
    await this.#post('password/sendVerificationEmail', { email }, headers)
  }

  async sendResetPasswordEmail(email: string, headers?: Headers): Promise<void> {
    await this.#post('password/sendResetPasswordEmail', { email }, headers)
  }

  async requestMagicLinkEmail(email: string, headers?: Headers): Promise<void> {
    await this.#post('magiclink/requestMagicLinkEmail', { email }, headers)
  }

  async requestLoginCode(email: string, headers?: Headers): Promise<string> {
    const { request } = (await this.#post('code/request', { email }, headers)) as { request: string | null }
    return request ?? ''
  }

  async changePassword(oldPassword: string, newPassword: string, headers?: Headers, code?: string): Promise<void> {
    await this.#authPost('password/changePassword', { oldPassword, newPassword, code }, headers)
  }

  async addEmail(newEmail: string, headers?: Headers, password?: string, code?: string): Promise<void> {
    await this.#authPost('password/addEmail', { newEmail, password, code }, headers)
  }

  async removeEmail(email: string, password?: string, headers?: Headers, code?: string): Promise<void> {
    await this.#authPost('password/removeEmail', { email, password, code }, headers)
  }

  async changeEmail(oldEmail: string, newEmail: string, password?: string, headers?: Headers, code?: string): Promise<void> {
    await this.#authPost('password/changeEmail', { oldEmail, newEmail, password, code }, headers)
  }

  /** As accounts-js answers it over REST, `{ secret }`, and as it answers it over GraphQL: the secret's own fields. */
  async getTwoFactorSecret(headers?: Headers): Promise<TwoFactorSecret & { secret: TwoFactorSecret }> {
    const init = { method: 'POST' }
    const reply = await (this.client
      ? this.authFetch(TWO_FACTOR + 'Secret', init, headers)
      : this.fetch(TWO_FACTOR + 'Secret', init, headers))
    const { secret } = reply as { secret: TwoFactorSecret }
    return { ...secret, secret }
  }

  /** Without `password` only soon after a sign-in, else `RecentLoginRequired`, unless the server has the habits of accounts-js. */
  async twoFactorSet(
    secret: Partial<TwoFactorSecret>,
    code: string,
    headers?: Headers,
    password?: string,
  ): Promise<{ recoveryCodes: string[] }> {
    return (await this.#authPost(TWO_FACTOR + 'Set', { secret, code, password }, headers)) as { recoveryCodes: string[] }
  }

  async twoFactorEnable(
    secret: Partial<TwoFactorSecret>,
    code: string,
    headers?: Headers,
    password?: string,
  ): Promise<{ recoveryCodes: string[] }> {
    return this.twoFactorSet(secret, code, headers, password)
  }

  async twoFactorUnset(code: string, headers?: Headers): Promise<void> {
    await this.#authPost(TWO_FACTOR + 'Unset', { code }, headers)
  }

  async twoFactorRecoveryCodes(code: string, headers?: Headers): Promise<{ recoveryCodes: string[] }> {
    return (await this.#authPost(TWO_FACTOR + 'RecoveryCodes', { code }, headers)) as { recoveryCodes: string[] }
  }

  async twoFactorStatus(headers?: Headers): Promise<TwoFactorStatus> {
    return (await this.authFetch(TWO_FACTOR, {}, headers)) as TwoFactorStatus
  }

  async linkedAccounts(headers?: Headers): Promise<LinkedAccount[]> {
    return (await this.authFetch('oauth/accounts', {}, headers)) as LinkedAccount[]
  }

  async linkAccount(params: object, password?: string, headers?: Headers): Promise<void> {
    await this.#authPost('oauth/link', { ...params, password }, headers)
  }

  async unlinkAccount(provider: string, password?: string, headers?: Headers, code?: string): Promise<void> {
    await this.#authPost('oauth/unlink', { provider, password, code }, headers)
  }

  async sessions(headers?: Headers): Promise<SessionInfo[]> {
    return (await this.authFetch('sessions', {}, headers)) as SessionInfo[]
  }

  async endSession(sessionId: string, headers?: Headers): Promise<void> {
    await this.#authPost('sessions/end', { sessionId }, headers)
  }

  async endOtherSessions(headers?: Headers): Promise<void> {
    await this.#authPost('sessions/endOthers', {}, headers)
  }

  async deleteAccount(password?: string, headers?: Headers, code?: string): Promise<void> {
    await this.#authPost('account/delete', { password, code }, headers)
  }

  async exportData(headers?: Headers): Promise<Record<string, unknown>> {
    return (await this.authFetch('account/export', {}, headers)) as Record<string, unknown>
  }

  // The answers above are cast, not checked: what a route answers is the server's contract, and checking it would cost more than all the rest.
  #post(route: string, body: object, headers?: Headers): Promise<unknown> {
    return this.fetch(route, { method: 'POST', body: JSON.stringify(body) }, headers)
  }

  #authPost(route: string, body: object, headers?: Headers): Promise<unknown> {
    return this.authFetch(route, { method: 'POST', body: JSON.stringify(body) }, headers)
  }
}

/**
 * Like `fetch`, with the session of a client: for your own routes. The caller's headers win; the answer comes back as it is. When it is a 401, the
 * request is repeated once with other tokens, unless its body is a stream, which can be sent only once.
 * @example
 * import { AccountsClient, authFetch, RestClient } from '@latchkey/client'
 * const accounts = new AccountsClient({}, new RestClient({ apiHost: 'http://localhost:3000' }))
 * const orders = await authFetch(accounts, 'http://localhost:3000/orders')
 */
export async function authFetch(client: AccountsClient, url: string | URL, request: RequestInit = {}): Promise<Response> {
  const send = (tokens: Tokens | null): Promise<Response> => {
    const headers = new globalThis.Headers({ 'content-type': 'application/json', ...bearer(tokens) })
    new globalThis.Headers(request.headers).forEach((value, name) => headers.set(name, value))
    return fetch(url, { ...(client.session === 'cookie' && { credentials: 'include' }), ...request, headers })
  }
  const tokens = await client.refreshSession()
  const response = await send(tokens)
  if (response.status !== 401 || !tokens || request.body instanceof ReadableStream) return response
  const other = await client.replaceTokens(tokens.accessToken)
  return other ? send(other) : response
}

async function readReply(response: Response): Promise<unknown> {
  const { status } = response
  const reply: unknown = await response.json().catch((cause: unknown) => {
    if (!(cause instanceof SyntaxError)) throw unreachable(cause)
    throw new AccountsClientError(`The server's answer (${status}) is not JSON`, 'UnexpectedReply', { status, cause })
  })
  if (response.ok) return reply
  const { message, code, details } = (reply ?? {}) as { message?: string; code?: string | number; details?: Record<string, unknown> }
  const wait = Number(response.headers.get('retry-after') ?? NaN)
  throw new AccountsClientError(message ?? `The server answered ${status}`, code, {
    status,
    details,
    retryAfter: wait >= 0 ? wait : undefined,
  })
}

const unreachable = (cause: unknown): AccountsClientError =>
  new AccountsClientError('The server cannot be reached', 'NetworkError', { cause })
