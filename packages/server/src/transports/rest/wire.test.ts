import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import type { PublicSettings } from '@latchkey/common'
import { PASSWORD } from '../../testing/index.ts'
import { restWorld } from '../../testing/rest-world.ts'
import type { RestWorld } from '../../testing/rest-world.ts'
import { errorBody, publicUser } from './schemas.ts'

const NEW_PASSWORD = 'a rather different sentence'

describe('the rest of the wire', () => {
  it('where there are no passwords there are no routes for them', async () => {
    await using world = await restWorld({ services: {} })
    expect((await world.post('/accounts/password/register', {})).status).toBe(404)
    expect((await world.get<PublicSettings>('/accounts/settings')).body.strategies).toEqual([])
  })

  it('the path can be changed, and "/" puts the routes at the root', async () => {
    await using root = await restWorld({ rest: { path: '/' } })
    expect((await root.get('/user')).text).toBe('null')
    expect((await root.get('/accounts/user')).status).toBe(404)
    await using deep = await restWorld({ rest: { path: '/api/auth' } })
    expect((await deep.get('/api/auth/user')).text).toBe('null')
  })

  it('unknown paths, wrong methods and options are answered in the same shape', async () => {
    await using world = await restWorld()
    for (const path of [
      '/accounts',
      '/accounts/',
      '/accounts//user',
      '//accounts/user',
      '/accounts/user/',
      '/accounts/nope',
      '/nope',
      '/accounts/%2e%2e/user',
    ]) {
      const { status, body } = await world.get(path)
      expect([path, status, body]).toEqual([path, 404, { message: 'Not found', code: 'NotFound' }])
    }
    const wrong = await world.send('DELETE', '/accounts/user')
    expect([wrong.status, wrong.body.code, wrong.headers.get('allow')]).toEqual([405, 'MethodNotAllowed', 'GET, POST, HEAD, OPTIONS'])
    const get = await world.get('/accounts/logout')
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
    const overridden = await world.get('/accounts/logout', { 'x-http-method-override': 'POST' })
    expect(overridden.status).toBe(405)
    const options = await world.send('OPTIONS', '/accounts/logout')
    expect([options.status, options.text, options.headers.get('allow')]).toEqual([204, '', 'POST, OPTIONS'])
  })

  it('HEAD answers the headers of GET', async () => {
    await using world = await restWorld()
    const headers = await world.bearer('ada')
    const get = await world.get('/accounts/user', headers)
    const head = await world.send('HEAD', '/accounts/user', { headers })
    expect([head.status, head.text]).toEqual([200, ''])
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(get.text)))
  })

  it('a cached answer is told anew once the user has changed', async () => {
    await using world = await restWorld()
    const headers = await world.bearer('ada')
    expect((await world.get('/accounts/user', headers)).body.emails).toHaveLength(1)
    expect((await world.get('/accounts/user', headers)).body.emails).toHaveLength(1)
    await world.post('/accounts/password/addEmail', { newEmail: 'ada@lovelace.example' }, headers)
    const { body } = await world.get('/accounts/user', headers)
    expect(v.parse(publicUser, body)).toEqual(body)
    expect(body.emails).toHaveLength(2)
  })

  it('every answer carries the headers of an answer nobody may keep', async () => {
    await using world = await restWorld({ rest: { headers: { 'Strict-Transport-Security': 'max-age=1' } } })
    await story(world)
    expect(world.received.length).toBeGreaterThan(20)
    for (const { status, headers, text } of world.received) {
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=1',
        vary: 'Origin',
      })
      expect(headers.get('access-control-allow-origin')).toBeNull()
      expect(headers.get('content-type')).toBe(status === 204 ? null : 'application/json; charset=utf-8')
      expect(status < 400 || v.is(errorBody, JSON.parse(text))).toBe(true)
    }
  })

  it('no answer of a whole story holds a hash, a stored secret, a mailed token or the word services', async () => {
    await using world = await restWorld()
    const secrets = await story(world)
    expect(secrets.length).toBeGreaterThan(5)
    for (const { text, headers } of world.received) {
      const all = text + JSON.stringify([...headers])
      // The settings name the ways to sign in under that word, and the description describes them.
      // Tokens are left out: among so many random letters some spell a short word now and then.
      const told = text.startsWith('{"openapi"') ? '' : text.replaceAll(/[\w-]{20,}/g, '')
      expect(told).not.toMatch(/services|\$argon2|\$2[aby]\$|hash|bcrypt|epoch/i)
      for (const secret of secrets) expect(all).not.toContain(secret)
    }
  })
})

/** Signs up, verifies, signs in twice and in a browser, refreshes, recovers, changes, exports, signs out. Returns what must have stayed inside. */
async function story(world: RestWorld): Promise<string[]> {
  const email = 'ada@example.org'
  const secrets: string[] = ['0123456789abcdefghijklmnopqrstuvwxyz']
  const mailed = async (): Promise<string> => {
    const token = await world.tokenFor(email)
    secrets.push(token)
    return token
  }
  await world.post('/accounts/password/register', { user: { username: 'ada', email, password: PASSWORD } })
  await world.post('/accounts/password/sendVerificationEmail', { email })
  await world.post('/accounts/password/verifyEmail', { token: await mailed() })
  const { body: login } = await world.post('/accounts/password/authenticate', { user: email, password: PASSWORD })
  const { body: renewed } = await world.post('/accounts/refreshTokens', login.tokens)
  const phone = { authorization: `Bearer ${renewed.tokens.accessToken}` }
  const browser = await world.browser('ada')
  for (const path of ['user', 'user', 'sessions', 'settings', 'account/export']) await world.get(`/accounts/${path}`, phone)
  for (const path of ['user', 'sessions', 'account/export']) await world.get(`/accounts/${path}`, browser)
  await world.post('/accounts/user', {}, browser)
  await world.post('/accounts/password/authenticate', { user: email, password: 'wrong' })
  await world.post('/accounts/password/changePassword', { oldPassword: PASSWORD, newPassword: NEW_PASSWORD }, browser)
  await world.post('/accounts/password/addEmail', { newEmail: 'ada@lovelace.example' }, browser)
  await world.post('/accounts/password/sendResetPasswordEmail', { email })
  await world.post('/accounts/password/resetPassword', { token: await mailed(), newPassword: PASSWORD })
  const last = await world.browser('ada')
  await world.get('/accounts/account/export', last)
  await world.get('/openapi.json')
  await world.get('/readyz')
  await world.get('/nope')
  await world.send('OPTIONS', '/accounts/user')
  await world.post('/accounts/logout', {}, last)
  const { store } = world.server.accounts.core
  const { id } = login.user
  secrets.push(...(await store.users.credentials(id)).map(({ secret }) => secret ?? '').filter(Boolean))
  // The passwords themselves, and the mail's own tokens, were sent to us; none of them comes back.
  return [...secrets, PASSWORD, NEW_PASSWORD]
}
