import { graphql, GraphQLScalarType, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { authDirective, buildSchema } from './index.ts'

describe('buildSchema', () => {
  it('takes text and parsed pieces, several definitions of a root type, and directives that other tools write out', async () => {
    const schema = buildSchema({
      typeDefs: ['type Query { a: Int }', parse('type Query { b: Int }'), 'directive @deprecated(reason: String) on FIELD_DEFINITION', ''],
      resolvers: [{ Query: { a: () => 1 } }, { Query: { b: { resolve: () => 2 } } }],
    })()
    expect(await graphql({ schema, source: '{ a b }' })).toEqual({ data: { a: 1, b: 2 } })
  })

  it('attaches scalars and the resolvers of interfaces', async () => {
    const Shout = new GraphQLScalarType({ name: 'Shout', serialize: value => String(value).toUpperCase() })
    const schema = buildSchema({
      typeDefs: 'scalar Shout interface Pet { name: Shout } type Cat implements Pet { name: Shout } type Query { pet: Pet }',
      resolvers: { Shout, Pet: { __resolveType: () => 'Cat' }, Query: { pet: () => ({ name: 'tom' }) } },
    })()
    expect(await graphql({ schema, source: '{ pet { __typename name } }' })).toEqual({ data: { pet: { __typename: 'Cat', name: 'TOM' } } })
  })

  it('applies the directives of the app after @auth, and @auth under the name it is given', async () => {
    const order: string[] = []
    const schema = buildSchema({
      typeDefs: [authDirective('closed').authDirectiveTypeDefs, 'type Query { a: Int @closed }'],
      resolvers: { Query: { a: () => 1 } },
      authDirective: authDirective('closed'),
      directives: [given => (order.push('one'), given), given => (order.push('two'), given)],
    })()
    expect(order).toEqual(['one', 'two'])
    expect((await graphql({ schema, source: '{ a }', contextValue: {} })).errors?.[0]?.message).toBe('Unauthorized')
  })

  it.each([
    ['a type that does not exist', { Nothing: {} }, 'resolvers for the type "Nothing"'],
    ['a field that does not exist', { Query: { b: () => 1 } }, 'a resolver for "Query.b"'],
    ['an enum', { Colour: { RED: 1 } }, 'cannot be attached here'],
  ])('refuses resolvers for %s', (_, resolvers, message) => {
    expect(() => buildSchema({ typeDefs: 'type Query { a: Colour } enum Colour { RED }', resolvers })()).toThrow(message)
  })

  it('refuses what is no schema', () => {
    expect(() => buildSchema({ typeDefs: 'type Mutation { a: Int }' })()).toThrow('Query root type must be provided')
  })
})
