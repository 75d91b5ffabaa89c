import { describe, expect, it } from 'vitest'
import * as fc from '../../../../tools/test/properties.ts'
import { Cookies } from './cookies.ts'

const SECRET = 'a'.repeat(43)
const plain = new Cookies({ cookieDomain: undefined, cookieSuffix: '' })
const shared = new Cookies({ cookieDomain: 'example.com', cookieSuffix: '-3000' })

describe('writing', () => {
  it('on https the name forbids any other host to plant the cookie', () => {
    expect(plain.write('session', SECRET, 60, true)).toBe(`__Host-latchkey=${SECRET}; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure`)
  })

  it('on http, for development, it is a plain one', () => {
    expect(plain.write('session', SECRET, 60, false)).toBe(`latchkey=${SECRET}; Max-Age=60; Path=/; HttpOnly; SameSite=Lax`)
  })

  it('a domain makes it __Secure-, and the instance ends the name', () => {
    expect(shared.write('session', SECRET, 60, true)).toBe(
      `__Secure-latchkey-3000=${SECRET}; Max-Age=60; Path=/; Domain=example.com; HttpOnly; SameSite=Lax; Secure`,
    )
    expect(shared.name('device', true)).toBe('__Secure-latchkey.device-3000')
  })

  it('the longest one stays under 4096 bytes', () => {
    expect(shared.write('device', 'x'.repeat(512), 31_536_000, true).length).toBeLessThan(4096)
  })
})

describe('reading', () => {
  it('of several with one name the first well-formed one counts', () => {
    const other = 'b'.repeat(43)
    expect(plain.read(`x=1; __Host-latchkey=tossed; __Host-latchkey=${SECRET}; __Host-latchkey=${other}`, 'session', true)).toBe(SECRET)
  })

  it('on https a cookie without the prefix is somebody else’s', () => {
    expect(plain.read(`latchkey=${SECRET}; __Secure-latchkey=${SECRET}; __host-latchkey=${SECRET}`, 'session', true)).toBeUndefined()
  })

  it('the two cookies are never taken for one another', () => {
    expect(plain.read(`__Host-latchkey.device=${SECRET}`, 'session', true)).toBeUndefined()
    expect(plain.read(`__Host-latchkey=${SECRET}`, 'device', true)).toBeUndefined()
  })

  it('finds what was written between any other cookies, and nothing in any other text', () => {
    const noise = fc.anyText().filter(text => !text.includes('latchkey') && !text.includes(';'))
    fc.assert(
      fc.property(fc.array(noise), fc.array(noise), (before, after) => {
        expect(plain.read([...before, `latchkey=${SECRET}`, ...after].join('; '), 'session', false)).toBe(SECRET)
        expect(plain.read([...before, ...after].join(';'), 'session', false)).toBeUndefined()
      }),
    )
  })
})
