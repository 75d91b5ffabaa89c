const SERVER = 'packages/server/src/accounts-server.ts'
const LOGIN = 'packages/server/src/core/flows/login.ts'
const RECORDS = 'packages/server/src/compat/accounts-js-user.ts'

const member = /** @param {string} title */ title => ({ file: 'packages/server/src/accounts-server-members.test.ts', title })
const option = /** @param {string} title */ title => ({ file: 'packages/server/src/accounts-server-options.test.ts', title })
const service = /** @param {string} title */ title => ({ file: 'packages/server/src/compat/accounts-js-service.test.ts', title })
const hook = /** @param {string} title */ title => ({ file: 'packages/server/src/compat/server-hooks.test.ts', title })

const server = /** @param {string} from @param {string} to */ (from, to) => ({ file: SERVER, from, to })
const login = /** @param {string} from @param {string} to */ (from, to) => ({ file: LOGIN, from, to })

const MERGED = 'getOptions() answers what was given with the defaults in place of what was not'
const GIVEN = 'getServices() and services are what was given'
const PROVES = 'authenticateWithService() answers true and opens no session'
const SIGNS_IN = 'loginWithService() answers session, tokens and a user without anything secret'
const VOUCHED = 'loginWithUser() opens a session for a user the app vouches for, and the user that comes back is sanitised'
const NEXT_PAIR = 'refreshTokens() answers the next pair, a sanitised user and the connection'
const FOUND_SESSION = 'findSessionByAccessToken() answers a session of accounts-js’s shape, also one that is over'
const DEACTIVATED = 'deactivateUser() ends every session and refuses logins, activateUser() lets them in again'
const SANITISED = 'sanitizeUser() takes services away, from records of any origin, and hands on to userObjectSanitizer'
const PREPARED = 'prepareMail() makes accounts-js’s mail object from a template, or asks the app’s own'
const LAST_WORD = 'userObjectSanitizer has the last word on every user that leaves'
const NOBODY = 'is refused by accounts-js’s words when it proves nobody, or somebody who is not kept here'

