import { connect } from 'node:net'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { AccountsMagicLink } from '../../strategies/magic-link/index.ts'
import { AccountsOauth } from '../../strategies/oauth/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { restWorld } from '../../testing/rest-world.ts'
import type { Received, RestWorld, Sending } from '../../testing/rest-world.ts'
import { errorBody } from './schemas.ts'

/** Every route that takes a body, with one that it would take. */
const BODIES: Record<string, Record<string, unknown>> = {
  '/accounts/password/authenticate': { user: 'ada', password: 'x' },
  '/accounts/password/verifyAuthentication': { user: 'ada', password: 'x' },
  '/accounts/refreshTokens': { accessToken: 'x', refreshToken: 'x' },
  '/accounts/impersonate': { accessToken: 'x', impersonated: { userId: 'x' } },
  '/accounts/logout': {},
  '/accounts/user': {},
  '/accounts/password/register': { user: { email: 'grace@example.org', password: 'x' } },
  '/accounts/password/verifyEmail': { token: 'x' },
  '/accounts/password/resetPassword': { token: 'x', newPassword: 'x' },
  '/accounts/password/sendVerificationEmail': { email: 'ada@example.org' },
  '/accounts/password/sendResetPasswordEmail': { email: 'ada@example.org' },
  '/accounts/password/addEmail': { newEmail: 'a@example.org', password: 'x' },
  '/accounts/password/removeEmail': { email: 'ada@example.org', password: 'x' },
  '/accounts/password/changeEmail': { oldEmail: 'ada@example.org', newEmail: 'b@example.org', password: 'x' },
  '/accounts/password/changePassword': { oldPassword: 'x', newPassword: 'y' },
  '/accounts/magicLink/authenticate': { token: 'x' },
  '/accounts/magiclink/requestMagicLinkEmail': { email: 'ada@example.org' },
  '/accounts/code/request': { email: 'ada@example.org' },
  '/accounts/oauth/authenticate': { provider: 'example' },
  '/accounts/oauth/link': { provider: 'example', password: 'x' },
  '/accounts/oauth/unlink': { provider: 'example', password: 'x' },
  '/accounts/password/twoFactorSet': { secret: { base32: 'JBSWY3DPEHPK3PXP' }, code: '123456', password: 'x' },
  '/accounts/password/twoFactorUnset': { code: '123456' },
  '/accounts/password/twoFactorRecoveryCodes': { code: '123456' },
  '/accounts/sessions/end': { sessionId: 'x' },
  '/accounts/sessions/endOthers': {},
  '/accounts/account/delete': { password: 'x' },
  '/accounts/account/export': {},
}
const ROUTES = Object.keys(BODIES)

const JSON_TYPE = { 'content-type': 'application/json' }
const raw = (text: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = JSON_TYPE): Sending => ({ raw: text, headers })
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

/** Bodies that no route may take, whatever it does. */
const HOSTILE: Record<string, Sending> = {
  'not JSON': raw('{"user":'),
  'JSON in single quotes': raw("{'a':1}"),
  null: raw('null'),
  'a number': raw('5'),
  'a text': raw('"x"'),
  'a list': raw('[{"a":1}]'),
  'not UTF-8': raw(Uint8Array.of(0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d)),
  'UTF-16': raw(Uint8Array.from(Buffer.from('{"a":1}', 'utf16le'))),
  'longer than the limit': raw(`{"a":"${'x'.repeat(70_000)}"}`),
  'nested 25 levels': raw(nested(25)),
  'nested 5,000 levels': raw(nested(5_000)),
  __proto__: raw('{"__proto__":{"admin":true}}'),
  'constructor.prototype': raw('{"a":{"constructor":{"prototype":{"admin":true}}}}'),
  'an escaped __proto__': raw('{"a":[{"\\u005f\\u005fproto__":1}]}'),
  NUL: raw('{"token":"a\\u0000b","email":"a\\u0000b","user":"a\\u0000b"}'),
  'half a surrogate pair': raw('{"token":"\\ud800","email":"\\udfff","user":"\\ud800"}'),
  '11,000 values': raw(`{"a":[${'1,'.repeat(11_000)}1]}`),
  'no type': { raw: Uint8Array.from(Buffer.from('{"a":1}')) },
  'a form': raw('user=ada&password=x', { 'content-type': 'application/x-www-form-urlencoded' }),
  'text/plain, which a form of any site can send': raw('{"a":1}', { 'content-type': 'text/plain' }),
  'another charset': raw('{"a":1}', { 'content-type': 'application/json; charset=latin1' }),
  'an encoded body': raw('{"a":1}', { ...JSON_TYPE, 'content-encoding': 'gzip' }),
}

/** What may stand where a text is wanted. */
const WRONG: unknown[] = [null, 5, true, [], ['x'], {}, { $ne: null }, { $gt: '' }, { $where: '1' }, { toString: 'x' }, 'x'.repeat(5_000)]

/** True for an answer that is for the sender to read, in accounts-js's shape, and no failure of ours. */
function isRefusal({ status, body, headers }: Received<unknown>): boolean {
  return Math.floor(status / 100) === 4 && v.is(errorBody, body) && headers.get('content-type') === 'application/json; charset=utf-8'
}

/** A provider that vouches for nobody. */
const oauth = new AccountsOauth({ example: { authenticate: async () => null } })

/** Signed in, so that the guard does not stand in the way of what is tried. */
const newWorld = (): Promise<RestWorld> =>
  restWorld({
    options: { rateLimits: false },
    services: {
      password: new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } }),
      magicLink: new AccountsMagicLink(),
      oauth,
    },
  })

