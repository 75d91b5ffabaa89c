const HOOKS = 'packages/server/src/compat/server-hooks.ts'
const CORE = 'packages/server/src/core/hooks.ts'
const LOGIN = 'packages/server/src/core/flows/login.ts'

const hook = /** @param {string} title */ title => ({ file: 'packages/server/src/compat/server-hooks.test.ts', title })
const listeners = /** @param {string} title */ title => ({ file: 'packages/server/src/compat/server-hooks-listeners.test.ts', title })
const told = /** @param {string} from @param {string} to */ (from, to) => ({ file: HOOKS, from, to })

/**
 * A hook that is told nothing any more.
 * @param {string} name
 * @param {string} parameters of its translation
 * @param {string} title
 */
const silent = (name, parameters, title) => ({
  item: name,
  proof: hook(title),
  off: told(`${name}: translation(${parameters} =>`, `${name}: translation(${parameters} => undefined &&`),
})

const LOGINS = 'ValidateLogin and LoginSuccess are given service, connection, params and user, without the password'
const FAILURES = 'LoginError is given what is known and the error'
const SERIAL = 'ValidateLogin listeners run one after another; the first that throws refuses the login with its own error, unchanged'
const PROOFS = 'AuthenticateSuccess and AuthenticateError tell of proofs without a session, and ValidateLogin is not asked'
const LOGOUTS = 'LogoutSuccess is given the session and the token, LogoutError the error'
const NEW_USERS = 'CreateUserSuccess is given the user without a hash'
const NO_USERS = 'CreateUserError is given what was to be kept, without the password, when it could not be'
const RESUMED = 'ResumeSessionSuccess is given user, token and session, ResumeSessionError the error'
const REFRESHED = 'RefreshTokensSuccess is given session, tokens, user and infos, RefreshTokensError the error'
const IMPERSONATED =
  'ImpersonationSuccess is given whoever acts and what came of it, ImpersonationError the error, and a refusal tells nobody'
const PASSWORDS = 'ResetPasswordSuccess and ChangePasswordSuccess are given the user'
const SEVERAL = 'hears several events with one listener, and stops when told to'
const EMITS = 'emits for the app: listeners run at once, what one throws reaches the app'
const ANY = 'hears everything with onAny, the app’s own events too'
const FORGETS = 'forgets listeners of one event, or all'

