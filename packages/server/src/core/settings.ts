/** Everything an app can set, read once: unknown names are refused, defaults filled in, the result frozen. */
import { AccountsError } from '@latchkey/common'
import type { PublicUser } from '@latchkey/common'
import type { AccessTokenData } from './session/access-token.ts'
import { milliseconds } from './duration.ts'
import type { Duration } from './duration.ts'
import type { User } from './identity/user.ts'
import type { EmailTemplates, GivenEmailTemplates } from './mail/templates.ts'
import { mergeTemplates } from './mail/templates.ts'
import { FACE_DEFAULTS, IDLE, LIMITS, LOCKOUT, PASSWORD_DEFAULTS, PASSWORD_DURATIONS } from './settings-defaults.ts'
import { LIMIT_KINDS, LOCKOUT_KINDS, PASSWORD_KINDS, refuseMisfits, SESSION_KINDS, SETTINGS_KINDS } from './settings-kinds.ts'
import type { EmailRule } from './policy/email-domain.ts'
import type { Mail } from './ports.ts'
import type { Session } from './session/session.ts'
import type { RetiredKey, TokenKeyPair } from './token-key.ts'

/** Which parent's defaults and wire habits apply. */
export type Face = 'latchkey' | 'accounts-js' | 'meteor'

/** How often something may happen: at most `limit` times in `window`. */
export interface Limit {
  limit: number
  /** Milliseconds. */
  window: number
}

/** Limits per kind of request; each by address (IPv6 by /64), by account, and for the whole process. */
export interface Limits {
  login: { address: Limit; account: Limit; process: Limit }
  register: { address: Limit; process: Limit }
  /** Requests that send mail. */
  mail: { address: Limit; account: Limit }
  /** Redeeming links and tokens, refreshing. Counted in the process. */
  token: { address: Limit }
  /** Secrets for a second factor, handed out to whoever asks. */
  offer: { address: Limit }
}

/** Progressive lockout after consecutive failures. */
export interface Lockout {
  /** Failures that cost nothing. */
  free: number
  /** Wait after the first failure beyond them, in milliseconds; doubles with each further one. */
  first: number
  /** Longest wait, in milliseconds. */
  longest: number
  /** Quiet time after which failures are forgotten, in milliseconds. */
  memory: number
}

/** What concerns passwords. `AccountsPassword`'s options end up here. */
export interface PasswordSettings {
  /** Shortest plain password. NIST SP 800-63B: at least 8. @default 8 */
  minLength: number
  /** Longest plain password, in code points like `minLength`. @default 256 */
  maxLength: number
  /** Refuse passwords from the list of the most common ones. @default true */
  refuseCommon: boolean
  /** Words of your product that make a password too easy to guess. */
  contextWords: readonly string[]
  /** Accept Meteor's client-side SHA-256 digests. @default true */
  acceptDigests: boolean
  /** Nobody signs in before their address is verified. @default false */
  requireEmailVerification: boolean
  /** A sign-up is mailed a link to verify its address. @default true on the latchkey face, else false */
  sendVerificationEmailAfterSignup: boolean
  /** A mail after a change or reset of the password. @default true, but false on the Meteor face */
  notifyUserAfterPasswordChanged: boolean
  /** A reset signs in; hooks and the second factor have their say. @default false, but true on the Meteor face */
  returnTokensAfterResetPassword: boolean
  /** @default true */
  invalidateAllSessionsAfterPasswordReset: boolean
  /** All but the asking one. @default true */
  invalidateAllSessionsAfterPasswordChanged: boolean
  /** @default true */
  removeAllResetPasswordTokensAfterPasswordChanged: boolean
  /** Life of a link to verify an address. Milliseconds. @default 3 days */
  verifyEmailTokenExpiration: number
  /** Life of a link to reset a password. Milliseconds. @default 3 days */
  passwordResetTokenExpiration: number
  /** Life of an invitation. Milliseconds. @default 30 days */
  passwordEnrollTokenExpiration: number
  /** The app's own rules, asked beside ours. */
  validateEmail?: (email: string) => boolean
  validateUsername?: (username: string) => boolean
  validatePassword?: (password: string) => boolean
  /** Asked with what a visitor wants to register; what it returns is kept. Default: only username and e-mail. May refuse by throwing. */
  validateNewUser?: (user: Record<string, unknown>) => Record<string, unknown> | Promise<Record<string, unknown>>
}

