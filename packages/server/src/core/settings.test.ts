import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readSettings } from './settings.ts'
import type { Face, GivenSettings, Settings } from './settings.ts'

const SECRET = 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz'
const page = readFileSync(new URL('../../../../docs/library.md', import.meta.url), 'utf8')

const read = (given: Partial<GivenSettings> = {}): Settings => readSettings({ tokenSecret: SECRET, ...given })

describe('settings', () => {
  it('are all in the documentation', () => {
    const { session, password, limits, ...settings } = read()
    const undocumented = [
      ...Object.keys(settings),
      ...Object.keys(session).map(name => `session.${name}`),
      ...Object.keys(limits).map(name => `limits.${name}`),
      ...Object.keys(password),
    ].filter(name => !new RegExp(`[\`.]${name.replace('.', '\\.')}\``).test(page))
    expect(undocumented).toEqual([])
  })

  it('have the defaults that the documentation gives, on every face', () => {
    const flags = Object.entries(read().password).filter(([, value]) => typeof value === 'boolean')
    for (const [name] of flags) {
      const row = new RegExp(`^\\| \`password\\.${name}\` \\| (.*?) \\|`, 'm').exec(page)?.[1]
      for (const face of ['latchkey', 'accounts-js', 'meteor'] as const) {
        expect({ name, face, value: defaultIn(row ?? '', face) }).toEqual({
          name,
          face,
          value: Object.entries(read({ face }).password).find(([key]) => key === name)?.[1],
        })
      }
    }
  })

  it('read durations as texts and as milliseconds, and refuse what is neither', () => {
    expect(read({ accessTokenLifetime: '2h' }).accessTokenLifetime).toBe(7_200_000)
    expect(read({ session: { idle: 1000, absolute: '1.5 d' } }).session).toMatchObject({ idle: 1000, absolute: 129_600_000 })
    expect(read({ session: { idle: null } }).session.idle).toBeNull()
    for (const wrong of ['soon', '-1d', '', 0, -5, NaN, Infinity]) {
      expect(() => read({ accessTokenLifetime: wrong })).toThrow(/accessTokenLifetime/)
    }
  })

  it('narrow single limits and leave the others', () => {
    const { limits } = read({ limits: { login: { account: { limit: 3 } } } })
    expect(limits.login.account).toEqual({ limit: 3, window: 60_000 })
    expect(limits.login.address).toEqual(read().limits.login.address)
    expect(() => readSettings({ tokenSecret: SECRET, limits: { login: { acount: {} } } as GivenSettings['limits'] & object })).toThrow(
      /limits\.login\.acount/,
    )
  })

  it('refuse a name that does not exist, and say which one was probably meant', () => {
    const given = (settings: object) => () => read(settings)
    expect(given({ enableAutoLogin: true })).toThrow('Unknown option "enableAutoLogin". Did you mean "enableAutologin"?')
    expect(given({ password: { minLenght: 9 } })).toThrow('Unknown option "password.minLenght". Did you mean "password.minLength"?')
    expect(given({ lockout: { freee: 9 } })).toThrow('Did you mean "lockout.free"?')
    expect(given({ constructor: 1 })).toThrow(/Unknown option "constructor"/)
    expect(given({ somethingElseEntirely: 1 })).toThrow(/Known: face, production/)
  })

  it.each([
    [{ ambiguousErrorMessages: 'no' }, 'ambiguousErrorMessages must be true or false. Received "no"'],
    [{ sendMail: null }, 'sendMail must be a function. Received null'],
    [{ tokenCreator: 'uuid' }, 'tokenCreator must be an object with functions. Received "uuid"'],
    [{ issuer: ['a'] }, 'issuer must be a text. Received a list'],
    [{ retiredSecrets: 'one' }, 'retiredSecrets must be a list. Received "one"'],
    [{ cacheSize: -1 }, 'cacheSize must be a whole number, zero or more. Received -1'],
    [{ password: { validateEmail: true } }, 'password.validateEmail must be a function. Received true'],
    [{ limits: { login: { account: { limit: '5' } } } }, 'limits.login.account.limit must be a number above zero. Received "5"'],
    [{ session: [] }, 'session must be an object. Received a list'],
    [{ face: 'facebook' }, 'face must be one of latchkey, accounts-js, meteor'],
    [{ production: 'a secret in the wrong place' }, 'production must be true or false. Received a text of 27 characters'],
  ])('refuse %j, by name', (settings, message) => {
    expect(() => read(settings as object)).toThrow(message)
  })

  it('refuse a site address that no link can begin with', () => {
    expect(() => read({ siteUrl: 'accounts.example.org' })).toThrow(/siteUrl/)
    expect(() => read({ siteUrl: 'javascript:alert(1)' })).toThrow(/siteUrl/)
    expect(read({ siteUrl: 'https://example.org/' }).siteUrl).toBe('https://example.org')
  })
})

/** `true`, or `true` (latchkey), `false` (accounts-js, meteor). */
function defaultIn(row: string, face: Face): boolean | undefined {
  const perFace = [...row.matchAll(/`(true|false)` \(([^)]*)\)/g)].find(([, , faces = '']) => faces.split(', ').includes(face))
  const text = perFace?.[1] ?? /^`(true|false)`$/.exec(row)?.[1]
  return text === undefined ? undefined : text === 'true'
}
