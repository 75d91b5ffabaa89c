import { TOTP } from 'otpauth'
import { describe, expect, it } from 'vitest'
import { AccountsMagicLink } from '../../strategies/magic-link/index.ts'
import { AccountsOauth } from '../../strategies/oauth/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { NEW_PASSWORD } from '../../testing/flows.ts'
import { graphqlWorld } from '../../testing/graphql-world.ts'
import type { GraphQLWorld } from '../../testing/graphql-world.ts'
import { PASSWORD } from '../../testing/index.ts'

const AUTHENTICATE = `mutation ($params: AuthenticateParamsInput!) {
  authenticate(serviceName: "password", params: $params) { sessionId tokens { accessToken refreshToken } user { id username emails { address verified } } }
}`
const params = (username: string, password = PASSWORD) => ({ params: { user: { username }, password } })
const tokensIn = (data: unknown): { accessToken: string; refreshToken: string } =>
  (Object.values(data as object)[0] as { tokens: { accessToken: string; refreshToken: string } }).tokens

describe('signing in and out', () => {
  it('authenticate answers session, tokens and user', async () => {
    await using world = await graphqlWorld()
    const { id } = await world.createUser('ada')
    const { data } = await world.ask(AUTHENTICATE, { variables: params('ada') })
    expect(data).toEqual({
      authenticate: {
        sessionId: expect.any(String) as string,
        tokens: { accessToken: expect.any(String) as string, refreshToken: expect.any(String) as string },
        user: { id, username: 'ada', emails: [{ address: 'ada@example.org', verified: false }] },
      },
    })
    const { authToken } = await world.parts.context({ headers: { authorization: tokensIn(data).accessToken } })
    expect((await world.ask('{ getUser { id } }', { headers: { authorization: `Bearer ${authToken}` } })).data).toEqual({ getUser: { id } })
  })

  it('takes null for what a client does not mean to send', async () => {
    await using world = await graphqlWorld()
    await world.createUser('ada')
    const variables = { params: { user: { id: null, username: 'ada', email: null }, password: PASSWORD, code: null, token: null } }
    expect((await world.ask(AUTHENTICATE, { variables })).errors).toEqual([])
  })

  it('wants the user as an object, and refuses a text before any work is done', async () => {
    await using world = await graphqlWorld()
    const { errors, data } = await world.ask(AUTHENTICATE, { variables: { params: { user: 'ada', password: PASSWORD } } })
    expect(errors[0]?.message).toContain('Expected type "UserInput" to be an object')
    expect(data).toBeUndefined()
  })

  it('verifyAuthentication answers true, the only one to do so, and opens no session', async () => {
    await using world = await graphqlWorld()
    const { id } = await world.createUser('ada')
    const { data } = await world.ask(
      'mutation ($params: AuthenticateParamsInput!) { verifyAuthentication(serviceName: "password", params: $params) }',
      { variables: params('ada') },
    )
    expect(data).toEqual({ verifyAuthentication: true })
    expect(await world.server.accounts.userSessions(id)).toEqual([])
  })

  it('getUser answers null for nobody', async () => {
    await using world = await graphqlWorld()
    expect((await world.ask('{ getUser { id } }')).data).toEqual({ getUser: null })
  })

  it('refreshTokens answers the next pair', async () => {
    await using world = await graphqlWorld()
    const { tokens, user } = await world.loginAs('ada')
    const { data } = await world.ask(
      'mutation ($accessToken: String!, $refreshToken: String!) { refreshTokens(accessToken: $accessToken, refreshToken: $refreshToken) { tokens { accessToken refreshToken } user { id } } }',
      { variables: { ...tokens } },
    )
    expect(data).toMatchObject({ refreshTokens: { user: { id: user.id } } })
    expect(tokensIn(data).refreshToken).not.toBe(tokens.refreshToken)
  })

  it('logout answers null, without a token too; a session that is over is an error', async () => {
    await using world = await graphqlWorld()
    const headers = await world.bearer('ada')
    expect(await world.ask('mutation { logout }')).toMatchObject({ data: { logout: null }, errors: [] })
    expect(await world.ask('mutation { logout }', { headers })).toMatchObject({ data: { logout: null }, errors: [] })
    expect((await world.ask('{ getUser { id } }', { headers })).data).toEqual({ getUser: null })
    expect((await world.ask('mutation { logout }', { headers })).code).toBe('InvalidSession')
  })

  it('impersonate answers only { authorized: false } to whom it is not allowed', async () => {
    await using world = await graphqlWorld()
    const headers = await world.bearer('ada')
    await world.createUser('eve')
    const { data } = await world.ask(
      'mutation ($token: String!) { impersonate(accessToken: $token, impersonated: { username: "eve" }) { authorized tokens { accessToken } user { id } } }',
      { variables: { token: headers.authorization.slice(7) } },
    )
    expect(data).toEqual({ impersonate: { authorized: false, tokens: null, user: null } })
  })
})

