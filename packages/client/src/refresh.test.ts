import { afterEach, describe, expect, test, vi } from 'vitest'
import { AccountsClientError } from './index.ts'
import { makeToken, refusal } from './testing/fake-server.ts'
import { later } from './testing/later.ts'
import { newWorld } from './testing/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('refreshing', () => {
  test('many calls and two tabs at once send one refresh', async () => {
    await using world = await newWorld()
    const other = world.newTab()
    later(89.7)
    const calls = [1, 2, 3].flatMap(() => [world.client.refreshSession(), other.client.refreshSession()])
    const pairs = new Set((await Promise.all(calls)).map(tokens => tokens?.accessToken))
    expect([world.server.asked('refreshTokens'), pairs.size]).toEqual([1, 1])
  })

  test('a token is left alone until shortly before it expires', async () => {
    await using world = await newWorld()
    later(89)
    await world.client.getUser()
    expect(world.server.asked('refreshTokens')).toBe(0)
    later(0.6)
    await world.client.getUser()
    expect(world.server.asked('refreshTokens')).toBe(1)
  })

  test('a very short-lived token is not refreshed at every call', async () => {
    await using world = await newWorld({}, { signedIn: false })
    world.server.accessLife = 20
    await world.password.login({ user: 'ada', password: 'correct horse' })
    await world.client.getUser()
    expect(world.server.asked('refreshTokens')).toBe(0)
  })

  test.each([
    ['hours ahead', 7200],
    ['hours behind', -7200],
  ])('a server whose clock is %s costs no needless refresh', async (_, ahead) => {
    await using world = await newWorld({}, { signedIn: false })
    world.server.ahead = ahead
    await world.password.login({ user: 'ada', password: 'correct horse' })
    await world.client.getUser()
    expect(world.server.asked('refreshTokens')).toBe(0)
    later(91)
    await world.client.getUser()
    expect(world.server.asked('refreshTokens')).toBe(1)
  })

  test.each([
    ['a dropped network', 'hang up' as const],
    ['a 500', { status: 500, body: { message: 'Internal server error', code: 'InternalError' } }],
    ['a 503 that even names a session code', { status: 503, body: { message: '', code: 'InvalidSession' } }],
    ['a rate limit', { status: 429, body: { message: 'Too many attempts', code: 'TooManyAttempts' }, headers: { 'retry-after': '7' } }],
    ['the page of a proxy', { status: 502, raw: '<h1>Bad gateway</h1>' }],
    ['the page of a hotel network', { status: 200, raw: '<h1>Welcome</h1>' }],
    ['an answer without tokens', { status: 200, body: {} }],
    ['a refusal that is not about the session', { status: 400, body: { message: 'No', code: 'AppError' } }],
  ])('%s signs nobody out', async (_, reply) => {
    await using world = await newWorld()
    const kept = await world.client.getTokens()
    later(100)
    world.server.next('refreshTokens', reply)
    await expect(world.client.getUser()).rejects.toBeInstanceOf(AccountsClientError)
    expect(await world.client.getTokens()).toEqual(kept)
    expect(await world.client.getUser()).toMatchObject({ id: 'u1' })
  })

  test('in its last seconds a token still serves when the server is out of reach', async () => {
    await using world = await newWorld()
    later(89.7)
    world.server.next('refreshTokens', 'hang up')
    expect(await world.client.getUser()).toMatchObject({ id: 'u1' })
  })

  test.each(['InvalidSession', 'SessionNotFound', 'TokenVerificationFailed', 'InvalidTokens', 'UserNotFound', 'UserDeactivated'])(
    'a refusal with %s signs out',
    async code => {
      await using world = await newWorld()
      world.server.next('refreshTokens', refusal(code, 'No'))
      expect(await world.client.refreshSession(true)).toBeNull()
      expect(world.storage.size).toBe(0)
      expect(world.client.state.get().status).toBe('signedOut')
    },
  )

  test('a sign-in that overtakes a refused refresh stands', async () => {
    await using world = await newWorld()
    const mine = makeToken('mine')
    world.server.next('refreshTokens', () => {
      // Straight into the storage, as accounts-js's own client in another tab does
      world.storage.set('accounts:refreshToken', mine).set('accounts:accessToken', mine)
      return refusal('InvalidSession', 'No')
    })
    await world.client.refreshSession(true)
    expect((await world.client.getTokens())?.refreshToken).toBe(mine)
  })

  test('a refresh under way does not bring back who signed out meanwhile', async () => {
    await using world = await newWorld()
    await Promise.all([world.client.refreshSession(true), world.newTab().client.logout()])
    expect(await world.client.getTokens()).toBeNull()
  })

  test('a refused access token is replaced and the call repeated, once', async () => {
    await using world = await newWorld()
    world.server.distrustAccessTokens()
    expect(await world.client.sessions()).toHaveLength(1)
    expect(world.server.asked('sessions')).toBe(2)
    world.server.next('sessions', { status: 401, body: { message: 'Unauthorized' } }, { status: 401, body: { message: 'Unauthorized' } })
    await expect(world.client.sessions()).rejects.toMatchObject({ status: 401, code: undefined })
    expect(world.server.asked('sessions')).toBe(4)
  })

  test('the user is asked for again with another token, since that route never refuses', async () => {
    await using world = await newWorld()
    world.server.distrustAccessTokens()
    expect(await world.client.getUser()).toMatchObject({ id: 'u1' })
    expect([world.server.asked('user'), world.server.asked('refreshTokens')]).toEqual([2, 1])
  })

  test('a session that ended elsewhere is noticed at the next call', async () => {
    await using world = await newWorld()
    world.server.endAll()
    await expect(world.client.sessions()).rejects.toMatchObject({ status: 401 })
    expect(await world.client.getTokens()).toBeNull()
    expect(world.client.state.get().status).toBe('signedOut')
  })

  test('a wrong old password is not taken for a refused session', async () => {
    await using world = await newWorld()
    world.server.next('password/changePassword', refusal('InvalidCredentials', 'Invalid credentials'))
    await expect(world.password.changePassword('wrong', 'a new long one')).rejects.toMatchObject({ code: 'InvalidCredentials' })
    expect(world.server.asked('refreshTokens')).toBe(0)
  })
})
