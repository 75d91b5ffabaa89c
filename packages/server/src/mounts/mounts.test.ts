/** The same story in each host: Express, Fastify, Hono and a plain function. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { LoginResult } from '@latchkey/common'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { describe, expect, onTestFinished, test } from 'vitest'
import { newWorld, PASSWORD } from '../testing/index.ts'
import type { World } from '../testing/index.ts'
import * as forExpress from './express.ts'
import * as forFastify from './fastify.ts'
import * as forFetch from './fetch.ts'
import * as forHono from './hono.ts'
import type { LoadedUser, MountOptions } from './mount.ts'

/** An app with our routes, `GET /me` and `POST /me` of its own, and one of its own below our path. */
type App = (world: World, options: MountOptions) => Promise<string>

const nameOf = ({ user, userId, isImpersonated, infos }: LoadedUser): object => ({
  name: user?.username ?? null,
  sameId: user?.id === userId,
  isImpersonated: isImpersonated ?? null,
  ip: infos.ip,
})

function expressApp(before: (app: express.Express) => void): App {
  return async ({ server }, options) => {
    const app = express()
    before(app)
    app.use(forExpress.accountsExpress(server, options))
    app.all('/me', forExpress.userLoader(server, options), (req, res) => void res.json(nameOf(req as LoadedUser & typeof req)))
    app.get('/accounts/mine', (_req, res) => void res.json('the app'))
    return listen(app)
  }
}

const APPS: Record<string, App> = {
  'Express with a body parser': expressApp(app => void app.use(express.json())),
  'Express without one': expressApp(() => {}),
  async Fastify({ server }, options) {
    const app = Fastify()
    await app.register(forFastify.accountsFastify(server, options))
    app.route({
      method: ['GET', 'POST'],
      url: '/me',
      preHandler: forFastify.userLoader(server, options),
      handler: async request => nameOf(request as LoadedUser & typeof request),
    })
    app.get('/accounts/mine', async (_request, reply) => reply.type('application/json').send('"the app"'))
    onTestFinished(() => app.close())
    return app.listen({ port: 0, host: '127.0.0.1' })
  },
  async Hono({ server }, options) {
    const app = new Hono<{ Variables: { accounts: LoadedUser } }>()
    app.use(forHono.accountsHono(server, options))
    app.on(['GET', 'POST'], '/me', forHono.userLoader(server, options), context => context.json(nameOf(context.get('accounts'))))
    app.get('/accounts/mine', context => context.json('the app'))
    return listenFetch((request, incoming) => app.fetch(request, { incoming }))
  },
  async 'a plain function'({ server }, options) {
    const accounts = forFetch.accountsFetch(server, options)
    const load = forFetch.userLoader(server, options)
    return listenFetch(async (request, incoming) => {
      const peer = { ip: incoming.socket.remoteAddress ?? '' }
      if (accounts.has(request)) return accounts(request, peer)
      const { pathname } = new URL(request.url)
      if (pathname === '/me') return Response.json(nameOf(await load(request, peer)))
      return pathname === '/accounts/mine' ? Response.json('the app') : new Response('nothing here', { status: 404 })
    })
  },
}

