/** Meteor's login cookie over real HTTP. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { meteorWorld } from '../../../testing/meteor-http.ts'
import type { MeteorWorld } from '../../../testing/meteor-http.ts'
import { loginCookies, loginCookiesFetch } from '../../mounts/meteor-http.ts'
import type { LoginCookieOptions } from '../../mounts/meteor-http.ts'
import { newWorld } from '../../testing/index.ts'

/** The endpoints in front of an app that answers everything else. */
async function site(options: Parameters<typeof meteorWorld>[0] = {}, cookie: LoginCookieOptions = {}) {
  const world = await meteorWorld({ useHttpOnlyCookies: true, ...options })
  const middleware = loginCookies(world.accounts, cookie)
  const server = createServer((req, res) => middleware(req, res, () => res.end('the app')))
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await world[Symbol.asyncDispose]()
  })
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${url}/_accounts/cookie/${path}`, { ...init, headers: { origin: url, ...(init.headers as Record<string, string>) } })
  return {
    ...world,
    url,
    ask,
    set: (token: unknown, headers: Record<string, string> = {}) =>
      ask('set', { method: 'POST', body: JSON.stringify({ token }), headers: { 'content-type': 'application/json', ...headers } }),
    refresh: (token: string, headers: Record<string, string> = {}) =>
      ask('refresh', { headers: { cookie: `meteor_login_token=${token}`, ...headers } }),
    clear: (headers: Record<string, string> = {}) => ask('clear', { method: 'POST', headers }),
  }
}

describe('The login cookie', () => {
  test('is set from a good token, for as long as the token is good, out of the reach of scripts', async () => {
    const { token, set } = await site()
    const answer = await set(await token())
    expect(answer.status).toBe(204)
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^meteor_login_token=[\w-]{43}; Max-Age=7776000; Path=\/; HttpOnly; SameSite=Strict$/),
    ])
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('is marked Secure on https', async () => {
    const { token, set } = await site({ siteUrl: 'https://app.example.com' })
    const answer = await set(await token(), { origin: 'https://app.example.com' })
    expect(answer.headers.getSetCookie()[0]).toMatch(/; Secure$/)
  })

  test('is handed back with its expiry while the session lives', async () => {
    const { token, refresh } = await site()
    const given = await token()
    const answer = await refresh(given)
    expect(await answer.json()).toEqual({ token: given, tokenExpires: '2026-04-01T00:00:00.000Z' })
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  test('is not shown to scripts with handOut: false: they learn who is signed in, and until when', async () => {
    const { token, refresh, adaId } = await site({}, { handOut: false })
    expect(await (await refresh(await token())).json()).toEqual({ userId: adaId, tokenExpires: '2026-04-01T00:00:00.000Z' })
  })

  test('refresh answers 204 when there is none', async () => {
    const { ask } = await site()
    const answer = await ask('refresh')
    expect([answer.status, await answer.text()]).toEqual([204, ''])
  })

  test('refresh answers 401 invalid_cookie once the session is over, and takes the cookie away', async () => {
    const { accounts, adaId, token, refresh } = await site()
    const given = await token()
    await accounts.accounts.revoke({ userId: adaId })
    const answer = await refresh(given)
    expect([answer.status, await answer.json()]).toEqual([401, { error: 'invalid_cookie' }])
    expect(answer.headers.getSetCookie()[0]).toContain('meteor_login_token=; Max-Age=0;')
  })

  test('is taken away by clear', async () => {
    const { clear } = await site()
    const answer = await clear()
    expect(answer.status).toBe(204)
    expect(answer.headers.getSetCookie()).toEqual(['meteor_login_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict'])
  })
})

describe('The endpoints', () => {
  test('do not exist while the option is off, and appear when config switches it on', async () => {
    const { accounts, url, clear } = await site({ useHttpOnlyCookies: false })
    for (const deed of ['set', 'refresh', 'clear']) {
      expect(await (await fetch(`${url}/_accounts/cookie/${deed}`, { method: 'POST' })).text()).toBe('the app')
    }
    accounts.config({ useHttpOnlyCookies: true })
    expect((await clear()).status).toBe(204)
    expect(await (await fetch(`${url}/_accounts/cookie/other`)).text()).toBe('the app')
  })

  test('do not exist on other faces', async () => {
    await using world = await newWorld()
    const answer = await loginCookiesFetch(world.server)(new Request('http://localhost:3000/_accounts/cookie/refresh'))
    expect(answer).toBeUndefined()
  })

  test.each([
    ['set', 'GET', 'POST'],
    ['refresh', 'POST', 'GET'],
    ['clear', 'GET', 'POST'],
    ['clear', 'DELETE', 'POST'],
  ])('%s refuses %s with 405', async (deed, method, allow) => {
    const { ask } = await site()
    const answer = await ask(deed, { method })
    expect([answer.status, await answer.json(), answer.headers.get('allow')]).toEqual([405, { error: 'method_not_allowed' }, allow])
  })

  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['no origin at all', { origin: 'null' }],
    ['another site, by its own word', { origin: '', 'sec-fetch-site': 'cross-site' }],
  ])('refuse a page of %s with 403 cross_origin', async (_whose, headers) => {
    const { token, set, refresh, clear } = await site()
    for (const answer of [await set(await token(), headers), await refresh(await token(), headers), await clear(headers)]) {
      expect([answer.status, await answer.json()]).toEqual([403, { error: 'cross_origin' }])
      expect(answer.headers.getSetCookie()).toEqual([])
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
  })

  test('refuse to change anything for a sender that does not say where it comes from', async () => {
    const { url } = await site()
    expect((await fetch(`${url}/_accounts/cookie/clear`, { method: 'POST' })).status).toBe(403)
    expect((await fetch(`${url}/_accounts/cookie/refresh`)).status).toBe(204)
  })

  test('let in pages of the origins that config names, preflight included', async () => {
    const { token, refresh, ask } = await site({ httpOnlyCookieAllowedOrigins: ['https://www.example.com'] })
    const headers = { origin: 'https://www.example.com' }
    const answer = await refresh(await token(), headers)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://www.example.com')
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true')
    const preflight = await ask('set', { method: 'OPTIONS', headers: { ...headers, 'access-control-request-method': 'POST' } })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toBe('POST')
  })

  test('refuse what is no JSON with 415, and more than 4 KiB with 413', async () => {
    const { ask, set } = await site()
    const form = await ask('set', { method: 'POST', body: 'token=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect([form.status, await form.json()]).toEqual([415, { error: 'unsupported_media_type' }])
    const long = await set('x'.repeat(5000))
    expect([long.status, await long.json()]).toEqual([413, { error: 'payload_too_large' }])
  })

  test.each([[undefined], [''], [5], [{}], ['x'.repeat(513)]])('refuse the token %o with 400 invalid_token', async token => {
    const { set } = await site()
    const answer = await set(token)
    expect([answer.status, await answer.json()]).toEqual([400, { error: 'invalid_token' }])
  })

  test.each(['{', 'null', '[]', '"token"'])('refuse the body %s with 400 invalid_token', async body => {
    const { ask } = await site()
    const answer = await ask('set', { method: 'POST', body, headers: { 'content-type': 'application/json' } })
    expect([answer.status, await answer.json()]).toEqual([400, { error: 'invalid_token' }])
  })

  test.each(['a'.repeat(43), 'short', `${'a'.repeat(43)}; Domain=example.com`])('refuse the unknown token %s with 401', async token => {
    const { set } = await site()
    const answer = await set(token)
    expect([answer.status, await answer.json()]).toEqual([401, { error: 'invalid_token' }])
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  test('take 30 requests of one address in ten seconds, then answer 429 rate_limited until the ten seconds are over', async () => {
    const { clear, clock } = await site()
    for (let sent = 0; sent < 30; sent++) expect((await clear()).status).toBe(204)
    const answer = await clear()
    expect([answer.status, await answer.json(), answer.headers.get('retry-after')]).toEqual([429, { error: 'rate_limited' }, '10'])
    clock.pass(10_000)
    expect((await clear()).status).toBe(204)
  })

  test.each([
    [1, 1],
    [{ limit: 2, window: 60_000 }, 2],
  ])('take as many as httpOnlyCookieRateLimit %o says', async (limit, many) => {
    const { clear } = await site({ httpOnlyCookieRateLimit: limit })
    for (let sent = 0; sent < many; sent++) expect((await clear()).status).toBe(204)
    expect((await clear()).status).toBe(429)
  })

  test('take any number with httpOnlyCookieRateLimit: false', async () => {
    const { clear } = await site({ httpOnlyCookieRateLimit: false })
    for (let sent = 0; sent < 40; sent++) expect((await clear()).status).toBe(204)
  })

  test('are there for hosts that speak Fetch', async () => {
    const world: MeteorWorld = await meteorWorld({ useHttpOnlyCookies: true })
    const answer = loginCookiesFetch(world.accounts)
    const request = new Request('http://localhost:3000/_accounts/cookie/clear', {
      method: 'POST',
      headers: { origin: 'http://localhost:3000' },
    })
    expect((await answer(request))?.status).toBe(204)
    expect(await answer(new Request('http://localhost:3000/other'))).toBeUndefined()
    await world[Symbol.asyncDispose]()
  })
})