/** The settings after reading. Durations are milliseconds. */
export interface Settings {
  readonly face: Face
  /** Refuses weak secrets and other development conveniences. */
  readonly production: boolean
  readonly tokenSecret: string | TokenKeyPair
  /** Earlier secrets and keys, newest first: still verify tokens, never sign. */
  readonly retiredSecrets: readonly (string | RetiredKey)[]
  readonly accessTokenLifetime: number
  readonly session: {
    /** Ends after so long without activity; null: never. */
    readonly idle: number | null
    /** Ends after so long, however active. */
    readonly absolute: number
    /** A spent refresh secret stays good so long after its successor was first used. */
    readonly refreshGrace: number
    /** Ended sessions are kept so long for audit. */
    readonly keepEnded: number
  }
  readonly issuer: string | undefined
  readonly audience: string | undefined
  /** Base of the links in mails. */
  readonly siteUrl: string
  readonly ambiguousErrorMessages: boolean
  readonly enableAutologin: boolean
  readonly signUpAllowed: boolean
  readonly providerSignUpAllowed: boolean
  /** Whose addresses are welcome in a new user. */
  readonly restrictCreationByEmailDomain: EmailRule | undefined
  readonly newDeviceMail: boolean
  readonly password: Readonly<PasswordSettings>
  /** Off only outside production. */
  readonly rateLimits: boolean
  readonly limits: Readonly<Limits>
  readonly lockout: Readonly<Lockout>
  /** How long audit events are kept. */
  readonly auditKept: number
  /** Entries the session cache holds at most; 0: no cache. */
  readonly cacheSize: number
  readonly emailTemplates: EmailTemplates
  readonly sendMail: ((mail: Mail) => Promise<unknown>) | undefined
  readonly prepareMail: PrepareMail | undefined
  readonly createJwtPayload: ((data: AccessTokenData, user: User) => Promise<Record<string, unknown>> | Record<string, unknown>) | undefined
  /** False: what leaves of a user names the ways they can sign in, without anything that proves something. */
  readonly useInternalUserObjectSanitizer: boolean
  readonly userObjectSanitizer: ((user: PublicUser) => PublicUser) | undefined
  readonly resumeSessionValidator: ((user: User, session: Session | null) => Promise<void> | void) | undefined
  readonly tokenCreator: { createToken(user: User): Promise<string> | string } | undefined
  readonly createNewSessionTokenOnRefresh: boolean
  readonly impersonationAuthorize: ImpersonationAuthorize | undefined
  readonly useStatelessSession: boolean
  readonly micro: boolean
}

/** May `user` act as `target`? Any truthy answer is a yes. Both as kept, without credentials. */
export type ImpersonationAuthorize = (user: User, target: User) => unknown

/** accounts-js's hook for full control of the mail object. */
export type PrepareMail = (
  to: string,
  token: string,
  user: PublicUser,
  pathFragment: string,
  template: EmailTemplates[keyof Omit<EmailTemplates, 'from'>],
  from: string,
) => Mail

type DeepPartial<T> = { [K in keyof T]?: T[K] extends object ? DeepPartial<T[K]> : T[K] }

/** What an app may give. Everything is optional but the secret. */
export interface GivenSettings {
  face?: Face
  production?: boolean
  /**
   * Signs tokens. A secret of at least 32 bytes in production (make one: `npx latchkey secret`), or a key pair: `{ privateKey }`, with `publicKey`,
   * `algorithm` and `keyId` if you like.
   */
  tokenSecret: string | TokenKeyPair
  /** Earlier secrets and key pairs: what they signed and sealed stays good. Of a pair the public key is enough for what it signed. */
  retiredSecrets?: readonly (string | RetiredKey)[]
  /** Life of an access token. @default '90m' */
  accessTokenLifetime?: Duration
  session?: { idle?: Duration | null; absolute?: Duration; refreshGrace?: Duration; keepEnded?: Duration }
  /** `iss` of access tokens; when set, tokens of another issuer are refused. */
  issuer?: string
  /** `aud` of access tokens; when set, tokens for another audience are refused. */
  audience?: string
  /** Base of the links in mails; pages of this origin count as the app's own. @default 'http://localhost:3000' */
  siteUrl?: string
  /** Hide whether an account exists. @default true */
  ambiguousErrorMessages?: boolean
  /** Registration answers with a session. @default false */
  enableAutologin?: boolean
  /** False: nobody can register from outside. @default true */
  signUpAllowed?: boolean
  /** Whether somebody new may come through a provider. @default signUpAllowed; on the Meteor face `forbidClientAccountCreation` leaves it true */
  providerSignUpAllowed?: boolean
  /**
   * Whose addresses are welcome in a new user, by whatever way they come: a domain, a list of them, or the app's own judgement. Without an address of their own
   * it is the one their provider tells of; a user without any is refused. Null: everybody.
   */
  restrictCreationByEmailDomain?: EmailRule | null
  /** Tell users by mail of a login from a device not seen before. @default true on the latchkey face */
  newDeviceMail?: boolean
  password?: Partial<{ [K in keyof PasswordSettings]: PasswordSettings[K] extends number ? Duration : PasswordSettings[K] }>
  /** Rate limits and lockout. `false` is refused in production. @default true */
  rateLimits?: boolean
  limits?: DeepPartial<Limits>
  lockout?: Partial<Lockout>
  /** How long the audit trail is kept. @default '365d' */
  auditKept?: Duration
  /** Sessions cached in this process at most; 0: none, each check asks the store. @default 100000 */
  cacheSize?: number
  emailTemplates?: GivenEmailTemplates
  /** Sends one mail, or rejects; what it answers is not looked at. Called by the outbox, outside the request, with retries. Without it no mail is sent. */
  sendMail?: (mail: Mail) => Promise<unknown>
  prepareMail?: PrepareMail
  /** Further claims of the access token, asked again at each refresh. Reserved names lose. */
  createJwtPayload?: Settings['createJwtPayload']
  /** False: `services` leaves with the user, without hashes, tokens and secrets. @default true */
  useInternalUserObjectSanitizer?: boolean
  /** Last word on what leaves of a user. */
  userObjectSanitizer?: (user: PublicUser) => PublicUser
  /** Throws to refuse a session that is otherwise good. `session` is null with `useStatelessSession`. */
  resumeSessionValidator?: Settings['resumeSessionValidator']
  /** Makes the session's handle (`data.token`). Must be unique. */
  tokenCreator?: Settings['tokenCreator']
  createNewSessionTokenOnRefresh?: boolean
  /** Who may act as whom; asked when it begins and at each refresh. Without it nobody may. */
  impersonationAuthorize?: ImpersonationAuthorize
  /**
   * Who an access token belongs to is then asked of the users alone: a session that ended stays good for it until the token expires. Whatever changes
   * something still asks for a live session. @default false
   */
  useStatelessSession?: boolean
  /** For a service beside the one that keeps accounts: an access token is believed by its signature, and nothing but the user's id is known. @default false */
  micro?: boolean
}

