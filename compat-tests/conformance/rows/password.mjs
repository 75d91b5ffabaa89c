const SERVICE = 'packages/server/src/strategies/password/accounts-password.ts'
const OPTIONS = 'packages/server/src/strategies/password/options.ts'
const HASHING = 'packages/server/src/strategies/password/password-hashing.ts'
const FLOWS = 'packages/server/src/core/flows'
const AT_WORK = 'packages/server/src/strategies/password/options-at-work.test.ts'
const METHODS = 'packages/server/src/strategies/password/service.test.ts'
const CLASS = 'packages/server/src/strategies/password/class.test.ts'
const PARAMS = 'packages/server/src/strategies/password/params.ts'

const atWork = /** @param {string} title */ title => ({ file: AT_WORK, title })
const method = /** @param {string} title */ title => ({ file: METHODS, title })
const params = /** @param {string} title */ title => ({ file: 'packages/server/src/strategies/password/params.test.ts', title })
const inClass = /** @param {string} title */ title => ({ file: CLASS, title })
const service = /** @param {string} from @param {string} to */ (from, to) => ({ file: SERVICE, from, to })

/** Keys of the option `errors`. `noEmailSet` is taken, and nothing says it any more. */
const MESSAGES = [
  'userNotFound',
  'noPasswordSet',
  'incorrectPassword',
  'unrecognizedOptionsForLogin',
  'matchFailed',
  'invalidUsername',
  'invalidEmail',
  'emailNotVerified',
  'invalidPassword',
  'invalidNewPassword',
  'invalidToken',
  'invalidCredentials',
  'verifyEmailLinkExpired',
  'verifyEmailLinkUnknownAddress',
  'resetPasswordLinkExpired',
  'resetPasswordLinkUnknownAddress',
  'usernameAlreadyExists',
  'emailAlreadyExists',
  'usernameOrEmailRequired',
]

