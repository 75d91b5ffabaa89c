import { computed, effect, signal } from '@preact/signals-core'
import { expect, test } from 'vitest'
import { adasServer, clientOn, spy } from '../testing/meteor-fake.ts'
import { follow, signalOf } from './index.ts'

test('a signal follows its source until it is stopped', async () => {
  const client = clientOn(adasServer())
  const { signal: user, stop } = signalOf(client.user, first => signal(first))
  const name = computed(() => user.value?.username ?? 'nobody')
  const seen: string[] = []
  const end = effect(() => void seen.push(name.value))
  await client.loginWithPassword('ada', 'a password')
  await client.logout()
  stop()
  await client.loginWithPassword('ada', 'a password')
  end()
  expect(seen).toEqual(['nobody', 'ada', 'nobody'])
})

test('a signal with a method to set it is set with that', async () => {
  const client = clientOn(adasServer())
  const set = spy()
  const { stop } = signalOf(client.userId, () => ({ set }))
  const written = spy()
  const end = follow(client.userId, written)
  await client.loginWithPassword('ada', 'a password')
  stop()
  end()
  expect([set.mock.calls, written.mock.calls]).toEqual([
    [[null], ['ada']],
    [[null], ['ada']],
  ])
})
