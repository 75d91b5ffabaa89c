import { afterEach, describe, expect, test, vi } from 'vitest'
import { later } from './testing/later.ts'
import { newWorld } from './testing/world.ts'

afterEach(() => {
  vi.useRealTimers()
})

const live = (world: Awaited<ReturnType<typeof newWorld>>): boolean[] => world.server.sessions.map(session => session.live)

describe('acting as another user', () => {
  test('puts the own tokens aside under accounts-js’s keys and brings them back', async () => {
    await using world = await newWorld()
    const own = await world.client.getTokens()
    expect(await world.client.impersonate({ username: 'bob' })).toMatchObject({ authorized: true, user: { id: 'u2' } })
    expect(world.server.seen.at(-1)?.body).toEqual({ accessToken: own?.accessToken, impersonated: { username: 'bob' } })
    expect([...world.storage.keys()].toSorted()).toEqual([
      'accounts:accessToken',
      'accounts:originalAccessToken',
      'accounts:originalRefreshToken',
      'accounts:refreshToken',
    ])
    expect(await world.client.getTokens(true)).toEqual(own)
    expect(await world.client.getUser()).toMatchObject({ id: 'u2' })
    await world.client.stopImpersonation()
    expect([await world.client.getTokens(), await world.client.getTokens(true)]).toEqual([own, null])
    expect(await world.client.getUser()).toMatchObject({ id: 'u1' })
    expect(live(world)).toEqual([true, false])
  })

  test('takes a session', async () => {
    await using world = await newWorld({}, { signedIn: false })
    await expect(world.client.impersonate({ userId: 'u2' })).rejects.toThrow('An access token is required')
    expect(world.server.asked('impersonate')).toBe(0)
  })

  test('that is refused, or answered without tokens, changes nothing', async () => {
    await using world = await newWorld()
    const own = await world.client.getTokens()
    for (const body of [{ authorized: false }, { authorized: true }]) {
      world.server.next('impersonate', { body })
      await expect(world.client.impersonate({ userId: 'u2' })).rejects.toThrow('User unauthorized to impersonate')
    }
    expect([await world.client.getTokens(), await world.client.getTokens(true)]).toEqual([own, null])
  })

  test('survives a refresh, here and of the tokens put aside', async () => {
    await using world = await newWorld()
    await world.client.impersonate({ userId: 'u2' })
    later(100)
    expect(await world.client.getUser()).toMatchObject({ id: 'u2' })
    await world.client.stopImpersonation()
    expect(await world.client.getUser()).toMatchObject({ id: 'u1' })
    expect(world.server.asked('refreshTokens')).toBe(2)
  })

  test('puts aside what another tab refreshed meanwhile, not what it began with', async () => {
    await using world = await newWorld()
    const tab = world.newTab()
    world.server.next('impersonate', () => {
      const { body } = world.server.open()
      return { body: { authorized: true, ...(body as object) } }
    })
    const asked = world.client.impersonate({ userId: 'u2' })
    const refreshed = await tab.client.refreshSession(true)
    await asked
    // Whoever was first: what lies aside is a pair that still refreshes.
    const aside = await world.client.getTokens(true)
    const kept = await world.client.getTokens()
    expect([aside?.refreshToken, kept?.refreshToken]).toContain(refreshed?.refreshToken)
    await world.client.stopImpersonation()
    expect(await world.client.refreshSession(true)).not.toBeNull()
  })

  test('begins not at all when the tokens cannot be stored', async () => {
    let full = false
    const storage = new Map<string, string>()
    const tokenStorage = {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => {
        if (full && key === 'accounts:refreshToken') throw new Error('QuotaExceededError')
        storage.set(key, value)
      },
      removeItem: (key: string) => storage.delete(key),
    }
    await using world = await newWorld({ tokenStorage })
    const own = await world.client.getTokens()
    full = true
    await expect(world.client.impersonate({ userId: 'u2' })).rejects.toThrow('QuotaExceededError')
    expect([await world.client.getTokens(), await world.client.getTokens(true)]).toEqual([own, null])
    full = false
    await world.client.stopImpersonation()
    expect(await world.client.getUser()).toMatchObject({ id: 'u1' })
  })

  test('and then as a third one leads back to oneself', async () => {
    await using world = await newWorld()
    const own = await world.client.getTokens()
    await world.client.impersonate({ userId: 'u2' })
    await world.client.impersonate({ userId: 'u3' })
    await world.client.stopImpersonation()
    expect(await world.client.getTokens()).toEqual(own)
  })
})