describe('signing up and recovering', () => {
  const CREATE =
    'mutation ($user: CreateUserInput!) { createUser(user: $user) { userId loginResult { sessionId tokens { accessToken } } } }'
  const user = { email: 'ada@example.org', username: null, password: PASSWORD }

  it('createUser answers the same for a new account and for one that was there, while messages are ambiguous', async () => {
    await using world = await graphqlWorld()
    const nothing = { data: { createUser: { userId: null, loginResult: null } }, errors: [] }
    expect(await world.ask(CREATE, { variables: { user } })).toMatchObject(nothing)
    expect(await world.ask(CREATE, { variables: { user } })).toMatchObject(nothing)
  })

  it('createUser tells the id, and signs in with enableAutologin', async () => {
    await using world = await graphqlWorld({ options: { ambiguousErrorMessages: false, enableAutologin: true } })
    const { data } = await world.ask(CREATE, { variables: { user } })
    expect(data).toMatchObject({
      createUser: { userId: expect.any(String) as string, loginResult: { sessionId: expect.any(String) as string } },
    })
    expect((await world.ask(CREATE, { variables: { user } })).code).toBe('EmailAlreadyExists')
  })

  it("createUser passes fields of the app's own on to validateNewUser", async () => {
    const seen: unknown[] = []
    const password = new AccountsPassword({ validateNewUser: given => (seen.push(given), given) })
    await using world = await graphqlWorld({ services: { password }, typeDefs: 'extend input CreateUserInput { shoeSize: Int }' })
    await world.ask(CREATE, { variables: { user: { ...user, shoeSize: 38 } } })
    expect(seen).toMatchObject([{ shoeSize: 38 }])
  })

  it("getUser shows fields of the app's own that the schema declares", async () => {
    const password = new AccountsPassword({ validateNewUser: given => given })
    await using world = await graphqlWorld({
      services: { password },
      options: { ambiguousErrorMessages: false },
      typeDefs: 'extend input CreateUserInput { shoeSize: Int } extend type User { shoeSize: Int }',
    })
    await world.ask(CREATE, { variables: { user: { ...user, shoeSize: 38 } } })
    const login = await world.ask(AUTHENTICATE, { variables: { params: { user: { email: user.email }, password: PASSWORD } } })
    const headers = { authorization: tokensIn(login.data).accessToken }
    expect((await world.ask('{ getUser { shoeSize } }', { headers })).data).toEqual({ getUser: { shoeSize: 38 } })
  })

  it('verifyEmail and sendVerificationEmail answer null, and verify', async () => {
    await using world = await graphqlWorld()
    const headers = await world.bearer('ada')
    expect((await world.ask('mutation { sendVerificationEmail(email: "ada@example.org") }')).data).toEqual({ sendVerificationEmail: null })
    const token = await world.tokenFor('ada@example.org')
    expect((await world.ask('mutation ($token: String!) { verifyEmail(token: $token) }', { variables: { token } })).data).toEqual({
      verifyEmail: null,
    })
    expect((await world.ask('{ getUser { emails { verified } } }', { headers })).data).toEqual({
      getUser: { emails: [{ verified: true }] },
    })
  })

  const RESET =
    'mutation ($token: String!, $new: String!) { resetPassword(token: $token, newPassword: $new) { sessionId user { username } } }'

  it.each([
    ['null', false, null],
    ['a login with returnTokensAfterResetPassword', true, { user: { username: 'ada' } }],
  ])('sendResetPasswordEmail answers null, and resetPassword answers %s', async (_, returnTokensAfterResetPassword, expected) => {
    await using world = await graphqlWorld({ services: { password: new AccountsPassword({ returnTokensAfterResetPassword }) } })
    await world.createUser('ada')
    const sent = await world.ask('mutation { sendResetPasswordEmail(email: "ada@example.org") }')
    expect(sent).toMatchObject({ data: { sendResetPasswordEmail: null }, errors: [] })
    const variables = { token: await world.tokenFor('ada@example.org'), new: NEW_PASSWORD }
    const { data } = await world.ask(RESET, { variables })
    expect([data?.['resetPassword']]).toMatchObject([expected])
    expect((await world.ask(AUTHENTICATE, { variables: params('ada', NEW_PASSWORD) })).errors).toEqual([])
  })

  it('requestMagicLinkEmail answers null, for unknown addresses too, and the link signs in', async () => {
    await using world = await graphqlWorld({ services: { magicLink: new AccountsMagicLink() } })
    await world.server.accounts.createUser({ username: 'ada', email: 'ada@example.org' })
    const asked = (email: string) =>
      world.ask('mutation ($email: String!) { requestMagicLinkEmail(email: $email) }', { variables: { email } })
    expect(await asked('nobody@example.org')).toMatchObject({ data: { requestMagicLinkEmail: null }, errors: [] })
    expect(await asked('ada@example.org')).toMatchObject({ data: { requestMagicLinkEmail: null }, errors: [] })
    const variables = { token: await world.tokenFor('ada@example.org') }
    const { data } = await world.ask(
      'mutation ($token: String!) { authenticate(serviceName: "magic-link", params: { token: $token }) { user { username } } }',
      { variables },
    )
    expect(data).toEqual({ authenticate: { user: { username: 'ada' } } })
  })
})

