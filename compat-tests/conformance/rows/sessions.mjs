const TOKENS = 'packages/server/src/core/session/access-token.ts'
const CHECK = 'packages/server/src/core/session/check.ts'
const FLOWS = 'packages/server/src/core/flows'
const RECORDS = 'packages/server/src/compat/accounts-js-user.ts'

const member = /** @param {string} title */ title => ({ file: 'packages/server/src/accounts-server-members.test.ts', title })
const server = /** @param {string} title */ title => ({ file: 'packages/server/src/accounts-server.test.ts', title })
const token = /** @param {string} title */ title => ({ file: 'packages/server/src/core/session/access-token.test.ts', title })
const impersonating = /** @param {string} title */ title => ({ file: `${FLOWS}/impersonate.test.ts`, title })

const inToken = /** @param {string} from @param {string} to */ (from, to) => ({ file: TOKENS, from, to })
const inCheck = /** @param {string} from @param {string} to */ (from, to) => ({ file: CHECK, from, to })
const refresh = /** @param {string} from @param {string} to */ (from, to) => ({ file: `${FLOWS}/refresh.ts`, from, to })
const logout = /** @param {string} from @param {string} to */ (from, to) => ({ file: `${FLOWS}/logout.ts`, from, to })
const record = /** @param {string} from @param {string} to */ (from, to) => ({ file: RECORDS, from, to })

const CLAIMS = 'carry what accounts-js clients read, and the registered claims beside it'
const LIVES = 'tokens live as long as tokenConfigs say, else 90 minutes and 7 days'
const RESUMES = 'resumeSession() answers the sanitised user, and refuses with accounts-js’s codes and texts'
const NEXT_PAIR = 'refreshTokens() answers the next pair, a sanitised user and the connection'
const ENDS = 'logout() ends the session, with an expired access token too, and refuses a dead one'
const FOUND = 'findSessionByAccessToken() answers a session of accounts-js’s shape, also one that is over'
const REPLACED = 'a session that has another token since is not found by the old one, whatever is asked'
const MIXED = 'refuses the tokens of two sessions mixed, and an access token in place of a refresh token'
const LIVE_SESSION = 'needs a live session, of the token it is given'
const AT_ONCE = 'impersonate() acts as the other user at once, marked, and by id, name or address'
const EXPIRED = 'are refused from the second they expire on, unless the caller accepts that'
const SIGNED_OUT = 'lets an expired access token log out, as long as we signed it'

