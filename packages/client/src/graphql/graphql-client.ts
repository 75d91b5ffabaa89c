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
import type { AccountsClient } from '../accounts-client.ts'
import { AccountsClientError, isTokenRefused } from '../error.ts'
import { bearer, withOwn } from '../headers.ts'
import type { Headers, ImpersonationIdentity, ImpersonationResult, NewUser, TransportInterface } from '../transport.ts'
import type { GraphQLDocument } from './document.ts'
import { GraphQLErrorList, toClientError } from './error.ts'
import type { GraphQLErrorEntry } from './error.ts'
import { documents, fieldOf, isQuery } from './operations.ts'
import type { Documents, OperationName } from './operations.ts'

// Answers are cast here, not checked: what a field answers is the schema's contract, and the server has checked it. An answer with errors, or without data, never
// gets that far: `#send` throws.

/** The part of a GraphQL client that is used: Apollo's, or anything with these two methods. */
export interface GraphQLClientLike {
  mutate(options: { mutation: GraphQLDocument } & GraphQLSending): Promise<GraphQLAnswer>
  /** Must not answer from a cache (`fetchPolicy: 'network-only'`): who is signed in changes. */
  query(options: { query: GraphQLDocument; fetchPolicy?: string } & GraphQLSending): Promise<GraphQLAnswer>
}

/** What is sent with an operation; always given, optional only for types such as Apollo's. */
export interface GraphQLSending {
  variables?: Record<string, unknown>
  /** Has `headers`, and in cookie mode `credentials`. */
  context?: Record<string, unknown>
}

/** What such a client answers. */
export interface GraphQLAnswer {
  data?: unknown
  errors?: readonly GraphQLErrorEntry[] | undefined
  /** Apollo 4. */
  error?: unknown
}

/** Options of an {@link AccountsGraphQLClient}: accounts-js's. */
export interface AccountsGraphQLClientOptions {
  graphQLClient: GraphQLClientLike
  /** `fragment userFields on User { … }`, parsed: what is asked about a user. @default id, emails, username */
  userFieldsFragment?: GraphQLDocument
}

const OPTIONS = ['graphQLClient', 'userFieldsFragment']

/**
 * Speaks accounts-js's GraphQL protocol, and Latchkey's further fields, through a GraphQL client of your choice. Every method rejects with an
 * `AccountsClientError`; what the server refused is a {@link GraphQLErrorList}. Calls that need a session bring fresh tokens; one that is refused all the
 * same is repeated once with other tokens.
 * @example
 * import { AccountsClient } from '@latchkey/client'
 * import { AccountsGraphQLClient } from '@latchkey/client/graphql'
 * import type { GraphQLClientLike } from '@latchkey/client/graphql'
 *
 * // For example `new ApolloClient({ uri: 'http://localhost:3000/graphql', cache: new InMemoryCache() })`
 * export const accountsOver = (graphQLClient: GraphQLClientLike) => new AccountsClient({}, new AccountsGraphQLClient({ graphQLClient }))
 */
export class AccountsGraphQLClient implements TransportInterface {
  client: AccountsClient | undefined = undefined
  readonly #graphQL: GraphQLClientLike
  readonly #documents: Documents

  /** @throws TypeError for an unknown option; Error without a GraphQL client */
  constructor(options: AccountsGraphQLClientOptions) {
    const unknown = Object.keys(options).find(key => !OPTIONS.includes(key))
    if (unknown) throw new TypeError(`Unknown option "${unknown}". Known: ${OPTIONS.join(', ')}`)
    if (!options.graphQLClient) throw new Error('A GraphQL client is required')
    this.#graphQL = options.graphQLClient
    this.#documents = documents(options.userFieldsFragment)
  }

