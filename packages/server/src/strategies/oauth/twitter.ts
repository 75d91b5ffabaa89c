import { createHmac, randomBytes } from 'node:crypto'
import { AccountsError } from '@latchkey/common'
import { refuseUnknown } from '../../core/settings-kinds.ts'
import type { OAuthProvider, OAuthUser } from './provider.ts'

/** Options of {@link AccountsOAuthTwitter}. */
export interface AccountsOAuthTwitterOptions {
  /** The app's key and secret at Twitter. */
  key: string
  secret: string
  getRegistrationPayload?: (user: TwitterUser) => Promise<Record<string, unknown>> | Record<string, unknown>
  /** Where the API is. @default 'https://api.twitter.com/1.1' */
  apiUrl?: string
  /** Milliseconds after which Twitter is given up. @default 10000 */
  timeout?: number
}

const OPTIONS = ['key', 'secret', 'getRegistrationPayload', 'apiUrl', 'timeout']

/** What Twitter says of somebody, in accounts-js's shape. */
export interface TwitterUser extends OAuthUser {
  screenName: string
  profilePicture: string
  email: string | undefined
  accessToken: string
  accessTokenSecret: string
}

/**
 * Twitter, by the tokens that its own sign-in gave the client: `access_token` and `access_token_secret`, signed as OAuth 1.0a wants it (RFC 5849). They prove
 * something only together with the app's own key, so tokens that were given to another app are refused by Twitter.
 * @example
 * import { AccountsOauth, AccountsOAuthTwitter } from '@latchkey/server/strategies/oauth'
 * const oauth = new AccountsOauth({ twitter: new AccountsOAuthTwitter({ key: 'app key', secret: 'app secret' }) })
 * console.log(oauth.name) // oauth
 */
export class AccountsOAuthTwitter implements OAuthProvider {
  readonly #options: Required<Omit<AccountsOAuthTwitterOptions, 'getRegistrationPayload'>>
  readonly getRegistrationPayload?: NonNullable<OAuthProvider['getRegistrationPayload']>

  /** @throws AccountsError `InvalidSettings` without key and secret, and for unknown options */
  constructor(options: AccountsOAuthTwitterOptions) {
    refuseUnknown('AccountsOAuthTwitter', options, OPTIONS)
    const { key, secret, getRegistrationPayload, apiUrl = 'https://api.twitter.com/1.1', timeout = 10_000 } = options
    if (!key || !secret) refuse('AccountsOAuthTwitter needs the key and the secret of your app at Twitter')
    this.#options = { key, secret, apiUrl, timeout }
    // It is only ever called with what `authenticate` answered.
    if (getRegistrationPayload) this.getRegistrationPayload = user => getRegistrationPayload(user as TwitterUser)
  }

  /** @throws AccountsError `AuthenticationFailed` when Twitter does not accept the tokens, `MatchFailed` when one is missing */
  async authenticate({
    access_token,
    access_token_secret,
  }: {
    access_token?: unknown
    access_token_secret?: unknown
  }): Promise<TwitterUser> {
    const accessToken = readText('access_token', access_token)
    const accessTokenSecret = readText('access_token_secret', access_token_secret)
    const url = `${this.#options.apiUrl}/account/verify_credentials.json`
    const authorization = this.#sign('GET', url, { include_email: 'true' }, { accessToken, accessTokenSecret })
    const answer = await fetch(`${url}?include_email=true`, {
      headers: { authorization },
      redirect: 'error',
      signal: AbortSignal.timeout(this.#options.timeout),
    })
    if (!answer.ok) throw new AccountsError('AuthenticationFailed', { detail: `Twitter answered ${answer.status}` })
    // Read field by field: whatever is missing shows as such.
    const profile = (await answer.json()) as Partial<Record<string, unknown>>
    return {
      id: textOf(profile.id_str),
      screenName: textOf(profile.screen_name),
      profilePicture: textOf(profile.profile_image_url_https),
      email: textOf(profile.email) || undefined,
      accessToken,
      accessTokenSecret,
    }
  }

  /** RFC 5849, 3.4 and 3.5.1. */
  #sign(
    method: string,
    url: string,
    query: Record<string, string>,
    { accessToken, accessTokenSecret }: Record<'accessToken' | 'accessTokenSecret', string>,
  ): string {
    const oauth: Record<string, string> = {
      oauth_consumer_key: this.#options.key,
      oauth_nonce: randomBytes(16).toString('hex'),
      oauth_signature_method: 'HMAC-SHA1',
      oauth_timestamp: String(Math.floor(Date.now() / 1000)),
      oauth_token: accessToken,
      oauth_version: '1.0',
    }
    const parameters = Object.entries({ ...oauth, ...query })
      .map(pair => pair.map(escaped).join('='))
      .toSorted()
      .join('&')
    const base = [method, url, parameters].map(escaped).join('&')
    const signature = createHmac('sha1', `${escaped(this.#options.secret)}&${escaped(accessTokenSecret)}`)
      .update(base)
      .digest('base64')
    const header = Object.entries({ ...oauth, oauth_signature: signature }).map(([name, value]) => `${escaped(name)}="${escaped(value)}"`)
    return `OAuth ${header.join(', ')}`
  }
}

/** RFC 5849, 3.6: everything but letters, digits, `-`, `.`, `_` and `~`. */
const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

function readText(field: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > 1024) throw new AccountsError('MatchFailed', { details: { field } })
  return value
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}