/** @type {import('../row.d.ts').Chapter} */
export const sessions = {
  title: 'Sessions and their tokens',
  rows: [
    {
      item: 'access token: data.token',
      proof: token(CLAIMS),
      off: inToken('{ token: session.handle, userId:', "{ token: '', userId:"),
    },
    {
      item: 'access token: data.userId',
      proof: token(CLAIMS),
      off: inToken('userId: session.userId, isImpersonated:', "userId: '', isImpersonated:"),
    },
    {
      item: 'access token: iat, exp',
      proof: token(CLAIMS),
      off: inToken('exp: Math.floor(Math.min(now + accessTokenLifetime, session.expiresAt) / 1000),', ''),
    },
    {
      item: 'access token: HS256',
      proof: token('refuse every algorithm, key and header but our own'),
      off: inToken('this.#verifying.get(parts.header)', '[...this.#verifying.values()].flat()'),
    },
    {
      item: 'refresh token: a JWT with iat and exp',
      proof: { file: 'packages/server/src/compat/token-configs.test.ts', title: LIVES },
      off: inToken('iat: Math.floor(this.#clock.now() / 1000), exp })', 'iat: 0 })'),
    },
    {
      item: 'resumeSession: An accessToken is required',
      note: '`InvalidToken`',
      proof: member(RESUMES),
      off: inToken("'InvalidToken', { message: 'An accessToken is required' }", "'TokenVerificationFailed', {}"),
    },
    {
      item: 'resumeSession: Tokens are not valid, when forged',
      note: '`TokenVerificationFailed`',
      proof: token('with one bit changed anywhere are refused'),
      off: inToken('key => key.verify(parts.body, parts.signature)', '() => true'),
    },
    {
      item: 'resumeSession: Tokens are not valid, when expired',
      note: '`TokenVerificationFailed`',
      proof: token(EXPIRED),
      off: inToken("if (expired === 'refuse' && this.#clock.now() >=", "if (expired === 'refuse' && 0 >="),
    },
    {
      item: 'resumeSession: Invalid Session',
      note: '`InvalidSession`',
      proof: member(RESUMES),
      off: inCheck('if (!isLive(found, now)) throw', 'if (!found) throw'),
    },
    {
      item: 'resumeSession: User not found',
      note: '`UserNotFound`; with a session, that ended with the user',
      proof: {
        file: 'packages/server/src/core/session/check.test.ts',
        title: 'still refuses users who are gone or deactivated',
      },
      off: inCheck("if (!found) throw new AccountsError('UserNotFound')", "if (!found) throw new AccountsError('InvalidSession')"),
    },
    {
      item: 'findSessionByAccessToken: An accessToken is required',
      note: '`InvalidToken`',
      proof: member(FOUND),
      off: inToken("'InvalidToken', { message: 'An accessToken is required' }", "'InvalidTokens', {}"),
    },
    {
      item: 'findSessionByAccessToken: Tokens are not valid',
      note: '`TokenVerificationFailed`',
      proof: member(FOUND),
      off: inToken("new AccountsError('TokenVerificationFailed', { detail })", "new AccountsError('InvalidToken', { detail })"),
    },
    {
      item: 'findSessionByAccessToken, logout: Session not found',
      note: '`SessionNotFound`',
      proof: member(REPLACED),
      off: inCheck(
        "if (!found || found.session.handle !== claims.data.token) throw new AccountsError('SessionNotFound')\n  return found",
        "if (!found) throw new AccountsError('SessionNotFound')\n  return found",
      ),
    },
    {
      item: 'resumeSession, impersonate: Session not found',
      note: '`SessionNotFound`',
      proof: member(REPLACED),
      off: inCheck(
        "if (!found || found.session.handle !== claims.data.token) throw new AccountsError('SessionNotFound')\n  const now",
        "if (!found) throw new AccountsError('SessionNotFound')\n  const now",
      ),
    },
    {
      item: 'refreshTokens: An accessToken and refreshToken are required',
      note: '`InvalidTokens`',
      proof: member(NEXT_PAIR),
      off: refresh("throw new AccountsError('InvalidTokens')", "throw new AccountsError('InvalidToken')"),
    },
    {
      item: 'refreshTokens: Tokens are not valid',
      note: '`TokenVerificationFailed`; also for an access token in the place of a refresh token',
      proof: server(MIXED),
      off: refresh(
        "if (!claims) throw new AccountsError('TokenVerificationFailed'",
        "if (!claims) throw new AccountsError('InvalidTokens'",
      ),
    },
    {
      item: 'refreshTokens: each refresh token is of one session',
      proof: server(MIXED),
      off: refresh(
        'if (core.accessTokens.sessionNamedBy(accessToken) !== claims.sid)',
        'if (!core.accessTokens.sessionNamedBy(accessToken))',
      ),
    },
    {
      item: 'refreshTokens: an expired access token is fine',
      proof: server('keeps a session going while it is used, and not beyond its absolute life'),
      off: refresh(
        'if (core.accessTokens.sessionNamedBy(accessToken) !== claims.sid)',
        'if (core.accessTokens.verify(accessToken).sid !== claims.sid)',
      ),
    },
    {
      item: 'refreshTokens: an expired refresh token is not',
      proof: server('ends with the idle time'),
      off: inToken('if (genuine && this.#clock.now() >=', 'if (genuine && 0 >='),
    },
    {
      item: 'refreshTokens: Session is no longer valid',
      note: '`InvalidSession`',
      proof: member(ENDS),
      off: refresh(
        "if (turn.outcome === 'over') throw new AccountsError('InvalidSession')",
        "if (turn.outcome === 'over') throw new AccountsError('InvalidTokens')",
      ),
    },
    {
      item: 'refreshTokens: asks for a live session, with useStatelessSession too',
      proof: {
        file: 'packages/server/src/core/session/check.test.ts',
        title: 'refreshing, signing out, impersonating and every change still need a live session',
      },
      off: [
        refresh('return isLive(found, now)', 'return true'),
        {
          file: 'packages/server/src/stores/memory/sessions.ts',
          from: 'if (!session.refresh || session.endedAt !== undefined ||',
          to: 'if (!session.refresh ||',
        },
      ],
    },
    {
      item: 'refreshTokens: the session’s ip is the newest',
      proof: member(NEXT_PAIR),
      off: refresh('ip: origin.ip || null,', "ip: '192.0.2.1',"),
    },
    {
      item: 'refreshTokens: the session’s userAgent is the newest',
      proof: member(NEXT_PAIR),
      off: refresh('userAgent: origin.userAgent.slice(0, 512) || null,', "userAgent: 'test',"),
    },
    {
      item: 'refreshTokens: older access tokens stay usable',
      proof: {
        file: 'packages/server/src/accounts-server-options.test.ts',
        title: 'createNewSessionTokenOnRefresh: the old access token is dead after a refresh; without it, it lives on',
      },
      off: refresh(
        'core.settings.createNewSessionTokenOnRefresh ? await newHandle(core, claims.sid) : undefined',
        'await newHandle(core, claims.sid)',
      ),
    },
    {
      item: 'refreshTokens: createJwtPayload is asked again',
      proof: server('puts what createJwtPayload returns at the top level of the access token, asked again at refresh'),
      off: inToken(
        'await createJwtPayload(data, user)',
        '((createJwtPayload as { first?: object }).first ??= await createJwtPayload(data, user))',
      ),
    },
    {
      item: 'logout: ends the session',
      proof: member(ENDS),
      off: logout(
        "await core.store.sessions.end(session.id, 'logout', core.clock.now(), {",
        "await core.store.sessions.end('', 'logout', core.clock.now(), {",
      ),
    },
    {
      item: 'logout: Session is no longer valid',
      note: '`InvalidSession`',
      proof: member(ENDS),
      off: logout("if (!isLive(found, core.clock.now())) throw new AccountsError('InvalidSession')", ''),
    },
    {
      item: 'logout: An accessToken is required',
      note: '`InvalidToken`',
      proof: member(ENDS),
      off: inToken("'InvalidToken', { message: 'An accessToken is required' }", "'InvalidTokens', {}"),
    },
    {
      item: 'logout: with an expired access token',
      note: 'which accounts-js refuses',
      proof: server(SIGNED_OUT),
      off: logout("findByAccessToken(core, accessToken, 'accept')", 'findByAccessToken(core, accessToken)'),
    },
    {
      item: 'impersonate: Session is not valid for user',
      note: '`InvalidSession`',
      proof: impersonating(LIVE_SESSION),
      off: {
        file: `${FLOWS}/impersonate.ts`,
        from: "findLiveByToken(core, accessToken, 'Session is not valid for user')",
        to: 'findLiveByToken(core, accessToken)',
      },
    },
    {
      item: 'impersonate: Impersonated user not found',
      note: '`ImpersonatedUserNotFound`, unless messages are ambiguous',
      proof: member(AT_ONCE),
      off: {
        file: `${FLOWS}/impersonate.ts`,
        from: "if (!target && !core.settings.ambiguousErrorMessages) throw new AccountsError('ImpersonatedUserNotFound')",
        to: '',
      },
    },
    {
      item: 'impersonate: the session’s extraData.impersonatorUserId',
      note: 'on every store',
      proof: member(AT_ONCE),
      off: record('{ extraData: { impersonatorUserId: session.impersonatorId } }', '{}'),
    },
    {
      item: 'impersonate: the token is the other user’s',
      proof: impersonating('answers the target at once, by id, name or address, in a session that stays marked through every refresh'),
      off: inToken(
        'userId: session.userId, isImpersonated: session',
        'userId: session.impersonatorId ?? session.userId, isImpersonated: session',
      ),
    },
    { item: 'Session: id', proof: member(FOUND), off: record('id: session.id,', "id: '',") },
    { item: 'Session: userId', proof: member(FOUND), off: record('userId: session.userId,', "userId: '',") },
    {
      item: 'Session: token',
      note: '`data.token` of the access token',
      proof: {
        file: 'packages/server/src/accounts-server-options.test.ts',
        title: 'tokenCreator names the session, and is given the user',
      },
      off: record('token: session.handle,', "token: '',"),
    },
    { item: 'Session: valid', proof: member(FOUND), off: record('    valid,\n', '    valid: true,\n') },
    {
      item: 'Session: userAgent, ip',
      proof: member(FOUND),
      off: record('userAgent: session.userAgent,\n    ip: session.ip,', 'userAgent: null,\n    ip: null,'),
    },
    {
      item: 'Session: createdAt',
      proof: member(FOUND),
      off: record('createdAt: new Date(session.createdAt).toISOString(),', "createdAt: '',"),
    },
    {
      item: 'Session: updatedAt, when it ends',
      proof: member(FOUND),
      off: record('session.endedAt ?? session.activeAt', 'session.activeAt'),
    },
    {
      item: 'Session: updatedAt, at each refresh',
      proof: member(NEXT_PAIR),
      off: record('session.endedAt ?? session.activeAt', 'session.endedAt ?? session.createdAt'),
    },
  ],
}
