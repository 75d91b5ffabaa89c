import { graphql } from 'graphql'
import { expect, test } from 'vitest'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import { accountsGraphQL, buildSchema } from './index.ts'

test('userId() answers inside of an app’s resolvers, those below an asynchronous one too, and nowhere else', async () => {
  await using world = await newWorld()
  const { server } = world
  const { typeDefs, resolvers, context } = accountsGraphQL(server)
  const later = () => new Promise(resolve => setImmediate(resolve))
  const schema = buildSchema({
    typeDefs: [typeDefs, 'type Query { outer: Outer } type Outer { inner: String }'],
    resolvers: [
      resolvers,
      {
        Query: { outer: async () => (await later(), { id: server.userId() }) },
        Outer: { inner: async (outer: { id: string }) => (await later(), `${outer.id} ${server.userId()}`) },
      },
    ],
  })()
  const { tokens, user } = await world.loginAs('ada')
  const contextValue = await context({ headers: { authorization: `Bearer ${tokens.accessToken}` } })
  const answer = await graphql({ schema, source: '{ outer { inner } }', contextValue })
  expect(answer).toMatchObject({ data: { outer: { inner: `${user.id} ${user.id}` } } })
  const nobody = await graphql({ schema, source: '{ outer { inner } }', contextValue: await context() })
  expect(nobody).toMatchObject({ data: { outer: { inner: 'null null' } } })
  expect(() => server.userId()).toThrow('can only be invoked')
})

test('userId() answers inside of hooks that a field leads to', async () => {
  await using world = await newWorld()
  const { server } = world
  const seen: unknown[] = []
  server.on('ChangePasswordSuccess', () => void seen.push(server.userId()))
  const { typeDefs, resolvers, context } = accountsGraphQL(server)
  const { tokens, user } = await world.loginAs('ada')
  const contextValue = await context({ headers: { authorization: `Bearer ${tokens.accessToken}` } })
  const source = `mutation { changePassword(oldPassword: "${PASSWORD}", newPassword: "another horse battery staple") }`
  expect((await graphql({ schema: buildSchema({ typeDefs, resolvers })(), source, contextValue })).errors).toBeUndefined()
  expect(seen).toEqual([user.id])
})
