import { generateKeyPairSync } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { restWorld } from '../../testing/rest-world.ts'

const PAIRS = {
  EdDSA: generateKeyPairSync('ed25519'),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
} as const
const PLACES = ['/accounts/jwks.json', '/.well-known/jwks.json']

/** Tokens of the world's clock, which stands still in January. */
const at = { currentDate: new Date('2026-01-01T00:00:00Z'), typ: 'at+jwt' }

describe('the public keys', () => {
  it.each(Object.entries(PAIRS))('let another service verify access tokens signed with %s', async (algorithm, pair) => {
    await using world = await restWorld({ options: { tokenSecret: pair, issuer: 'https://accounts.example.org', audience: 'shop' } })
    const { tokens, user } = await world.loginAs('ada')
    for (const place of PLACES) {
      const keys = createRemoteJWKSet(new URL(`${world.url}${place}`))
      const options = { ...at, issuer: 'https://accounts.example.org', audience: 'shop', algorithms: [algorithm] }
      const { payload } = await jwtVerify(tokens.accessToken, keys, options)
      expect(payload).toMatchObject({ sub: user.id, data: { userId: user.id } })
      await expect(jwtVerify(tokens.refreshToken, keys, options)).rejects.toMatchObject({
        code: expect.stringContaining('ERR_J') as string,
      })
      await expect(jwtVerify(tokens.accessToken, keys, { ...options, audience: 'bank' })).rejects.toThrow('unexpected "aud" claim value')
    }
  })

  it('are those of the PEM texts that accounts-js takes, and nobody has to say which algorithm', async () => {
    const { privateKey, publicKey } = PAIRS.RS256
    const pair = {
      privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
      publicKey: publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    }
    await using world = await restWorld({ options: { tokenSecret: pair } })
    const { tokens } = await world.loginAs('ada')
    const { body } = await world.post('/accounts/refreshTokens', tokens)
    expect((await world.server.resumeSession(body.tokens.accessToken)).username).toBe('ada')
    // From then on without waiting, as with a secret.
    expect(world.server.accounts.checkCached(body.tokens.accessToken)?.user.username).toBe('ada')
    const keys = createRemoteJWKSet(new URL(`${world.url}/accounts/jwks.json`))
    await expect(jwtVerify(body.tokens.accessToken, keys, { ...at, algorithms: ['RS256'] })).resolves.toBeDefined()
  })

  it('still have the retired one, and already the one to come', async () => {
    const { EdDSA: before, ES256: now, RS256: next } = PAIRS
    await using old = await restWorld({ options: { tokenSecret: before } })
    const { tokens } = await old.loginAs('ada')
    const announced = { publicKey: next.publicKey }
    await using world = await restWorld({ options: { tokenSecret: now, retiredSecrets: [before, announced] } })
    const { body } = await world.get<{ keys: { alg: string }[] }>('/accounts/jwks.json')
    expect(body.keys.map(({ alg }) => alg)).toEqual(['ES256', 'EdDSA', 'RS256'])
    const keys = createRemoteJWKSet(new URL(`${world.url}/accounts/jwks.json`))
    await expect(jwtVerify(tokens.accessToken, keys, at)).resolves.toBeDefined()
  })

  it('may be cached by anybody for five minutes, and show nothing private', async () => {
    await using world = await restWorld({ options: { tokenSecret: PAIRS.RS256 } })
    for (const place of PLACES) {
      const { status, headers, text } = await world.get(place)
      expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=300'])
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
      expect(headers.get('set-cookie')).toBeNull()
      expect(Object.keys((JSON.parse(text) as { keys: [object] }).keys[0]).toSorted()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
    }
    // Whatever else is answered stays in no cache.
    expect((await world.post('/accounts/jwks.json', {})).headers.get('cache-control')).toBe('no-store')
    expect((await world.get('/accounts/user')).headers.get('cache-control')).toBe('no-store')
  })

  it('are none where tokens are signed with a secret', async () => {
    await using world = await restWorld()
    for (const place of PLACES) expect((await world.get(place)).text).toBe('{"keys":[]}')
  })
})
