/** What production does not accept, and what deserves a warning anywhere. `serve` refuses and warns by it, `doctor` reports it. */
import { isStrongSecret } from '@latchkey/server/core'
import type { Problem } from './problem.ts'
import { isKey, readKey, readSigningKey } from './signing-key.ts'
import type { ReadKey } from './signing-key.ts'
import type { Config } from './table.ts'

/** What a rule is about; `doctor` groups by it. */
export type Topic = 'secret' | 'base-url' | 'mail' | 'rate-limits' | 'cors' | 'proxies' | 'host'

/** One judgement: nothing is wrong with `topic` when there is none of it. */
export interface Judgement extends Problem {
  topic: Topic
  /** True: the server does not start like this. */
  refuses: boolean
}

/** The secret that will be used, and how its file is protected. */
export interface SecretFacts {
  value: string
  /** Mode bits that let others read the file it is kept in; 0 when it is not kept in a file. */
  openToOthers: number
}

/**
 * Judges a configuration. Empty: nothing to say.
 * @param secret null: there is none yet, and the first start makes a strong one
 */
export function judge(config: Config, secret: SecretFacts | null): Judgement[] {
  return [
    ...judgeSecret(config, secret),
    ...judgeKeys(config, secret),
    ...judgeBaseUrl(config),
    ...judgeMail(config),
    ...judgeOpenness(config),
  ]
}

function* judgeSecret(config: Config, secret: SecretFacts | null): Generator<Judgement> {
  const fix = 'make one with "npx latchkey secret" and set LATCHKEY_SECRET to it, or remove LATCHKEY_SECRET and let Latchkey make its own'
  if (secret !== null && !isKey(secret.value) && !isStrongSecret(secret.value)) {
    yield { topic: 'secret', refuses: config.production, what: 'the secret is too weak: it needs 32 bytes or more of randomness', fix }
  }
  if (config.retiredSecrets.some(retired => !isKey(retired) && !isStrongSecret(retired))) {
    yield {
      topic: 'secret',
      refuses: config.production,
      what: 'a retired secret is too weak, and whoever guesses it can still sign tokens',
      fix: 'remove it from LATCHKEY_RETIRED_SECRETS',
    }
  }
  if (secret !== null && secret.openToOthers !== 0) {
    yield {
      topic: 'secret',
      refuses: config.production,
      what: 'the secret file can be read by other users of this machine',
      fix: `chmod 600 ${config.data}/secret`,
    }
  }
}

/** A key that cannot be used stops the server anywhere, as it would stop the library: there is nothing to sign with. */
export function* judgeKeys({ retiredSecrets }: Config, secret: SecretFacts | null): Generator<Judgement> {
  const signing = secret !== null && isKey(secret.value) ? readSigningKey(secret.value, 'the secret') : null
  const earlier = retiredSecrets.filter(isKey).map(key => readKey(key, 'a retired secret'))
  if (signing && 'wrong' in signing) {
    const fix = 'set LATCHKEY_SECRET_FILE to a file with a private key: "openssl genpkey -algorithm ed25519" makes one'
    yield { topic: 'secret', refuses: true, what: signing.wrong, fix }
  }
  for (const key of earlier) {
    const fix = 'correct LATCHKEY_RETIRED_SECRETS, or remove it there: what it signed is refused then, and what it sealed is lost'
    if ('wrong' in key) yield { topic: 'secret', refuses: true, what: key.wrong, fix }
  }
  const ids = [...(signing ? [signing] : []), ...earlier].flatMap(idOf)
  if (new Set(ids).size < ids.length) {
    const fix = 'remove it from LATCHKEY_RETIRED_SECRETS'
    yield { topic: 'secret', refuses: true, what: 'one key is given twice, as the secret and as a retired one or twice among those', fix }
  }
}

const idOf = (key: ReadKey): string[] => ('jwk' in key ? [key.jwk.kid] : [])

function* judgeBaseUrl({ baseUrl, production, cookieDomain }: Config): Generator<Judgement> {
  if (baseUrl === null) {
    if (production) {
      const what = 'the base URL is missing, so links in mails would lead nowhere'
      yield {
        topic: 'base-url',
        refuses: true,
        what,
        fix: 'set LATCHKEY_BASE_URL to the https address of this server, such as https://accounts.example.org',
      }
    }
    return
  }
  const { protocol, hostname } = new URL(baseUrl)
  if (protocol !== 'https:' && production) {
    const what = 'the base URL is http: passwords and sessions would travel in the clear'
    yield { topic: 'base-url', refuses: true, what, fix: `set LATCHKEY_BASE_URL=${baseUrl.replace(/^http:/, 'https:')}` }
  }
  if (cookieDomain !== null && hostname !== cookieDomain && !hostname.endsWith(`.${cookieDomain}`)) {
    const what = `the base URL's host ${hostname} is not within the cookie domain ${cookieDomain}, so browsers would drop the cookies`
    yield { topic: 'base-url', refuses: true, what, fix: 'correct LATCHKEY_COOKIE_DOMAIN or LATCHKEY_BASE_URL' }
  }
}

function* judgeMail({ production, smtpUrl, mailFrom }: Config): Generator<Judgement> {
  if (smtpUrl === null && production) {
    const what = 'there is no mail server, so nobody could confirm an address or recover an account'
    yield { topic: 'mail', refuses: true, what, fix: 'set SMTP_URL, such as smtps://user:password@mail.example.org' }
  }
  if (smtpUrl !== null && mailFrom === null) {
    const what = 'mails are sent from an address made up from the base URL'
    yield { topic: 'mail', refuses: false, what, fix: 'set LATCHKEY_MAIL_FROM to an address your mail server may send from' }
  }
}

function* judgeOpenness({ production, rateLimits, corsOrigins, trustedProxies, host }: Config): Generator<Judgement> {
  if (!rateLimits) {
    const what = 'rate limits and lockout are off'
    yield { topic: 'rate-limits', refuses: production, what, fix: 'remove LATCHKEY_RATE_LIMITS=off' }
  }
  const plain = corsOrigins.filter(origin => origin.startsWith('http:'))
  if (production && plain.length > 0) {
    const what = `pages of ${plain.join(', ')} may call this server although anybody on their network can change them`
    yield { topic: 'cors', refuses: false, what, fix: 'list https origins in LATCHKEY_CORS_ORIGINS' }
  }
  if (trustedProxies.some(proxy => /\/0+$/.test(proxy))) {
    const what = 'every visitor is trusted as a proxy, so anybody can claim any address'
    yield { topic: 'proxies', refuses: true, what, fix: 'list only your own proxies in LATCHKEY_TRUSTED_PROXIES' }
  }
  if (production && trustedProxies.length === 0 && isLoopback(host)) {
    const what =
      'the server listens on this machine only, so a proxy must stand in front, but none is trusted: all visitors share one address in limits and logs'
    yield { topic: 'proxies', refuses: false, what, fix: 'set LATCHKEY_TRUSTED_PROXIES=127.0.0.1 (or where your proxy is)' }
  }
  if (!production && !isLoopback(host)) {
    const what = `the server listens on ${host} in development mode`
    yield { topic: 'host', refuses: false, what, fix: 'set NODE_ENV=production when others can reach it' }
  }
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.')
