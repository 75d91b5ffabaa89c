import { Secret } from 'otpauth'
import { describe, expect, it } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { systemPorts } from '../../system.ts'
import { describeSecret, newSecret, STEP, stepOf } from './secret.ts'

const { chance } = systemPorts()
/** RFC 6238, appendix B: seconds, and the code of the SHA-1 secret `12345678901234567890`, of which six digits are the last six of eight. */
const VECTORS: [number, string][] = [
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
]
const rfc = Secret.fromLatin1('12345678901234567890').base32

describe('codes', () => {
  it.each(VECTORS)('are those of RFC 6238 at %i seconds', (seconds, eight) => {
    expect(stepOf(rfc, eight.slice(2), 0, seconds * 1000)).toBe(Math.floor(seconds / 30))
  })

  it('count only within the window, and say which step they are of', () => {
    const at = 59_000
    for (const steps of [-2, -1, 0, 1, 2]) {
      const now = at + steps * STEP
      for (const window of [0, 1, 2]) expect(stepOf(rfc, '287082', window, now)).toBe(Math.abs(steps) <= window ? 1 : null)
    }
  })

  it('of the wrong length or alphabet are none', () => {
    for (const code of ['', '28708', '2870821', 'abcdef', '２８７０８２', '287 082']) expect(stepOf(rfc, code, 1, 59_000)).toBeNull()
  })
})

describe('a new secret', () => {
  it('has as many printable characters as asked for, and never the same ones', () => {
    for (const length of [20, 33, 64]) expect(newSecret(chance, length).latin1).toMatch(new RegExp(`^[!-~]{${length}}$`))
    expect(new Set(Array.from({ length: 100 }, () => newSecret(chance, 20).latin1)).size).toBe(100)
  })

  it('is drawn fairly: bytes that would make some characters likelier are drawn again', () => {
    const drawn = [Uint8Array.of(255, 0, 188, 93, 187), Uint8Array.of(1, 2, 3, 4, 5)]
    const secret = newSecret({ bytes: () => drawn.shift() ?? new Uint8Array(5) }, 5)
    expect(secret.latin1).toBe('!~~"#')
  })

  it('is the same secret in all four writings', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 30 }),
        fc.option(fc.string({ maxLength: 30 }), { nil: undefined }),
        (issuer, account) => {
          const { ascii, hex, base32, otpauth_url: url } = describeSecret(newSecret(chance, 20), issuer, account)
          expect(Buffer.from(hex, 'hex').toString('latin1')).toBe(ascii)
          expect(Secret.fromBase32(base32).latin1).toBe(ascii)
          const read = new URL(url)
          expect([read.protocol, read.host, read.searchParams.get('secret')]).toEqual(['otpauth:', 'totp', base32])
          expect(read.searchParams.get('issuer')).toBe(issuer)
        },
      ),
    )
  })

  it('names the site, and the account where it is known', () => {
    const secret = newSecret(chance, 20)
    expect(describeSecret(secret, 'Acme & Söhne', 'ada@example.org').otpauth_url).toMatch(
      /^otpauth:\/\/totp\/Acme%20%26%20S%C3%B6hne:ada%40example\.org\?issuer=Acme%20%26%20S%C3%B6hne&secret=[A-Z2-7]+&algorithm=SHA1&digits=6&period=30$/,
    )
    expect(describeSecret(secret, 'Acme', undefined).otpauth_url).toMatch(/^otpauth:\/\/totp\/Acme\?issuer=Acme&secret=/)
  })
})
