// oxlint-disable oxc/no-async-endpoint-handlers -- Express 5 sees to what they reject with
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import session from 'express-session'
import { expect, onTestFinished, test } from 'vitest'
import { newWorld, PASSWORD } from '../testing/index.ts'
import type { World, WorldOptions } from '../testing/index.ts'
import { AccountsSession } from './express-session.ts'
import type { AccountsSessionOptions, SessionRequest } from './express-session.ts'

const MINUTE = 60_000

interface Site {
  world: World
  accounts: AccountsSession
  /** Sends a request as one browser, which keeps its cookie. */
  visit: (method: string, path: string) => Promise<{ status: number; body: unknown }>
  cookie: () => string
}

async function site(options: AccountsSessionOptions = {}, of: WorldOptions = {}): Promise<Site> {
  const world = await newWorld(of)
  await world.createUser('ada')
  const accounts = new AccountsSession(world.server, options)
  const app = express()
  app.use(session({ secret: 'for tests', resave: false, saveUninitialized: false }), accounts.middleware())
  app.post('/login', async (req, res) => {
    const { tokens } = await world.server.loginWithService('password', { user: { username: 'ada' }, password: PASSWORD }, {})
    await accounts.signIn(req, tokens)
    res.json(null)
  })
  app.post('/logout', async (req, res) => {
    await accounts.destroy(req)
    res.json(null)
  })
  app.post('/renew', async (req, res) => void res.json((await accounts.renew(req)) ?? null))
  app.get('/tokens', (req, res) => void res.json(accounts.get(req) ?? null))
  app.get('/keys', (req, res) => void res.json(Object.keys(req.session)))
  app.get('/', (req, res) => void res.json((req as unknown as Record<string, unknown>)[options.user?.name ?? 'user'] ?? null))
  const server = createServer(app)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
    await world.close()
  })
  let cookie = ''
  return {
    world,
    accounts,
    cookie: () => cookie,
    async visit(method, path) {
      const { port } = server.address() as AddressInfo
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { cookie } })
      cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
      return { status: answer.status, body: await answer.json() }
    },
  }
}

test('a page knows its visitor after a login, and no longer after a logout', async () => {
  const { visit } = await site()
  expect((await visit('GET', '/')).body).toBeNull()
  await visit('POST', '/login')
  const { body } = await visit('GET', '/')
  expect(body).toMatchObject({ username: 'ada' })
  expect(JSON.stringify(body)).not.toMatch(/services|argon2/)
  await visit('POST', '/logout')
  expect((await visit('GET', '/')).body).toBeNull()
})

test('a logout ends the session of the tokens too', async () => {
  const { visit, world } = await site()
  await visit('POST', '/login')
  const { accessToken } = (await visit('GET', '/tokens')).body as { accessToken: string }
  await visit('POST', '/logout')
  await expect(world.server.resumeSession(accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
})

test('tokens are left alone while they are good, and renewed when they are about to expire', async () => {
  const { visit, world } = await site()
  await visit('POST', '/login')
  const first = (await visit('GET', '/tokens')).body
  await visit('GET', '/')
  expect((await visit('GET', '/tokens')).body).toEqual(first)
  world.clock.pass(89 * MINUTE + 40_000)
  await visit('GET', '/')
  const second = (await visit('GET', '/tokens')).body
  expect(second).not.toEqual(first)
  await visit('GET', '/')
  expect((await visit('GET', '/tokens')).body).toEqual(second)
})

test('a session that was ended elsewhere is forgotten, and the request is nobody’s', async () => {
  const { visit, world } = await site()
  await visit('POST', '/login')
  const user = await world.server.accounts.lookUp('ada')
  await world.server.accounts.revoke({ userId: user?.id ?? '' })
  expect(await visit('GET', '/')).toEqual({ status: 200, body: null })
  expect((await visit('GET', '/tokens')).body).toBeNull()
})

test('an access token past its time is renewed on the way', async () => {
  const { visit, world } = await site()
  await visit('POST', '/login')
  world.clock.pass(100 * MINUTE)
  expect((await visit('GET', '/')).body).toMatchObject({ username: 'ada' })
})

test('a login gets a new express session, so that one begun by a stranger is worth nothing', async () => {
  const browser = await site()
  await browser.visit('POST', '/login')
  const before = browser.cookie()
  await browser.visit('POST', '/login')
  expect(browser.cookie()).not.toBe(before)
})

test('names and what stands there are the app’s choice', async () => {
  const resolve = (tokens: { accessToken: string }, _req: SessionRequest, user: { id: string }): object => ({
    id: user.id,
    signed: tokens.accessToken.split('.').length,
  })
  const { visit, world } = await site({ name: 'pair', user: { name: 'visitor', resolve } })
  await visit('POST', '/login')
  const user = await world.server.accounts.lookUp('ada')
  expect((await visit('GET', '/')).body).toEqual({ id: user?.id, signed: 3 })
  expect((await visit('GET', '/keys')).body).toEqual(['cookie', 'pair'])
})

test('unknown options are refused by name', async () => {
  const { world } = await site()
  expect(() => new AccountsSession(world.server, { nam: 'x' } as AccountsSessionOptions)).toThrow(/nam/)
  expect(() => new AccountsSession(world.server, { user: { nme: 'x' } as object })).toThrow(/user\.nme/)
})

test('without express-session in front it says what is missing', async () => {
  const { accounts } = await site()
  const error = await new Promise(resolve => accounts.middleware()({} as SessionRequest, {}, resolve))
  expect(error).toMatchObject({ code: 'InvalidSettings', message: expect.stringContaining('express-session') as string })
})

test('with useStatelessSession and micro it looks up no session, as everywhere else', async () => {
  const resolve = (_tokens: object, _req: SessionRequest, user: object): object => user
  for (const user of [{}, { resolve }]) {
    const stateless = await site({ user }, { options: { useStatelessSession: true } })
    await stateless.visit('POST', '/login')
    const { id = '' } = (await stateless.world.server.accounts.lookUp('ada')) ?? {}
    await stateless.world.server.accounts.revoke({ userId: id })
    expect((await stateless.visit('GET', '/')).body).toMatchObject({ id, username: 'ada' })
    await stateless.world.server.deactivateUser(id)
    expect((await stateless.visit('GET', '/')).body).toBeNull()

    const micro = await site({ user }, { options: { micro: true } })
    await micro.visit('POST', '/login')
    const known = await micro.world.server.accounts.lookUp('ada')
    const { store } = micro.world.server.accounts.core
    store.users.find = () => Promise.reject(new Error('nobody is to be asked'))
    store.sessions.find = () => Promise.reject(new Error('nothing is to be asked'))
    expect((await micro.visit('GET', '/')).body).toEqual({ id: known?.id })
  }
})
