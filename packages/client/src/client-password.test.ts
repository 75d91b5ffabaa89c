import { describe, expect, test } from 'vitest'
import { newWorld } from './testing/world.ts'

describe('AccountsClientPassword', () => {
  test('has a method for each of accounts-js’s, and each asks its own route', async () => {
    await using world = await newWorld()
    const { password } = world
    const calls: [() => Promise<unknown>, route: string, body: object][] = [
      [() => password.createUser({ email: 'e', password: 'p' }), 'password/register', { user: { email: 'e', password: 'p' } }],
      [() => password.requestPasswordReset('e'), 'password/sendResetPasswordEmail', { email: 'e' }],
      [() => password.requestVerificationEmail('e'), 'password/sendVerificationEmail', { email: 'e' }],
      [() => password.verifyEmail('t'), 'password/verifyEmail', { token: 't' }],
      [() => password.addEmail('n'), 'password/addEmail', { newEmail: 'n' }],
      [() => password.changePassword('o', 'n'), 'password/changePassword', { oldPassword: 'o', newPassword: 'n' }],
      [() => password.resetPassword('t', 'n'), 'password/resetPassword', { token: 't', newPassword: 'n' }],
      [
        () => password.login({ user: 'ada', password: 'correct horse', code: '1' }),
        'password/authenticate',
        { user: 'ada', password: 'correct horse', code: '1' },
      ],
    ]
    for (const [call, route, body] of calls) {
      await call()
      expect(world.server.seen.at(-1)).toMatchObject({ method: 'POST', route })
      expect(world.server.seen.at(-1)?.body).toEqual(body)
    }
    expect(await password.hashPassword('as typed')).toBe('as typed')
    expect(password.client).toBe(world.client)
  })
})

describe('tokens', () => {
  test('can be set, read and forgotten without the server, own ones and those put aside apart', async () => {
    await using world = await newWorld({}, { signedIn: false })
    const { client } = world
    const [own, aside] = [
      { accessToken: 'a', refreshToken: 'b' },
      { accessToken: 'c', refreshToken: 'd' },
    ]
    expect([await client.getTokens(), await client.getTokens(true)]).toEqual([null, null])
    await client.setTokens(own)
    await client.setTokens(aside, true)
    expect([await client.getTokens(), await client.getTokens(true)]).toEqual([own, aside])
    await client.clearTokens()
    expect([await client.getTokens(), await client.getTokens(true)]).toEqual([null, aside])
    await client.clearTokens(true)
    expect(world.storage.size).toBe(0)
    expect(world.server.seen).toEqual([])
  })

  test('are no session unless both are there', async () => {
    await using world = await newWorld()
    world.storage.delete('accounts:refreshToken')
    expect(await world.client.getTokens()).toBeNull()
    expect(await world.client.refreshSession()).toBeNull()
  })
})

test('authenticateWithService answers whether the credentials are good, and keeps nothing', async () => {
  await using world = await newWorld({}, { signedIn: false })
  expect(await world.client.authenticateWithService('password', { user: 'ada', password: 'x' })).toBe(true)
  expect(world.server.seen.at(-1)).toMatchObject({ route: 'password/verifyAuthentication', body: { user: 'ada', password: 'x' } })
  expect(world.storage.size).toBe(0)
})

test('loginWithService signs in with whatever service, and keeps the tokens', async () => {
  await using world = await newWorld({}, { signedIn: false })
  world.server.next('oauth/authenticate', world.server.open())
  const { tokens } = await world.client.loginWithService('oauth', { provider: 'p', access_token: 't' })
  expect(world.server.seen.at(-1)).toMatchObject({ route: 'oauth/authenticate', body: { provider: 'p', access_token: 't' } })
  expect(await world.client.getTokens()).toEqual(tokens)
})
