/** The options of `AccountsServer`: accounts-js's names and shapes, read into the settings of the core. */
import { AccountsError } from '@latchkey/common'
import type { AccountsJsUsers } from './compat/accounts-js-database.ts'
import type { AcceptAccountsJsTokens } from './compat/accounts-js-tokens.ts'
import type { AccountsJsSession, AccountsJsUser } from './compat/accounts-js-types.ts'
import { accountsJsSession, accountsJsUser } from './compat/accounts-js-user.ts'
import { mergedTokenConfigs, readTokenConfigs } from './compat/token-configs.ts'
import type { TokenConfigs } from './compat/token-configs.ts'
import type { User } from './core/identity/user.ts'
import type { Log, Ports } from './core/ports.ts'
import type { AccessTokenData } from './core/session/access-token.ts'
import type { GivenSettings, Settings } from './core/settings.ts'
import { refuseMisfits, SETTINGS_KINDS } from './core/settings-kinds.ts'
import type { Store } from './core/store.ts'
import type { SecondFactor } from './core/strategy.ts'

/** Where users are kept: a store of ours, or a database adapter of accounts-js. */
export type UsersDatabase = Store | AccountsJsUsers

/** What an app is asked about a user, it is asked about accounts-js's record: custom fields at the top level, no hashes, no tokens. */
type Asking = 'createJwtPayload' | 'resumeSessionValidator' | 'tokenCreator' | 'impersonationAuthorize'

/** Options of {@link AccountsServer}: accounts-js's names, and beside them everything else Latchkey can set. */
export interface AccountsServerOptions<CustomUser extends AccountsJsUser = AccountsJsUser> extends Omit<GivenSettings, Asking> {
  /**
   * Where everything is kept: a store, for example from `@latchkey/server/stores/sql`. Or a database adapter of accounts-js, which keeps the users; what else
   * there is then needs a store in `sessionsDb`. May be the third argument instead.
   */
  db?: UsersDatabase
  /** A second store, for sessions: with a store in `db` the two are joined as `splitStore` does. May be the fourth argument instead. */
  sessionsDb?: Store
  /**
   * accounts-js's options of tokens.
   * @default { accessToken: { expiresIn: '90m' }, refreshToken: { expiresIn: '7d' } }
   */
  tokenConfigs?: TokenConfigs
  /** Further claims of the access token, asked again at each refresh and at impersonation. Reserved names lose. */
  createJwtPayload?: (data: AccessTokenData, user: CustomUser) => Promise<Record<string, unknown>> | Record<string, unknown>
  /** Throws to refuse a session that is otherwise good. `session` is null with `useStatelessSession`. */
  resumeSessionValidator?: (user: CustomUser, session: AccountsJsSession | null) => unknown
  /** Makes the session's handle (`data.token`). Must be unique. */
  tokenCreator?: { createToken(user: CustomUser): Promise<string> | string }
  /** May this user act as that one? Nobody may unless this answers something true. Asked again at each refresh. */
  impersonationAuthorize?: (user: CustomUser, impersonateToUser: CustomUser) => unknown
  /**
   * Takes access tokens of the old app until a date, where their session is live there: nobody has to sign in again the moment the app switches, only when
   * their token expires. Refresh tokens of the old app are refused all the same. @default none is taken
   */
  acceptAccountsJsTokens?: AcceptAccountsJsTokens
  /** Second factors users can enrol. Where there are passwords, codes from an authenticator app are always among them. */
  factors?: readonly SecondFactor[]
  /** Where to log, for example a pino logger. @default warnings and errors, as warnings of the process */
  log?: Log
  /** Time, chance and timers, for tests. */
  ports?: Partial<Ports>
}

/** The options as they are in force: defaults filled in, frozen. */
export type MergedOptions<CustomUser extends AccountsJsUser = AccountsJsUser> = Readonly<
  AccountsServerOptions<CustomUser> & Required<Pick<AccountsServerOptions, Merged>>