/** @type {import('../row.d.ts').Chapter} */
export const serverMembers = {
  title: 'AccountsServer: methods and members',
  rows: [
    {
      item: 'options',
      proof: option(MERGED),
      off: server('this.#options = mergedOptions(options, core.settings)', 'this.#options = {} as never'),
    },
    { item: 'getOptions()', proof: option(MERGED), off: server('return this.options\n', 'return {} as never\n') },
    {
      item: 'services',
      proof: member(GIVEN),
      off: server('this.services = Object.freeze({ ...services })', 'this.services = Object.freeze({})'),
    },
    { item: 'getServices()', proof: member(GIVEN), off: server('return { ...this.services }', 'return {}') },
    {
      item: 'getHooks()',
      proof: hook('waits once for the next of an event'),
      off: server('return this.#hooks\n', 'return {} as never\n'),
    },
    {
      item: 'on(eventName, callback)',
      proof: hook('hears several events with one listener, and stops when told to'),
      off: server('return this.#hooks.on(event, listener)', 'return (() => {}) as Stop'),
    },
    {
      item: 'on: the function it answers unsubscribes',
      proof: hook('hears several events with one listener, and stops when told to'),
      off: {
        file: 'packages/server/src/compat/server-hooks.ts',
        from: 'return stopOf(() => this.off(events, listener))',
        to: 'return stopOf(() => {})',
      },
    },
    {
      item: 'authenticateWithService(serviceName, params, infos)',
      proof: member(PROVES),
      off: server('await asThrown(this.accounts.prove(serviceName, params, originOf(infos)))', 'void [serviceName, params, infos]'),
    },
    {
      item: 'authenticateWithService: answers true',
      proof: member(PROVES),
      off: server('    return true\n', '    return false\n'),
    },
    {
      item: 'loginWithService(serviceName, params, infos)',
      proof: member(SIGNS_IN),
      off: server(
        'return this.#result(await asThrown(this.accounts.login(serviceName, params, originOf(infos))))',
        'return {} as LoginResult',
      ),
    },
    {
      item: 'loginWithService: infos are those of the session',
      proof: member(FOUND_SESSION),
      off: server('this.accounts.login(serviceName, params, originOf(infos))', 'this.accounts.login(serviceName, params, originOf({}))'),
    },
    {
      item: 'loginWithService: user',
      note: 'sanitised',
      proof: option(LAST_WORD),
      off: { file: 'packages/server/src/core/accounts.ts', from: 'user: this.publicUser(login.user)', to: 'user: login.user as never' },
    },
    {
      item: 'ServiceNotFound: No service with the name X was registered.',
      proof: member(PROVES),
      off: login("throw new AccountsError('ServiceNotFound', {", "throw new AccountsError('AuthenticationFailed', {"),
    },
    {
      item: 'AuthenticationFailed: Service X was not able to authenticate user',
      proof: service(NOBODY),
      off: login(
        "if (!proof) throw new AccountsError('AuthenticationFailed', {",
        "if (!proof) throw new AccountsError('InvalidCredentials', {",
      ),
    },
    {
      item: 'UserDeactivated: Your account has been deactivated',
      proof: member(PROVES),
      off: login('refuseDeactivated(user)\n    const', 'const'),
    },
    {
      item: 'loginWithUser(user, infos)',
      proof: member(VOUCHED),
      off: server('return this.#result(await asThrown(this.accounts.loginTrusted(user.id, originOf(infos))))', 'return {} as LoginResult'),
    },
    {
      item: 'impersonate(accessToken, identity, infos)',
      proof: member('impersonate() acts as the other user at once, marked, and by id, name or address'),
      off: server('if (!answer.authorized) return { authorized: false }', 'if (answer) return { authorized: false }'),
    },
    {
      item: 'impersonate: { authorized, tokens, user }',
      proof: member('impersonate() acts as the other user at once, marked, and by id, name or address'),
      off: server('return { authorized: true, tokens, user }', 'return { authorized: true, user, ...(tokens && {}) }'),
    },
    {
      item: 'refreshTokens(accessToken, refreshToken, infos)',
      proof: member(NEXT_PAIR),
      off: server('await asThrown(this.accounts.refresh(accessToken, refreshToken, origin))', 'null as never as Login'),
    },
    {
      item: 'refreshTokens: infos',
      proof: member(NEXT_PAIR),
      off: server('return { ...result, infos: { userAgent: origin.userAgent, ip: origin.ip } }', 'return result as RefreshResult'),
    },
    {
      item: 'createTokens({ token, isImpersonated, user })',
      proof: member('createTokens() makes a pair for a live session, and for no other'),
      off: server('return this.accounts.createTokens(of)', "return Promise.resolve({ accessToken: of.token, refreshToken: '' })"),
    },
    {
      item: 'createTokens: isImpersonated',
      note: 'must be what the session says',
      proof: {
        file: 'packages/server/src/core/flows/refresh.test.ts',
        title: 'is refused for sessions that are over, in a cookie, unknown, or of somebody else',
      },
      off: {
        file: 'packages/server/src/core/flows/create-tokens.ts',
        from: 'if (isImpersonated && found.session.impersonatorId === undefined)',
        to: 'if (isImpersonated && found === null)',
      },
    },
    {
      item: 'logout(accessToken)',
      proof: member('logout() ends the session, with an expired access token too, and refuses a dead one'),
      off: server('return this.accounts.logoutByToken(accessToken, APP)', 'return Promise.resolve(void accessToken)'),
    },
    {
      item: 'resumeSession(accessToken)',
      proof: member('resumeSession() answers the sanitised user, and refuses with accounts-js’s codes and texts'),
      off: server('return asThrown(this.accounts.resume(accessToken))', 'return Promise.resolve({} as PublicUser)'),
    },
    {
      item: 'resumeSession: the sanitised user',
      proof: option(LAST_WORD),
      off: {
        file: 'packages/server/src/core/accounts.ts',
        from: 'as PublicUser) : this.publicUser(user)',
        to: 'as PublicUser) : (user as never)',
      },
    },
    {
      item: 'findSessionByAccessToken(accessToken)',
      proof: member(FOUND_SESSION),
      off: server(
        'return accountsJsSession(found.session, isLive(found, this.accounts.core.clock.now()))',
        'return found.session as never',
      ),
    },
    {
      item: 'findSessionByAccessToken: sessions that are over, too',
      proof: member(FOUND_SESSION),
      off: server('isLive(found, this.accounts.core.clock.now())', 'true'),
    },
    {
      item: 'findUserById(id)',
      proof: member('findUserById() answers accounts-js’s record without hashes and tokens, or null'),
      off: server('return user && this.#record(', 'return user && null && this.#record('),
    },
    {
      item: 'findUserById: services',
      note: 'named, without hashes and secrets',
      proof: member('findUserById() answers accounts-js’s record without hashes and tokens, or null'),
      off: { file: RECORDS, from: 'credentials ? servicesOf(credentials) : user.services', to: 'credentials && user.services' },
    },
    {
      item: 'deactivateUser(id)',
      proof: member(DEACTIVATED),
      off: server('if (!(await this.accounts.deactivateUser(userId)))', 'if (!userId)'),
    },
    {
      item: 'activateUser(id)',
      proof: member(DEACTIVATED),
      off: server('if (!(await this.accounts.activateUser(userId)))', 'if (!userId)'),
    },
    {
      item: 'prepareMail(to, token, user, pathFragment, template, from)',
      proof: member(PREPARED),
      off: server('return prepareMail(settings, clock.now(), ...parts)', 'return [settings, clock, parts] as never'),
    },
    {
      item: 'prepareMail: asks the option of that name',
      proof: member(PREPARED),
      off: {
        file: 'packages/server/src/compat/prepare-mail.ts',
        from: 'if (settings.prepareMail) return',
        to: 'if (settings.prepareMail && false) return',
      },
    },
    {
      item: 'sanitizeUser(user)',
      proof: member(SANITISED),
      off: server('return this.accounts.publicUser(coreUser(user))', 'return user as never'),
    },
    {
      item: 'sanitizeUser: records of any database',
      proof: member(SANITISED),
      off: server('this.accounts.publicUser(coreUser(user))', 'this.accounts.publicUser(user as never)'),
    },
  ],
}