describe('for the signed-in user', () => {
  it.each([
    'mutation { addEmail(newEmail: "x@example.org") }',
    'mutation { changePassword(oldPassword: "a", newPassword: "b") }',
    'mutation { twoFactorSet(secret: { base32: "A" }, code: "1") }',
    'mutation { twoFactorUnset(code: "1") }',
    'mutation { twoFactorEnable(secret: { base32: "A" }, code: "1") }',
    'mutation { twoFactorRecoveryCodes(code: "1") }',
    'mutation { removeEmail(email: "x@example.org") }',
    'mutation { changeEmail(oldEmail: "x@example.org", newEmail: "y@example.org") }',
    'mutation { endSession(sessionId: "x") }',
    'mutation { endOtherSessions }',
    'mutation { deleteAccount }',
    '{ accountsSessions { id } }',
    '{ accountsExport }',
    '{ twoFactorStatus { enabled } }',
  ])('%s is refused to anybody else', async query => {
    await using world = await graphqlWorld()
    for (const headers of [{}, { authorization: 'Bearer nonsense' }]) {
      const { errors } = await world.ask(query, { headers })
      expect(errors).toEqual([{ message: 'Unauthorized', extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } } }])
    }
  })

  it('addEmail, changeEmail and removeEmail answer null and do what they say', async () => {
    await using world = await graphqlWorld()
    const headers = await world.bearer('ada')
    const done = async (mutation: string) =>
      expect((await world.ask(`mutation { done: ${mutation} }`, { headers })).data).toEqual({ done: null })
    await done('addEmail(newEmail: "two@example.org")')
    await done('changeEmail(oldEmail: "two@example.org", newEmail: "three@example.org")')
    await done('removeEmail(email: "ada@example.org")')
    expect((await world.ask('{ getUser { emails { address } } }', { headers })).data).toEqual({
      getUser: { emails: [{ address: 'three@example.org' }] },
    })
  })

  it('changePassword answers null, and the old one is worth nothing', async () => {
    await using world = await graphqlWorld()
    const headers = await world.bearer('ada')
    const { data } = await world.ask('mutation ($old: String!, $new: String!) { changePassword(oldPassword: $old, newPassword: $new) }', {
      headers,
      variables: { old: PASSWORD, new: NEW_PASSWORD },
    })
    expect(data).toEqual({ changePassword: null })
    expect((await world.ask(AUTHENTICATE, { variables: params('ada') })).code).toBe('InvalidCredentials')
  })

  it('lists sessions, ends one, ends the others, exports and deletes', async () => {
    await using world = await graphqlWorld()
    const [here, there] = [await world.bearer('ada'), await world.bearer('ada')]
    await world.bearer('ada')
    const list = async () =>
      (await world.ask('{ accountsSessions { id current } }', { headers: here })).data?.['accountsSessions'] as {
        id: string
        current: boolean
      }[]
    expect(await list()).toHaveLength(3)
    const gone = (await world.ask('{ accountsSessions { id current } }', { headers: there })).data?.['accountsSessions'] as {
      id: string
      current: boolean
    }[]
    const sessionId = gone.find(({ current }) => current)?.id
    const end = 'mutation ($sessionId: ID!) { endSession(sessionId: $sessionId) }'
    expect((await world.ask(end, { headers: here, variables: { sessionId } })).data).toEqual({ endSession: null })
    expect((await world.ask('{ getUser { id } }', { headers: there })).data).toEqual({ getUser: null })
    expect((await world.ask(end, { headers: here, variables: { sessionId } })).code).toBe('NotFound')
    expect((await world.ask('mutation { endOtherSessions }', { headers: here })).data).toEqual({ endOtherSessions: null })
    expect(await list()).toMatchObject([{ current: true }])

    const { data } = await world.ask('{ accountsExport }', { headers: here })
    expect(JSON.stringify(JSON.parse(String(data?.['accountsExport'])))).toContain('ada@example.org')
    expect(
      (await world.ask('mutation ($p: String) { deleteAccount(password: $p) }', { headers: here, variables: { p: PASSWORD } })).data,
    ).toEqual({ deleteAccount: null })
    expect(await world.server.accounts.lookUp('ada')).toBeNull()
  })

  it('accountsSettings tells what a page needs to know', async () => {
    await using world = await graphqlWorld()
    expect((await world.ask('{ accountsSettings { signUpAllowed passwordMinLength strategies } }')).data).toEqual({
      accountsSettings: { signUpAllowed: true, passwordMinLength: 8, strategies: ['password'] },
    })
  })
})

