import { existsSync } from 'node:fs'
import { AccountsError } from '@latchkey/common'
import type { Accounts, User } from '@latchkey/server'
import { judgeKeys } from '../config/judge.ts'
import { refusal } from '../config/problem.ts'
import type { Config } from '../config/table.ts'
import { databaseOf } from '../data/database.ts'
import { newSecret } from '../data/secret.ts'
import { makeLog } from '../log/log.ts'
import { assemble, findSecret, makeSecret } from '../serve/assemble.ts'
import { CommandFailure, EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { configFor } from './options.ts'
import type { SharedOptions } from './options.ts'

/** What a command needs of the accounts beyond looking and changing. */
export interface AccountsNeeds {
  /** It makes sense before there is anything: the database is made, and brought up to date, when it must be. */
  creates?: boolean
  /** It mails something itself. Else only the store is opened, and waiting mail is left to the server. */
  mails?: boolean
}

/** Opens the accounts for one command, and closes them after it. Works beside a running server on the same data. */
export async function withAccounts<T>(
  options: SharedOptions,
  io: Io,
  work: (accounts: Accounts) => Promise<T>,
  { creates = false, mails = false }: AccountsNeeds = {},
): Promise<T> {
  const { config } = await configFor(options, io)
  if (!creates) refuseMissingDatabase(config)
  if (mails) refuseDeadLinks(config)
  const log = await makeLog({ level: config.logLevel === 'silent' ? 'silent' : 'warn', format: 'pretty', to: 'stderr' })
  // Looking at users must not change the schema under a server that still runs the version before.
  const careful = { ...config, migrate: creates && config.migrate }
  const { accounts, stop } = await assemble(
    careful,
    await secretFor(config, { creates, mails }),
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

/** A mistyped folder should say so, not look like a system without users. */
function refuseMissingDatabase(config: Config): void {
  const database = databaseOf(config)
  if (database.engine !== 'sqlite' || database.path === ':memory:' || existsSync(database.path)) return
  throw new CommandFailure(
    EXIT.failed,
    `There is no database at ${database.path}. Name the data folder of your server with --data or LATCHKEY_DATA, or its database with DATABASE_URL`,
  )
}

/**
 * The server's secret. Most commands sign and seal nothing, and work without knowing it; only one that makes a database makes the secret
 * with it, as the first start of a server would.
 */
async function secretFor(config: Config, { creates, mails }: AccountsNeeds): Promise<string> {
  const known = await findSecret(config)
  const useless = [...judgeKeys(config, known)]
  if (useless.length > 0) throw refusal('This command needs the secret of the server:', useless)
  if (known !== null) return known.value
  if (creates && databaseOf(config).engine === 'sqlite') return makeSecret(config)
  if (!mails) return newSecret()
  throw refusal('This command mails a link:', [
    {
      what: 'the server could not read it without knowing the secret it was sealed with',
      fix: 'set LATCHKEY_SECRET or LATCHKEY_DATA as for the server',
    },
  ])
}

function refuseDeadLinks({ production, baseUrl, smtpUrl }: Config): void {
  if (!production || (baseUrl !== null && smtpUrl !== null)) return
  throw refusal('This command mails a link:', [
    { what: 'without base URL and mail server it would reach nobody', fix: 'set LATCHKEY_BASE_URL and SMTP_URL as for the server' },
  ])
}

/** The user an operator means: by id, else e-mail, else username. @throws AccountsError `UserNotFound` */
export async function findUser(accounts: Accounts, who: string): Promise<User> {
  const user = await accounts.lookUp(who)
  if (user === null)
    throw new AccountsError('UserNotFound', { message: `There is no user with the id, e-mail address or username ${JSON.stringify(who)}` })
  return user
}
