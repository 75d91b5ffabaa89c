const SERVER = 'packages/server/src/'
const CORE = `${SERVER}core/`
const PASSWORD = `${SERVER}strategies/password/`
const HASHING = `${PASSWORD}password-hashing.ts`
const RULES = `${CORE}policy/password-rules.ts`
const REST = `${SERVER}transports/rest/`
const SECRET = `${CORE}session/secret.ts`

/** @typedef {import('../row.d.ts').Row} Row */

/** @param {string} file @returns {(title: string) => Row['proof']} */
const test = file => title => ({ file: `${SERVER}${file}.test.ts`, title })
const lesson = test('transports/rest/lessons')
const service = test('strategies/password/accounts-password')
const hooks = test('compat/server-hooks')
/** @param {string} file @param {string} from @param {string} to @returns {import('../row.d.ts').Change} */
const change = (file, from, to) => ({ file, from, to })
const clear = change(
  SECRET,
  "return createHash('sha256').update(presented).digest('base64url') as SecretHash",
  'return presented as string as SecretHash',
)

/** What strangers learn and may try, and what is kept. @type {Row[]} */
export const accountWeaknesses = [
  {
    item: 'a wrong password takes its time only where there is an account',
    note: 'no floor under failures',
    proof: test('strategies/password/password-hashing')(
      'holds back what is wrong, whoever it is about, until the floor, and what is right not',
    ),
    off: change(HASHING, 'await this.#floor.hold(began)', ''),
  },
  {
    item: 'an unknown name costs no hash',
    proof: test('strategies/password/password-hashing')('draws the decoy of an account from its name and from the forms in the store'),
    off: change(
      HASHING,
      'const task = this.#task(password, stored) ?? (await this.#decoyFor(decoyKey))',
      'const task = this.#task(password, stored)\n    if (!task) return false',
    ),
  },
  {
    item: 'a login says that an account has no password',
    proof: service('answers alike for whatever is wrong, while messages are ambiguous'),
    off: change(`${PASSWORD}accounts-password.ts`, "error: wrong('NoPasswordSet')", "error: this.#refusal('NoPasswordSet')"),
  },
  {
    item: 'a wrong password says that an address is not verified',
    proof: service('asks for a verified address only after the right password'),
    off: change(
      `${PASSWORD}accounts-password.ts`,
      "if (!matches) return { ...proof, error: wrong('IncorrectPassword') }",
      "if (!matches && mayVerify) return { ...proof, error: wrong('IncorrectPassword') }",
    ),
  },
  {
    item: 'the reply of register says whether the account is new',
    proof: test('transports/rest/routes')('answers alike for a new and for a taken address, while messages are ambiguous'),
    off: change(
      `${REST}routes/password.ts`,
      'const { result, login } = await accounts.register(body.user, origin, mode)',
      'const { result, login } = await accounts.register(body.user, origin, mode)\n        const found = await accounts.lookUp(String(body.user.username))\n        if (found && found.createdAt > 0) return { value: { userId: found.id } }',
    ),
  },
  {
    item: 'a session can try out whose addresses are taken',
    proof: lesson('cannot be used to try out whose addresses are taken'),
    off: change(
      `${CORE}flows/emails.ts`,
      "await core.limiter.hit('mail', { ip: origin.ip, account: accountName({ kind: 'id', key: user.id }) })\n  if (confirmation",
      'if (confirmation',
    ),
  },
  {
    item: 'a callback around OAuth that throws ends the process',
    proof: test('transports/rest/oauth')('callbacks that throw are reported; one answer is sent, and the server lives'),
    off: change(
      `${REST}routes/oauth.ts`,
      "accounts.core.log.error({ err: error }, 'an OAuth callback of the app threw; the answer is the usual one')\n    return undefined",
      'throw error',
    ),
  },
  {
    item: 'a callback around OAuth that redirects is answered twice',
    proof: test('mounts/express-oauth')('onOAuthSuccess may answer with Express’s response, and is the only one who answers'),
    off: change(`${SERVER}mounts/express.ts`, 'if (options.onOAuthSuccess) oauth', 'if (options.onOAuthSuccess && !oauth) oauth'),
  },
  {
    item: 'an account can be guessed at from any number of addresses',
    proof: lesson('run out by account, from however many addresses'),
    off: change(`${CORE}policy/rate-limit.ts`, 'if (account && who.account !== undefined)', 'if (account && who.account === null)'),
  },
  {
    item: 'one address can guess at any number of accounts',
    proof: lesson('run out by address, at however many accounts'),
    off: change(`${CORE}policy/rate-limit.ts`, 'if (address && who.ip !== null)', "if (address && who.ip === 'nobody')"),
  },
  {
    item: 'repeated failures have no consequence',
    note: 'no lockout',
    proof: test('core/flows/login')('locks an account step by step, but not on a device its owner is known on, nor a session that is open'),
    off: change(`${CORE}policy/lockout.ts`, 'if (!failures || failures.count <= lockout.free', 'if (!failures || failures.count > 0'),
  },
  {
    item: 'X-Forwarded-For of anybody is believed',
    proof: test('wire/proxies')('the client is the peer, whatever the headers say'),
    off: change(
      `${SERVER}wire/proxies.ts`,
      'if (!proxies.trusts(peer, 0)) return direct',
      "if (!peer) return direct\n  return { ...direct, ip: listOf(call, 'x-forwarded-for')[0] ?? peer }",
    ),
  },
  {
    item: 'nine other headers tell the address of the caller',
    proof: test('wire/proxies')('the many other headers in which accounts-js believed are not read at all'),
    off: change(
      `${SERVER}wire/proxies.ts`,
      'const peer = plainAddress(call.ip)',
      "const peer = plainAddress(headerOf(call, 'x-real-ip') ?? headerOf(call, 'x-client-ip') ?? call.ip)",
    ),
  },
  {
    item: 'links are kept in clear',
    note: 'to verify, to reset and to sign in',
    proof: lesson('is kept as a hash, whatever it is for'),
    off: clear,
  },
  {
    item: 'links to sign in are kept in clear',
    proof: test('strategies/magic-link/accounts-magic-link')('is kept as a hash, and nowhere in clear'),
    off: clear,
  },
  {
    item: 'what refreshes and resumes sessions is kept in clear',
    proof: test('core/flows/refresh')('keeps no secret, only hashes'),
    off: clear,
  },
  {
    item: 'earlier links to reset a password stay good',
    note: 'and are kept for ever',
    proof: lesson('is void once a later one was asked for'),
    off: change(`${SERVER}stores/memory/data.ts`, 'if (earlier !== undefined) this.dropToken(earlier)', 'void earlier'),
  },
  {
    item: 'hooks of a login are given the password',
    proof: hooks('ValidateLogin and LoginSuccess are given service, connection, params and user, without the password'),
    off: change(
      `${CORE}looks-secret.ts`,
      '.filter(([key]) => !looksSecret(key))',
      '.filter(([key]) => !looksSecret(key) || key.length > 0)',
    ),
  },
  {
    item: 'CreateUserSuccess is given the hash',
    proof: hooks('CreateUserSuccess is given the user without a hash'),
    off: change(
      `${CORE}flows/register.ts`,
      "core.hooks.tell('userCreated', { user, origin })",
      "core.hooks.tell('userCreated', { user: { ...user, services: { password: { bcrypt: '$argon2id$' } } }, origin })",
    ),
  },
  {
    item: 'CreateUserError is given the hash',
    proof: hooks('CreateUserError is given what was to be kept, without the password, when it could not be'),
    off: change(`${CORE}flows/register.ts`, ', emails, ...custom }', ', emails, ...custom, password: password?.hash }'),
  },
  {
    item: 'a server without a secret starts with one that everybody knows',
    proof: test('accounts-server')('refuses unknown options, a missing store, a missing secret and contradictions by name'),
    off: change(
      `${CORE}settings.ts`,
      "if (typeof secret !== 'string' || secret === '') refuse(",
      "if (!secret) return 'secret' as Given\n  if (typeof secret !== 'string') refuse(",
    ),
  },
  {
    item: 'a weak secret is good enough for production',
    proof: test('accounts-server-options')('a weak secret starts on a laptop with one loud line, and not where NODE_ENV is production'),
    off: change(`${CORE}settings.ts`, 'if (production && !isStrongSecret(secret))', 'if (production && !secret)'),
  },
  {
    item: 'tokens say themselves how they are to be verified',
    proof: test('core/session/access-token')('refuse every algorithm, key and header but our own'),
    off: change(`${CORE}session/access-token.ts`, 'this.#verifying.get(parts.header)', '[...this.#verifying.values()].flat()'),
  },
  {
    item: 'tokens of another issuer or for somebody else are good',
    proof: test('core/session/access-token')('of another issuer or audience are refused'),
    off: change(
      `${CORE}session/access-token.ts`,
      'if (iss !== issuer || aud !== audience)',
      'if (!data && (iss || aud || issuer || audience))',
    ),
  },
  {
    item: 'one secret signs everything',
    proof: test('core/keys')('are derived one for each use, the same at each start'),
    off: change(`${CORE}keys.ts`, '`latchkey/1/${purpose}`', "purpose && 'latchkey/1'"),
  },
  {
    item: 'options of one server become those of the next',
    proof: test('accounts-server-options')('one server never shares an option with the next'),
    off: change(
      `${CORE}mail/templates.ts`,
      'export function mergeTemplates(given: GivenEmailTemplates = {}): EmailTemplates {\n',
      'const shared = {}\n' +
        'export function mergeTemplates(own: GivenEmailTemplates = {}): EmailTemplates {\n' +
        '  const given: GivenEmailTemplates = Object.assign(shared, own)\n',
    ),
  },
  {
    item: 'new hashes cost less than is recommended',
    proof: test('strategies/password/options')('hash with argon2id unless bcrypt is asked for'),
    off: change(
      `${PASSWORD}recipe.ts`,
      'memoryCost: 19_456, timeCost: 2, parallelism: 1',
      'memoryCost: 1_024, timeCost: 1, parallelism: 1',
    ),
  },
  {
    item: 'of a long password only the first 72 bytes count',
    proof: lesson('takes no empty password, and none that hashing would cut'),
    off: change(
      HASHING,
      'return { form: formOf(current), hash: await makeHash(current, digestOf(password)) }',
      "return { form: 'bcrypt', hash: await makeHash({ algorithm: 'bcrypt', rounds: 4 }, String(password)) }",
    ),
  },
  {
    item: 'old hashes stay as weak as they are',
    proof: service('goes up after a good login'),
    off: change(`${PASSWORD}password-upgrade.ts`, 'if (this.#hashing.isCurrent(login.stored) ||', 'if (login.stored ||'),
  },
  {
    item: 'a password may be of any length',
    proof: test('core/policy/password-rules')('refuses what is too short or too long, also without end'),
    off: change(RULES, 'if (length > rules.maxLength) return', 'if (length < 0) return'),
  },
  {
    item: 'an empty password is a password',
    proof: lesson('takes no empty password, and none that hashing would cut'),
    off: [
      change(`${CORE}flows/new-password.ts`, "if (password === null || password === '')", 'if (password === null)'),
      change(RULES, 'if (length < rules.minLength) return', 'if (length < 0) return'),
    ],
  },
  {
    item: 'names that differ by capitals are two users’',
    proof: lesson('takes no name that differs from another by capitals or width alone, and either spelling signs in'),
    off: change(
      `${CORE}identity/username.ts`,
      "const folded = name.normalize('NFKC').toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFKC')",
      'const folded = name',
    ),
  },
  {
    item: 'of two equal sign-ups at once both are made',
    note: 'check, then insert',
    proof: test('core/flows/abuse')('is found out by the store alone when two sign up at once, and answered no differently'),
    off: change(`${SERVER}stores/memory/users.ts`, 'if (taken) return { inserted: false, taken: taken.kind }', ''),
  },
  {
    item: 'what cannot be written whole leaves half of itself behind',
    proof: test('stores/memory/memory')('a deed that cannot be written leaves no half of itself'),
    off: [
      change(
        `${SERVER}stores/memory/users.ts`,
        "const ride = data.prepare(along)\n        const row = data.users.get(userId)\n        if (!row) return 'gone'\n        const owner",
        "const row = data.users.get(userId)\n        if (!row) return 'gone'\n        const owner",
      ),
      change(
        `${SERVER}stores/memory/users.ts`,
        'row.user.username = username\n        noteUser(data, row, now)\n        ride()',
        'row.user.username = username\n        noteUser(data, row, now)\n        data.prepare(along)()',
      ),
    ],
  },
  {
    item: 'the page to choose a password loads files of strangers, and runs what stands in its address',
    proof: {
      file: 'packages/latchkey/src/serve/home-pages.test.ts',
      title: 'the page may load its own files and nothing else, and may not be framed',
    },
    off: change('packages/latchkey/src/serve/headers.ts', "'content-security-policy': contentPolicy,", ''),
  },
  {
    item: 'what stands in the address gets into the markup of the page',
    proof: { file: 'packages/ui/src/home/fields.test.ts', title: 'what stands in a field never stands in its markup' },
    off: change(
      'packages/ui/src/home/fields.ts',
      "type = 'text', autocomplete, value = '' }: Field): TemplateResult => html`",
      "type = 'text', autocomplete, value = '' }: Field): TemplateResult => ((...parts: [TemplateStringsArray, ...unknown[]]) => ({ strings: [String.raw(...parts)], values: [] }) as never)`",
    ),
  },
  {
    item: 'the password is to be read on the screen',
    proof: { file: 'packages/ui/src/home/fields.test.ts', title: 'a password is not to be read on the screen until somebody asks for it' },
    off: change('packages/ui/src/home/fields.ts', 'type="password"', 'type="text"'),
  },
  {
    item: 'opening a link redeems it',
    note: 'so mail scanners do',
    proof: test('transports/rest/browser')('by GET changes nothing, for nothing is changed by GET'),
    off: change(
      `${REST}routes/password.ts`,
      "pattern: '/password/verifyEmail',",
      "method: 'GET',\n      pattern: '/password/verifyEmail',",
    ),
  },
  {
    item: 'what a driver says reaches the client',
    proof: test('transports/rest/failures')(
      'is answered with 500 and nothing else, and written down once, under an id that the answer names',
    ),
    off: change(
      `${REST}rest-transport.ts`,
      'return this.#replies.refusal(INTERNAL,',
      'return this.#replies.refusal({ status: 400, body: { message: String(error) } },',
    ),
  },
  {
    item: 'what a driver says reaches the client, through a service of the app',
    proof: test('compat/accounts-js-service')('hands what a driver or the system threw to nobody outside'),
    off: change(
      `${SERVER}compat/accounts-js-service.ts`,
      "return Object.getPrototypeOf(thrown) === Error.prototype && !('syscall' in thrown) && !('errno' in thrown)",
      'return true',
    ),
  },
  {
    item: 'what a driver says reaches the client, over GraphQL',
    proof: test('transports/graphql/errors')('nobody meant to throw is told as such, and written down'),
    off: change(
      `${SERVER}transports/graphql/errors.ts`,
      'return new GraphQLError(ERRORS.InternalError.message,',
      'return new GraphQLError(String(error),',
    ),
  },
  {
    item: 'anybody may ask for any number of second-factor secrets',
    proof: test('core/flows/two-factor')('is limited by address, as anybody may ask for a secret'),
    off: change(
      `${CORE}flows/two-factor.ts`,
      "await core.limiter.hit('offer', { ip: clientOf(origin) })",
      'await Promise.resolve(clientOf(origin))',
    ),
  },
  {
    item: 'a mail server that is down fails requests, and tells who has an account',
    proof: lesson('fails no request, and tells nothing about who has an account'),
    off: change(
      `${CORE}flows/recover.ts`,
      'email.address, origin))\n  core.outbox.kick()',
      'email.address, origin))\n  if (user) await core.settings.sendMail?.({} as never)',
    ),
  },
  {
    item: 'each bad token is printed on the console',
    proof: test('transports/graphql/context')('of a bad token is worth no line, neither in the log nor on the console'),
    off: change(
      `${SERVER}wire/credential.ts`,
      'return await asked\n  } catch (error) {',
      'return await asked\n  } catch (error) {\n    console.error(error)',
    ),
  },
  {
    item: 'AccountsSession refreshes the tokens at every request',
    proof: test('mounts/express-session')('tokens are left alone while they are good'),
    off: change(
      `${SERVER}mounts/express-session.ts`,
      'kept && expiresSoon(kept.accessToken, this.#accountsServer.accounts.core.clock.now()) ?',
      'kept && (expiresSoon(kept.accessToken, 0) || kept) ?',
    ),
  },
  {
    item: 'an object in the place of a name is a query of the database',
    proof: { file: 'packages/server/src/compat/database/adapter.test.ts', title: 'hands on nothing but text' },
    off: {
      file: 'packages/server/src/compat/database/adapter.ts',
      from: "if (typeof value !== 'string') throw new AccountsError('MatchFailed')",
      to: 'if (value === false) return value',
    },
  },
  {
    item: 'a name is a piece of a program that the database runs',
    proof: {
      file: 'packages/server/src/compat/database/adapter.test.ts',
      title: 'asks for no name that could end the text it is written into',
    },
    off: { file: 'packages/server/src/compat/database/adapter.ts', from: '!isHarmless(spelling) || ', to: '' },
  },
]
