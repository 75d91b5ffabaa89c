import { createSchema, createYoga } from 'graphql-yoga'
import { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import type { AccountsContext } from './index.ts'
import { graphqlWorld } from '../../testing/graphql-world.ts'
import type { GraphQLWorld } from '../../testing/graphql-world.ts'

const LOGIN = 'mutation ($params: AuthenticateParamsInput!) { authenticate(serviceName: "password", params: $params) { sessionId } }'
const wrong = { variables: { params: { user: { username: 'ada' }, password: 'not that one' } } }

describe('an error', () => {
  it('carries its code, its details and how long to wait', async () => {
    await using world = await graphqlWorld()
    expect((await world.ask(LOGIN, wrong)).errors).toEqual([{ message: 'Invalid credentials', extensions: { code: 'InvalidCredentials' } }])
    const taken = await world.ask('mutation { createUser(user: { email: "no address" }) { userId } }')
    expect(taken.errors).toEqual([{ message: 'Invalid email', extensions: { code: 'InvalidEmail', details: { field: 'email' } } }])
    await world.createUser('ada')
    for (let tries = 0; tries < 6; tries++) await world.ask(LOGIN, wrong)
    expect((await world.ask(LOGIN, wrong)).errors).toMatchObject([
      { extensions: { code: 'TooManyAttempts', retryAfter: expect.any(Number) as number } },
    ])
  })

  it("of the app's own hook keeps its text and its code", async () => {
    await using world = await graphqlWorld()
    const { tokens } = await world.loginAs('ada')
    world.server.accounts.core.hooks.on('validateLogin', () => {
      throw Object.assign(new Error('Not on a Sunday'), { code: 'SABBATH' })
    })
    const good = { variables: { params: { user: { username: 'ada' }, password: 'correct horse battery staple' } } }
    expect((await world.ask(LOGIN, good)).errors).toEqual([{ message: 'Not on a Sunday', extensions: { code: 'SABBATH' } }])
    expect((await world.ask('{ getUser { id } }', { headers: { authorization: tokens.accessToken } })).errors).toEqual([])
  })

  it('nobody meant to throw is told as such, and written down', async () => {
    await using world = await graphqlWorld()
    broken(world)
    expect((await world.ask(LOGIN, wrong)).errors).toEqual([{ message: 'Internal server error', extensions: { code: 'InternalError' } }])
    expect(world.log.filter(({ level }) => level === 'error')).toMatchObject([
      { fields: { err: { message: 'duplicate key: secret@example.org' } } },
    ])
  })

  it('of ours that says a server is misconfigured is none of a stranger’s business either', async () => {
    await using world = await graphqlWorld()
    world.server.accounts.login = () => Promise.reject(new AccountsError('SchemaOutdated', { message: 'table users lacks a column' }))
    expect((await world.ask(LOGIN, wrong)).errors).toEqual([{ message: 'Internal server error', extensions: { code: 'InternalError' } }])
  })
})

describe('behind Yoga, which masks what was not thrown on purpose', () => {
  const served = (world: GraphQLWorld) => {
    const { typeDefs, resolvers, context } = world.parts
    const yoga = createYoga({
      schema: createSchema<AccountsContext>({ typeDefs, resolvers }),
      context: ({ request }) => context({ request }),
      logging: false,
    })
    return async (query: string, variables: object = {}, accept = 'application/json') => {
      const response = await yoga.fetch('http://localhost/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept },
        body: JSON.stringify({ query, variables }),
      })
      return { status: response.status, body: (await response.json()) as { errors: { message: string; extensions: unknown }[] } }
    }
  }

  it('our texts and codes pass', async () => {
    await using world = await graphqlWorld()
    const { status, body } = await served(world)(LOGIN, wrong.variables)
    expect(status).toBe(200)
    expect(body.errors).toMatchObject([{ message: 'Invalid credentials', extensions: { code: 'InvalidCredentials' } }])
  })

  it('"not signed in" is a 401 with the code that all tools know', async () => {
    await using world = await graphqlWorld()
    const { status, body } = await served(world)('mutation { addEmail(newEmail: "x@example.org") }')
    expect(status).toBe(401)
    expect(body.errors).toMatchObject([{ message: 'Unauthorized', extensions: { code: 'UNAUTHENTICATED' } }])
  })

  it('a failure of ours shows nothing of its reason', async () => {
    await using world = await graphqlWorld()
    broken(world)
    expect(JSON.stringify(await served(world)(LOGIN, wrong.variables))).not.toContain('secret@example.org')
  })
})

function broken(world: GraphQLWorld): void {
  world.server.accounts.login = () => Promise.reject(new Error('duplicate key: secret@example.org'))
}
