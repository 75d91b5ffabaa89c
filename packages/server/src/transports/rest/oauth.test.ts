import { describe, expect, it } from 'vitest'
import { AccountsOauth } from '../../strategies/oauth/index.ts'
import type { OAuthProvider } from '../../strategies/oauth/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { PASSWORD } from '../../testing/index.ts'
import { restWorld } from '../../testing/rest-world.ts'
import type { RestWorld, RestWorldOptions } from '../../testing/rest-world.ts'
import type { OAuthAnswers } from './index.ts'

/** Vouches for whoever the address names, and writes down what it was asked. */
function provider(more: Partial<OAuthProvider> = {}): OAuthProvider & { asked: object[] } {
  const asked: object[] = []
  return {
    asked,
    async authenticate(params: { code?: string }) {
      asked.push(params)
      if (params.code === 'bad') throw new Error('That code is not good')
      return { id: params.code ?? 'nobody in particular' }
    },
    ...more,
  }
}

/** One that a browser is sent to. */
const redirecting = (): OAuthProvider & { asked: object[] } =>
  provider({ authorizationUrl: state => `https://id.example.org/authorize?client_id=us&state=${encodeURIComponent(state)}` })

function world(oauth: OAuthAnswers = {}, more: RestWorldOptions = {}, providers: Record<string, OAuthProvider> = {}) {
  const plain = provider()
  return restWorld({
    rest: { oauth, ...more.rest },
    ...more,
    services: {
      password: new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } }),
      oauth: new AccountsOauth({ plain, redirecting: redirecting(), other: redirecting(), ...providers }),
    },
  })
}

const callback = (made: RestWorld, query: string, headers: Record<string, string> = {}, name = 'plain') =>
  fetch(`${made.url}/accounts/oauth/${name}/callback${query}`, { redirect: 'manual', headers })

/** Begins at the start route, and returns what the browser keeps and what the provider is handed. */
async function begin(made: RestWorld, name = 'redirecting', query = '') {
  const answer = await fetch(`${made.url}/accounts/oauth/${name}/start${query}`, { redirect: 'manual' })
  const location = new URL(answer.headers.get('location') ?? 'nowhere:')
  const [set = ''] = answer.headers.getSetCookie()
  return { status: answer.status, location, set, cookie: set.slice(0, set.indexOf(';')), state: location.searchParams.get('state') ?? '' }
}

