/** A database that is away lets nobody in and signs nobody out. */
import type { AccountsServerOptions } from '@latchkey/server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { post } from './support/call.ts'
import { rawCaller } from './support/raw-call.ts'
import { startServer } from './support/server.ts'
import type { RunningStory } from './support/server.ts'
import { ADA, cookieOf, NEW_PASSWORD, PASSWORD, signIn, UNLIMITED, who } from './support/visitor.ts'

describe('a store that does not answer', () => {
  it('lets nobody in and signs nobody out: everything is refused as our own failure, and goes on afterwards', async () => {
    const story = await server('sqlite', { ...UNLIMITED, cacheSize: 0 })
    const { url, accounts } = story
    await post(url, 'password/register', { user: { email: ADA, password: PASSWORD } })
    const [tokens, cookie] = [await signIn(url), await cookieOf(url)]
    const restore = breakDown(accounts.accounts.core.store)
    const caller = rawCaller(url)
    onTestFinished(() => caller.close())
    const bearer = { authorization: `Bearer ${tokens.accessToken}` }
    const own = { cookie: `latchkey-3000=${cookie}`, origin: url }
    const answers = [
      await caller.get('user', bearer),
      await caller.get('user', own),
      await caller.get('sessions', bearer),
      await caller.get('account/export', own),
      await caller.post('password/authenticate', { user: ADA, password: PASSWORD }),
      await caller.post('password/authenticate', { user: ADA, password: 'wrong' }),
      await caller.post('password/verifyAuthentication', { user: ADA, password: PASSWORD }),
      await caller.post('password/register', { user: { email: 'eve@example.org', password: PASSWORD } }),
      await caller.post('refreshTokens', tokens),
      await caller.post('logout', {}, bearer),
      await caller.post('logout', {}, own),
      await caller.post('password/sendResetPasswordEmail', { email: ADA }),
      await caller.post('password/verifyEmail', { token: 'x' }),
      await caller.post('password/changePassword', { oldPassword: PASSWORD, newPassword: NEW_PASSWORD }, bearer),
      await caller.post('account/delete', { password: PASSWORD }, own),
    ]
    for (const { status, headers, body } of answers) {
      expect([status, body]).toEqual([500, '{"message":"Internal server error","code":"InternalError"}'])
      expect(headers).not.toMatch(/set-cookie/i)
    }
    restore()
    expect(await who(url, tokens.accessToken)).toBe(ADA)
    expect((await caller.get('user', own)).status).toBe(200)
    expect((await post(url, 'refreshTokens', tokens)).status).toBe(200)
  })

  it('does not make a cached session outlive what the bus can vouch for', async () => {
    const { url, accounts } = await server('memory', UNLIMITED)
    await post(url, 'password/register', { user: { email: ADA, password: PASSWORD } })
    const tokens = await signIn(url)
    expect(await who(url, tokens.accessToken)).toBe(ADA)
    const { store } = accounts.accounts.core
    breakDown(store)
    if (store.bus) store.bus.trusted = () => false
    expect((await post(url, 'user', {}, tokens.accessToken)).status).toBe(500)
  })
})

async function server(name: string, options: Partial<AccountsServerOptions> = {}): Promise<RunningStory> {
  const story = await startServer(name, options)
  onTestFinished(() => story.close())
  return story
}

/** Every deed fails as a driver fails, in words that are nobody's business; until what is returned is called. */
function breakDown(store: RunningStory['accounts']['accounts']['core']['store']): () => void {
  const parts = ['users', 'sessions', 'tokens', 'attempts', 'outbox', 'audit', 'services'] as const
  const whole = parts.map(part => [part, { ...store[part] }] as const)
  for (const part of parts) {
    const fails = () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.5:5432, password=hunter2'))
    Object.assign(store[part], Object.fromEntries(Object.keys(store[part]).map(deed => [deed, fails])))
  }
  return () => {
    for (const [part, deeds] of whole) Object.assign(store[part], deeds)
  }
}
