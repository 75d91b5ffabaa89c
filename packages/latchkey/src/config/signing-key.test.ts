import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import * as fc from '../../../../tools/test/properties.ts'
import { pemOf } from '../../testing/keys.ts'
import { readKey, readSigningKey, splitSecrets, toRetired, toTokenSecret, withLineBreaks } from './signing-key.ts'

const ed = pemOf(generateKeyPairSync('ed25519'))
const p256 = pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'sec1')
const bitcoin = pemOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }))
const x25519 = pemOf(generateKeyPairSync('x25519'))
const short = pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }))
const locked = createPrivateKey(ed.privateKey).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()

describe('a list of secrets', () => {
  test('comes back as it was put together, keys among texts, with commas or between keys a line break', () => {
    const texts = fc.stringMatching(/^[\w+/=.-]{1,60}$/).filter(text => !text.includes('-----BEGIN'))
    const keys = fc.constantFrom(ed.privateKey, ed.publicKey, p256.privateKey).map(key => key.trim())
    fc.assert(
      fc.property(fc.array(fc.oneof(texts, keys), { maxLength: 6 }), given => {
        expect(splitSecrets(given.join(' ,\n'))).toEqual(given)
      }),
    )
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 4 }), given => {
        expect(splitSecrets(given.join('\n'))).toEqual(given)
      }),
    )
  })

  test('passes over the parameters that openssl writes before a key', () => {
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
    expect(splitSecrets(parameters + p256.privateKey)).toEqual([p256.privateKey.trim()])
    expect(readSigningKey(parameters + p256.privateKey, 'the secret')).toMatchObject({ jwk: { alg: 'ES256' } })
  })
})

test('line breaks may be written as \\n in a key, and stay what they are in a secret', () => {
  expect(withLineBreaks(ed.privateKey.replaceAll('\n', String.raw`\n`))).toBe(ed.privateKey)
  expect(withLineBreaks(String.raw`a\nsecret`)).toBe(String.raw`a\nsecret`)
})

test('a text is a secret, a private key signs, and of a retired one either half will do', () => {
  expect(toTokenSecret('text')).toBe('text')
  expect(toTokenSecret(ed.privateKey)).toEqual({ privateKey: ed.privateKey })
  expect([toRetired('text'), toRetired(ed.privateKey), toRetired(ed.publicKey)]).toEqual([
    'text',
    { privateKey: ed.privateKey },
    { publicKey: ed.publicKey },
  ])
})

test.each([
  ['Ed25519', ed, 'EdDSA'],
  ['P-256, as openssl ecparam writes it', p256, 'ES256'],
])('%s signs with %s', (_name, { privateKey, publicKey }, alg) => {
  expect(readSigningKey(privateKey, 'the secret')).toMatchObject({ jwk: { alg } })
  expect(readKey(publicKey, 'a retired secret')).toMatchObject({ jwk: { alg } })
  expect(JSON.stringify(readSigningKey(privateKey, 'the secret'))).not.toContain('"d"')
})

test.each([
  ['a public key', ed.publicKey, /^the secret is a public key, which cannot sign$/],
  ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----', /^the secret is a certificate, which cannot sign$/],
  ['the beginning of one', '-----BEGIN ', /^the secret is a key of no kind, which cannot sign$/],
  ['an encrypted key', locked, /^the secret is encrypted, and nobody is there to type its passphrase when a server starts$/],
  ['one without its end', ed.privateKey.slice(0, 60), /^the secret is a key that cannot be read: it must be whole, with its line breaks$/],
  [
    'one on a single line',
    ed.privateKey.replaceAll('\n', ' '),
    /^the secret is a key that cannot be read: it must be whole, with its line breaks$/,
  ],
  ['a short RSA key', short.privateKey, /^the secret is too weak: an RSA key needs 2048 bits or more$/],
  ['a curve of another trade', bitcoin.privateKey, /the secret is a key of type secp256k1, which cannot sign tokens/],
  ['a key for something else', x25519.privateKey, /the secret is a key of type x25519, which cannot sign tokens/],
])('%s is told, and not shown', (_name, text, wrong) => {
  expect(readSigningKey(text, 'the secret')).toEqual({ wrong: expect.stringMatching(wrong) as unknown })
})
