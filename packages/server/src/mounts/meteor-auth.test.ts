/** Who calls a route of an app's own, in Express and in a plain function. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { meteorWorld } from '../../testing/meteor-http.ts'
import type { MeteorWorld } from '../../testing/meteor-http.ts'
import { currentInvocation } from '../wire/invocation.ts'
import { createAuthMiddleware, withAuth } from './meteor-http.ts'
import type { AuthedRequest, AuthOptions } from './meteor-http.ts'

type Ask = (headers: Record<string, string>, method?: string) => Promise<Response>
type Host = (world: MeteorWorld, options: AuthOptions) => Promise<Ask>

const HOSTS: Record<string, Host> = {
  async Express({ accounts }, options) {
    const app = express()
    app.use(express.json())
    app.all('/who', createAuthMiddleware(accounts, options), (req, res) => {
      const { userId } = req as AuthedRequest & typeof req
      // Later on, too: whatever was waited for in between.
      setImmediate(() => res.json({ userId, inside: accounts.userId(), transport: currentInvocation()?.transport }))
    })
    const server = createServer(app)
    await new Promise<void>(resolve => {
      server.listen(0, '127.0.0.1', resolve)
    })
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/who`
    return (headers, method = 'GET') => fetch(url, { method, headers })
  },
  async Fetch({ accounts }, options) {
    const answer = withAuth(accounts, options, async (_request, { userId }) => {
      await new Promise(resolve => setImmediate(resolve))
      return Response.json({ userId, inside: accounts.userId(), transport: currentInvocation()?.transport })
    })
    return (headers, method = 'GET') => answer(new Request('http://localhost:3000/who', { method, headers }))
  },
}

describe.each(Object.entries(HOSTS))('createAuthMiddleware in %s', (_name, host) => {
  async function asking(options: AuthOptions = {}, cookies = true) {
    const world = await meteorWorld({ useHttpOnlyCookies: cookies })
    onTestFinished(() => world[Symbol.asyncDispose]())
    const ask = await host(world, options)
    return {
      ...world,
      ask,
      who: async (headers: Record<string, string>, method?: string): Promise<unknown> => (await ask(headers, method)).json(),
    }
  }
  const signedIn = (userId: string) => ({ userId, inside: userId, transport: 'http' })
  const NOBODY = { userId: null, inside: null, transport: 'http' }

  test('knows the user by a login token in the header, and userId() works inside', async () => {
    const { who, token, adaId } = await asking()
    expect(await who({ authorization: `Bearer ${await token()}` })).toEqual(signedIn(adaId))
  })

  test('knows the user by an access token, too', async () => {
    const { who, accounts, adaId } = await asking()
    const { tokens } = await accounts.accounts.loginTrusted(adaId)
    expect(await who({ authorization: `Bearer ${tokens?.accessToken}` })).toEqual(signedIn(adaId))
  })

  test('knows the user by the login cookie, while it is kept', async () => {
    const { who, token, adaId, accounts } = await asking()
    const cookie = `other=1; meteor_login_token=${await token()}`
    expect(await who({ cookie })).toEqual(signedIn(adaId))
    accounts.config({ useHttpOnlyCookies: false })
    expect(await who({ cookie })).toEqual(NOBODY)
  })

  test('knows the user by the cookie of a session that was opened over REST', async () => {
    const { who, token, adaId } = await asking({}, false)
    expect(await who({ cookie: `latchkey-3000=${await token()}` })).toEqual(signedIn(adaId))
  })

  test('believes a cookie for what may change something only from a page of our own', async () => {
    const { who, token, adaId } = await asking()
    const cookie = `meteor_login_token=${await token()}`
    expect(await who({ cookie }, 'POST')).toEqual(NOBODY)
    expect(await who({ cookie, origin: 'https://evil.example' }, 'POST')).toEqual(NOBODY)
    expect(await who({ cookie, origin: 'http://localhost:3000' }, 'POST')).toEqual(signedIn(adaId))
  })

  test('judges a request with a token by that token alone', async () => {
    const { who, token } = await asking()
    expect(await who({ authorization: 'Bearer nonsense', cookie: `meteor_login_token=${await token()}` })).toEqual(NOBODY)
  })

  test('knows nobody once the session is over', async () => {
    const { who, token, accounts, adaId } = await asking()
    const authorization = `Bearer ${await token()}`
    await accounts.accounts.revoke({ userId: adaId })
    expect(await who({ authorization })).toEqual(NOBODY)
  })

  test('required: answers 401 with an error when nobody is signed in', async () => {
    const { ask, token, who, adaId } = await asking({ required: true })
    const answer = await ask({})
    expect([answer.status, await answer.json()]).toEqual([401, { error: 'unauthorized' }])
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    expect(await who({ authorization: `Bearer ${await token()}` })).toEqual(signedIn(adaId))
  })

  test('refuses unknown options by name', async () => {
    const { accounts } = await asking()
    expect(() => createAuthMiddleware(accounts, { require: true } as object)).toThrow(
      'Unknown option "require" of createAuthMiddleware. Did you mean "required"?',
    )
    expect(() => createAuthMiddleware(accounts, { required: 'yes' } as object)).toThrow('required must be true or false')
  })
})
