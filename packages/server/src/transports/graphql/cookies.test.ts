import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSchema, createYoga } from 'graphql-yoga'
import { describe, expect, it } from 'vitest'
import { graphqlWorld } from '../../testing/graphql-world.ts'
import type { GraphQLSending, GraphQLWorld } from '../../testing/graphql-world.ts'
import { PASSWORD } from '../../testing/index.ts'
import type { AccountsContext } from './index.ts'

const LOGIN = `mutation ($params: AuthenticateParamsInput!) {
  authenticate(serviceName: "password", params: $params) { sessionId tokens { accessToken } user { username } }
}`
const variables = { params: { user: { username: 'ada' }, password: PASSWORD } }
const OWN = { host: 'accounts.example', origin: 'http://accounts.example' }
const STRANGER = { host: 'accounts.example', origin: 'https://evil.example' }
const WHO = '{ getUser { username } }'

/** A browser: keeps cookies, and sends them with whatever page asks. */
function browser(world: GraphQLWorld) {
  const jar = new Map<string, string>()
  const setCookie = (line: string): void => {
    const [, name = '', value = '', life = ''] = /^([^=]+)=([^;]*);.*Max-Age=(\d+)/.exec(line) ?? []
    if (life === '0') jar.delete(name)
    else jar.set(name, value)
  }
  const ask = (query: string, headers: Record<string, string>, sending: GraphQLSending = {}) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    return world.ask(query, { ...sending, headers: { ...headers, cookie }, setCookie })
  }
  return { jar, ask, login: () => ask(LOGIN, { ...OWN, 'x-latchkey-session': 'cookie' }, { variables }) }
}

describe('a session in a cookie', () => {
  it('is opened for a page of our own, which never sees a token, and proves who calls', async () => {
    await using world = await graphqlWorld()
    await world.createUser('ada')
    const { ask, login, jar } = browser(world)
    const { data, errors } = await login()
    expect(errors).toEqual([])
    expect(data).toMatchObject({ authenticate: { tokens: null, user: { username: 'ada' } } })
    expect([...jar.keys()].toSorted()).toEqual(['latchkey-3000', 'latchkey.device-3000'])
    expect((await ask(WHO, OWN)).data).toEqual({ getUser: { username: 'ada' } })
    expect((await ask('mutation { addEmail(newEmail: "two@example.org") }', OWN)).errors).toEqual([])
  })

  it("is nothing to a stranger's page, be it to read or to change, nor to a websocket that it opens", async () => {
    await using world = await graphqlWorld()
    await world.createUser('ada')
    const { ask, login } = browser(world)
    await login()
    for (const page of [
      STRANGER,
      { host: OWN.host, origin: 'null' },
      { host: OWN.host, 'sec-fetch-site': 'cross-site' },
      { host: OWN.host },
    ]) {
      expect((await ask(WHO, page)).data).toEqual({ getUser: null })
      expect((await ask('mutation { addEmail(newEmail: "evil@example.org") }', page)).code).toBe('UNAUTHENTICATED')
      expect((await ask('mutation { logout }', page)).errors).toEqual([])
    }
    expect((await ask(WHO, OWN)).data).toEqual({ getUser: { username: 'ada' } })
  })

  it('is something to a page of a listed origin', async () => {
    await using world = await graphqlWorld({ graphql: { cors: { origins: ['https://app.example'] } } })
    await world.createUser('ada')
    const { ask, login } = browser(world)
    await login()
    expect((await ask(WHO, { host: OWN.host, origin: 'https://app.example' })).data).toEqual({ getUser: { username: 'ada' } })
  })

  it('is not opened for other pages, and not where no cookie can be set', async () => {
    await using world = await graphqlWorld()
    await world.createUser('ada')
    const { ask, jar } = browser(world)
    const asked = await ask(LOGIN, { ...STRANGER, 'x-latchkey-session': 'cookie' }, { variables })
    expect(asked.code).toBe('OriginNotAllowed')
    expect(jar.size).toBe(0)
    const without = await world.ask(LOGIN, { variables, headers: { ...OWN, 'x-latchkey-session': 'cookie' } })
    expect(without.errors).toMatchObject([{ message: 'This endpoint keeps no sessions in cookies', extensions: { code: 'InvalidInput' } }])
    const other = await ask(LOGIN, { ...OWN, 'x-latchkey-session': 'jar' }, { variables })
    expect(other.code).toBe('InvalidInput')
  })

  it('gives way to a token that was sent on purpose, even to one that is not good', async () => {
    await using world = await graphqlWorld()
    await world.createUser('ada')
    const { ask, login } = browser(world)
    await login()
    expect((await ask(WHO, { ...OWN, authorization: 'Bearer nonsense' })).data).toEqual({ getUser: null })
  })

  it('ends with logout, and its cookie goes, also when it was over already', async () => {
    await using world = await graphqlWorld()
    const { id } = await world.createUser('ada')
    const { ask, login, jar } = browser(world)
    await login()
    expect((await ask('mutation { logout }', OWN)).data).toEqual({ logout: null })
    expect(jar.has('latchkey-3000')).toBe(false)
    await login()
    await world.server.accounts.revoke({ userId: id })
    expect((await ask('mutation { logout }', OWN)).code).toBe('InvalidSession')
    expect(jar.has('latchkey-3000')).toBe(false)
  })

  it('takes the place of the one before, which ends', async () => {
    await using world = await graphqlWorld()
    const { id } = await world.createUser('ada')
    const { login } = browser(world)
    await login()
    await login()
    expect(await world.server.accounts.userSessions(id)).toHaveLength(1)
  })

  it('ends no session that it does not take the place of: a login for tokens, or beside a token', async () => {
    await using world = await graphqlWorld()
    const { id } = await world.createUser('ada')
    const { ask, login } = browser(world)
    await login()
    const { data } = await ask(LOGIN, OWN, { variables })
    // What was answered is looked at above.
    const { tokens } = (data as { authenticate: { tokens: { accessToken: string } } }).authenticate
    await ask(LOGIN, { ...OWN, 'x-latchkey-session': 'cookie', authorization: `Bearer ${tokens.accessToken}` }, { variables })
    expect(await world.server.accounts.userSessions(id)).toHaveLength(3)
  })
})

it('cookies are set through the response that Yoga and Apollo Server hand over', async () => {
  await using world = await graphqlWorld()
  await world.createUser('ada')
  const { typeDefs, resolvers, context } = world.parts
  const yoga = createYoga({ schema: createSchema<AccountsContext>({ typeDefs, resolvers }), context, logging: false })
  const server = createServer((req, res) => void yoga(req, res))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-latchkey-session': 'cookie', origin: url },
      body: JSON.stringify({ query: LOGIN, variables }),
    })
    expect(await response.json()).toMatchObject({ data: { authenticate: { tokens: null } } })
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^latchkey-3000=/),
      expect.stringMatching(/^latchkey\.device-3000=/),
    ])
  } finally {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
})
