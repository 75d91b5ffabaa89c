/** The unmodified clients of accounts-js, as npm delivers them, against our server. */
import { AccountsClient } from '@accounts/client'
import { AccountsClientPassword } from '@accounts/client-password'
import { RestClient } from '@accounts/rest-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer } from '../e2e/support/server.ts'
import type { RunningStory } from '../e2e/support/server.ts'
import { STORES } from '../e2e/support/stores.ts'

const OLD = 'correct horse battery staple'
const NEW = 'a rather different sentence'
const NEWEST = 'and yet another one altogether'

for (const { name, here } of STORES.filter(store => !store.name.startsWith('split'))) {
  describe.skipIf(!here)(`@accounts/client over @accounts/rest-client on ${name}`, () => {
    let story: RunningStory
    beforeAll(async () => {
      story = await startServer(name)
    })
    afterAll(() => story?.close())

    it('signs up, verifies, logs in on two devices, refreshes, changes the password, is out on the other device, recovers, and logs out', async () => {
      const [phone, laptop] = [device(story.url), device(story.url)]
      expect(await phone.password.createUser({ email: 'ada@example.org', password: OLD })).toEqual({})
      expect(await phone.rest.verifyEmail(await story.tokenFor('ada@example.org', 'verify-email'))).toBeNull()

      const login = await phone.password.login({ user: { email: 'ada@example.org' }, password: OLD })
      expect(login).toMatchObject({ user: { emails: [{ address: 'ada@example.org', verified: true }] } })
      await laptop.password.login({ user: { email: 'ada@example.org' }, password: OLD })
      expect(await phone.rest.authenticateWithService('password', { user: 'ada@example.org', password: OLD })).toBe(true)

      const before = await phone.client.getTokens()
      const after = await phone.client.refreshSession(true)
      expect(after).not.toEqual(before)
      expect((await phone.client.getUser()).id).toBe(login.user?.id)

      await phone.password.changePassword(OLD, NEW)
      expect((await phone.client.getUser()).id).toBe(login.user?.id)
      expect(await laptop.client.getUser()).toBeNull()
      await expect(laptop.password.login({ user: { email: 'ada@example.org' }, password: OLD })).rejects.toMatchObject({
        code: 'InvalidCredentials',
        message: 'Invalid credentials',
      })

      expect(await laptop.password.requestPasswordReset('ada@example.org')).toBeNull()
      await laptop.password.resetPassword(await story.tokenFor('ada@example.org', 'reset-password'), NEWEST)
      expect(await phone.client.getUser()).toBeNull()
      await laptop.password.login({ user: { email: 'ada@example.org' }, password: NEWEST })
      expect(await laptop.password.addEmail('ada@lovelace.example')).toBeNull()
      expect((await laptop.client.getUser()).emails).toHaveLength(2)

      await laptop.client.logout()
      expect(await laptop.client.getTokens()).toBeNull()
    })

    it('shares one successor among five refreshes at once, which this client does not share itself', async () => {
      await story.accounts.accounts.createUser({ username: 'grace', password: OLD }, origin)
      const { client, password } = device(story.url)
      await password.login({ user: { username: 'grace' }, password: OLD })
      await Promise.all(Array.from({ length: 5 }, () => client.refreshSession(true)))
      expect((await client.getUser()).username).toBe('grace')
      await client.refreshSession(true)
      expect((await client.getUser()).username).toBe('grace')
    })

    it('reads our errors as its own, with message and code', async () => {
      const { password, client } = device(story.url)
      await expect(password.login({ user: { email: 'nobody@example.org' }, password: OLD })).rejects.toMatchObject({
        code: 'InvalidCredentials',
      })
      await expect(password.createUser({ email: 'nobody', password: OLD })).rejects.toMatchObject({ code: 'InvalidEmail' })
      await expect(password.resetPassword('no such token', NEW)).rejects.toMatchObject({ code: 'ResetPasswordLinkExpired' })
      await expect(password.changePassword(OLD, NEW)).rejects.toMatchObject({ message: 'Unauthorized' })
      await expect(client.loginWithService('carrier-pigeon', {})).rejects.toMatchObject({ code: 'ServiceNotFound' })
    })
  })
}

const origin = { ip: '127.0.0.1', userAgent: 'compat', connectionId: '', transport: 'test', extra: {} }

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
