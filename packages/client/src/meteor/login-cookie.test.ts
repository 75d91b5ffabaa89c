/** A page whose login is in a cookie that no script reads, opened by a link from a mail. */
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { FakePage } from '../testing/fake-page.ts'
import { adasServer, clientOn, spy } from '../testing/meteor-fake.ts'
import type { AccountsClient } from './index.ts'

afterEach(() => void vi.unstubAllGlobals())

/** The cookie of ada, whose answer comes when it is let. */
function adasCookie(): { answer: () => void; asked: () => number } {
  let [answer, asked] = [(): void => {}, 0]
  const answered = new Promise<void>(resolve => (answer = resolve))
  vi.stubGlobal('fetch', async (url: string) => {
    if (url.endsWith('/refresh')) asked += 1
    await answered
    return Response.json({ userId: 'ada' })
  })
  return { answer, asked: () => asked }
}

function openedBy(hash: string): AccountsClient {
  vi.stubGlobal('window', new FakePage(hash).window)
  const server = adasServer()
  server.methods['latchkey.user'] = () => ({ id: 'ada' })
  const client = clientOn(server, { useHttpOnlyCookies: true })
  onTestFinished(() => {
    client.close()
    client.connection.close()
  })
  return client
}

test('nobody is signed in until what the link is for is done, and then whom the cookie names', async () => {
  const cookie = adasCookie()
  const client = openedBy('#/reset-password/secret-1')
  const told = spy()
  client.onResetPasswordLink(told)
  await vi.waitFor(() => expect(told).toHaveBeenCalledOnce())
  cookie.answer()
  await vi.waitFor(() => expect(client.loggingIn()).toBe(false))
  expect([cookie.asked(), client.userId()]).toEqual([1, null])
  const [, done] = told.mock.lastCall as [string, () => void]
  done()
  await vi.waitFor(() => expect(client.userId()).toBe('ada'))
})

test('whoever signs in meanwhile, or has, is left alone: the cookie is asked once', async () => {
  const cookie = adasCookie()
  const client = openedBy('#/reset-password/secret-1')
  const told = spy()
  client.onResetPasswordLink(told)
  cookie.answer()
  await vi.waitFor(() => expect([told.mock.calls.length, client.loggingIn()]).toEqual([1, false]))
  const [, done] = told.mock.lastCall as [string, () => void]
  const login = client.loginWithPassword('ada', 'a password')
  done()
  await login
  client._enableAutoLogin()
  expect([cookie.asked(), client.userId(), client.loggingIn()]).toEqual([1, 'ada', false])
})

test('a client that is closed before the answer signs nobody in', async () => {
  const cookie = adasCookie()
  const client = openedBy('')
  await vi.waitFor(() => expect(cookie.asked()).toBe(1))
  client.close()
  cookie.answer()
  await vi.waitFor(() => expect(client.loggingIn()).toBe(false))
  expect(client.userId()).toBeNull()
})
