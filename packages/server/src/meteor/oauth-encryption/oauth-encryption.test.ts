import { createCipheriv, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { OAuthEncryption } from './oauth-encryption.ts'
import type { OAuthSealed } from './oauth-encryption.ts'

const KEY = Buffer.from('0123456789abcdef').toString('base64')

function encryption(key: string | null = KEY): OAuthEncryption {
  const made = new OAuthEncryption({ bytes: length => randomBytes(length) })
  made.loadKey(key)
  return made
}

test('loadKey refuses what is not base64, and what is not 16 bytes long; null unloads the key', () => {
  const made = encryption()
  expect(() => made.loadKey('my encryption key')).toThrow(new Error('The OAuth encryption key must be encoded in base64'))
  expect(() => made.loadKey(Buffer.alloc(4).toString('base64'))).toThrow(
    new Error('The OAuth encryption AES-128-GCM key must be 16 bytes in length'),
  )
  expect(made.keyIsLoaded()).toBe(true)
  made.loadKey(null)
  expect(() => made.seal('x')).toThrow(new Error('No OAuth encryption key loaded'))
})

test('seal answers an iv of 12 bytes, ciphertext and tag in base64, and the algorithm', () => {
  const sealed = encryption().seal({ a: 1 })
  expect(Object.keys(sealed).toSorted()).toEqual(['algorithm', 'authTag', 'ciphertext', 'iv'])
  expect(sealed.algorithm).toBe('aes-128-gcm')
  expect(Buffer.from(sealed.iv, 'base64')).toHaveLength(12)
  expect(Buffer.from(sealed.authTag, 'base64')).toHaveLength(16)
  for (const part of [sealed.iv, sealed.ciphertext, sealed.authTag]) expect(Buffer.from(part, 'base64').toString('base64')).toBe(part)
})

test('what was sealed for a user opens for that user, whatever EJSON carries', () => {
  const made = encryption()
  const value = { at: new Date(0), bytes: new Uint8Array([1, 2]), text: 'é 🗝' }
  expect(made.open(made.seal(value, 'u1'), 'u1')).toEqual(value)
})

test('a value sealed under Meteor opens', () => {
  // Made with Node's own cipher, of the text Meteor seals.
  const sealed = {
    iv: 'AAAAAAAAAAAAAAAA',
    ...meteorSealed('{"data":"secret","userId":"u1"}'),
    algorithm: 'aes-128-gcm',
  } as OAuthSealed
  expect(encryption().open(sealed, 'u1')).toBe('secret')
})

test('another key does not open it', () => {
  const sealed = encryption().seal('x', 'u1')
  const other = encryption(Buffer.alloc(16, 7).toString('base64'))
  expect(() => other.open(sealed, 'u1')).toThrow(new Error('decryption failed'))
})

test('another user does not open it, nor does nobody', () => {
  const made = encryption()
  const sealed = made.seal('x', 'u1')
  expect(() => made.open(sealed, 'u2')).toThrow(new Error('decryption failed'))
  expect(() => made.open(sealed)).toThrow(new Error('decryption failed'))
})

test('what was sealed for nobody opens for nobody, and for no user', () => {
  const made = encryption()
  const sealed = made.seal('x')
  expect(made.open(sealed)).toBe('x')
  expect(() => made.open(sealed, 'u1')).toThrow(new Error('decryption failed'))
})

test('whatever is changed in it, it does not open', () => {
  const made = encryption()
  const sealed = made.seal('a longer text that is sealed', 'u1')
  fc.assert(
    fc.property(fc.constantFrom('iv', 'ciphertext', 'authTag'), fc.nat(27), fc.integer({ min: 1, max: 255 }), (part, at, flip) => {
      const bytes = Buffer.from(sealed[part as 'iv'], 'base64')
      const index = at % bytes.length
      bytes.writeUInt8(bytes.readUInt8(index) ^ flip, index)
      expect(() => made.open({ ...sealed, [part]: bytes.toString('base64') }, 'u1')).toThrow(new Error('decryption failed'))
    }),
  )
  // A cut tag would be easier to forge.
  const authTag = Buffer.from(sealed.authTag, 'base64').subarray(0, 4).toString('base64')
  expect(() => made.open({ ...sealed, authTag }, 'u1')).toThrow(new Error('decryption failed'))
  expect(() => made.open({ ...sealed, algorithm: 'aes-256-gcm' as 'aes-128-gcm' }, 'u1')).toThrow(new Error('decryption failed'))
})

test('isSealed knows the form from everything else', () => {
  const made = encryption()
  const sealed = made.seal('x')
  expect(made.isSealed(sealed)).toBe(true)
  for (const other of [
    'x',
    null,
    undefined,
    5,
    {},
    { ...sealed, iv: 5 },
    { ...sealed, ciphertext: '!' },
    { ...sealed, algorithm: undefined },
  ])
    expect(made.isSealed(other)).toBe(false)
})

test('keyIsLoaded says whether there is a key', () => {
  const made = encryption(null)
  expect(made.keyIsLoaded()).toBe(false)
  made.loadKey(KEY)
  expect(made.keyIsLoaded()).toBe(true)
})

test('secrets are sealed when there is a key, opened where they are sealed, and pinned to whoever they come to belong to', () => {
  const without = encryption(null)
  expect(without.sealSecret('s')).toBe('s')
  expect(without.pin({ accessToken: 's' }, 'u1')).toEqual({ accessToken: 's' })
  const made = encryption()
  const fields = { accessToken: made.sealSecret('s'), name: 'Ada' }
  expect(made.openSecrets(fields)).toEqual({ accessToken: 's', name: 'Ada' })
  const pinned = made.pin(fields, 'u1')
  expect(pinned['name']).toBe('Ada')
  expect(made.openSecrets(pinned, 'u1')).toEqual({ accessToken: 's', name: 'Ada' })
  expect(() => made.openSecret(pinned['accessToken'], 'u2')).toThrow('decryption failed')
  // What is somebody's stays theirs.
  expect(made.pin(pinned, 'u2')).toEqual(pinned)
})

function meteorSealed(plaintext: string): Pick<OAuthSealed, 'ciphertext' | 'authTag'> {
  const cipher = createCipheriv('aes-128-gcm', Buffer.from(KEY, 'base64'), Buffer.alloc(12))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return { ciphertext: ciphertext.toString('base64'), authTag: cipher.getAuthTag().toString('base64') }
}
