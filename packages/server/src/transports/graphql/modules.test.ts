import { graphql, Kind } from 'graphql'
import { createSchema } from 'graphql-yoga'
import { describe, expect, it } from 'vitest'
import { AccountsMagicLink } from '../../strategies/magic-link/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { newWorld } from '../../testing/index.ts'
import {
  AccountsMagicLinkModule,
  AccountsModule,
  AccountsPasswordModule,
  buildSchema,
  context,
  createAccountsCoreModule,
  createAccountsMagicLinkModule,
  createAccountsPasswordModule,
} from './index.ts'

const services = () => ({ password: new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } }), magicLink: new AccountsMagicLink() })

describe("accounts-js's AccountsModule", () => {
  it('makes everything a schema tool and a server want, without additions', async () => {
    await using world = await newWorld({ services: services() })
    const parts = AccountsModule.forRoot({ accountsServer: world.server, headerName: 'x-token' })
    expect(parts.typeDefs).not.toContain('accountsSessions')
    const schema = createSchema({
      typeDefs: ['type Query { mine: String }', parts.typeDefs],
      resolvers: [parts.resolvers, { Query: { mine: () => 'mine' } }],
    })
    const { tokens } = await world.loginAs('ada')
    const contextValue = await parts.context({ req: { headers: { 'x-token': tokens.accessToken } } })
    expect(await graphql({ schema, source: '{ mine getUser { username } }', contextValue })).toEqual({
      data: { mine: 'mine', getUser: { username: 'ada' } },
    })
  })

  it('has the additions when they are asked for', async () => {
    await using world = await newWorld()
    expect(AccountsModule.forRoot({ accountsServer: world.server, additions: true }).typeDefs).toContain('accountsSessions')
  })

  it('says what is missing when it is given no server', () => {
    // A caller in JavaScript, who moves over from a module that made its own.
    const given = {} as Parameters<typeof AccountsModule.forRoot>[0]
    expect(() => AccountsModule.forRoot(given)).toThrow('{ accountsServer }')
    expect(() => createAccountsCoreModule(given)).toThrow('{ accountsServer }')
  })
})

describe("accounts-js's three modules", () => {
  it('are what createModule of graphql-modules takes, and together a schema', async () => {
    await using world = await newWorld({ services: services() })
    const config = { accountsServer: world.server }
    const modules = [createAccountsCoreModule(config), createAccountsPasswordModule(config), createAccountsMagicLinkModule(config)]
    expect(modules.map(({ id }) => id)).toEqual(['accounts-core', 'accounts-password', 'accounts-magic-link'])
    for (const { typeDefs } of modules) expect(typeDefs.kind).toBe(Kind.DOCUMENT)
    // As graphql-modules calls its schemaBuilder.
    const schema = buildSchema()({ typeDefs: modules.map(one => one.typeDefs), resolvers: modules.map(one => one.resolvers) })
    expect(Object.keys(schema.getMutationType()?.getFields() ?? {})).toEqual(
      expect.arrayContaining(['authenticate', 'createUser', 'requestMagicLinkEmail']),
    )
    const { tokens } = await world.loginAs('ada')
    const contextValue = await context({ headers: { authorization: tokens.accessToken } }, config)
    expect(await graphql({ schema, source: '{ getUser { username } }', contextValue })).toEqual({ data: { getUser: { username: 'ada' } } })
  })

  it('extend the root types, the core module excepted, unless extendTypeDefs says otherwise', async () => {
    await using world = await newWorld({ services: services() })
    const kindsOf = ({ typeDefs }: ReturnType<typeof createAccountsCoreModule>) =>
      typeDefs.definitions.flatMap(one => ('name' in one && ['Query', 'Mutation'].includes(one.name?.value ?? '') ? [one.kind] : []))
    const config = { accountsServer: world.server }
    expect(new Set(kindsOf(createAccountsCoreModule(config)))).toEqual(new Set([Kind.OBJECT_TYPE_DEFINITION]))
    expect(new Set(kindsOf(createAccountsPasswordModule(config)))).toEqual(new Set([Kind.OBJECT_TYPE_EXTENSION]))
    expect(new Set(kindsOf(createAccountsMagicLinkModule(config)))).toEqual(new Set([Kind.OBJECT_TYPE_EXTENSION]))
    expect(new Set(kindsOf(createAccountsCoreModule({ ...config, extendTypeDefs: true })))).toEqual(new Set([Kind.OBJECT_TYPE_EXTENSION]))
    expect(new Set(kindsOf(createAccountsPasswordModule({ ...config, extendTypeDefs: false })))).toEqual(
      new Set([Kind.OBJECT_TYPE_DEFINITION]),
    )
  })

  it('have one schema definition among them, and the old names of the older package', async () => {
    await using world = await newWorld({ services: services() })
    const config = { accountsServer: world.server, withSchemaDefinition: true, rootQueryName: 'Asking', rootMutationName: 'Doing' }
    const modules = [createAccountsCoreModule(config), AccountsPasswordModule.forRoot(config), AccountsMagicLinkModule.forRoot(config)]
    const schema = buildSchema()({ typeDefs: modules.map(one => one.typeDefs), resolvers: modules.map(one => one.resolvers) })
    expect([schema.getQueryType()?.name, schema.getMutationType()?.name]).toEqual(['Asking', 'Doing'])
  })
})

it('the context helper takes what its modules take', async () => {
  await using world = await newWorld()
  const { tokens, user } = await world.loginAs('ada')
  const request = { headers: { mine: `Bearer ${tokens.accessToken}` } }
  expect(await context(request, { accountsServer: world.server, headerName: 'Mine' })).toMatchObject({ userId: user.id })
  expect(await context(request, { accountsServer: world.server, headerName: 'Mine', excludeAddUserInContext: true })).not.toHaveProperty(
    'userId',
  )
  expect(await context(request, { accountsServer: world.server })).not.toHaveProperty('userId')
})
