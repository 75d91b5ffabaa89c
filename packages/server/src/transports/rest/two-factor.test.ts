/** The second factor over REST: accounts-js's three routes as its clients call them, and ours. */
import type { TwoFactorSecret, TwoFactorStatus } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import { PASSWORD } from '../../testing/index.ts'
import { restWorld } from '../../testing/rest-world.ts'
import type { Received, RestWorld } from '../../testing/rest-world.ts'
import { codeOf, enrolled, STEP, wrongCode } from '../../testing/two-factor.ts'

type Answer = Received<{ secret: TwoFactorSecret; recoveryCodes: string[]; message: string; code: string; details: { pending?: string } }>
const call = (world: RestWorld, route: string, json: unknown, headers?: Record<string, string>): Promise<Answer> =>
  world.post(`/accounts/password/${route}`, json, headers)
const authenticate = (world: RestWorld, more: object = {}): Promise<Received> =>
  world.post('/accounts/password/authenticate', { user: 'ada', password: PASSWORD, ...more })

/** A user who set it up over the wire, and what their client knows. */
async function setUp(world: RestWorld, name = 'ada') {
  const headers = await world.bearer(name)
  const { secret } = (await call(world, 'twoFactorSecret', {})).body
  const { body } = await call(world, 'twoFactorSet', { secret, code: codeOf(secret, world.clock) }, headers)
  const code = (): string => {
    world.clock.pass(STEP)
    return codeOf(secret, world.clock)
  }
  return { headers, secret, recoveryCodes: body.recoveryCodes, code }
}

describe('accounts-js’s routes of the second factor', () => {
  it('twoFactorSecret answers without a token and without a body, as its client asks', async () => {
    await using world = await restWorld()
    for (const sending of [{}, { json: {} }, { raw: '' }, { raw: 'not JSON' }, { headers: { 'content-type': 'application/json' } }]) {
      const { status, body } = await world.send<Answer['body']>('POST', '/accounts/password/twoFactorSecret', sending)
      expect(status).toBe(200)
      expect(Object.keys(body)).toEqual(['secret'])
      expect(Object.keys(body.secret).toSorted()).toEqual(['ascii', 'base32', 'hex', 'otpauth_url'])
    }
  })

  it('twoFactorSecret is for one user alone when a token comes along', async () => {
    await using world = await restWorld()
    const [ada, eve] = [await world.bearer('ada'), await world.bearer('eve')]
    const { secret } = (await call(world, 'twoFactorSecret', {}, ada)).body
    expect(secret.otpauth_url).toContain(':ada?')
    const code = codeOf(secret, world.clock)
    expect((await call(world, 'twoFactorSet', { secret, code }, eve)).body).toMatchObject({
      code: 'TwoFactorInvalid',
      details: { field: 'secret' },
    })
    expect((await call(world, 'twoFactorSet', { secret, code }, ada)).status).toBe(200)
  })

  it('twoFactorSecret is limited by address', async () => {
    await using world = await restWorld({ options: { limits: { offer: { address: { limit: 2 } } } } })
    const statuses = []
    for (let n = 0; n < 3; n += 1) statuses.push((await call(world, 'twoFactorSecret', {})).status)
    expect(statuses).toEqual([200, 200, 429])
  })

  it('twoFactorSet takes the secret as its client sends it back, or its base32 alone, and answers the recovery codes', async () => {
    await using world = await restWorld()
    for (const [name, shape] of [
      ['ada', (secret: TwoFactorSecret) => secret],
      ['eve', ({ base32 }: TwoFactorSecret) => ({ base32 })],
      ['grace', ({ base32 }: TwoFactorSecret) => base32],
    ] as const) {
      const headers = await world.bearer(name)
      const { secret } = (await call(world, 'twoFactorSecret', {})).body
      const { status, body } = await call(world, 'twoFactorSet', { secret: shape(secret), code: codeOf(secret, world.clock) }, headers)
      expect([status, Object.keys(body), body.recoveryCodes.length]).toEqual([200, ['recoveryCodes'], 10])
    }
  })

  it('signing in says “2FA code required”; the code goes beside the password, or into the step after it', async () => {
    await using world = await restWorld()
    const { code } = await setUp(world)
    const due = await authenticate(world)
    expect([due.status, due.body]).toEqual([
      400,
      { message: '2FA code required', code: 'TwoFactorRequired', details: { pending: expect.any(String) as unknown, factors: ['totp'] } },
    ])
    expect((await authenticate(world, { code: code() })).body.user.username).toBe('ada')
    const { pending } = due.body.details
    const completed = await world.post('/accounts/second-factor/authenticate', { pending, code: code() })
    expect([completed.status, Object.keys(completed.body)]).toEqual([200, ['sessionId', 'tokens', 'user']])
    const wrong = await authenticate(world, { code: '12345x' })
    expect([wrong.status, wrong.body]).toEqual([400, { message: "2FA code didn't match", code: 'TwoFactorInvalid' }])
  })

  it('twoFactorUnset takes a code and answers an empty object', async () => {
    await using world = await restWorld()
    const { headers, secret, code } = await setUp(world)
    const wrong = await call(world, 'twoFactorUnset', { code: wrongCode(secret, world.clock) }, headers)
    expect([wrong.status, wrong.body.message]).toEqual([400, "2FA code didn't match"])
    const unset = await call(world, 'twoFactorUnset', { code: code() }, headers)
    expect([unset.status, unset.text]).toEqual([200, '{}'])
    expect((await authenticate(world)).status).toBe(200)
    const again = await call(world, 'twoFactorUnset', { code: code() }, headers)
    expect([again.status, again.body]).toEqual([400, { message: '2FA not set', code: 'TwoFactorNotSet' }])
  })

  it('setting it up twice is “2FA already set”', async () => {
    await using world = await restWorld()
    const { headers } = await setUp(world)
    const { secret } = (await call(world, 'twoFactorSecret', {})).body
    const { status, body } = await call(world, 'twoFactorSet', { secret, code: codeOf(secret, world.clock) }, headers)
    expect([status, body]).toEqual([400, { message: '2FA already set', code: 'TwoFactorAlreadySet' }])
  })

  it('a missing code is asked for, a secret that is none is named', async () => {
    await using world = await restWorld()
    const headers = await world.bearer('ada')
    const { secret } = (await call(world, 'twoFactorSecret', {})).body
    expect((await call(world, 'twoFactorSet', { secret }, headers)).body).toMatchObject({
      code: 'TwoFactorRequired',
      details: { field: 'code' },
    })
    expect((await call(world, 'twoFactorSet', { code: '123456' }, headers)).body).toMatchObject({
      code: 'MatchFailed',
      details: { field: 'secret' },
    })
    expect((await call(world, 'twoFactorUnset', {}, headers)).body.message).toBe('2FA code required')
  })
})

