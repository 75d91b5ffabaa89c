import type { AddressInfo } from 'node:net'
import express from 'express'
import { expect, it } from 'vitest'
import { oauthWorld } from '../testing/oauth-world.ts'
import { accountsExpress } from './express.ts'
import type { ExpressOptions } from './express.ts'

/** An Express app with a provider that vouches for whoever the address names. */
async function app(options: ExpressOptions) {
  const world = await oauthWorld({
    providers: {
      plain: { authenticate: async ({ code }: { code?: string }) => (code ? { id: code } : null) },
      web: {
        authenticate: async ({ code }: { code?: string }) => (code ? { id: code } : null),
        authorizationUrl: (state: string) => `https://web.example/?state=${state}`,
      },
    },
  })
  const server = express().use(accountsExpress(world.server, options)).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const base = `http://127.0.0.1:${port}/accounts/oauth`
  return {
    /** A whole visit of a browser that wants its session in a cookie. */
    async inCookie(code: string) {
      const began = await fetch(`${base}/web/start?session=cookie`, { redirect: 'manual' })
      const state = new URL(began.headers.get('location') ?? '').searchParams.get('state')
      const cookie = began.headers.getSetCookie()[0]?.split(';')[0] ?? ''
      return fetch(`${base}/web/callback?state=${state}&code=${code}`, { redirect: 'manual', headers: { cookie } })
    },
    callback: (query: string) => fetch(`http://127.0.0.1:${port}/accounts/oauth/plain/callback${query}`, { redirect: 'manual' }),
    world,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await world.close()
    },
  }
}

it('onOAuthSuccess may answer with Express’s response, and is the only one who answers', async () => {
  const seen: unknown[] = []
  await using made = await app({
    async onOAuthSuccess(req: express.Request, res: express.Response, login) {
      seen.push([req.path, login.user.id.length > 0])
      await Promise.resolve()
      res.cookie('mine', '1').redirect('/welcome')
    },
    transformOAuthResponse: () => seen.push('transformed'),
  })
  for (let time = 0; time < 2; time += 1) {
    const answer = await made.callback('?code=ada')
    expect([answer.status, answer.headers.get('location'), answer.headers.get('set-cookie')]).toEqual([302, '/welcome', 'mine=1; Path=/'])
  }
  expect(seen).toEqual([
    ['/accounts/oauth/plain/callback', true],
    ['/accounts/oauth/plain/callback', true],
  ])
})

it('a session in a cookie comes along, and the mark of its beginning goes, whoever answers', async () => {
  const nameOf = (line: string): string => line.slice(0, line.indexOf('='))
  for (const redirects of [true, false]) {
    await using made = await app({
      onOAuthSuccess(_req: express.Request, res: express.Response) {
        res.cookie('mine', '1')
        if (redirects) res.redirect('/welcome')
      },
    })
    const answer = await made.inCookie('ada')
    expect(answer.headers.get('location')).toBe(redirects ? '/welcome' : made.world.accounts.core.settings.siteUrl)
    const names = answer.headers.getSetCookie().map(nameOf)
    expect(names.toSorted()).toEqual(['mine', ...names.filter(name => name.includes('latchkey'))].toSorted())
    expect(names.filter(name => name.includes('latchkey'))).toHaveLength(2)
  }
})

it('onOAuthSuccess that only looks leaves the usual answer, and transformOAuthResponse words it', async () => {
  const seen: string[] = []
  await using made = await app({ onOAuthSuccess: (_req, _res, login) => void seen.push(login.sessionId) })
  const answer = await made.callback('?code=ada')
  expect(await answer.json()).toMatchObject({ sessionId: seen[0], tokens: { accessToken: expect.any(String) as string } })
  await using worded = await app({ transformOAuthResponse: login => ({ id: login.user.id.length > 0 }) })
  expect(await (await worded.callback('?code=ada')).json()).toEqual({ id: true })
})

it('onOAuthError may answer a refusal', async () => {
  await using made = await app({
    onOAuthError: (_req: express.Request, res: express.Response, error) => res.status(418).send(error.code),
  })
  const answer = await made.callback('')
  expect([answer.status, await answer.text()]).toEqual([418, 'AuthenticationFailed'])
})

it('callbacks that answer and then throw end neither the answer nor the process', async () => {
  await using made = await app({
    onOAuthSuccess(_req: express.Request, res: express.Response) {
      res.redirect('/welcome')
      throw new Error('too late')
    },
  })
  expect((await made.callback('?code=ada')).status).toBe(302)
  expect((await made.callback('?code=ada')).status).toBe(302)
  expect(made.world.log.filter(({ message }) => message.startsWith('an OAuth callback of the app threw'))).toHaveLength(2)
})
