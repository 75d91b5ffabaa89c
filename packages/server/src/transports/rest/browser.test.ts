import { describe, expect, it } from 'vitest'
import { PASSWORD } from '../../testing/index.ts'
import { restWorld } from '../../testing/rest-world.ts'
import type { Received, RestWorld } from '../../testing/rest-world.ts'

const LOGIN = { user: 'ada', password: PASSWORD }
const COOKIE_MODE = { 'x-latchkey-session': 'cookie' }
const PARTNER = 'https://app.partner.example'

/** Pages that are not ours, in every spelling that has fooled somebody. */
const STRANGERS = (own: string): string[] => [
  'null',
  'https://evil.example',
  own.replace('http:', 'https:'),
  `${own}0`,
  `${own}.evil.example`,
  own.replace('127.0.0.1', 'evil-127.0.0.1'),
  own.replace('127.0.0.1', 'sub.127.0.0.1'),
  own.toUpperCase(),
  `${own}/`,
  '',
  'https://app.partner.example.evil.example',
  'https://evilapp.partner.example',
  'http://app.partner.example',
  'https://app.partner.example:8443',
]

const login = (world: RestWorld, headers: Record<string, string>): Promise<Received> =>
  world.post('/accounts/password/authenticate', LOGIN, headers)

const newWorld = async (options: Parameters<typeof restWorld>[0] = {}): Promise<RestWorld> => {
  const world = await restWorld(options)
  await world.createUser('ada')
  return world
}

