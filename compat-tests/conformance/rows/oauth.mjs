const OAUTH_TEST = 'packages/server/src/strategies/oauth/accounts-oauth.test.ts'
const LINKING_TEST = 'packages/server/src/strategies/oauth/linking.test.ts'
const TWITTER_TEST = 'packages/server/src/strategies/oauth/twitter.test.ts'
const REST_TEST = 'packages/server/src/transports/rest/oauth.test.ts'
const EXPRESS_TEST = 'packages/server/src/mounts/express-oauth.test.ts'
const EXPRESS = 'packages/server/src/mounts/express.ts'
const OAUTH = 'packages/server/src/strategies/oauth/accounts-oauth.ts'
const TWITTER = 'packages/server/src/strategies/oauth/twitter.ts'
const LINK = 'packages/server/src/core/flows/link.ts'
const ACCOUNT = 'packages/server/src/core/identity/linked-account.ts'
const ROUTES = 'packages/server/src/transports/rest/routes/oauth.ts'

/** @type {import('../row.d.ts').Chapter} */
export const oauth = {
  title: 'OAuth',
  rows: [
    {
      item: 'new AccountsOauth(providers)',
      note: 'service `oauth`, `{ provider, …params }`',
      proof: { file: OAUTH_TEST, title: 'is a new user at the first sign-in, and the same one at the next' },
      off: {
        file: OAUTH,
        from: "typeof name === 'string' ? this.#providers.get(name) : undefined",
        to: 'undefined as OAuthProvider | undefined',
      },
    },
    {
      item: 'OAuthProvider.authenticate(params)',
      proof: { file: REST_TEST, title: 'signs in with what the query says, and answers a login' },
      off: { file: OAUTH, from: 'provider.authenticate({ ...sent, provider: name })', to: 'provider.authenticate({ provider: name })' },
    },
    {
      item: 'OAuthProvider.getRegistrationPayload(oauthUser)',
      proof: { file: OAUTH_TEST, title: 'begins with what getRegistrationPayload makes of the account' },
      off: { file: OAUTH, from: 'if (!provider.getRegistrationPayload) return', to: 'if (provider !== null) return' },
    },
    {
      item: 'default registration payload `{ email }`',
      proof: { file: OAUTH_TEST, title: 'is a new user at the first sign-in, and the same one at the next' },
      off: { file: OAUTH, from: 'return { email: parsed?.address }', to: 'return {}' },
    },
    {
      item: 'Invalid provider',
      proof: { file: OAUTH_TEST, title: 'say what is wrong, with a code' },
      off: { file: OAUTH, from: "if (name === undefined || name === '') throw invalidProvider()", to: '' },
    },
    {
      item: 'No OAuth provider with the name X was registered.',
      proof: { file: OAUTH_TEST, title: 'say what is wrong, with a code' },
      off: {
        file: OAUTH,
        from: 'invalidProvider(`No OAuth provider with the name ${printable(name)} was registered.`)',
        to: 'invalidProvider()',
      },
    },
    {
      item: 'errors of the provider reach the client with their text',
      proof: { file: OAUTH_TEST, title: 'of the provider object keep its words' },
      off: { file: OAUTH, from: 'if (isAccountsError(thrown) || !isMishap(thrown)) throw passThrough(thrown)', to: '' },
    },
    {
      item: 'user by provider and id',
      proof: { file: OAUTH_TEST, title: 'is told apart by provider: the same name at another one is somebody else' },
      off: { file: ACCOUNT, from: '  kind: accountKind(provider),\n  key: subject,', to: "  kind: 'oauth:any',\n  key: subject," },
    },
    {
      item: 'user by e-mail',
      note: 'only when both sides have verified it',
      proof: { file: OAUTH_TEST, title: 'leads to its user when both sides have verified it, and the user is told' },
      off: { file: LINK, from: '(await userWithAddress(core, coming)) ??', to: '' },
    },
    {
      item: 'user by e-mail: verified here',
      proof: { file: OAUTH_TEST, title: 'that nobody confirmed here is not handed to its owner' },
      off: {
        file: LINK,
        from: '=> verified && emailKey(address) === email.key',
        to: '=> (verified || true) && emailKey(address) === email.key',
      },
    },
    {
      item: 'user by e-mail: verified by the provider',
      proof: { file: OAUTH_TEST, title: 'is not believed when the provider' },
      off: { file: LINK, from: 'if (!email?.verified) return null', to: 'if (!email) return null' },
    },
    {
      item: 'CreateUserSuccess',
      proof: { file: OAUTH_TEST, title: 'is judged by validateNewUser like every other, and told of in the hooks' },
      off: { file: LINK, from: "await core.hooks.tell('userCreated', { user: outcome.user, origin })", to: '' },
    },
    {
      item: 'CreateUserError',
      proof: { file: OAUTH_TEST, title: 'that the mapping made up and somebody has is refused, and told of' },
      off: { file: LINK, from: "await core.hooks.tell('userCreationFailure', { user: { ...made.user }, error })", to: '' },
    },
    {
      item: 'the account is kept, anew at each sign-in',
      proof: { file: OAUTH_TEST, title: 'is renewed at each sign-in, and written only when it changed' },
      off: { file: LINK, from: 'await core.store.users.swapCredential({ expected: kept ?? null, next })', to: 'void next' },
    },
    {
      item: 'tokens of providers are sealed and sent to nobody',
      proof: { file: OAUTH_TEST, title: 'is kept, its tokens sealed, for the app alone' },
      off: { file: ACCOUNT, from: 'looksSecret(key) || holdsSecret(value)\n', to: 'false && (looksSecret(key) || holdsSecret(value))\n' },
    },
    {
      item: 'unlink(userId, provider)',
      proof: { file: LINKING_TEST, title: 'unlinks, tells the owner, and leaves the last way in alone' },
      off: {
        file: OAUTH,
        from: 'return attached(this.#accounts).unlinkUser(userId, provider)',
        to: 'return Promise.resolve(void [userId, provider])',
      },
    },
    {
      item: 'getOAuthProviders()',
      proof: { file: OAUTH_TEST, title: 'the providers can be listed' },
      off: { file: OAUTH, from: 'return Object.fromEntries(this.#providers)', to: 'return {}' },
    },
    {
      item: 'GET /oauth/:provider/callback',
      proof: { file: REST_TEST, title: 'signs in with what the query says, and answers a login' },
      off: { file: ROUTES, from: "pattern: '/oauth/:provider/callback'", to: "pattern: '/oauth/:provider/elsewhere'" },
    },
    {
      item: 'callback: the provider is the one in the path',
      proof: { file: REST_TEST, title: 'takes the provider from the path, whatever query, cookies and body say' },
      off: { file: ROUTES, from: '{ ...query, provider: visit.provider }', to: '{ provider: visit.provider, ...query }' },
    },
    {
      item: 'callback: onOAuthSuccess',
      note: 'REST option `oauth.onSuccess`',
      proof: { file: REST_TEST, title: 'onSuccess sends the browser on, or answers JSON of its own' },
      off: { file: ROUTES, from: '() => onSuccess?.(result, visit)', to: '() => void onSuccess' },
    },
    {
      item: 'callback: onOAuthError',
      note: 'REST option `oauth.onError`',
      proof: { file: REST_TEST, title: 'onError sends the browser on after a refusal, or leaves the usual answer' },
      off: { file: ROUTES, from: '() => site.settings.oauth.onError?.(error, visit)', to: '() => undefined' },
    },
    {
      item: 'callback: transformOAuthResponse',
      note: 'REST option `oauth.transformResponse`',
      proof: { file: REST_TEST, title: 'transformResponse words the JSON, unless onSuccess answered' },
      off: { file: ROUTES, from: '({ body: transformResponse(result) })', to: 'undefined' },
    },
    {
      item: 'accountsExpress: onOAuthSuccess(req, res, login)',
      proof: { file: EXPRESS_TEST, title: 'onOAuthSuccess may answer with Express’s response, and is the only one who answers' },
      off: { file: EXPRESS, from: 'if (options.onOAuthSuccess) oauth', to: 'if (options.onOAuthSuccess && !oauth) oauth' },
    },
    {
      item: 'accountsExpress: onOAuthError(req, res, error)',
      proof: { file: EXPRESS_TEST, title: 'onOAuthError may answer a refusal' },
      off: { file: EXPRESS, from: 'if (options.onOAuthError) oauth', to: 'if (options.onOAuthError && !oauth) oauth' },
    },
    {
      item: 'accountsExpress: transformOAuthResponse(login)',
      proof: { file: EXPRESS_TEST, title: 'onOAuthSuccess that only looks leaves the usual answer, and transformOAuthResponse words it' },
      off: { file: EXPRESS, from: 'if (options.transformOAuthResponse) oauth', to: 'if (options.transformOAuthResponse && !oauth) oauth' },
    },
    {
      item: 'callback: one answer, whatever the callbacks do',
      proof: { file: REST_TEST, title: 'callbacks that throw are reported; one answer is sent, and the server lives' },
      off: {
        file: ROUTES,
        from: "accounts.core.log.error({ err: error }, 'an OAuth callback of the app threw; the answer is the usual one')\n    return undefined",
        to: 'throw error',
      },
    },
    {
      item: 'new AccountsOAuthTwitter({ key, secret })',
      proof: { file: TWITTER_TEST, title: 'signs its question as Twitter wants it, and answers in accounts-js’s shape' },
      off: {
        file: TWITTER,
        from: '`${escaped(this.#options.secret)}&${escaped(accessTokenSecret)}`',
        to: '`&${escaped(accessTokenSecret)}`',
      },
    },
    {
      item: 'AccountsOAuthTwitter: getRegistrationPayload',
      proof: { file: TWITTER_TEST, title: 'signs in with accounts-js’s parameters, and its tokens go no further' },
      off: {
        file: TWITTER,
        from: 'if (getRegistrationPayload) this.getRegistrationPayload =',
        to: 'if (getRegistrationPayload && false) this.getRegistrationPayload =',
      },
    },
  ],
}
