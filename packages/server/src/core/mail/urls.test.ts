import { expect, test } from 'vitest'
import { mailUrl } from './urls.ts'

const siteUrl = 'https://example.org/app'

test.each([
  ['verifyEmail', 'https://example.org/app/verify-email/t0k-en'],
  ['resetPassword', 'https://example.org/app/reset-password/t0k-en'],
  ['enrollAccount', 'https://example.org/app/enroll-account/t0k-en'],
  ['magicLink', 'https://example.org/app/magiclink/t0k-en'],
  ['passwordChanged', siteUrl],
  ['newDevice', siteUrl],
] as const)('%s leads to %s', (template, url) => {
  expect(mailUrl({ face: 'accounts-js', siteUrl }, template, 't0k-en')).toBe(url)
  expect(mailUrl({ face: 'latchkey', siteUrl }, template, 't0k-en')).toBe(url)
})

test("links of the Meteor face have Meteor's hash", () => {
  expect(mailUrl({ face: 'meteor', siteUrl }, 'resetPassword', 't')).toBe('https://example.org/app/#/reset-password/t')
})

test('whatever a token holds stays one part of the path', () => {
  const url = mailUrl({ face: 'latchkey', siteUrl }, 'verifyEmail', 'a/../b?c#d e"@+%')
  expect(url).toBe('https://example.org/app/verify-email/a%2F..%2Fb%3Fc%23d%20e%22%40%2B%25')
})

test('without a token there is nothing to lead to but the site', () => {
  expect(mailUrl({ face: 'latchkey', siteUrl }, 'verifyEmail', '')).toBe(siteUrl)
})