describe('cookie mode', () => {
  it('keeps the secret out of the answer and in a cookie that scripts cannot read, for as long as the session can live', async () => {
    await using world = await newWorld({ options: { session: { absolute: '30d' } } })
    const { status, body, text, cookies } = await login(world, { origin: world.siteOrigin, ...COOKIE_MODE })
    expect([status, body.tokens, body.user.username]).toEqual([200, null, 'ada'])
    const [session = '', device = ''] = cookies
    expect(session).toMatch(/^latchkey-3000=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/)
    expect(device).toMatch(/^latchkey\.device-3000=[\w.-]+; Max-Age=31536000; Path=\/; HttpOnly; SameSite=Lax$/)
    expect(text).not.toContain(/=([\w-]{43});/.exec(session)?.[1])
  })

  it('on https, or when the site says so, the cookie is __Host- and Secure', async () => {
    await using behindTls = await newWorld({ rest: { trustedProxies: ['127.0.0.1'], cookies: { instance: '' } } })
    const headers = {
      origin: 'https://app.example.com',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'app.example.com',
      ...COOKIE_MODE,
    }
    const { cookies } = await login(behindTls, headers)
    expect(cookies[0]).toMatch(/^__Host-latchkey=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    await using declared = await newWorld({ options: { siteUrl: 'https://app.example.com' } })
    const { cookies: also } = await login(declared, { origin: 'https://app.example.com', ...COOKIE_MODE })
    expect(also[0]).toMatch(/^__Host-latchkey=.*; Secure$/)
    expect(also[1]).toMatch(/^__Host-latchkey\.device=.*; Secure$/)
  })

  it('with a domain it is shared with sub-domains', async () => {
    await using world = await newWorld({ rest: { cookies: { domain: 'example.com', secure: true } } })
    const { cookies } = await login(world, { origin: world.siteOrigin, ...COOKIE_MODE })
    expect(cookies[0]).toMatch(/^__Secure-latchkey-3000=.*; Domain=example\.com; HttpOnly; SameSite=Lax; Secure$/)
  })

  it('signs in every request, unless it carries a token of its own', async () => {
    await using world = await newWorld()
    await world.createUser('eve')
    const ada = await world.browser('ada')
    expect((await world.get('/accounts/user', ada)).body.username).toBe('ada')
    expect((await world.post('/accounts/user', {}, ada)).body.username).toBe('ada')
    expect((await world.get('/accounts/user', { ...ada, ...(await world.bearer('eve')) })).body.username).toBe('eve')
    expect((await world.get('/accounts/user', { ...ada, authorization: 'Bearer stale' })).text).toBe('null')
  })

  it('signing out ends the session and takes the cookie away, also when it was over already', async () => {
    await using world = await newWorld()
    const ada = await world.browser('ada')
    const first = await world.post('/accounts/logout', {}, ada)
    expect([first.status, first.text]).toEqual([200, 'null'])
    expect(first.cookies).toEqual(['latchkey-3000=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax'])
    expect((await world.get('/accounts/user', ada)).text).toBe('null')
    const again = await world.post('/accounts/logout', {}, ada)
    expect([again.status, again.body.code, again.cookies.length]).toEqual([400, 'InvalidSession', 1])
  })

  it('ending this very session, or the account, takes the cookie away too', async () => {
    await using world = await newWorld()
    const ada = await world.browser('ada')
    const { body } = await world.get<{ id: string }[]>('/accounts/sessions', ada)
    expect((await world.post('/accounts/sessions/end', { sessionId: body[0]?.id }, ada)).cookies[0]).toContain('Max-Age=0')
    const again = await world.browser('ada')
    expect((await world.post('/accounts/account/delete', {}, again)).cookies[0]).toContain('Max-Age=0')
  })

  it('every login gives a fresh secret, whatever cookie came with it, and ends the session that it replaces', async () => {
    await using world = await newWorld()
    const planted = { cookie: `latchkey-3000=${'A'.repeat(43)}`, origin: world.siteOrigin }
    const { cookies } = await login(world, { ...planted, ...COOKIE_MODE })
    expect(cookies[0]).not.toContain('A'.repeat(43))
    const old = await world.browser('ada')
    await login(world, { ...old, ...COOKIE_MODE })
    expect((await world.get('/accounts/user', old)).text).toBe('null')
  })

  it('a login for tokens sets no session cookie', async () => {
    await using world = await newWorld()
    const { cookies } = await login(world, { origin: world.siteOrigin })
    expect(cookies.map(cookie => cookie.split('=')[0])).toEqual(['latchkey.device-3000'])
    expect((await login(world, {})).cookies).toEqual([])
  })

  it('a mode that nobody knows is refused', async () => {
    await using world = await newWorld()
    for (const mode of ['resume', 'Cookie', '']) {
      const { status, body } = await login(world, { origin: world.siteOrigin, 'x-latchkey-session': mode })
      expect([mode, status, body.code]).toEqual([mode, 400, 'InvalidInput'])
    }
  })
})

describe('a known device', () => {
  it('is not shut out by guesses made elsewhere, and strangers are', async () => {
    await using world = await newWorld()
    const { cookie } = await world.browser('ada')
    const device = /latchkey\.device-3000=[^;]+/.exec(cookie)?.[0] ?? ''
    for (let tries = 0; tries < 8; tries++) await world.post('/accounts/password/authenticate', { user: 'ada', password: 'wrong' })
    expect((await login(world, {})).status).toBe(429)
    expect((await login(world, { cookie: 'latchkey.device-3000=forged.mark' })).status).toBe(429)
    expect((await login(world, { cookie: device })).status).toBe(200)
  })
})

describe('a request that a stranger’s page forged', () => {
  it('may not hand out a cookie: no login by force', async () => {
    await using world = await newWorld({ rest: { cors: { origins: [PARTNER] } } })
    for (const origin of STRANGERS(world.siteOrigin)) {
      const { status, body, cookies } = await login(world, { origin, ...COOKIE_MODE })
      expect([origin, status, body.code, cookies]).toEqual([origin, 403, 'OriginNotAllowed', []])
    }
    for (const site of ['cross-site', 'same-site', '', 'Same-Origin']) {
      expect([site, (await login(world, { 'sec-fetch-site': site, ...COOKIE_MODE })).status]).toEqual([site, 403])
    }
    expect((await login(world, COOKIE_MODE)).status).toBe(403)
    for (const trusted of [
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
      { origin: PARTNER },
      { origin: world.siteOrigin },
    ]) {
      expect([trusted, (await login(world, { ...trusted, ...COOKIE_MODE })).status]).toEqual([trusted, 200])
    }
  })

  it('may not use the cookie to change anything, on any route', async () => {
    await using world = await newWorld({ rest: { cors: { origins: [PARTNER] } } })
    const { cookie } = await world.browser('ada')
    const changing = {
      '/accounts/logout': {},
      '/accounts/user': {},
      '/accounts/sessions/end': { sessionId: 'x' },
      '/accounts/sessions/endOthers': {},
      '/accounts/password/changePassword': { oldPassword: PASSWORD, newPassword: 'a rather different sentence' },
      '/accounts/password/addEmail': { newEmail: 'evil@example.org' },
      '/accounts/password/removeEmail': { email: 'ada@example.org' },
      '/accounts/password/changeEmail': { oldEmail: 'ada@example.org', newEmail: 'evil@example.org' },
      '/accounts/account/delete': {},
      '/accounts/account/export': {},
    }
    for (const [path, body] of Object.entries(changing)) {
      const forged = [
        ...STRANGERS(world.siteOrigin).map(origin => ({ origin })),
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        {},
      ]
      for (const headers of forged) {
        const { status, body: answer, cookies } = await world.post(path, body, { cookie, ...headers })
        expect([path, headers, status, answer.code, cookies]).toEqual([path, headers, 403, 'OriginNotAllowed', []])
      }
    }
    const { body } = await world.get('/accounts/user', { cookie })
    expect(body.emails).toEqual([{ address: 'ada@example.org', verified: false }])
  })

  it('with a form, which can send no JSON, is refused before anything else is', async () => {
    await using world = await newWorld()
    const { cookie } = await world.browser('ada')
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const { status } = await world.send('POST', '/accounts/account/delete', {
        raw: '{"a":1}',
        headers: { cookie, origin: world.siteOrigin, 'content-type': type },
      })
      expect([type, status]).toEqual([type, 415])
    }
  })

  it('by GET changes nothing, for nothing is changed by GET', async () => {
    await using world = await newWorld()
    const { cookie } = await world.browser('ada')
    for (const path of ['logout', 'sessions/endOthers', 'account/delete', 'password/verifyEmail?token=x']) {
      expect((await world.get(`/accounts/${path}`, { cookie })).status).toBe(405)
    }
    expect((await world.get('/accounts/user', { cookie })).body.username).toBe('ada')
  })

  it('is answered as a stranger’s where nobody needs to be anybody', async () => {
    await using world = await newWorld()
    const { cookie } = await world.browser('ada')
    const { status, cookies } = await login(world, { cookie, origin: 'https://evil.example' })
    expect([status, cookies]).toEqual([200, []])
  })
})