async function expectUnharmed(world: RestWorld): Promise<void> {
  expect((await world.get('/healthz')).status).toBe(200)
  expect(({} as Record<string, unknown>).admin).toBeUndefined()
  expect(world.log.filter(({ level }) => level === 'error')).toEqual([])
}

describe('a body that no route may take', () => {
  for (const route of ROUTES) {
    it(`is refused by ${route}`, async () => {
      await using world = await newWorld()
      const signedIn = await world.bearer('ada')
      for (const [what, sending] of Object.entries(HOSTILE)) {
        const answers = [
          await world.send('POST', route, { ...sending, headers: { ...sending.headers, ...signedIn } }),
          await world.send('POST', route, sending),
        ]
        expect([what, answers.map(isRefusal)]).toEqual([what, [true, true]])
      }
      await expectUnharmed(world)
    })
  }
})

describe('a field', () => {
  for (const [route, body] of Object.entries(BODIES).filter(([, fields]) => Object.keys(fields).length > 0)) {
    it(`that is missing or of the wrong type is refused by ${route}, and named`, async () => {
      await using world = await newWorld()
      const signedIn = await world.bearer('ada')
      for (const field of Object.keys(body)) {
        for (const value of WRONG) {
          const what = `${field}: ${JSON.stringify(value)}`.slice(0, 80)
          expect([what, isRefusal(await world.post(route, { ...body, [field]: value }, signedIn))]).toEqual([what, true])
        }
        const { [field]: _left, ...rest } = body
        const without = await world.post(route, rest, signedIn)
        // Without a password to confirm with, a fresh session will do.
        const isOptional = field === 'password' && !route.includes('uthentic')
        expect([field, isOptional || isRefusal(without)]).toEqual([field, true])
      }
      await expectUnharmed(world)
    })
  }

  it('is named in the details', async () => {
    await using world = await newWorld()
    const signedIn = await world.bearer('ada')
    const cases: [route: string, body: object, field: string][] = [
      ['password/register', { user: 5 }, 'user'],
      ['password/register', { user: { email: {}, password: 'x' } }, 'user.email'],
      ['password/register', { user: { username: ['x'], password: 'x' } }, 'user.username'],
      ['password/verifyEmail', { token: 5 }, 'token'],
      ['password/resetPassword', { token: 'x', newPassword: 5 }, 'newPassword'],
      ['password/resetPassword', { token: 'x', newPassword: { digest: 5, algorithm: 'sha-256' } }, 'newPassword'],
      ['password/sendResetPasswordEmail', {}, 'email'],
      ['password/changePassword', { newPassword: 'x' }, 'oldPassword'],
      ['password/changeEmail', { oldEmail: 'x', newEmail: [] }, 'newEmail'],
      ['refreshTokens', { accessToken: 'x' }, 'refreshToken'],
      ['sessions/end', {}, 'sessionId'],
      ['user', { accessToken: {} }, 'accessToken'],
      ['logout', { accessToken: {} }, 'accessToken'],
      ['user', { x: { __proto__: null, constructor: 1 } }, 'x.constructor'],
    ]
    for (const [route, body, field] of cases) {
      const headers = route === 'user' || route === 'logout' ? {} : signedIn
      const { status, body: answer } = await world.post(`/accounts/${route}`, body, headers)
      expect([route, status, answer.details]).toEqual([route, 400, { field }])
    }
  })

  it('of a name that nobody asked for is ignored', async () => {
    await using world = await newWorld()
    const { status, text } = await world.post('/accounts/user', { admin: true, userId: 'x', role: 'owner' })
    expect([status, text]).toEqual([200, 'null'])
  })
})

describe('a request line', () => {
  it('of any kind is answered in the same shape', async () => {
    await using world = await newWorld()
    const targets = [
      '//',
      '/accounts//user',
      '/accounts/%/authenticate',
      '/accounts/%ff/authenticate',
      '/accounts/%00/authenticate',
      '/accounts/..%2f/authenticate',
      '/accounts/constructor/authenticate',
      '/accounts/__proto__/authenticate',
      '/accounts/toString/authenticate',
      `/accounts/${'x'.repeat(5_000)}/authenticate`,
      '/accounts/user;x=1',
      '/accounts/user%20',
      '/accounts/%2fuser',
      '/accounts/user/../logout?x',
      '/?/accounts/user',
      '*',
      'accounts/user',
    ]
    for (const target of targets) {
      const [head = '', body = ''] = await exchange(
        world.url,
        `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{}`,
      )
      expect([target, /^HTTP\/1\.1 4\d\d /.test(head)]).toEqual([target, true])
      expect([target, typeof (JSON.parse(body) as { message: unknown }).message]).toEqual([target, 'string'])
    }
    await expectUnharmed(world)
  })

  it('with a whole address is the same as with a path', async () => {
    await using world = await newWorld()
    const [head = '', body] = await exchange(world.url, 'GET http://x/accounts/user HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect([head.startsWith('HTTP/1.1 200'), body]).toEqual([true, 'null'])
  })
})

/** Sends bytes and reads until the server hangs up; head and body. */
function exchange(url: string, bytes: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    let received = ''
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    socket.setEncoding('latin1')
    socket.on('data', chunk => (received += String(chunk)))
    socket.on('error', reject)
    socket.on('close', () => resolve(received.split('\r\n\r\n')))
  })
}
