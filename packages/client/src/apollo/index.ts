/** `@latchkey/client/apollo`: the session in every operation of an Apollo client. Wants `@apollo/client` 3 or 4. */
import type { ApolloLink } from '@apollo/client'
import { SESSION_MODE_HEADER } from '@latchkey/common'
import type { AccountsClient } from '../accounts-client.ts'
import { setContext } from './set-context.ts'

/**
 * A link that signs every operation with the session of a client, refreshed in time; however many operations wait for that, the server is asked once.
 * `refreshTokens` itself passes as it is, and so does an operation that brings its own `authorization` header. In cookie mode the cookie goes along.
 * @param client asked with each operation, because the client may be made after the link
 * @example
 * import { accountsLink } from '@latchkey/client/apollo'
 * import type { AccountsClient } from '@latchkey/client'
 *
 * // ApolloLink.from([linkFor(accounts), new HttpLink({ uri: '/graphql' })])
 * export const linkFor = (accounts: AccountsClient) => accountsLink(() => accounts)
 */
export function accountsLink(client: () => SessionClient | Promise<SessionClient>): ApolloLink {
  return setContext(async ({ operationName }, { headers = {} }) => {
    // The refresh would wait for itself.
    if (operationName === 'refreshTokens' || Object.keys(headers).some(name => name.toLowerCase() === 'authorization')) return {}
    const accounts = await client()
    const tokens = await accounts.refreshSession()
    if (accounts.session === 'cookie') return { headers: { ...headers, [SESSION_MODE_HEADER]: 'cookie' }, credentials: 'include' }
    return tokens ? { headers: { ...headers, Authorization: `Bearer ${tokens.accessToken}` } } : {}
  })
}

/** The part of a client that is used. */
export type SessionClient = Pick<AccountsClient, 'refreshSession' | 'session'>
