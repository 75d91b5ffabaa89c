const TOKENS_TEST = 'packages/server/src/meteor/semi-private.test.ts'
const SESSION_TEST = 'packages/server/src/transports/ddp/accounts/signed-in.test.ts'
const METHODS = 'packages/server/src/transports/ddp/accounts/login-methods.ts'
const TWIN = 'has a twin by getNewToken, which is over when the first would be, and which the connection holds from then on'
const PLAIN = 'sign in again and again, plain ones of Meteor’s first years too, and are kept as their hash alone'
const BROUGHT = 'once `_insertLoginToken` has brought it along'
const LINKS = 'packages/server/src/meteor/login-tokens.ts'

/** @type {import('../row.d.ts').MeteorChapter} */
export const tokens = {
  title: 'Tokens',
  rows: [
    {
      number: 16,
      item: '`_expireTokens` ends the login tokens of a user that began before then, a date or a number',
      note: 'here a number is what the caller may give, not what is kept',
      proof: { file: TOKENS_TEST, title: 'that began before then are ended by _expireTokens, given as a date and as a number' },
      off: {
        file: LINKS,
        from: '.filter(({ createdAt }) => new Date(createdAt).getTime() < before)',
        to: '.filter(() => false)',
      },
    },
    {
      number: 17,
      item: 'A plain token of old, as the database has it, signs in',
      note: BROUGHT,
      proof: { file: TOKENS_TEST, title: PLAIN },
      off: { file: LINKS, from: 'return hashSecret(stamped.token)', to: "return hashSecret('')" },
    },
    {
      number: 18,
      item: 'A plain token that was read from the database signs a thief in, which is why there are no more of them',
      reason: { doesNotApply: 'it takes a plain token in Meteor’s own collection; here none is ever kept as it is' },
    },
    {
      number: 19,
      item: 'A hash that was read from the database signs nobody in: "You\'ve been logged out by the server. Please log in again."',
      proof: {
        file: 'packages/server/src/transports/ddp/accounts/login-methods.test.ts',
        title: 'takes no hash of a token for the token',
      },
      off: {
        file: 'packages/server/src/core/session/check.ts',
        from: 'core.cache.load(key, () => core.store.sessions.findByResume(hash))',
        to: 'core.cache.load(key, async () => (await core.store.sessions.findByResume(hash)) ?? (await core.store.sessions.findByResume(secret as never)))',
      },
    },
    {
      number: 20,
      item: 'Once it was used, a plain token of old is kept as its hash alone',
      note: 'here from the start',
      proof: { file: TOKENS_TEST, title: PLAIN },
      off: { file: LINKS, from: 'return hashSecret(stamped.token)', to: 'return stamped.token as SecretHash' },
    },
    {
      number: 21,
      item: 'After that the same plain token goes on signing in',
      note: BROUGHT,
      proof: { file: TOKENS_TEST, title: PLAIN },
      off: {
        file: 'packages/server/src/core/session/resume-strategy.ts',
        from: 'return { ...proofOf(core, user.id), session }',
        to: "setImmediate(() => void core.store.sessions.end(session.id, 'logout', core.clock.now()))\n        return { ...proofOf(core, user.id), session }",
      },
    },
    {
      number: 22,
      item: 'What was noted about a connection is there while it is open, and gone for those who hear later that it is closed',
      proof: { file: TOKENS_TEST, title: 'are there while it is open, and gone when later listeners hear that it is closed' },
      off: {
        file: 'packages/server/src/meteor/meteor-accounts.ts',
        from: 'connection.onClose(() => this.#accountData.delete(connection.id))',
        to: 'void connection',
      },
    },
    {
      number: 23,
      item: 'The token of `getNewToken` expires when the first would',
      proof: { file: SESSION_TEST, title: TWIN },
      off: { file: 'packages/server/src/core/flows/open-session.ts', from: 'sibling?.expiresAt ?? ', to: '' },
    },
    {
      number: 24,
      item: 'After `getNewToken` it is that token’s hash that the connection is known by',
      proof: { file: SESSION_TEST, title: 'is told of by the hash of its token while it is open, and forgotten when it closes' },
      off: { file: METHODS, from: 'await call.signedIn.hold(connectionOf(call), { session, user }, token)', to: 'void [session, user]' },
    },
    {
      number: 25,
      item: 'A second connection signs in with the new token',
      proof: { file: SESSION_TEST, title: TWIN },
      off: {
        file: 'packages/server/src/core/flows/login.ts',
        from: "sibling: session }, 'resume', 'quietly')",
        to: "sibling: session }, 'bearer', 'quietly')",
      },
    },
    {
      number: 26,
      item: '`removeOtherTokens` signs the other connections out and leaves the caller’s token alone',
      proof: { file: SESSION_TEST, title: TWIN },
      off: { file: METHODS, from: "await call.accounts.logout(who, 'others', call.origin)", to: 'void who' },
    },
    {
      number: 27,
      item: '`_getLoginToken` of a connection is the hash of the token that it signed in with',
      proof: { file: TOKENS_TEST, title: 'login tokens are known by connection, as their hash' },
      off: {
        file: 'packages/server/src/meteor/meteor-accounts.ts',
        from: 'return this.#connections?.hashedLoginToken(connectionId)',
        to: 'return this.#connections ? connectionId : undefined',
      },
    },
  ],
}
