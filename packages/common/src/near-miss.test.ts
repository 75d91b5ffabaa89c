import { expect, test } from 'vitest'
import * as fc from '../../../tools/test/properties.ts'
import { nearMiss } from './near-miss.ts'

const KNOWN = ['PORT', 'LATCHKEY_SECRET', 'LATCHKEY_SIGN_UP']

test.each([
  ['PROT', 'PORT'],
  ['port', 'PORT'],
  ['LATCHKEY_SECRETS', 'LATCHKEY_SECRET'],
  ['LATCHKEY_SIGNUP', 'LATCHKEY_SIGN_UP'],
])('%s is taken for %s', (given, meant) => {
  expect(nearMiss(given, KNOWN)).toBe(meant)
})

test('nothing is suggested for something else entirely', () => {
  expect(nearMiss('LATCHKEY_TELEMETRY_ENDPOINT', KNOWN)).toBeUndefined()
})

test('a known word is nearest to itself', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1, selector: word => word.toLowerCase() }),
      words => {
        expect(nearMiss(words[0] ?? '', words)).toBe(words[0])
      },
    ),
  )
})