/**
 * Reads settings. The given object is not changed and not kept.
 * @throws AccountsError `InvalidSettings` for unknown names, wrong types, weak secrets and contradictions
 */
export function readSettings(given: GivenSettings): Settings {
  refuseMisfits('', given, SETTINGS_KINDS)
  refuseMisfits('session.', given.session ?? {}, SESSION_KINDS)
  refuseMisfits('password.', given.password ?? {}, PASSWORD_KINDS)
  refuseMisfits('lockout.', given.lockout ?? {}, LOCKOUT_KINDS)
  const face = readFace(given.face ?? 'latchkey')
  const production = given.production ?? false
  const tokenSecret = readSecret('tokenSecret', given.tokenSecret, production)
  refuseContradictions(given, production)
  const session = given.session ?? {}
  return Object.freeze({
    face,
    production,
    tokenSecret,
    retiredSecrets: (given.retiredSecrets ?? []).map(secret => readSecret('retiredSecrets', secret, production)),
    accessTokenLifetime: milliseconds('accessTokenLifetime', given.accessTokenLifetime ?? '90m'),
    session: Object.freeze({
      idle: readIdle(session.idle === undefined ? IDLE[face] : session.idle),
      absolute: milliseconds('session.absolute', session.absolute ?? '90d'),
      refreshGrace: milliseconds('session.refreshGrace', session.refreshGrace ?? '30s'),
      keepEnded: milliseconds('session.keepEnded', session.keepEnded ?? '30d'),
    }),
    issuer: given.issuer,
    audience: given.audience,
    siteUrl: readSiteUrl(given.siteUrl ?? 'http://localhost:3000'),
    ambiguousErrorMessages: given.ambiguousErrorMessages ?? true,
    enableAutologin: given.enableAutologin ?? false,
    signUpAllowed: given.signUpAllowed ?? true,
    providerSignUpAllowed: given.providerSignUpAllowed ?? given.signUpAllowed ?? true,
    restrictCreationByEmailDomain: readEmailRule(given.restrictCreationByEmailDomain),
    newDeviceMail: given.newDeviceMail ?? face === 'latchkey',
    password: readPassword(given.password ?? {}, face),
    rateLimits: given.rateLimits ?? true,
    limits: mergeLimits(given.limits ?? {}),
    lockout: Object.freeze({ ...LOCKOUT, ...given.lockout }),
    auditKept: milliseconds('auditKept', given.auditKept ?? '365d'),
    cacheSize: given.cacheSize ?? 100_000,
    emailTemplates: mergeTemplates(given.emailTemplates),
    sendMail: given.sendMail,
    prepareMail: given.prepareMail,
    createJwtPayload: given.createJwtPayload,
    useInternalUserObjectSanitizer: given.useInternalUserObjectSanitizer ?? true,
    userObjectSanitizer: given.userObjectSanitizer,
    resumeSessionValidator: given.resumeSessionValidator,
    tokenCreator: given.tokenCreator,
    createNewSessionTokenOnRefresh: given.createNewSessionTokenOnRefresh ?? false,
    impersonationAuthorize: given.impersonationAuthorize,
    useStatelessSession: given.useStatelessSession ?? false,
    micro: given.micro ?? false,
  })
}

