/** Every way to get or use a credential over REST, against everything that must stop it. */
import { describe, expect, it } from 'vitest'
import type { SecondFactor } from '../../core/strategy.ts'
import { AccountsMagicLink } from '../../strategies/magic-link/index.ts'
import { AccountsOauth } from '../../strategies/oauth/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { PASSWORD } from '../../testing/index.ts'
import { restWorld } from '../../testing/rest-world.ts'
import type { Received, RestWorld } from '../../testing/rest-world.ts'

const NEW_PASSWORD = 'a rather different sentence'
const CODE = '246810'
const EMAIL = 'ada@example.org'

/** A second factor whose code is good once. */
function fixtureFactor(): SecondFactor {
  const used = new Set<string>()
  return {
    kind: 'fixture',
    async verify(userId, answer) {
      if (answer !== CODE || used.has(userId)) return null
      used.add(userId)
      return { name: 'fixture', kind: 'holds', at: 0 }
    },
  }
}

/** What stands between ada and a session. */
const STATES = {
  nothing: async () => {},
  deactivated: async world => {
    await world.server.deactivateUser(await adaId(world))
  },
  locked: async world => {
    for (let tries = 0; tries < 7; tries++) await world.post('/accounts/password/authenticate', { user: 'ada', password: 'wrong' })
  },
  'second factor due': async world => {
    const credential = { userId: await adaId(world), kind: 'fixture', id: '', data: {}, createdAt: 0, updatedAt: 0 }
    await world.server.accounts.core.store.users.putCredential(credential)
  },
  'sessions ended': async world => {
    await world.server.accounts.revoke({ userId: await adaId(world) }, world.origin)
  },
  'signed out everywhere by a new password': async world => {
    await world.server.accounts.setPassword(await adaId(world), PASSWORD, world.origin)
  },
} satisfies Record<string, (world: RestWorld) => Promise<void>>
type State = keyof typeof STATES

type Act = () => Promise<Received>
/** Prepares what can be prepared before trouble comes; the act itself comes after. */
type Route = (world: RestWorld) => Promise<Act>

/** Lets the provider's account sign in to ada's. */
async function linkAda(world: RestWorld): Promise<void> {
  const account = { userId: await adaId(world), kind: 'oauth:example', id: 'subject', data: {}, createdAt: 0, updatedAt: 0 } as const
  await world.server.accounts.core.store.users.link(account, () => true)
}

const cookieMode = (world: RestWorld): Record<string, string> => ({ origin: world.siteOrigin, 'x-latchkey-session': 'cookie' })
const viaLink =
  (mode: (world: RestWorld) => Record<string, string>): Route =>
  async world => {
    await world.post('/accounts/password/sendResetPasswordEmail', { email: EMAIL })
    const token = await world.tokenFor(EMAIL)
    return () => world.post('/accounts/password/resetPassword', { token, newPassword: NEW_PASSWORD }, mode(world))
  }

/** Routes that hand out a credential. */
const GIVING: Record<string, Route> = {
  'authenticate, for tokens': async world => () => world.post('/accounts/password/authenticate', { user: 'ada', password: PASSWORD }),
  'authenticate, for a cookie': async world => () =>
    world.post('/accounts/password/authenticate', { user: 'ada', password: PASSWORD }, cookieMode(world)),
  'resetPassword, for tokens': viaLink(() => ({})),
  'resetPassword, for a cookie': viaLink(cookieMode),
  'authenticate with a link': async world => {
    await world.post('/accounts/magiclink/requestMagicLinkEmail', { email: EMAIL })
    const token = await world.tokenFor(EMAIL)
    return () => world.post('/accounts/magicLink/authenticate', { token })
  },
  'authenticate with a provider': async world => {
    await linkAda(world)
    return () => world.post('/accounts/oauth/authenticate', { provider: 'example' })
  },
  'the callback of a provider': async world => {
    await linkAda(world)
    return () => world.get('/accounts/oauth/example/callback')
  },
  refreshTokens: async world => {
    const { tokens } = await world.loginAs('ada')
    return () => world.post('/accounts/refreshTokens', tokens)
  },
  'impersonate, for an administrator': async world => {
    const { accessToken } = (await world.loginAs('admin')).tokens
    return () => world.post('/accounts/impersonate', { accessToken, impersonated: { username: 'ada' } })
  },
}