describe('GET /oauth/:provider/callback', () => {
  it('signs in with what the query says, and answers a login', async () => {
    const plain = provider()
    await using made = await world({}, {}, { plain })
    const answer = await callback(made, '?code=ada&scope=a%20b')
    const login = (await answer.json()) as { tokens: { accessToken: string }; user: { id: string } }
    expect(answer.status).toBe(200)
    expect((await made.server.resumeSession(login.tokens.accessToken)).id).toBe(login.user.id)
    expect(plain.asked).toEqual([{ provider: 'plain', code: 'ada', scope: 'a b' }])
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('takes the provider from the path, whatever query, cookies and body say', async () => {
    const [plain, other] = [provider(), provider()]
    await using made = await world({}, {}, { plain, other })
    const { status } = await callback(made, '?code=ada&provider=other', { cookie: 'provider=other; code=eve' })
    expect([status, plain.asked, other.asked]).toEqual([200, [{ provider: 'plain', code: 'ada' }], []])
  })

  it('refuses a parameter that stands twice, and one who only looks', async () => {
    await using made = await world()
    expect(await (await callback(made, '?code=ada&code=eve')).json()).toMatchObject({ code: 'InvalidInput' })
    const looked = await fetch(`${made.url}/accounts/oauth/plain/callback?code=ada`, { method: 'HEAD' })
    expect(looked.status).toBe(405)
    expect(await made.server.accounts.core.store.users.count()).toBe(0)
  })

  it('answers refusals as accounts-js does: 400, with the message', async () => {
    await using made = await world()
    const bad = await callback(made, '?code=bad')
    expect([bad.status, await bad.json()]).toEqual([400, { message: 'That code is not good' }])
    const unknown = await callback(made, '?code=x', {}, 'gone')
    expect([unknown.status, await unknown.json()]).toMatchObject([400, { code: 'InvalidProvider' }])
  })

  it('is not there without a service for it', async () => {
    await using made = await restWorld()
    for (const path of ['oauth/plain/callback', 'oauth/plain/start', 'oauth/accounts'])
      expect((await made.get(`/accounts/${path}`)).status).toBe(404)
    for (const path of ['oauth/link', 'oauth/unlink']) expect((await made.post(`/accounts/${path}`, {})).status).toBe(404)
  })
})

describe('the app’s say in the answer', () => {
  it('onSuccess sends the browser on, or answers JSON of its own', async () => {
    const seen: unknown[] = []
    await using made = await world(
      {
        onSuccess(login, { provider: name, call }) {
          seen.push([login.user.id.length > 0, name, call.method])
          return name === 'plain' ? { redirect: '/welcome?name=Ada Lovelace' } : { body: { mine: true } }
        },
      },
      {},
      { json: provider() },
    )
    const sent = await callback(made, '?code=ada')
    expect([sent.status, sent.headers.get('location'), await sent.text()]).toEqual([
      303,
      'http://localhost:3000/welcome?name=Ada%20Lovelace',
      'null',
    ])
    expect(await (await callback(made, '?code=ada', {}, 'json')).json()).toEqual({ mine: true })
    expect(seen).toEqual([
      [true, 'plain', 'GET'],
      [true, 'json', 'GET'],
    ])
  })

  it('a redirect cannot write headers', async () => {
    await using made = await world({ onSuccess: () => ({ redirect: 'https://app.example.org/a\r\nset-cookie: x=1' }) })
    const sent = await callback(made, '?code=ada')
    expect([sent.headers.get('location'), sent.headers.get('set-cookie')]).toEqual(['https://app.example.org/aset-cookie:%20x=1', null])
  })

  it('transformResponse words the JSON, unless onSuccess answered', async () => {
    await using made = await world({ transformResponse: login => ({ for: login.user.emails, session: login.sessionId.length > 0 }) })
    expect(await (await callback(made, '?code=ada')).json()).toEqual({ for: [], session: true })
    await using both = await world({ onSuccess: () => ({ body: 1 }), transformResponse: () => 2 })
    expect(await (await callback(both, '?code=ada')).json()).toBe(1)
  })

  it('onError sends the browser on after a refusal, or leaves the usual answer', async () => {
    await using made = await world({
      onError: (error, { provider: name }) => (name === 'plain' ? { redirect: `/sorry?${error.message}` } : undefined),
    })
    const sent = await callback(made, '?code=bad')
    expect([sent.status, sent.headers.get('location')]).toEqual([303, 'http://localhost:3000/sorry?That%20code%20is%20not%20good'])
    expect((await callback(made, '', {}, 'gone')).status).toBe(400)
  })

  it('callbacks that throw are reported; one answer is sent, and the server lives', async () => {
    const failing = (): never => {
      throw new Error('ERR_HTTP_HEADERS_SENT')
    }
    await using made = await world({ onSuccess: failing, onError: () => Promise.reject(new Error('mine')), transformResponse: failing })
    expect(await (await callback(made, '?code=ada')).json()).toMatchObject({ tokens: { accessToken: expect.any(String) as string } })
    expect((await callback(made, '?code=bad')).status).toBe(400)
    expect(made.log.filter(({ message }) => message.startsWith('an OAuth callback of the app threw'))).toHaveLength(3)
  })

  it('options that do not exist, or are no functions, are refused', async () => {
    await expect(world({ onSucces: () => {} } as OAuthAnswers)).rejects.toThrow('oauth.onSucces')
    await expect(world({ onError: 'x' } as unknown as OAuthAnswers)).rejects.toThrow('oauth.onError must be a function')
  })
})

describe('a browser that is sent to a provider', () => {
  it('begins at /start and is known again by a cookie that no script can read', async () => {
    await using made = await world()
    const begun = await begin(made)
    expect([begun.status, begun.location.origin, begun.location.searchParams.get('client_id')]).toEqual([
      303,
      'https://id.example.org',
      'us',
    ])
    expect(begun.set).toMatch(/^latchkey\.oauth-3000=bearer\.[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/)
    expect(begun.set).not.toContain(begun.state)
    const answer = await callback(made, `?code=ada&state=${begun.state}`, { cookie: begun.cookie }, 'redirecting')
    expect(answer.status).toBe(200)
    expect(((await answer.json()) as { tokens: object }).tokens).not.toBeNull()
    expect(answer.headers.getSetCookie()[0]).toMatch(/^latchkey\.oauth-3000=; Max-Age=0;/)
  })

  it('is the only one that is let in: no other browser, no other provider, no other state, and nobody asks the provider', async () => {
    const watched = redirecting()
    await using made = await world({}, {}, { redirecting: watched })
    const [mine, theirs] = [await begin(made), await begin(made)]
    const tries: [query: string, cookie: string, name?: string][] = [
      [`?code=ada&state=${theirs.state}`, mine.cookie],
      [`?code=ada&state=${mine.state}`, ''],
      ['?code=ada', mine.cookie],
      ['?code=ada&state=', mine.cookie],
      [`?code=ada&state=${mine.state}x`, mine.cookie],
      [`?code=ada&state=${mine.state}`, mine.cookie.replace('bearer', 'cookie')],
      [`?code=ada&state=${mine.state}`, mine.cookie, 'other'],
    ]
    for (const [query, cookie, name = 'redirecting'] of tries) {
      const answer = await callback(made, query, cookie ? { cookie } : {}, name)
      expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'AuthenticationFailed' }])
    }
    expect(watched.asked).toEqual([])
    expect(await made.server.accounts.core.store.users.count()).toBe(0)
  })

  it('that asked for a cookie session gets one, and goes on to the site', async () => {
    await using made = await world()
    const begun = await begin(made, 'redirecting', '?session=cookie')
    const answer = await callback(made, `?code=ada&state=${begun.state}`, { cookie: begun.cookie }, 'redirecting')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, 'http://localhost:3000'])
    const session = answer.headers.getSetCookie().find(cookie => cookie.startsWith('latchkey-3000=')) ?? ''
    expect(session).toMatch(/HttpOnly/)
    const me = await made.get('/accounts/user', { cookie: session.slice(0, session.indexOf(';')) })
    expect(me.body.id).toEqual(expect.any(String))
    // The session it replaces is over: the browser has forgotten it.
    const again = await begin(made, 'redirecting', '?session=cookie')
    const both = `${again.cookie}; ${session.slice(0, session.indexOf(';'))}`
    await callback(made, `?code=ada&state=${again.state}`, { cookie: both }, 'redirecting')
    expect((await made.get('/accounts/user', { cookie: session.slice(0, session.indexOf(';')) })).body).toBeNull()
  })

  it('is sent nowhere for a provider that has no address, or with a session that is none', async () => {
    await using made = await world()
    for (const name of ['plain', 'gone', '__proto__']) expect((await begin(made, name)).status).toBe(404)
    expect((await begin(made, 'redirecting', '?session=jar')).status).toBe(400)
    expect((await fetch(`${made.url}/accounts/oauth/redirecting/start`, { method: 'HEAD', redirect: 'manual' })).status).toBe(405)
  })
})

