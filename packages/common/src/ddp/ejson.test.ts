import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import * as fc from '../../../../tools/test/properties.ts'
import { EJSON, EJSONError, ObjectID } from './index.ts'

class Money {
  readonly cents: number

  constructor(cents: number) {
    this.cents = cents
  }

  typeName(): string {
    return 'money'
  }

  toJSONValue(): unknown {
    return { cents: this.cents }
  }
}
EJSON.addType('money', value => {
  const { cents } = value as { cents?: unknown }
  if (typeof cents !== 'number') throw new TypeError('no cents')
  return new Money(cents)
})

test.each<[unknown, string]>([
  [new Date(1_770_000_000_000), '{"$date":1770000000000}'],
  [new Uint8Array([1, 2, 250]), '{"$binary":"AQL6"}'],
  [new Uint8Array(), '{"$binary":""}'],
  [Number.NaN, '{"$InfNaN":0}'],
  [Number.POSITIVE_INFINITY, '{"$InfNaN":1}'],
  [Number.NEGATIVE_INFINITY, '{"$InfNaN":-1}'],
  [/a"b/gi, '{"$regexp":"a\\"b","$flags":"gi"}'],
  [new ObjectID('a'.repeat(24)), '{"$type":"oid","$value":"aaaaaaaaaaaaaaaaaaaaaaaa"}'],
  [new Money(5), '{"$type":"money","$value":{"cents":5}}'],
  [{ $date: 5 }, '{"$escape":{"$date":5}}'],
  [{ $date: new Date(5) }, '{"$escape":{"$date":{"$date":5}}}'],
  [{ $escape: { $date: 5 } }, '{"$escape":{"$escape":{"$escape":{"$date":5}}}}'],
  [{ $type: 'a', $value: 1 }, '{"$escape":{"$type":"a","$value":1}}'],
  [{ $date: 5, more: 1 }, '{"$date":5,"more":1}'],
  [[null, { a: [true] }], '[null,{"a":[true]}]'],
  [null, 'null'],
])('%j travels as %s and back', (value, text) => {
  expect(EJSON.stringify(value)).toBe(text)
  expect(EJSON.parse(text)).toStrictEqual(value)
  expect(EJSON.equals(EJSON.parse(text), value)).toBe(true)
})

test('members that are undefined or functions vanish, and in lists they become null', () => {
  expect(EJSON.stringify({ a: undefined, b: () => 1, c: [undefined, Symbol('x')] })).toBe('{"c":[null,null]}')
  expect(EJSON.toJSONValue(undefined)).toBeUndefined()
})

test("a database driver's own ids travel as ours do", () => {
  const driver = { _bsontype: 'ObjectId', toHexString: () => 'b'.repeat(24) }
  expect(EJSON.toJSONValue({ id: driver })).toEqual({ id: { $type: 'oid', $value: 'b'.repeat(24) } })
  expect(EJSON.equals(driver, new ObjectID('b'.repeat(24)))).toBe(true)
})