describe('accounts elsewhere', () => {
  const oauth = () => ({
    password: new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } }),
    // A provider that vouches for whoever holds the code of that name.
    oauth: new AccountsOauth({ example: { authenticate: async ({ code }: { code?: string }) => (code ? { id: code } : undefined) } }),
  })

  it('are linked, listed, sign in, and are unlinked', async () => {
    await using world = await graphqlWorld({ services: oauth() })
    const headers = await world.bearer('ada')
    const link = 'mutation ($params: AuthenticateParamsInput!) { linkAccount(params: $params) }'
    const params = { provider: 'example', code: 'subject-1' }
    expect(await world.ask(link, { headers, variables: { params } })).toMatchObject({ data: { linkAccount: null }, errors: [] })
    expect((await world.ask('{ linkedAccounts { provider } }', { headers })).data).toEqual({ linkedAccounts: [{ provider: 'example' }] })
    const login =
      'mutation ($params: AuthenticateParamsInput!) { authenticate(serviceName: "oauth", params: $params) { user { username } } }'
    expect((await world.ask(login, { variables: { params } })).data).toEqual({ authenticate: { user: { username: 'ada' } } })
    expect((await world.ask('mutation { unlinkAccount(provider: "example") }', { headers })).data).toEqual({ unlinkAccount: null })
    expect((await world.ask('{ linkedAccounts { provider } }', { headers })).data).toEqual({ linkedAccounts: [] })
    for (const query of [
      '{ linkedAccounts { provider } }',
      'mutation { unlinkAccount(provider: "example") }',
      'mutation { linkAccount(params: {}) }',
    ]) {
      expect((await world.ask(query)).code).toBe('UNAUTHENTICATED')
    }
  })

  it('are in the schema only where there is a service for them, and only with the additions', async () => {
    await using without = await graphqlWorld()
    await using oauthWorld = await graphqlWorld({ services: oauth() })
    await using bare = await graphqlWorld({ services: oauth(), graphql: { additions: false } })
    expect([without, oauthWorld, bare].map(({ parts }) => parts.typeDefs.includes('linkAccount'))).toEqual([false, true, false])
  })
})

