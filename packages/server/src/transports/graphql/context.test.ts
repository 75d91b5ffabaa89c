import { graphql } from 'graphql'
import { describe, expect, it, vi } from 'vitest'
import { newWorld } from '../../testing/index.ts'
import { graphqlWorld } from '../../testing/graphql-world.ts'
import { accountsGraphQL, buildSchema } from './index.ts'

const WHO = '{ getUser { username } }'

describe('the context', () => {
  it("has accounts-js's fields for whoever is signed in, and its user without secrets", async () => {
    await using world = await newWorld()
    const { tokens, user } = await world.loginAs('ada')
    const { context } = accountsGraphQL(world.server)
    const made = await context({ headers: { Authorization: `Bearer ${tokens.accessToken}`, 'User-Agent': 'Mosaic' }, ip: '192.0.2.7' })
    expect(Object.fromEntries(Object.entries(made))).toEqual({
      authToken: tokens.accessToken,
      user,
      userId: user.id,
      userAgent: 'Mosaic',
      ip: '192.0.2.7',
      infos: { userAgent: 'Mosaic', ip: '192.0.2.7' },
    })
    expect(JSON.stringify(made)).not.toContain('argon2')
  })

  it.each([
    ['that is none', 'Bearer nonsense'],
    ['that is no text', { not: 'a text' }],
    ['that is empty, as the official client sends it', ''],
  ])('has no user for a token %s, and that is no error', async (_, authorization) => {
    await using world = await newWorld()
    const made = await accountsGraphQL(world.server).context({ headers: { authorization } })
    expect(made).not.toHaveProperty('user')
    expect(made).not.toHaveProperty('userId')
    expect(world.log.filter(({ level }) => level === 'error')).toEqual([])
  })

  it('of a bad token is worth no line, neither in the log nor on the console', async () => {
    await using world = await newWorld()
    const printed = (['error', 'warn', 'info', 'log'] as const).map(method => vi.spyOn(console, method))
    world.log.length = 0
    await accountsGraphQL(world.server).context({ headers: { authorization: 'Bearer nonsense' } })
    expect([world.log, printed.flatMap(({ mock }) => mock.calls)]).toEqual([[], []])
    vi.restoreAllMocks()
  })

  it('is made from what Apollo Server hands over, and from what Yoga does', async () => {
    await using world = await newWorld()
    const { tokens, user } = await world.loginAs('ada')
    const { context } = accountsGraphQL(world.server)
    const headers = { authorization: `Bearer ${tokens.accessToken}`, 'user-agent': 'Mosaic' }
    const req = { headers, socket: { remoteAddress: '192.0.2.9' } }
    const request = new Request('https://accounts.example/graphql', { headers })
    expect(await context({ req })).toMatchObject({ userId: user.id, ip: '192.0.2.9', userAgent: 'Mosaic' })
    expect(await context({ request })).toMatchObject({ userId: user.id, ip: '', userAgent: 'Mosaic' })
    expect(await context({ req, request })).toMatchObject({ userId: user.id, ip: '192.0.2.9' })
    expect(await context(request)).toMatchObject({ userId: user.id })
  })

  it('of one server names nobody to another, though an id may be the same in both', async () => {
    await using world = await newWorld()
    await using other = await newWorld()
    const { tokens, user } = await world.loginAs('ada')
    await other.loginAs('ada')
    const made = await accountsGraphQL(world.server).context({ headers: { authorization: `Bearer ${tokens.accessToken}` } })
    expect(made.userId).toBe(user.id)
    const { resolvers, typeDefs } = accountsGraphQL(other.server)
    const schema = buildSchema({ typeDefs, resolvers })()
    const asked = await graphql({ schema, source: '{ getUser { id } accountsSessions { id } }', contextValue: { ...made } })
    expect(asked.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' })
    const { data } = await graphql({ schema, source: '{ getUser { id } }', contextValue: { ...made } })
    expect(data).toEqual({ getUser: null })
  })

  it('has empty texts for a call that comes from no request', async () => {
    await using world = await newWorld()
    expect(await accountsGraphQL(world.server).context()).toMatchObject({ userAgent: '', ip: '', infos: { userAgent: '', ip: '' } })
  })

  it('works over a websocket: the token of its parameters stands among the headers of the request that opened it', async () => {
    await using world = await graphqlWorld()
    const { authorization } = await world.bearer('ada')
    const upgrade = { host: 'accounts.example', connection: 'Upgrade', 'sec-websocket-version': '13' }
    expect(await world.ask(WHO, { headers: { ...upgrade, Authorization: authorization } })).toMatchObject({
      data: { getUser: { username: 'ada' } },
    })
    expect(await world.ask(WHO, { headers: { ...upgrade, authorization: undefined } })).toMatchObject({
      data: { getUser: null },
      errors: [],
    })
  })

  it('reads the token from the header that the option headerName names', async () => {
    await using world = await graphqlWorld({ graphql: { headerName: 'X-Accounts' } })
    const { authorization } = await world.bearer('ada')
    expect((await world.ask(WHO, { headers: { 'x-accounts': authorization } })).data).toEqual({ getUser: { username: 'ada' } })
    expect((await world.ask(WHO, { headers: { authorization } })).data).toEqual({ getUser: null })
  })

  it('looks nobody up with excludeAddUserInContext, and still has the token', async () => {
    await using world = await graphqlWorld({ graphql: { excludeAddUserInContext: true } })
    const headers = await world.bearer('ada')
    const made = await world.parts.context({ headers })
    expect(made.authToken).toBe(headers.authorization.slice(7))
    expect(made).not.toHaveProperty('user')
    expect((await world.ask(WHO, { headers })).data).toEqual({ getUser: null })
  })

  it('believes no header about the address but that of a trusted proxy', async () => {
    await using world = await newWorld()
    const request = { headers: { 'x-forwarded-for': '203.0.113.5', 'x-client-ip': '203.0.113.6' }, ip: '10.0.0.1' }
    expect((await accountsGraphQL(world.server).context(request)).ip).toBe('10.0.0.1')
    expect((await accountsGraphQL(world.server, { trustedProxies: ['10.0.0.0/8'] }).context(request)).ip).toBe('203.0.113.5')
  })

  it('can be spread into one of the app', async () => {
    await using world = await graphqlWorld()
    const context = { mine: true, ...(await world.parts.context({ headers: await world.bearer('ada') })) }
    expect((await world.askIn(context, '{ accountsSessions { current } }')).data).toEqual({ accountsSessions: [{ current: true }] })
  })

  it('can be one the app wrote itself: a token and where the call comes from are enough', async () => {
    await using world = await graphqlWorld()
    const { authorization } = await world.bearer('ada')
    const context = { authToken: authorization.slice(7), infos: { ip: '192.0.2.3', userAgent: 'Lynx' } }
    expect((await world.askIn(context, WHO)).data).toEqual({ getUser: { username: 'ada' } })
    // A user whom only the context claims has no session, and so cannot change anything.
    const claimed = await world.askIn({ user: { id: 'x' }, userId: 'x' }, 'mutation { addEmail(newEmail: "x@example.org") }')
    expect(claimed.code).toBe('UNAUTHENTICATED')
  })

  it('rejects, with a code, when the server itself cannot tell who calls', async () => {
    await using world = await newWorld()
    const { tokens } = await world.loginAs('ada')
    const { context } = accountsGraphQL(world.server)
    world.server.accounts.check = async () => {
      throw new Error('the database is gone')
    }
    await expect(context({ headers: { authorization: tokens.accessToken } })).rejects.toMatchObject({
      message: 'Internal server error',
      extensions: { code: 'InternalError' },
    })
    expect(world.log.some(({ level }) => level === 'error')).toBe(true)
  })

  it('acts as the impersonated user for the rest of a request, and as nobody after a logout', async () => {
    const typeDefs = 'extend type Mutation { me: String token: String }'
    const resolvers = {
      Mutation: {
        me: (_: unknown, __: unknown, context: { user?: { username?: string } }) => context.user?.username ?? null,
        token: (_: unknown, __: unknown, context: { authToken?: string }) => context.authToken ?? null,
      },
    }
    await using world = await graphqlWorld({ typeDefs, resolvers, options: { impersonationAuthorize: async () => true } })
    const eve = await world.createUser('eve')
    const headers = await world.bearer('root')
    const { data, errors } = await world.ask(
      `mutation ($accessToken: String!, $userId: String!) {
        before: me
        impersonate(accessToken: $accessToken, impersonated: { userId: $userId }) { authorized tokens { accessToken } user { username } }
        after: me
        token
        logout
        last: me
      }`,
      { headers, variables: { accessToken: headers.authorization.slice(7), userId: eve.id } },
    )
    expect(errors).toEqual([])
    expect(data).toMatchObject({ before: 'root', impersonate: { authorized: true, user: { username: 'eve' } }, after: 'eve', last: null })
    expect(data?.['token']).toBe((data?.['impersonate'] as { tokens?: { accessToken: string } } | undefined)?.tokens?.accessToken)
    expect((await world.ask(WHO, { headers })).data).toEqual({ getUser: { username: 'root' } })
  })
})
