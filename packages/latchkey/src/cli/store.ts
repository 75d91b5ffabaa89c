import { AccountsError } from '@latchkey/common'
import type { Accounts, User } from '@latchkey/server'
import { refusal } from '../config/problem.ts'
import { makeLog } from '../log/log.ts'
import { assemble, secretOf } from '../serve/assemble.ts'
import type { Io } from './io.ts'
import { configFor } from './options.ts'
import type { SharedOptions } from './options.ts'

/**
 * Opens the accounts for one command, and closes them after it. Works beside a running server on the same data.
 * @param mails the command sends mail itself; else only the store is opened, and waiting mail is left to the server
 */
export async function withAccounts<T>(options: SharedOptions, io: Io, work: (accounts: Accounts) => Promise<T>, mails = false): Promise<T> {
  const { config } = await configFor(options, io)
  if (mails && config.production && (config.baseUrl === null || config.smtpUrl === null)) {
    throw refusal('This command mails a link:', [
      { what: 'without base URL and mail server it would reach nobody', fix: 'set LATCHKEY_BASE_URL and SMTP_URL as for the server' },
    ])
  }
  const log = await makeLog({ level: config.logLevel === 'silent' ? 'silent' : 'warn', format: 'pretty', to: 'stderr' })
  const { accounts, stop } = await assemble(
    config,
    (await secretOf(config)).value,
    config.baseUrl ?? `http://localhost:${config.port}`,
    log,
  )
  try {
    await (mails ? accounts.ready() : accounts.core.store.open())
    return await work(accounts)
  } finally {
    await stop()
  }
}

/** The user an operator means: by id, else e-mail, else username. @throws AccountsError `UserNotFound` */
export async function findUser(accounts: Accounts, who: string): Promise<User> {
  const user = await accounts.lookUp(who)
  if (user === null)
    throw new AccountsError('UserNotFound', { message: `There is no user with the id, e-mail address or username ${JSON.stringify(who)}` })
  return user
}
