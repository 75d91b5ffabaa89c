/** Makes `Accounts` from a configuration. The server and the commands share it, so that both work on the same data in the same way. */
import { Accounts, systemPorts } from '@latchkey/server/core'
import type { Log, Origin } from '@latchkey/server'
import type { SqlStore } from '@latchkey/server/stores/sql'
import { AccountsMagicLink } from '@latchkey/server/strategies/magic-link'
import { AccountsPassword } from '@latchkey/server/strategies/password'
import { resume } from '@latchkey/server/strategies/resume'
import { TwoFactor } from '@latchkey/server/strategies/totp'
import type { SecretFacts } from '../config/judge.ts'
import { toRetired, toTokenSecret } from '../config/signing-key.ts'
import type { Config } from '../config/table.ts'
import { databaseOf } from '../data/database.ts'
import { makeDataFolder, openToOthers } from '../data/folder.ts'
import { keepSecret, readKeptSecret, secretFile } from '../data/secret.ts'
import { Mailbox } from '../mail/mailbox.ts'
import { smtpSender } from '../mail/smtp.ts'
import type { MailSender } from '../mail/smtp.ts'

/** `Accounts`, ready to be opened, and what belongs to it. */
export interface Assembled {
  accounts: Accounts
  /** Where mail is caught; null when it is really sent. */
  mailbox: Mailbox | null
  /** Stops the accounts, then lets go of the mail server. */
  stop: () => Promise<void>
}

/**
 * Builds `Accounts`. Opens neither database nor mail server.
 * @param baseUrl where links in mails lead
 * @throws AccountsError `InvalidSettings`
 */
export async function assemble(config: Config, secret: string, baseUrl: string, log: Log): Promise<Assembled> {
  const sender: MailSender | null = config.smtpUrl === null ? null : smtpSender(config.smtpUrl)
  const mailbox = sender === null && !config.production ? new Mailbox(config.data) : null
  const sendMail = sender?.send ?? mailbox?.catch
  const accounts = new Accounts({
    settings: {
      face: 'latchkey',
      production: config.production,
      tokenSecret: toTokenSecret(secret),
      retiredSecrets: config.retiredSecrets.map(toRetired),
      siteUrl: baseUrl,
      signUpAllowed: config.signUp,
      rateLimits: config.rateLimits,
      accessTokenLifetime: config.accessTokenLifetime,
      session: { idle: config.sessionIdle, absolute: config.sessionLifetime },
      password: {
        sendVerificationEmailAfterSignup: config.emailVerification !== 'off',
        requireEmailVerification: config.emailVerification === 'required',
      },
      emailTemplates: { from: config.mailFrom ?? '' },
      ...(sendMail === undefined ? {} : { sendMail }),
    },
    store: await storeOf(config),
    factors: [new TwoFactor()],
    // accounts-js lets names be ASCII letters and digits only. There is nothing to be compatible with here, so our own rules are enough.
    strategies: { resume: resume(), password: new AccountsPassword({ validateUsername: () => true }), magicLink: new AccountsMagicLink() },
    ports: systemPorts(log),
  })
  return {
    accounts,
    mailbox,
    async stop() {
      await accounts.stop()
      await sender?.close()
    },
  }
}

/** Where the command line's deeds come from, for audit. */
export const COMMAND_LINE: Origin = { ip: '', userAgent: '', connectionId: '', transport: 'cli', extra: {} }

/** The store of a configuration, not yet open. Only the engine in use is loaded. */
export async function storeOf(config: Config): Promise<SqlStore> {
  const database = databaseOf(config)
  const { postgresStore, sqliteStore } = await import('@latchkey/server/stores/sql')
  const options = { migrate: config.migrate }
  return database.engine === 'sqlite' ? sqliteStore({ path: database.path, ...options }) : postgresStore({ url: database.url, ...options })
}

/** The secret that was given, else the one in the data folder; null when there is none yet. Makes nothing. */
export async function findSecret({ secret, data }: Pick<Config, 'secret' | 'data'>): Promise<SecretFacts | null> {
  if (secret !== null) return { value: secret, openToOthers: 0 }
  const value = await readKeptSecret(data)
  return value === null ? null : { value, openToOthers: await openToOthers(secretFile(data)) }
}

/** The secret; the data folder, and the secret in it, are made when they are needed and missing. */
export async function makeSecret(config: Config): Promise<string> {
  const keepsMail = config.smtpUrl === null && !config.production
  if (config.secret === null || config.databaseUrl === null || keepsMail) await makeDataFolder(config.data)
  return config.secret ?? keepSecret(config.data)
}
