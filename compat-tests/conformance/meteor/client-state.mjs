const CLIENT_TEST = 'e2e/meteor-client.test.ts'
const FUNCTIONS_TEST = 'e2e/meteor-client-functions.test.ts'
const RECONNECT_TEST = 'e2e/meteor-reconnect.test.ts'
const STORED_TEST = 'packages/client/src/meteor/stored-login.test.ts'
const TWO_FACTOR_TEST = 'packages/server/src/transports/ddp/accounts/two-factor-methods.test.ts'
const SIDE = 'packages/client/src/meteor/ddp-side.ts'
const HALF = 'packages/client/src/meteor/ddp-half.ts'
const LOGIN_CLIENT = 'packages/client/src/meteor/login-client.ts'
const CLIENT = 'packages/client/src/meteor/accounts-client.ts'
const CONNECTION = 'packages/client/src/ddp/connection.ts'

const LOGGING_IN = 'loggingIn is true as soon as a login is called, and false in its callback, where the user is there'
const LOGGING_OUT = 'loggingOut is true as soon as logout is called, and false in its callback, where nobody is signed in'
const TWO_FACTOR = 'a second factor is set up, asked for, and given up'

/** @type {import('../row.d.ts').MeteorChapter} */
export const clientState = {
  title: 'Client login state',
  rows: [
    {
      number: 54,
      item: '`loggingIn()` is true as soon as a login is called',
      proof: { file: CLIENT_TEST, title: LOGGING_IN },
      off: { file: SIDE, from: '    loggingIn.set(true)\n', to: '' },
    },
    {
      number: 55,
      item: '`loggingIn()` is false in the callback of a login, where `user()` and `userAsync()` have the user',
      proof: { file: CLIENT_TEST, title: LOGGING_IN },
      off: { file: SIDE, from: 'if (--this.#underWay === 0) loggingIn.set(false)', to: 'this.#underWay--' },
      also: [
        {
          item: '`user()` has the user in the callback of a login',
          proof: {
            file: 'packages/client/src/meteor/ddp-side.test.ts',
            title: 'a document that comes after the answer is waited for, and the callback is told once',
          },
          off: {
            file: SIDE,
            from: 'return this.#whenUserIsThere(result.id, () => attempt.end(undefined, result))',
            to: 'return attempt.end(undefined, result)',
          },
        },
      ],
    },
    {
      number: 56,
      item: '`loggingOut()` is true as soon as `logout()` is called',
      proof: { file: CLIENT_TEST, title: LOGGING_OUT },
      off: { file: SIDE, from: '    loggingOut.set(true)\n', to: '' },
    },
    {
      number: 57,
      item: '`loggingOut()` is false in the callback of `logout`, where `user()` is null',
      proof: { file: CLIENT_TEST, title: LOGGING_OUT },
      off: { file: SIDE, from: '    loggingOut.set(false)\n    this.makeClientLoggedOut(', to: '    this.makeClientLoggedOut(' },
      also: [
        {
          item: '`user()` is null in the callback of `logout`',
          proof: { file: CLIENT_TEST, title: LOGGING_OUT },
          // The server takes the user's document back, too.
          off: [
            { file: SIDE, from: '    loggingOut.set(false)\n    this.makeClientLoggedOut(', to: '    loggingOut.set(false)\n    void (' },
            {
              file: 'packages/client/src/ddp/documents.ts',
              from: '      documents.delete(key)\n      if (documents.size === 0) collections.delete(name)\n',
              to: '      return\n',
            },
          ],
        },
      ],
    },
    {
      number: 58,
      item: "`onLogin` of a client is told `type: 'password'` after a sign-up",
      proof: { file: CLIENT_TEST, title: 'signing up signs in, and onLogin is told that it was with a password' },
      off: { file: LOGIN_CLIENT, from: "{ type: 'unknown', ...details }", to: "{ ...details, type: 'unknown' }" },
    },
    {
      number: 59,
      item: "`onLogin` of a client is told `type: 'resume'` after it was cut off and came back",
      proof: { file: RECONNECT_TEST, title: 'a connection that begins anew signs in again, and onLogin is told that it was resumed' },
      off: { file: SIDE, from: 'this.#afterReconnect = connection.addReconnectStep(() => {', to: 'void (() => {' },
    },
    {
      number: 60,
      item: '`loginWithPasswordAnd2faCode` without a code throws a reason, and nobody is signed in',
      proof: { file: FUNCTIONS_TEST, title: TWO_FACTOR },
      off: { file: CLIENT, from: "checkText(code, 'token is required to use loginWithPasswordAnd2faCode and must be a string')", to: '' },
    },
    {
      number: 61,
      item: 'A wrong code of the second factor is answered with the reason "Invalid 2FA code"',
      note: 'with `ambiguousErrorMessages: false`',
      proof: { file: TWO_FACTOR_TEST, title: 'is asked for at a login, and the right code lets in' },
      off: { file: 'packages/common/src/errors.ts', from: "'invalid-2fa-code', 'Invalid 2FA code'", to: "'invalid-2fa-code'" },
    },
    {
      number: 62,
      item: 'The right code of the second factor signs in',
      proof: { file: FUNCTIONS_TEST, title: TWO_FACTOR },
      off: {
        file: CLIENT,
        from: '[{ user: toSelector(who), password: this._side.secret(password), code }]',
        to: '[{ user: toSelector(who), password: this._side.secret(password) }]',
      },
    },
    {
      number: 63,
      item: 'A second factor is generated, enabled, there, disabled, and no longer there',
      note: '`disableUser2fa` wants a fresh sign-in, or a code',
      proof: { file: FUNCTIONS_TEST, title: TWO_FACTOR },
      off: { file: CLIENT, from: "answer(this.#silent('disableUser2fa', ", to: "answer(this.#silent('has2faEnabled', " },
      also: [
        {
          item: '`has2faEnabled` says whether there is a second factor',
          proof: { file: TWO_FACTOR_TEST, title: 'goes from off to on and back to off' },
          off: {
            file: 'packages/server/src/transports/ddp/accounts/two-factor-methods.ts',
            from: 'return (await call.accounts.twoFactorStatus(who)).enabled',
            to: 'return false',
          },
        },
      ],
    },
    {
      number: 64,
      item: '`clientStorage` says in which of the two storages of a browser tokens are kept; it is `local` unless said otherwise',
      proof: { file: STORED_TEST, title: 'and not in the other one' },
      off: { file: HALF, from: "return said === 'session' || said === true ? 'session' : 'local'", to: "return 'local'" },
      also: [
        {
          item: '`config({ clientStorage })` says so too',
          proof: { file: STORED_TEST, title: 'moves with config' },
          off: { file: HALF, from: 'this.store.use(storageKind(options))', to: 'void options' },
        },
        {
          item: 'without `clientStorage` it is `local`',
          proof: { file: STORED_TEST, title: 'is in the local storage with {}, and not in the other one' },
          off: {
            file: HALF,
            from: "return said === 'session' || said === true ? 'session' : 'local'",
            to: "return said === 'local' ? said : 'session'",
          },
        },
      ],
    },
    {
      number: 65,
      item: 'A new client sends connect, method and sub, in that order, and is answered connected, updated, result and ready',
      proof: {
        file: 'compat-tests/meteor/client-conversation.test.ts',
        title: 'a new client says connect, its login and its subscription, and is answered connected, updated, result and ready',
      },
      off: {
        file: CONNECTION,
        from: '    const methods = this.#methods.begin(() => again && this.#runSteps())\n    if (!methods) return\n    const subscriptions = this.#subscriptions.begin()\n',
        to: '    const subscriptions = this.#subscriptions.begin()\n    const methods = this.#methods.begin(() => again && this.#runSteps())\n    if (!methods) return\n',
      },
      also: [
        {
          item: 'a method is answered updated and then its result',
          proof: {
            file: 'compat-tests/meteor/client-conversation.test.ts',
            title: 'a new client says connect, its login and its subscription, and is answered connected, updated, result and ready',
          },
          off: {
            file: 'packages/server/src/transports/ddp/method-call.ts',
            from: "  await hub.settle(session)\n  session.send({ msg: 'updated', methods: [id] })\n  session.send({ msg: 'result', id, ...outcome })",
            to: "  await hub.settle(session)\n  session.send({ msg: 'result', id, ...outcome })\n  session.send({ msg: 'updated', methods: [id] })",
          },
        },
      ],
    },
  ],
}