describe('pages of other origins', () => {
  it('may read nothing by default', async () => {
    await using world = await newWorld()
    for (const origin of [PARTNER, 'null', world.siteOrigin]) {
      const get = await world.get('/accounts/user', { origin })
      const preflight = await world.send('OPTIONS', '/accounts/user', { headers: { origin, 'access-control-request-method': 'POST' } })
      expect(preflight.status).toBe(204)
      for (const { headers } of [get, preflight]) expect([...headers.keys()].filter(name => name.startsWith('access-control'))).toEqual([])
    }
  })

  it('may when they are listed, by their exact name', async () => {
    await using world = await newWorld({ rest: { cors: { origins: [PARTNER], headers: ['x-tenant'] } } })
    const { headers } = await world.get('/accounts/user', { origin: PARTNER })
    expect(Object.fromEntries(headers)).toMatchObject({
      'access-control-allow-origin': PARTNER,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'date, retry-after, x-request-id',
      vary: 'Origin',
    })
    const asking = { origin: PARTNER, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-evil' }
    const preflight = await world.send('OPTIONS', '/accounts/logout', { headers: asking })
    expect(preflight.status).toBe(204)
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': PARTNER,
      'access-control-allow-methods': 'POST, OPTIONS',
      'access-control-allow-headers': 'authorization, content-type, x-latchkey-session, x-tenant',
    })
  })

  it('may not when their name only resembles a listed one', async () => {
    await using world = await newWorld({ rest: { cors: { origins: [PARTNER] } } })
    for (const origin of STRANGERS(world.siteOrigin)) {
      const answers = [
        await world.get('/accounts/user', { origin }),
        await world.get('/accounts/nope', { origin }),
        await world.send('OPTIONS', '/accounts/user', { headers: { origin, 'access-control-request-method': 'POST' } }),
      ]
      for (const { headers } of answers) expect([origin, headers.get('access-control-allow-origin')]).toEqual([origin, null])
    }
  })

  it('get CORS headers on errors too, or they could not read them', async () => {
    await using world = await newWorld({ rest: { cors: { origins: [PARTNER] } } })
    for (const path of ['/accounts/nope', '/accounts/sessions', '/accounts/%ff/authenticate']) {
      expect((await world.get(path, { origin: PARTNER })).headers.get('access-control-allow-origin')).toBe(PARTNER)
    }
  })
})

describe('headers about the host', () => {
  it('of a stranger’s choosing do not reach the links in mails', async () => {
    for (const trustedProxies of [undefined, 1]) {
      const rest = trustedProxies === undefined ? {} : { trustedProxies }
      await using world = await newWorld({ rest, options: { siteUrl: 'https://app.example.com' } })
      const poison = {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'http',
        forwarded: 'host=evil.example',
        origin: 'https://evil.example',
      }
      await world.post('/accounts/password/sendResetPasswordEmail', { email: 'ada@example.org' }, poison)
      await world.post('/accounts/password/sendVerificationEmail', { email: 'ada@example.org' }, poison)
      const mails = await world.delivered()
      expect(mails).toHaveLength(2)
      for (const { text, html } of mails) {
        expect(text).toContain('https://app.example.com/')
        expect(text + html).not.toContain('evil.example')
      }
    }
  })

  it('do not make a stranger’s page one of our own', async () => {
    await using world = await newWorld()
    const headers = { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', ...COOKIE_MODE }
    expect((await login(world, headers)).status).toBe(403)
  })

  it('of a client’s choosing do not change the address it is known by', async () => {
    await using world = await newWorld()
    const claims = { 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9', 'x-client-ip': '203.0.113.9' }
    const { body } = await login(world, claims)
    const { body: mine } = await world.get<{ ip: string }[]>('/accounts/sessions', { authorization: body.tokens.accessToken })
    expect(mine[0]?.ip).toBe('127.0.0.1')
    await using trusting = await newWorld({ rest: { trustedProxies: ['127.0.0.0/8'] } })
    const { body: behind } = await login(trusting, claims)
    const { body: theirs } = await trusting.get<{ ip: string }[]>('/accounts/sessions', { authorization: behind.tokens.accessToken })
    expect(theirs[0]?.ip).toBe('203.0.113.9')
  })
})
