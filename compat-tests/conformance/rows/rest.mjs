const REST = 'packages/server/src/transports/rest/'
const SIGN_IN = `${REST}routes/sign-in.ts`
const PASSWORD = `${REST}routes/password.ts`
const REPLY = `${REST}reply.ts`
const ANSWER = `${REST}answer.ts`
const CREDENTIAL = 'packages/server/src/wire/credential.ts'
const CALLER = 'packages/server/src/wire/caller.ts'
const EXPRESS = 'packages/server/src/mounts/express.ts'

/** @typedef {import('../row.d.ts').Row} Row */

/** @param {string} name @returns {(title: string) => Row['proof']} */
const test = name => title => ({ file: `${REST}${name}.test.ts`, title })
const routes = test('routes')
const impersonate = test('impersonate')
const input = test('bad-input')
/** @param {string} title @returns {Row['proof']} */
const mount = title => ({ file: 'packages/server/src/mounts/mounts.test.ts', title })

/** A route that is not there. @param {string} file @param {string} pattern */
const gone = (file, pattern) => ({ file, from: `'${pattern}'`, to: `'/off${pattern}'` })
/** @param {string} from @param {string} to */
const signIn = (from, to) => ({ file: SIGN_IN, from, to })
/** @param {string} from @param {string} to */
const password = (from, to) => ({ file: PASSWORD, from, to })

const LOGIN = routes('answers session, tokens and user as accounts-js does')
const TOKEN = routes('is taken from the header, with or without Bearer, or from the body')
const NOBODY = routes('missing or bad, makes the user null and never an error')
const UNAUTHORIZED = routes('missing or bad, is 401 without a code where a session is needed')
const WHOLE = routes('the whole of verify, recover and change answers null, and works')
const LOADER = mount('tells the token that came along, good or not, and refuses nobody')

