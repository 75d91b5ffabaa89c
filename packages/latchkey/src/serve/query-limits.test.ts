import { buildSchema, parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import { effortOf } from '../../../../tools/test/effort.ts'
import * as fc from '../../../../tools/test/properties.ts'
import { DEEPEST, limitQuery, MOST_DEEDS, MOST_FIELDS } from './query-limits.ts'

const schema = buildSchema('type Query { a: Query b: Int }')
const refusals = (query: string): string[] => validate(schema, parse(query), [limitQuery]).map(({ message }) => message)

/** A selection: fields with selections of their own, in inline fragments or out of them. */
interface Node {
  wrapped: boolean
  inner: Node[]
}

const tree: fc.Arbitrary<Node[]> = fc.letrec<{ nodes: Node[] }>(tie => ({
  nodes: fc.array(fc.record({ wrapped: fc.boolean(), inner: fc.oneof({ depthSize: 'small' }, fc.constant<Node[]>([]), tie('nodes')) }), {
    minLength: 1,
    maxLength: 20,
  }),
})).nodes

const fieldIn = ({ wrapped, inner }: Node, index: number): string => {
  const field = inner.length === 0 ? `x${index}: b` : `x${index}: a ${written(inner)}`
  return wrapped ? `... { ${field} }` : field
}
const written = (nodes: Node[]): string => `{ ${nodes.map(fieldIn).join(' ')} }`
const depthOf = (nodes: Node[]): number => 1 + Math.max(0, ...nodes.map(({ inner }) => (inner.length === 0 ? 0 : depthOf(inner))))
const countOf = (nodes: Node[]): number => nodes.reduce((sum, { wrapped, inner }) => sum + (wrapped ? 2 : 1) + countOf(inner), 0)

test('a query is refused when, and only when, it is too wide at the root, too deep or too large', () => {
  fc.assert(
    fc.property(tree, nodes => {
      const excessive = nodes.length > MOST_DEEDS || depthOf(nodes) > DEEPEST || countOf(nodes) > MOST_FIELDS
      expect(refusals(written(nodes)).length > 0).toBe(excessive)
    }),
  )
})

test('counting stops at the limit, however much fragments multiply', async () => {
  const fragments = Array.from({ length: 40 }, (_, index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)
  const effort = await effortOf(() =>
    expect(refusals(`{ a { ...F0 } } ${fragments.join(' ')} fragment F40 on Query { b }`)).toEqual([
      `The query asks for more than ${MOST_FIELDS} fields`,
    ]),
  )
  // Written out, these are two to the fortieth fields.
  expect(effort).toBeLessThan(2000)
})

test('each operation of a document is judged', () => {
  expect(refusals(`query One { b } query Two { ${'a { b } '.repeat(MOST_DEEDS + 1)} }`)).toHaveLength(1)
})
