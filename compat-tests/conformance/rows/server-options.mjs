const OPTIONS = 'packages/server/src/accounts-server-options.ts'
const DATABASES = 'packages/server/src/accounts-server-store.ts'
const SERVER = 'packages/server/src/accounts-server.ts'
const SETTINGS = 'packages/server/src/core/settings.ts'
const CONFIGS = 'packages/server/src/compat/token-configs.ts'

const option = /** @param {string} title */ title => ({ file: 'packages/server/src/accounts-server-options.test.ts', title })
const database = /** @param {string} title */ title => ({ file: 'packages/server/src/accounts-server-store.test.ts', title })
const config = /** @param {string} title */ title => ({ file: 'packages/server/src/compat/token-configs.test.ts', title })
const flow = /** @param {string} title */ title => ({ file: 'packages/server/src/core/flows/flows.test.ts', title })

const setting = /** @param {string} from @param {string} to */ (from, to) => ({ file: SETTINGS, from, to })
const given = /** @param {string} from @param {string} to */ (from, to) => ({ file: OPTIONS, from, to })
const configured = /** @param {string} from @param {string} to */ (from, to) => ({ file: CONFIGS, from, to })

const TWO_STORES = 'users and sessions can be kept in two stores'
const LIVES = 'tokens live as long as tokenConfigs say, else 90 minutes and 7 days'
const AMBIGUOUS = 'ambiguousErrorMessages: true by default, hides who has an account; false says it'
const NAMES_OF_TOKENS = 'issuer and audience stand in the access token, and tokens of another are refused'
const SERVICES = 'useInternalUserObjectSanitizer: by default no user leaves with services; with false they do'
const MERGED = 'getOptions() answers what was given with the defaults in place of what was not'
const REFUSALS = 'refuses misspelt options, values of the wrong kind and contradictions, by name'
const STATELESS = 'useStatelessSession: a session that ended is still good for its access token'

