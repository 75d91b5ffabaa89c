import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import * as fc from '../../../../tools/test/properties.ts'
import { pairKey, secretKey } from './token-key.ts'
import type { RetiredKey, SigningAlgorithm, TokenKey } from './token-key.ts'

type Pair = { privateKey: KeyObject; publicKey: KeyObject }

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed25519 = generateKeyPairSync('ed25519')
const [p256, p384, p521] = ['P-256', 'P-384', 'P-521'].map(namedCurve => generateKeyPairSync('ec', { namedCurve })) as [Pair, Pair, Pair]

/** A key of the right kind for each algorithm. */
const PAIRS: Record<SigningAlgorithm, Pair> = {
  EdDSA: ed25519,
  ES256: p256,
  ES384: p384,
  ES512: p521,
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
  PS256: rsa,
  PS384: rsa,
  PS512: rsa,
}

const read = (given: RetiredKey): TokenKey => pairKey('tokenSecret', given)
const signature = (key: TokenKey, text: string): Buffer => Buffer.from(key.sign?.(text) ?? '', 'base64url')

describe('a key pair', () => {
  for (const [algorithm, pair] of Object.entries(PAIRS) as [SigningAlgorithm, Pair][]) {
    it(`signs with ${algorithm}, and only its own public key verifies`, () => {
      const key = read({ ...pair, algorithm })
      const signed = signature(key, 'text')
      expect(key.algorithm).toBe(algorithm)
      expect(read({ publicKey: pair.publicKey, algorithm }).verify('text', signed)).toBe(true)
      expect(key.verify('another text', signed)).toBe(false)
      const others = [rsa, ed25519, p256, p384, p521].filter(other => other !== pair)
      for (const other of others) expect(read(other).verify('text', signed)).toBe(false)
    })
  }

  it('gets the algorithm that its kind of key is for', () => {
    expect([ed25519, p256, p384, p521, rsa].map(pair => read(pair).algorithm)).toEqual(['EdDSA', 'ES256', 'ES384', 'ES512', 'RS256'])
  })

  it('verifies nothing else, whatever bytes stand where a signature should', () => {
    for (const pair of [ed25519, p256, rsa]) {
      const key = read(pair)
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
          expect(key.verify('text', Buffer.from(bytes))).toBe(false)
        }),
      )
    }
  })

  it('is the same key as PEM, JWK and KeyObject, encrypted or not, with the public half or without', () => {
    for (const { privateKey, publicKey } of [rsa, ed25519, p256]) {
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      const encrypted = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'sesame' })
      const forms: RetiredKey[] = [
        { privateKey, publicKey },
        { privateKey: pem },
        { privateKey: Buffer.from(pem) },
        { privateKey: privateKey.export({ format: 'jwk' }) },
        { privateKey: { key: encrypted, passphrase: 'sesame' }, publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string },
        { privateKey, publicKey: publicKey.export({ format: 'jwk' }) },
        { privateKey, publicKey: privateKey },
      ]
      const [first, ...others] = forms.map(read)
      for (const other of others) {
        expect([other.keyId, other.jwk, other.root]).toEqual([first?.keyId, first?.jwk, first?.root])
        expect(first?.verify('text', signature(other, 'text'))).toBe(true)
      }
    }
  })

  it('is named by its thumbprint, unless the app has a name for it', () => {
    // RFC 7638, 3.1, and RFC 8037, A.3.
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    const ofRfc7638 = read({ publicKey: { kty: 'RSA', n, e: 'AQAB' } })
    const ofRfc8037 = read({ publicKey: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' } })
    expect(ofRfc7638.keyId).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
    expect(ofRfc8037.keyId).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
    const { x, y } = p256.publicKey.export({ format: 'jwk' })
    const members = `{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`
    expect(read(p256).keyId).toBe(createHash('sha256').update(members).digest('base64url'))
    expect(read({ ...p256, keyId: '2026-01' }).jwk).toMatchObject({ kid: '2026-01', alg: 'ES256', use: 'sig' })
  })

  it('shows its public half and nothing of the private one', () => {
    for (const pair of Object.values(PAIRS)) {
      const { jwk } = read(pair)
      const { d } = pair.privateKey.export({ format: 'jwk' })
      expect(JSON.stringify(jwk)).not.toContain(d)
      expect(Object.keys(jwk ?? {}).filter(member => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(member))).toEqual([])
      expect(createPublicKey({ key: { ...jwk }, format: 'jwk' }).equals(pair.publicKey)).toBe(true)
    }
  })

  it('of which only the public half is known cannot sign, and nothing can be derived from it', () => {
    const key = read({ publicKey: p256.publicKey })
    expect([key.sign, key.root]).toEqual([undefined, undefined])
  })

  it('is refused when it is no key, does not fit, or is weak', () => {
    const refused = (given: object) => () => read(given as RetiredKey)
    expect(refused({})).toThrow(/needs a privateKey or a publicKey/)
    expect(refused({ privateKey: 'secret' })).toThrow(/tokenSecret\.privateKey cannot be read/)
    expect(refused({ privateKey: rsa.publicKey })).toThrow(/tokenSecret\.privateKey cannot be read/)
    expect(refused({ privateKey: 5 })).toThrow(/tokenSecret\.privateKey cannot be read/)
    expect(refused({ privateKey: null })).toThrow(/tokenSecret\.privateKey cannot be read/)
    expect(refused({ publicKey: 'secret' })).toThrow(/tokenSecret\.publicKey cannot be read/)
    expect(refused({ ...rsa, publicKey: p256.publicKey })).toThrow(/does not belong/)
    expect(refused({ ...rsa, algorithm: 'ES256' })).toThrow(/algorithm does not fit the key.*RS256/)
    expect(refused({ ...rsa, algorithm: 'HS256' })).toThrow(/algorithm does not fit/)
    expect(refused({ ...rsa, algorithm: 'none' })).toThrow(/algorithm does not fit/)
    expect(refused({ ...p256, algorithm: 'ES384' })).toThrow(/algorithm does not fit the key.*ES256/)
    expect(refused({ ...rsa, keyId: '' })).toThrow(/keyId/)
    expect(refused({ ...rsa, keyId: 5 })).toThrow(/keyId/)
    expect(refused({ ...rsa, kid: 'x' })).toThrow(/Unknown option "tokenSecret\.kid"/)
    expect(refused(generateKeyPairSync('rsa', { modulusLength: 1024 }))).toThrow(/2048/)
    expect(refused(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }))).toThrow(/secp256k1/)
    expect(refused(generateKeyPairSync('x25519'))).toThrow(/x25519/)
    const encrypted = rsa.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'sesame' })
    expect(refused({ privateKey: { key: encrypted, passphrase: 'wrong' } })).toThrow(/passphrase/)
  })

  it('is never repeated in what refuses it', () => {
    const typed = 'my secret, typed where a key belongs'
    for (const given of [{ privateKey: typed }, { publicKey: typed }] as RetiredKey[]) {
      expect(() => read(given)).not.toThrow(typed)
      expect(() => read(given)).toThrow('cannot be read')
    }
  })
})

describe('a secret', () => {
  it('signs with HS256, and has nothing to show', () => {
    const key = secretKey('a secret of at least thirty-two bytes')
    expect([key.algorithm, key.keyId, key.jwk]).toEqual(['HS256', undefined, undefined])
    expect(key.verify('text', signature(key, 'text'))).toBe(true)
    expect(secretKey('another secret').verify('text', signature(key, 'text'))).toBe(false)
    expect(key.verify('text', Buffer.alloc(0))).toBe(false)
  })
})
