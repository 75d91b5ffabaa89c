import { describe, expect, it } from 'vitest'
import * as fc from '../../../../tools/test/properties.ts'
import { addDefaultFieldSelector, isInclusion, project } from './field-selector.ts'
import type { FieldSelector } from './field-selector.ts'

const user = {
  _id: 'a',
  username: 'ada',
  profile: { name: 'Ada', address: { town: 'London', zip: 'W1' } },
  emails: [
    { address: 'ada@example.org', verified: true },
    { address: 'a@example.org', verified: false },
  ],
  createdAt: new Date(0),
}

describe('a field selector', () => {
  it('that names fields gives them and _id', () => {
    expect(project(user, { username: 1 })).toEqual({ _id: 'a', username: 'ada' })
    expect(project(user, { username: true, nothing: 1 })).toEqual({ _id: 'a', username: 'ada' })
  })

  it('that leaves fields out gives all others', () => {
    const { username: _username, ...others } = user
    expect(project(user, { username: 0 })).toEqual(others)
    expect(project(user, { username: false })).toEqual(others)
  })

  it('that is empty, or not there, gives the whole document', () => {
    expect(project(user, {})).toEqual(user)
    expect(project(user, undefined)).toEqual(user)
  })

  it('looks into documents and lists', () => {
    expect(project(user, { 'profile.name': 1, 'emails.address': 1 })).toEqual({
      _id: 'a',
      profile: { name: 'Ada' },
      emails: [{ address: 'ada@example.org' }, { address: 'a@example.org' }],
    })
    expect(project(user, { 'profile.address.zip': 0, 'emails.verified': 0 })).toEqual({
      ...user,
      profile: { name: 'Ada', address: { town: 'London' } },
      emails: [{ address: 'ada@example.org' }, { address: 'a@example.org' }],
    })
  })

  it('gives a field whole when it is named whole, whatever is named inside of it', () => {
    expect(project(user, { 'profile.name': 1, profile: 1 })).toEqual({ _id: 'a', profile: user.profile })
    expect(project(user, { profile: 1, 'profile.name': 1 })).toEqual({ _id: 'a', profile: user.profile })
  })

  it('can leave out _id, and can name nothing else', () => {
    expect(project(user, { _id: 0, username: 1 })).toEqual({ username: 'ada' })
    expect(project({ _id: 'a', b: 1 }, { _id: 0 })).toEqual({ b: 1 })
    expect(project(user, { _id: 1 })).toEqual({ _id: 'a' })
    expect(project({ _id: 'a', b: 1, c: 2 }, { _id: 1, b: 0 })).toEqual({ _id: 'a', c: 2 })
  })

  it('finds nothing inside of a date or a text', () => {
    expect(project(user, { 'createdAt.year': 1, 'username.length': 1 })).toEqual({ _id: 'a' })
    expect(project({ at: user.createdAt }, { 'at.year': 0 })).toEqual({ at: user.createdAt })
  })

  it('that both names fields and leaves some out is refused', () => {
    expect(() => project(user, { username: 1, profile: 0 })).toThrow(TypeError)
  })

  it('cannot reach a prototype', () => {
    const given = JSON.parse('{"_id":"a","__proto__":{"polluted":true},"b":1}') as object
    expect(Object.getPrototypeOf(project(given, { b: 0 }))).toBe(Object.prototype)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  const names = fc.constantFrom('a', 'b', 'c', 'd')
  const documents = fc.dictionary(names, fc.oneof(fc.integer(), fc.dictionary(names, fc.integer())))

  it('and its opposite share nothing but _id, and together are the document', () => {
    fc.assert(
      fc.property(documents, fc.uniqueArray(names, { minLength: 1 }), (fields, chosen) => {
        const document = { _id: 'x', ...fields }
        const selector = (value: 0 | 1): FieldSelector => Object.fromEntries(chosen.map(name => [name, value]))
        const [inside, outside] = [project(document, selector(1)), project(document, selector(0))]
        expect(Object.keys(inside).filter(name => name in outside)).toEqual(['_id'])
        expect({ ...outside, ...inside }).toEqual(document)
      }),
    )
  })

  it('never changes the document', () => {
    fc.assert(
      fc.property(documents, fc.uniqueArray(names), fc.constantFrom(0 as const, 1 as const), (document, chosen, value) => {
        const before = structuredClone(document)
        project(document, Object.fromEntries(chosen.map(name => [name, value])))
        expect(document).toEqual(before)
      }),
    )
  })
})

describe('the default field selector', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd')
  const exclusions = fc.uniqueArray(names, { minLength: 1 }).map(list => Object.fromEntries(list.map(name => [name, 0 as const])))
  const inclusions = fc.uniqueArray(names, { minLength: 1 }).map(list => Object.fromEntries(list.map(name => [name, 1 as const])))
  const selectors = fc.oneof(exclusions, inclusions)

  it('is what counts when a caller says nothing', () => {
    fc.assert(
      fc.property(selectors, standard => {
        expect(addDefaultFieldSelector({}, standard)).toEqual({ fields: standard })
      }),
    )
  })

  it('has no say when a caller wants everything, or names what they want', () => {
    fc.assert(
      fc.property(selectors, fc.oneof(fc.constant({}), inclusions), (standard, fields) => {
        expect(addDefaultFieldSelector({ fields }, standard)).toEqual({ fields })
      }),
    )
  })

  it('leaves out what it leaves out beside what a caller leaves out', () => {
    fc.assert(
      fc.property(exclusions, exclusions, (standard, fields) => {
        expect(addDefaultFieldSelector({ fields }, standard)).toEqual({ fields: { ...standard, ...fields } })
      }),
    )
  })

  it('that names fields gives way to a caller who leaves some out', () => {
    fc.assert(
      fc.property(inclusions, exclusions, (standard, fields) => {
        expect(addDefaultFieldSelector({ fields }, standard)).toEqual({ fields })
      }),
    )
  })

  it('changes nothing when there is none, and keeps other options', () => {
    const options = { fields: { a: 1 as const }, other: true }
    expect(addDefaultFieldSelector(options, undefined)).toBe(options)
    expect(addDefaultFieldSelector({ fields: { a: 0 as const }, other: true }, { b: 0 })).toEqual({ fields: { a: 0, b: 0 }, other: true })
  })

  it('names what is wanted, or what is not', () => {
    expect([{ a: 1 }, { _id: 0, a: 1 }, { _id: 1 }].map(selector => isInclusion(selector as FieldSelector))).toEqual([true, true, true])
    expect([{ a: 0 }, { _id: 1, a: 0 }, { _id: 0 }, {}, undefined].map(selector => isInclusion(selector as FieldSelector))).toEqual([
      false,
      false,
      false,
      false,
      false,
    ])
  })
})