/** @type {import('../row.d.ts').Chapter} */
export const serverOptions = {
  title: 'AccountsServer: options',
  rows: [
    {
      item: 'new AccountsServer({ db, … }, services)',
      note: 'accounts-js 0.33',
      proof: database(TWO_STORES),
      off: { file: SERVER, from: '      db,\n', to: '' },
    },
    {
      item: 'new AccountsServer(options, services, usersDb)',
      note: 'accounts-js 1.0',
      proof: database(TWO_STORES),
      off: { file: SERVER, from: '      usersArgument: usersDb,\n', to: '' },
    },
    {
      item: 'new AccountsServer(options, services, usersDb, sessionsDb)',
      note: 'accounts-js 1.0',
      proof: database(TWO_STORES),
      off: { file: SERVER, from: '      sessionsArgument: sessionsDb,\n', to: '' },
    },
    {
      item: 'two databases as options',
      note: '`DatabaseManager` of accounts-js 0.33; here `db` and `sessionsDb`',
      proof: database(TWO_STORES),
      off: { file: SERVER, from: '      sessionsDb: sessionsOption,\n', to: '' },
    },
    {
      item: 'A database driver is required',
      proof: database('a database is required, by accounts-js’s words'),
      off: { file: DATABASES, from: 'if (users === undefined) refuse', to: 'if (users === null) refuse' },
    },
    {
      item: 'db: an adapter of accounts-js',
      proof: database('an adapter of accounts-js needs a store beside it, and the message says what to write'),
      off: { file: DATABASES, from: 'return accountsJsDatabase(users, sessions, { now })', to: 'return sessions' },
    },
    {
      item: 'tokenSecret',
      proof: option('tokenSecret signs: what another secret signed is refused'),
      off: {
        file: 'packages/server/src/core/keys.ts',
        from: "readKey('tokenSecret', settings.tokenSecret)",
        to: "readKey('tokenSecret', 'secret')",
      },
    },
    {
      item: 'tokenSecret: a weak one is warned of',
      proof: option('a weak secret starts on a laptop with one loud line, and not where NODE_ENV is production'),
      off: {
        file: 'packages/server/src/core/assemble.ts',
        from: "if (typeof settings.tokenSecret === 'string' && !isStrongSecret",
        to: "if (typeof settings.tokenSecret === 'number' && !isStrongSecret",
      },
    },
    {
      item: 'tokenSecret: { publicKey, privateKey }, with the algorithm in tokenConfigs',
      proof: config('a key pair signs with the algorithm and the key id that were given'),
      off: configured('...(algorithm === undefined ? {} : { algorithm }),', ''),
    },
    {
      item: 'tokenConfigs.accessToken.expiresIn',
      proof: config(LIVES),
      off: configured('...(life === undefined ? {} : { accessTokenLifetime: life }),', ''),
    },
    {
      item: 'tokenConfigs.accessToken.expiresIn: default 90 minutes',
      proof: config(LIVES),
      off: setting("given.accessTokenLifetime ?? '90m'", "given.accessTokenLifetime ?? '91m'"),
    },
    {
      item: 'tokenConfigs.refreshToken.expiresIn',
      proof: config(LIVES),
      off: configured('session: idle === undefined ? session :', 'session: idle !== null ? session :'),
    },
    {
      item: 'tokenConfigs.refreshToken.expiresIn: default 7 days',
      proof: config(LIVES),
      off: {
        file: 'packages/server/src/core/settings-defaults.ts',
        from: "'accounts-js': '7d', meteor: null",
        to: "'accounts-js': '8d', meteor: null",
      },
    },
    {
      item: 'tokenConfigs: expiresIn in seconds',
      proof: config('reads as'),
      off: configured('return expiresIn * 1000', 'return expiresIn'),
    },
    {
      item: "tokenConfigs: expiresIn as a text ('90m', '2 days')",
      proof: config('reads as'),
      off: configured('if (milliseconds > 0) return milliseconds', 'if (milliseconds > 0) return 1000'),
    },
    {
      item: 'tokenConfigs.accessToken.issuer',
      proof: config(NAMES_OF_TOKENS),
      off: configured('...(issuer === undefined ? {} : { issuer }),', ''),
    },
    {
      item: 'tokenConfigs.accessToken.audience',
      proof: config(NAMES_OF_TOKENS),
      off: configured('...(audience === undefined ? {} : { audience }),', ''),
    },
    {
      item: 'tokenConfigs.accessToken.keyid',
      proof: config('a key pair signs with the algorithm and the key id that were given'),
      off: configured('...(access.keyid === undefined ? {} : { keyId: access.keyid }),', ''),
    },
    {
      item: 'tokenConfigs: other options of jsonwebtoken',
      note: 'refused by name, with the reason',
      proof: config('means nothing here and is refused with the reason'),
      off: configured('if (known.includes(name)) continue', 'if (name) continue'),
    },
    {
      item: 'ambiguousErrorMessages',
      proof: option(AMBIGUOUS),
      off: setting('ambiguousErrorMessages: given.ambiguousErrorMessages ?? true', 'ambiguousErrorMessages: true'),
    },
    {
      item: 'ambiguousErrorMessages: default true',
      proof: option(AMBIGUOUS),
      off: setting('given.ambiguousErrorMessages ?? true', 'given.ambiguousErrorMessages ?? false'),
    },
    {
      item: 'ambiguousErrorMessages: UserNotFound of the mail routes is swallowed',
      proof: flow('go to nobody for an unknown address, which is answered like a known one'),
      off: {
        file: 'packages/server/src/core/flows/mail-request.ts',
        from: '|| !core.settings.ambiguousErrorMessages)',
        to: '|| core.settings)',
      },
    },
    {
      item: 'ambiguousErrorMessages: …AlreadyExists of register is swallowed',
      proof: flow('answers a taken address exactly like a new one, and tells its owner by mail'),
      off: {
        file: 'packages/server/src/core/flows/register.ts',
        from: 'const hides = core.settings.ambiguousErrorMessages && !core.settings.enableAutologin',
        to: 'const hides = false',
      },
    },
    {
      item: 'enableAutologin',
      proof: option('enableAutologin: registering signs in'),
      off: setting('enableAutologin: given.enableAutologin ?? false', 'enableAutologin: false'),
    },
    {
      item: 'enableAutologin: contradicts ambiguousErrorMessages: true',
      note: 'accounts-js 0.33',
      proof: option(REFUSALS),
      off: setting('if (given.ambiguousErrorMessages === true &&', 'if (given.ambiguousErrorMessages === null &&'),
    },
    {
      item: 'enableAutologin: contradicts requireEmailVerification',
      note: 'accounts-js 1.0',
      proof: option(REFUSALS),
      off: setting('if (given.password?.requireEmailVerification === true &&', 'if (given.password?.requireEmailVerification === null &&'),
    },
    {
      item: 'siteUrl',
      proof: option('siteUrl begins the links, sendMail receives accounts-js’s mail object, emailTemplates word it'),
      off: setting("given.siteUrl ?? 'http://localhost:3000'", "'http://localhost:3000'"),
    },
    {
      item: 'siteUrl: default',
      proof: option(MERGED),
      off: setting("given.siteUrl ?? 'http://localhost:3000'", "given.siteUrl ?? 'http://localhost:3001'"),
    },
    {
      item: 'emailTemplates',
      proof: option('siteUrl begins the links, sendMail receives accounts-js’s mail object, emailTemplates word it'),
      off: setting('mergeTemplates(given.emailTemplates)', 'mergeTemplates()'),
    },
    {
      item: 'sendMail(mail)',
      proof: option('siteUrl begins the links, sendMail receives accounts-js’s mail object, emailTemplates word it'),
      off: setting('sendMail: given.sendMail,', 'sendMail: async () => {},'),
    },
    {
      item: 'sendMail: a warning without it',
      proof: {
        file: 'packages/server/src/core/mail/outbox.test.ts',
        title: 'anything, while there is no sendMail: one warning says what to do, and the mail waits for a process that can',
      },
      off: { file: 'packages/server/src/core/mail/outbox.ts', from: 'if (!settings.sendMail) this.#warnOnce()', to: '' },
    },
    {
      item: 'prepareMail(to, token, user, pathFragment, emailTemplate, from)',
      proof: option('prepareMail makes the mail object, and gets what accounts-js gave it'),
      off: setting('prepareMail: given.prepareMail,', 'prepareMail: undefined,'),
    },
    {
      item: 'userObjectSanitizer(user)',
      proof: option('userObjectSanitizer has the last word on every user that leaves'),
      off: setting('userObjectSanitizer: given.userObjectSanitizer,', 'userObjectSanitizer: undefined,'),
    },
    {
      item: 'useInternalUserObjectSanitizer: default true',
      proof: option(SERVICES),
      off: setting(
        'useInternalUserObjectSanitizer: given.useInternalUserObjectSanitizer ?? true',
        'useInternalUserObjectSanitizer: given.useInternalUserObjectSanitizer ?? false',
      ),
    },
    {
      item: 'useInternalUserObjectSanitizer: false',
      proof: option(SERVICES),
      off: {
        file: 'packages/server/src/core/identity/public-user.ts',
        from: 'if (settings.useInternalUserObjectSanitizer === false)',
        to: 'if (settings.useInternalUserObjectSanitizer === null)',
      },
    },
    {
      item: 'impersonationAuthorize(user, impersonateToUser)',
      proof: option('impersonationAuthorize is asked with both users as kept; without it nobody may'),
      off: given('...(impersonationAuthorize && {', '...(impersonationAuthorize && false && {'),
    },
    {
      item: 'impersonationAuthorize: both are accounts-js’s records',
      proof: option('impersonationAuthorize is asked with both users as kept; without it nobody may'),
      off: given('impersonationAuthorize(record(user), record(target))', 'impersonationAuthorize(user as never, target as never)'),
    },
    {
      item: 'resumeSessionValidator(user, session)',
      proof: option('resumeSessionValidator refuses with its own error, and is given user and session in accounts-js’s shape'),
      off: given('...(resumeSessionValidator && {', '...(resumeSessionValidator && false && {'),
    },
    {
      item: 'resumeSessionValidator: both are accounts-js’s records',
      proof: option('resumeSessionValidator refuses with its own error, and is given user and session in accounts-js’s shape'),
      off: given('session && accountsJsSession(session, true)', 'session as never'),
    },
    {
      item: 'resumeSessionValidator: session is null with useStatelessSession',
      proof: option(STATELESS),
      off: {
        file: 'packages/server/src/core/session/check.ts',
        from: 'await askApp(core, { user: found, session: null })',
        to: 'await askApp(core, { user: found, session: {} as Session })',
      },
    },
    {
      item: 'tokenCreator.createToken(user)',
      proof: option('tokenCreator names the session, and is given the user'),
      off: given('...(tokenCreator && { tokenCreator: readTokenCreator(tokenCreator, record) }),', ''),
    },
    {
      item: 'createNewSessionTokenOnRefresh',
      proof: option('createNewSessionTokenOnRefresh: the old access token is dead after a refresh; without it, it lives on'),
      off: setting('given.createNewSessionTokenOnRefresh ?? false', 'false'),
    },
    {
      item: 'createJwtPayload(data, user)',
      proof: option('createJwtPayload adds claims, with custom fields of the user at hand, and cannot replace data'),
      off: given('...(createJwtPayload && {', '...(createJwtPayload && false && {'),
    },
    {
      item: 'createJwtPayload: cannot override data',
      proof: option('createJwtPayload adds claims, with custom fields of the user at hand, and cannot replace data'),
      off: [
        {
          file: 'packages/server/src/core/session/access-token.ts',
          from: '...(await this.#extraClaims(data, user)),\n      data,',
          to: 'data,\n      ...(await this.#extraClaims(data, user)),',
        },
        {
          file: 'packages/server/src/core/session/access-token.ts',
          from: '.filter(key => RESERVED.has(key))',
          to: '.filter(() => false)',
        },
      ],
    },
    {
      item: 'useStatelessSession',
      proof: option(STATELESS),
      off: setting('given.useStatelessSession ?? false', 'false'),
    },
    {
      item: 'useStatelessSession: logout still asks for the session',
      proof: {
        file: 'packages/server/src/core/session/check.test.ts',
        title: 'refreshing, signing out, impersonating and every change still need a live session',
      },
      off: {
        file: 'packages/server/src/core/flows/logout.ts',
        from: "if (!isLive(found, core.clock.now())) throw new AccountsError('InvalidSession')",
        to: '',
      },
    },
    {
      item: 'micro',
      note: 'accounts-js 1.0',
      proof: option('micro: a token is believed by its signature, and nothing but the id is known'),
      off: setting('given.micro ?? false', 'false'),
    },
    {
      item: 'defaults are merged in, however deep',
      proof: option(MERGED),
      off: configured('...life(lives.refresh), ', ''),
    },
    {
      item: 'options of one server do not leak into the next',
      proof: option('one server never shares an option with the next'),
      off: {
        file: 'packages/server/src/core/mail/templates.ts',
        from: 'export function mergeTemplates(given: GivenEmailTemplates = {}): EmailTemplates {\n',
        to:
          'const shared = {}\n' +
          'export function mergeTemplates(own: GivenEmailTemplates = {}): EmailTemplates {\n' +
          '  const given: GivenEmailTemplates = Object.assign(shared, own)\n',
      },
    },
  ],
}
