import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import * as fc from '../../../../tools/test/properties.ts'
import { Keys } from './keys.ts'
import type { Chance } from './ports.ts'
import { keyRing, open, seal, sealedBy } from './seal.ts'

const chance: Chance = { bytes: length => randomBytes(length) }
const ringOf = (tokenSecret: string, retiredSecrets: string[] = []) => keyRing(new Keys({ tokenSecret, retiredSecrets }))

const ring = ringOf('the first secret of thirty-two bytes!')
const place = { userId: 'u1', field: 'totp' }

describe('a sealed value', () => {
  test('opens again in its place, whatever the text, user and field', () => {
    const anyText = fc.string({ unit: 'grapheme', maxLength: 200 })
    fc.assert(
      fc.property(anyText, fc.option(anyText), anyText, (plain, userId, field) => {
        expect(open(ring, seal(ring, chance, plain, { userId, field }), { userId, field })).toBe(plain)
      }),
    )
  })

  test('opens in no other place', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.option(fc.anyText()), fc.anyText()),
        fc.tuple(fc.option(fc.anyText()), fc.anyText()),
        ([userId, field], [other, otherField]) => {
          fc.pre(userId !== other || field !== otherField)
          expect(open(ring, seal(ring, chance, 'secret', { userId, field }), { userId: other, field: otherField })).toBeNull()
        },
      ),
    )
    // Parts that run into each other, and the missing user against one of that name.
    expect(open(ring, seal(ring, chance, 'secret', { userId: 'a', field: 'bc' }), { userId: 'ab', field: 'c' })).toBeNull()
    expect(open(ring, seal(ring, chance, 'secret', { userId: null, field: 'x' }), { userId: 'null', field: 'x' })).toBeNull()
  })

  test('is another each time, and does not show what it holds', () => {
    const [one, two] = [seal(ring, chance, 'secret', place), seal(ring, chance, 'secret', place)]
    expect(one).not.toBe(two)
    expect(Buffer.from(one.split('.')[3] ?? '', 'base64url').toString('latin1')).not.toContain('secret')
  })

  test('does not open once any part of it was changed', () => {
    const sealed = seal(ring, chance, 'secret', place)
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom(...Array.from('AZaz09-_.')), (at, character) => {
        const changed = sealed.slice(0, at) + character + sealed.slice(at + 1)
        // The last character of base64url may differ in bits that carry nothing.
        fc.pre(decoded(changed) !== decoded(sealed))
        expect(open(ring, changed, place)).toBeNull()
      }),
    )
  })

  test('does not open with a shortened tag', () => {
    const sealed = seal(ring, chance, '', place)
    const [version, id, iv, body = ''] = sealed.split('.')
    for (let length = 0; length < 16; length += 1) {
      const cut = Buffer.from(body, 'base64url').subarray(0, length).toString('base64url')
      expect(open(ring, [version, id, iv, cut].join('.'), place)).toBeNull()
    }
  })

  test('bad input is never an error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.anyText().map(text => `1.${ring.current.id}.${text}`),
        ),
        text => {
          expect(open(ring, text, place)).toBeNull()
        },
      ),
    )
  })
})

describe('the key ring', () => {
  test('opens what retired secrets sealed, and seals with the present one', () => {
    const old = seal(ringOf('old secret'), chance, 'secret', place)
    const rotated = ringOf('new secret', ['middle secret', 'old secret'])
    expect(open(rotated, old, place)).toBe('secret')
    const fresh = seal(rotated, chance, 'secret', place)
    expect(open(ringOf('new secret'), fresh, place)).toBe('secret')
    expect(open(ringOf('old secret'), fresh, place)).toBeNull()
  })

  test('does not open what a secret sealed that is gone, and the value says which key it was', () => {
    const old = ringOf('old secret')
    const sealed = seal(old, chance, 'secret', place)
    expect(open(ringOf('new secret'), sealed, place)).toBeNull()
    expect(sealedBy(sealed)).toBe(old.current.id)
    expect(sealedBy('nothing sealed')).toBe('')
  })
})

const decoded = (sealed: string): string =>
  sealed
    .split('.')
    .map((part, index) => (index < 2 ? part : Buffer.from(part, 'base64url').toString('hex')))
    .join('.')
