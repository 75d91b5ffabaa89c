import { afterEach, describe, expect, test, vi } from 'vitest'
import type { PublicUser } from '@latchkey/common'
import { AccountsClientError, AccountsClientPassword } from './index.ts'
import { later } from './testing/later.ts'
import { newWorld } from './testing/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

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
    await vi.waitFor(() => expect(client.state.get().status).toBe('signedIn'))
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

  test('an answer that a later one has overtaken is out of date', async () => {
    await using world = await newWorld()
    const { client, server } = world
    const late = { ...server.user, username: 'grace' }
    let answer: (user: PublicUser) => void = () => {}
    const early = new Promise<PublicUser>(resolve => void (answer = resolve))
    const asked = vi.spyOn(client.transport, 'getUser').mockReturnValueOnce(early).mockResolvedValueOnce(late)
    const first = client.getUser()
    await client.getUser()
    answer(server.user)
    await first
    expect(client.user.get()).toBe(late)
    asked.mockRejectedValueOnce(new Error('out of reach'))
    const [last, lost] = [client.getUser().catch(() => null), client.getUser()]
    await Promise.all([last, lost])
    expect(client.user.get()).toEqual(server.user)
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