describe('what accounts-js lacks of the second factor', () => {
  it('its state, and new recovery codes for a code', async () => {
    await using world = await restWorld()
    const before = await world.get<TwoFactorStatus>('/accounts/password/twoFactor', await world.bearer('ada'))
    expect(before.body).toEqual({ enabled: false, recoveryCodesLeft: 0 })
    const { headers, recoveryCodes, code } = await setUp(world)
    expect((await authenticate(world, { code: recoveryCodes[0] })).status).toBe(200)
    const status = async () => (await world.get<TwoFactorStatus>('/accounts/password/twoFactor', headers)).body
    expect(await status()).toEqual({ enabled: true, recoveryCodesLeft: 9 })
    const fresh = await call(world, 'twoFactorRecoveryCodes', { code: code() }, headers)
    expect([fresh.status, fresh.body.recoveryCodes.length]).toEqual([200, 10])
    expect(await status()).toEqual({ enabled: true, recoveryCodesLeft: 10 })
  })

  it('a password confirms where the face asks for it', async () => {
    await using world = await restWorld({ options: { face: 'latchkey' } })
    const headers = await world.bearer('ada')
    world.clock.pass(11 * 60_000)
    const { secret } = (await call(world, 'twoFactorSecret', {}, headers)).body
    const set = (more: object) => call(world, 'twoFactorSet', { secret, code: codeOf(secret, world.clock), ...more }, headers)
    expect((await set({})).body.code).toBe('RecentLoginRequired')
    expect((await set({ password: PASSWORD })).status).toBe(200)
  })

  it.each([
    ['changePassword', { oldPassword: PASSWORD, newPassword: 'a rather different sentence' }],
    ['addEmail', { newEmail: 'new@example.org' }],
    ['removeEmail', { email: 'ada@example.org', password: PASSWORD }],
    ['changeEmail', { oldEmail: 'ada@example.org', newEmail: 'new@example.org', password: PASSWORD }],
    ['../account/delete', { password: PASSWORD }],
  ])('a code confirms %s where the session is not fresh', async (route, body) => {
    await using world = await restWorld()
    const { headers, code } = await setUp(world)
    world.clock.pass(11 * 60_000)
    const act = (more: object) => call(world, route, { ...body, ...more }, headers)
    expect((await act({})).body).toMatchObject({ message: '2FA code required', code: 'TwoFactorRequired', details: { field: 'code' } })
    expect((await act({ code: code() })).status).toBe(200)
  })

  it('without passwords there are no such routes', async () => {
    const badge = { name: 'badge', parse: () => ({}), authenticate: async () => undefined }
    await using world = await restWorld({ services: { badge } })
    for (const route of ['twoFactorSecret', 'twoFactorSet', 'twoFactorUnset', 'twoFactorRecoveryCodes'])
      expect((await call(world, route, {})).status).toBe(404)
    expect((await world.get('/accounts/password/twoFactor')).status).toBe(404)
  })
})

describe('no answer', () => {
  it('but those that are asked for it holds a secret or a recovery code', async () => {
    await using world = await restWorld()
    const { secret, recoveryCodes, tokens } = await enrolled(world)
    const headers = { authorization: `Bearer ${tokens.accessToken}` }
    for (const [method, path] of [
      ['GET', '/accounts/user'],
      ['GET', '/accounts/sessions'],
      ['GET', '/accounts/account/export'],
      ['GET', '/accounts/password/twoFactor'],
      ['POST', '/accounts/user'],
    ] as const) {
      const { status, text } = await world.send(method, path, { headers, ...(method === 'POST' ? { json: {} } : {}) })
      expect(status).toBe(200)
      for (const clear of [secret.base32, secret.hex, ...recoveryCodes]) expect(text).not.toContain(clear)
      expect(text).not.toMatch(/sealed|lastStep/)
    }
    expect(JSON.stringify(world.log)).not.toContain(secret.base32)
  })
})
