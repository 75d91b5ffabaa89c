import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { systemPorts } from '../system.ts'
import { Keys } from './keys.ts'
import { keyRing, open, seal } from './seal.ts'
import type { RetiredKey, TokenKeyPair } from './token-key.ts'

const SECRET = 'the first secret of thirty-two bytes!'
const pair = generateKeyPairSync('ed25519')
const next = generateKeyPairSync('ed25519')
const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()

const keysOf = (tokenSecret: string | TokenKeyPair, ...retiredSecrets: (string | RetiredKey)[]): Keys =>
  new Keys({ tokenSecret, retiredSecrets })

describe('keys', () => {
  it('are derived one for each use, the same at each start', () => {
    for (const given of [SECRET, pair]) {
      const [one, other] = [keysOf(given), keysOf(given)]
      expect(one.mac('decoy', 'x')).toBe(other.mac('decoy', 'x'))
      const purposes = ['refresh-token', 'refresh-successor', 'identifier', 'known-device', 'seal', 'decoy'] as const
      expect(new Set(purposes.map(purpose => one.mac(purpose, 'x'))).size).toBe(purposes.length)
    }
    expect(keysOf(SECRET).mac('decoy', 'x')).not.toBe(keysOf(pair).mac('decoy', 'x'))
  })

  it('of what was retired are still derived, from secrets and private keys, and tried after the present one', () => {
    const rotated = keysOf(next, pair, SECRET)
    expect(rotated.macs('refresh-successor', 'x')).toEqual(
      [keysOf(next), keysOf(pair), keysOf(SECRET)].map(keys => keys.mac('refresh-successor', 'x')),
    )
    expect(rotated.retired('seal').length).toBe(2)
    expect(keysOf(next, { publicKey: pair.publicKey }).retired('seal')).toEqual([])
  })

  it('of a retired pair open what was sealed under it, as long as its private half is known', () => {
    const [place, chance] = [{ userId: 'u1', field: 'totp' }, systemPorts().chance]
    const sealed = seal(keyRing(keysOf(pair)), chance, 'the secret of a second factor', place)
    for (const [present, retired, opens] of [
      [next, pair, true],
      [SECRET, pair, true],
      [next, { privateKey: pair.privateKey }, true],
      [next, { publicKey: pair.publicKey }, false],
      [next, SECRET, false],
    ] as const)
      expect(open(keyRing(keysOf(present, retired)), sealed, place)).toBe(opens ? 'the secret of a second factor' : null)
    const ofSecret = seal(keyRing(keysOf(SECRET)), chance, 'x', place)
    expect(open(keyRing(keysOf(pair, SECRET)), ofSecret, place)).toBe('x')
  })

  it('that are public are shown, the signing one first, and a secret never', () => {
    expect(keysOf(SECRET, 'an earlier one').publicKeys).toEqual([])
    const { publicKeys, signing } = keysOf(next, SECRET, pem)
    expect(publicKeys.map(({ kid }) => kid)).toEqual([signing.keyId, keysOf(pair).signing.keyId])
  })

  it('take a PEM text among the retired for a public key', () => {
    const [, retired] = keysOf(SECRET, pem).verifying
    expect([retired?.algorithm, retired?.sign]).toEqual(['EdDSA', undefined])
  })

  it('never take the text of a JWK for a secret', () => {
    const jwk = JSON.stringify(pair.publicKey.export({ format: 'jwk' }))
    const [, retired] = keysOf(SECRET, ` ${jwk}`).verifying
    expect([retired?.algorithm, retired?.sign]).toEqual(['EdDSA', undefined])
    expect(() => keysOf(jwk)).toThrow(/never taken for a secret/)
    expect(() => keysOf(JSON.stringify(pair.privateKey.export({ format: 'jwk' })))).toThrow(/never taken for a secret/)
    expect(() => keysOf(SECRET, '{ "kty": "oct", "k": "c2VjcmV0" }')).toThrow(/retiredSecrets\[0\]\.publicKey cannot be read/)
    for (const text of [`{${SECRET}`, `{"kid":"${SECRET}"}`]) expect(keysOf(text).signing.algorithm).toBe('HS256')
  })

  it('are refused where a public key would be a secret, where nothing can sign, and where two have one name', () => {
    expect(() => keysOf(pem)).toThrow(/never taken for a secret/)
    expect(() => keysOf({ publicKey: pair.publicKey } as unknown as TokenKeyPair)).toThrow(/tokenSecret\.privateKey is missing/)
    expect(() => keysOf(pair, { publicKey: pair.publicKey })).toThrow(/have the keyId/)
    expect(() => keysOf({ ...pair, keyId: 'k' }, { ...next, keyId: 'k' })).toThrow(/have the keyId "k"/)
    expect(() => keysOf(SECRET, {} as RetiredKey)).toThrow(/retiredSecrets\[0\] needs/)
    expect(() => keysOf(SECRET, '')).toThrow(/retiredSecrets\[0\] is missing/)
  })
})
