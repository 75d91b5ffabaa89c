import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { fixedClock } from '../../testing/index.ts'
import { systemPorts } from '../../system.ts'
import { Keys } from '../keys.ts'
import type { User } from '../identity/user.ts'
import { readSettings } from '../settings.ts'
import type { GivenSettings } from '../settings.ts'
import { AccessTokens } from './access-token.ts'
import type { Secret } from './secret.ts'
import type { Session } from './session.ts'

const SECRET = 'a secret for these tests, 0123456789 abcdefgh'
const secret = 'the-refresh-secret' as Secret

describe('access tokens', () => {
  it('carry what accounts-js clients read, and the registered claims beside it', async () => {
    const { tokens } = made()
    const { accessToken, refreshToken } = await tokens.pair(session(), user(), secret)
    expect(payloadOf(accessToken)).toMatchObject({ data: { token: 'handle', userId: 'u1', isImpersonated: false }, sub: 'u1', sid: 's1' })
    expect(payloadOf(accessToken).exp).toBe(payloadOf(accessToken).iat + 5400)
    expect(payloadOf(refreshToken).exp).toBeTypeOf('number')
    expect(tokens.verify(accessToken)).toMatchObject({ sid: 's1' })
  })

  it('are refused from the second they expire on, unless the caller accepts that', async () => {
    const { tokens, clock } = made()
    const { accessToken } = await tokens.pair(session(), user(), secret)
    clock.pass(5400 * 1000 - 1)
    expect(tokens.verify(accessToken).sid).toBe('s1')
    clock.pass(1)
    expect(codeOf(() => tokens.verify(accessToken))).toBe('TokenVerificationFailed')
    expect(tokens.verify(accessToken, { expired: 'accept' }).sid).toBe('s1')
  })

  it('drop claims of createJwtPayload that are reserved, and keep the others', async () => {
    const { tokens } = made({ createJwtPayload: async () => ({ role: 'admin', data: 'x', sub: 'somebody', exp: 0, iss: 'me' }) })
    const { accessToken } = await tokens.pair(session(), user(), secret)
    expect(payloadOf(accessToken)).toMatchObject({ role: 'admin', sub: 'u1', data: { userId: 'u1' } })
    expect(payloadOf(accessToken).iss).toBeUndefined()
  })

  it('are read for our own claims alone, whatever the app puts beside them', async () => {
    const { tokens } = made({ createJwtPayload: async () => ({ earlier: { token: 'x', userId: 'u2' }, role: 'admin' }) })
    const { accessToken } = await tokens.pair(session(), user(), secret)
    expect(payloadOf(accessToken)).toMatchObject({ role: 'admin', earlier: { userId: 'u2' } })
    // The second time it is remembered.
    for (const claims of [tokens.verify(accessToken), tokens.verify(accessToken)])
      expect(Object.keys(claims).toSorted()).toEqual(['data', 'exp', 'sid'])
  })

  it('are never taken for refresh tokens, nor refresh tokens for them', async () => {
    const { tokens } = made()
    const { accessToken, refreshToken } = await tokens.pair(session(), user(), secret)
    expect(codeOf(() => tokens.verify(refreshToken))).toBe('TokenVerificationFailed')
    expect(tokens.readRefresh(accessToken)).toBeUndefined()
    expect(tokens.readRefresh(refreshToken)).toEqual({ sid: 's1', secret, genuine: true })
  })

  it('refuse every algorithm, key and header but our own', async () => {
    const { tokens } = made()
    const { accessToken } = await tokens.pair(session(), user(), secret)
    const body = accessToken.split('.')[1] ?? ''
    const signed = (header: object, sign: (text: string) => string): string => {
      const text = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${body}`
      return `${text}.${sign(text)}`
    }
    const hmac = (key: string) => (text: string) => createHmac('sha256', key).update(text).digest('base64url')
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const forged = [
      signed({ alg: 'none', typ: 'at+jwt' }, () => ''),
      signed({ alg: 'HS256', typ: 'at+jwt' }, () => ''),
      signed({ alg: 'HS256', typ: 'at+jwt' }, hmac('another secret')),
      signed({ alg: 'HS256', typ: 'at+jwt' }, hmac(pem)),
      // Signed with the right key, but another header than ours.
      signed({ alg: 'HS256', typ: 'JWT' }, hmac(SECRET)),
      signed({ alg: 'HS256', typ: 'at+jwt', kid: '../../dev/null' }, hmac(SECRET)),
      signed({ alg: 'HS256', typ: 'at+jwt', jku: 'https://evil.example' }, hmac(SECRET)),
      signed({ alg: 'HS512', typ: 'at+jwt' }, hmac(SECRET)),
      signed({ alg: 'RS256', typ: 'at+jwt' }, text => createSign('sha256').update(text).sign(privateKey, 'base64url')),
    ]
    for (const token of forged) expect(codeOf(() => tokens.verify(token))).toBe('TokenVerificationFailed')
  })

  it('of another issuer or audience are refused', async () => {
    const { tokens } = made({ issuer: 'https://a.example', audience: 'app' })
    const { accessToken } = await tokens.pair(session(), user(), secret)
    expect(payloadOf(accessToken)).toMatchObject({ iss: 'https://a.example', aud: 'app' })
    for (const given of [
      { issuer: 'https://a.example/', audience: 'app' },
      { issuer: 'https://A.example', audience: 'app' },
      { issuer: 'https://a.example' },
    ]) {
      expect(codeOf(() => made(given).tokens.verify(accessToken))).toBe('TokenVerificationFailed')
    }
  })

  it('signed by a retired secret still verify, and new ones are signed by the current', async () => {
    const { accessToken } = await made().tokens.pair(session(), user(), secret)
    const rotated = made({ tokenSecret: 'the next secret, 0123456789 abcdefghijkl', retiredSecrets: [SECRET] }).tokens
    expect(rotated.verify(accessToken).sid).toBe('s1')
    const next = await rotated.access(session(), user())
    expect(codeOf(() => made().tokens.verify(next))).toBe('TokenVerificationFailed')
  })

  it('are refused, and nothing worse happens, for any text or value at all', () => {
    const { tokens } = made()
    for (const value of [undefined, null, 1, {}, [], true, '']) expect(codeOf(() => tokens.verify(value))).toBe('InvalidToken')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ minLength: 1 }),
          fc.string({ minLength: 1, unit: 'binary' }),
          fc.base64String({ minLength: 1 }).map(text => `${text}.${text}.${text}`),
        ),
        text => {
          expect(codeOf(() => tokens.verify(text))).toBe('TokenVerificationFailed')
          expect(tokens.readRefresh(text)?.genuine ?? false).toBe(false)
        },
      ),
    )
  })

  it('with one bit changed anywhere are refused', async () => {
    const { tokens } = made()
    const { accessToken } = await tokens.pair(session(), user(), secret)
    fc.assert(
      fc.property(fc.nat(accessToken.length - 1), fc.integer({ min: 0, max: 5 }), (at, bit) => {
        const changed = accessToken.slice(0, at) + String.fromCharCode(accessToken.charCodeAt(at) ^ (1 << bit)) + accessToken.slice(at + 1)
        // The last character of a base64url text has unused bits: a change there is the same signature.
        const same = Buffer.from(changed.split('.')[2] ?? '', 'base64url').equals(Buffer.from(accessToken.split('.')[2] ?? '', 'base64url'))
        if (same && at >= accessToken.lastIndexOf('.')) return
        expect(codeOf(() => tokens.verify(changed))).toBe('TokenVerificationFailed')
      }),
    )
  })
})

function made(given: Partial<GivenSettings> = {}): { tokens: AccessTokens; clock: ReturnType<typeof fixedClock> } {
  const clock = fixedClock('2026-01-01T00:00:00Z')
  const settings = readSettings({ tokenSecret: SECRET, ...given })
  return { clock, tokens: new AccessTokens({ ...systemPorts(), clock, settings, keys: new Keys(settings) }) }
}

const session = (): Session => ({
  id: 's1',
  userId: 'u1',
  handle: 'handle',
  generation: 0,
  epoch: 0,
  createdAt: 0,
  activeAt: Date.parse('2026-01-01T00:00:00Z'),
  idle: 604_800_000,
  expiresAt: Date.parse('2026-06-01T00:00:00Z'),
  ip: null,
  userAgent: null,
  device: '',
  factors: [],
  extra: {},
})

const user = (): User => ({ id: 'u1', emails: [], createdAt: 0, updatedAt: 0, epoch: 0, custom: {} })

/** What a token says, unverified. */
function payloadOf(token: string): { exp: number; iat: number; [claim: string]: unknown } {
  // `JSON.parse` answers any; these tokens were made by the code under test.
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    exp: number
    iat: number
    [claim: string]: unknown
  }
}

function codeOf(deed: () => unknown): string {
  try {
    deed()
    return 'accepted'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}
