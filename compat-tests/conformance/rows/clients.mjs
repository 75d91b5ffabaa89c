const CLIENT_TEST = 'packages/client/src/accounts-client.test.ts'
const IMPERSONATION_TEST = 'packages/client/src/impersonation.test.ts'
const MODES_TEST = 'packages/client/src/session-modes.test.ts'
const PASSWORD_TEST = 'packages/client/src/client-password.test.ts'
const REFRESH_TEST = 'packages/client/src/refresh.test.ts'
const REST_TEST = 'packages/client/src/rest-client.test.ts'
const DOORS_TEST = 'packages/client/src/doors.test.ts'
const CLIENT = 'packages/client/src/accounts-client.ts'
const KEEPER = 'packages/client/src/token-keeper.ts'
const PASSWORD = 'packages/client/src/client-password.ts'
const REST = 'packages/client/src/rest-client.ts'

const EVERY_ROUTE = { file: REST_TEST, title: 'every route gets the body accounts-js sends, and last a caller’s own headers' }
const EVERY_METHOD = { file: PASSWORD_TEST, title: 'has a method for each of accounts-js’s, and each asks its own route' }
const SET_UP = { file: REST_TEST, title: 'wrong set-up is refused by name' }
const ASIDE = { file: IMPERSONATION_TEST, title: 'puts the own tokens aside under accounts-js’s keys and brings them back' }

/**
 * A method of the REST client, switched off by asking another route.
 * @param {string} method
 * @param {string} route
 * @param {import('../row.d.ts').Row['proof']} [proof]
 * @returns {import('../row.d.ts').Row}
 */