test.each([
  '{"$date":null}',
  '{"$date":"2026-01-01"}',
  '{"$date":8640000000000001}',
  '{"$date":1e999}',
  '1e999',
  '[-1e400]',
  '{"$binary":5}',
  '{"$binary":"A"}',
  '{"$binary":"AA=A"}',
  '{"$binary":"A*=="}',
  '{"$binary":"AQI"}',
  '{"$InfNaN":2}',
  '{"$InfNaN":"1"}',
  '{"$regexp":"(","$flags":""}',
  '{"$regexp":"a","$flags":"zz"}',
  '{"$regexp":1,"$flags":""}',
  '{"$type":"nobody","$value":1}',
  '{"$type":5,"$value":1}',
  '{"$type":"money","$value":{}}',
  '{"$type":"money","$value":null}',
  '{"$type":"oid","$value":"xyz"}',
  '{"$type":"oid","$value":{"$date":1}}',
  '{"$escape":5}',
  '{"$escape":null}',
  '{"$escape":[1]}',
  '{"__proto__":{"isAdmin":true}}',
  '{"a":[{"__proto__":1}]}',
  '{"$escape":{"__proto__":1}}',
  `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
  `${'{"$escape":'.repeat(500)}{}${'}'.repeat(500)}`,
  `${'{"$type":"money","$value":'.repeat(500)}1${'}'.repeat(500)}`,
  'not json',
  '',
])('text that is no EJSON is refused: %.60s', text => {
  expect(() => EJSON.parse(text)).toThrow(EJSONError)
})

test('what cannot be sent is refused', () => {
  const circle: unknown[] = []
  circle.push(circle)
  for (const value of [circle, new Date(Number.NaN), 5n, { a: { b: [5n] } }]) expect(() => EJSON.stringify(value)).toThrow(EJSONError)
})

test('a name that is registered is not registered again', () => {
  expect(() => EJSON.addType('money', Object)).toThrow('money')
})

test('a literal object that looks like a value of EJSON is never taken for one', () => {
  const [first, second] = [{ $type: 'money', $value: { cents: 1 } }, { $binary: 'AQI=' }]
  for (const value of [first, second, [first, { inner: second }]]) {
    expect(EJSON.parse(EJSON.stringify(value))).toStrictEqual(value)
  }
})

const scalar = fc.oneof(
  fc.anyText(),
  fc.double().filter(value => !Object.is(value, -0)),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
  fc.integer().map(cents => new Money(cents)),
  fc.constantFrom(/a/g, /[b-d]+/iu),
  fc.constantFrom('0'.repeat(24), 'abcdef'.repeat(4)),
)
const name = fc.oneof(
  fc.constantFrom('$date', '$binary', '$InfNaN', '$regexp', '$flags', '$type', '$value', '$escape', 'a', 'toString', 'constructor', ''),
  fc.anyText().filter(text => text !== '__proto__'),
)
const { value } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))

test('every value comes back as it was, and is equal to itself and to its copy', () => {
  fc.assert(
    fc.property(value, one => {
      const back = EJSON.parse(EJSON.stringify(one))
      expect(isDeepStrictEqual(back, one)).toBe(true)
      expect(EJSON.equals(back, one)).toBe(true)
      expect(EJSON.equals(EJSON.clone(one), one)).toBe(true)
    }),
  )
})

test('two values are equal exactly when their canonical texts are', () => {
  expect(EJSON.stringify({ b: { d: 1, c: [{ f: 1, e: 2 }] }, a: new Date(5) }, { canonical: true })).toBe(
    '{"a":{"$date":5},"b":{"c":[{"e":2,"f":1}],"d":1}}',
  )
  const travels = (one: unknown): string => EJSON.stringify(one, { canonical: true })
  fc.assert(
    fc.property(value, value, (one, other) => {
      expect(EJSON.equals(one, other)).toBe(travels(one) === travels(other))
    }),
  )
})

/** Read, or refused as it should be. */
function outcome(text: string): boolean {
  try {
    EJSON.parse(text)
    return true
  } catch (error) {
    return error instanceof EJSONError
  }
}

test('any JSON is either read or refused, and nothing else', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), text => {
      expect(outcome(text)).toBe(true)
    }),
  )
})

test('a copy shares nothing with what it was made of', () => {
  const original = { at: new Date(1), bytes: new Uint8Array([1]), list: [{ a: 1 }], id: new ObjectID('c'.repeat(24)) }
  const copy = EJSON.clone(original)
  expect(copy).toStrictEqual(original)
  copy.at.setTime(2)
  copy.bytes[0] = 2
  copy.list[0] = { a: 2 }
  expect(original).toStrictEqual({ at: new Date(1), bytes: new Uint8Array([1]), list: [{ a: 1 }], id: new ObjectID('c'.repeat(24)) })
})

test('the order of members counts only where it is asked for', () => {
  expect(EJSON.equals({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true)
  expect(EJSON.equals({ a: 1, b: 2 }, { b: 2, a: 1 }, { keyOrderSensitive: true })).toBe(false)
  expect(EJSON.equals({ a: undefined }, {})).toBe(false)
  expect(EJSON.equals([1], { 0: 1 })).toBe(false)
  expect(EJSON.equals(new Date(1), 1)).toBe(false)
})
