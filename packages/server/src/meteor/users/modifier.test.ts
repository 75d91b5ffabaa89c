import { EJSON } from '@latchkey/common/ddp'
import { describe, expect, test } from 'vitest'
import { effortOf } from '../../../../../tools/test/effort.ts'
import * as fc from '../../../../../tools/test/properties.ts'
import { modify, readModifier, touchedBy } from './modifier.ts'
import type { Fields } from './paths.ts'

const applied = (document: Fields, modifier: unknown): Fields => modify(document, readModifier(modifier))

describe('a modifier', () => {
  test.each<[string, Fields, object, Fields]>([
    ['$set makes what is missing on the way', {}, { $set: { 'a.b.c': 1 } }, { a: { b: { c: 1 } } }],
    ['$set reaches into lists', { a: [{ n: 1 }, { n: 2 }] }, { $set: { 'a.1.n': 3 } }, { a: [{ n: 1 }, { n: 3 }] }],
    ['$set beyond the end of a list fills it up', { a: [1] }, { $set: { 'a.3': 2 } }, { a: [1, null, null, 2] }],
    ['$set of nothing sets nothing', { a: 1 }, { $set: { a: undefined } }, { a: 1 }],
    ['$unset takes a field away', { a: { b: 1, c: 2 } }, { $unset: { 'a.b': '' } }, { a: { c: 2 } }],
    ['$unset in a list leaves the place', { a: [1, 2] }, { $unset: { 'a.0': 1 } }, { a: [null, 2] }],
    ['$unset of what is not there does nothing', { a: 1 }, { $unset: { 'b.c': 1 } }, { a: 1 }],
    ['$inc counts from nothing', { a: 1 }, { $inc: { a: 2, b: -1 } }, { a: 3, b: -1 }],
    ['$mul, $min and $max', { a: 2, b: 2, c: 2 }, { $mul: { a: 3 }, $min: { b: 1 }, $max: { c: 1 } }, { a: 6, b: 1, c: 2 }],
    ['$min and $max of dates', { a: new Date(5) }, { $max: { a: new Date(9) } }, { a: new Date(9) }],
    ['$push adds to the end, or makes the list', { a: [1] }, { $push: { a: 2, b: 3 } }, { a: [1, 2], b: [3] }],
    ['$push of each, at a place, cut', { a: [1, 2] }, { $push: { a: { $each: [8, 9], $position: 0, $slice: 3 } } }, { a: [8, 9, 1] }],
    ['$push, the last ones kept', { a: [1, 2] }, { $push: { a: { $each: [3], $slice: -2 } } }, { a: [2, 3] }],
    ['$push of a list adds the list', { a: [] }, { $push: { a: [1] } }, { a: [[1]] }],
    ['$pushAll adds each', { a: [1] }, { $pushAll: { a: [2, 3] } }, { a: [1, 2, 3] }],
    [
      '$addToSet adds what is not there',
      { a: [1, { b: 1 }] },
      { $addToSet: { a: { $each: [1, { b: 1 }, 2, 2] } } },
      { a: [1, { b: 1 }, 2] },
    ],
    ['$pop takes the last', { a: [1, 2, 3] }, { $pop: { a: 1 } }, { a: [1, 2] }],
    ['$pop takes the first', { a: [1, 2, 3] }, { $pop: { a: -1 } }, { a: [2, 3] }],
    ['$pull by value', { a: [1, 2, 1] }, { $pull: { a: 1 } }, { a: [2] }],
    ['$pull by fields', { a: [{ n: 1, m: 1 }, { n: 2 }] }, { $pull: { a: { n: 1 } } }, { a: [{ n: 2 }] }],
    ['$pull by a condition', { a: [1, 5, 9] }, { $pull: { a: { $gte: 5 } } }, { a: [1] }],
    ['$pullAll takes each', { a: [1, 2, 3] }, { $pullAll: { a: [1, 3] } }, { a: [2] }],
    ['taking from a list that is not there leaves nothing there', {}, { $pop: { a: 1 }, $pull: { b: 1 }, $pullAll: { c: [1] } }, {}],
    ['$bit', { a: 12 }, { $bit: { a: { and: 10 } } }, { a: 8 }],
  ])('%s', (_, document, modifier, expected) => {
    const before = EJSON.clone(document)
    expect(applied(document, modifier)).toEqual(expected)
    expect(document).toEqual(before)
  })

  test.each<[string, unknown, Fields?]>([
    ['that is none', 5],
    ['that replaces the whole', { profile: {} }],
    ['with an operator nobody knows', { $where: { a: 1 } }],
    ['whose operator has no fields', { $set: 5 }],
    ['with the positional operator', { $set: { 'a.$.b': 1 } }],
    ['with an empty name', { $set: { 'a..b': 1 } }],
    ['that reaches for a prototype', { $set: { '__proto__.polluted': 1 } }],
    ['that reaches for a prototype deeper down', { $set: { 'a.constructor.prototype.polluted': 1 } }],
    ['with an operator inside of a value', { $set: { a: { $gt: 1 } } }],
    ['with a path inside of a value', { $set: { a: { 'b.c': 1 } } }],
    ['with a prototype inside of a value', { $set: { a: JSON.parse('{"__proto__":{"polluted":1}}') as unknown } }],
    ['with a function', { $set: { a: () => 1 } }],
    ['that sets a place and what is in it', { $set: { a: 1 }, $inc: { 'a.b': 1 } }],
    ['that sets a place twice', { $set: { a: 1 }, $unset: { a: 1 } }],
    ['that counts what is no number', { $inc: { a: 1 } }, { a: 'one' }],
    ['that counts by what is no number', { $inc: { a: '1' } }],
    ['that adds to what is no list', { $push: { a: 1 } }, { a: 5 }],
    ['that reaches through a value', { $set: { 'a.b': 1 } }, { a: 5 }],
    ['that names a field of a list', { $set: { 'a.name': 1 } }, { a: [] }],
    ['that makes a list endless', { $set: { 'a.100000000': 1 } }, { a: [] }],
    ['that takes something else than an end', { $pop: { a: 2 } }, { a: [1] }],
  ])('%s is refused', (_, modifier, document = {}) => {
    const before = EJSON.clone(document)
    expect(() => applied(document, modifier)).toThrow(expect.objectContaining({ error: 409 }))
    expect(document).toEqual(before)
    expect('polluted' in {}).toBe(false)
  })

  test('touches the fields at the top level that it names, each once', () => {
    const changes = readModifier({ $set: { 'profile.a': 1, 'profile.b': 2 }, $inc: { points: 1 } })
    expect(touchedBy(changes)).toEqual(['profile', 'points'])
  })
})