/** @type {import('../row.d.ts').Chapter} */
export const passwordOptions = {
  title: 'AccountsPassword: options',
  rows: [
    {
      item: 'twoFactor',
      proof: inClass('hands on the options of the second factor'),
      off: service('this.twoFactorOptions = options.twoFactor', 'this.twoFactorOptions = undefined'),
    },
    {
      item: 'requireEmailVerification',
      proof: atWork('lets in who has verified the address they use'),
      off: service('!settings.password.requireEmailVerification ||', 'true ||'),
    },
    {
      item: 'verifyEmailTokenExpiration',
      proof: atWork('verifyEmailTokenExpiration is how long such a link is good'),
      off: { file: `${FLOWS}/verify-email.ts`, from: 'core.settings.password.verifyEmailTokenExpiration', to: '259_200_000' },
    },
    {
      item: 'passwordResetTokenExpiration',
      proof: atWork('passwordResetTokenExpiration is how long such a link is good'),
      off: { file: `${FLOWS}/recover.ts`, from: '? passwordResetTokenExpiration :', to: '? 259_200_000 :' },
    },
    {
      item: 'passwordEnrollTokenExpiration',
      proof: atWork('passwordEnrollTokenExpiration is how long such a link is good'),
      off: { file: `${FLOWS}/recover.ts`, from: ': passwordEnrollTokenExpiration\n', to: ': 2_592_000_000\n' },
    },
    ...Object.entries({ verifyEmail: '3 *', passwordReset: '3 *', passwordEnroll: '30 *' }).map(([kind, days]) => ({
      item: `${kind}TokenExpiration: default ${days.slice(0, -2)} days`,
      proof: atWork(`${kind}TokenExpiration is how long such a link is good`),
      off: {
        file: 'packages/server/src/core/settings-defaults.ts',
        from: `${kind}TokenExpiration: ${days} DAY`,
        to: `${kind}TokenExpiration: 1000 * DAY`,
      },
    })),
    {
      item: 'notifyUserAfterPasswordChanged',
      proof: atWork('notifyUserAfterPasswordChanged tells the user by mail'),
      off: { file: `${FLOWS}/change-password.ts`, from: 'settings.notifyUserAfterPasswordChanged && to', to: 'to' },
    },
    {
      item: 'returnTokensAfterResetPassword',
      proof: atWork('returnTokensAfterResetPassword signs in where it is true'),
      off: {
        file: `${FLOWS}/recover.ts`,
        from: 'return password.returnTokensAfterResetPassword ? loginProven(',
        to: 'return !password ? loginProven(',
      },
    },
    {
      item: 'invalidateAllSessionsAfterPasswordReset',
      proof: atWork('invalidateAllSessionsAfterPasswordReset ends the other sessions'),
      off: { file: `${FLOWS}/recover.ts`, from: 'settings.invalidateAllSessionsAfterPasswordReset ?', to: 'settings ?' },
    },
    {
      item: 'invalidateAllSessionsAfterPasswordChanged',
      note: 'default: true',
      proof: atWork('invalidateAllSessionsAfterPasswordChanged ends the other sessions'),
      off: { file: `${FLOWS}/change-password.ts`, from: 'settings.invalidateAllSessionsAfterPasswordChanged ?', to: 'settings ?' },
    },
    {
      item: 'removeAllResetPasswordTokensAfterPasswordChanged',
      proof: atWork('removeAllResetPasswordTokensAfterPasswordChanged voids links'),
      off: {
        file: `${FLOWS}/change-password.ts`,
        from: 'keepLinks: !settings.removeAllResetPasswordTokensAfterPasswordChanged',
        to: 'keepLinks: false',
      },
    },
    {
      item: 'sendVerificationEmailAfterSignup',
      proof: atWork('sendVerificationEmailAfterSignup mails a link where it is true'),
      off: { file: `${FLOWS}/register.ts`, from: '!core.settings.password.sendVerificationEmailAfterSignup ||', to: '' },
    },
    {
      item: 'validateNewUser(user)',
      proof: atWork('validateNewUser says over the wire too what is kept'),
      off: { file: `${FLOWS}/register.ts`, from: 'if (!validateNewUser) return draft', to: 'if (!validateNewUser || draft) return draft' },
    },
    {
      item: 'validateNewUser: default keeps username, email and password',
      proof: method('without validateNewUser keeps name, address and password alone'),
      off: {
        file: `${FLOWS}/register.ts`,
        from: 'if (!validateNewUser) return draft',
        to: 'if (!validateNewUser) return { ...draft, custom: { ...input } }',
      },
    },
    {
      item: 'validateNewUser: may be async, what it returns is kept',
      proof: method('keeps what validateNewUser returns, waits for it, and never shows it the password'),
      off: {
        file: `${FLOWS}/register.ts`,
        from: 'await validateNewUser(withoutPassword(input))',
        to: 'validateNewUser(withoutPassword(input)) as Record<string, unknown>',
      },
    },
    {
      item: 'validateEmail(email)',
      proof: atWork('validateEmail is asked beside our own rule'),
      off: { file: `${FLOWS}/register.ts`, from: 'core.settings.password.validateEmail?.(given as string) ?? true', to: 'true' },
    },
    {
      item: 'validatePassword(password)',
      proof: atWork('validatePassword is asked beside our own rules'),
      off: {
        file: 'packages/server/src/core/policy/password-rules.ts',
        from: 'rules.validatePassword && !rules.validatePassword(given)',
        to: 'rules.validatePassword && given === undefined',
      },
    },
    {
      item: 'validateUsername(name)',
      proof: atWork('validateUsername takes the place of accounts-js’s pattern'),
      off: { file: OPTIONS, from: 'ACCOUNTS_JS_USERNAME.test(username), ...settings }', to: 'ACCOUNTS_JS_USERNAME.test(username) }' },
    },
    {
      item: 'validateUsername: default',
      proof: atWork('validateUsername takes the place of accounts-js’s pattern'),
      off: { file: OPTIONS, from: 'ACCOUNTS_JS_USERNAME.test(username)', to: "username !== '' && ACCOUNTS_JS_USERNAME !== undefined" },
    },
    {
      item: 'hashPassword(password)',
      proof: atWork('are asked in the place of our hashes'),
      off: {
        file: HASHING,
        from: "if (!hashPassword || typeof password !== 'string') return",
        to: 'if (!hashPassword || password) return',
      },
    },
    {
      item: 'verifyPassword(password, hash)',
      proof: atWork('are asked in the place of our hashes'),
      off: {
        file: HASHING,
        from: '(await this.#settings.verifyPassword?.(input, hash)) === true',
        to: 'false',
      },
    },
    ...MESSAGES.map(key => ({
      item: `errors.${key}`,
      proof: atWork(`${key} is worded by the app`),
      off: { file: OPTIONS, from: 'if (isErrorCode(code)) messages', to: `if (isErrorCode(code) && key !== '${key}') messages` },
    })),
    {
      item: 'errors.noEmailSet',
      note: 'taken; nothing says it any more',
      proof: atWork('noEmailSet may be worded too'),
      off: { file: OPTIONS, from: 'if (isErrorCode(code)) messages', to: "if (isErrorCode(code) && key !== 'noEmailSet') messages" },
    },
  ],
}

