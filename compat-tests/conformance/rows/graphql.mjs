// long: a table, one row for each thing that GraphQL has
const GRAPHQL = 'packages/server/src/transports/graphql'
const CORE = `${GRAPHQL}/core-resolvers.ts`
const PASSWORD = `${GRAPHQL}/password-resolvers.ts`
const OPTIONS = `${GRAPHQL}/options.ts`
const CONTEXT = `${GRAPHQL}/context.ts`
const AUTH = `${GRAPHQL}/auth-directive.ts`
const MODULES = `${GRAPHQL}/modules.ts`
const CLIENT = 'packages/client/src/graphql/graphql-client.ts'
const OPERATIONS = 'packages/client/src/graphql/operations.ts'
const LINK = 'packages/client/src/apollo/index.ts'

const test = /** @param {string} name @returns {(title: string) => { file: string, title: string }} */ name => title => ({
  file: `${GRAPHQL}/${name}.test.ts`,
  title,
})
const field = test('fields')
const schema = test('schema')
const made = test('context')
const guard = test('auth-directive')
const told = test('errors')
const module = test('modules')
const through = /** @param {string} title */ title => ({ file: 'compat-tests/apollo.test.ts', title })
const change = /** @param {string} file */ file => /** @param {string} from @param {string} to */ (from, to) => ({ file, from, to })
const core = change(CORE)
const password = change(PASSWORD)
const options = change(OPTIONS)
const context = change(CONTEXT)
const auth = change(AUTH)
const modules = change(MODULES)

/** A deed that is not done; its answer, null, stays. */
const deed = /** @param {string} name */ name => ({
  file: PASSWORD,
  from: `nothing(accounts.${name}(`,
  to: `nothing((async (..._given: unknown[]) => {})(`,
})

/** @param {string} method @param {string} [name] */
const operation = (method, name = method) => ({
  item: `AccountsGraphQLClient.${method}`,
  proof: { file: 'packages/client/src/graphql/graphql-client.test.ts', title: `${method} sends the operation of accounts-js's client` },
  off: { file: OPERATIONS, from: `\n  ${name}: `, to: `\n  ${name}Not: ` },
})

