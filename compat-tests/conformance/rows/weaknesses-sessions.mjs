const SERVER = 'packages/server/src/'
const CORE = `${SERVER}core/`
const REST = `${SERVER}transports/rest/`
const REFRESH = `${CORE}flows/refresh.ts`
const ACCESS = `${CORE}session/access-token.ts`
const OAUTH = `${REST}routes/oauth.ts`
const LINK = `${CORE}flows/link.ts`
const STEP = `${CORE}flows/second-factor.ts`
const TOTP = `${SERVER}strategies/totp/two-factor.ts`
const SHAPES = `${SERVER}compat/database/shapes.ts`

/** @typedef {import('../row.d.ts').Row} Row */

/** @param {string} file @returns {(title: string) => Row['proof']} */
const test = file => title => ({ file: `${SERVER}${file}.test.ts`, title })
const lesson = test('transports/rest/lessons')
const wire = test('transports/rest/wire')
const server = test('accounts-server')
const oauthRoutes = test('transports/rest/oauth')
const oauth = test('strategies/oauth/accounts-oauth')
const chain = server('ends the session when a spent secret comes back after its grace time')
const STORY = wire('no answer of a whole story holds a hash, a stored secret, a mailed token or the word services')
/** @param {string} file @param {string} from @param {string} to @returns {import('../row.d.ts').Change} */
const change = (file, from, to) => ({ file, from, to })