const rest = (method, route, proof = EVERY_ROUTE) => ({
  item: `RestClient.${method}`,
  proof,
  off: { file: REST, from: route, to: route.replace(/\w+(['`])$/, 'elsewhere$1') },
})

/**
 * A method of the password client, switched off by asking nothing.
 * @param {string} method
 * @param {string} from
 * @returns {import('../row.d.ts').Row}
 */
const password = (method, from) => ({
  item: `AccountsClientPassword.${method}`,
  proof: EVERY_METHOD,
  off: { file: PASSWORD, from, to: from.replace(/this\.client\.\S+\(.*$/, 'null as never') },
})

/** @type {import('../row.d.ts').Chapter} */
export const clients = {
  title: 'Clients: client, rest-client, client-password',
  rows: [
    {
      item: 'new AccountsClient(options, transport): A valid transport is required',
      proof: SET_UP,
      off: { file: CLIENT, from: "if (!transport) throw new Error('A valid transport is required')", to: '' },
    },
    {
      item: 'transport.client',
      proof: { file: CLIENT_TEST, title: 'keeps tokens under the keys of accounts-js and ends the session at logout' },
      off: { file: CLIENT, from: '    transport.client = this\n', to: '' },
    },
    {
      item: 'tokenStorage',
      proof: { file: CLIENT_TEST, title: 'keeps tokens under the keys of accounts-js and ends the session at logout' },
      off: {
        file: KEEPER,
        from: 'given ? givenStorage(given) : defaultStorage()',
        to: '(void given, void givenStorage, defaultStorage())',
      },
    },
    {
      item: 'tokenStoragePrefix',
      proof: { file: CLIENT_TEST, title: 'prefix and separator make other keys' },
      off: { file: CLIENT, from: "(options.tokenStoragePrefix ?? 'accounts')", to: "'accounts'" },
    },
    {
      item: 'tokenStorageSeparator',
      proof: { file: CLIENT_TEST, title: 'prefix and separator make other keys' },
      off: { file: CLIENT, from: "(options.tokenStorageSeparator ?? ':')", to: "':'" },
    },
    {
      item: 'getTokens(original?)',
      proof: { file: PASSWORD_TEST, title: 'can be set, read and forgotten without the server' },
      off: { file: CLIENT, from: 'null : this.#keeper.read(original)', to: 'null : this.#keeper.read(original && false)' },
    },
    {
      item: 'setTokens(tokens, original?)',
      proof: { file: PASSWORD_TEST, title: 'can be set, read and forgotten without the server' },
      off: { file: CLIENT, from: 'await this.#keeper.keep(tokens, { original })', to: '' },
    },
    {
      item: 'clearTokens(original?)',
      proof: { file: PASSWORD_TEST, title: 'can be set, read and forgotten without the server' },
      off: { file: CLIENT, from: 'await this.#keeper.forget(original)', to: 'void original' },
    },
    {
      item: 'authenticateWithService(service, credentials)',
      proof: { file: PASSWORD_TEST, title: 'authenticateWithService answers whether the credentials are good, and keeps nothing' },
      off: {
        file: CLIENT,
        from: 'return this.transport.authenticateWithService(service, credentials)',
        to: 'return Promise.resolve(Boolean(service && credentials))',
      },
    },
    {
      item: 'loginWithService(service, credentials)',
      proof: { file: PASSWORD_TEST, title: 'loginWithService signs in with whatever service, and keeps the tokens' },
      off: {
        file: CLIENT,
        from: 'await this.acceptLogin(result)\n    return result\n  }\n\n  /** Keeps the session',
        to: 'return result\n  }\n\n  /** Keeps the session',
      },
    },
    {
      item: 'refreshSession(force)',
      proof: { file: MODES_TEST, title: 'an asynchronous storage works the same' },
      off: {
        file: CLIENT,
        from: "'cookie' ? null : this.#keeper.fresh(force)",
        to: "'cookie' ? null : Promise.reject(new Error(String(force)))",
      },
    },
    {
      item: 'refreshSession: an expired access token is replaced',
      proof: { file: REFRESH_TEST, title: 'a token is left alone until shortly before it expires' },
      off: {
        file: KEEPER,
        from: 'if (!demanded && !this.#isOver(tokens.accessToken, MARGIN)) return tokens',
        to: 'if (!demanded) return tokens',
      },
    },
    {
      item: 'refreshSession: null when the session is over',
      proof: { file: REFRESH_TEST, title: 'signs out' },
      off: {
        file: KEEPER,
        from: 'if (isSessionOver(error)) return null',
        to: '',
      },
    },
    { item: 'impersonate(identity)', proof: ASIDE, off: { file: CLIENT, from: 'await this.#keeper.putAside(result.tokens)', to: '' } },
    {
      item: 'impersonate: An access token is required',
      proof: { file: IMPERSONATION_TEST, title: 'takes a session' },
      off: { file: CLIENT, from: "if (!own) throw new Error('An access token is required')", to: "if (!own) throw new Error('other')" },
    },
    {
      item: 'impersonate: User unauthorized to impersonate',
      proof: { file: IMPERSONATION_TEST, title: 'that is refused, or answered without tokens, changes nothing' },
      off: { file: CLIENT, from: "throw new Error('User unauthorized to impersonate')", to: 'return result' },
    },
    {
      item: 'stopImpersonation()',
      proof: ASIDE,
      off: { file: CLIENT, from: 'await this.#keeper.restore()\n    this.#enter(LOADING)', to: 'this.#enter(LOADING)' },
    },
    {
      item: 'getUser()',
      proof: { file: CLIENT_TEST, title: 'keeps tokens under the keys of accounts-js and ends the session at logout' },
      off: { file: CLIENT, from: 'const user = await this.transport.getUser()', to: 'const user = null as PublicUser | null' },
    },
    {
      item: 'logout()',
      proof: { file: CLIENT_TEST, title: 'keeps tokens under the keys of accounts-js and ends the session at logout' },
      off: { file: CLIENT, from: 'await this.transport.logout().catch(', to: 'await Promise.resolve().catch(' },
    },
    {
      item: 'new AccountsClientPassword(client): A valid client instance is required',
      proof: SET_UP,
      off: { file: PASSWORD, from: "if (!client) throw new Error('A valid client instance is required')", to: '' },
    },
    {
      item: 'AccountsClientPassword: hashPassword',
      proof: { file: CLIENT_TEST, title: 'hashPassword is applied to every password that is sent' },
      off: { file: PASSWORD, from: 'this.#options.hashPassword ? this.#options.hashPassword(password) : password', to: 'password' },
    },
    password(
      'createUser(user)',
      'const result = await this.client.transport.createUser({ ...user, password: await this.hashPassword(user.password) })',
    ),
    {
      item: 'AccountsClientPassword.createUser: the tokens of an autologin are stored',
      proof: { file: CLIENT_TEST, title: 'sign-up signs in when the server answers with a session, and not otherwise' },
      off: { file: PASSWORD, from: 'if (result.loginResult) await this.client.acceptLogin(result.loginResult)', to: '' },
    },
    password(
      'login(user)',
      "return this.client.loginWithService('password', { ...user, password: await this.hashPassword(user.password) })",
    ),
    password('requestPasswordReset(email)', 'return this.client.transport.sendResetPasswordEmail(email)'),
    password(
      'resetPassword(token, newPassword)',
      'const result = await this.client.transport.resetPassword(token, await this.hashPassword(newPassword))',
    ),
    {
      item: 'AccountsClientPassword.resetPassword: the tokens it gets are stored',
      note: 'accounts-js drops them',
      proof: { file: CLIENT_TEST, title: 'the tokens that a password reset answers with are kept' },
      off: { file: PASSWORD, from: 'if (result) await this.client.acceptLogin(result)', to: '' },
    },
    password('requestVerificationEmail(email)', 'return this.client.transport.sendVerificationEmail(email)'),
    password('verifyEmail(token)', 'await this.client.transport.verifyEmail(token)'),
    {
      item: 'AccountsClientPassword.changePassword(old, new)',
      proof: EVERY_METHOD,
      off: { file: PASSWORD, from: 'this.client.transport.changePassword(', to: 'this.client.transport.verifyEmail(' },
    },
    {
      item: 'RestClient: apiHost, rootPath',
      proof: EVERY_ROUTE,
      off: { file: REST, from: "`${options.apiHost ?? ''}${options.rootPath ?? '/accounts'}/`", to: "`${options.apiHost ?? ''}/`" },
    },
    {
      item: 'RestClient: customHeaders, last of every method',
      proof: EVERY_ROUTE,
      off: {
        file: REST,
        from: 'withOwn(Object.fromEntries(new globalThis.Headers(init.headers)), headers)',
        to: 'withOwn(Object.fromEntries(new globalThis.Headers(init.headers)))',
      },
    },
    {
      item: 'RestClient.fetch(route, args, customHeaders)',
      proof: { file: REST_TEST, title: 'fetch asks any route as it is, authFetch with the session; both read the JSON' },
      off: { file: REST, from: '.fetch(this.#base + route, {', to: '.fetch(this.#base, {' },
    },
    {
      item: 'RestClient.authFetch(route, args, customHeaders)',
      proof: { file: REST_TEST, title: 'fetch asks any route as it is, authFetch with the session; both read the JSON' },
      off: {
        file: REST,
        from: 'return await this.fetch(route, init, withOwn(bearer(tokens), headers))',
        to: 'return await this.fetch(route, init, { ...headers })',
      },
    },
    rest('loginWithService', '`${service}/authenticate`'),
    rest('authenticateWithService', '`${service}/verifyAuthentication`'),
    rest('refreshTokens', "'refreshTokens'"),
    rest('logout', "'logout'"),
    rest('impersonate', "'impersonate'"),
    rest('createUser', "'password/register'"),
    rest('verifyEmail', "'password/verifyEmail'"),
    rest('resetPassword', "'password/resetPassword'"),
    rest('sendVerificationEmail', "'password/sendVerificationEmail'"),
    rest('sendResetPasswordEmail', "'password/sendResetPasswordEmail'"),
    rest('requestMagicLinkEmail', "'magiclink/requestMagicLinkEmail'"),
    rest('addEmail', "'password/addEmail'"),
    rest('changePassword', "'password/changePassword'"),
    {
      item: 'RestClient.getTwoFactorSecret',
      proof: { file: REST_TEST, title: 'a secret for an authenticator app is asked for without a body' },
      off: { file: REST, from: 'return { ...secret, secret }', to: 'return { ...secret } as never' },
    },
    {
      item: 'RestClient.twoFactorSet',
      proof: EVERY_ROUTE,
      off: { file: REST, from: "TWO_FACTOR + 'Set'", to: "TWO_FACTOR + 'Elsewhere'" },
    },
    {
      item: 'RestClient.twoFactorUnset',
      proof: EVERY_ROUTE,
      off: { file: REST, from: "TWO_FACTOR + 'Unset'", to: "TWO_FACTOR + 'Elsewhere'" },
    },
    {
      item: 'authFetch(accountsClient, url, request)',
      proof: { file: REST_TEST, title: 'authFetch brings the session to other routes; headers of the caller win; a 401 is repeated once' },
      off: {
        file: REST,
        from: "{ 'content-type': 'application/json', ...bearer(tokens) })\n",
        to: "{ 'content-type': 'application/json' })\n",
      },
    },
    {
      item: 'AccountsJsError: message, code',
      proof: { file: CLIENT_TEST, title: 'a wrong password rejects with code, status and message, and stores nothing' },
      off: {
        file: REST,
        from: 'new AccountsClientError(message ?? `The server answered ${status}`, code, {',
        to: 'new AccountsClientError(`The server answered ${status}`, code, {',
      },
    },
    {
      item: '@latchkey/client/rest, /password, /magic-link',
      note: 'in place of @accounts/rest-client, client-password and client-magic-link',
      proof: { file: DOORS_TEST, title: 'leads to what accounts-js’s package of that name exported, and to the very same classes' },
      off: {
        file: 'packages/client/src/rest/index.ts',
        from: 'AccountsClientError as AccountsJsError',
        to: 'AccountsClientError as AccountsJsErr',
      },
    },
  ],
}