>

type Merged =
  | 'ambiguousErrorMessages'
  | 'enableAutologin'
  | 'siteUrl'
  | 'tokenConfigs'
  | 'emailTemplates'
  | 'useInternalUserObjectSanitizer'
  | 'createNewSessionTokenOnRefresh'
  | 'useStatelessSession'
  | 'micro'

/**
 * The settings of the core. Nothing of what was given is changed or kept.
 * @throws AccountsError `InvalidSettings` for unknown options, what is said twice, and what means nothing here
 */
export function settingsOf<CustomUser extends AccountsJsUser>(options: AccountsServerOptions<CustomUser>): GivenSettings {
  refuseMisfits('', options, OPTION_KINDS)
  const { db: _db, sessionsDb: _sessionsDb, acceptAccountsJsTokens: _accept, tokenConfigs, ...others } = options
  const { factors: _factors, log: _log, ports: _ports, ...rest } = others
  const { createJwtPayload, resumeSessionValidator, tokenCreator, impersonationAuthorize, ...settings } = rest
  const face = settings.face ?? 'accounts-js'
  // The app says what its own fields are; they are what its own code put there.
  const record = (user: User): CustomUser => accountsJsUser(face, user) as CustomUser
  return {
    ...settings,
    production: isProduction(options),
    face,
    ...readTokenConfigs(tokenConfigs, settings),
    ...(createJwtPayload && { createJwtPayload: (data, user) => createJwtPayload(data, record(user)) }),
    ...(resumeSessionValidator && {
      async resumeSessionValidator(user, session) {
        await resumeSessionValidator(record(user), session && accountsJsSession(session, true))
      },
    }),
    ...(tokenCreator && { tokenCreator: readTokenCreator(tokenCreator, record) }),
    ...(impersonationAuthorize && {
      impersonationAuthorize: (user, target) => impersonationAuthorize(record(user), record(target)),
    }),
  }
}

export const isProduction = ({ production }: { production?: boolean }): boolean => production ?? process.env.NODE_ENV === 'production'

/** What `getOptions()` answers. */
export function mergedOptions<CustomUser extends AccountsJsUser>(
  given: AccountsServerOptions<CustomUser>,
  settings: Settings,
): MergedOptions<CustomUser> {
  const lives = { access: settings.accessTokenLifetime, refresh: settings.session.idle }
  return Object.freeze({
    ...given,
    ambiguousErrorMessages: settings.ambiguousErrorMessages,
    enableAutologin: settings.enableAutologin,
    siteUrl: settings.siteUrl,
    emailTemplates: settings.emailTemplates,
    useInternalUserObjectSanitizer: settings.useInternalUserObjectSanitizer,
    createNewSessionTokenOnRefresh: settings.createNewSessionTokenOnRefresh,
    useStatelessSession: settings.useStatelessSession,
    micro: settings.micro,
    tokenConfigs: mergedTokenConfigs(given.tokenConfigs, lives),
  })
}

const OPTION_KINDS = {
  ...SETTINGS_KINDS,
  db: 'checked',
  sessionsDb: 'checked',
  tokenConfigs: 'group',
  acceptAccountsJsTokens: 'group',
  factors: 'list',
  log: 'group',
  ports: 'group',
} as const

/** The names of {@link AccountsServerOptions}. */
export const OPTION_NAMES: readonly string[] = Object.keys(OPTION_KINDS)

type TokenCreator = NonNullable<GivenSettings['tokenCreator']>

function readTokenCreator<CustomUser extends AccountsJsUser>(
  given: { createToken(user: CustomUser): Promise<string> | string },
  record: (user: User) => CustomUser,
): TokenCreator {
  if (typeof given.createToken !== 'function')
    throw new AccountsError('InvalidSettings', { message: 'tokenCreator.createToken must be a function' })
  return { createToken: user => given.createToken(record(user)) }
}
