import { names } from './names-server.mjs'

const NEW_USERS_TEST = 'packages/server/src/meteor/users/new-users.test.ts'
const PASSWORDS_TEST = 'packages/server/src/meteor/users/passwords.test.ts'
const METHODS_TEST = 'packages/server/src/transports/ddp/accounts/password-methods.test.ts'
const LINKS_TEST = 'packages/server/src/meteor/semi-private.test.ts'
const ADMINISTER = 'packages/server/src/core/flows/administer.ts'
const RECOVER = 'packages/server/src/core/flows/recover.ts'
const TO_WHOM = 'packages/server/src/core/flows/mail-request.ts'
const LINKS = 'packages/server/src/meteor/login-tokens.ts'
const OPTIONS = 'packages/server/src/meteor/meteor-options.ts'
const DROP = 'await accounts.core.store.tokens.drop(userId, [purpose], before)'
const RESETS =
  'with the reason reset that are older than a moment are taken away by _expirePasswordResetTokens, and others of the user stay'
const INVITATIONS =
  'with the reason enrollAccount that are older than a moment are taken away by _expirePasswordEnrollTokens, and others of the user stay'

/** @type {import('../row.d.ts').MeteorChapter} */
export const passwordsServer = {
  title: 'Passwords on the server',
  rows: [
    {
      number: 120,
      item: 'A second `onCreateUser` throws',
      proof: { file: NEW_USERS_TEST, title: 'the hook that makes new users can only be set once' },
      off: {
        file: 'packages/server/src/core/policy/new-user.ts',
        from: "if (this.#maker) throw new Error('Can only call onCreateUser once')",
        to: '',
      },
    },
    {
      number: 121,
      item: '`createUser` rejects when `validateNewUser` refuses',
      proof: { file: NEW_USERS_TEST, title: 'rejects when a validation fails, and the extra option has reached onCreateUser' },
      off: { file: 'packages/server/src/core/flows/judge-new-user.ts', from: 'await asApp(newUsers.ask(user))', to: '' },
      also: [
        {
          item: 'further options reach `onCreateUser`',
          proof: { file: NEW_USERS_TEST, title: 'rejects when a validation fails, and the extra option has reached onCreateUser' },
          off: { file: 'packages/server/src/meteor/meteor-users.ts', from: 'options: asked,', to: 'options: {},' },
        },
      ],
    },
    {
      number: 122,
      item: 'A user who is created without a password has no `services.password`',
      proof: { file: NEW_USERS_TEST, title: 'without a password leaves services.password undefined' },
      off: {
        file: 'packages/server/src/core/flows/create-user.ts',
        from: 'input.password === undefined ? null : readNewPassword(core, input.password, draft)',
        to: "readNewPassword(core, input.password ?? 'one that nobody chose', draft)",
      },
    },
    {
      number: 123,
      item: '`setPasswordAsync` sets a hash, and of the same password each time another one',
      note: 'no document has the hash; it is argon2id of the digest, bcrypt of it where `bcryptRounds` is set',
      proof: { file: PASSWORDS_TEST, title: 'sets a hash, and the same password twice gives another one' },
      off: {
        file: ADMINISTER,
        from: 'await core.store.users.changePassword({ userId, password, now: core.clock.now(), ...ends }, { audit })',
        to: 'void [password, ends, audit]',
      },
      also: [
        {
          item: 'where `bcryptRounds` is set the hash is bcrypt, as Meteor keeps it',
          proof: { file: PASSWORDS_TEST, title: 'sets the hash as Meteor keeps it, bcrypt of the digest, where bcryptRounds is set' },
          off: { file: OPTIONS, from: '...(bcryptRounds === undefined ? {} : { bcryptRounds }),', to: '' },
        },
      ],
    },
    {
      number: 124,
      item: '`setPasswordAsync` removes the token to reset the password',
      proof: { file: PASSWORDS_TEST, title: 'removes a link to reset the password' },
      off: { file: 'packages/server/src/stores/memory/credentials.ts', from: 'if (!keepLinks) data', to: 'if (keepLinks === false) data' },
      also: [
        {
          item: '`setPasswordAsync` ends every session',
          proof: { file: PASSWORDS_TEST, title: 'ends every session, unless logout is false' },
          off: { file: ADMINISTER, from: 'keepSessions ? {} : { endSessionsExcept: null }', to: '{}' },
        },
        {
          item: 'with `{ logout: false }` they go on',
          proof: { file: PASSWORDS_TEST, title: 'ends every session, unless logout is false' },
          off: { file: ADMINISTER, from: 'keepSessions ? {} : { endSessionsExcept: null }', to: '{ endSessionsExcept: null }' },
        },
      ],
    },
    {
      number: 125,
      item: 'The server watches the token of a connection from its login until it closes',
      note: 'it watches the session behind it; what shows is the token’s hash, which `_getLoginToken` answers',
      proof: {
        file: 'packages/server/src/transports/ddp/accounts/signed-in.test.ts',
        title: 'is told of by the hash of its token while it is open, and forgotten when it closes',
      },
      off: {
        file: 'packages/server/src/transports/ddp/accounts/signed-in.ts',
        from: 'this.#isOpen.set(connection, false)',
        to: 'return void this.#isOpen.set(connection, false)',
      },
    },
    {
      number: 126,
      item: 'A link to an address that is the user’s no longer changes no password',
      note: 'such links are dropped with the address, so the reason is "Token expired"',
      proof: { file: METHODS_TEST, title: 'with a link to an address that is the user’s no longer changes nothing' },
      off: [
        {
          file: RECOVER,
          from: "if (!user.emails.some(({ address }) => emailKey(address) === key)) throw new AccountsError('ResetPasswordLinkUnknownAddress')",
          to: '',
        },
        {
          file: 'packages/server/src/stores/memory/emails.ts',
          from: 'dropTokensTo(data, row, index)\n        row.user.emails[index] = ',
          to: 'row.user.emails[index] = ',
        },
      ],
    },
    {
      number: 127,
      item: 'A fresh token sets the password, which then signs in',
      proof: {
        file: METHODS_TEST,
        title: 'resetPassword sets the password, verifies the address, signs in, and closes every other connection of the user',
      },
      off: { file: RECOVER, from: 'hash(password, { ip: origin.ip })', to: "hash('none of theirs', { ip: origin.ip })" },
    },
    {
      number: 128,
      item: 'One that is five days old changes nothing',
      proof: { file: METHODS_TEST, title: 'with a link that is too old changes nothing' },
      off: { file: RECOVER, from: 'passwordResetTokenExpiration : ', to: '10 * passwordResetTokenExpiration : ' },
    },
    {
      number: 129,
      item: '`forgotPassword` for an unknown address is silent while messages are ambiguous',
      note: 'as Meteor 3.4.1 has it',
      proof: { file: METHODS_TEST, title: 'forgotPassword is silent about' },
      off: { file: TO_WHOM, from: "manner === 'openly' || !core.settings.ambiguousErrorMessages", to: "manner !== 'openly'" },
      also: [
        {
          item: 'else it says "User not found"',
          proof: { file: METHODS_TEST, title: 'says that nobody has nobody@example.org where the app lets it' },
          off: { file: TO_WHOM, from: "manner === 'openly' || !core.settings.ambiguousErrorMessages", to: "manner === 'openly'" },
        },
      ],
    },
    {
      number: 130,
      item: 'Tokens to reset a password that are too old are cleaned',
      proof: { file: LINKS_TEST, title: RESETS },
      off: { file: LINKS, from: DROP, to: `if (purpose !== 'reset-password') ${DROP}` },
    },
    {
      number: 131,
      item: 'So are those that were made without a reason',
      proof: { file: LINKS_TEST, title: 'that were made without a reason are resets, and are taken away as those are' },
      off: {
        file: 'packages/server/src/meteor/email/send.ts',
        from: "reason: string = 'resetPassword',",
        to: "reason: string = 'enrollAccount',",
      },
    },
    {
      number: 132,
      item: 'The token of an invitation sets the first password and signs in',
      proof: { file: METHODS_TEST, title: 'by an invitation sets the first password, verifies the address and signs in' },
      off: {
        file: RECOVER,
        from: "(await core.store.tokens.find(hash, 'reset-password', now)) ?? core.store.tokens.find(hash, 'enroll-account', now)",
        to: "core.store.tokens.find(hash, 'reset-password', now)",
      },
    },
    {
      number: 133,
      item: 'One that is 35 days old fails with "Token expired"',
      proof: { file: METHODS_TEST, title: 'by an invitation that is too old changes nothing' },
      off: { file: RECOVER, from: ' : passwordEnrollTokenExpiration\n', to: ' : 10 * passwordEnrollTokenExpiration\n' },
    },
    {
      number: 134,
      item: 'Invitations that are too old are cleaned',
      proof: { file: LINKS_TEST, title: INVITATIONS },
      off: { file: LINKS, from: DROP, to: `if (purpose !== 'enroll-account') ${DROP}` },
    },
    {
      number: 135,
      item: 'Cleaning tokens to reset a password leaves invitations alone',
      proof: { file: LINKS_TEST, title: RESETS },
      off: { file: LINKS, from: '[purpose], before', to: "[purpose, 'enroll-account'], before" },
    },
    {
      number: 136,
      item: 'And the other way round',
      proof: { file: LINKS_TEST, title: INVITATIONS },
      off: { file: LINKS, from: '[purpose], before', to: "[purpose, 'reset-password'], before" },
    },
    ...names,
    {
      number: 146,
      item: 'After `bcryptRounds` has changed, the next good check makes the hash anew, and new users have the new rounds',
      note: 'without `bcryptRounds` hashes are argon2id',
      proof: {
        file: PASSWORDS_TEST,
        title:
          'with bcryptRounds is that of new hashes; after a change the next good check makes a hash anew, and new users have the new one',
      },
      off: {
        file: 'packages/server/src/strategies/password/password-upgrade.ts',
        from: 'if (this.#hashing.isCurrent(login.stored) || this.#underWay.has(login.userId)) return',
        to: 'return',
      },
      also: [
        {
          item: 'by itself bcrypt has ten rounds',
          proof: { file: PASSWORDS_TEST, title: 'is ten rounds where bcrypt is wanted and nothing more is said' },
          off: {
            file: 'packages/server/src/strategies/password/recipe.ts',
            from: 'BCRYPT_DEFAULT_ROUNDS = 10',
            to: 'BCRYPT_DEFAULT_ROUNDS = 9',
          },
        },
        {
          item: 'new users have the rounds that were set last',
          proof: {
            file: PASSWORDS_TEST,
            title:
              'with bcryptRounds is that of new hashes; after a change the next good check makes a hash anew, and new users have the new one',
          },
          off: { file: OPTIONS, from: 'for (const service of passwords) service.configure(password)', to: 'void passwords' },
        },
      ],
    },
    {
      number: 147,
      item: 'Further parameters are in the link of the mail',
      proof: {
        file: 'packages/server/src/meteor/meteor-mail.test.ts',
        title: 'sendResetPasswordEmail answers what it sent; extra parameters are in the link of the mail',
      },
      off: { file: 'packages/server/src/meteor/email/send.ts', from: 'urls[kind](secret, extraParams)', to: 'urls[kind](secret)' },
    },
  ],
}
