import { afterEach, describe, expect, test, vi } from 'vitest'
import { FakeServer, makeToken, refusal } from './testing/fake-server.ts'
import { AccountsClient, AccountsClientError, AccountsClientPassword, authFetch, RestClient } from './index.ts'
import type { AccountsClientOptions, TransportInterface } from './index.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** A server, and a client that is signed in unless told otherwise. */
async function newWorld(options: AccountsClientOptions = {}, { signedIn = true } = {}) {
  const server = await new FakeServer().start()
  const storage = new Map<string, string>()
  const tokenStorage = {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
    removeItem: (key: string) => storage.delete(key),
  }
  const newTab = (more: AccountsClientOptions = {}) => {
    const client = new AccountsClient({ tokenStorage, ...options, ...more }, new RestClient({ apiHost: server.url, timeout: 5000 }))
    return { client, password: new AccountsClientPassword(client) }
  }
  const { client, password } = newTab()
  if (signedIn) await password.login({ user: 'ada', password: 'correct horse' })
  return { server, storage, client, password, newTab, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const later = (minutes: number): void => {
  const then = Date.now() + minutes * 60_000
  vi.useFakeTimers({ toFake: ['Date'], now: then })
}

describe('signing in and out', () => {
  test('keeps tokens under the keys of accounts-js and ends the session at logout', async () => {
    await using world = await newWorld()
    expect([...world.storage.keys()].toSorted()).toEqual(['accounts:accessToken', 'accounts:refreshToken'])
    expect(await world.client.getUser()).toMatchObject({ id: 'u1' })
    await world.client.logout()
    expect(world.storage.size).toBe(0)
    expect(world.server.sessions[0]?.live).toBe(false)
    expect(await world.client.getUser()).toBeNull()
  })

  test('prefix and separator make other keys', async () => {
    await using world = await newWorld({ tokenStoragePrefix: 'shop', tokenStorageSeparator: '/' })
    expect([...world.storage.keys()].toSorted()).toEqual(['shop/accessToken', 'shop/refreshToken'])
  })

  test('a wrong password rejects with code, status and message, and stores nothing', async () => {
    await using world = await newWorld({}, { signedIn: false })
    const attempt = world.password.login({ user: 'ada', password: 'wrong' })
    await expect(attempt).rejects.toMatchObject({ code: 'InvalidCredentials', status: 400, message: 'Invalid credentials' })
    await expect(attempt).rejects.toBeInstanceOf(AccountsClientError)
    expect(world.storage.size).toBe(0)
  })

  test('a login that comes without the asked kind of session is an error, not a half sign-in', async () => {
    await using world = await newWorld({}, { signedIn: false })
    world.server.next('password/authenticate', { body: { sessionId: 's', tokens: null, user: world.server.user } })
    await expect(world.password.login({ user: 'ada', password: 'x' })).rejects.toMatchObject({ code: 'UnexpectedReply' })
  })

  test('logout of a dead session clears this device', async () => {
    await using world = await newWorld()
    world.server.endAll()
    await world.client.logout()
    expect(world.storage.size).toBe(0)
  })

  test('logout while the server is out of reach rejects and keeps the session', async () => {
    await using world = await newWorld()
    world.server.next('logout', 'hang up', { status: 503, body: { message: 'Busy', code: 'Busy' } })
    await expect(world.client.logout()).rejects.toMatchObject({ code: 'NetworkError', status: 0 })
    await expect(world.client.logout()).rejects.toMatchObject({ code: 'Busy' })
    expect(await world.client.getTokens()).not.toBeNull()
    await world.client.logout()
    expect(await world.client.getTokens()).toBeNull()
  })

  test('logout sends an expired token as it is, without a refresh', async () => {
    await using world = await newWorld()
    later(100)
    await world.client.logout()
    expect(world.server.asked('refreshTokens')).toBe(0)
    expect(world.server.sessions[0]?.live).toBe(false)
  })

  test('the tokens that a password reset answers with are kept', async () => {
    await using world = await newWorld({}, { signedIn: false })
    await world.password.resetPassword('token', 'a new long password')
    expect(await world.client.getUser()).toMatchObject({ id: 'u1' })
  })

  test('sign-up signs in when the server answers with a session, and not otherwise', async () => {
    await using world = await newWorld({}, { signedIn: false })
    expect(await world.password.createUser({ email: 'ada@example.com', password: 'correct horse' })).toEqual({ userId: 'u1' })
    expect(await world.client.getTokens()).toBeNull()
    const loginResult = world.server.open().body
    world.server.next('password/register', { body: { userId: 'u1', loginResult } })
    await world.password.createUser({ email: 'ada@example.com', password: 'correct horse' })
    expect(await world.client.getTokens()).not.toBeNull()
  })

  test('hashPassword is applied to every password that is sent', async () => {
    await using world = await newWorld()
    const password = new AccountsClientPassword(world.client, { hashPassword: async plain => `#${plain}` })
    await password.createUser({ username: 'ada', password: 'one' })
    await password.login({ user: 'ada', password: 'two' }).catch(() => {})
    await password.changePassword('three', 'four')
    await password.resetPassword('t', 'five')
    expect(world.server.seen.slice(1).map(({ body }) => body)).toMatchObject([
      { user: { password: '#one' } },
      { password: '#two' },
      { oldPassword: '#three', newPassword: '#four' },
      { newPassword: '#five' },
    ])
  })

  test('deleting the account signs out', async () => {
    await using world = await newWorld()
    await world.client.deleteAccount('correct horse')
    expect(world.storage.size).toBe(0)
    expect(world.client.state.get()).toEqual({ status: 'signedOut', user: null })
  })

  test('impersonation puts the own tokens aside and brings them back', async () => {
    await using world = await newWorld()
    const own = await world.client.getTokens()
    await world.client.impersonate({ username: 'bob' })
    expect(await world.client.getTokens(true)).toEqual(own)
    expect(await world.client.getUser()).toMatchObject({ id: 'u2' })
    await world.client.stopImpersonation()
    expect(await world.client.getTokens()).toEqual(own)
    expect(await world.client.getTokens(true)).toBeNull()
    expect(world.server.sessions.map(({ live }) => live)).toEqual([true, false])
  })

  test('an impersonation that is not authorised changes nothing', async () => {
    await using world = await newWorld()
    const own = await world.client.getTokens()
    world.server.next('impersonate', { body: { authorized: false } })
    await expect(world.client.impersonate({ userId: 'u2' })).rejects.toThrow('User unauthorized to impersonate')
    expect([await world.client.getTokens(), await world.client.getTokens(true)]).toEqual([own, null])
  })
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

describe('storage', () => {
  test('an asynchronous storage works the same', async () => {
    const storage = new Map<string, string>()
    const tokenStorage = {
      getItem: async (key: string) => storage.get(key) ?? null,
      setItem: async (key: string, value: string) => void storage.set(key, value),
      removeItem: async (key: string) => void storage.delete(key),
    }
    await using world = await newWorld({ tokenStorage })
    await world.client.refreshSession(true)
    expect(await world.client.getUser()).toMatchObject({ id: 'u1' })
    await world.client.logout()
    expect(storage.size).toBe(0)
  })

  test('making a client touches nothing, so it can be made on a server', () => {
    const touched = vi.fn<() => never>(() => {
      throw new Error('touched')
    })
    vi.stubGlobal('window', Object.defineProperty({}, 'localStorage', { get: touched }))
    vi.stubGlobal('fetch', touched)
    const client = new AccountsClient({}, new RestClient())
    expect(client.state.get()).toEqual({ status: 'loading', user: null })
    expect(touched).not.toHaveBeenCalled()
  })

  test('a browser that forbids storage keeps tokens in memory', async () => {
    const forbidden = (): never => {
      throw new Error('SecurityError')
    }
    vi.stubGlobal('window', Object.defineProperty({}, 'localStorage', { get: forbidden }))
    const client = new AccountsClient({}, new RestClient())
    await client.setTokens({ accessToken: 'a', refreshToken: 'r' })
    expect(await client.getTokens()).toEqual({ accessToken: 'a', refreshToken: 'r' })
  })

  test('two clients without a storage share nothing', async () => {
    const [one, two] = [new AccountsClient({}, new RestClient()), new AccountsClient({}, new RestClient())]
    await one.setTokens({ accessToken: 'a', refreshToken: 'r' })
    expect(await two.getTokens()).toBeNull()
  })
})

describe('cookie mode', () => {
  test('asks for a cookie, brings it along, and stores nothing', async () => {
    await using world = await newWorld({ session: 'cookie' })
    expect(world.storage.size).toBe(0)
    expect(world.server.seen[0]?.headers['x-latchkey-session']).toBe('cookie')
    expect(world.client.state.get().status).toBe('signedIn')
    expect([await world.client.getTokens(), await world.client.refreshSession()]).toEqual([null, null])
    await expect(world.client.setTokens({ accessToken: 'a', refreshToken: 'b' })).rejects.toThrow('cookie mode')
  })

  test('on a server the cookie of the incoming request can be handed on', async () => {
    await using world = await newWorld({ session: 'cookie' })
    expect(await world.client.transport.getUser({ cookie: 'sid=s1' })).toMatchObject({ id: 'u1' })
    expect(world.server.seen.at(-1)).toMatchObject({ method: 'GET', route: 'user' })
  })

  test('a login that answers with tokens all the same is refused: they must not reach scripts', async () => {
    await using world = await newWorld({ session: 'cookie' }, { signedIn: false })
    world.server.next('password/authenticate', world.server.open())
    await expect(world.password.login({ user: 'ada', password: 'x' })).rejects.toMatchObject({ code: 'UnexpectedReply' })
  })

  test('logout without a live session is a success', async () => {
    await using world = await newWorld({ session: 'cookie' })
    world.server.next('logout', refusal('InvalidToken', 'An accessToken is required'))
    await world.client.logout()
    expect(world.client.state.get().status).toBe('signedOut')
  })
})

describe('who is signed in', () => {
  test('is loading, then known; the same object until it changes', async () => {
    await using world = await newWorld()
    const { client } = world.newTab()
    const heard: (string | undefined)[] = []
    expect(client.state.get().status).toBe('loading')
    const stop = client.user.subscribe(user => heard.push(user?.id))
    await vi.waitFor(() => expect(client.state.get().status).toBe('signedIn'))
    const user = client.user.get()
    await client.getUser()
    expect(client.user.get()).toBe(user)
    await client.logout()
    expect(heard).toEqual([undefined, 'u1', undefined])
    stop()
    await world.password.login({ user: 'ada', password: 'correct horse' })
    expect(heard).toHaveLength(3)
  })

  test('says why it takes long, and tries again by itself', async () => {
    await using world = await newWorld()
    world.server.next('user', 'hang up')
    const { client } = world.newTab()
    const stop = client.state.subscribe(() => {})
    await vi.waitFor(() => expect(client.state.get()).toMatchObject({ status: 'loading', error: { code: 'NetworkError' } }))
    await vi.waitFor(() => expect(client.state.get().status).toBe('signedIn'), { timeout: 5000 })
    stop()
  })

  test('follows a change of the user', async () => {
    await using world = await newWorld()
    const stop = world.client.user.subscribe(() => {})
    world.server.user.emails.push({ address: 'ada@example.org', verified: false })
    await world.password.addEmail('ada@example.org')
    await vi.waitFor(() => expect(world.client.user.get()?.emails).toHaveLength(2))
    stop()
  })

  test('an answer that was asked for before a logout does not sign in again', async () => {
    await using world = await newWorld()
    const asked = world.client.getUser()
    await Promise.all([asked, world.client.logout()])
    expect(world.client.state.get().status).toBe('signedOut')
  })

  test('a listener that throws harms nobody', async () => {
    await using world = await newWorld()
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const heard = vi.fn<(status: string) => void>()
    const stops = [
      world.client.state.subscribe(({ status }) => {
        if (status === 'signedOut') throw new Error('mine')
      }),
      world.client.state.subscribe(({ status }) => heard(status)),
    ]
    await world.client.logout()
    expect(heard).toHaveBeenLastCalledWith('signedOut')
    expect(log).toHaveBeenCalledOnce()
    for (const stop of stops) stop.stop()
    log.mockRestore()
  })
})

describe('the wire', () => {
  test('every route gets the body accounts-js sends, and last a caller’s own headers', async () => {
    await using world = await newWorld()
    const wire = world.client.transport
    const own = { 'x-own': 'yes' }
    const calls: [() => Promise<unknown>, route: string, body: object][] = [
      [() => wire.createUser({ email: 'e', password: 'p' }, own), 'password/register', { user: { email: 'e', password: 'p' } }],
      [() => wire.authenticateWithService('password', { user: 'u' }, own), 'password/verifyAuthentication', { user: 'u' }],
      [() => wire.verifyEmail('t', own), 'password/verifyEmail', { token: 't' }],
      [() => wire.resetPassword('t', 'n', own), 'password/resetPassword', { token: 't', newPassword: 'n' }],
      [() => wire.sendVerificationEmail('e', own), 'password/sendVerificationEmail', { email: 'e' }],
      [() => wire.sendResetPasswordEmail('e', own), 'password/sendResetPasswordEmail', { email: 'e' }],
      [() => wire.addEmail('n', own), 'password/addEmail', { newEmail: 'n' }],
      [() => wire.changePassword('o', 'n', own), 'password/changePassword', { oldPassword: 'o', newPassword: 'n' }],
      [() => wire.removeEmail('e', 'p', own), 'password/removeEmail', { email: 'e', password: 'p' }],
      [() => wire.changeEmail('o', 'n', undefined, own), 'password/changeEmail', { oldEmail: 'o', newEmail: 'n' }],
      [() => wire.endSession('s', own), 'sessions/end', { sessionId: 's' }],
      [() => wire.endOtherSessions(own), 'sessions/endOthers', {}],
      [() => wire.getUser(own), 'user', {}],
      [() => wire.sessions(own), 'sessions', {}],
      [() => wire.exportData(own), 'account/export', {}],
      [() => wire.settings(own), 'settings', {}],
      [() => wire.refreshTokens('a', 'r', own).catch(() => {}), 'refreshTokens', { accessToken: 'a', refreshToken: 'r' }],
      [() => wire.logout(own), 'logout', {}],
    ]
    for (const [call, route, body] of calls) {
      await call()
      expect(world.server.seen.at(-1)).toMatchObject({ route, headers: { 'x-own': 'yes', 'content-type': 'application/json' } })
      expect(world.server.seen.at(-1)?.body).toEqual(body)
    }
  })

  test('an error carries details and the seconds to wait', async () => {
    await using world = await newWorld()
    const body = { message: 'Invalid email', code: 'InvalidEmail', details: { field: 'newEmail' } }
    world.server.next('password/addEmail', { status: 429, body, headers: { 'retry-after': '7' } })
    await expect(world.password.addEmail('x')).rejects.toMatchObject({ details: { field: 'newEmail' }, retryAfter: 7, status: 429 })
  })

  test('authFetch brings the session to other routes; headers of the caller win; a 401 is repeated once', async () => {
    await using world = await newWorld()
    const url = `${world.server.url}/orders`
    await authFetch(world.client, url, { headers: new Headers({ 'Content-Type': 'text/plain' }) })
    expect(world.server.seen.at(-1)?.headers).toMatchObject({
      authorization: `Bearer ${(await world.client.getTokens())?.accessToken}`,
      'content-type': 'text/plain',
    })
    world.server.next('/orders', { status: 401 }, { status: 401 })
    expect((await authFetch(world.client, url)).status).toBe(401)
    expect([world.server.asked('/orders'), world.server.asked('refreshTokens')]).toEqual([3, 1])
  })

  test('wrong set-up is refused by name', () => {
    // What a caller without types may do
    const nothing = undefined as unknown as TransportInterface & AccountsClient
    expect(() => new AccountsClient({}, nothing)).toThrow('A valid transport is required')
    expect(() => new AccountsClientPassword(nothing)).toThrow('A valid client instance is required')
    expect(() => new AccountsClient({ tokenStorge: 1 } as AccountsClientOptions, new RestClient())).toThrow('Unknown option "tokenStorge"')
    expect(() => new RestClient({ apiHosts: '' } as object)).toThrow('Unknown option "apiHosts"')
  })
})
