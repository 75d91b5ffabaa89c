/** A world where providers vouch for whoever the client says. */
import type { Accounts, Login } from '../core/accounts.ts'
import type { User } from '../core/identity/user.ts'
import { AccountsOauth } from '../strategies/oauth/index.ts'
import type { OAuthProvider, OAuthUser } from '../strategies/oauth/index.ts'
import { AccountsPassword } from '../strategies/password/index.ts'
import { newWorld, PASSWORD } from './index.ts'
import type { World, WorldOptions } from './index.ts'

/** Somebody with an address that the provider has verified. */
export const ADA: OAuthUser = {
  id: 'subject-1',
  email: 'ada@example.org',
  email_verified: true,
  name: 'Ada',
  accessToken: 'provider-token-1',
}

/** A provider that vouches for whoever the client says. */
export const echo: OAuthProvider = { authenticate: async ({ as }: { as?: OAuthUser }) => as }

/** How such a world is made. */
export interface OAuthWorldOptions extends Omit<WorldOptions, 'services'> {
  /** Beside `example` and `other`, which are {@link echo}. */
  providers?: Record<string, OAuthProvider>
  password?: ConstructorParameters<typeof AccountsPassword>[0]
}

/** A world with providers in it. */
export interface OAuthWorld extends World {
  oauth: AccountsOauth
  accounts: Accounts
  /** Signs in as somebody, Ada unless said otherwise. */
  login(as?: object | null, provider?: unknown): Promise<Login>
  /** Ada with a password, before she came by a provider. */
  registered(emailVerified: boolean): Promise<User>
  /** A user's accounts elsewhere, as `provider:subject`. */
  linkedTo(userId: string): Promise<string[]>
}

export async function oauthWorld({ providers = {}, password, ...rest }: OAuthWorldOptions = {}): Promise<OAuthWorld> {
  const oauth = new AccountsOauth({ example: echo, other: echo, ...providers })
  const made = await newWorld({
    ...rest,
    services: { password: new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 }, ...password }), oauth },
  })
  const { accounts } = made.server
  return {
    ...made,
    oauth,
    accounts,
    login: (as = ADA, provider = 'example') => accounts.login('oauth', { provider, as }, made.origin),
    registered: emailVerified => accounts.createUser({ email: 'ada@example.org', emailVerified, password: PASSWORD }, made.origin),
    linkedTo: async userId => (await accounts.providerAccounts(userId)).map(({ provider, subject }) => `${provider}:${subject}`),
    [Symbol.asyncDispose]: () => made.close(),
  }
}