/** @type {import('../row.d.ts').Chapter} */
export const passwordMethods = {
  title: 'AccountsPassword: methods and exports',
  rows: [
    {
      item: 'new AccountsPassword(options, usersDb, sessionsDb, server)',
      note: 'accounts-js 1.0; those of the server it is given to',
      proof: inClass('takes the databases of its server as accounts-js 1.0 passes them'),
      off: service('database !== core.store', 'database === undefined'),
    },
    {
      item: 'server',
      proof: inClass('knows its server, and refuses to belong to another'),
      off: { file: 'packages/server/src/accounts-server.ts', from: "if ('server' in service) service.server = this", to: 'void service' },
    },
    {
      item: 'options, serviceName',
      proof: inClass('goes by accounts-js’s names'),
      off: service("serviceName = 'password'", "serviceName = ''"),
    },
    {
      item: 'default export',
      proof: inClass('goes by accounts-js’s names'),
      off: {
        file: 'packages/server/src/strategies/password/index.ts',
        from: 'AccountsPassword, AccountsPassword as default',
        to: 'AccountsPassword',
      },
    },
    ...[
      'AddEmailErrors',
      'ChangePasswordErrors',
      'CreateUserErrors',
      'ResetPasswordErrors',
      'SendResetPasswordEmailErrors',
      'SendVerificationEmailErrors',
      'VerifyEmailErrors',
    ].map(name => ({
      item: name,
      proof: inClass('brings accounts-js’s lists of codes'),
      off: { file: 'packages/server/src/strategies/password/index.ts', from: `  ${name},\n`, to: '' },
    })),
    {
      item: 'findUserByEmail(email)',
      proof: method('by address or name answers the user'),
      off: service("key === null ? null : this.#find({ kind: 'email', key })", 'key === null ? null : null'),
    },
    {
      item: 'findUserByUsername(username)',
      proof: method('by address or name answers the user'),
      off: service('key: usernameKey(username)', "key: ''"),
    },
    {
      item: 'addEmail(userId, email)',
      proof: method('are added, verified when the app says so'),
      off: service('await this.#joined().addEmailOf(userId, email, verified)', 'void [userId, email, verified]'),
    },
    {
      item: 'addEmail: verified',
      proof: method('are added, verified when the app says so'),
      off: service('addEmailOf(userId, email, verified)', 'addEmailOf(userId, email, verified && false)'),
    },
    {
      item: 'removeEmail(userId, email)',
      proof: method('are removed from their owner alone'),
      off: service('await this.#joined().removeEmailOf(userId, email)', 'void [userId, email]'),
    },
    {
      item: 'verifyEmail(token)',
      proof: method('are verified by a link, once'),
      off: service('await this.#joined().verifyEmail(token, APP)', 'void token'),
    },
    {
      item: 'resetPassword(token, newPassword, infos)',
      proof: method('sets the password and answers null'),
      off: service('const login = await accounts.resetPassword(token, newPassword, originOf(infos))', 'const login = null as never'),
    },
    {
      item: 'resetPassword: infos',
      proof: method('answers a login that carries no secret where the app wants one'),
      off: service('originOf(infos))', 'originOf({}))'),
    },
    {
      item: 'setPassword(userId, newPassword)',
      proof: method('sets what it is given, without rules, hooks and mail'),
      off: service('await this.#joined().setPassword(userId, newPassword, APP, { asItIs: true })', 'void [userId, newPassword]'),
    },
    {
      item: 'changePassword(userId, oldPassword, newPassword)',
      proof: method('changes it for who knows the old one'),
      off: service('await this.#joined().changePasswordOf(userId, oldPassword, newPassword)', 'void [userId, oldPassword, newPassword]'),
    },
    {
      item: 'changePassword: of a user without an address',
      proof: method('works for a user without an address, who is sent nothing'),
      off: { file: `${FLOWS}/change-password.ts`, from: 'Changed && to ?', to: 'Changed && String(to) ?' },
    },
    {
      item: 'sendVerificationEmail(address)',
      proof: method('are verified by a link, once'),
      off: service("await this.#joined().sendVerificationEmail(address, APP, 'openly')", 'void address'),
    },
    {
      item: 'sendVerificationEmail: nothing for a verified address',
      proof: method('are verified by a link, once'),
      off: { file: `${FLOWS}/verify-email.ts`, from: 'email.verified ? null : user', to: 'user' },
    },
    {
      item: 'sendResetPasswordEmail(address)',
      proof: method('sets the password and answers null'),
      off: service("await this.#joined().sendResetPasswordEmail(address, APP, 'openly')", 'void address'),
    },
    {
      item: 'sendEnrollmentEmail(address)',
      proof: method('without a password makes an account that an enrolment link opens'),
      off: service("await this.#joined().sendEnrollmentEmail(address, APP, 'openly')", 'void address'),
    },
    ...['sendVerificationEmail', 'sendResetPasswordEmail', 'sendEnrollmentEmail'].map(name => ({
      item: `${name}: UserNotFound, whatever the settings hide`,
      proof: method(`${name} says that an address is unknown or none`),
      off: service(`${name}(address, APP, 'openly')`, `${name}(address, APP)`),
    })),
    {
      item: 'createUser(user)',
      proof: method('answers the id; the user can sign in'),
      off: service('(await this.#joined().createAccount(user)).id', "String(user.email ?? '')"),
    },
    {
      item: 'createUser: order of refusals',
      proof: method('refuses in accounts-js’s order, whatever the settings hide'),
      off: { file: `${FLOWS}/create-account.ts`, from: 'await refuseTaken(core, draft)', to: 'void refuseTaken' },
    },
    {
      item: 'createUser: without a password',
      proof: method('without a password makes an account that an enrolment link opens'),
      off: { file: `${FLOWS}/create-account.ts`, from: 'given === undefined || given === null ? null :', to: '' },
    },
    {
      item: 'CreateUserSuccess',
      note: 'the moment `userCreated`',
      proof: method('tells the app of the new user before the link goes out'),
      off: { file: `${FLOWS}/create-account.ts`, from: "await core.hooks.tell('userCreated'", to: "void (core.hooks.tell, 'userCreated'" },
    },
    {
      item: 'CreateUserError',
      note: 'the moment `userCreationFailure`',
      proof: method('tells the app of the new user before the link goes out'),
      off: {
        file: `${FLOWS}/register.ts`,
        from: "await core.hooks.tell('userCreationFailure'",
        to: "void (core.hooks.tell, 'userCreationFailure'",
      },
    },
    {
      item: 'authenticate({ user, password, code })',
      proof: method('answers the user and opens no session'),
      off: service(
        "if (origin && candidate && 'identifier' in params)",
        "if (origin && candidate && 'user' in params === false || !origin)",
      ),
    },
    {
      item: 'authenticate: user as a text, an address if it reads as one',
      proof: params('reads a text that is an address'),
      off: { file: PARAMS, from: 'const email = parseEmail(user)', to: 'const email = parseEmail(user) && null' },
    },
    {
      item: 'authenticate: id before username before email',
      proof: params('reads all three'),
      off: { file: PARAMS, from: "if (idText) return findable({ kind: 'id', key: idText })\n", to: '' },
    },
    {
      item: 'resetPassword: an enrolment link verifies the address',
      note: 'so does every other',
      proof: { file: `${FLOWS}/flows.test.ts`, title: 'reset the password, verify the address and end every session' },
      off: { file: `${FLOWS}/recover.ts`, from: '...(key === null ? {} : { verifyEmailKey: key }),', to: '' },
    },
    {
      item: 'isTokenExpired(record, lifetime)',
      proof: method('reads times as numbers, as texts and as dates'),
      off: service('!(since + lifetime >= this.#attached().clock.now())', 'since + lifetime < this.#attached().clock.now()'),
    },
  ],
}
