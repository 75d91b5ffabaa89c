import { expect, test } from 'vitest'
import * as fc from '../../../../tools/test/properties.ts'
import { idParse, idStringify, ObjectID } from './index.ts'

const HEX = '0123456789abcdef01234567'

test.each<[unknown, string]>([
  ['abc', 'abc'],
  ['', ''],
  ['-abc', '--abc'],
  ['~abc', '-~abc'],
  ['{abc', '-{abc'],
  [HEX, `-${HEX}`],
  [HEX.toUpperCase(), `-${HEX.toUpperCase()}`],
  [new ObjectID(HEX), HEX],
  [7, '~7'],
  [true, '~true'],
  [{ a: 1 }, '~{"a":1}'],
  [undefined, '-'],
])('the id %j travels as %s', (id, text) => {
  expect(idStringify(id)).toBe(text)
  expect(idParse(text)).toStrictEqual(id)
})

test('every text comes back as the id it was', () => {
  fc.assert(
    fc.property(fc.oneof(fc.anyText(), fc.stringMatching(/^[-~{]?[0-9a-f]{23,25}$/)), id => {
      expect(idParse(idStringify(id))).toBe(id)
    }),
  )
})

test('an ObjectID is made of 24 hexadecimal digits and of nothing else', () => {
  for (const digits of ['', 'x'.repeat(24), HEX.slice(1), `${HEX}0`]) expect(() => new ObjectID(digits)).toThrow(TypeError)
  expect(new ObjectID(HEX.toUpperCase()).equals(new ObjectID(HEX))).toBe(true)
  expect(new ObjectID(HEX).equals(HEX)).toBe(false)
})