// ------------------------------------------------------------------------------------------- against a simple model

const name = fc.constantFrom('a', 'b', 'c')
const scalar = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.string({ maxLength: 3 }), fc.boolean(), fc.constant(null))
const value: fc.Arbitrary<unknown> = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), fc.dictionary(name, scalar, { maxKeys: 2 }))
const document = fc.dictionary(name, fc.oneof(value, fc.dictionary(name, value, { maxKeys: 3 })), { maxKeys: 3 })

test('$set and $unset at any depth do what setting and deleting along the path does', () => {
  fc.assert(
    fc.property(document, fc.array(name, { minLength: 1, maxLength: 3 }), value, fc.boolean(), (given, path, wanted, sets) => {
      const modifier = sets ? { $set: { [path.join('.')]: wanted } } : { $unset: { [path.join('.')]: 1 } }
      const model = structuredClone(given)
      const isReached = sets ? setAlong(model, path, wanted) : unsetAlong(model, path)
      expect(attempted(given, modifier)).toEqual(isReached ? model : 409)
    }),
  )
})

test('lists are changed as arrays are', () => {
  const list = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 6 })
  fc.assert(
    fc.property(list, list, fc.integer({ min: 0, max: 4 }), (kept, several, one) => {
      const after = (modifier: object): unknown => applied({ list: kept }, modifier).list
      expect(after({ $push: { list: one } })).toEqual([...kept, one])
      expect(after({ $push: { list: { $each: several } } })).toEqual([...kept, ...several])
      expect(after({ $pull: { list: one } })).toEqual(kept.filter(each => each !== one))
      expect(after({ $pullAll: { list: several } })).toEqual(kept.filter(each => !several.includes(each)))
      expect(after({ $pop: { list: 1 } })).toEqual(kept.slice(0, -1))
      expect(after({ $pop: { list: -1 } })).toEqual(kept.slice(1))
      expect(after({ $addToSet: { list: { $each: several } } })).toEqual([
        ...kept,
        ...[...new Set(several)].filter(each => !kept.includes(each)),
      ])
    }),
  )
})