describe('a second factor', () => {
  /** Each code works once, so each is one of the next half minute. */
  const codes = (world: GraphQLWorld, base32: string) => () => {
    world.clock.pass(30_000)
    return new TOTP({ secret: base32 }).generate({ timestamp: world.clock.now() })
  }
  const secretFor = async (world: GraphQLWorld, headers?: Record<string, string>) =>
    (await world.ask('{ twoFactorSecret { ascii base32 hex otpauth_url qr_code_ascii } }', headers ? { headers } : {})).data?.[
      'twoFactorSecret'
    ] as {
      base32: string
      qr_code_ascii: null
    }

  it('twoFactorSecret is offered to callers without a token, as the official client is one', async () => {
    await using world = await graphqlWorld()
    expect(await secretFor(world)).toMatchObject({ base32: expect.stringMatching(/^[A-Z2-7]+$/) as string, qr_code_ascii: null })
  })

  it('twoFactorSet and twoFactorUnset answer null; in between a login needs a code, in the same call or with what the error hands out', async () => {
    await using world = await graphqlWorld()
    const headers = await world.bearer('ada')
    const { base32 } = await secretFor(world, headers)
    const code = codes(world, base32)
    const set = 'mutation ($secret: TwoFactorSecretKeyInput!, $code: String!) { twoFactorSet(secret: $secret, code: $code) }'
    expect(await world.ask(set, { headers, variables: { secret: { base32 }, code: code() } })).toMatchObject({
      data: { twoFactorSet: null },
      errors: [],
    })

    const { errors } = await world.ask(AUTHENTICATE, { variables: params('ada') })
    expect(errors).toMatchObject([
      {
        message: '2FA code required',
        extensions: { code: 'TwoFactorRequired', details: { factors: ['totp'], pending: expect.any(String) as string } },
      },
    ])
    const { pending } = (errors[0]?.extensions['details'] ?? {}) as { pending: string }
    const finish =
      'mutation ($params: AuthenticateParamsInput!) { authenticate(serviceName: "second-factor", params: $params) { user { username } } }'
    expect((await world.ask(finish, { variables: { params: { pending, code: code() } } })).data).toEqual({
      authenticate: { user: { username: 'ada' } },
    })
    const both = { params: { ...params('ada').params, code: code() } }
    expect((await world.ask(AUTHENTICATE, { variables: both })).errors).toEqual([])

    const unset = 'mutation ($code: String!) { twoFactorUnset(code: $code) }'
    expect((await world.ask(unset, { headers, variables: { code: '000000' } })).code).toBe('TwoFactorInvalid')
    expect((await world.ask(unset, { headers, variables: { code: code() } })).data).toEqual({ twoFactorUnset: null })
    expect((await world.ask(AUTHENTICATE, { variables: params('ada') })).errors).toEqual([])
  })

  it('a code beside the password confirms a deed when the sign-in was long ago', async () => {
    await using world = await graphqlWorld()
    const headers = await world.bearer('ada')
    const { base32 } = await secretFor(world, headers)
    const code = codes(world, base32)
    const set = 'mutation ($secret: TwoFactorSecretKeyInput!, $code: String!) { twoFactorSet(secret: $secret, code: $code) }'
    await world.ask(set, { headers, variables: { secret: { base32 }, code: code() } })
    world.clock.pass(60 * 60_000)
    const end = 'mutation ($p: String, $code: String) { deleteAccount(password: $p, code: $code) }'
    expect((await world.ask(end, { headers })).code).toBe('RecentLoginRequired')
    expect((await world.ask(end, { headers, variables: { p: PASSWORD } })).code).toBe('TwoFactorRequired')
    expect((await world.ask(end, { headers, variables: { p: PASSWORD, code: code() } })).errors).toEqual([])
    expect(await world.server.accounts.lookUp('ada')).toBeNull()
  })

  it('twoFactorEnable answers the recovery codes, and twoFactorRecoveryCodes others in their place', async () => {
    await using world = await graphqlWorld()
    const headers = await world.bearer('ada')
    const { base32 } = await secretFor(world, headers)
    const code = codes(world, base32)
    const enable = 'mutation ($secret: TwoFactorSecretKeyInput!, $code: String!) { codes: twoFactorEnable(secret: $secret, code: $code) }'
    const first = (await world.ask(enable, { headers, variables: { secret: { base32 }, code: code() } })).data?.['codes'] as string[]
    expect(first.length).toBeGreaterThan(5)
    expect((await world.ask('{ twoFactorStatus { enabled recoveryCodesLeft } }', { headers })).data).toEqual({
      twoFactorStatus: { enabled: true, recoveryCodesLeft: first.length },
    })
    const renew = 'mutation ($code: String!) { codes: twoFactorRecoveryCodes(code: $code) }'
    const next = (await world.ask(renew, { headers, variables: { code: code() } })).data?.['codes'] as string[]
    expect(next.filter(one => first.includes(one))).toEqual([])
  })
})
