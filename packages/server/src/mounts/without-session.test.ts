/** `micro` and `useStatelessSession`, in every place where an app's own routes and resolvers learn who asks: all look up what `resumeSession` does, and no more. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PublicUser } from '@latchkey/common'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AccountsServer } from '../accounts-server.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { acting, anybody } from '../testing/acting.ts'
import { graphqlWorld } from '../testing/graphql-world.ts'
import { newWorld } from '../testing/index.ts'
import { accountsGraphQL } from '../transports/graphql/index.ts'
import * as forExpress from './express.ts'
import * as forFastify from './fastify.ts'
import * as forFetch from './fetch.ts'
import * as forHono from './hono.ts'
import type { LoadedUser } from './mount.ts'

const SECRET = 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz'

interface Found {
  user?: PublicUser | undefined
  sessionId?: string | undefined
  isImpersonated?: boolean | undefined
}

const found = ({ user, sessionId, isImpersonated }: LoadedUser): Found => ({ user, sessionId, isImpersonated })
const asJson = (loaded: LoadedUser): Found => JSON.parse(JSON.stringify(found(loaded))) as Found

/** Asks an app of that kind whose token it is. */
const HOSTS: Record<string, (server: AccountsServer, token: string) => Promise<Found>> = {
  async Express(server, authorization) {
    const app = express()
    app.get('/me', forExpress.userLoader(server), (req, res) => void res.json(found(req as LoadedUser & typeof req)))
    const listening = createServer(app)
    await new Promise<void>(resolve => listening.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      listening.closeAllConnections()
      await new Promise(resolve => listening.close(resolve))
    })
    const { port } = listening.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}/me`, { headers: { authorization } })
    expect(answer.status).toBe(200)
    return (await answer.json()) as Found
  },
  async Fastify(server, authorization) {
    const app = Fastify()
    onTestFinished(() => app.close())
    const handler = async (request: object): Promise<Found> => found(request as LoadedUser)
    app.route({ method: 'GET', url: '/me', preHandler: forFastify.userLoader(server), handler })
    return (await app.inject({ url: '/me', headers: { authorization } })).json()
  },
  async Hono(server, authorization) {
    const app = new Hono<{ Variables: { accounts: LoadedUser } }>()
    app.get('/me', forHono.userLoader(server), context => context.json(found(context.get('accounts'))))
    return (await (await app.request('/me', { headers: { authorization } })).json()) as Found
  },
  async 'a plain function'(server, authorization) {
    return asJson(await forFetch.userLoader(server)(new Request('http://localhost/me', { headers: { authorization } })))
  },
}

const micro = (clock: { now(): number }): AccountsServer => {
  const store = memoryStore()
  store.open = () => Promise.reject(new Error('there is no database here'))
  return new AccountsServer({ db: store, tokenSecret: SECRET, micro: true, ports: { clock } }, {})
}

describe.each(Object.entries(HOSTS))('userLoader of %s', (_, ask) => {
  test('with micro opens no store: the id, the session and who acts are what the token says', async () => {
    await using keeper = await newWorld({ options: anybody })
    const { admin, login, tokens } = await acting(keeper)
    const server = micro(keeper.clock)
    expect(await ask(server, admin.tokens.accessToken)).toEqual({
      user: { id: admin.user.id },
      sessionId: admin.sessionId,
      isImpersonated: false,
    })
    expect(await ask(server, tokens.accessToken)).toEqual({
      user: { id: login.user.id },
      sessionId: login.session.id,
      isImpersonated: true,
    })
    expect(await ask(server, `${tokens.accessToken}x`)).toEqual({})
  })

  test('with useStatelessSession looks up the user and no session', async () => {
    const store = memoryStore()
    await using world = await newWorld({ store, options: { useStatelessSession: true } })
    const { tokens, sessionId, user } = await world.loginAs('ada')
    await world.server.logout(tokens.accessToken)
    const calls: string[] = []
    for (const name of ['find', 'findByResume', 'list'] as const)
      Object.assign(store.sessions, { [name]: async () => void calls.push(name) })
    expect(await ask(world.server, tokens.accessToken)).toMatchObject({ user: { username: 'ada' }, sessionId, isImpersonated: false })
    await world.server.accounts.deleteUser(user.id)
    expect(await ask(world.server, tokens.accessToken)).toEqual({})
    expect(calls).toEqual([])
  })
})

describe("GraphQL's context", () => {
  const about = '{ getUser { id username } }'

  test('with micro opens no store, and whatever wants the session asks for it', async () => {
    await using keeper = await newWorld()
    const { tokens, user } = await keeper.loginAs('ada')
    const { context } = accountsGraphQL(micro(keeper.clock))
    const headers = { authorization: `Bearer ${tokens.accessToken}` }
    expect(await context({ headers })).toMatchObject({ authToken: tokens.accessToken, user: { id: user.id }, userId: user.id })
    expect(await context({ headers: { authorization: 'x' } })).not.toHaveProperty('user')

    await using world = await graphqlWorld({ options: { micro: true } })
    const own = await world.bearer('grace')
    const { data } = await world.ask(`{ getUser { id username } accountsSessions { current } first: accountsSettings { twoFactor } }`, {
      headers: own,
    })
    expect(data).toMatchObject({ getUser: { id: expect.any(String) as string, username: null }, accountsSessions: [{ current: true }] })
  })

  test('with useStatelessSession has a user whose session ended, who can do nothing', async () => {
    await using world = await graphqlWorld({ options: { useStatelessSession: true } })
    const headers = await world.bearer('ada')
    expect((await world.ask('mutation { endOtherSessions }', { headers })).errors).toEqual([])
    await world.ask('mutation { logout }', { headers })
    expect((await world.ask(about, { headers })).data).toMatchObject({ getUser: { username: 'ada' } })
    for (const deed of ['{ accountsSessions { id } }', 'mutation { endOtherSessions }', 'mutation { addEmail(newEmail: "a@example.org") }'])
      expect((await world.ask(deed, { headers })).code).toBe('UNAUTHENTICATED')
  })

  test('with useStatelessSession looks a session up once, for however many fields, and tells logins which it is', async () => {
    const store = memoryStore()
    await using world = await graphqlWorld({ store, options: { useStatelessSession: true } })
    const headers = await world.bearer('ada')
    const check = world.server.accounts.check.bind(world.server.accounts)
    let checks = 0
    world.server.accounts.check = token => {
      checks += 1
      return check(token)
    }
    await world.ask(about, { headers })
    expect(checks).toBe(0)
    const { errors } = await world.ask('{ one: accountsSessions { id } two: accountsSessions { id } twoFactorStatus { enabled } }', {
      headers,
    })
    expect([errors, checks]).toEqual([[], 1])
    // The offer is for whoever asks: their name stands in the app.
    expect(JSON.stringify((await world.ask('{ twoFactorSecret { otpauth_url } }', { headers })).data)).toContain('ada')
    const sessions: unknown[] = []
    const login = world.server.accounts.login.bind(world.server.accounts)
    world.server.accounts.login = (service, params, origin, mode) => {
      sessions.push(origin.session?.userId)
      return login(service, params, origin, mode)
    }
    await world.ask('mutation { authenticate(serviceName: "password", params: {}) { sessionId } }', { headers })
    expect(sessions).toEqual([(await world.server.accounts.lookUp('ada'))?.id])
  })
})
