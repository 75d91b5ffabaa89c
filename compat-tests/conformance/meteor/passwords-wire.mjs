import { names } from './passwords-names.mjs'
import { whoIsSignedIn } from './passwords-signed-in.mjs'

const CLIENT_TEST = 'e2e/meteor-client-functions.test.ts'
const METHODS_TEST = 'packages/server/src/transports/ddp/accounts/password-methods.test.ts'
const CLIENT = 'packages/client/src/meteor/accounts-client.ts'
const CHANGE = 'packages/server/src/core/flows/change-password.ts'

const CHANGED = 'changePassword keeps this connection, closes the others, and drops links to reset'
const FORGOTTEN = 'a forgotten password is chosen anew with the link in the mail, and that signs in'
const NEW_PASSWORD =
  "')\n        if (typeof newPassword !== 'string') throw new MeteorError(400, 'Password must be a string')\n        checkNewPassword(newPassword, this._options)"

/** @type {readonly import('../row.d.ts').MeteorRow[]} */
const changes = [
  {
    number: 86,
    item: '`createUser` with an empty password and no callback throws "Password may not be empty"',
    proof: {
      file: CLIENT_TEST,
      title: 'an empty password refuses a sign-up: thrown without a callback, told to the callback otherwise',
    },
    off: {
      file: 'packages/client/src/meteor/arguments.ts',
      from: "if (!password) throw new MeteorError(400, 'Password may not be empty')",
      to: '',
    },
  },
  {
    number: 87,
    item: '`forgotPassword` keeps a token to reset the password with',
    note: 'as a hash: the token itself is in the mail alone',
    proof: {
      file: METHODS_TEST,
      title: 'resetPassword sets the password, verifies the address, signs in, and closes every other connection of the user',
    },
    off: {
      file: 'packages/server/src/core/flows/recover.ts',
      from: 'hash: hashSecret(secret),',
      to: 'hash: hashSecret(newSecret(core.chance)),',
    },
  },
  {
    number: 88,
    item: '`changePassword` with a wrong old password fails, and one stays signed in',
    proof: { file: METHODS_TEST, title: 'changePassword with a wrong password fails and stays signed in' },
    off: { file: CHANGE, from: 'await verifyOwnPassword(core, asking, oldPassword, credentials, origin)', to: '' },
  },
  {
    number: 89,
    item: '`changePassword` with an empty new one throws "Password may not be empty"',
    proof: { file: CLIENT_TEST, title: 'the password is changed by whoever knows the old one, who stays signed in' },
    off: { file: CLIENT, from: `Must be logged in to change password.${NEW_PASSWORD}`, to: "Must be logged in to change password.')" },
  },
  {
    number: 90,
    item: 'Whoever changes the password stays signed in',
    proof: { file: METHODS_TEST, title: CHANGED },
    off: { file: CHANGE, from: 'endSessionsExcept: session?.id ?? null', to: 'endSessionsExcept: null' },
    also: [
      {
        item: 'a change of the password drops the token to reset it',
        proof: { file: METHODS_TEST, title: CHANGED },
        off: { file: CHANGE, from: '!settings.removeAllResetPasswordTokensAfterPasswordChanged', to: 'true' },
      },
    ],
  },
  {
    number: 91,
    item: 'After that the old password fails and the new one signs in',
    proof: { file: METHODS_TEST, title: CHANGED },
    off: { file: CHANGE, from: 'hasherOf(core).hash(next, ', to: 'hasherOf(core).hash(oldPassword as never, ' },
  },
  {
    number: 92,
    item: 'Changing the password signs a second client out, and its token is good for nothing',
    proof: { file: CLIENT_TEST, title: 'changing the password signs a second client out, and forgets its token' },
    off: {
      file: CHANGE,
      from: '...(settings.invalidateAllSessionsAfterPasswordChanged ? { endSessionsExcept: session?.id ?? null } : {}),',
      to: '',
    },
  },
  {
    number: 93,
    item: '`forgotPassword` without an address tells its callback, or throws "Must pass options.email" where there is none',
    proof: { file: CLIENT_TEST, title: FORGOTTEN },
    off: { file: CLIENT, from: "checkText(options.email, 'Must pass options.email')", to: '' },
  },
  {
    number: 94,
    item: '`forgotPassword` calls its method with its callback, where there is one, and else without',
    proof: { file: CLIENT_TEST, title: 'forgotPassword hands its callback to the connection only when there is one' },
    off: { file: CLIENT, from: 'void this.connection.call(name, options, callback)', to: 'void this.connection.call(name, options)' },
  },
  {
    number: 95,
    item: '`verifyEmail` without a token tells its callback, or throws "Need to pass token" where there is none',
    proof: { file: CLIENT_TEST, title: 'an address is verified with the link in the mail, and that signs in' },
    off: { file: CLIENT, from: "() => checkText(token, 'Need to pass token'),", to: '() => {},' },
  },
  {
    number: 96,
    item: '`resetPassword` without a token is an error',
    proof: { file: CLIENT_TEST, title: FORGOTTEN },
    off: { file: CLIENT, from: "checkText(token, 'Token must be a string')", to: '' },
    also: [
      {
        item: '`resetPassword` with an empty password throws "Password may not be empty"',
        proof: { file: CLIENT_TEST, title: FORGOTTEN },
        off: { file: CLIENT, from: `Token must be a string${NEW_PASSWORD}`, to: "Token must be a string')" },
      },
    ],
  },
]

/** @type {import('../row.d.ts').MeteorChapter} */
export const passwordsWire = { title: 'Passwords over the wire', rows: [...names, ...changes, ...whoIsSignedIn] }
