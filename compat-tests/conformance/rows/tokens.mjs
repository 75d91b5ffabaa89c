const FLOWS = 'packages/server/src/core/flows'
const ACCOUNTS = 'packages/server/src/core/accounts.ts'
const IMPERSONATE = `${FLOWS}/impersonate.ts`

const beginning = /** @param {string} title */ title => ({ file: `${FLOWS}/impersonate.test.ts`, title })
const refreshing = /** @param {string} title */ title => ({ file: `${FLOWS}/refresh.test.ts`, title })
const checking = /** @param {string} title */ title => ({ file: 'packages/server/src/core/session/check.test.ts', title })
const earlier = /** @param {string} title */ title => ({ file: 'packages/server/src/compat/accounts-js-tokens.test.ts', title })
const impersonation = /** @param {string} from @param {string} to */ (from, to) => ({ file: IMPERSONATE, from, to })

const AT_ONCE = 'answers the target at once, by id, name or address, in a session that stays marked through every refresh'

/** @type {import('../row.d.ts').Chapter} */
export const tokens = {
  title: 'Tokens and impersonation',
  rows: [
    {
      item: 'tokenSecret: { publicKey, privateKey }',
      proof: {
        file: 'packages/server/src/transports/rest/jwks.test.ts',
        title: 'are those of the PEM texts that accounts-js takes, and nobody has to say which algorithm',
      },
      off: {
        file: 'packages/server/src/core/keys.ts',
        from: "if (typeof given === 'object' && given !== null) return",
        to: 'if (false) return',
      },
    },
    {
      item: 'tokenCreator',
      note: 'on every store',
      proof: refreshing('is what tokenCreator makes, and stays through refreshes'),
      off: {
        file: `${FLOWS}/open-session.ts`,
        from: '(await core.settings.tokenCreator?.createToken(user)) ?? newId(core.chance)',
        to: 'newId(core.chance)',
      },
    },
    {
      item: 'createNewSessionTokenOnRefresh',
      note: 'on every store',
      proof: refreshing('is another after each refresh where the app wants that, and older access tokens die at once'),
      off: {
        file: `${FLOWS}/refresh.ts`,
        from: 'core.settings.createNewSessionTokenOnRefresh ? await newHandle(core, claims.sid) : undefined',
        to: 'undefined',
      },
    },
    {
      item: 'createTokens',
      proof: refreshing('makes a pair for a live session and opens none; both pairs lead on together'),
      off: {
        file: `${FLOWS}/create-tokens.ts`,
        from: 'const found = await findByHandle(core, token, user.id)',
        to: 'const found = undefined',
      },
    },
    {
      item: 'useStatelessSession',
      proof: checking('a token is good until it expires, whatever became of its session'),
      off: { file: ACCOUNTS, from: 'if (useStatelessSession) return', to: 'if (false) return' },
    },
    {
      item: 'useStatelessSession, session: null',
      note: 'what `resumeSessionValidator` and hooks are handed',
      proof: checking('asks resumeSessionValidator and tells hooks, without a session'),
      off: {
        file: 'packages/server/src/core/session/check.ts',
        from: 'await askApp(core, { user: found, session: null })',
        to: '',
      },
    },
    {
      item: 'micro',
      proof: checking('a token is believed by its signature alone: no store is opened, no hook told, and only the id is known'),
      off: { file: ACCOUNTS, from: 'if (micro) return', to: 'if (false) return' },
    },
    {
      item: 'impersonationAuthorize',
      proof: beginning('is what the app says for these two users, whom it is shown as they are kept, without their hashes'),
      off: impersonation('Boolean(await impersonationAuthorize(user, target))', 'true'),
    },
    {
      item: 'impersonationAuthorize: undefined',
      note: 'nobody may',
      proof: beginning('is for nobody unless the app says who may, and the log says so once'),
      off: impersonation('warnOnce(core)\n    return false', 'return true'),
    },
    {
      item: 'impersonate(accessToken, { userId }, infos)',
      proof: beginning(AT_ONCE),
      off: impersonation("if (userId) return { kind: 'id'", "if (false) return { kind: 'id'"),
    },
    {
      item: 'impersonate(accessToken, { username }, infos)',
      proof: beginning(AT_ONCE),
      off: impersonation("if (username) return { kind: 'username'", "if (false) return { kind: 'username'"),
    },
    {
      item: 'impersonate(accessToken, { email }, infos)',
      proof: beginning(AT_ONCE),
      off: impersonation("if (email) return { kind: 'email'", "if (false) return { kind: 'email'"),
    },
    {
      item: 'impersonate, createJwtPayload',
      note: 'asked again, and at each refresh',
      proof: beginning(AT_ONCE),
      off: {
        file: 'packages/server/src/core/session/access-token.ts',
        from: 'if (!createJwtPayload) return {}',
        to: 'return {}',
      },
    },
    {
      item: 'impersonate, ambiguousErrorMessages',
      note: 'hides who exists',
      proof: beginning('does not tell whether a user exists, unless messages need not be ambiguous'),
      off: impersonation('if (!target && !core.settings.ambiguousErrorMessages)', 'if (!target && false)'),
    },
    {
      item: 'data.isImpersonated',
      proof: beginning(AT_ONCE),
      off: {
        file: 'packages/server/src/core/session/access-token.ts',
        from: 'isImpersonated: session.impersonatorId !== undefined',
        to: 'isImpersonated: false',
      },
    },
    {
      item: 'POST /impersonate',
      proof: {
        file: 'packages/server/src/transports/rest/impersonate.test.ts',
        title: 'answers as accounts-js does, and the tokens are those of the target',
      },
      off: { file: 'packages/server/src/transports/rest/routes/sign-in.ts', from: "pattern: '/impersonate'", to: "pattern: '/nowhere'" },
    },
    {
      item: 'access tokens of before the switch',
      note: '`acceptAccountsJsTokens`; refused without it',
      proof: earlier('counts as a session of its user, which ends with the token'),
      off: {
        file: 'packages/server/src/accounts-server.ts',
        from: '...(accepted && { earlierTokens: accountsJsTokens(accepted, db ?? usersDb, isProduction(options)) }),',
        to: '',
      },
    },
    {
      item: 'acceptAccountsJsTokens: until',
      proof: earlier('is taken until the date that was set, and the log says so once'),
      off: {
        file: 'packages/server/src/core/session/access-token.ts',
        from: 'Math.min(read.expiresAt, Math.floor(earlier.until / 1000))',
        to: 'read.expiresAt',
      },
    },
  ],
}
