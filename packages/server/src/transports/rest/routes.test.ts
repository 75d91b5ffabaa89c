import type { SessionInfo } from '@latchkey/common'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { PASSWORD } from '../../testing/index.ts'
import { restWorld } from '../../testing/rest-world.ts'
import { createUserResult, loginResult, refreshResult, sessionInfo } from './schemas.ts'

const NEW_PASSWORD = 'a rather different sentence'
const open = { ambiguousErrorMessages: false } as const

describe('signing in', () => {
  it('answers session, tokens and user as accounts-js does', async () => {
    await using world = await restWorld()
    await world.createUser('ada')
    const { status, body } = await world.post('/accounts/password/authenticate', { user: 'ada@example.org', password: PASSWORD })
    expect(status).toBe(200)
    expect(v.parse(loginResult, body)).toEqual(body)
    expect(Object.keys(body)).toEqual(['sessionId', 'tokens', 'user'])
    expect(body.user).toMatchObject({ username: 'ada', emails: [{ address: 'ada@example.org', verified: false }], deactivated: false })
  })

  it('refuses with 400, a message and a code', async () => {
    await using world = await restWorld()
    const wrong = await world.post('/accounts/password/authenticate', { user: 'nobody', password: PASSWORD })
    expect([wrong.status, wrong.body]).toEqual([400, { message: 'Invalid credentials', code: 'InvalidCredentials' }])
    const unknown = await world.post('/accounts/magic/authenticate', {})
    expect([unknown.status, unknown.body]).toEqual([
      400,
      { message: 'No service with the name magic was registered.', code: 'ServiceNotFound' },
    ])
    const empty = await world.post('/accounts/password/authenticate', {})
    expect([empty.status, empty.body.message]).toEqual([400, 'Unrecognized options for login request'])
  })

  it('verifyAuthentication answers true and opens nothing', async () => {
    await using world = await restWorld()
    const { id } = await world.createUser('ada')
    const { status, text } = await world.post('/accounts/password/verifyAuthentication', { user: 'ada', password: PASSWORD })
    expect([status, text]).toEqual([200, 'true'])
    expect(await world.server.accounts.userSessions(id)).toEqual([])
  })

  it('tells a client that waits how long to wait', async () => {
    await using world = await restWorld()
    await world.createUser('ada')
    let last = await world.post('/accounts/password/authenticate', { user: 'ada', password: 'wrong' })
    for (let tries = 0; tries < 8 && last.status === 400; tries++) {
      last = await world.post('/accounts/password/authenticate', { user: 'ada', password: 'wrong' })
    }
    expect([last.status, last.body.code]).toEqual([429, 'TooManyAttempts'])
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})

describe('the token', () => {
  it('is taken from the header, with or without Bearer, or from the body', async () => {
    await using world = await restWorld()
    const { authorization } = await world.bearer('ada')
    const token = authorization.slice('Bearer '.length)
    for (const value of [authorization, token, `bearer ${token}`]) {
      expect((await world.get('/accounts/user', { authorization: value })).body.username).toBe('ada')
    }
    expect((await world.post('/accounts/user', { accessToken: token })).body.username).toBe('ada')
    expect((await world.post('/accounts/user', { accessToken: token }, { authorization: '' })).body.username).toBe('ada')
    expect((await world.post('/accounts/sessions/endOthers', { accessToken: token })).status).toBe(200)
    expect((await world.post('/accounts/logout', { accessToken: token })).text).toBe('null')
  })

  it('missing or bad, makes the user null and never an error', async () => {
    await using world = await restWorld()
    for (const headers of [{}, { authorization: 'Bearer x' }, { authorization: 'Basic eDp5' }, { authorization: 'Bearer' }]) {
      for (const answer of [await world.get('/accounts/user', headers), await world.post('/accounts/user', {}, headers)]) {
        expect([answer.status, answer.text]).toEqual([200, 'null'])
      }
    }
  })

  it('missing or bad, is 401 without a code where a session is needed', async () => {
    await using world = await restWorld()
    for (const headers of [{}, { authorization: 'Bearer x' }]) {
      const { status, body } = await world.post('/accounts/password/changePassword', { oldPassword: 'a', newPassword: 'b' }, headers)
      expect([status, body]).toEqual([401, { message: 'Unauthorized' }])
    }
  })

  it('is refused when the app says so, in whatever words', async () => {
    const refuse = (): never => {
      throw new Error('banned')
    }
    await using world = await restWorld({ options: { resumeSessionValidator: refuse } })
    const headers = await world.bearer('ada')
    expect((await world.get('/accounts/user', headers)).text).toBe('null')
    expect((await world.get('/accounts/sessions', headers)).status).toBe(401)
  })
})

describe('refreshing', () => {
  it('answers a new pair with the facts of the connection', async () => {
    await using world = await restWorld()
    const { tokens } = await world.loginAs('ada')
    const { status, body } = await world.post('/accounts/refreshTokens', tokens, { 'user-agent': 'Moz/1' })
    expect(status).toBe(200)
    expect(v.parse(refreshResult, body)).toEqual(body)
    expect(body.infos).toEqual({ userAgent: 'Moz/1', ip: '127.0.0.1' })
    expect(body.tokens.refreshToken).not.toBe(tokens.refreshToken)
  })

  it('wants both tokens, and says so in accounts-js’s words', async () => {
    await using world = await restWorld()
    for (const bad of [{}, { accessToken: 'x' }, { accessToken: '', refreshToken: '' }, { accessToken: {}, refreshToken: [] }]) {
      const { status, body } = await world.post('/accounts/refreshTokens', bad)
      expect([status, body.message, body.code]).toEqual([400, 'An accessToken and refreshToken are required', 'InvalidTokens'])
    }
  })
})

describe('signing out', () => {
  it('ends the session at once; a second time it is an InvalidSession', async () => {
    await using world = await restWorld()
    const headers = await world.bearer('ada')
    expect((await world.post('/accounts/logout', {}, headers)).text).toBe('null')
    expect((await world.get('/accounts/user', headers)).text).toBe('null')
    const again = await world.post('/accounts/logout', {}, headers)
    expect([again.status, again.body]).toEqual([400, { message: 'Session is no longer valid', code: 'InvalidSession' }])
  })

  it('works with an access token that has expired', async () => {
    await using world = await restWorld()
    const headers = await world.bearer('ada')
    world.clock.pass(2 * 60 * 60_000)
    expect((await world.get('/accounts/user', headers)).text).toBe('null')
    expect((await world.post('/accounts/logout', {}, headers)).status).toBe(200)
  })

  it('without a token is an InvalidToken', async () => {
    await using world = await restWorld()
    const { status, body } = await world.post('/accounts/logout', {})
    expect([status, body]).toEqual([400, { message: 'An accessToken is required', code: 'InvalidToken' }])
  })
})

describe('signing up', () => {
  const newUser = { user: { username: 'grace', email: 'grace@example.org', password: PASSWORD } }

  it('answers alike for a new and for a taken address, while messages are ambiguous', async () => {
    await using world = await restWorld()
    const answers = [await world.post('/accounts/password/register', newUser), await world.post('/accounts/password/register', newUser)]
    for (const { status, text } of answers) expect([status, text]).toEqual([200, '{}'])
  })

  it('answers the id, or what is taken, when they are not', async () => {
    await using world = await restWorld({ options: open })
    const { body } = await world.post('/accounts/password/register', newUser)
    expect(Object.keys(v.parse(createUserResult, body) as object)).toEqual(['userId'])
    const again = await world.post('/accounts/password/register', { user: { ...newUser.user, email: 'other@example.org' } })
    expect([again.status, again.body.code]).toEqual([400, 'UsernameAlreadyExists'])
  })

  it('answers a session too, where the app signs new users in', async () => {
    await using world = await restWorld({ options: { enableAutologin: true } })
    const { body } = await world.post('/accounts/password/register', newUser)
    expect(v.parse(createUserResult, body)).toEqual(body)
    expect(body.userId).toBe(body.loginResult.user.id)
    expect((await world.get('/accounts/user', { authorization: body.loginResult.tokens.accessToken })).body.id).toBe(body.userId)
  })

  it('hands further fields to validateNewUser, which decides', async () => {
    await using world = await restWorld({
      options: { ...open, password: { validateNewUser: ({ username, email, team }) => ({ username, email, team }) } },
    })
    const { body } = await world.post('/accounts/password/register', { user: { ...newUser.user, team: 'navy', admin: true } })
    expect(await world.server.findUserById(body.userId)).toMatchObject({ team: 'navy' })
  })

  it('passes on the app’s own refusal, with its code or without one', async () => {
    const refusing = (error: Error): object => ({
      password: {
        validateNewUser: () => {
          throw error
        },
      },
    })
    await using coded = await restWorld({ options: refusing(Object.assign(new Error('Not in the club'), { code: 'NoMember' })) })
    expect((await coded.post('/accounts/password/register', newUser)).body).toEqual({ message: 'Not in the club', code: 'NoMember' })
    await using plain = await restWorld({ options: refusing(new Error('Not in the club')) })
    expect((await plain.post('/accounts/password/register', newUser)).body).toEqual({ message: 'Not in the club' })
  })
})

describe('links and passwords', () => {
  it('the whole of verify, recover and change answers null, and works', async () => {
    await using world = await restWorld()
    await world.createUser('ada')
    const email = 'ada@example.org'
    const deeds = async (path: string, json: unknown, headers?: Record<string, string>): Promise<void> => {
      const { status, text } = await world.post(`/accounts/password/${path}`, json, headers)
      expect([path, status, text]).toEqual([path, 200, 'null'])
    }
    await deeds('sendVerificationEmail', { email })
    await deeds('verifyEmail', { token: await world.tokenFor(email) })
    await deeds('sendResetPasswordEmail', { email })
    await deeds('resetPassword', { token: await world.tokenFor(email), newPassword: NEW_PASSWORD })
    const { body } = await world.post('/accounts/password/authenticate', { user: 'ada', password: NEW_PASSWORD })
    expect(body.user.emails).toEqual([{ address: email, verified: true }])
    const headers = { authorization: `Bearer ${body.tokens.accessToken}` }
    await deeds('changePassword', { oldPassword: NEW_PASSWORD, newPassword: PASSWORD }, headers)
    await deeds('addEmail', { newEmail: 'countess@example.org' }, headers)
    await deeds('changeEmail', { oldEmail: 'countess@example.org', newEmail: 'ada@lovelace.example', password: PASSWORD }, headers)
    await deeds('removeEmail', { email: 'ada@lovelace.example', password: PASSWORD }, headers)
    const { body: user } = await world.get('/accounts/user', headers)
    expect(user.emails).toEqual([{ address: email, verified: true }])
  })

  it('unknown addresses are answered like known ones', async () => {
    await using world = await restWorld()
    for (const path of ['sendVerificationEmail', 'sendResetPasswordEmail']) {
      expect((await world.post(`/accounts/password/${path}`, { email: 'nobody@example.org' })).text).toBe('null')
    }
  })

  it('a reset answers a session where the app wants one', async () => {
    await using world = await restWorld({ options: { password: { returnTokensAfterResetPassword: true } } })
    await world.createUser('ada')
    await world.post('/accounts/password/sendResetPasswordEmail', { email: 'ada@example.org' })
    const token = await world.tokenFor('ada@example.org')
    const { body } = await world.post('/accounts/password/resetPassword', { token, newPassword: NEW_PASSWORD })
    expect(v.parse(loginResult, body)).toEqual(body)
  })

  it('refusals carry accounts-js’s codes', async () => {
    await using world = await restWorld()
    const headers = await world.bearer('ada')
    const code = async (path: string, json: unknown): Promise<unknown> =>
      (await world.post(`/accounts/password/${path}`, json, headers)).body.code
    expect(await code('verifyEmail', { token: 'x' })).toBe('VerifyEmailLinkExpired')
    expect(await code('verifyEmail', {})).toBe('InvalidToken')
    expect(await code('resetPassword', { token: 'x', newPassword: NEW_PASSWORD })).toBe('ResetPasswordLinkExpired')
    expect(await code('resetPassword', { token: 'x' })).toBe('InvalidNewPassword')
    expect(await code('sendVerificationEmail', { email: 'x' })).toBe('InvalidEmail')
    expect(await code('addEmail', { newEmail: 5 })).toBe('InvalidEmail')
    expect(await code('changePassword', { oldPassword: 'wrong', newPassword: NEW_PASSWORD })).toBe('InvalidCredentials')
    expect(await code('changePassword', { oldPassword: PASSWORD, newPassword: 'short' })).toBe('InvalidPassword')
  })
})

describe('my sessions and my account', () => {
  it('lists my devices, ends one, ends the others', async () => {
    await using world = await restWorld()
    const [phone, laptop, tablet] = [await world.bearer('ada'), await world.bearer('ada'), await world.bearer('ada')]
    const mine = await world.get<SessionInfo[]>('/accounts/sessions', laptop)
    expect(v.parse(v.array(sessionInfo), mine.body)).toEqual(mine.body)
    expect(mine.body).toHaveLength(3)
    const { body: alsoMine } = await world.get<SessionInfo[]>('/accounts/sessions', phone)
    const phoneId = alsoMine.find(({ current }) => current)?.id
    expect((await world.post('/accounts/sessions/end', { sessionId: phoneId }, laptop)).text).toBe('null')
    expect((await world.get('/accounts/user', phone)).text).toBe('null')
    const again = await world.post('/accounts/sessions/end', { sessionId: phoneId }, laptop)
    expect([again.status, again.body.code]).toEqual([404, 'NotFound'])
    expect((await world.post('/accounts/sessions/endOthers', {}, laptop)).text).toBe('null')
    expect((await world.get('/accounts/user', tablet)).text).toBe('null')
    expect((await world.get('/accounts/sessions', laptop)).body).toHaveLength(1)
  })

  it('somebody else’s session cannot be ended, nor told from one that does not exist', async () => {
    await using world = await restWorld()
    const [ada, eve] = [await world.bearer('ada'), await world.bearer('eve')]
    const sessionId = (await world.get<SessionInfo[]>('/accounts/sessions', ada)).body[0]?.id
    const theirs = await world.post('/accounts/sessions/end', { sessionId }, eve)
    const nobodys = await world.post('/accounts/sessions/end', { sessionId: 'x' }, eve)
    expect([theirs.status, theirs.text]).toEqual([nobodys.status, nobodys.text])
    expect((await world.get('/accounts/user', ada)).status).toBe(200)
  })

  it('my data can be had by GET and POST; deleting the account needs the password when the session is old', async () => {
    await using world = await restWorld()
    const headers = await world.bearer('ada')
    expect((await world.get('/accounts/account/export', headers)).body.user).toMatchObject({ username: 'ada' })
    expect(Object.keys((await world.post('/accounts/account/export', {}, headers)).body)).toContain('sessions')
    world.clock.pass(60 * 60_000)
    const refused = await world.post('/accounts/account/delete', {}, headers)
    expect([refused.status, refused.body.code]).toEqual([403, 'RecentLoginRequired'])
    expect((await world.post('/accounts/account/delete', { password: PASSWORD }, headers)).text).toBe('null')
    expect((await world.get('/accounts/user', headers)).text).toBe('null')
  })

  it('anybody may ask for the settings', async () => {
    await using world = await restWorld({ options: { signUpAllowed: false } })
    expect((await world.get('/accounts/settings')).body).toEqual({
      signUpAllowed: false,
      passwordMinLength: 8,
      verificationMail: false,
      twoFactor: true,
      strategies: ['password'],
    })
  })

  it('the settings say when a link is mailed after a sign-up', async () => {
    await using world = await restWorld({ options: { password: { sendVerificationEmailAfterSignup: true } } })
    expect((await world.get('/accounts/settings')).body).toMatchObject({ verificationMail: true })
  })
})