/** The code of the refusal, or `given` for a credential. What is not in this table has no business here. */
const OUTCOMES: Record<keyof typeof GIVING, Record<State, string>> = {
  'authenticate, for tokens': {
    nothing: 'given',
    deactivated: 'UserDeactivated',
    locked: 'TooManyAttempts',
    'second factor due': 'TwoFactorRequired',
    'sessions ended': 'given',
    'signed out everywhere by a new password': 'given',
  },
  'authenticate, for a cookie': {
    nothing: 'given',
    deactivated: 'UserDeactivated',
    locked: 'TooManyAttempts',
    'second factor due': 'TwoFactorRequired',
    'sessions ended': 'given',
    'signed out everywhere by a new password': 'given',
  },
  // The link proves more than a password would, so guesses at the password do not stop it: it is the owner's way out.
  'resetPassword, for tokens': {
    nothing: 'given',
    deactivated: 'UserDeactivated',
    locked: 'given',
    'second factor due': 'TwoFactorRequired',
    'sessions ended': 'given',
    'signed out everywhere by a new password': 'ResetPasswordLinkExpired',
  },
  'resetPassword, for a cookie': {
    nothing: 'given',
    deactivated: 'UserDeactivated',
    locked: 'given',
    'second factor due': 'TwoFactorRequired',
    'sessions ended': 'given',
    'signed out everywhere by a new password': 'ResetPasswordLinkExpired',
  },
  // As with a reset: whoever reads the mailbox has not guessed. What ends all sessions voids links that were sent before.
  'authenticate with a link': {
    nothing: 'given',
    deactivated: 'UserDeactivated',
    locked: 'given',
    'second factor due': 'TwoFactorRequired',
    'sessions ended': 'LoginTokenExpired',
    'signed out everywhere by a new password': 'LoginTokenExpired',
  },
  // Whoever the provider vouches for has not guessed: a lock is about passwords.
  'authenticate with a provider': {
    nothing: 'given',
    deactivated: 'UserDeactivated',
    locked: 'given',
    'second factor due': 'TwoFactorRequired',
    'sessions ended': 'given',
    'signed out everywhere by a new password': 'given',
  },
  'the callback of a provider': {
    nothing: 'given',
    deactivated: 'UserDeactivated',
    locked: 'given',
    'second factor due': 'TwoFactorRequired',
    'sessions ended': 'given',
    'signed out everywhere by a new password': 'given',
  },
  // A session that lives is not touched by guesses made elsewhere, nor by a factor that was enrolled since.
  refreshTokens: {
    nothing: 'given',
    deactivated: 'InvalidSession',
    locked: 'given',
    'second factor due': 'given',
    'sessions ended': 'InvalidSession',
    'signed out everywhere by a new password': 'InvalidSession',
  },
  // The administrator vouches, and is let in by the app's own word alone.
  'impersonate, for an administrator': {
    nothing: 'given',
    deactivated: 'UserDeactivated',
    locked: 'given',
    'second factor due': 'given',
    'sessions ended': 'given',
    'signed out everywhere by a new password': 'given',
  },
}

const newWorld = async (): Promise<RestWorld> => {
  const world = await restWorld({
    options: { impersonationAuthorize: () => true, factors: [fixtureFactor()], password: { returnTokensAfterResetPassword: true } },
    services: {
      password: new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } }),
      magicLink: new AccountsMagicLink(),
      oauth: new AccountsOauth({ example: { authenticate: async () => ({ id: 'subject' }) } }),
    },
  })
  await world.createUser('ada')
  return world
}

describe('a route that gives a credential', () => {
  for (const [name, prepare] of Object.entries(GIVING)) {
    for (const [state, bring] of Object.entries(STATES)) {
      const outcome = OUTCOMES[name]?.[state as State]
      it(`${name}, with ${state}: ${outcome}`, async () => {
        await using world = await newWorld()
        const act = await prepare(world)
        await bring(world)
        const { body, cookies, text } = await act()
        expect(givenBy(body, cookies) ? 'given' : body.code).toBe(outcome)
        expect(outcome === 'given' || !/accessToken|refreshToken|sessionId/.test(text)).toBe(true)
      })
    }
  }

  it('register with autologin passes through the same gate as every login', async () => {
    await using world = await restWorld({ options: { enableAutologin: true } })
    const register = (): Promise<Received> =>
      world.post('/accounts/password/register', { user: { email: EMAIL, password: PASSWORD } }, cookieMode(world))
    const { body, cookies } = await register()
    expect([body.loginResult.tokens, cookies.length]).toEqual([null, 2])
    // A second time the address is taken: no session, however right the password is.
    expect(givenBy((await register()).body, [])).toBe(false)
  })

  it('a pending login is completed by the code, once, and not by somebody deactivated in between', async () => {
    await using world = await newWorld()
    await STATES['second factor due'](world)
    const begin = async (): Promise<unknown> =>
      (await world.post('/accounts/password/authenticate', { user: 'ada', password: PASSWORD })).body.details.pending
    const complete = (pending: unknown, code = CODE): Promise<Received> =>
      world.post('/accounts/second-factor/authenticate', { pending, code })
    const first = await begin()
    expect((await complete(first, '000000')).body.code).toBe('TwoFactorInvalid')
    expect((await complete(first)).body.tokens.accessToken).toBeTypeOf('string')
    expect((await complete(first)).body.tokens).toBeUndefined()
    const second = await begin()
    await STATES.deactivated(world)
    expect((await complete(second)).body.tokens).toBeUndefined()
  })
})

