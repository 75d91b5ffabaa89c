import { expect, test } from 'vitest'
import { AccountsClientMagicLink } from './index.ts'
import type { AccountsClient } from './index.ts'
import { makeToken } from './testing/fake-server.ts'
import { newWorld } from './testing/world.ts'

test('a link is asked for by address', async () => {
  await using world = await newWorld({}, { signedIn: false })
  await new AccountsClientMagicLink(world.client).requestMagicLinkEmail('ada@example.org')
  expect(world.server.seen.at(-1)).toMatchObject({ route: 'magiclink/requestMagicLinkEmail', body: { email: 'ada@example.org' } })
})

test('redeeming a link signs in, under the name that servers document', async () => {
  await using world = await newWorld({}, { signedIn: false })
  const tokens = { accessToken: makeToken('access'), refreshToken: makeToken('refresh') }
  world.server.next('magicLink/authenticate', { body: { sessionId: 's1', tokens, user: world.server.user } })
  const { user } = await new AccountsClientMagicLink(world.client).login({ token: 'the-token' })
  expect(world.server.seen.at(-1)).toMatchObject({ route: 'magicLink/authenticate', body: { token: 'the-token' } })
  expect(user).toEqual(world.server.user)
  expect(await world.client.getTokens()).toEqual(tokens)
})

test('a client is needed', () => {
  // What a caller without types may do
  expect(() => new AccountsClientMagicLink(undefined as unknown as AccountsClient)).toThrow('A valid client instance is required')
})
