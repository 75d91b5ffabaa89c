const SIGN_UP_TEST = 'packages/server/src/meteor/users/sign-up.test.ts'
const WIRE_TEST = 'packages/server/src/meteor/over-ddp.test.ts'
const CLIENT_TEST = 'e2e/meteor-client-functions.test.ts'
const TRACKER_TEST = 'packages/client/src/tracker/tracker.test.ts'
const USERNAME = 'packages/server/src/core/identity/username.ts'
const EMAIL = 'packages/server/src/core/identity/email.ts'
const KEPT = 'packages/server/src/stores/memory/data.ts'
const USERS_KEPT = 'packages/server/src/stores/memory/users.ts'
const SIGN_UP = 'packages/server/src/core/flows/sign-up.ts'

const UNIQUE = 'two such users cannot come to be here: names and addresses are unique whatever their case'
const FOLD = { file: USERNAME, from: ".normalize('NFKC').toUpperCase().toLowerCase().replaceAll('ς', 'σ')", to: ".normalize('NFKC')" }
const FOLD_EMAIL = { file: EMAIL, from: "text.normalize('NFC').toLowerCase().normalize('NFC')", to: "text.normalize('NFC')" }
/** @type {(kind: string, fits: string) => import('../row.d.ts').Change} */
const found = (kind, fits) => ({
  file: KEPT,
  from: 'this.identifiers.get(identifierKey(kind, key))',
  to: `this.identifiers.get(identifierKey(kind, key)) ?? (kind === '${kind}' ? [...this.identifiers].find(([name]) => name.startsWith(kind) && ${fits})?.[1] : undefined)`,
})
const PATTERN = 'new RegExp(`${key}$`).test(name)'
const PART = 'name.includes(key)'
/** @type {(kind: string) => import('../row.d.ts').Change[]} */
const takes = kind => [
  { file: SIGN_UP, from: 'await hidden(core, refuseTaken(core, draft))', to: 'void hidden' },
  {
    file: USERS_KEPT,
    from: 'row.identifiers.find(({ kind, key }) => ',
    to: `row.identifiers.find(({ kind, key }) => kind !== '${kind}' && `,
  },
]

/** Signing up, and names to sign in by. @type {readonly import('../row.d.ts').MeteorRow[]} */
export const names = [
  {
    number: 72,
    item: '`createUser` with username, address and password signs in',
    proof: { file: 'e2e/meteor-client.test.ts', title: 'signing up signs in, and onLogin is told that it was with a password' },
    off: {
      file: 'packages/server/src/transports/ddp/accounts/password-methods.ts',
      from: "signIn(call, await call.accounts.signUp(options, call.origin, 'resume'))",
      to: "((await call.accounts.signUp(options, call.origin, 'resume')).user as never)",
    },
  },
  {
    number: 73,
    item: 'A reactive computation that reads the user’s addresses runs again at a login',
    proof: {
      file: TRACKER_TEST,
      title: 'a computation that reads the user runs again at a login, and is left alone by fields it did not ask for',
    },
    off: {
      file: 'packages/client/src/tracker/index.ts',
      from: 'if (JSON.stringify(read()) !== seen) computation.invalidate()',
      to: 'void seen',
    },
    also: [
      {
        item: 'in the callback of a login the user is there',
        proof: {
          file: 'packages/client/src/meteor/ddp-side.test.ts',
          title: 'a document that comes after the answer is waited for, and the callback is told once',
        },
        off: {
          file: 'packages/client/src/meteor/ddp-side.ts',
          from: 'return this.#whenUserIsThere(result.id, () => attempt.end(undefined, result))',
          to: 'return attempt.end(undefined, result)',
        },
      },
    ],
  },
  {
    number: 74,
    item: 'A person signs in by username or address, as a text or as an object',
    proof: { file: CLIENT_TEST, title: 'a person signs in by name or address, as a text or as an object' },
    off: {
      file: 'packages/client/src/meteor/arguments.ts',
      from: "typed.includes('@') ? { email: typed } : { username: typed }",
      to: '{ username: typed }',
    },
  },
  {
    number: 75,
    item: 'A username signs in in another case',
    proof: { file: WIRE_TEST, title: 'somebody signs in by name and by address, as they are and in another case' },
    off: FOLD,
  },
  {
    number: 76,
    item: 'So does one with letters beyond ASCII and an emoji',
    proof: { file: SIGN_UP_TEST, title: 'works in another case, also with letters outside of ASCII and an emoji' },
    off: { ...FOLD, to: ".normalize('NFKC').replace(/[A-Z]+/g, ascii => ascii.toLowerCase())" },
  },
  {
    number: 77,
    item: 'A username is no pattern: "User not found"',
    proof: { file: SIGN_UP_TEST, title: 'does not take a name for a pattern' },
    off: found('username', PATTERN),
  },
  {
    number: 78,
    item: 'A part of a username is not the username',
    proof: { file: SIGN_UP_TEST, title: 'takes no part of a name for the name' },
    off: found('username', PART),
  },
  {
    number: 79,
    item: 'Of two usernames that differ in case alone each signs in as it is, and in no other way',
    note: UNIQUE,
    proof: { file: WIRE_TEST, title: 'whose name differs from no other’s by case alone' },
    off: FOLD,
  },
  {
    number: 80,
    item: 'Signing up with a username that differs in case alone is refused with "Username already exists.", and nobody is kept',
    proof: { file: SIGN_UP_TEST, title: 'with a username that differs only in case is refused, and nothing is kept' },
    off: takes('username'),
  },
  {
    number: 81,
    item: 'An address signs in in another case',
    proof: { file: SIGN_UP_TEST, title: 'works by an address in another case' },
    off: FOLD_EMAIL,
  },
  {
    number: 82,
    item: 'An address is no pattern',
    proof: { file: SIGN_UP_TEST, title: 'does not take a name for a pattern' },
    off: found('email', PATTERN),
  },
  {
    number: 83,
    item: 'A part of an address is not the address',
    proof: { file: SIGN_UP_TEST, title: 'takes no part of a name for the name' },
    off: found('email', PART),
  },
  {
    number: 84,
    item: 'Of two addresses that differ in case alone each signs in as it is, and in no other way',
    note: UNIQUE,
    proof: { file: WIRE_TEST, title: 'whose name differs from no other’s by case alone' },
    off: FOLD_EMAIL,
  },
  {
    number: 85,
    item: 'Signing up with an address that differs in case alone is refused with "Email already exists.", and nobody is kept',
    proof: { file: SIGN_UP_TEST, title: 'with a email that differs only in case is refused, and nothing is kept' },
    off: takes('email'),
  },
]
