/** Accounts over DDP: their methods and publications, and the say they have in what connections do. */
import { isAccountsError } from '@latchkey/common'
import { resumeStrategy } from '../../../core/session/resume-strategy.ts'
import type { Connection } from '../../../wire/connection.ts'
import { CODE_METHODS } from './code-methods.ts'
import { methodsOf } from './deed.ts'
import { toMeteorError } from './errors.ts'
import { LOGIN_METHODS } from './login-methods.ts'
import { OWN_METHODS } from './own-methods.ts'
import { PASSWORD_METHODS } from './password-methods.ts'
import type { AccountsGate, AccountsOnDdp, DdpHost } from './ports.ts'
import { currentUser, serviceConfiguration } from './publications.ts'
import { SignedIn } from './signed-in.ts'
import { TWO_FACTOR_METHODS } from './two-factor-methods.ts'

/** Gives a DDP server the methods and publications of accounts; what it hands back is asked as connections come and call. */
export function attachAccounts(host: DdpHost, on: AccountsOnDdp): AccountsGate {
  const { accounts } = on
  const signedIn = new SignedIn(accounts)
  // Every client that was handed a login token goes on by it.
  if (!accounts.core.strategies.has('resume')) accounts.addStrategy('resume', resumeStrategy())
  host.methods({
    ...methodsOf(on, signedIn, { ...LOGIN_METHODS, ...PASSWORD_METHODS, ...CODE_METHODS, ...TWO_FACTOR_METHODS }, 'meteor'),
    ...methodsOf(on, signedIn, OWN_METHODS, 'ours'),
  })
  if (on.ddp?.methods) host.methods(on.ddp.methods())
  host.publish(null, currentUser(on, signedIn))
  host.publish('meteor.loginServiceConfiguration', serviceConfiguration(on.ddp?.serviceConfiguration))
  on.ddp?.attached?.(signedIn)
  return {
    rateLimiter: on.ddp?.rateLimiter,
    arrive: (connection, loginCookie) => arrive(on, signedIn, connection, loginCookie),
    async admit(connection) {
      try {
        await signedIn.check(connection)
      } catch (error) {
        throw toMeteorError(on.accounts.core.settings, error)
      }
    },
    settle: connection => signedIn.settle(connection),
    stop: () => signedIn.stop(),
  }
}

/** Whoever a browser's cookie says it is. A cookie that is good for nothing is no reason to refuse the connection. */
async function arrive(on: AccountsOnDdp, signedIn: SignedIn, connection: Connection, loginCookie: string): Promise<string | null> {
  try {
    const found = await on.accounts.checkResume(loginCookie)
    const { user } = await signedIn.hold(connection, found, loginCookie)
    return user.id
  } catch (error) {
    if (isAccountsError(error)) return null
    throw error
  }
}