const readIdle = (idle: Duration | null): number | null => (idle === null ? null : milliseconds('session.idle', idle))

const FACES: readonly Face[] = ['latchkey', 'accounts-js', 'meteor']

function readFace(face: Face): Face {
  if (!FACES.includes(face)) refuse(`face must be one of ${FACES.join(', ')}`)
  return face
}

/** True when a secret is long enough to sign tokens in production: 32 bytes. */
export const isStrongSecret = (secret: string): boolean => Buffer.byteLength(secret) >= 32 && new Set(secret).size >= 8

function readSecret<Given>(option: string, secret: Given, production: boolean): Given {
  // A key pair is read by `Keys`, which says what is wrong with it.
  if (typeof secret === 'object' && secret !== null) return secret
  if (typeof secret !== 'string' || secret === '') refuse(`${option} is missing. Make one: npx latchkey secret`)
  if (production && !isStrongSecret(secret)) {
    refuse(`${option} is too weak for production: it needs 32 bytes or more of randomness. Make one: npx latchkey secret`)
  }
  return secret
}

function refuseContradictions(given: GivenSettings, production: boolean): void {
  if (given.ambiguousErrorMessages === true && given.enableAutologin === true) {
    refuse(
      'ambiguousErrorMessages: true contradicts enableAutologin: true (an immediate session tells that the address was free). Remove one of them',
    )
  }
  if (given.password?.requireEmailVerification === true && given.enableAutologin === true) {
    refuse(
      'password.requireEmailVerification: true contradicts enableAutologin: true (nobody could log in right after signing up). Remove one of them',
    )
  }
  if (given.micro === true) refuseBesideMicro(given)
  if (production && given.rateLimits === false) refuse('rateLimits: false is refused in production. Remove it')
}

function refuseBesideMicro(given: GivenSettings): void {
  for (const name of ['resumeSessionValidator', 'useStatelessSession'] as const) {
    if (given[name]) refuse(`micro: true contradicts ${name} (a token is then believed without asking anybody). Remove one of them`)
  }
}

function readEmailRule(rule: EmailRule | null | undefined): EmailRule | undefined {
  if (rule === null) return undefined
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
  const fits = rule === undefined || typeof rule === 'function' || (Array.isArray(rule) ? rule.every(isText) : isText(rule))
  if (!fits) refuse('restrictCreationByEmailDomain must be a domain, a list of domains or a function')
  return rule
}

function readSiteUrl(siteUrl: string): string {
  if (!URL.canParse(siteUrl) || !/^https?:/.test(siteUrl))
    refuse(`siteUrl must be an http or https address. Received ${JSON.stringify(siteUrl)}`)
  return siteUrl.replace(/\/+$/, '')
}

function readPassword(given: NonNullable<GivenSettings['password']>, face: Face): PasswordSettings {
  const durations = Object.fromEntries(
    PASSWORD_DURATIONS.map(key => [key, milliseconds(`password.${key}`, given[key] ?? PASSWORD_DEFAULTS[key])]),
  )
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  // `set` and `durations` together are exactly the keys of PasswordSettings: unknown names were refused, durations were read.
  const read: PasswordSettings = { ...PASSWORD_DEFAULTS, ...FACE_DEFAULTS[face], ...set, ...durations }
  if (!(read.minLength >= 1 && read.minLength <= read.maxLength))
    refuse('password.minLength must be at least 1 and at most password.maxLength')
  return Object.freeze(read)
}

const groups = (names: object): Record<string, 'group'> => Object.fromEntries(Object.keys(names).map(name => [name, 'group']))

function mergeLimits(given: DeepPartial<Limits>): Limits {
  refuseMisfits('limits.', given, groups(LIMITS))
  const merged = Object.entries(LIMITS).map(([kind, scopes]: [string, Record<string, Limit>]): [string, Record<string, Limit>] => {
    const own = (given as Record<string, Record<string, Partial<Limit>> | undefined>)[kind] ?? {}
    refuseMisfits(`limits.${kind}.`, own, groups(scopes))
    for (const [scope, limit] of Object.entries(own)) refuseMisfits(`limits.${kind}.${scope}.`, limit, LIMIT_KINDS)
    return [kind, Object.fromEntries(Object.entries(scopes).map(([scope, limit]) => [scope, { ...limit, ...own[scope] }]))]
  })
  // Same keys as LIMITS, by construction.
  return Object.freeze(Object.fromEntries(merged)) as unknown as Limits
}

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}
