const SERVICE = 'packages/server/src/strategies/magic-link/accounts-magic-link.ts'
const OPTIONS = 'packages/server/src/strategies/magic-link/options.ts'
const EXPORTS = 'packages/server/src/strategies/magic-link/index.ts'
const FLOW = 'packages/server/src/core/flows/request-magic-link.ts'
const CLIENT = 'packages/client/src/client-magic-link.ts'

const link = /** @param {string} title */ title => ({
  file: 'packages/server/src/strategies/magic-link/accounts-magic-link.test.ts',
  title,
})
const asked = /** @param {string} title */ title => ({ file: 'packages/server/src/core/flows/request-magic-link.test.ts', title })
const option = /** @param {string} title */ title => ({ file: 'packages/server/src/strategies/magic-link/options.test.ts', title })
const rest = /** @param {string} title */ title => ({ file: 'packages/server/src/transports/rest/magic-link.test.ts', title })
const client = /** @param {string} title */ title => ({ file: 'packages/client/src/client-magic-link.test.ts', title })
const NAMES = ['magicLink', 'magiclink', 'magic-link']

/** @type {import('../row.d.ts').Chapter} */
export const magicLink = {
  title: 'AccountsMagicLink',
  rows: [
    {
      item: 'loginTokenExpiration',
      proof: link('is over after fifteen minutes, or as long as the app says'),
      off: { file: OPTIONS, from: 'given.loginTokenExpiration ?? FIFTEEN_MINUTES', to: 'FIFTEEN_MINUTES' },
    },
    ...['userNotFound', 'unrecognizedOptionsForLogin', 'matchFailed', 'invalidEmail', 'loginTokenExpired'].map(key => ({
      item: `errors.${key}`,
      proof: option('put the app’s own texts in the place of ours, each by itself'),
      off: { file: OPTIONS, from: 'if (message === undefined) continue', to: `if (message === undefined || key === '${key}') continue` },
    })),
    {
      item: 'requestMagicLinkEmail(email)',
      proof: asked('mails it to the address as it is kept, under accounts-js’s path'),
      off: { file: FLOW, from: "core.outbox.compose('magicLink'", to: "core.outbox.compose('void'" },
    },
    {
      item: 'requestMagicLinkEmail: UserNotFound to the app’s own code',
      proof: asked('by the app’s own code is told about an unknown address'),
      off: { file: SERVICE, from: "(email, APP, 'openly')", to: '(email, APP)' },
    },
    {
      item: 'requestMagicLinkEmail: InvalidEmail',
      proof: asked('refuses what is no address'),
      off: {
        file: 'packages/server/src/core/flows/mail-request.ts',
        from: "throw refuse('InvalidEmail', 'email')",
        to: "throw refuse('MatchFailed', 'email')",
      },
    },
    {
      item: 'requestMagicLinkEmail: earlier links are void',
      proof: link('takes the place of every earlier one, whatever the address'),
      off: { file: FLOW, from: "address: user ? '' : to", to: 'address: to' },
    },
    {
      item: 'mail template magicLink, path magiclink',
      proof: asked('mails it to the address as it is kept, under accounts-js’s path'),
      off: { file: 'packages/server/src/core/mail/urls.ts', from: "magicLink: 'magiclink'", to: "magicLink: 'login'" },
    },
    {
      item: 'authenticate({ token })',
      proof: link('proves who it is, spends the link and opens no session'),
      off: { file: SERVICE, from: 'if (!origin) {', to: 'if (!origin && name === undefined) {' },
    },
    {
      item: 'a link signs in once',
      proof: link('signs in once'),
      off: { file: SERVICE, from: 'store.tokens.consume(', to: 'store.tokens.find(' },
    },
    {
      item: 'UnrecognizedOptionsForLogin, MatchFailed',
      proof: link('refuses what is no link in accounts-js’s words'),
      off: { file: SERVICE, from: "throw this.#refusal('MatchFailed', 'token')", to: "throw this.#refusal('InvalidInput', 'token')" },
    },
    {
      item: 'second factor',
      note: 'accounts-js skips it',
      proof: link('asks for the second factor, which can also be given at once'),
      off: {
        file: 'packages/server/src/core/flows/second-factor.ts',
        from: 'if (answer === undefined) throw',
        to: 'if (answer === undefined) return given; throw',
      },
    },
    {
      item: 'the address is verified',
      note: 'accounts-js leaves that undone',
      proof: link('is verified, and the link in an earlier verification mail is spent with it'),
      off: {
        file: 'packages/server/src/core/flows/note-receipt.ts',
        from: 'await verify(core, user, address, origin, by)',
        to: 'void verify',
      },
    },
    ...NAMES.map(name => ({
      item: `service name ${name}`,
      proof: link(`registered as ${name === 'magicLink' ? 'magiclink' : 'magicLink'} it answers to all three`),
      off: {
        file: SERVICE,
        from: "= ['magicLink', 'magiclink', 'magic-link']",
        to: `= [${NAMES.filter(each => each !== name)
          .map(each => `'${each}'`)
          .join(', ')}]`,
      },
    })),
    {
      item: 'serviceName',
      proof: option('is what accounts-js’s exports, by the same names'),
      off: { file: SERVICE, from: "serviceName = 'magicLink'", to: "serviceName = ''" },
    },
    {
      item: 'default export',
      proof: option('is what accounts-js’s exports, by the same names'),
      off: { file: EXPORTS, from: 'AccountsMagicLink, AccountsMagicLink as default', to: 'AccountsMagicLink' },
    },
    ...['AuthenticateErrors', 'errors', 'MagicLinkAuthenticatorErrors'].map(name => ({
      item: name,
      proof: option('is what accounts-js’s exports, by the same names'),
      off: { file: EXPORTS, from: `${name},`, to: '' },
    })),
    {
      item: 'RequestMagicLinkEmailErrors',
      proof: option('is what accounts-js’s exports, by the same names'),
      off: { file: EXPORTS, from: ', RequestMagicLinkEmailErrors', to: '' },
    },
    {
      item: 'POST /magiclink/requestMagicLinkEmail',
      proof: rest('are asked for with an address and answer null, known or not'),
      off: { file: 'packages/server/src/transports/rest/rest-transport.ts', from: '...magicLinkRoutes(accounts),', to: '' },
    },
    {
      item: 'POST /magicLink/authenticate',
      proof: rest('sign in under the name magicLink, once, for tokens or a cookie'),
      off: {
        file: SERVICE,
        from: "if (!token) throw this.#refusal('UnrecognizedOptionsForLogin', 'token')",
        to: "throw this.#refusal('UnrecognizedOptionsForLogin', 'token')",
      },
    },
    {
      item: 'POST /magicLink/verifyAuthentication',
      proof: rest('can be tried without signing in, which spends them too'),
      off: {
        file: 'packages/server/src/transports/rest/routes/sign-in.ts',
        from: "pattern: '/:service/verifyAuthentication'",
        to: "pattern: '/:service/verify'",
      },
    },
    {
      item: 'AccountsClientMagicLink(client)',
      proof: client('a client is needed'),
      off: { file: CLIENT, from: "if (!client) throw new Error('A valid client instance is required')", to: '' },
    },
    {
      item: 'AccountsClientMagicLink: requestMagicLinkEmail(email)',
      proof: client('a link is asked for by address'),
      off: { file: CLIENT, from: 'return this.client.transport.requestMagicLinkEmail(email)', to: 'return Promise.resolve(void email)' },
    },
    {
      item: 'AccountsClientMagicLink: login({ token })',
      proof: client('redeeming a link signs in, under the name that servers document'),
      off: { file: CLIENT, from: "loginWithService('magicLink', { ...link })", to: "loginWithService('magicLink', {})" },
    },
    {
      item: 'RestClient: requestMagicLinkEmail(email, customHeaders)',
      proof: { file: 'packages/client/src/rest-client.test.ts', title: 'every route gets the body accounts-js sends' },
      off: {
        file: 'packages/client/src/rest-client.ts',
        from: "'magiclink/requestMagicLinkEmail', { email }, headers",
        to: "'magiclink/requestMagicLinkEmail', {}, headers",
      },
    },
  ],
}
