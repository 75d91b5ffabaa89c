import { expect, test } from 'vitest'
import * as fc from '../../../../tools/test/properties.ts'
import { readRoute } from './route.ts'

const at = (address: string) => readRoute(new URL(address, 'http://localhost'))

test.each([
  ['/', { name: 'home' }],
  ['/#/', { name: 'home' }],
  ['/#/create-account', { name: 'create-account' }],
  ['/#/forgot-password', { name: 'forgot-password' }],
  ['/#/email-link', { name: 'email-link' }],
  ['/magiclink/abc', { name: 'magiclink', token: 'abc' }],
  ['/verify-email/abc', { name: 'verify-email', token: 'abc' }],
  ['/#/verify-email/abc', { name: 'verify-email', token: 'abc' }],
  ['/reset-password/a%2Bb', { name: 'reset-password', token: 'a+b' }],
  ['/#/enroll-account/abc', { name: 'enroll-account', token: 'abc' }],
  ['/reset-password/', { name: 'home' }],
  ['/verify-email/abc#/forgot-password', { name: 'forgot-password' }],
  ['/verify-email/abc#other', { name: 'verify-email', token: 'abc' }],
  ['/verify-email/%E0%A4%A', { name: 'verify-email', token: '%E0%A4%A' }],
])('%s is read', (address, route) => {
  expect(at(address)).toEqual(route)
})

test('any token survives its address, in both forms, and no address makes it throw', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), token => {
      const part = encodeURIComponent(token)
      for (const base of ['/reset-password/', '/#/reset-password/']) {
        const { pathname, hash } = {
          pathname: base.startsWith('/#') ? '/' : base + part,
          hash: base.startsWith('/#') ? base.slice(1) + part : '',
        }
        expect(readRoute({ pathname, hash })).toEqual({ name: 'reset-password', token })
      }
    }),
  )
  fc.assert(
    fc.property(fc.anyText(), fc.anyText(), (pathname, hash) => {
      expect(typeof readRoute({ pathname, hash }).name).toBe('string')
    }),
  )
})
