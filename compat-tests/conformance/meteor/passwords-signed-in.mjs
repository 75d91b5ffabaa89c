const NEW_USERS_TEST = 'packages/server/src/meteor/users/new-users.test.ts'
const RULES_TEST = 'packages/server/src/meteor/users/allow-rules.test.ts'
const WIRE_TEST = 'packages/server/src/meteor/over-ddp.test.ts'
const HOOKS_TEST = 'packages/server/src/meteor/login-hooks.test.ts'
const CLIENT_TEST = 'e2e/meteor-client.test.ts'
const FUNCTIONS_TEST = 'e2e/meteor-client-functions.test.ts'
const JUDGE = 'packages/server/src/core/flows/judge-new-user.ts'
const RULES = 'packages/server/src/meteor/users/allow-rules.ts'
const RULED = 'packages/server/src/meteor/users/users-methods.ts'
const METHODS = 'packages/server/src/transports/ddp/accounts/login-methods.ts'
const RESUME = 'packages/server/src/core/session/resume-strategy.ts'
const HOOKS = 'packages/server/src/meteor/login-hooks.ts'
const CLIENT = 'packages/client/src/meteor/login-client.ts'
const SIDE = 'packages/client/src/meteor/ddp-side.ts'

/** What is published, changed and told of whoever is signed in. @type {readonly import('../row.d.ts').MeteorRow[]} */
export const whoIsSignedIn = [
  {
    number: 97,
    item: 'A `validateNewUser` that answers false refuses a sign-up: 403 "User validation failed"',
    proof: { file: NEW_USERS_TEST, title: 'refuses a sign-up by answering false, and nothing is kept' },
    off: {
      file: 'packages/server/src/core/policy/new-user.ts',
      from: "if (!(await validator(user))) throw new AccountsError('UserValidationFailed')",
      to: 'await validator(user)',
    },
  },
  {
    number: 98,
    item: 'Of one that throws the reason is what the client is told',
    proof: { file: NEW_USERS_TEST, title: 'refuses a sign-up by throwing, and its reason is what the client is told' },
    off: {
      file: JUDGE,
      from: 'await asApp(newUsers.ask(user))',
      to: "await newUsers.ask(user).catch(() => Promise.reject(new AccountsError('UserValidationFailed')))",
    },
  },
  {
    number: 99,
    item: '`onCreateUser` may change the user by further options, and the client sees the profile of that',
    proof: {
      file: NEW_USERS_TEST,
      title: 'may change the document by the extra options of a sign-up, and the client sees the published profile',
    },
    off: { file: 'packages/server/src/core/flows/sign-up.ts', from: 'options: withoutPassword(input),', to: 'options: {},' },
  },
  {
    number: 100,
    item: 'In a method on the server `user()` is whoever called it',
    proof: { file: WIRE_TEST, title: 'a method of the app asks for the signed-in user, who is nobody after a logout' },
    off: {
      file: 'packages/server/src/meteor/meteor-base.ts',
      from: "id === null ? null : await this.accounts.findUser({ kind: 'id', key: id })",
      to: 'id && null',
    },
    also: [
      {
        item: 'and nobody after a logout',
        proof: { file: WIRE_TEST, title: 'a method of the app asks for the signed-in user, who is nobody after a logout' },
        off: { file: METHODS, from: '  await invocation.setUserId(null)\n', to: '' },
      },
    ],
  },
  {
    number: 101,
    item: 'With no published field left the client still has the user’s `_id`',
    proof: {
      file: 'packages/server/src/transports/ddp/accounts/signed-in.test.ts',
      title: 'is published with the fields that were said, and at least with their id',
    },
    off: {
      file: 'packages/server/src/transports/ddp/accounts/publications.ts',
      from: 'if (next && !last) publication',
      to: 'if (next && !last && Object.keys(next).length > 0) publication',
    },
  },
  {
    number: 102,
    item: 'A client that changes another field than the profile is refused with 403, and nothing changes',
    proof: { file: RULES_TEST, title: 'of another field than profile is denied, and nothing changes' },
    off: { file: RULES, from: "fields.length === 1 && fields[0] === 'profile'", to: 'fields.length > 0' },
  },
  {
    number: 103,
    item: 'So is one that changes somebody else’s profile',
    proof: { file: RULES_TEST, title: "of somebody else's profile is denied, also for who is not signed in" },
    off: { file: RULES, from: 'userId !== null && user._id === userId && ', to: '' },
  },
  {
    number: 104,
    item: 'A client may name the user it changes by an id, and by nothing else',
    proof: { file: FUNCTIONS_TEST, title: 'a page may change a user only by id, and only the own profile' },
    off: {
      file: 'packages/client/src/meteor/users-collection.ts',
      from: "if (_id === undefined) throw new MeteorError(403, 'Not permitted. Untrusted code may only update documents by ID.')",
      to: '',
    },
    also: [
      {
        item: 'the server refuses any other selector as well',
        proof: { file: RULES_TEST, title: 'by anything but one id is refused' },
        off: { file: RULED, from: '  if (id === undefined) refuse(', to: '  if (id === undefined) void (' },
      },
    ],
  },
  {
    number: 105,
    item: 'A client changes its own user’s profile by the id',
    proof: { file: RULES_TEST, title: "changes one's own profile by id, and the client sees it" },
    off: { file: RULED, from: 'return users._updateForClient(id, modifier)', to: 'return 1' },
  },
  {
    number: 106,
    item: 'The token that is stored signs in again',
    proof: { file: WIRE_TEST, title: 'a login token is refused when it is none, and after its logout' },
    off: { file: RESUME, from: 'return { resume: options.resume }', to: 'return undefined' },
    also: [
      {
        item: 'one that is none does not: "You\'ve been logged out by the server. Please log in again."',
        proof: { file: WIRE_TEST, title: 'a login token is refused when it is none, and after its logout' },
        off: {
          file: RESUME,
          from: "throw new AccountsError('SessionNotFound', { detail: error.detail ?? error.message })",
          to: 'throw error',
        },
      },
    ],
  },
  {
    number: 107,
    item: 'After a logout the token signs nobody in',
    proof: { file: WIRE_TEST, title: 'a login token is refused when it is none, and after its logout' },
    off: { file: METHODS, from: "if (who) await accounts.logout(who, 'this', origin)", to: 'void [who, accounts, origin]' },
  },
  {
    number: 108,
    item: 'When its token expires on the server a client is signed out, forgets it, and cannot use it again',
    proof: {
      file: FUNCTIONS_TEST,
      title: 'a token that expires on the server signs its client out, is forgotten, and signs nobody in again',
    },
    off: {
      file: SIDE,
      from: 'if (isRefusal(error) && (this.#parts.store.read()?.token ?? token) === token) this.makeClientLoggedOut()',
      to: 'void [token, error]',
    },
  },
  {
    number: 109,
    item: 'A second connection that signs in with a token is handed the same one',
    proof: {
      file: 'packages/server/src/transports/ddp/accounts/login-methods.test.ts',
      title: 'goes on with the token, and hands the same one back to a second connection',
    },
    off: {
      file: 'packages/server/src/transports/ddp/accounts/sign-in.ts',
      from: 'login.resumeSecret ?? presented ?? ',
      to: 'login.resumeSecret ?? ',
    },
  },
  {
    number: 110,
    item: '`logoutOtherClients` stores a new token, which works',
    proof: {
      file: FUNCTIONS_TEST,
      title: 'logoutOtherClients ends the token that is used elsewhere, and the new one that is stored here works',
    },
    off: {
      file: SIDE,
      from: 'this.storeLoginToken(result.id, result.token, result.tokenExpires)',
      to: 'void result',
    },
    also: [
      {
        item: '`logoutOtherClients` ends the token that is used elsewhere',
        proof: { file: WIRE_TEST, title: 'the other clients of a user are signed out by a new token and the removal of all others' },
        off: { file: METHODS, from: "await call.accounts.logout(who, 'others', call.origin)", to: 'void who' },
      },
    ],
  },
  {
    number: 111,
    item: 'A `validateLoginAttempt` that answers false refuses with "Login forbidden"',
    proof: {
      file: WIRE_TEST,
      title: 'refuse by answering false with "Login forbidden", which goes before no earlier error; by throwing with what they throw',
    },
    off: { file: HOOKS, from: "new MeteorError(403, 'Login forbidden')", to: "new MeteorError(403, 'Forbidden')" },
  },
  {
    number: 112,
    item: 'That does not take the place of an error that was there before',
    proof: { file: HOOKS_TEST, title: 'keep an earlier error when they answer false, and replace it when they throw' },
    off: { file: HOOKS, from: 'if (error !== undefined) continue', to: '' },
  },
  {
    number: 113,
    item: 'One that throws does',
    proof: { file: HOOKS_TEST, title: 'keep an earlier error when they answer false, and replace it when they throw' },
    off: { file: HOOKS, from: '        error = thrown\n', to: '        error ??= thrown\n' },
  },
  {
    number: 114,
    item: 'On the server `onLogin` is told once of a sign-up, with the type `password` and what `createUser` was called with',
    note: 'without the password',
    proof: { file: WIRE_TEST, title: 'are told once of a sign-up that signs in, and with what it was called' },
    off: { file: HOOKS, from: 'methodArguments: methodArguments.map(argumentWithoutSecrets),', to: 'methodArguments: [],' },
  },
  {
    number: 115,
    item: 'On the client `onLogin` is told',
    proof: { file: CLIENT_TEST, title: 'signing up signs in, and onLogin is told that it was with a password' },
    off: { file: CLIENT, from: "tellAll(this.#onLogin, { type: 'unknown', ...details })", to: 'void details' },
  },
  {
    number: 116,
    item: 'On the server `onLogout` is told once',
    proof: { file: WIRE_TEST, title: 'are told once of a logout' },
    off: {
      file: 'packages/server/src/core/flows/logout.ts',
      from: "if (scope !== 'others') await core.hooks.tell('logout'",
      to: "if (scope === 'all') await core.hooks.tell('logout'",
    },
  },
  {
    number: 117,
    item: 'On the client `onLogout` is told',
    proof: { file: CLIENT_TEST, title: 'onLogout is told when somebody is signed out, and not when nobody was signed in' },
    off: { file: CLIENT, from: '        tellAll(this.#onLogout, undefined)\n', to: '' },
  },
  {
    number: 118,
    item: 'On the server `onLoginFailure` is told once of a wrong password and of an unknown user, each with its reason',
    proof: { file: WIRE_TEST, title: 'are told once of a login that failed, and why' },
    off: {
      file: 'packages/server/src/core/flows/refused-login.ts',
      from: "await core.hooks.tell(purpose === 'login' ? 'loginFailure' : 'authenticationFailure', { ...moment, error: moment.error })",
      to: '',
    },
  },
  {
    number: 119,
    item: 'On the client `onLoginFailure` is told',
    proof: {
      file: CLIENT_TEST,
      title: 'a failed login tells onLoginFailure, keeps whoever was signed in, and hands the reason to the callback',
    },
    off: {
      file: CLIENT,
      from: 'failed: (error: unknown) => tellAll(this.#onLoginFailure, { error: errorOf(error) }),',
      to: 'failed: () => {},',
    },
  },
]
