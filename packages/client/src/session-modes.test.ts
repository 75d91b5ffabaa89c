import { afterEach, describe, expect, test, vi } from 'vitest'
import { AccountsClient, RestClient } from './index.ts'
import { refusal } from './testing/fake-server.ts'
import { newWorld } from './testing/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
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
