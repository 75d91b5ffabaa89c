import { describe, expect, test } from 'vitest'
import { AccountsClient, AccountsClientPassword, authFetch, RestClient } from './index.ts'
import type { AccountsClientOptions, TransportInterface } from './index.ts'
import { newWorld } from './testing/world.ts'

describe('the wire', () => {
  test('every route gets the body accounts-js sends, and last a caller’s own headers', async () => {
    await using world = await newWorld()
    const wire = world.client.transport
    const rest = new RestClient({ apiHost: world.server.url })
    rest.client = world.client
    const own = { 'x-own': 'yes' }
    const calls: [() => Promise<unknown>, route: string, body: object][] = [
      [() => wire.createUser({ email: 'e', password: 'p' }, own), 'password/register', { user: { email: 'e', password: 'p' } }],
      [() => wire.authenticateWithService('password', { user: 'u' }, own), 'password/verifyAuthentication', { user: 'u' }],
      [() => wire.verifyEmail('t', own), 'password/verifyEmail', { token: 't' }],
      [() => wire.resetPassword('t', 'n', own), 'password/resetPassword', { token: 't', newPassword: 'n' }],
      [() => wire.sendVerificationEmail('e', own), 'password/sendVerificationEmail', { email: 'e' }],
      [() => wire.sendResetPasswordEmail('e', own), 'password/sendResetPasswordEmail', { email: 'e' }],
      [() => wire.requestMagicLinkEmail('e', own), 'magiclink/requestMagicLinkEmail', { email: 'e' }],
      [() => wire.addEmail('n', own), 'password/addEmail', { newEmail: 'n' }],
      [() => wire.addEmail('n', own, 'p'), 'password/addEmail', { newEmail: 'n', password: 'p' }],
      [() => wire.changePassword('o', 'n', own), 'password/changePassword', { oldPassword: 'o', newPassword: 'n' }],
      [() => wire.changePassword('o', 'n', own, 'c'), 'password/changePassword', { oldPassword: 'o', newPassword: 'n', code: 'c' }],
      [() => wire.addEmail('n', own, 'p', 'c'), 'password/addEmail', { newEmail: 'n', password: 'p', code: 'c' }],
      [() => wire.removeEmail('e', 'p', own, 'c'), 'password/removeEmail', { email: 'e', password: 'p', code: 'c' }],
      [() => wire.changeEmail('o', 'n', 'p', own, 'c'), 'password/changeEmail', { oldEmail: 'o', newEmail: 'n', password: 'p', code: 'c' }],
      [() => wire.removeEmail('e', 'p', own), 'password/removeEmail', { email: 'e', password: 'p' }],
      [() => wire.changeEmail('o', 'n', undefined, own), 'password/changeEmail', { oldEmail: 'o', newEmail: 'n' }],
      [() => wire.loginWithService('oauth', { provider: 'p', code: 'c' }, own), 'oauth/authenticate', { provider: 'p', code: 'c' }],
      [() => wire.impersonate('a', { userId: 'u' }, own), 'impersonate', { accessToken: 'a', impersonated: { userId: 'u' } }],
      [() => wire.twoFactorSet({ base32: 'B' }, 'c', own), 'password/twoFactorSet', { secret: { base32: 'B' }, code: 'c' }],
      [
        () => rest.twoFactorSet({ base32: 'B' }, 'c', own, 'p'),
        'password/twoFactorSet',
        { secret: { base32: 'B' }, code: 'c', password: 'p' },
      ],
      [
        () => wire.twoFactorEnable({ base32: 'B' }, 'c', own, 'p'),
        'password/twoFactorSet',
        { secret: { base32: 'B' }, code: 'c', password: 'p' },
      ],
      [() => wire.twoFactorUnset('c', own), 'password/twoFactorUnset', { code: 'c' }],
      [() => wire.linkedAccounts(own), 'oauth/accounts', {}],
      [() => wire.linkAccount({ provider: 'x', code: 'c' }, 'p', own), 'oauth/link', { provider: 'x', code: 'c', password: 'p' }],
      [() => wire.unlinkAccount('x', 'p', own, 'c'), 'oauth/unlink', { provider: 'x', password: 'p', code: 'c' }],
      [() => rest.twoFactorRecoveryCodes('c', own), 'password/twoFactorRecoveryCodes', { code: 'c' }],
      [() => rest.twoFactorStatus(own), 'password/twoFactor', {}],
      [() => wire.endSession('s', own), 'sessions/end', { sessionId: 's' }],
      [() => wire.endOtherSessions(own), 'sessions/endOthers', {}],
      [() => wire.getUser(own), 'user', {}],
      [() => wire.sessions(own), 'sessions', {}],
      [() => wire.exportData(own), 'account/export', {}],
      [() => wire.settings(own), 'settings', {}],
      [() => wire.refreshTokens('a', 'r', own).catch(() => {}), 'refreshTokens', { accessToken: 'a', refreshToken: 'r' }],
      [() => wire.deleteAccount('p', own), 'account/delete', { password: 'p' }],
      [() => wire.logout(own).catch(() => {}), 'logout', {}],
    ]
    for (const [call, route, body] of calls) {
      await call()
      expect(world.server.seen.at(-1)).toMatchObject({ route, headers: { 'x-own': 'yes', 'content-type': 'application/json' } })
      expect(world.server.seen.at(-1)?.body).toEqual(body)
    }
  })

  test('a secret for an authenticator app is asked for without a body, and without a token while nobody is signed in', async () => {
    await using world = await newWorld()
    const secret = { ascii: 'a', hex: '61', base32: 'ME', otpauth_url: 'otpauth://totp/x?secret=ME' }
    const reply = { body: { secret } }
    world.server.next('password/twoFactorSecret', reply, reply, reply)
    // accounts-js answers `{ secret }` over REST and the secret itself over GraphQL
    expect(await world.client.transport.getTwoFactorSecret({ 'x-own': 'yes' })).toEqual({ ...secret, secret })
    expect(world.server.seen.at(-1)).toMatchObject({
      method: 'POST',
      body: {},
      headers: { 'x-own': 'yes', authorization: expect.stringMatching(/^Bearer /) as string },
    })
    await world.client.logout()
    await world.client.transport.getTwoFactorSecret()
    expect(world.server.seen.at(-1)?.headers.authorization).toBeUndefined()
    await new RestClient({ apiHost: world.server.url }).getTwoFactorSecret()
    expect(world.server.asked('password/twoFactorSecret')).toBe(3)
  })

  test('fetch asks any route as it is, authFetch with the session; both read the JSON', async () => {
    await using world = await newWorld()
    const rest = new RestClient({ apiHost: world.server.url, rootPath: '/accounts' })
    rest.client = world.client
    world.server.next('custom/route', { body: { mine: 1 } }, { body: [2] })
    expect(await rest.fetch('custom/route', { method: 'POST', body: '{}', headers: [['X-Init', 'too']] }, { 'x-own': 'yes' })).toEqual({
      mine: 1,
    })
    expect(world.server.seen.at(-1)?.headers).toMatchObject({ 'x-own': 'yes', 'x-init': 'too', 'content-type': 'application/json' })
    expect(world.server.seen.at(-1)?.headers.authorization).toBeUndefined()
    expect(await rest.authFetch('custom/route', {}, { 'x-own': 'yes' })).toEqual([2])
    expect(world.server.seen.at(-1)?.headers).toMatchObject({
      'x-own': 'yes',
      authorization: `Bearer ${(await world.client.getTokens())?.accessToken}`,
    })
  })

  test('a header of the caller’s own replaces the client’s, whatever the case of its name', async () => {
    await using world = await newWorld()
    const rest = new RestClient({ apiHost: world.server.url })
    rest.client = world.client
    for (const [authorization, type] of [
      ['authorization', 'content-type'],
      ['Authorization', 'Content-Type'],
      ['AUTHORIZATION', 'CONTENT-TYPE'],
    ] as const) {
      // That token is nobody's.
      await rest.sessions({ [authorization]: 'Bearer mine', [type]: 'application/json; charset=utf-8' }).catch(() => {})
      expect(world.server.seen.findLast(({ route }) => route === 'sessions')?.headers).toMatchObject({
        authorization: 'Bearer mine',
        'content-type': 'application/json; charset=utf-8',
      })
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