  async loginWithService(service: string, credentials: object, headers?: Headers): Promise<LoginResult<Tokens | null>> {
    return readLogin(await this.#ask('authenticate', { serviceName: service, params: paramsOf(credentials) }, headers))
  }

  async authenticateWithService(service: string, credentials: object, headers?: Headers): Promise<boolean> {
    return (await this.#ask('authenticateWithService', { serviceName: service, params: paramsOf(credentials) }, headers)) === true
  }

  async refreshTokens(accessToken: string, refreshToken: string, headers?: Headers): Promise<RefreshResult> {
    const result = await this.#send('refreshTokens', { accessToken, refreshToken }, headers)
    // This schema does not say where the call came from.
    return { ...(readLogin(result) as LoginResult), infos: { userAgent: '', ip: '' } }
  }

  async logout(headers?: Headers): Promise<void> {
    // With the token as it is: a session can be ended with an expired one
    await this.#send('logout', {}, withOwn(bearer(await this.client?.getTokens()), headers))
  }

  async getUser(headers?: Headers): Promise<PublicUser | null> {
    const tokens = await this.client?.refreshSession()
    if (!tokens && this.client && this.client.session !== 'cookie') return null
    const user = await this.#send('getUser', {}, withOwn(bearer(tokens), headers))
    // This field never refuses: it answers null for a token the server does not like
    const other = user === null && tokens && (await this.client?.replaceTokens(tokens.accessToken))
    return readUser(other ? await this.#send('getUser', {}, withOwn(bearer(other), headers)) : user)
  }

  async impersonate(accessToken: string, identity: ImpersonationIdentity, headers?: Headers): Promise<ImpersonationResult> {
    const result = await this.#ask('impersonate', { accessToken, impersonated: identity }, headers)
    const { authorized, tokens, user } = result as { authorized: boolean; tokens?: Tokens; user?: unknown }
    return { authorized, ...(tokens ? { tokens } : {}), ...(user ? { user: readUser(user) as PublicUser } : {}) }
  }

  async settings(headers?: Headers): Promise<PublicSettings> {
    return (await this.#send('accountsSettings', {}, headers)) as PublicSettings
  }

  async createUser(user: NewUser, headers?: Headers): Promise<CreateUserResult> {
    const { userId, loginResult } = ((await this.#ask('createUser', { user }, headers)) ?? {}) as { userId?: string; loginResult?: unknown }
    return { ...(userId ? { userId } : {}), ...(loginResult ? { loginResult: readLogin(loginResult) } : {}) }
  }

  async verifyEmail(token: string, headers?: Headers): Promise<void> {
    await this.#ask('verifyEmail', { token }, headers)
  }

  async resetPassword(token: string, newPassword: string, headers?: Headers): Promise<LoginResult<Tokens | null> | null> {
    const result = await this.#ask('resetPassword', { token, newPassword }, headers)
    return result ? readLogin(result) : null
  }

  async sendVerificationEmail(email: string, headers?: Headers): Promise<void> {
    await this.#ask('sendVerificationEmail', { email }, headers)
  }

  async sendResetPasswordEmail(email: string, headers?: Headers): Promise<void> {
    await this.#ask('sendResetPasswordEmail', { email }, headers)
  }

  async requestMagicLinkEmail(email: string, headers?: Headers): Promise<void> {
    await this.#ask('requestMagicLinkEmail', { email }, headers)
  }

  async requestLoginCode(email: string, headers?: Headers): Promise<string> {
    const { request } = (await this.#ask('accountsRequestLoginCode', { email }, headers)) as { request: string | null }
    return request ?? ''
  }

  async changePassword(oldPassword: string, newPassword: string, headers?: Headers, code?: string): Promise<void> {
    // Here and below: accounts-js's schema has no place for what confirms a deed
    await (code === undefined
      ? this.#ask('changePassword', { oldPassword, newPassword }, headers)
      : this.#ask('changePasswordConfirmed', { oldPassword, newPassword, code }, headers))
  }

  async addEmail(newEmail: string, headers?: Headers, password?: string, code?: string): Promise<void> {
    await (password === undefined && code === undefined
      ? this.#ask('addEmail', { newEmail }, headers)
      : this.#ask('addEmailConfirmed', { newEmail, password, code }, headers))
  }

  async removeEmail(email: string, password?: string, headers?: Headers, code?: string): Promise<void> {
    await this.#ask('removeEmail', { email, password, code }, headers)
  }

  async changeEmail(oldEmail: string, newEmail: string, password?: string, headers?: Headers, code?: string): Promise<void> {
    await this.#ask('changeEmail', { oldEmail, newEmail, password, code }, headers)
  }

  async getTwoFactorSecret(headers?: Headers): Promise<TwoFactorSecret> {
    return (await this.#ask('getTwoFactorSecret', {}, headers)) as TwoFactorSecret
  }

  /** Sets up the second factor with an offered secret and a code made from it. accounts-js's schema has no place for recovery codes: see {@link twoFactorEnable}. */
  async twoFactorSet(secret: Partial<TwoFactorSecret>, code: string, headers?: Headers): Promise<void> {
    await this.#ask('twoFactorSet', { secret, code }, headers)
  }

  async twoFactorEnable(
    secret: Partial<TwoFactorSecret>,
    code: string,
    headers?: Headers,
    password?: string,
  ): Promise<{ recoveryCodes: string[] }> {
    return { recoveryCodes: (await this.#ask('twoFactorEnable', { secret, code, password }, headers)) as string[] }
  }

  async twoFactorRecoveryCodes(code: string, headers?: Headers): Promise<{ recoveryCodes: string[] }> {
    return { recoveryCodes: (await this.#ask('twoFactorRecoveryCodes', { code }, headers)) as string[] }
  }

  async twoFactorStatus(headers?: Headers): Promise<TwoFactorStatus> {
    return (await this.#ask('twoFactorStatus', {}, headers)) as TwoFactorStatus
  }

  async twoFactorUnset(code: string, headers?: Headers): Promise<void> {
    await this.#ask('twoFactorUnset', { code }, headers)
  }

  async linkedAccounts(headers?: Headers): Promise<LinkedAccount[]> {
    return (await this.#ask('linkedAccounts', {}, headers)) as LinkedAccount[]
  }

  /** `code`: of the second factor, which over REST has no place beside a provider's own `code`. */
  async linkAccount(params: object, password?: string, headers?: Headers, code?: string): Promise<void> {
    await this.#ask('linkAccount', { params, password, code }, headers)
  }

  async unlinkAccount(provider: string, password?: string, headers?: Headers, code?: string): Promise<void> {
    await this.#ask('unlinkAccount', { provider, password, code }, headers)
  }

  async sessions(headers?: Headers): Promise<SessionInfo[]> {
    return (await this.#ask('accountsSessions', {}, headers)) as SessionInfo[]
  }

  async endSession(sessionId: string, headers?: Headers): Promise<void> {
    await this.#ask('endSession', { sessionId }, headers)
  }

  async endOtherSessions(headers?: Headers): Promise<void> {
    await this.#ask('endOtherSessions', {}, headers)
  }

  async deleteAccount(password?: string, headers?: Headers, code?: string): Promise<void> {
    await this.#ask('deleteAccount', { password, code }, headers)
  }

  async exportData(headers?: Headers): Promise<Record<string, unknown>> {
    return JSON.parse(String(await this.#ask('accountsExport', {}, headers))) as Record<string, unknown>
  }

  /** One operation with the session, as accounts-js's client sends all but `refreshTokens`. */
  async #ask(name: OperationName, variables: Record<string, unknown>, headers: Headers = {}): Promise<unknown> {
    const tokens = await this.client?.refreshSession()
    try {
      return await this.#send(name, variables, withOwn(bearer(tokens), headers))
    } catch (error) {
      if (!isTokenRefused(error)) throw error
      const other = tokens && (await this.client?.replaceTokens(tokens.accessToken))
      // Without tokens it is the cookie that was refused: let the client notice
      if (!other) this.client?.userChanged()
      if (!other) throw error
      return await this.#send(name, variables, withOwn(bearer(other), headers))
    }
  }

  /** One operation as it is; the answer is what stands in its only field. */
  async #send(name: OperationName, variables: Record<string, unknown>, headers: Headers = {}): Promise<unknown> {
    const document = this.#documents[name]
    const cookie = this.client?.session === 'cookie'
    const context = {
      headers: withOwn(cookie ? { [SESSION_MODE_HEADER]: 'cookie' } : {}, headers),
      ...(cookie && { credentials: 'include' }),
    }
    const sent = isQuery(name)
      ? this.#graphQL.query({ query: document, variables, fetchPolicy: 'network-only', context })
      : this.#graphQL.mutate({ mutation: document, variables, context })
    const { data, errors, error } = await sent.catch((thrown: unknown): never => {
      throw toClientError(thrown)
    })
    if (errors && errors.length > 0) throw new GraphQLErrorList(errors)
    if (error !== undefined && error !== null) throw toClientError(error)
    if (typeof data !== 'object' || data === null) throw new AccountsClientError("The server's answer has no data", 'UnexpectedReply')
    return withoutTypeNames((data as Record<string, unknown>)[fieldOf(name)] ?? null)
  }
}

/** Over REST a user may be a name or an address as typed; this schema wants to know which. */
function paramsOf(credentials: object): object {
  if (!('user' in credentials) || typeof credentials.user !== 'string') return credentials
  const { user } = credentials
  return { ...credentials, user: user.includes('@') ? { email: user } : { username: user } }
}

function readLogin(result: unknown): LoginResult<Tokens | null> {
  const { sessionId, tokens, user } = result as { sessionId: string; tokens: Tokens | null; user: unknown }
  return { sessionId, tokens, user: readUser(user) as PublicUser }
}

/** GraphQL writes null for what a user does not have. The schema does not tell of deactivation: whoever is deactivated is not signed in. */
function readUser(user: unknown): PublicUser | null {
  if (typeof user !== 'object' || user === null) return null
  const fields = Object.fromEntries(Object.entries(user).filter(([, value]) => value !== null))
  return { emails: [], deactivated: false, ...fields } as unknown as PublicUser
}

/** Some clients write the names of types into every object. */
function withoutTypeNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTypeNames)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== '__typename')
      .map(([name, inner]) => [name, withoutTypeNames(inner)]),
  )
}
