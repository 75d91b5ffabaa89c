import { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { readParams } from './params.ts'

const DIGEST = { digest: 'a'.repeat(64), algorithm: 'sha-256' }
const read = (options: unknown, acceptDigests = true) =>
  readParams(options, { acceptDigests }, (code, field) => new AccountsError(code, field === undefined ? {} : { details: { field } }))
const codeOf = (options: unknown, acceptDigests = true): string | undefined => {
  try {
    read(options, acceptDigests)
    return undefined
  } catch (error) {
    return (error as AccountsError).code
  }
}

describe('readParams', () => {
  it.each([
    ['a text that is an address', 'Ada@Example.org', { kind: 'email', key: 'ada@example.org' }],
    ['a text that is none', 'Ada', { kind: 'username', key: 'ada', typed: 'Ada' }],
    ['an id', { id: 'u1' }, { kind: 'id', key: 'u1' }],
    ['a name', { username: 'Ada' }, { kind: 'username', key: 'ada', typed: 'Ada' }],
    ['an old name with an @', { username: 'ada@home' }, { kind: 'username', key: 'ada@home', typed: 'ada@home' }],
    ['an address', { email: 'Ada@Example.org' }, { kind: 'email', key: 'ada@example.org' }],
    ['an old address that would not be accepted today', { email: 'root@intranet' }, { kind: 'email', key: 'root@intranet' }],
    ['all three', { id: 'u1', username: 'ada', email: 'ada@example.org' }, { kind: 'id', key: 'u1' }],
    ['name and address', { username: 'ada', email: 'ada@example.org' }, { kind: 'username', key: 'ada', typed: 'ada' }],
    ['nulls, as GraphQL sends them', { id: null, username: null, email: 'ada@example.org' }, { kind: 'email', key: 'ada@example.org' }],
    ['nobody', {}, null],
    ['a NUL', { id: 'u\0' }, null],
    ['an endless id', { id: 'u'.repeat(65) }, null],
  ])('reads %s', (_, user, identifier) => expect(read({ user, password: 'x' })).toEqual({ identifier, password: 'x' }))

  it('keeps a code, and ignores an empty one', () => {
    expect(read({ user: 'ada', password: 'x', code: '123456' })).toMatchObject({ code: '123456' })
    for (const code of [undefined, null, '']) expect(read({ user: 'ada', password: 'x', code })).not.toHaveProperty('code')
  })

  it('reads a digest, unless digests are not accepted', () => {
    expect(read({ user: 'ada', password: DIGEST })).toMatchObject({ password: DIGEST })
    expect(codeOf({ user: 'ada', password: DIGEST }, false)).toBe('MatchFailed')
  })

  it('leaves to others what has neither user nor password', () => {
    for (const options of [undefined, null, 5, 'x', [], {}, { resume: 'x' }, { selector: {}, token: 'x' }])
      expect(read(options)).toBeUndefined()
  })

  it('refuses what lacks one of them', () => {
    for (const options of [
      { user: 'ada' },
      { password: 'x' },
      { user: 'ada', password: '' },
      { user: '', password: 'x' },
      { user: 0, password: 'x' },
      { user: null, password: null },
    ]) {
      expect(codeOf(options)).toBe('UnrecognizedOptionsForLogin')
    }
  })

  it.each([
    ['a number for a user', { user: 5, password: 'x' }],
    ['a list for a user', { user: ['ada'], password: 'x' }],
    ['a query for an id', { user: { id: { $gt: '' } }, password: 'x' }],
    ['a query for a name', { user: { username: { $regex: '^a' } }, password: 'x' }],
    ['a list for an address', { user: { email: ['ada@example.org'] }, password: 'x' }],
    ['a query beside a good id', { user: { id: 'u1', email: { $ne: null } }, password: 'x' }],
    ['a number for a password', { user: 'ada', password: 5 }],
    ['a list for a password', { user: 'ada', password: ['x'] }],
    ['a query for a password', { user: 'ada', password: { $ne: null } }],
    ['a digest that is none', { user: 'ada', password: { ...DIGEST, digest: 'abc' } }],
    ['a digest in capitals', { user: 'ada', password: { ...DIGEST, digest: 'A'.repeat(64) } }],
    ['another algorithm', { user: 'ada', password: { ...DIGEST, algorithm: 'md5' } }],
    ['a digest with more', { user: 'ada', password: { ...DIGEST, srp: 1 } }],
    ['a query for a code', { user: 'ada', password: 'x', code: { $ne: null } }],
  ])('refuses %s', (_, options) => expect(codeOf(options)).toBe('MatchFailed'))

  it('answers anything with a reading or one of two refusals, and only texts come out', () => {
    const user = fc.oneof(
      fc.anything(),
      fc.record({ id: fc.anything(), username: fc.anything(), email: fc.anything() }, { requiredKeys: [] }),
    )
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), fc.record({ user, password: fc.anything(), code: fc.anything() }, { requiredKeys: [] })),
        options => {
          const code = codeOf(options)
          expect([undefined, 'UnrecognizedOptionsForLogin', 'MatchFailed']).toContain(code)
          expect(code === undefined ? (read(options)?.identifier?.key ?? '') : '').toBeTypeOf('string')
        },
      ),
    )
  })
})
