/** Looks at everything that has to be right for a server to work, and changes nothing. */
import { access, constants, stat } from 'node:fs/promises'
import { isAccountsError } from '@latchkey/common'
import { judge } from '../config/judge.ts'
import type { SecretFacts, Topic } from '../config/judge.ts'
import { problemsOf } from '../config/problem.ts'
import { codeOf } from '../config/read.ts'
import { isKey } from '../config/signing-key.ts'
import type { Config } from '../config/table.ts'
import { openToOthers } from '../data/folder.ts'
import { secretFile } from '../data/secret.ts'
import { smtpSender } from '../mail/smtp.ts'
import { findSecret } from '../serve/assemble.ts'
import { fail, ok, warn } from './check.ts'
import type { Check } from './check.ts'
import { checkDatabase } from './database.ts'

/** Examines the machine and a configuration that was read. */
export async function examine(config: Config): Promise<Check[]> {
  return [
    checkNode(process.versions.node),
    ok('configuration', config.production ? 'valid, in production mode' : 'valid, in development mode'),
    await checkDataFolder(config),
    ...(await checkSettings(config)),
    ...(await checkDatabase(config)),
    await checkMail(config),
  ]
}

/** Node 20.19 is the oldest that works. */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) return fail('node', `Node ${version} is too old`, 'install Node 20.19 or later')
  return ok('node', `Node ${version}`)
}

async function checkDataFolder({ data, production }: Config): Promise<Check> {
  const found = await stat(data).catch(() => null)
  if (found === null) return ok('data-folder', `${data} will be made at the first start`)
  if (!found.isDirectory()) return fail('data-folder', `${data} is not a folder`, 'name another with LATCHKEY_DATA')
  try {
    await access(data, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    return fail('data-folder', `${data} cannot be written (${codeOf(error)})`, 'correct its owner or permissions')
  }
  if ((await openToOthers(data)) === 0) return ok('data-folder', `${data}, readable by its owner alone`)
  const say = production ? fail : warn
  return say('data-folder', `${data} is open to other users of this machine`, `chmod 700 ${data}`)
}

const TOPICS: readonly (readonly [topic: Exclude<Topic, 'mail'>, fine: (config: Config) => string])[] = [
  ['secret', ({ secret, data }) => (secret === null ? `strong, kept in ${secretFile(data)}` : isKey(secret) ? 'a key pair' : 'strong')],
  ['base-url', ({ baseUrl, port }) => baseUrl ?? `http://localhost:${port}`],
  ['host', ({ host, port }) => `${host}, port ${port}`],
  ['proxies', ({ trustedProxies }) => (trustedProxies.length === 0 ? 'none trusted' : `trusted: ${trustedProxies.join(', ')}`)],
  ['cors', ({ corsOrigins }) => (corsOrigins.length === 0 ? 'no other site may call' : `allowed: ${corsOrigins.join(', ')}`)],
  ['rate-limits', () => 'on'],
]

/** What the server itself would refuse or warn about at its start. */
async function checkSettings(config: Config): Promise<Check[]> {
  let secret: SecretFacts | null
  try {
    secret = await findSecret(config)
  } catch (error) {
    if (!isAccountsError(error)) throw error
    return problemsOf(error).map(({ what, fix }) => fail('secret', what, fix))
  }
  const judgements = judge(config, secret)
  return TOPICS.flatMap(([topic, fine]) => {
    const about = judgements.filter(judgement => judgement.topic === topic)
    if (about.length > 0) return about.map(({ refuses, what, fix }) => (refuses ? fail : warn)(topic, what, fix))
    return [topic === 'secret' && secret === null ? ok('secret', 'will be made at the first start') : ok(topic, fine(config))]
  })
}

async function checkMail(config: Config): Promise<Check> {
  const refused = judge(config, null).find(({ topic }) => topic === 'mail')
  if (config.smtpUrl === null) {
    if (refused) return fail('mail', refused.what, refused.fix)
    return ok('mail', 'caught, and shown at /dev/mailbox')
  }
  const sender = smtpSender(config.smtpUrl)
  const { host } = new URL(config.smtpUrl)
  try {
    await sender.verify()
  } catch (error) {
    return fail('mail', `${host} cannot be used: ${messageOf(error)}`, 'correct SMTP_URL, or let the mail server accept this machine')
  } finally {
    await sender.close()
  }
  return refused
    ? warn('mail', `${host} answers, but ${refused.what}`, refused.fix)
    : ok('mail', `${host} answers and accepts the credentials`)
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
