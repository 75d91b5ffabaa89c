import type { LoginResult, Tokens } from '@latchkey/common'
import type { AccountsClient } from './accounts-client.ts'

/** What a link to sign in carries. */
export interface MagicLinkLogin {
  /** The last part of the link's address, decoded. */
  token: string
  /** The second factor's code, when one is due. */
  code?: string
}

/**
 * Signing in with a link that is mailed.
 * @example
 * import { AccountsClient, AccountsClientMagicLink, RestClient } from '@latchkey/client'
 * const magicLink = new AccountsClientMagicLink(new AccountsClient({}, new RestClient({ apiHost: 'http://localhost:3000' })))
 * const onOpened = (token: string) => magicLink.login({ token })
 */
export class AccountsClientMagicLink {
  readonly client: AccountsClient

  /** @throws Error `A valid client instance is required` */
  constructor(client: AccountsClient) {
    if (!client) throw new Error('A valid client instance is required')
    this.client = client
  }

  /** Asks for a mail with a link to sign in. It works once, and only the newest does. */
  requestMagicLinkEmail(email: string): Promise<void> {
    return this.client.transport.requestMagicLinkEmail(email)
  }

  /** Redeems such a link, and signs in. Ask for a click first: mail scanners open links too. */
  login(link: MagicLinkLogin): Promise<LoginResult<Tokens | null>> {
    return this.client.loginWithService('magicLink', { ...link })
  }
}