/** @type {import('../row.d.ts').Chapter} */
export const hooks = {
  title: 'Hooks',
  rows: [
    silent('ValidateLogin', "'validateLogin', (attempt, { face })", LOGINS),
    {
      item: 'ValidateLogin: refuses before there is a session, with the listener’s own error',
      proof: hook(SERIAL),
      off: { file: LOGIN, from: 'if (moment.error) throw moment.error', to: '' },
    },
    {
      item: 'ValidateLogin: the error is unchanged',
      proof: hook(SERIAL),
      off: {
        file: 'packages/server/src/accounts-server.ts',
        from: 'error instanceof Error ? ownError(error) : error',
        to: 'error',
      },
    },
    {
      item: 'ValidateLogin: one listener after another',
      proof: hook(SERIAL),
      off: {
        file: CORE,
        from: "for (const listener of this.#of('validateLogin')) {",
        to:
          "const all = this.#of('validateLogin').map(async listener => listener(attempt))\n" +
          'await Promise.allSettled(all)\n    for (const listener of all.map(done => () => done)) {',
      },
    },
    {
      item: 'ValidateLogin: not asked about a login that failed',
      proof: hook('ValidateLogin is not asked about a login that failed already, while the core asks'),
      off: told('(attempt.allowed ? loginPayload(face, attempt) : undefined)', 'loginPayload(face, attempt)'),
    },
    {
      item: 'ValidateLogin, LoginSuccess: { service, connection, params, user }',
      note: '`params` without passwords and codes, `user` without hashes',
      proof: hook(LOGINS),
      off: told(
        'return { service, connection: connectionOf(origin), params, user: accountsJsUser(face, user as User) }',
        'return { service } as never',
      ),
    },
    silent('LoginSuccess', "'login', (attempt, { face })", LOGINS),
    silent('LoginError', "'loginFailure', (attempt, { face })", FAILURES),
    {
      item: 'LoginError: { service, connection, params, user?, error }',
      proof: hook(FAILURES),
      off: told(
        'return { service, connection: connectionOf(origin), params, ...known, error: ownError(error) }',
        'return { error } as never',
      ),
    },
    {
      item: 'LoginError: user, once it is known',
      proof: hook(FAILURES),
      off: told('user ? { user: accountsJsUser(face, user) } : {}', '{}'),
    },
    silent('AuthenticateSuccess', "'authenticated', (attempt, { face })", PROOFS),
    silent('AuthenticateError', "'authenticationFailure', (attempt, { face })", PROOFS),
    {
      item: 'authenticateWithService does not ask ValidateLogin',
      proof: hook(PROOFS),
      off: {
        file: LOGIN,
        from: "if (purpose === 'login') await core.hooks.askLogin(moment)",
        to: 'await core.hooks.askLogin(moment)',
      },
    },
    silent('LogoutSuccess', "'logout', ({ session, accessToken })", LOGOUTS),
    {
      item: 'LogoutSuccess: { session, accessToken }',
      proof: hook(LOGOUTS),
      off: {
        file: 'packages/server/src/core/flows/logout.ts',
        from: "await logout(core, found, 'this', origin, accessToken as string)",
        to: "await logout(core, found, 'this', origin)",
      },
    },
    silent('LogoutError', "'logoutFailure', ({ error })", LOGOUTS),
    silent('CreateUserSuccess', "'userCreated', ({ user }, { face })", NEW_USERS),
    silent('CreateUserError', "'userCreationFailure', ({ user })", NO_USERS),
    {
      item: 'CreateUserError: not told of what was refused',
      note: 'duplicates, and what is no name, address or password',
      proof: listeners('to CreateUserError hear nothing of what was refused'),
      off: {
        file: 'packages/server/src/core/flows/register.ts',
        from: "throw alreadyExists(owners.has('username') ? 'username' : 'email')",
        to: "const error = alreadyExists(owners.has('username') ? 'username' : 'email')\n  await core.hooks.tell('userCreationFailure', { user: {}, error })\n  throw error",
      },
    },
    silent('ResumeSessionSuccess', "'resumed', ({ user, accessToken, session }, { face })", RESUMED),
    {
      item: 'ResumeSessionSuccess: session is null with useStatelessSession',
      proof: hook('ResumeSessionSuccess is given no session with useStatelessSession, for none was looked at'),
      off: told('session: session && accountsJsSession(session, true)', 'session: accountsJsSession(session ?? ({} as never), true)'),
    },
    {
      item: 'ResumeSessionSuccess: at each check',
      proof: hook('a resumed session is told of also when it comes from the cache, once somebody listens'),
      off: {
        file: 'packages/server/src/core/session/check.ts',
        from: "!core.hooks.isSilent('resumed') || ",
        to: '',
      },
    },
    {
      item: 'ResumeSessionSuccess: after resumeSessionValidator',
      proof: hook(RESUMED),
      off: {
        file: 'packages/server/src/core/session/check.ts',
        from: '  const found = await findLive(core, core.accessTokens.verify(accessToken), refusal)\n',
        to:
          '  const found = await findLive(core, core.accessTokens.verify(accessToken), refusal)\n' +
          "  await core.hooks.tell('resumed', { ...found, accessToken: accessToken as string })\n",
      },
    },
    {
      item: 'ResumeSessionSuccess, ResumeSessionError: over REST too',
      proof: listeners('hear over REST of a session that a request was asked by, and then of what it did'),
      off: {
        file: 'packages/server/src/core/session/check.ts',
        from: "await core.hooks.tell('resumeFailure', { error: error",
        to: 'void ({ error: error',
      },
    },
    silent('ResumeSessionError', "'resumeFailure', ({ error })", RESUMED),
    silent('RefreshTokensSuccess', "'refreshed', ({ user, session, tokens, origin }, { face })", REFRESHED),
    {
      item: 'RefreshTokensSuccess: { sessionId, tokens, user, infos }',
      proof: hook(REFRESHED),
      off: told('infos: connectionOf(origin)', 'infos: {}'),
    },
    silent('RefreshTokensError', "'refreshFailure', ({ error })", REFRESHED),
    silent('ImpersonationSuccess', "'impersonated', ({ user, target, login }, { face, publicUser })", IMPERSONATED),
    {
      item: 'ImpersonationSuccess: { user, impersonationResult, sessionId }',
      proof: hook(IMPERSONATED),
      off: told('...(login.tokens ? { tokens: login.tokens } : {}), user: publicUser(target)', 'user: publicUser(target)'),
    },
    silent('ImpersonationError', "'impersonationFailure', ({ error })", IMPERSONATED),
    {
      item: 'impersonate: { authorized: false } tells nobody',
      proof: hook(IMPERSONATED),
      off: {
        file: 'packages/server/src/core/flows/impersonate.ts',
        from: '  return { authorized: false }\n',
        to: "  await core.hooks.tell('impersonationFailure', { error: new Error('no') })\n  return { authorized: false }\n",
      },
    },
    silent('ResetPasswordSuccess', "'passwordReset', ({ user }, { face })", PASSWORDS),
    silent('ChangePasswordSuccess', "'passwordChanged', ({ user }, { face })", PASSWORDS),
    {
      item: 'listeners of one event run at the same time',
      proof: listeners('run at the same time, and the deed waits for them'),
      off: {
        file: CORE,
        from: '.map(async listener => listener(payload as unknown as Moments[K]))',
        to: '.reduce<Promise<void>[]>((before, listener) => [...before, Promise.all(before).then(() => listener(payload as unknown as Moments[K]))], [])',
      },
    },
    {
      item: 'listeners are waited for',
      proof: listeners('run at the same time, and the deed waits for them'),
      off: { file: CORE, from: 'await Promise.allSettled(told)', to: 'await Promise.allSettled(told.slice(told.length))' },
    },
    {
      item: 'loginWithUser and autologin fire no hooks of a login',
      proof: hook('loginWithUser and autologin fire no hooks of a login'),
      off: { file: LOGIN, from: "reason), mode, 'quietly')", to: 'reason), mode)' },
    },
    {
      item: 'getHooks().on: several events',
      proof: hook(SEVERAL),
      off: told('const events = [event].flat()\n    events.forEach', 'const events = [event].flat().slice(0, 1)\n    events.forEach'),
    },
    {
      item: 'getHooks().on: a listener that is given twice is called once',
      proof: hook(SEVERAL),
      off: told(
        'if (!listeners.has(listener)) listeners.set(listener, this.#subscribe(event, listener as HookListener))',
        'const again = (listeners.has(listener) ? (payload: never) => listener(payload) : listener) as HookListener\n' +
          '    listeners.set(again, this.#subscribe(event, again))',
      ),
    },
    {
      item: 'getHooks().off(event, listener)',
      proof: hook(SEVERAL),
      off: told('listeners?.get(listener)?.()\n', ''),
    },
    {
      item: 'getHooks().once(event)',
      proof: hook('waits once for the next of an event'),
      off: told('        stop()\n', ''),
    },
    {
      item: 'getHooks().emit(event, payload)',
      proof: hook(EMITS),
      off: told('await Promise.all(this.#calls(event, payload).map(async call => call()))', 'void [event, payload]'),
    },
    {
      item: 'getHooks().emit: of a hook of accounts-js',
      proof: hook('lets a service of the app emit a hook of accounts-js'),
      off: told('await Promise.all(this.#calls(event, payload)', 'if (!isServerHook(event)) await Promise.all(this.#calls(event, payload)'),
    },
    {
      item: 'getHooks().emitSerial(event, payload)',
      proof: hook(EMITS),
      off: told('for (const call of this.#calls(event, payload)) await call()', 'await this.emit(event, payload)'),
    },
    {
      item: 'getHooks().onAny(listener)',
      proof: hook(ANY),
      off: told('if (!this.#any.has(listener)) {', 'if (this.#any.has(listener)) {'),
    },
    { item: 'getHooks().offAny(listener)', proof: hook(ANY), off: told('this.#any.get(listener)?.()\n', '') },
    {
      item: 'getHooks().listenerCount(event)',
      proof: hook(SEVERAL),
      off: told('sum + (this.#listeners.get(name)?.size ?? 0)', 'sum'),
    },
    {
      item: 'getHooks().clearListeners(event)',
      proof: hook(FORGETS),
      off: told('for (const name of names) for (const listener', 'for (const name of names.slice(1)) for (const listener'),
    },
    {
      item: 'getHooks().clearListeners()',
      proof: hook(FORGETS),
      off: told('if (event === undefined) for (const listener of this.#any.keys()) this.offAny(listener)', ''),
    },
    {
      item: 'on: events of the app',
      proof: hook(EMITS),
      off: told('if (!isServerHook(event)) return stopOf(() => {})', "if (!isServerHook(event)) throw new Error('unknown')"),
    },
  ],
}