describe('accounts elsewhere, of somebody who is signed in', () => {
  it('are linked, listed and unlinked', async () => {
    await using made = await world()
    const headers = await made.bearer('ada')
    expect((await made.post('/accounts/oauth/link', { provider: 'plain', code: 'mine' }, headers)).body).toBeNull()
    expect((await made.get<unknown>('/accounts/oauth/accounts', headers)).body).toEqual([
      { provider: 'plain', linkedAt: '2026-01-01T00:00:00.000Z' },
    ])
    const login = await made.post('/accounts/oauth/authenticate', { provider: 'plain', code: 'mine' })
    expect(login.body.user).toMatchObject({ username: 'ada' })
    made.clock.pass(11 * 60_000)
    expect((await made.post('/accounts/oauth/unlink', { provider: 'plain' }, headers)).body.code).toBe('RecentLoginRequired')
    expect((await made.post('/accounts/oauth/unlink', { provider: 'plain', password: PASSWORD }, headers)).body).toBeNull()
    expect((await made.get<unknown>('/accounts/oauth/accounts', headers)).body).toEqual([])
  })

  it('take a session, and a provider by name', async () => {
    await using made = await world()
    const headers = await made.bearer('ada')
    for (const path of ['link', 'unlink']) {
      expect((await made.post(`/accounts/oauth/${path}`, { provider: 'plain' })).status).toBe(401)
      expect((await made.post(`/accounts/oauth/${path}`, {}, headers)).body).toMatchObject({
        code: 'InvalidProvider',
        details: { field: 'provider' },
      })
    }
    expect((await made.get('/accounts/oauth/accounts')).status).toBe(401)
  })

  it('never carry what the provider gave', async () => {
    const leaky = provider({ authenticate: async () => ({ id: '1', access_token: 'provider-secret', name: 'Ada' }) })
    await using made = await world({}, {}, { leaky })
    const login = await made.post('/accounts/oauth/authenticate', { provider: 'leaky' })
    const headers = { authorization: `Bearer ${login.body.tokens.accessToken}` }
    for (const path of ['user', 'oauth/accounts', 'account/export', 'sessions']) await made.get(`/accounts/${path}`, headers)
    await made.post('/accounts/refreshTokens', login.body.tokens)
    expect(made.received.map(({ text }) => text).join()).not.toContain('provider-secret')
  })
})
