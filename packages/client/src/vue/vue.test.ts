import { createSSRApp, effectScope, h } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { afterEach, expect, test, vi } from 'vitest'
import { ObjectID } from '@latchkey/common/ddp'
import { makeSource } from '../source.ts'
import { FakePage } from '../testing/fake-page.ts'
import { adasServer, clientOn } from '../testing/meteor-fake.ts'
import { accountsPlugin, useLoggingIn, useLoggingOut, useAccountsState, useSource, useUser, useUserId } from './index.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

test('refs follow the client until their scope ends', async () => {
  vi.stubGlobal('window', new FakePage().window)
  const client = clientOn(adasServer())
  const scope = effectScope()
  const make = () => ({
    user: useUser(client),
    id: useUserId(client),
    busy: useLoggingIn(client),
    state: useAccountsState(client),
  })
  const refs = scope.run(make) ?? make()
  expect([refs.user.value, refs.id.value, refs.busy.value, refs.state.value.status]).toEqual([null, null, false, 'signedOut'])
  const login = client.loginWithPassword('ada', 'a password')
  expect(refs.busy.value).toBe(true)
  await login
  expect([refs.user.value?.username, refs.id.value, refs.busy.value, refs.state.value.status]).toEqual(['ada', 'ada', false, 'signedIn'])
  scope.stop()
  await client.logout()
  expect(refs.id.value).toBe('ada')
  client.close()
})

test('an app hands its client to all below, also where it is rendered on a server, which listens to nothing', async () => {
  const client = clientOn(adasServer())
  const subscribed = vi.spyOn(client.user, 'subscribe')
  const Greeting = { setup: () => [useUser(), useLoggingOut()] as const, render: () => null }
  const app = createSSRApp({
    setup() {
      const user = useUser()
      return () => h('p', `Hello ${user.value?.username ?? 'stranger'}`)
    },
    components: { Greeting },
  })
  app.use(accountsPlugin(client))
  expect(await renderToString(app)).toBe('<p>Hello stranger</p>')
  expect(subscribed).not.toHaveBeenCalled()
  expect(() => useUser()).toThrow('This app has no accounts')
})

test('a ref has the very object of its source, whose values keep their classes', () => {
  vi.stubGlobal('window', new FakePage().window)
  const task = { owner: new ObjectID('a'.repeat(24)), at: new Date(0) }
  const ref = useSource(makeSource(task, () => () => {}))
  expect(ref.value).toBe(task)
  expect(ref.value.owner.toHexString()).toBe('a'.repeat(24))
})