describe.each(Object.entries(APPS))('%s', (_name, appOf) => {
  async function setUp(options: MountOptions = {}): Promise<{ world: World; url: string }> {
    const world = await newWorld({ options: { enableAutologin: true } })
    onTestFinished(() => world.close())
    return { world, url: await appOf(world, options) }
  }

  test('tells accounts-js’s story, and the app’s own routes know the user', async () => {
    const { world, url } = await setUp()
    await world.createUser('ada')
    const login = await post(url, '/accounts/password/authenticate', { user: { username: 'ada' }, password: PASSWORD })
    expect(login).toMatchObject({ status: 200, body: { user: { username: 'ada' }, tokens: { accessToken: expect.any(String) as string } } })
    const { accessToken, refreshToken } = (login.body as LoginResult).tokens
    const bearer = { authorization: `Bearer ${accessToken}` }

    expect((await get(url, '/accounts/user', bearer)).body).toMatchObject({ username: 'ada' })
    expect((await get(url, '/me', bearer)).body).toEqual({ name: 'ada', sameId: true, isImpersonated: false, ip: '127.0.0.1' })
    const next = await post(url, '/accounts/refreshTokens', { accessToken, refreshToken })
    expect(next).toMatchObject({ status: 200, body: { infos: { ip: '127.0.0.1' } } })
    expect(await post(url, '/accounts/logout', {}, bearer)).toMatchObject({ status: 200, body: null })
    expect((await get(url, '/me', bearer)).body).toMatchObject({ name: null })
  })

  test('refuses what is wrong in accounts-js’s words', async () => {
    const { url } = await setUp()
    expect(await post(url, '/accounts/password/authenticate', { user: 'nobody', password: PASSWORD })).toMatchObject({
      status: 400,
      body: { message: 'Invalid credentials', code: 'InvalidCredentials' },
    })
    expect(await post(url, '/accounts/password/changePassword', { oldPassword: 'a', newPassword: 'b' })).toMatchObject({ status: 401 })
  })

  test('a body nested beyond measure is a bad request, whoever parsed it', async () => {
    const { world, url } = await setUp()
    const body = `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/accounts/password/authenticate`, { method: 'POST', headers, body })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ code: 'InvalidInput' })
    expect(world.log.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('leaves to the app what is no route of ours, also below our path', async () => {
    const { url } = await setUp()
    expect((await get(url, '/accounts/mine')).body).toBe('the app')
    expect((await get(url, '/accounts/nothing')).status).toBe(404)
    expect((await get(url, '/healthz')).status).toBe(404)
  })

  test('answers for its health when told to', async ({ skip }) => {
    const { url } = await setUp({ health: true })
    // A plugin answers below its own path only.
    skip(_name === 'Fastify')
    expect((await get(url, '/healthz')).body).toEqual({ status: 'ok' })
  })

  test('a browser’s cookie counts at the app’s own routes, but not when a stranger’s page sends it', async () => {
    const { world, url } = await setUp()
    await world.createUser('ada')
    const page = { origin: url, 'x-latchkey-session': 'cookie' }
    const login = await post(url, '/accounts/password/authenticate', { user: { username: 'ada' }, password: PASSWORD }, page)
    const cookie = login.cookies.map(one => one.slice(0, one.indexOf(';'))).join('; ')
    expect(login.cookies).toHaveLength(2)

    expect((await get(url, '/me', { cookie })).body).toMatchObject({ name: 'ada' })
    // A proxy in front may ask for a password of its own.
    expect((await get(url, '/me', { cookie, authorization: 'Basic c3RhZ2luZzpzZWNyZXQ=' })).body).toMatchObject({ name: 'ada' })
    expect((await post(url, '/me', {}, { cookie, origin: url })).body).toMatchObject({ name: 'ada' })
    expect((await post(url, '/me', {}, { cookie, origin: 'https://evil.example' })).body).toMatchObject({ name: null })
  })

  test('believes a proxy only when told to, at the app’s routes too', async () => {
    const forwarded = { 'x-forwarded-for': '203.0.113.7' }
    const { url } = await setUp()
    expect((await get(url, '/me', forwarded)).body).toMatchObject({ ip: '127.0.0.1' })
    const { url: behind } = await setUp({ trustedProxies: 1 })
    expect((await get(behind, '/me', forwarded)).body).toMatchObject({ ip: '203.0.113.7' })
  })

  test.each([
    ['broken JSON', '{"user":', 400],
    ['a list', '[]', 400],
    ['a prototype', '{"__proto__":{"admin":true},"user":"ada","password":"x"}', 400],
    ['70,000 bytes', JSON.stringify({ user: 'x'.repeat(70_000), password: 'x' }), 413],
  ])('survives %s', async (_what, body, status) => {
    const { url } = await setUp()
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/accounts/password/authenticate`, { method: 'POST', headers, body })
    // A body parser in front has its own, larger limit, and its own words.
    expect(_name === 'Express with a body parser' ? [400, 413] : [status]).toContain(answer.status)
    expect((await post(url, '/accounts/user', { accessToken: {} })).status).toBe(400)
    expect((await get(url, '/me')).status).toBe(200)
  })

  test('refuses an unknown option by name', async () => {
    const world = await newWorld()
    onTestFinished(() => world.close())
    const wrong = { pathh: '/x' } as MountOptions
    for (const mount of [forExpress.accountsExpress, forFastify.accountsFastify, forHono.accountsHono, forFetch.accountsFetch])
      expect(() => mount(world.server, wrong)).toThrow(/pathh/)
  })
})

test('what an app’s answers vary by, ours in Express vary by too', async () => {
  const world = await newWorld()
  onTestFinished(() => world.close())
  const app = express()
  app.use((_req, res, next) => {
    res.vary('accept-encoding')
    next()
  })
  app.use(forExpress.accountsExpress(world.server))
  const answer = await fetch(`${await listen(app)}/accounts/user`)
  expect(answer.headers.get('vary')?.toLowerCase().split(/, */)).toEqual(expect.arrayContaining(['accept-encoding', 'origin']))
})

describe('below a mount point', () => {
  test('Express hands on what is left of the address', async () => {
    const world = await newWorld()
    onTestFinished(() => world.close())
    const app = express()
    app.use('/api', forExpress.accountsExpress(world.server, { path: '/' }))
    const url = await listen(app)
    expect(await get(url, '/api/user')).toMatchObject({ status: 200, body: null })
    expect((await get(url, '/user')).status).toBe(404)
  })

  test('Fastify’s prefix goes before the path', async () => {
    const world = await newWorld()
    const app = Fastify()
    onTestFinished(async () => {
      await app.close()
      await world.close()
    })
    await app.register(forFastify.accountsFastify(world.server), { prefix: '/api' })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    expect(await get(url, '/api/accounts/user')).toMatchObject({ status: 200, body: null })
    expect((await get(url, '/accounts/user')).status).toBe(404)
  })
})

describe('userLoader of Express', () => {
  /** An app that answers what the loader put on the request. */
  async function setUp(): Promise<{ world: World; url: string; accessToken: string }> {
    const world = await newWorld()
    onTestFinished(() => world.close())
    const app = express()
    app.use(express.json())
    app.all('/me', forExpress.userLoader(world.server), (req, res) => {
      const { authToken = null, user = null, userId = null, infos } = req as LoadedUser & typeof req
      res.json({ authToken, user, userId, infos })
    })
    const { tokens } = await world.loginAs('ada')
    return { world, url: await listen(app), accessToken: tokens.accessToken }
  }

  test('tells the token that came along, good or not, and refuses nobody', async () => {
    const { url, accessToken } = await setUp()
    for (const authorization of [accessToken, `Bearer ${accessToken}`])
      expect(await get(url, '/me', { authorization })).toMatchObject({
        status: 200,
        body: { authToken: accessToken, user: { username: 'ada' } },
      })
    expect(await get(url, '/me', { authorization: 'Bearer x' })).toMatchObject({
      status: 200,
      body: { authToken: 'x', user: null, userId: null },
    })
    expect(await get(url, '/me')).toMatchObject({ status: 200, body: { authToken: null, user: null, userId: null } })
  })

  test('takes the token from a parsed body where no header and no cookie says who it is', async () => {
    const { world, url, accessToken } = await setUp()
    expect((await post(url, '/me', { accessToken })).body).toMatchObject({ authToken: accessToken, user: { username: 'ada' } })
    expect((await post(url, '/me', { accessToken }, { authorization: '' })).body).toMatchObject({ user: { username: 'ada' } })
    const eve = (await world.loginAs('eve')).tokens.accessToken
    expect((await post(url, '/me', { accessToken }, { authorization: eve })).body).toMatchObject({ user: { username: 'eve' } })
    expect((await post(url, '/me', { accessToken }, { cookie: 'a=b' })).body).toMatchObject({ user: null })
    for (const odd of [{}, ['x'], 5, null])
      expect(await post(url, '/me', { accessToken: odd })).toMatchObject({ status: 200, body: { user: null } })
  })

  test('sanitises the user, and tells how the request came', async () => {
    const { url, accessToken } = await setUp()
    const { body } = await get(url, '/me', { authorization: accessToken, 'user-agent': 'Moz/1', 'x-ucbrowser-ua': 'Phone/2' })
    expect(body).toMatchObject({ infos: { ip: '127.0.0.1', userAgent: 'Phone/2' } })
    expect((await get(url, '/me', { 'user-agent': 'Moz/1' })).body).toMatchObject({ infos: { userAgent: 'Moz/1' } })
    expect(Object.keys((body as { user: object }).user).toSorted()).toEqual([
      'createdAt',
      'deactivated',
      'emails',
      'id',
      'updatedAt',
      'username',
    ])
  })
})

test('a store that does not answer is the app’s error, not a visitor who is signed out', async () => {
  const world = await newWorld()
  onTestFinished(() => world.close())
  const { tokens } = await world.loginAs('ada')
  world.server.accounts.check = () => Promise.reject(new Error('the database is gone'))
  const app = express()
  app.get('/me', forExpress.userLoader(world.server), (_req, res) => void res.json('reached'))
  const failed: express.ErrorRequestHandler = (error: Error, _req, res, _next) => void res.status(500).json(error.message)
  app.use(failed)
  const url = await listen(app)
  expect(await get(url, '/me', { authorization: `Bearer ${tokens.accessToken}` })).toMatchObject({
    status: 500,
    body: 'the database is gone',
  })
})

// --------------------------------------------------------------------------------------------------------------------- hosts and callers

async function listen(listener: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

type Incoming = Parameters<NonNullable<Parameters<typeof createServer>[1]>>[0]

/** The least that turns `node:http` into Fetch, as hosts of that kind do. */
function listenFetch(handler: (request: Request, incoming: Incoming) => Response | Promise<Response>): Promise<string> {
  return listen((req, res) => {
    const hasBody = req.method !== 'GET' && req.method !== 'HEAD'
    const init = {
      method: req.method ?? 'GET',
      headers: new Headers(Object.entries(req.headers).map(([key, value]) => [key, String(value)] as [string, string])),
      ...(hasBody ? { body: Readable.toWeb(req) as ReadableStream<Uint8Array>, duplex: 'half' } : {}),
    } as RequestInit
    void answer(new Request(`http://${req.headers.host}${req.url}`, init))

    async function answer(request: Request): Promise<void> {
      const response = await handler(request, req)
      const cookies = response.headers.getSetCookie()
      res.writeHead(response.status, { ...Object.fromEntries(response.headers), ...(cookies.length > 0 ? { 'set-cookie': cookies } : {}) })
      res.end(await response.text())
    }
  })
}

interface Answer {
  status: number
  body: unknown
  cookies: string[]
}

async function read(answer: Response): Promise<Answer> {
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json') === true
  return { status: answer.status, body: isJson ? (JSON.parse(text) as unknown) : text, cookies: answer.headers.getSetCookie() }
}

const get = async (url: string, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  read(await fetch(url + path, { headers }))

const post = async (url: string, path: string, json: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  read(await fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(json) }))