/** @type {import('../row.d.ts').Chapter} */
export const graphql = {
  title: 'GraphQL: graphql-api, module-core, module-password, module-magic-link',
  rows: [
    {
      item: 'types, inputs, fields and arguments of the schema',
      proof: schema("is accounts-js's to the letter when the additions are off"),
      off: { file: `${GRAPHQL}/type-defs.ts`, from: '  google_auth_qr: String\n', to: '' },
    },
    {
      item: 'Query.getUser',
      proof: field('authenticate answers session, tokens and user'),
      off: core('async ({ call }) => call.user', 'async ({ call }) => call.user && null'),
    },
    {
      item: 'Query.twoFactorSecret',
      note: 'without a token, as the official client asks',
      proof: field('twoFactorSecret is offered to callers without a token, as the official client is one'),
      off: password('twoFactorSecret: knowingField(desk, ', 'twoFactorSecret: ownField(desk, '),
    },
    {
      item: 'Mutation.impersonate',
      proof: made('acts as the impersonated user for the rest of a request, and as nobody after a logout'),
      off: core('if (!outcome.authorized) return', 'if (outcome) return'),
    },
    {
      item: 'Mutation.impersonate: the context acts as the target',
      proof: made('acts as the impersonated user for the rest of a request, and as nobody after a logout'),
      off: core('contexts.become(context, call, outcome.login)', ''),
    },
    {
      item: 'Mutation.impersonate: { authorized: false }',
      proof: field('impersonate answers only { authorized: false } to whom it is not allowed'),
      off: core('return { authorized: false }', 'return null'),
    },
    {
      item: 'Mutation.refreshTokens',
      proof: field('refreshTokens answers the next pair'),
      off: core('accounts.loginResult(await accounts.refresh(args.accessToken, args.refreshToken, call.origin))', 'Promise.resolve(null)'),
    },
    {
      item: 'Mutation.logout',
      proof: field('logout answers null, without a token too; a session that is over is an error'),
      off: core(
        "if (call.credential.by === 'token') await accounts.logoutByToken(call.credential.value, call.origin)\n        else if",
        'if',
      ),
    },
    {
      item: 'Mutation.logout: null without a token',
      proof: field('logout answers null, without a token too; a session that is over is an error'),
      off: core("if (call.credential.by === 'token')", "if (call.credential.by !== 'cookie')"),
    },
    {
      item: 'Mutation.authenticate',
      proof: field('authenticate answers session, tokens and user'),
      off: core('openedIn(desk, call, await accounts.login(args.serviceName, args.params, call.origin, mode), mode)', 'null'),
    },
    {
      item: 'Mutation.verifyAuthentication',
      note: 'true, the only one to say so',
      proof: field('verifyAuthentication answers true, the only one to do so, and opens no session'),
      off: core('return true\n', 'return null\n'),
    },
    {
      item: 'Mutation.createUser',
      proof: field('createUser tells the id, and signs in with enableAutologin'),
      off: password('userId: result.userId, ', ''),
    },
    {
      item: 'Mutation.createUser: { userId: null, loginResult: null }, for new and taken names, while messages are ambiguous',
      proof: field('createUser answers the same for a new account and for one that was there, while messages are ambiguous'),
      off: password('userId: result.userId, ', "userId: result.userId ?? 'new', "),
    },
    {
      item: 'Mutation.createUser: enableAutologin',
      proof: field('createUser tells the id, and signs in with enableAutologin'),
      off: password('loginResult: login && (await openedIn(desk, call, login, mode))', 'loginResult: null'),
    },
    {
      item: 'Mutation.createUser: extend input CreateUserInput',
      proof: field("createUser passes fields of the app's own on to validateNewUser"),
      off: password(
        'accounts.register(args.user,',
        "accounts.register({ username: args.user['username'], email: args.user['email'], password: args.user['password'] },",
      ),
    },
    {
      item: 'Mutation.verifyEmail',
      proof: field('verifyEmail and sendVerificationEmail answer null, and verify'),
      off: deed('verifyEmail'),
    },
    {
      item: 'Mutation.resetPassword',
      proof: field('sendResetPasswordEmail answers null, and resetPassword answers null'),
      off: password('await accounts.resetPassword(args.token, args.newPassword, call.origin, mode)', 'null'),
    },
    {
      item: 'Mutation.resetPassword: returnTokensAfterResetPassword',
      proof: field('resetPassword answers a login with returnTokensAfterResetPassword'),
      off: password('return login && openedIn(desk, call, login, mode)', 'return null'),
    },
    {
      item: 'Mutation.sendVerificationEmail',
      proof: field('verifyEmail and sendVerificationEmail answer null, and verify'),
      off: deed('sendVerificationEmail'),
    },
    {
      item: 'Mutation.sendResetPasswordEmail',
      proof: field('sendResetPasswordEmail answers null, and resetPassword answers null'),
      off: deed('sendResetPasswordEmail'),
    },
    {
      item: 'Mutation.addEmail',
      proof: field('addEmail, changeEmail and removeEmail answer null and do what they say'),
      off: deed('addEmail'),
    },
    {
      item: 'Mutation.changePassword',
      proof: field('changePassword answers null, and the old one is worth nothing'),
      off: deed('changePassword'),
    },
    {
      item: 'Mutation.twoFactorSet',
      proof: field('twoFactorSet and twoFactorUnset answer null'),
      off: deed('twoFactorSet'),
    },
    {
      item: 'Mutation.twoFactorUnset',
      proof: field('twoFactorSet and twoFactorUnset answer null'),
      off: deed('twoFactorUnset'),
    },
    {
      item: 'Mutation.requestMagicLinkEmail',
      proof: field('requestMagicLinkEmail answers null, for unknown addresses too, and the link signs in'),
      off: password(
        'nothing(desk.accounts.requestMagicLinkEmail(args.email, call.origin))',
        'nothing(Promise.resolve(args.email + call.origin.ip))',
      ),
    },
    {
      item: 'Boolean mutations answer null',
      proof: field('changePassword answers null, and the old one is worth nothing'),
      off: { file: `${GRAPHQL}/field.ts`, from: 'await deed\n  return null', to: 'await deed\n  return true as unknown as null' },
    },
    {
      item: 'fields without a service are not there',
      proof: schema('has no fields for services that are not there'),
      off: {
        file: `${GRAPHQL}/accounts-graphql.ts`,
        from: '...(passwords ? passwordParts(desk, settings) : [])',
        to: '...passwordParts(desk, settings)',
      },
    },
    {
      item: 'rootQueryName',
      proof: schema('rootQueryName and rootMutationName name the root types, and withSchemaDefinition tells GraphQL which is which'),
      off: options("given.rootQueryName ?? 'Query'", "'Query'"),
    },
    {
      item: 'rootMutationName',
      proof: schema('rootQueryName and rootMutationName name the root types, and withSchemaDefinition tells GraphQL which is which'),
      off: options("given.rootMutationName ?? 'Mutation'", "'Mutation'"),
    },
    {
      item: 'withSchemaDefinition',
      note: 'the names no longer swapped',
      proof: schema('rootQueryName and rootMutationName name the root types, and withSchemaDefinition tells GraphQL which is which'),
      off: options('given.withSchemaDefinition ?? false', 'false'),
    },
    {
      item: 'extendTypeDefs',
      proof: schema('extendTypeDefs extends root types that are there already'),
      off: options('given.extendTypeDefs ?? false', 'false'),
    },
    {
      item: 'userAsInterface',
      proof: schema("userAsInterface makes User an interface for the app's own types"),
      off: options('given.userAsInterface ?? false', 'false'),
    },
    {
      item: 'micro',
      proof: schema('micro leaves nothing but a field to ask for and the directive'),
      off: options('given.micro ?? false', 'false'),
    },
    {
      item: 'headerName',
      proof: made('reads the token from the header that the option headerName names'),
      off: options("given.headerName ?? 'Authorization'", "'Authorization'"),
    },
    {
      item: 'excludeAddUserInContext',
      proof: made('looks nobody up with excludeAddUserInContext, and still has the token'),
      off: options('given.excludeAddUserInContext ?? false', 'false'),
    },
    {
      item: 'context: authToken, user, userId, userAgent, ip, infos',
      proof: made("has accounts-js's fields for whoever is signed in, and its user without secrets"),
      off: context('...(user ? { user, userId: user.id } : {}),', ''),
    },
    {
      item: 'context: without a request',
      proof: made('has empty texts for a call that comes from no request'),
      off: {
        file: `${GRAPHQL}/source.ts`,
        from: 'if (!isObject(request)) return { headers: {} }',
        to: "if (!isObject(request)) throw new Error('no request')",
      },
    },
    {
      item: 'context: { req } and { request }',
      proof: made('is made from what Apollo Server hands over, and from what Yoga does'),
      off: { file: `${GRAPHQL}/source.ts`, from: '[given.req, given.request, given]', to: '[given]' },
    },
    {
      item: 'context: useStatelessSession, micro',
      note: 'of the server',
      proof: {
        file: 'packages/server/src/mounts/without-session.test.ts',
        title: 'with micro opens no store, and whatever wants the session asks for it',
      },
      off: { file: 'packages/server/src/wire/credential.ts', from: '&& (micro || useStatelessSession)', to: '&& useStatelessSession' },
    },
    {
      item: '@auth on a field',
      proof: guard('closes a field to everybody who is not signed in, and no other'),
      off: auth("if ('type' in type) directive.visitFieldDefinition(type)", "if ('type' in type) void directive"),
    },
    {
      item: '@auth on a type',
      proof: guard('on a type closes all its fields'),
      off: auth('else directive.visitObject(type)', 'else void type'),
    },
    {
      item: 'skipJSAccountsVerification',
      proof: guard('lets everybody pass where the context says skipJSAccountsVerification'),
      off: auth('skipJSAccountsVerification !== true && ', ''),
    },
    {
      item: 'authenticated(resolver)',
      proof: guard('refuses everybody else, and lets skipJSAccountsVerification pass'),
      off: auth('throw unauthenticated()', 'void unauthenticated()'),
    },
    {
      item: 'authDirective(name)',
      proof: guard('works under another name'),
      off: auth('of marked(schema, name))', "of marked(schema, 'auth'))"),
    },
    {
      item: 'AuthenticatedDirective, schemaDirectives',
      proof: guard('can be applied by tools that walk a schema themselves, with the class of accounts-js'),
      off: auth('if (!GUARDED.has(resolve)) field.resolve = guarded(resolve)', ''),
    },
    {
      item: 'Unauthorized: extensions.code UNAUTHENTICATED, HTTP status 401',
      proof: told('"not signed in" is a 401 with the code that all tools know'),
      off: { file: `${GRAPHQL}/errors.ts`, from: ', http: { status: ERRORS.Unauthorized.status }', to: '' },
    },
    {
      item: 'extensions.code',
      note: 'which accounts-js lacked',
      proof: told('carries its code, its details and how long to wait'),
      off: { file: `${GRAPHQL}/errors.ts`, from: 'code: appCode ?? code,', to: '' },
    },
    {
      item: "an error of the app's own hook",
      proof: told("of the app's own hook keeps its text and its code"),
      off: { file: `${GRAPHQL}/errors.ts`, from: 'code: appCode ?? code,', to: 'code,' },
    },
    {
      item: 'AccountsModule.forRoot({ accountsServer, … })',
      proof: module('makes everything a schema tool and a server want, without additions'),
      off: modules('{ additions: false, ...options })\n  },', 'options)\n  },'),
    },
    {
      item: 'createAccountsCoreModule',
      proof: module('are what createModule of graphql-modules takes, and together a schema'),
      off: modules("moduleOf('accounts-core', config, false, coreParts)", "moduleOf('accounts-core', config, false, () => [])"),
    },
    {
      item: 'createAccountsPasswordModule, AccountsPasswordModule',
      proof: module('are what createModule of graphql-modules takes, and together a schema'),
      off: modules("moduleOf('accounts-password', config, true, passwordParts)", "moduleOf('accounts-password', config, true, () => [])"),
    },
    {
      item: 'createAccountsMagicLinkModule, AccountsMagicLinkModule',
      proof: module('are what createModule of graphql-modules takes, and together a schema'),
      off: modules(
        "moduleOf('accounts-magic-link', config, true, magicLinkParts)",
        "moduleOf('accounts-magic-link', config, true, () => [])",
      ),
    },
    {
      item: 'context(source, { accountsServer })',
      proof: module('the context helper takes what its modules take'),
      off: modules(
        'openDesk(serverIn(accountsServer), options)\n  return contextFor',
        'openDesk(serverIn(accountsServer), {})\n  return contextFor',
      ),
    },
    {
      item: 'buildSchema({ typeDefs, resolvers, authDirective, directives })',
      proof: test('build-schema')('applies the directives of the app after @auth, and @auth under the name it is given'),
      off: {
        file: `${GRAPHQL}/build-schema.ts`,
        from: '[authDirectiveTransformer, ...(options.directives ?? [])]',
        to: '[authDirectiveTransformer]',
      },
    },
    operation('createUser'),
    operation('authenticateWithService'),
    operation('loginWithService', 'authenticate'),
    operation('getUser'),
    operation('logout'),
    operation('refreshTokens'),
    operation('verifyEmail'),
    operation('sendResetPasswordEmail'),
    operation('sendVerificationEmail'),
    operation('resetPassword'),
    operation('addEmail'),
    operation('changePassword'),
    operation('getTwoFactorSecret'),
    operation('twoFactorSet'),
    operation('twoFactorUnset'),
    operation('impersonate'),
    operation('requestMagicLinkEmail'),
    {
      item: 'AccountsGraphQLClient: userFieldsFragment',
      proof: through('asks for the fields of a user that the app wants'),
      off: { file: OPERATIONS, from: 'userFieldsFragment?.definitions ?? [USER_FIELDS]', to: '[USER_FIELDS]' },
    },
    {
      item: 'AccountsGraphQLClient: refreshSession before each operation',
      proof: through('refreshes once for however many calls, and repeats a call whose token was refused meanwhile'),
      off: {
        file: CLIENT,
        from: 'const other = tokens && (await this.client?.replaceTokens(tokens.accessToken))\n      // Without',
        to: 'const other = null as typeof tokens\n      // Without',
      },
    },
    {
      item: 'GraphQLErrorList: errors',
      proof: { file: 'packages/client/src/graphql/graphql-client.test.ts', title: 'errors beside data are errors all the same' },
      off: { file: CLIENT, from: 'if (errors && errors.length > 0) throw new GraphQLErrorList(errors)', to: '' },
    },
    {
      item: 'accountsLink(() => client)',
      proof: through("signs an app's operations with the session, and leaves them alone when there is none"),
      off: { file: LINK, from: 'return tokens ?', to: 'return !tokens ?' },
    },
    {
      item: 'accountsLink: refreshTokens passes',
      proof: through('does not make the refresh wait for itself, where the accounts go through the link, too'),
      off: { file: LINK, from: "operationName === 'refreshTokens' || ", to: '' },
    },
    {
      item: '@accounts/graphql-client and @accounts/apollo-link, unmodified',
      note: 'with a real Apollo client, on SQLite and PostgreSQL',
      proof: { file: 'compat-tests/graphql.test.ts', title: "signs an app's own queries through @accounts/apollo-link" },
      off: core('async ({ call }) => call.user', 'async ({ call }) => call.user && null'),
    },
  ],
}