/** Routes that ask for a session, by method. */
const ASKING: [method: 'GET' | 'POST', path: string, body?: object][] = [
  ['GET', '/accounts/sessions'],
  ['POST', '/accounts/sessions/end', { sessionId: 'x' }],
  ['POST', '/accounts/sessions/endOthers', {}],
  ['POST', '/accounts/password/addEmail', { newEmail: 'a@example.org' }],
  ['POST', '/accounts/password/removeEmail', { email: EMAIL }],
  ['POST', '/accounts/password/changeEmail', { oldEmail: EMAIL, newEmail: 'a@example.org' }],
  ['POST', '/accounts/password/changePassword', { oldPassword: PASSWORD, newPassword: NEW_PASSWORD }],
  ['POST', '/accounts/account/delete', {}],
  ['GET', '/accounts/account/export'],
  ['GET', '/accounts/oauth/accounts'],
  ['POST', '/accounts/oauth/link', { provider: 'example' }],
  ['POST', '/accounts/oauth/unlink', { provider: 'example' }],
  ['GET', '/accounts/password/twoFactor'],
  ['POST', '/accounts/password/twoFactorSet', { secret: { base32: 'JBSWY3DPEHPK3PXP' }, code: '123456' }],
  ['POST', '/accounts/password/twoFactorUnset', { code: '123456' }],
  ['POST', '/accounts/password/twoFactorRecoveryCodes', { code: '123456' }],
  ['POST', '/accounts/account/export', {}],
]
const KINDS = {
  tokens: (world: RestWorld): Promise<Record<string, string>> => world.bearer('ada'),
  'a cookie': (world: RestWorld): Promise<Record<string, string>> => world.browser('ada'),
}

describe('a route that asks for a session', () => {
  for (const state of ['deactivated', 'sessions ended', 'signed out everywhere by a new password'] as const) {
    for (const [kind, signIn] of Object.entries(KINDS)) {
      it(`refuses ${kind} of a user with ${state}, on the very next request`, async () => {
        await using world = await newWorld()
        const headers = await signIn(world)
        expect((await world.get('/accounts/user', headers)).body?.username).toBe('ada')
        await STATES[state](world)
        for (const [method, path, json] of ASKING) {
          const { status, body } = await world.send(method, path, { headers, json })
          expect([path, status, body]).toEqual([path, 401, { message: 'Unauthorized' }])
        }
        expect((await world.get('/accounts/user', headers)).text).toBe('null')
        expect((await world.post('/accounts/user', {}, headers)).text).toBe('null')
      })
    }
  }

  it('refuses whoever acts as another user, unless it only shows', async () => {
    await using world = await newWorld()
    const { accessToken } = (await world.loginAs('admin')).tokens
    const { body } = await world.post('/accounts/impersonate', { accessToken, impersonated: { username: 'ada' } })
    const headers = { authorization: `Bearer ${body.tokens.accessToken}` }
    const showing = ['/accounts/sessions', '/accounts/oauth/accounts', '/accounts/password/twoFactor']
    for (const [method, path, json] of ASKING) {
      const answer = await world.send(method, path, { headers, json })
      const shows = method === 'GET' && showing.includes(path)
      expect([path, answer.status, answer.body.code]).toEqual([path, ...(shows ? [200, undefined] : [403, 'Forbidden'])])
    }
    expect((await world.get('/accounts/user', headers)).body.username).toBe('ada')
  })

  it('knows nobody without one, with a forged one, with one of another kind, or with one that has expired', async () => {
    await using world = await newWorld()
    const { tokens } = await world.loginAs('ada')
    const { cookie } = await world.browser('ada')
    const secret = /latchkey[^=]*=([\w-]{43})/.exec(cookie)?.[1]
    world.clock.pass(60_000)
    const [header = '', payload = ''] = tokens.accessToken.split('.')
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
    const forged = [
      'x',
      `${header}.${payload}.`,
      `${none}.${payload}.`,
      `${header}.${payload}.${'A'.repeat(43)}`,
      tokens.refreshToken,
      secret,
    ]
    for (const token of ['', ...forged]) {
      expect((await world.get('/accounts/sessions', { authorization: `Bearer ${token}` })).status).toBe(401)
    }
    world.clock.pass(2 * 60 * 60_000)
    expect((await world.get('/accounts/sessions', { authorization: tokens.accessToken })).status).toBe(401)
  })

  it('a session id or handle, which an access token tells, proves nothing', async () => {
    await using world = await newWorld()
    const { tokens, sessionId } = await world.loginAs('ada')
    const { data } = JSON.parse(Buffer.from(tokens.accessToken.split('.')[1] ?? '', 'base64url').toString()) as { data: { token: string } }
    for (const value of [sessionId, data.token]) {
      expect((await world.get('/accounts/user', { authorization: value })).text).toBe('null')
      expect((await world.get('/accounts/user', { cookie: `latchkey-3000=${value}` })).text).toBe('null')
    }
  })
})

const adaId = async (world: RestWorld): Promise<string> => (await world.server.accounts.lookUp('ada'))?.id ?? ''

const givenBy = (body: Received['body'], cookies: string[]): boolean =>
  Boolean(body?.tokens) || Boolean(body?.loginResult) || cookies.some(cookie => /^(__Host-)?latchkey-\d+=[\w-]{43};/.test(cookie))
