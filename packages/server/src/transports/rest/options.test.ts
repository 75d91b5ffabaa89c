import { describe, expect, it } from 'vitest'
import { readOptions } from './options.ts'
import type { RestOptions } from './options.ts'

const SITE = 'http://localhost:3000'

describe('options', () => {
  it('nothing is allowed and nobody is trusted by default', () => {
    const settings = readOptions({}, SITE)
    expect(settings).toMatchObject({ path: '/accounts', bodyLimit: 65_536, cookieSuffix: '-3000', siteOrigin: SITE, secureCookies: 'auto' })
    expect(settings.origins.size).toBe(0)
    expect(settings.proxies.trusts('127.0.0.1', 0)).toBe(false)
  })

  it('a path of "/" is the root, and a slash at the end is dropped', () => {
    expect(readOptions({ path: '/' }, SITE).path).toBe('')
    expect(readOptions({ path: '/auth/v1/' }, SITE).path).toBe('/auth/v1')
  })

  it('the instance is the port of the site, or what the app says', () => {
    expect(readOptions({}, 'https://app.example.com').cookieSuffix).toBe('')
    expect(readOptions({ cookies: { instance: 'blue' } }, SITE).cookieSuffix).toBe('-blue')
  })

  it('unknown names are refused, and named', () => {
    const misspelt: [object, string][] = [
      [{ cor: {} }, 'cor'],
      [{ cors: { origins: [], origin: 'x' } }, 'cors.origin'],
      [{ cookies: { secured: true } }, 'cookies.secured'],
    ]
    for (const [given, name] of misspelt) expect(() => readOptions(given, SITE)).toThrow(`Unknown option "${name}" of restTransport`)
  })

  it('an origin must be one exact origin', () => {
    for (const origin of [
      '*',
      'null',
      'https://app.example.com/',
      'app.example.com',
      'https://*.example.com',
      'HTTPS://app.example.com',
      '',
    ]) {
      expect(() => readOptions({ cors: { origins: [origin] } }, SITE)).toThrow('cors.origins')
    }
    expect([...readOptions({ cors: { origins: ['https://app.example.com:8443'] } }, SITE).origins]).toEqual([
      'https://app.example.com:8443',
    ])
  })

  it('whatever else is malformed is refused before anything is served', () => {
    const malformed: RestOptions[] = [
      { path: 'accounts' },
      { path: '//accounts' },
      { path: '/a b' },
      { bodyLimit: 10 },
      { bodyLimit: Number.NaN },
      { cookies: { domain: 'localhost; Path=/' } },
      { cookies: { instance: 'a.b' } },
      { headers: { 'x y': '1' } },
      { headers: { 'x-y': 'a\r\nset-cookie: b=c' } },
      { cors: { origins: [], headers: ['x\ny'] } },
    ]
    for (const given of malformed) expect(() => readOptions(given, SITE)).toThrow(expect.objectContaining({ code: 'InvalidSettings' }))
  })
})