test('whatever a client sends, it is applied or refused, and nothing else is touched', () => {
  const operator = fc.constantFrom(
    '$set',
    '$unset',
    '$inc',
    '$push',
    '$addToSet',
    '$pull',
    '$pullAll',
    '$pop',
    '$bit',
    '$pushAll',
    'a',
    '$x',
  )
  const path = fc.oneof(fc.constantFrom('__proto__', 'a.__proto__.b', 'constructor', 'a.$', 'a.0', 'b.5', ''), fc.string({ maxLength: 5 }))
  fc.assert(
    fc.property(document, fc.dictionary(operator, fc.dictionary(path, fc.anything())), (given, modifier) => {
      const before = structuredClone(given)
      const after = attempted(given, modifier)
      expect(after === 409 || Object.getPrototypeOf(after) === Object.prototype).toBe(true)
      expect(given).toEqual(before)
      expect(Object.keys(Object.prototype)).toEqual([])
    }),
  )
})

/** The document after it, or what it was refused with. */
function attempted(given: Fields, modifier: unknown): unknown {
  try {
    return applied(given, modifier)
  } catch (error) {
    return error instanceof Error && 'error' in error ? error.error : error
  }
}

const isFields = (at: unknown): at is Fields => typeof at === 'object' && at !== null && !Array.isArray(at)

function setAlong(at: Fields, [first = '', ...rest]: string[], wanted: unknown): boolean {
  if (rest.length === 0) {
    at[first] = wanted
    return true
  }
  at[first] ??= first in at ? at[first] : {}
  const next = at[first]
  return isFields(next) && setAlong(next, rest, wanted)
}

function unsetAlong(at: Fields, [first = '', ...rest]: string[]): boolean {
  const next = at[first]
  if (rest.length === 0) delete at[first]
  else if (isFields(next)) unsetAlong(next, rest)
  return true
}

describe('what one frame can ask for takes no longer than others', () => {
  const many = Array.from({ length: 100_000 }, (_, at) => at)
  const others = many.map(at => -1 - at)

  test.each([
    ['$addToSet', { profile: {} }, { $addToSet: { 'profile.list': { $each: many } } }],
    ['$pullAll', { profile: { list: many } }, { $pullAll: { 'profile.list': others } }],
  ])('%s of a long list', async (_operator, before, modifier) => {
    const effort = await effortOf(() => expect(modify(before, readModifier(modifier))).toEqual({ profile: { list: many } }))
    // Compared each with each it is minutes.
    expect(effort).toBeLessThan(3000)
  })

  test('a condition of $pull is short, and a modifier has so many steps that lie so deep', () => {
    const conditional = readModifier({ $pull: { 'profile.list': { $in: others } } })
    expect(() => modify({ profile: { list: many } }, conditional)).toThrow('$pull takes conditions of 1000 characters')
    expect(() => readModifier({ $set: Object.fromEntries(many.map(at => [`profile.f${at}`, 1])) })).toThrow('1000 fields at most')
    expect(() => readModifier({ $set: { [`profile${'.a'.repeat(200)}`]: 1 } })).toThrow('not nested so deeply')
  })

  test('equal values are one, in whatever order their fields are', () => {
    const list = [{ a: 1, b: { c: 2, d: [new Date(0)] } }]
    const same = { b: { d: [new Date(0)], c: 2 }, a: 1 }
    expect(modify({ list }, readModifier({ $addToSet: { list: same } }))).toEqual({ list })
    expect(modify({ list: [...list, 1, '1'] }, readModifier({ $pullAll: { list: [same, '1'] } }))).toEqual({ list: [1] })
  })
})
