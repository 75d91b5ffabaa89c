/** Every call of accounts-js's REST clients, unmodified, as npm delivers them. */
import { AccountsClient } from '@accounts/client'
import { AccountsClientPassword } from '@accounts/client-password'
import { authFetch, RestClient } from '@accounts/rest-client'
import { TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { REST_SERVERS } from './rest-servers.ts'
import type { RestServer } from './rest-servers.ts'

const OLD = 'correct horse battery staple'
const NEW = 'a rather different sentence'

for (const kind of REST_SERVERS) {
  const { name, here, impersonates, hasProvider } = kind
  describe.skipIf(!here)(`accounts-js's REST clients against ${name}`, () => {
    let server: RestServer
    beforeAll(async () => {
      server = await kind.start()
    })
    afterAll(() => server?.close())

    /** Signs up and in. */
    const newcomer = async (username: string) => {
      const made = device(server.url)
      await made.password.createUser({ username, email: `${username}@example.org`, password: OLD })
      await made.password.login({ user: { username }, password: OLD })
      return made
    }

    it('signing up hides whether the address is taken, and the fields of the reply are accounts-js’s', async () => {
      const { password, client } = device(server.url)
      const user = { username: 'ada', email: 'Ada@example.org', password: OLD, role: 'admin' }
      expect([await password.createUser(user), await password.createUser(user)]).toEqual([{}, {}])
      const login = await password.login({ user: 'ada', password: OLD })
      expect(Object.keys(login).toSorted()).toEqual(['sessionId', 'tokens', 'user'])
      expect(login.user).toMatchObject({ id: expect.any(String) as string, username: 'ada', deactivated: false })
      expect(login.user).not.toHaveProperty('services')
      // Only the app's own rule could let it through.
      expect(login.user).not.toHaveProperty('role')
      expect(await client.getUser()).toMatchObject({ username: 'ada' })
    })

    it('signs in by name, address or id, as text or as object, and tries without signing in', async () => {
      const { client } = await newcomer('grace')
      const { id } = await client.getUser()
      for (const user of [
        'grace',
        'grace@example.org',
        'GRACE@example.org',
        { username: 'grace' },
        { email: 'grace@example.org' },
        { id },
      ]) {
        const other = device(server.url)
        await other.password.login({ user, password: OLD })
        expect((await other.client.getUser()).id).toBe(id)
        expect(await other.client.authenticateWithService('password', { user, password: OLD })).toBe(true)
      }
      await expect(client.authenticateWithService('password', { user: 'grace', password: NEW })).rejects.toMatchObject({
        code: 'InvalidCredentials',
      })
    })

    it('confirms addresses: the one of the sign-up, and one that is added', async () => {
      const { client, password } = await newcomer('linus')
      await password.verifyEmail(await server.tokenFor('linus@example.org', 'verify-email'))
      expect(await password.addEmail('linus@kernel.example')).toBeNull()
      expect(await password.requestVerificationEmail('linus@kernel.example')).toBeNull()
      expect(await password.requestVerificationEmail('nobody@example.org')).toBeNull()
      await password.verifyEmail(await server.tokenFor('linus@kernel.example', 'verify-email'))
      expect((await client.getUser()).emails).toEqual([
        { address: 'linus@example.org', verified: true },
        { address: 'linus@kernel.example', verified: true },
      ])
      await expect(password.verifyEmail('gone')).rejects.toMatchObject({
        code: 'VerifyEmailLinkExpired',
        message: 'Verify email link expired',
      })
    })

    it('changes and recovers the password', async () => {
      const { password } = await newcomer('barbara')
      await expect(password.changePassword(NEW, OLD)).rejects.toMatchObject({ code: 'InvalidCredentials' })
      expect(await password.changePassword(OLD, NEW)).toBeNull()
      const other = device(server.url)
      expect(await other.password.requestPasswordReset('barbara@example.org')).toBeNull()
      expect(await other.password.requestPasswordReset('nobody@example.org')).toBeNull()
      const token = await server.tokenFor('barbara@example.org', 'reset-password')
      expect(await other.password.resetPassword(token, OLD)).toBeNull()
      await expect(other.password.resetPassword(token, NEW)).rejects.toMatchObject({ code: 'ResetPasswordLinkExpired' })
      await other.password.login({ user: { username: 'barbara' }, password: OLD })
    })

    it('hands its further headers on, last of its arguments, with whatever call', async () => {
      const { rest, client } = await newcomer('margaret')
      // What the server says it saw of the device.
      const own = { 'x-ucbrowser-ua': 'my own/1.0' }
      const { tokens } = await rest.loginWithService('password', { user: 'margaret', password: OLD }, own)
      const refreshed = (await rest.refreshTokens(tokens.accessToken, tokens.refreshToken, own)) as { infos?: object }
      expect(refreshed.infos).toMatchObject({ userAgent: 'my own/1.0' })
      const sessions = (await (await authFetch(client, `${server.url}/accounts/sessions`, {})).json()) as { userAgent: string }[]
      expect(sessions.map(({ userAgent }) => userAgent)).toContain('my own/1.0')
      expect(await rest.getUser(own)).toMatchObject({ username: 'margaret' })
      expect(await rest.authenticateWithService('password', { user: 'margaret', password: OLD }, own)).toBe(true)
      expect(await rest.sendVerificationEmail('margaret@example.org', own)).toBeNull()
      expect(await rest.sendResetPasswordEmail('margaret@example.org', own)).toBeNull()
      expect(await rest.requestMagicLinkEmail('margaret@example.org', own)).toBeNull()
      expect(await rest.addEmail('margaret@apollo.example', own)).toBeNull()
      expect(await rest.changePassword(OLD, NEW, own)).toBeNull()
      expect(await rest.logout(own)).toBeNull()
    })

    it('signs in with a mailed link, under every name that accounts-js has for it', async () => {
      await newcomer('alan')
      const seen = new Set<string>()
      for (const service of ['magic-link', 'magicLink', 'magiclink']) {
        const { client, rest } = device(server.url)
        expect(await rest.requestMagicLinkEmail('alan@example.org')).toBeNull()
        const token = await vi.waitUntil(async () => {
          const newest = await server.tokenFor('alan@example.org', 'magiclink')
          return seen.has(newest) ? undefined : newest
        })
        seen.add(token)
        await client.loginWithService(service, { token })
        expect(await client.getUser()).toMatchObject({ username: 'alan' })
        await expect(client.loginWithService(service, { token })).rejects.toMatchObject({ code: 'LoginTokenExpired' })
      }
      await expect(device(server.url).rest.requestMagicLinkEmail('no address')).rejects.toMatchObject({ code: 'InvalidEmail' })
    })

    it('sets up a second factor, is asked for it, gives a code, and gives it up', async () => {
      const { rest } = await newcomer('edsger')
      const { secret } = (await rest.getTwoFactorSecret()) as { secret: { base32: string; otpauth_url: string } }
      expect(secret.otpauth_url).toContain(secret.base32)
      // Its type says nothing: there were none to answer with.
      const set = (await rest.twoFactorSet(secret, new TOTP({ secret: secret.base32 }).generate())) as unknown as {
        recoveryCodes: string[]
      }
      expect(set.recoveryCodes.length).toBeGreaterThan(3)

      const again = device(server.url)
      const user = { username: 'edsger' }
      // Its apps match on this text: there was no code.
      await expect(again.password.login({ user, password: OLD })).rejects.toMatchObject({ message: '2FA code required' })
      await expect(again.password.login({ user, password: OLD, code: '000000' })).rejects.toMatchObject({
        message: "2FA code didn't match",
      })
      expect(await again.client.getTokens()).toBeNull()
      const [one = '', two = ''] = set.recoveryCodes
      await again.password.login({ user, password: OLD, code: one })
      expect(await again.rest.twoFactorUnset(two)).toEqual({})
      await device(server.url).password.login({ user, password: OLD })
    })

    it.runIf(impersonates)('acts as another user by id, name and address, at once and after a refresh, and comes back', async () => {
      const [root, eve] = [await newcomer('root'), await newcomer('eve')]
      const { id } = await eve.client.getUser()
      for (const identity of [{ userId: id }, { username: 'eve' }, { email: 'eve@example.org' }]) {
        const own = await root.client.getTokens()
        expect(await root.client.impersonate(identity)).toMatchObject({ authorized: true, user: { username: 'eve' } })
        expect(await root.client.getUser()).toMatchObject({ id })
        await root.client.refreshSession(true)
        expect(await root.client.getUser()).toMatchObject({ id })
        await expect(root.password.changePassword(OLD, NEW)).rejects.toMatchObject({ code: 'Forbidden' })
        await root.client.stopImpersonation()
        expect(await root.client.getTokens()).toEqual(own)
        expect(await root.client.getUser()).toMatchObject({ username: 'root' })
      }
      expect(await eve.client.getUser()).toMatchObject({ id })
      await expect(eve.client.impersonate({ username: 'root' })).rejects.toThrow('User unauthorized to impersonate')
    })

    it.runIf(!impersonates)('acts as nobody where nobody may', async () => {
      const mallory = await newcomer('mallory')
      await expect(mallory.client.impersonate({ username: 'ada' })).rejects.toThrow('User unauthorized to impersonate')
      expect(await mallory.client.getUser()).toMatchObject({ username: 'mallory' })
    })

    it.runIf(hasProvider)('signs in through a provider', async () => {
      const { client } = device(server.url)
      const login = await client.loginWithService('oauth', { provider: 'example', subject: 'subject-1' })
      expect((await client.getUser()).id).toBe(login.user?.id)
      const again = await device(server.url).client.loginWithService('oauth', { provider: 'example', subject: 'subject-1' })
      expect(again.user?.id).toBe(login.user?.id)
      await expect(client.loginWithService('oauth', { provider: 'gone' })).rejects.toMatchObject({
        code: 'InvalidProvider',
        message: 'No OAuth provider with the name gone was registered.',
      })
    })

    it('keeps its session while everything is asked at once', async () => {
      const { client, rest, password } = await newcomer('john')
      const asked: Promise<unknown>[] = [
        ...Array.from({ length: 4 }, () => client.refreshSession(true)),
        ...Array.from({ length: 4 }, () => client.getUser()),
        rest.authenticateWithService('password', { user: 'john', password: OLD }),
        password.addEmail('john@princeton.example'),
        rest.getUser(),
      ]
      await Promise.all(asked)
      await client.refreshSession(true)
      expect((await client.getUser()).emails).toHaveLength(2)
    })

    it('brings the session to routes of the app, through authFetch', async () => {
      const { client } = await newcomer('donald')
      const me = await authFetch(client, `${server.url}/accounts/user`, { method: 'GET' })
      expect(await me.json()).toMatchObject({ username: 'donald' })
      const nobody = await authFetch(device(server.url).client, `${server.url}/accounts/user`, { method: 'GET' })
      expect(await nobody.json()).toBeNull()
    })

    it('signs out, and is told by codes and texts it knows who is not signed in', async () => {
      const { client, rest } = await newcomer('niklaus')
      const tokens = await client.getTokens()
      await client.logout()
      expect([await client.getTokens(), await client.getUser()]).toEqual([null, null])
      await expect(rest.logout()).rejects.toMatchObject({ code: 'InvalidToken' })
      await expect(rest.addEmail('x@example.org')).rejects.toThrow('Unauthorized')
      if (tokens) await client.setTokens(tokens)
      await expect(client.refreshSession(true)).rejects.toMatchObject({ code: 'InvalidSession', message: 'Session is no longer valid' })
      expect(await client.getTokens()).toBeNull()
    })
  })
}

/** A device with its own token storage; accounts-js's default needs a browser. */
function device(apiHost: string): { client: AccountsClient; password: AccountsClientPassword; rest: RestClient } {
  const kept = new Map<string, string>()
  const tokenStorage = {
    setItem: (key: string, value: string) => void kept.set(key, value),
    getItem: (key: string) => kept.get(key) ?? null,
    removeItem: (key: string) => void kept.delete(key),
  }
  const rest = new RestClient({ apiHost, rootPath: '/accounts' })
  const client = new AccountsClient({ tokenStorage }, rest)
  return { client, password: new AccountsClientPassword(client), rest }
}