/** @type {import('../row.d.ts').Chapter} */
export const rest = {
  title: 'REST routes',
  rows: [
    { item: 'POST /:service/authenticate', proof: LOGIN, off: gone(SIGN_IN, '/:service/authenticate') },
    {
      item: 'POST /:service/authenticate: the whole body goes to the service',
      proof: LOGIN,
      off: signIn('= v.looseObject({})', '= v.object({})'),
    },
    {
      item: 'POST /:service/authenticate: { sessionId, tokens, user }',
      proof: LOGIN,
      off: signIn('value: accounts.loginResult(login), opened: login', 'value: accounts.loginResult(login).tokens, opened: login'),
    },
    {
      item: 'POST /:service/verifyAuthentication',
      note: 'answers `true`, opens nothing',
      proof: routes('verifyAuthentication answers true and opens nothing'),
      off: gone(SIGN_IN, '/:service/verifyAuthentication'),
    },
    {
      item: 'POST /impersonate: impersonated.userId',
      note: 'which accounts-js 1.0 dropped',
      proof: impersonate('answers as accounts-js does, and the tokens are those of the target'),
      off: signIn('userId: v.nullish(text), ', ''),
    },
    {
      item: 'POST /impersonate: { authorized: false }',
      proof: impersonate('says no with 200 and nothing more, whoever is asked for'),
      off: signIn('return ok({ authorized: false })', 'return ok(null)'),
    },
    {
      item: 'POST /impersonate: by the token in the body, not the header’s',
      proof: impersonate('goes by the token in the body alone'),
      off: [
        signIn('accessToken: text, impersonated: identity', 'accessToken: v.optional(text), impersonated: identity'),
        signIn(
          'run: async ({ body, origin }) => {\n        const found = await accounts.impersonate(body.accessToken,',
          'run: async ({ body, origin, credential }) => {\n        const found = await accounts.impersonate(body.accessToken ?? credential.value,',
        ),
      ],
    },
    { item: 'GET /user', proof: TOKEN, off: signIn('{ ...aboutUser, method:', "{ ...aboutUser, pattern: '/off/user', method:") },
    { item: 'POST /user', proof: TOKEN, off: signIn('{ ...aboutUser, body:', "{ ...aboutUser, pattern: '/off/user', body:") },
    {
      item: 'GET or POST /user: null for nobody, never 401',
      proof: NOBODY,
      off: signIn("guard: 'holder',\n    summary: 'The signed-in user", "guard: 'session',\n    summary: 'The signed-in user"),
    },
    {
      item: 'POST /refreshTokens',
      proof: routes('answers a new pair with the facts of the connection'),
      off: gone(SIGN_IN, '/refreshTokens'),
    },
    {
      item: 'POST /refreshTokens: infos',
      proof: routes('answers a new pair with the facts of the connection'),
      off: signIn(', infos: { userAgent: origin.userAgent, ip: origin.ip } })', ' })'),
    },
    {
      item: 'POST /refreshTokens: An accessToken and refreshToken are required, InvalidTokens',
      proof: routes('wants both tokens, and says so in accounts-js’s words'),
      off: signIn("codes: { accessToken: 'InvalidTokens', refreshToken: 'InvalidTokens' },", ''),
    },
    {
      item: 'POST /logout',
      note: 'answers `null`',
      proof: routes('ends the session at once; a second time it is an InvalidSession'),
      off: gone(SIGN_IN, '/logout'),
    },
    {
      item: 'POST /logout: dead session, InvalidSession',
      proof: routes('ends the session at once; a second time it is an InvalidSession'),
      off: signIn('logoutByToken(credential.value, origin))', 'logoutByToken(credential.value, origin).catch(() => {}))'),
    },
    {
      item: 'POST /logout: no token, An accessToken is required, InvalidToken',
      proof: routes('without a token is an InvalidToken'),
      off: signIn('done(accounts.logoutByToken(', "credential.by === 'nothing' ? ok(null) : done(accounts.logoutByToken("),
    },
    {
      item: 'routes of a service are there with the service',
      proof: test('wire')('where there are no passwords there are no routes for them'),
      off: {
        file: `${REST}rest-transport.ts`,
        from: '(accounts.core.passwords ? passwordRoutes(accounts) : [])',
        to: 'passwordRoutes(accounts)',
      },
    },
    {
      item: 'POST /password/register',
      note: '`{}` for new and for taken names, while messages are ambiguous',
      proof: routes('answers alike for a new and for a taken address, while messages are ambiguous'),
      off: gone(PASSWORD, '/password/register'),
    },
    {
      item: 'POST /password/register: { userId }',
      proof: routes('answers the id, or what is taken, when they are not'),
      off: password('loginResult: accounts.loginResult(login) } : result', 'loginResult: accounts.loginResult(login) } : {}'),
    },
    {
      item: 'POST /password/register: { userId, loginResult }',
      proof: routes('answers a session too, where the app signs new users in'),
      off: password('{ ...result, loginResult: accounts.loginResult(login) }', 'result'),
    },
    {
      item: 'POST /password/register: further keys of user',
      note: 'for `validateNewUser` to decide',
      proof: routes('hands further fields to validateNewUser, which decides'),
      off: password('const newUser = v.looseObject(', 'const newUser = v.object('),
    },
    { item: 'POST /password/verifyEmail', proof: WHOLE, off: gone(PASSWORD, '/password/verifyEmail') },
    { item: 'POST /password/resetPassword', proof: WHOLE, off: gone(PASSWORD, '/password/resetPassword') },
    {
      item: 'POST /password/resetPassword: LoginResult',
      note: 'with `returnTokensAfterResetPassword`',
      proof: routes('a reset answers a session where the app wants one'),
      off: password('value: login && accounts.loginResult(login)', 'value: null'),
    },
    { item: 'POST /password/sendVerificationEmail', proof: WHOLE, off: gone(PASSWORD, '/password/sendVerificationEmail') },
    { item: 'POST /password/sendResetPasswordEmail', proof: WHOLE, off: gone(PASSWORD, '/password/sendResetPasswordEmail') },
    {
      item: 'sendVerificationEmail, sendResetPasswordEmail: null for unknown addresses too',
      proof: routes('unknown addresses are answered like known ones'),
      off: password(
        'done(send(body.email, origin))',
        'done(accounts.lookUp(body.email).then(user => user ? send(body.email, origin) : Promise.reject(new Error())))',
      ),
    },
    { item: 'POST /password/addEmail', proof: WHOLE, off: gone(PASSWORD, '/password/addEmail') },
    { item: 'POST /password/changePassword', proof: WHOLE, off: gone(PASSWORD, '/password/changePassword') },
    {
      item: 'null bodies',
      note: 'every success has a JSON body',
      proof: WHOLE,
      off: password(
        'done(accounts.verifyEmail(body.token, origin))',
        'accounts.verifyEmail(body.token, origin).then(() => ({ value: {} }))',
      ),
    },
    {
      item: 'authorization: Bearer <token>',
      proof: TOKEN,
      off: {
        file: CREDENTIAL,
        from: "header.startsWith('Bearer ') ? header.slice(7) : header.replace(/^bearer +/i, '')",
        to: 'header',
      },
    },
    {
      item: 'authorization: the bare token',
      proof: TOKEN,
      off: { file: CREDENTIAL, from: "header.replace(/^bearer +/i, '')", to: "(/^bearer +(.*)/i.exec(header)?.[1] ?? '')" },
    },
    {
      item: 'accessToken in the body',
      proof: TOKEN,
      off: { file: CREDENTIAL, from: "if (body.accessToken !== undefined && body.accessToken !== '') return", to: 'if (false) return' },
    },
    {
      item: 'authorization: an empty header is none',
      note: 'accounts-js’s client sends one when signed out',
      proof: TOKEN,
      off: { file: CREDENTIAL, from: "token === '' || /^bearer$/i.test(token) ? undefined : token", to: 'token' },
    },
    {
      item: '401 Unauthorized, for routes that take a session',
      proof: UNAUTHORIZED,
      off: { file: ANSWER, from: "if (guard === 'session' && !who) throw", to: 'if (false) throw' },
    },
    {
      item: '401: { message } without a code',
      proof: UNAUTHORIZED,
      off: { file: REPLY, from: "return code === 'Unauthorized' ? {} : { code }", to: 'return { code }' },
    },
    {
      item: '400: { message, code }',
      proof: routes('refuses with 400, a message and a code'),
      off: { file: REPLY, from: '...codeOf(error), ', to: '' },
    },
    {
      item: '400: no code for plain errors of the app',
      proof: routes('passes on the app’s own refusal, with its code or without one'),
      off: { file: REPLY, from: 'appCode === undefined ? {} : { code: appCode }', to: '{ code: appCode ?? code }' },
    },
    {
      item: '400: accounts-js’s code for each field that is missing or wrong',
      proof: routes('refusals carry accounts-js’s codes'),
      off: { file: `${REST}body.ts`, from: "const code = codes[field] ?? 'InvalidInput'", to: "const code: ErrorCode = 'InvalidInput'" },
    },
    {
      item: '400: which field is meant',
      note: 'accounts-js 1.0: `Validation error` and no more',
      proof: input('is named in the details'),
      off: { file: `${REST}body.ts`, from: ': new AccountsError(code, { details: { field } })', to: ': new AccountsError(code)' },
    },
    {
      item: '400: malformed JSON',
      note: 'here without a body parser too',
      proof: test('body')('must be an object, well-formed and of whole characters'),
      off: { file: `${REST}body.ts`, from: "throw invalid('body', 'is not valid JSON in UTF-8')", to: 'return {}' },
    },
    {
      item: 'everything is JSON',
      proof: test('wire')('every answer carries the headers of an answer nobody may keep'),
      off: { file: REPLY, from: "'content-type': 'application/json; charset=utf-8'", to: "'content-type': 'text/html'" },
    },
    {
      item: 'path: default /accounts',
      proof: test('wire')('unknown paths, wrong methods and options are answered in the same shape'),
      off: { file: `${REST}options.ts`, from: "given.path ?? '/accounts'", to: "given.path ?? '/'" },
    },
    {
      item: 'path: /',
      proof: test('wire')('the path can be changed, and "/" puts the routes at the root'),
      off: {
        file: `${REST}options.ts`,
        from: "if (path === '/' || path === '') return ''",
        to: "if (path === '/' || path === '') return '/accounts'",
      },
    },
    {
      item: 'unknown routes fall through to the app',
      proof: mount('Express with a body parser leaves to the app what is no route of ours, also below our path'),
      off: { file: EXPRESS, from: 'knows: target => rest.has(target)', to: 'knows: target => rest.knows(target)' },
    },
    {
      item: 'infos.userAgent: user-agent',
      proof: mount('sanitises the user, and tells how the request came'),
      off: { file: CALLER, from: " ?? headerOf(call, 'user-agent')", to: '' },
    },
    {
      item: 'infos.userAgent: x-ucbrowser-ua before user-agent',
      proof: mount('sanitises the user, and tells how the request came'),
      off: { file: CALLER, from: "headerOf(call, 'x-ucbrowser-ua') ?? ", to: '' },
    },
    {
      item: 'infos.ip',
      proof: routes('answers a new pair with the facts of the connection'),
      off: { file: CALLER, from: 'ip: connection.ip,', to: "ip: ''," },
    },
    {
      item: 'userLoader: req.authToken',
      proof: LOADER,
      off: { file: 'packages/server/src/mounts/mount.ts', from: 'authToken === undefined ? {} : { authToken }', to: '{}' },
    },
    {
      item: 'userLoader: never rejects, a bad token is nobody',
      proof: LOADER,
      off: { file: CREDENTIAL, from: 'ERRORS[error.code].status < 429', to: 'false' },
    },
    {
      item: 'userLoader: accessToken in a parsed body',
      proof: mount('takes the token from a parsed body where no header and no cookie says who it is'),
      off: { file: EXPRESS, from: "typeof token !== 'string') return head", to: 'true) return head' },
    },
    {
      item: 'userLoader: req.user is sanitised',
      proof: mount('sanitises the user, and tells how the request came'),
      off: {
        file: CREDENTIAL,
        from: 'return { who, user: accounts.publicUser(who.user)',
        to: 'return { who, user: who.user as never',
      },
    },
  ],
}
