const TEST = 'packages/server/src/mounts/mounts.test.ts'
const BELIEVED_TEST = 'packages/server/src/mounts/without-session.test.ts'
const CREDENTIAL = 'packages/server/src/wire/credential.ts'
const BRIDGE_TEST = 'packages/server/src/mounts/express-session.test.ts'
const EXPRESS = 'packages/server/src/mounts/express.ts'
const MOUNT = 'packages/server/src/mounts/mount.ts'
const BRIDGE = 'packages/server/src/mounts/express-session.ts'

/** @type {import('../row.d.ts').Chapter} */
export const mounts = {
  title: 'Express: rest-express and express-session',
  rows: [
    {
      item: 'accountsExpress(accountsServer, options)',
      proof: { file: TEST, title: 'Express without one tells accounts-js’s story' },
      off: { file: EXPRESS, from: 'knows: target => rest.has(target)', to: 'knows: () => false' },
    },
    {
      item: 'accountsExpress: behind a body parser',
      proof: { file: TEST, title: 'Express with a body parser tells accounts-js’s story' },
      off: {
        file: 'packages/server/src/transports/node/read-body.ts',
        from: 'if (isParsed(req)) return',
        to: 'if (isParsed(req) && false) return',
      },
    },
    {
      item: 'path',
      proof: { file: TEST, title: 'Express hands on what is left of the address' },
      off: { file: EXPRESS, from: 'mounted: true', to: 'mounted: false' },
    },
    {
      item: 'userLoader(accountsServer)',
      proof: { file: TEST, title: 'Express without one tells accounts-js’s story' },
      off: { file: EXPRESS, from: 'Object.assign(req, loaded)', to: 'void loaded' },
    },
    {
      item: 'req.user, req.userId',
      proof: { file: TEST, title: 'Express without one tells accounts-js’s story' },
      off: { file: MOUNT, from: '...(user ? { user, userId: user.id } : {}),', to: '' },
    },
    {
      item: 'userLoader: useStatelessSession, micro',
      proof: { file: BELIEVED_TEST, title: 'userLoader of Express with useStatelessSession looks up the user and no session' },
      off: { file: CREDENTIAL, from: '&& (micro || useStatelessSession)', to: '&& micro' },
    },
    {
      item: 'AccountsSession: useStatelessSession, micro',
      proof: { file: BRIDGE_TEST, title: 'with useStatelessSession and micro it looks up no session, as everywhere else' },
      off: {
        file: BRIDGE,
        from: ': await accounts.resume(accessToken)',
        to: ': accounts.publicUser((await accounts.check(accessToken)).user)',
      },
    },
    {
      item: 'AccountsSession: middleware()',
      proof: { file: BRIDGE_TEST, title: 'a page knows its visitor after a login' },
      off: { file: BRIDGE, from: 'void relay(this.#attach(req), next)', to: 'next()' },
    },
    {
      item: 'AccountsSession: name',
      proof: { file: BRIDGE_TEST, title: 'names and what stands there are the app’s choice' },
      off: { file: BRIDGE, from: "options.name ?? 'accounts-js-tokens'", to: "'accounts-js-tokens'" },
    },
    {
      item: 'AccountsSession: user.name',
      proof: { file: BRIDGE_TEST, title: 'names and what stands there are the app’s choice' },
      off: { file: BRIDGE, from: "const { name = 'user', resolve } = this.#user", to: "const { resolve } = this.#user, name = 'user'" },
    },
    {
      item: 'AccountsSession: user.resolve',
      proof: { file: BRIDGE_TEST, title: 'names and what stands there are the app’s choice' },
      off: {
        file: BRIDGE,
        from: 'resolve ? await resolve(tokens, req, await accounts.resumeStored(accessToken)) : ',
        to: 'void resolve ?? ',
      },
    },
    {
      item: 'AccountsSession: errors go to next(error)',
      proof: { file: BRIDGE_TEST, title: 'without express-session in front it says what is missing' },
      off: { file: 'packages/server/src/mounts/relay.ts', from: 'return next(error)', to: 'void error' },
    },
    {
      item: 'AccountsSession: get',
      proof: { file: BRIDGE_TEST, title: 'tokens are left alone while they are good' },
      off: { file: BRIDGE, from: 'return isPair(kept) ? kept : undefined', to: 'return undefined' },
    },
    {
      item: 'AccountsSession: set',
      proof: { file: BRIDGE_TEST, title: 'a page knows its visitor after a login' },
      off: {
        file: BRIDGE,
        from: 'sessionOf(req)[this.#name] = { accessToken: tokens.accessToken, refreshToken: tokens.refreshToken }',
        to: 'void tokens',
      },
    },
    {
      item: 'AccountsSession: clear',
      proof: { file: BRIDGE_TEST, title: 'a session that was ended elsewhere is forgotten' },
      off: { file: BRIDGE, from: 'delete sessionOf(req)[this.#name]', to: 'void req' },
    },
    {
      item: 'AccountsSession: renew',
      proof: { file: BRIDGE_TEST, title: 'an access token past its time is renewed on the way' },
      off: { file: BRIDGE, from: '      this.set(req, tokens)\n      return tokens', to: '      return undefined' },
    },
    {
      item: 'AccountsSession: destroy',
      proof: { file: BRIDGE_TEST, title: 'a logout ends the session of the tokens too' },
      off: { file: BRIDGE, from: 'if (kept) await this.#accountsServer.logout', to: 'if (false) await this.#accountsServer.logout' },
    },
  ],
}
