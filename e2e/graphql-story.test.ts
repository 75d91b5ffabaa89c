/** The one story, told over GraphQL on every store by our own client. */
import { AccountsClient, AccountsClientPassword } from '@latchkey/client'
import { AccountsGraphQLClient } from '@latchkey/client/graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchGraphQL } from './support/graphql-fetch.ts'
import { startServer } from './support/server.ts'
import type { RunningStory } from './support/server.ts'
import { STORES } from './support/stores.ts'

const OLD = 'correct horse battery staple'
const NEW = 'a rather different sentence'
const NEWEST = 'and yet another one altogether'

for (const { name, here } of STORES) {
  describe.skipIf(!here)(`over GraphQL on ${name}`, () => {
    let story: RunningStory
    beforeAll(async () => {
      story = await startServer(name, {}, { graphql: true })
    })
    afterAll(() => story?.close())

    it('signs up, verifies, logs in on two devices, refreshes, changes the password, is out on the other device, recovers, and logs out', async () => {
      const [phone, laptop] = [device(story.url), device(story.url)]

      await phone.password.createUser({ email: 'ada@example.org', password: OLD })
      await phone.password.verifyEmail(await story.tokenFor('ada@example.org', 'verify-email'))

      const { user } = expectPair(await phone.password.login({ user: { email: 'ada@example.org' }, password: OLD }))
      expect(user.emails).toEqual([{ address: 'ada@example.org', verified: true }])
      await laptop.password.login({ user: 'ada@example.org', password: OLD })
      expect(await phone.client.sessions()).toHaveLength(2)

      const before = await phone.client.getTokens()
      const after = await phone.client.refreshSession(true)
      expect(after?.refreshToken).not.toBe(before?.refreshToken)
      expect(await phone.client.getUser()).toMatchObject({ id: user.id })

      await phone.password.changePassword(OLD, NEW)
      expect(await phone.client.getUser()).toMatchObject({ id: user.id })
      expect(await laptop.client.getUser()).toBeNull()
      await expect(laptop.password.login({ user: 'ada@example.org', password: OLD })).rejects.toMatchObject({ code: 'InvalidCredentials' })

      await laptop.password.requestPasswordReset('ada@example.org')
      await laptop.password.resetPassword(await story.tokenFor('ada@example.org', 'reset-password'), NEWEST)
      expect(await phone.client.getUser()).toBeNull()
      await laptop.password.login({ user: 'ada@example.org', password: NEWEST })

      await laptop.client.logout()
      expect(await laptop.client.getTokens()).toBeNull()
      expect(await laptop.client.getUser()).toBeNull()
    })

    it('ends a session on the very next request', async () => {
      const { accounts, url } = story
      await accounts.accounts.createUser({ username: 'eve', password: OLD }, origin)
      const [here, there] = [device(url), device(url)]
      await here.password.login({ user: { username: 'eve' }, password: OLD })
      await there.password.login({ user: { username: 'eve' }, password: OLD })
      expect(await there.client.getUser()).toMatchObject({ username: 'eve' })
      const other = (await here.client.sessions()).find(session => !session.current)
      await here.client.endSession(other?.id ?? '')
      expect(await there.client.getUser()).toBeNull()
      expect(await here.client.getUser()).toMatchObject({ username: 'eve' })
    })
  })
}

const origin = { ip: '127.0.0.1', userAgent: 'e2e', connectionId: '', transport: 'test', extra: {} }

function device(url: string): { client: AccountsClient; password: AccountsClientPassword } {
  const client = new AccountsClient({}, new AccountsGraphQLClient({ graphQLClient: fetchGraphQL(url) }))
  return { client, password: new AccountsClientPassword(client) }
}

function expectPair<T extends { tokens: object | null }>(login: T): T {
  expect(Object.keys(login.tokens ?? {}).toSorted()).toEqual(['accessToken', 'refreshToken'])
  return login
}
