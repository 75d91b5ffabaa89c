import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { systemPorts } from '../../system.ts'
import { fixedClock } from '../../testing/index.ts'
import { Keys } from '../keys.ts'
import { readSettings } from '../settings.ts'
import type { GivenSettings } from '../settings.ts'
import type { User } from '../identity/user.ts'
import { AccessTokens } from './access-token.ts'
import type { Secret } from './secret.ts'
import type { Session } from './session.ts'

const SECRET = 'a secret for these tests, 0123456789 abcdefgh'
const PAIRS = {
  EdDSA: generateKeyPairSync('ed25519'),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
} as const
const KINDS = Object.entries(PAIRS)

describe.each(KINDS)('access tokens signed with %s', (algorithm, pair) => {
  it('say in their header which key signed them, and nothing else', async () => {
    const { tokens, keys } = made({ tokenSecret: pair })
    const { accessToken, refreshToken } = await tokens.pair(session(), user(), secret)
    expect(headerOf(accessToken)).toEqual({ alg: algorithm, typ: 'at+jwt', kid: keys.signing.keyId })
    expect(headerOf(refreshToken)).toEqual({ alg: 'HS256', typ: 'rt+jwt' })
    expect(tokens.verify(accessToken)).toMatchObject({ sid: 's1', data: { userId: 'u1' } })
    expect(tokens.readRefresh(refreshToken)).toEqual({ sid: 's1', secret, genuine: true })
  })

  it('verify with the public key alone, and bear the name the app gave it', async () => {
    const { tokens } = made({ tokenSecret: { privateKey: pair.privateKey, keyId: '2026-01' } })
    const accessToken = await tokens.access(session(), user())
    expect(headerOf(accessToken)).toMatchObject({ kid: '2026-01' })
    const elsewhere = made({ tokenSecret: SECRET, retiredSecrets: [{ publicKey: pair.publicKey, keyId: '2026-01' }] }).tokens
    expect(elsewhere.verify(accessToken).sid).toBe('s1')
    expect(codeOf(() => made().tokens.verify(accessToken))).toBe('TokenVerificationFailed')
  })

  it('stay good when the key is retired, which then signs nothing any more', async () => {
    const old = await made({ tokenSecret: pair }).tokens.pair(session(), user(), secret)
    const next = generateKeyPairSync('ed25519')
    for (const retired of [pair, { publicKey: pair.publicKey }, { publicKey: pem(pair.publicKey) }, pem(pair.publicKey)]) {
      const { tokens, keys } = made({ tokenSecret: next, retiredSecrets: [retired] })
      expect(tokens.verify(old.accessToken).sid).toBe('s1')
      expect(headerOf(await tokens.access(session(), user()))).toMatchObject({ alg: 'EdDSA', kid: keys.signing.keyId })
      // Whose refresh secret it is, the store knows; that we signed it, only the private key can tell.
      expect(tokens.readRefresh(old.refreshToken)).toEqual({ sid: 's1', secret, genuine: retired === pair })
    }
    expect(codeOf(() => made({ tokenSecret: next }).tokens.verify(old.accessToken))).toBe('TokenVerificationFailed')
  })

  it('refuse the public key as a secret, other keys, other headers, and keys that come with the token', async () => {
    const { tokens, keys } = made({ tokenSecret: pair, retiredSecrets: [SECRET] })
    const accessToken = await tokens.access(session(), user())
    const body = accessToken.split('.')[1] ?? ''
    const kid = keys.signing.keyId
    const forged = (header: object, signed: (text: string) => string): string => {
      const text = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${body}`
      return `${text}.${signed(text)}`
    }
    const hmac = (key: string | Buffer) => (text: string) => createHmac('sha256', key).update(text).digest('base64url')
    const der = pair.publicKey.export({ type: 'spki', format: 'der' })
    const stranger = generateKeyPairSync('ed25519')
    const byStranger = (text: string): string => sign(null, Buffer.from(text), stranger.privateKey).toString('base64url')
    const jwk = stranger.publicKey.export({ format: 'jwk' })
    const attempts = [
      forged({ alg: 'none', typ: 'at+jwt', kid }, () => ''),
      forged({ alg: algorithm, typ: 'at+jwt', kid }, () => ''),
      forged({ alg: 'HS256', typ: 'at+jwt' }, hmac(pem(pair.publicKey))),
      forged({ alg: 'HS256', typ: 'at+jwt', kid }, hmac(pem(pair.publicKey))),
      forged({ alg: 'HS256', typ: 'at+jwt', kid }, hmac(der)),
      forged({ alg: algorithm, typ: 'at+jwt', kid }, hmac(pem(pair.publicKey))),
      // A retired secret is tried on its own header alone.
      forged({ alg: algorithm, typ: 'at+jwt', kid }, hmac(SECRET)),
      forged({ alg: 'EdDSA', typ: 'at+jwt', kid }, byStranger),
      forged({ alg: 'EdDSA', typ: 'at+jwt', jwk }, byStranger),
      forged({ alg: 'EdDSA', typ: 'at+jwt', kid, jwk }, byStranger),
      forged({ alg: 'EdDSA', typ: 'at+jwt', jku: 'https://evil.example/jwks.json' }, byStranger),
      forged({ alg: algorithm, typ: 'at+jwt', kid: '../../dev/null' }, text => keys.signing.sign(text)),
      forged({ alg: algorithm, typ: 'rt+jwt', kid }, text => keys.signing.sign(text)),
      forged({ alg: algorithm, typ: 'JWT', kid }, text => keys.signing.sign(text)),
    ]
    for (const token of attempts) expect(codeOf(() => tokens.verify(token))).toBe('TokenVerificationFailed')
  })

  it('are verified once and remembered, and asked each time whether they have expired', async () => {
    const { tokens, keys, clock } = made({ tokenSecret: pair })
    const accessToken = await tokens.access(session(), user())
    const verify = vi.spyOn(keys.signing, 'verify')
    for (let times = 0; times < 5; times++) expect(tokens.verify(accessToken).sid).toBe('s1')
    expect(verify).toHaveBeenCalledTimes(1)
    clock.pass(5400 * 1000)
    expect(codeOf(() => tokens.verify(accessToken))).toBe('TokenVerificationFailed')
    expect(tokens.verify(accessToken, { expired: 'accept' }).sid).toBe('s1')
    const changed = `${accessToken.slice(0, -4)}${accessToken.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`
    expect(codeOf(() => tokens.verify(changed, { expired: 'accept' }))).toBe('TokenVerificationFailed')
  })
})

const secret = 'the-refresh-secret' as Secret

function made(given: Partial<GivenSettings> = {}): { tokens: AccessTokens; keys: Keys; clock: ReturnType<typeof fixedClock> } {
  const clock = fixedClock('2026-01-01T00:00:00Z')
  const settings = readSettings({ tokenSecret: SECRET, ...given })
  const keys = new Keys(settings)
  return { clock, keys, tokens: new AccessTokens({ ...systemPorts(), clock, settings, keys }) }
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

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString()

const headerOf = (token: string): unknown => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())

function codeOf(deed: () => unknown): string {
  try {
    deed()
    return 'accepted'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}
