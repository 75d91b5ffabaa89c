import { AccountsClient, RestClient } from '@latchkey/client'
import { derived, get } from 'svelte/store'
import { expect, test } from 'vitest'
import { adasServer, clientOn } from '../testing/meteor-fake.ts'
import { accountsStores } from './index.ts'

test('sources are stores: Svelte reads them, derives from them and lets go of them', async () => {
  const client = clientOn(adasServer())
  const { user, userId, loggingIn, loggingOut } = accountsStores(client)
  const greeting = derived([user, loggingIn], ([who, busy]) => (busy ? '…' : `Hello ${who?.username ?? 'stranger'}`))
  const seen: string[] = []
  const stop = greeting.subscribe(text => seen.push(text))
  await client.loginWithPassword('ada', 'a password')
  expect([get(userId), get(client.user)?.username, get(loggingOut)]).toEqual(['ada', 'ada', false])
  stop()
  expect([seen[0], seen.at(-1)]).toEqual(['Hello stranger', 'Hello ada'])
})

test('the small client has the same stores', () => {
  const { userId, loggingIn, loggingOut } = accountsStores(new AccountsClient({}, new RestClient()))
  expect([userId.get(), loggingIn.get(), loggingOut.get()]).toEqual([null, true, false])
})
