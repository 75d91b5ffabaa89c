import type { LoginResult, Tokens } from '@latchkey/common'
import type { AccountsClient } from './accounts-client.ts'

/** What signs in with a code. */
export interface CodeLogin {
  /** As it was mailed. */
  token: string
  /** What {@link AccountsClientCode.requestCode} answered, on the same device. */
  request: string
  /** The second factor's code, when one is due. */
  code?: string
}

/**
 * Signing in with a code that is mailed.
 * @example
 * import { AccountsClient, AccountsClientCode, RestClient } from '@latchkey/client'
 * const codes = new AccountsClientCode(new AccountsClient({}, new RestClient({ apiHost: 'http://localhost:3000' })))
 * const begin = (email: string) => codes.requestCode(email)
 * const finish = (request: string, token: string) => codes.login({ request, token })
 */
export class AccountsClientCode {
  readonly client: AccountsClient

  /** @throws Error `A valid client instance is required` */
  constructor(client: AccountsClient) {
    if (!client) throw new Error('A valid client instance is required')
    this.client = client
  }

  /** Asks for a mail with a code. Answers what has to be sent beside it; keep it as long as the form is open. */
  requestCode(email: string): Promise<string> {
    return this.client.transport.requestLoginCode(email)
  }

  /** Redeems a code, and signs in. */
  login(login: CodeLogin): Promise<LoginResult<Tokens | null>> {
    return this.client.loginWithService('code', { ...login })
  }
}
