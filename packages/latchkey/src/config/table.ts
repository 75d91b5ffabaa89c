/**
 * Everything an operator can set, in one table. Reading, `--help`, `doctor` and `docs/configuration.md` are all made from it, so they
 * cannot disagree.
 */
import * as v from 'valibot'
import { isMailbox } from '../mail/mailbox-address.ts'
import { address, duration, durationOrNever, list, oneOf, onOff, secret, secrets, text, wholeNumber } from './kinds.ts'
import type { Kind } from './kinds.ts'

/** The settings of the standalone server after reading. Durations are milliseconds. */
export interface Config {
  production: boolean
  host: string
  port: number
  /** Null: `http://localhost:<port>`, outside production only. */
  baseUrl: string | null
  /** The data folder. Absolute once read. */
  data: string
  /** Null: SQLite in the data folder. */
  databaseUrl: string | null
  migrate: boolean
  /** Random text, or a private key as PEM. Null: the one kept in the data folder. */
  secret: string | null
  /** Texts, and keys as PEM, of which either half will do. */
  retiredSecrets: string[]
  /** Null: mail is caught, outside production only. */
  smtpUrl: string | null
  mailFrom: string | null
  signUp: boolean
  emailVerification: 'off' | 'optional' | 'required'
  accessTokenLifetime: number
  /** Null: never. */
  sessionIdle: number | null
  sessionLifetime: number
  corsOrigins: string[]
  trustedProxies: string[]
  cookieDomain: string | null
  rateLimits: boolean
  graphql: boolean
  graphqlIntrospection: 'auto' | 'on' | 'off'
  ddp: boolean
  logLevel: LogLevel
  /** `auto`: pretty on a terminal, else JSON. */
  logFormat: 'auto' | 'pretty' | 'json'
  shutdownTimeout: number
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
/** How much is logged. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** One setting: how it is called in each place, what it takes, what it is when nobody says. */
export interface Row<T> {
  /** Environment variable. With `secret`, `<env>_FILE` names a file that holds the value. */
  readonly env: string
  /** Commander's notation. Absent: never on the command line, where other users of the machine could read it. */
  readonly flag?: string
  /** Offered by every command that opens the store; else by `serve` and `doctor` alone. */
  readonly everywhere?: true
  /** Never shown; may come from a file. */
  readonly secret?: true
  readonly kind: Kind<T>
  readonly fallback: T
  /** The default in words, where the value alone does not say it. */
  readonly otherwise?: string
  readonly takes: string
  readonly summary: string
}

const DAY = 86_400_000

/** Key in the config file → what it is. */
export const TABLE: { readonly [K in keyof Config]: Row<Config[K]> } = {
  production: {
    env: 'NODE_ENV',
    flag: '--production',
    kind: v.boolean('must be true or false'),
    fallback: false,
    otherwise: 'off',
    takes: '`production`, any other value is ignored (file: true or false)',
    summary: 'production mode: refuse what is convenient and unsafe',
  },
  host: {
    env: 'HOST',
    flag: '--host <address>',
    kind: text,
    fallback: '127.0.0.1',
    takes: 'an address of this machine',
    summary: 'address to listen on; 0.0.0.0 listens on all of them',
  },
  port: {
    env: 'PORT',
    flag: '--port <number>',
    kind: wholeNumber(0, 65_535),
    fallback: 3000,
    takes: 'a number from 0 to 65535',
    summary: 'port to listen on; 0 takes any free one',
  },
  baseUrl: {
    env: 'LATCHKEY_BASE_URL',
    flag: '--base-url <url>',
    kind: address('http', 'https'),
    fallback: null,
    otherwise: '`http://localhost:<port>`; production needs an https address',
    takes: 'an http or https address',
    summary: 'address under which visitors reach this server; links in mails begin with it',
  },
  data: {
    env: 'LATCHKEY_DATA',
    flag: '--data <folder>',
    everywhere: true,
    kind: text,
    fallback: './data',
    takes: 'a folder',
    summary: 'folder for the database file, the secret and caught mail; made with mode 0700',
  },
  databaseUrl: {
    env: 'DATABASE_URL',
    flag: '--database-url <url>',
    everywhere: true,
    secret: true,
    kind: v.pipe(
      v.string('must be a text'),
      v.trim(),
      v.regex(/^(?:(?:file|sqlite):.|postgres(?:ql)?:\/\/.)/, 'must begin with postgres:// or file: (other databases are not supported)'),
    ),
    fallback: null,
    otherwise: '`file:<data>/latchkey.db` (SQLite)',
    takes: '`postgres://user:password@host/name` or `file:path`',
    summary: 'the database; leave passwords out of the flag (other users of the machine can read it) and in the environment or a file',
  },
  migrate: {
    env: 'LATCHKEY_MIGRATE',
    flag: '--migrate <on|off>',
    kind: onOff,
    fallback: true,
    otherwise: 'on',
    takes: 'on or off',
    summary: 'bring the database schema up to date at start; off: refuse to start until `latchkey migrate` has run',
  },
  secret: {
    env: 'LATCHKEY_SECRET',
    secret: true,
    kind: secret,
    fallback: null,
    otherwise: 'made at first start and kept in `<data>/secret` with mode 0600',
    takes: '32 bytes or more of randomness (`latchkey secret` makes one), or a private key as PEM',
    summary: 'signs tokens and seals what must be read again; servers that share a database must share it',
  },
  retiredSecrets: {
    env: 'LATCHKEY_RETIRED_SECRETS',
    secret: true,
    kind: secrets,
    fallback: [],
    otherwise: 'none',
    takes: 'a list of secrets and keys, newest first',
    summary: 'earlier secrets: what they signed and sealed stays readable, new things use `LATCHKEY_SECRET`',
  },
  smtpUrl: {
    env: 'SMTP_URL',
    secret: true,
    kind: address('smtp', 'smtps'),
    fallback: null,
    otherwise: 'mail is caught and shown at `/dev/mailbox`; production needs a mail server',
    takes: '`smtp://user:password@host:587` or `smtps://user:password@host`',
    summary: 'mail server; user name and password percent-encoded',
  },
  mailFrom: {
    env: 'LATCHKEY_MAIL_FROM',
    flag: '--mail-from <sender>',
    kind: v.pipe(text, v.check(isMailbox, 'must be an address such as accounts@example.org or "Example <accounts@example.org>"')),
    fallback: null,
    otherwise: '`no-reply@<host of the base URL>`',
    takes: '`accounts@example.org` or `Example <accounts@example.org>`',
    summary: 'sender of mails',
  },
  signUp: {
    env: 'LATCHKEY_SIGN_UP',
    flag: '--sign-up <on|off>',
    kind: onOff,
    fallback: true,
    otherwise: 'on',
    takes: 'on or off',
    summary: 'whether visitors can create accounts; off: only `latchkey user create` does',
  },
  emailVerification: {
    env: 'LATCHKEY_EMAIL_VERIFICATION',
    flag: '--email-verification <when>',
    kind: oneOf(['off', 'optional', 'required']),
    fallback: 'optional',
    takes: 'off, optional or required',
    summary: 'mail a link after sign-up (optional), and let nobody sign in before it was followed (required)',
  },
  accessTokenLifetime: {
    env: 'LATCHKEY_ACCESS_TOKEN_LIFETIME',
    flag: '--access-token-lifetime <duration>',
    kind: duration,
    fallback: 5_400_000,
    otherwise: '90m',
    takes: 'a duration',
    summary: 'life of an access token; clients refresh it by themselves',
  },
  sessionIdle: {
    env: 'LATCHKEY_SESSION_IDLE',
    flag: '--session-idle <duration>',
    kind: durationOrNever,
    fallback: 7 * DAY,
    otherwise: '7d',
    takes: 'a duration or never',
    summary: 'a session ends after so long without activity',
  },
  sessionLifetime: {
    env: 'LATCHKEY_SESSION_LIFETIME',
    flag: '--session-lifetime <duration>',
    kind: duration,
    fallback: 90 * DAY,
    otherwise: '90d',
    takes: 'a duration',
    summary: 'a session ends after so long however active it was',
  },
  corsOrigins: {
    env: 'LATCHKEY_CORS_ORIGINS',
    flag: '--cors-origins <list>',
    kind: list(
      v.pipe(v.string(), v.check(isOrigin, 'must list origins such as https://app.example.org, without a path; * and null are refused')),
    ),
    fallback: [],
    otherwise: 'none',
    takes: 'a list of origins',
    summary: 'other sites whose pages may call this server with the visitor’s session',
  },
  trustedProxies: {
    env: 'LATCHKEY_TRUSTED_PROXIES',
    flag: '--trusted-proxies <list>',
    kind: list(v.pipe(v.string(), v.check(isProxy, 'must list addresses or networks such as 10.0.0.0/8, or be the number of proxies'))),
    fallback: [],
    otherwise: 'none: `X-Forwarded-*` headers are ignored',
    takes: 'a list of addresses and networks, or how many proxies stand in front',
    summary: 'proxies whose word about the visitor’s address is believed',
  },
  cookieDomain: {
    env: 'LATCHKEY_COOKIE_DOMAIN',
    flag: '--cookie-domain <domain>',
    kind: v.pipe(text, v.regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i, 'must be a domain such as example.org')),
    fallback: null,
    otherwise: 'the host alone, which is safest',
    takes: 'a domain',
    summary: 'share session cookies with all sub-domains of this domain',
  },
  rateLimits: {
    env: 'LATCHKEY_RATE_LIMITS',
    flag: '--rate-limits <on|off>',
    kind: onOff,
    fallback: true,
    otherwise: 'on',
    takes: 'on or off (refused in production)',
    summary: 'rate limits and lockout; off is for tests',
  },
  graphql: {
    env: 'LATCHKEY_GRAPHQL',
    flag: '--graphql <on|off>',
    kind: onOff,
    fallback: true,
    otherwise: 'on',
    takes: 'on or off',
    summary: 'answer GraphQL at `/graphql`',
  },
  graphqlIntrospection: {
    env: 'LATCHKEY_GRAPHQL_INTROSPECTION',
    flag: '--graphql-introspection <when>',
    kind: oneOf(['auto', 'on', 'off']),
    fallback: 'auto',
    otherwise: 'auto: on, in production off',
    takes: 'auto, on or off',
    summary: 'let anybody ask `/graphql` for its schema',
  },
  ddp: {
    env: 'LATCHKEY_DDP',
    flag: '--ddp <on|off>',
    kind: onOff,
    fallback: true,
    otherwise: 'on',
    takes: 'on or off',
    summary: 'speak DDP, Meteor’s protocol, over WebSocket at `/websocket` and over SockJS at `/sockjs`',
  },
  logLevel: {
    env: 'LATCHKEY_LOG_LEVEL',
    flag: '--log-level <level>',
    kind: oneOf(LOG_LEVELS),
    fallback: 'info',
    takes: LOG_LEVELS.join(', '),
    summary: 'how much is logged',
  },
  logFormat: {
    env: 'LATCHKEY_LOG_FORMAT',
    flag: '--log-format <format>',
    kind: oneOf(['auto', 'pretty', 'json']),
    fallback: 'auto',
    otherwise: 'auto: pretty on a terminal, else JSON lines',
    takes: 'auto, pretty or json',
    summary: 'how log lines look',
  },
  shutdownTimeout: {
    env: 'LATCHKEY_SHUTDOWN_TIMEOUT',
    flag: '--shutdown-timeout <duration>',
    kind: duration,
    fallback: 10_000,
    otherwise: '10s',
    takes: 'a duration',
    summary: 'how long requests under way may take after SIGTERM',
  },
}

/** The keys of the table, in its order. */
// Object.keys of a literal whose type names every key of Config.
export const KEYS: readonly (keyof Config)[] = Object.keys(TABLE) as (keyof Config)[]

/** Variables that this version refuses by name, because ignoring them would surprise. */
export const REFUSED: Readonly<Record<string, string>> = {
  REDIS_URL:
    'This version of Latchkey does not use Redis. Remove REDIS_URL; several servers can share one PostgreSQL (DATABASE_URL) without it.',
}

/** Names the config file; not a setting itself. */
export const CONFIG_VARIABLE = 'LATCHKEY_CONFIG'

/** Variables with this prefix belong to Latchkey's own test tools and are left alone. */
export const TEST_PREFIX = 'LATCHKEY_TEST_'

function isOrigin(given: string): boolean {
  return URL.canParse(given) && /^https?:$/.test(new URL(given).protocol) && new URL(given).origin === given
}

function isProxy(given: string): boolean {
  return /^\d{1,2}$/.test(given) || /^[\da-fA-F.:]+(?:\/\d{1,3})?$/.test(given)
}