/** What is sent to whom, and what a session and its tokens are good for. @type {Row[]} */
export const sessionWeaknesses = [
  {
    item: 'whatever opens or renews a session sends the user as they are kept',
    note: 'login, refresh, sign-up, reset, callback of a provider',
    proof: STORY,
    off: change(`${CORE}accounts.ts`, 'user: this.publicUser(login.user),', 'user: login.user as never,'),
  },
  {
    item: 'GET /user sends the user as they are kept',
    proof: STORY,
    off: change(`${SERVER}wire/credential.ts`, 'return who && accounts.publicUser(who.user)', 'return who && (who.user as never)'),
  },
  {
    item: 'rows of a SQL adapter (`allServices`, `sessions`) leave with the user',
    proof: test('compat/database/adapter')('is read alike from TypeORM, with arrays, dates, rows beside, and methods'),
    off: change(SHAPES, "  'allServices',\n  'sessions',\n", ''),
  },
  {
    item: 'an anonymous request of the wrong kind ends the process',
    proof: test('transports/rest/bad-input')('is named in the details'),
    off: [
      change(
        `${REST}routes/sign-in.ts`,
        'const withToken = v.object({ accessToken: v.optional(text) })',
        'const withToken = v.object({ accessToken: v.unknown() })',
      ),
      change(
        ACCESS,
        "if (typeof token !== 'string' || token === '') throw new AccountsError('InvalidToken', { message: 'An accessToken is required' })",
        '',
      ),
    ],
  },
  {
    item: 'a failure of ours goes unanswered',
    proof: test('transports/rest/failures')(
      'is answered with 500 and nothing else, and written down once, under an id that the answer names',
    ),
    off: change(
      `${REST}rest-transport.ts`,
      'return this.#replies.refusal(INTERNAL,',
      'if (call) throw error\n    return this.#replies.refusal(INTERNAL,',
    ),
  },
  {
    item: 'links to reset a password never end',
    proof: test('core/flows/flows')('expire, are good for one purpose only, and die when a newer one is sent'),
    off: change(`${CORE}flows/recover.ts`, 'expiresAt: now + lifetime,', 'expiresAt: Number.MAX_SAFE_INTEGER,'),
  },
  {
    item: 'links to verify an address never end',
    proof: test('strategies/password/options-at-work')('verifyEmailTokenExpiration is how long such a link is good'),
    off: change(
      `${CORE}flows/verify-email.ts`,
      'expiresAt: now + core.settings.password.verifyEmailTokenExpiration,',
      'expiresAt: Number.MAX_SAFE_INTEGER,',
    ),
  },
  {
    item: 'links to sign in never end',
    proof: test('strategies/magic-link/accounts-magic-link')('is over after fifteen minutes, or as long as the app says'),
    off: change(`${CORE}flows/request-magic-link.ts`, 'expiresAt: now + lifetime,', 'expiresAt: Number.MAX_SAFE_INTEGER,'),
  },
  {
    item: 'times that SQL adapters hand out as text are never over',
    proof: test('strategies/password/service')('reads times as numbers, as texts and as dates, and takes what it cannot read for over'),
    off: change(
      `${SERVER}strategies/password/accounts-password.ts`,
      "typeof when === 'string' && !/^\\d+$/.test(when) ? Date.parse(when) : Number(when)",
      'Number(when)',
    ),
  },
  {
    item: 'an account elsewhere leads to whoever has a row of that number',
    proof: test('compat/database/adapter')('believes no answer to another question than it asked'),
    off: change(
      `${SERVER}compat/database/adapter.ts`,
      'return found?.accounts.get(provider)?.id === subject ? found : null',
      'return found',
    ),
  },
  {
    item: 'an account of one provider signs in as the same name at another',
    proof: test('compat/database/adapter')('believes no answer to another question than it asked'),
    off: change(
      `${SERVER}compat/database/adapter.ts`,
      'found?.accounts.get(provider)?.id === subject ?',
      '[...(found?.accounts.values() ?? [])].some(({ id }) => id === subject) ?',
    ),
  },
  {
    item: 'one address can be two users’',
    proof: lesson('of somebody else takes nothing from them, nor does removing it'),
    off: change(
      `${SERVER}stores/memory/emails.ts`,
      "if (data.identifiers.has(identifierKey('email', key))) return 'taken'\n        row.user.emails.push",
      'row.user.emails.push',
    ),
  },
  {
    item: 'removing an address removes it from whoever has it',
    proof: lesson('of somebody else takes nothing from them, nor does removing it'),
    off: [
      change(
        `${CORE}flows/emails.ts`,
        "const key = ownKey(user, address, 'email')\n  await confirm",
        'const key = emailKey(String(address))\n  await confirm',
      ),
      change(
        `${SERVER}stores/memory/emails.ts`,
        "const row = data.users.get(userId)\n        const index = row?.emailKeys.indexOf(key) ?? -1\n        if (!row || index < 0) return 'missing'\n        if (row.user.username",
        "const row = data.users.get(data.identifiers.get(identifierKey('email', key)) ?? userId)\n        const index = row?.emailKeys.indexOf(key) ?? -1\n        if (!row || index < 0) return 'missing'\n        if (row.user.username",
      ),
    ],
  },
  {
    item: 'a provider’s word for an address opens an account that never verified it',
    proof: oauth('that nobody confirmed here is not handed to its owner'),
    off: change(LINK, '=> verified && emailKey(address) === email.key', '=> (verified || true) && emailKey(address) === email.key'),
  },
  {
    item: 'an address that the provider has not verified opens an account',
    proof: oauth('is not believed when the provider'),
    off: change(LINK, 'if (!email?.verified) return null', 'if (!email) return null'),
  },
  {
    item: 'a link to a provider’s callback signs somebody else’s browser in',
    note: 'no state',
    proof: oauthRoutes('is the only one that is let in: no other browser, no other provider, no other state, and nobody asks the provider'),
    off: change(OAUTH, 'const mode = strategy.begin?.(visit.provider) ?', 'const mode = !visit ?'),
  },
  {
    item: 'what is not in the address of a callback overrides it',
    proof: oauthRoutes('takes the provider from the path, whatever query, cookies and body say'),
    off: change(OAUTH, '{ ...query, provider: visit.provider }', '{ provider: visit.provider, ...query }'),
  },
  {
    item: 'any refresh token refreshes any session',
    note: 'so a stolen access token is good for ever',
    proof: lesson('has a refresh token that is like no other of that second, and names what it is for'),
    off: change(REFRESH, 'if (core.accessTokens.sessionNamedBy(accessToken) !== claims.sid)', 'if (!claims)'),
  },
  {
    item: 'refresh tokens of one second are the same for everybody',
    proof: lesson('has a refresh token that is like no other of that second, and names what it is for'),
    off: change(ACCESS, '{ sid: session.id, rt: secret, iat:', '{ iat:'),
  },
  {
    item: 'an access token is taken for a refresh token',
    proof: test('core/session/access-token')('are never taken for refresh tokens, nor refresh tokens for them'),
    off: change(ACCESS, "typeof payload?.sid !== 'string' || typeof payload.rt !== 'string'", "typeof payload?.sid !== 'string'"),
  },
  {
    item: 'a refresh token is good again and again',
    note: 'no rotation',
    proof: chain,
    off: [
      change(REFRESH, 'next: hashSecret(successorOf(core.keys, presented)),', 'next: presented,'),
      change(REFRESH, 'successorMade(core.keys, presented, turn.next)', 'claims.secret'),
    ],
  },
  {
    item: 'a refresh token used twice is not noticed',
    proof: chain,
    off: change(
      `${CORE}session/refresh-chain.ts`,
      "return { outcome: 'reused' }\n",
      "return { outcome: 'repeated', chain, next: chain.tip }\n",
    ),
  },
  {
    item: 'a session that was ended can be refreshed',
    proof: lesson('of somebody deactivated is not refreshed, nor is one that was signed out'),
    off: [
      change(REFRESH, 'return isLive(found, now)', 'return found !== null'),
      change(`${SERVER}stores/memory/sessions.ts`, 'session.endedAt !== undefined || !rotation.judge(found())', '!rotation.judge(found())'),
    ],
  },
  {
    item: 'who is deactivated keeps their sessions',
    proof: test('accounts-server')('ends every session of a deactivated user at once, and lets them in again once activated'),
    off: [
      change(`${CORE}session/session.ts`, ' && session.epoch === user.epoch && user.deactivatedAt === undefined', ''),
      change(
        `${CORE}session/session.ts`,
        'session.endedAt === undefined && ',
        "(session.endedAt === undefined || session.endReason === ('deactivated' as string)) && ",
      ),
    ],
  },
  {
    item: 'a new password leaves other sessions as they are',
    proof: test('core/flows/flows')('changes the password with the old one, keeps this session and ends the others'),
    off: change(
      `${CORE}flows/change-password.ts`,
      '...(settings.invalidateAllSessionsAfterPasswordChanged ? { endSessionsExcept: session?.id ?? null } : {}),',
      '',
    ),
  },
  {
    item: 'with an expired access token nobody can sign out',
    proof: test('transports/rest/routes')('works with an access token that has expired'),
    off: change(`${CORE}flows/logout.ts`, "findByAccessToken(core, accessToken, 'accept')", 'findByAccessToken(core, accessToken)'),
  },
  {
    item: 'sessions last as long as somebody refreshes them',
    proof: server('keeps a session going while it is used, and not beyond its absolute life'),
    off: change(
      `${CORE}settings.ts`,
      "milliseconds('session.absolute', session.absolute ?? '90d')",
      "milliseconds('session.absolute', session.absolute ?? '9000d')",
    ),
  },
  {
    item: 'whoever acts as a user is still themselves, until the first refresh',
    proof: test('transports/rest/impersonate')('answers as accounts-js does, and the tokens are those of the target'),
    off: change(
      `${CORE}flows/impersonate.ts`,
      'await loginAs(core, target.id, who, origin)',
      'await loginAs(core, who.user.id, who, origin)',
    ),
  },
  {
    item: 'after a refresh nobody can tell that somebody acts as the user',
    proof: test('core/flows/impersonate')(
      'answers the target at once, by id, name or address, in a session that stays marked through every refresh',
    ),
    off: change(
      REFRESH,
      'core.accessTokens.pair(session, user, next)',
      'core.accessTokens.pair({ ...session, impersonatorId: undefined } as never, user, next)',
    ),
  },
  {
    item: 'a link by mail goes around the second factor',
    proof: test('strategies/magic-link/accounts-magic-link')('asks for the second factor, which can also be given at once'),
    off: change(STEP, 'if (enrolled.length === 0 ||', "if (enrolled.length === 0 || proof.factor.kind === 'receives' ||"),
  },
  {
    item: 'a provider goes around the second factor',
    proof: oauth('gets a session from the login flow alone: second factor, deactivation and hooks apply'),
    off: change(STEP, 'if (enrolled.length === 0 ||', "if (enrolled.length === 0 || proof.factor.kind === 'trusted' ||"),
  },
  {
    item: 'a reset of the password goes around the second factor',
    proof: test('core/flows/flows')('sign in after a reset when the app wants that, but not past a second factor'),
    off: change(STEP, 'if (enrolled.length === 0 ||', "if (enrolled.length === 0 || proof.factor.name === 'reset-link' ||"),
  },
  {
    item: 'changing the password and adding an address take no second factor',
    proof: test('core/flows/two-factor-asked')('takes a code too, unless the session is fresh'),
    off: change(`${CORE}flows/confirm.ts`, 'if (factor && !isRecent(core, who))', 'if (factor && !factor)'),
  },
  {
    item: 'a code of an authenticator app is good twice',
    proof: test('core/flows/two-factor')('is good once: not the one that set it up, not one that signed in, none before it'),
    off: change(TOTP, ' || step <= totpState(kept).lastStep', ''),
  },
  {
    item: 'codes can be guessed without end',
    proof: test('core/flows/two-factor')('cannot be guessed from inside a session either'),
    off: change(
      `${CORE}flows/own-code.ts`,
      'refuseLocked(settings.lockout, [failures ?? null], clock.now())',
      'refuseLocked(settings.lockout, [], clock.now())',
    ),
  },
  {
    item: 'the client chooses the secret of its second factor',
    proof: test('core/flows/two-factor')('refuses a secret that was not offered, that was offered too long ago, or to somebody else'),
    off: [
      change(`${CORE}flows/two-factor.ts`, 'if (!offer || (offer.userId', 'if (offer && (offer.userId'),
      change(`${CORE}flows/two-factor.ts`, "if (!(await core.store.tokens.consume(hash, 'two-factor-offer', now))) throw notOffered()", ''),
    ],
  },
  {
    item: 'secrets of second factors are kept in clear',
    proof: test('strategies/totp/two-factor')('is sealed or hashed: neither the secret nor a recovery code is to be found'),
    off: change(`${CORE}identity/totp.ts`, "form: 'sealed-base32', secret: sealed,", "form: 'sealed-base32', secret: sealed && secret,"),
  },
  {
    item: 'over GraphQL a second factor can be neither set up nor given up',
    proof: test('transports/graphql/fields')('twoFactorSet and twoFactorUnset answer null'),
    off: change(
      `${SERVER}transports/graphql/password-resolvers.ts`,
      'nothing(accounts.twoFactorSet(who, args.secret, args.code, call.origin)),',
      'nothing(Promise.reject(new TypeError(String([who, args, call])))),',
    ),
  },
  {
    item: 'a second factor in a TypeORM database locks its owner out',
    proof: test('compat/accounts-js-database-users')(
      'a second factor of the old app is shown in clear, kept nowhere else, used and removed by one at a time',
    ),
    off: [
      change(SHAPES, 'Array.isArray(value) ? value[0] : value', 'value'),
      change(SHAPES, 'for (const row of Array.isArray(rows) ? (rows as unknown[]) : []) {', 'for (const row of [] as unknown[]) {'),
    ],
  },
]
