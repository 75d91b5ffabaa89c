import {
  buildASTSchema,
  defaultFieldResolver,
  graphql,
  GraphQLSchema,
  isObjectType,
  lexicographicSortSchema,
  parse,
  subscribe,
  validateSchema,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { graphqlWorld } from '../../testing/graphql-world.ts'
import { authDirective, authenticated, AuthenticatedDirective, buildSchema } from './index.ts'

const REFUSED = [{ message: 'Unauthorized', extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } } }]
const SOMEBODY = { userId: 'u1' }

const typeDefs = `
  extend type Query { open: String, closed: String @auth, diary: Diary, plain: String @auth }
  type Diary @auth { page: String, cover: String }
`
const resolvers = { Query: { open: () => 'open', closed: () => 'closed', diary: () => ({ page: 'one', cover: 'red' }) } }

describe('@auth', () => {
  it('closes a field to everybody who is not signed in, and no other', async () => {
    await using world = await graphqlWorld({ typeDefs, resolvers })
    expect((await world.ask('{ open }')).data).toEqual({ open: 'open' })
    expect((await world.ask('{ closed }')).errors).toEqual(REFUSED)
    expect((await world.ask('{ closed open }')).data).toEqual({ closed: null, open: 'open' })
    expect((await world.ask('{ closed }', { headers: await world.bearer('ada') })).data).toEqual({ closed: 'closed' })
  })

  it('on a type closes all its fields', async () => {
    await using world = await graphqlWorld({ typeDefs, resolvers })
    expect((await world.ask('{ diary { page cover } }')).errors).toEqual([...REFUSED, ...REFUSED])
    expect((await world.ask('{ diary { page } }', { headers: await world.bearer('ada') })).data).toEqual({ diary: { page: 'one' } })
  })

  it('closes a field that has no resolver of its own', async () => {
    await using world = await graphqlWorld({ typeDefs, resolvers })
    expect((await world.ask('{ plain }')).errors).toEqual(REFUSED)
  })

  it('on an extension of a type, and on a field of an interface, counts as much', async () => {
    await using world = await graphqlWorld({
      typeDefs: `
        extend type Query { note: Note, paper: Paper }
        type Note { text: String }
        extend type Note @auth { date: String }
        interface Titled { title: String @auth }
        type Paper implements Titled { title: String, size: String }
      `,
      resolvers: { Query: { note: () => ({ text: 'hush' }), paper: () => ({ title: 'hush', size: 'A4' }) } },
    })
    expect((await world.ask('{ note { text } }')).errors).toEqual(REFUSED)
    expect((await world.ask('{ paper { title } }')).errors).toEqual(REFUSED)
    expect((await world.ask('{ paper { size } }')).data).toEqual({ paper: { size: 'A4' } })
  })

  it('refuses a subscription when it begins', async () => {
    const schema = buildASTSchema(
      parse(`${authDirective().authDirectiveTypeDefs} type Query { a: String } type Subscription { tick: String @auth }`),
    )
    const field = schema.getSubscriptionType()?.getFields()['tick']
    if (field)
      field.subscribe = async function* () {
        yield { tick: 'tock' }
      }
    authDirective().authDirectiveTransformer(schema)
    const begin = (contextValue: object) => subscribe({ schema, document: parse('subscription { tick }'), contextValue })
    expect(await begin({})).toMatchObject({ errors: [{ message: 'Unauthorized' }] })
    const begun = (await begin(SOMEBODY)) as AsyncGenerator<{ data: unknown }>
    expect((await begun.next()).value).toMatchObject({ data: { tick: 'tock' } })
  })

  it('lets everybody pass where the context says skipJSAccountsVerification', async () => {
    await using world = await graphqlWorld({ typeDefs, resolvers })
    expect((await world.askIn({ skipJSAccountsVerification: true }, '{ closed }')).data).toEqual({ closed: 'closed' })
    expect((await world.askIn({ skipJSAccountsVerification: 'false' }, '{ closed }')).errors).toEqual(REFUSED)
  })

  it('works under another name', async () => {
    const { authDirectiveTypeDefs, authDirectiveTransformer } = authDirective('signedIn')
    const schema = authDirectiveTransformer(buildASTSchema(parse(`${authDirectiveTypeDefs} type Query { secret: String @signedIn }`)))
    expect(validateSchema(schema)).toEqual([])
    const ask = (contextValue: object) => graphql({ schema, source: '{ secret }', rootValue: { secret: 'hush' }, contextValue })
    expect((await ask({})).errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED')
    expect((await ask(SOMEBODY)).data).toEqual({ secret: 'hush' })
  })

  it('can be applied by tools that walk a schema themselves, with the class of accounts-js', async () => {
    await using world = await graphqlWorld()
    const schema = buildASTSchema(parse('type Query { secret: String }'))
    const field = schema.getQueryType()?.getFields()['secret']
    const directive = new world.parts.schemaDirectives.auth()
    expect(directive).toBeInstanceOf(AuthenticatedDirective)
    if (field) directive.visitFieldDefinition(field)
    expect((await graphql({ schema, source: '{ secret }', contextValue: {} })).errors).toHaveLength(1)
  })

  it('goes on working when other tools wrap the resolvers and copy the schema after it', async () => {
    await using world = await graphqlWorld({ typeDefs, resolvers })
    for (const type of Object.values(world.schema.getTypeMap())) {
      if (!isObjectType(type) || type.name.startsWith('__')) continue
      for (const field of Object.values(type.getFields())) {
        const { resolve = defaultFieldResolver } = field
        field.resolve = (...given) => resolve(...given)
      }
    }
    const ask = (schema: GraphQLSchema, source: string) => graphql({ schema, source, contextValue: {} })
    for (const schema of [world.schema, new GraphQLSchema(world.schema.toConfig()), lexicographicSortSchema(world.schema)]) {
      expect(await ask(schema, '{ getUser { id } }')).toEqual({ data: { getUser: null } })
      expect((await ask(schema, '{ closed }')).errors).toHaveLength(1)
    }
  })

  it('that is written and that nothing makes work lets nobody use the accounts, and says why', async () => {
    await using world = await graphqlWorld()
    const { parts } = world
    const unguarded = buildSchema({
      typeDefs: [parts.typeDefs, typeDefs],
      resolvers: parts.resolvers,
      authDirective: { ...authDirective(), authDirectiveTransformer: schema => schema },
    })()
    const { errors } = await graphql({ schema: unguarded, source: '{ getUser { id } }', contextValue: await parts.context() })
    expect(errors?.[0]?.message).toBe('"closed" has @auth, but nothing guards it: pass the schema through authDirectiveTransformer')
    parts.authDirectiveTransformer(unguarded)
    expect(await graphql({ schema: unguarded, source: '{ getUser { id } }', contextValue: await parts.context() })).toEqual({
      data: { getUser: null },
    })
  })
})

describe('authenticated', () => {
  const resolver = authenticated((source: string, args: object, context: object, info: object) => [source, args, context, info])

  it('passes everything on for who is signed in, be it by userId or by user', () => {
    const [args, info] = [{ a: 1 }, {}]
    expect(resolver('source', args, SOMEBODY, info)).toEqual(['source', args, SOMEBODY, info])
    expect(resolver('source', args, { user: { id: 'u1' } }, info)).toHaveLength(4)
  })

  it('refuses everybody else, and lets skipJSAccountsVerification pass', () => {
    for (const nobody of [{}, { userId: '' }, { user: null }]) expect(() => resolver('', {}, nobody, {})).toThrow('Unauthorized')
    expect(resolver('', {}, { skipJSAccountsVerification: true }, {})).toHaveLength(4)
  })
})