describe('the end of it', () => {
  test('waits for the server: one goes on acting as the other user, and the call can be repeated', async () => {
    await using world = await newWorld()
    await world.client.impersonate({ userId: 'u2' })
    world.server.next('logout', 'hang up')
    await expect(world.client.stopImpersonation()).rejects.toMatchObject({ code: 'NetworkError' })
    expect(await world.client.getUser()).toMatchObject({ id: 'u2' })
    await world.client.stopImpersonation()
    expect(await world.client.getUser()).toMatchObject({ id: 'u1' })
    expect(live(world)).toEqual([true, false])
  })

  test('comes also when the other session is over already', async () => {
    await using world = await newWorld()
    await world.client.impersonate({ userId: 'u2' })
    const [, other] = world.server.sessions
    if (other) other.live = false
    await world.client.stopImpersonation()
    expect(await world.client.getUser()).toMatchObject({ id: 'u1' })
  })

  test('comes also when the server ended it and the tokens are gone', async () => {
    await using world = await newWorld()
    await world.client.impersonate({ userId: 'u2' })
    const [, other] = world.server.sessions
    if (other) other.live = false
    expect(await world.client.refreshSession(true)).toBeNull()
    expect(await world.client.getUser()).toBeNull()
    await world.client.stopImpersonation()
    expect(await world.client.getUser()).toMatchObject({ id: 'u1' })
  })

  test('that stopped half-way ends nobody’s session the second time', async () => {
    await using world = await newWorld()
    const own = await world.client.getTokens()
    // As it is when a tab closes after it kept the own tokens again, and before it forgot the copy.
    if (own) await world.client.setTokens(own, true)
    await world.client.stopImpersonation()
    expect([await world.client.getTokens(), await world.client.getTokens(true)]).toEqual([own, null])
    expect(live(world)).toEqual([true])
  })

  test('is not there for whoever signs in next, when the impersonation ended by itself', async () => {
    await using world = await newWorld()
    await world.client.impersonate({ userId: 'u2' })
    const [, other] = world.server.sessions
    if (other) other.live = false
    expect(await world.client.refreshSession(true)).toBeNull()
    await world.client.loginWithService('password', { user: 'carol', password: 'correct horse' })
    const tokens = await world.client.getTokens()
    expect(await world.client.getTokens(true)).toBeNull()
    await world.client.stopImpersonation()
    expect(await world.client.getTokens()).toEqual(tokens)
    expect(live(world)).toEqual([false, false, true])
  })

  test('lets whoever signs in next in also when the administrator’s session cannot be ended', async () => {
    await using world = await newWorld()
    await world.client.impersonate({ userId: 'u2' })
    world.client.transport.logout = () => Promise.reject(new Error('offline'))
    await world.client.loginWithService('password', { user: 'carol', password: 'correct horse' })
    expect(await world.client.getTokens(true)).toBeNull()
    expect(world.client.state.get()).toMatchObject({ status: 'signedIn' })
  })

  test('of nothing does nothing', async () => {
    await using world = await newWorld()
    await world.client.stopImpersonation()
    expect(world.server.asked('logout')).toBe(0)
  })

  test('by logout ends the own session too, which nobody would hold the tokens of', async () => {
    await using world = await newWorld()
    await world.client.impersonate({ userId: 'u2' })
    await world.client.logout()
    expect(live(world)).toEqual([false, false])
    expect(world.storage.size).toBe(0)
  })

  test('does not take the own token, hours old, for a fresh one', async () => {
    await using world = await newWorld()
    await world.client.impersonate({ userId: 'u2' })
    later(100)
    await world.client.stopImpersonation()
    const { accessToken } = (await world.client.getTokens()) ?? { accessToken: '' }
    expect((await world.client.refreshSession())?.accessToken).not.toBe(accessToken)
  })
})
