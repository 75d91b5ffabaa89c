import { AccountsClient, AccountsClientMagicLink, AccountsClientPassword, RestClient } from '@latchkey/client'

/** What is asked of the server beside the client's own methods. */
export const rest: RestClient = new RestClient()

/**
 * The page's own client. The session is a cookie that scripts cannot read, so that nothing injected into the page could carry it off; this
 * works over plain http on the own machine too.
 */
export const accounts: AccountsClient = new AccountsClient({ session: 'cookie' }, rest)

export const magicLink: AccountsClientMagicLink = new AccountsClientMagicLink(accounts)

export const password: AccountsClientPassword = new AccountsClientPassword(accounts)
