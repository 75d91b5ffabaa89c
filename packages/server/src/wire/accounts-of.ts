import { AccountsError } from '@latchkey/common'
import type { Accounts } from '../core/accounts.ts'

/** The accounts themselves, or an `AccountsServer`, which has them. */
export type AccountsLike = Accounts | { readonly accounts: Accounts }

/**
 * The core of whatever a transport or a mount is made for, so that nobody has to remember which of them wants the server and which the core.
 * @throws AccountsError `InvalidSettings` for what is neither
 */
export function accountsOf(server: AccountsLike): Accounts {
  // By its shape and not by `instanceof`: an app may have two copies of the package.
  if (typeof server === 'object' && server !== null) {
    if ('core' in server) return server
    if (typeof server.accounts === 'object') return server.accounts
  }
  throw new AccountsError('InvalidSettings', {
    message: 'An AccountsServer is wanted here, made with new AccountsServer(options, services)',
  })
}
