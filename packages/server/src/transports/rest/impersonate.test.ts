import type { SessionInfo } from '@latchkey/common'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { restWorld } from '../../testing/rest-world.ts'
import { impersonationResult } from './schemas.ts'

const anybody = { impersonationAuthorize: () => true }

describe('impersonating over REST', () => {
  it('answers as accounts-js does, and the tokens are those of the target', async () => {
    await using world = await restWorld({ options: anybody })
    const { accessToken } = (await world.loginAs('admin')).tokens
    const { id } = await world.createUser('ada')
    for (const impersonated of [{ userId: id }, { username: 'ada' }, { email: 'ada@example.org' }, { userId: id, username: null }]) {
      const { status, body } = await world.post('/accounts/impersonate', { accessToken, impersonated })
      expect(status).toBe(200)
      expect(v.parse(impersonationResult, body)).toEqual(body)
      expect(body).toMatchObject({ authorized: true, user: { id, username: 'ada' } })
      const headers = { authorization: `Bearer ${body.tokens.accessToken}` }
      expect((await world.get('/accounts/user', headers)).body.id).toBe(id)
      const refreshed = await world.post('/accounts/refreshTokens', body.tokens)
      expect(refreshed.body.user.id).toBe(id)
      const sessions = await world.get<SessionInfo[]>('/accounts/sessions', headers)
      expect(sessions.body.find(({ current }) => current)?.impersonated).toBe(true)
      expect((await world.post('/accounts/logout', {}, headers)).status).toBe(200)
    }
    expect((await world.get('/accounts/user', { authorization: accessToken })).body.username).toBe('admin')
  })

  it('says no with 200 and nothing more, whoever is asked for', async () => {
    await using world = await restWorld()
    const { accessToken } = (await world.loginAs('admin')).tokens
    await world.createUser('ada')
    for (const impersonated of [{ username: 'ada' }, { username: 'nobody' }, { userId: 'x' }]) {
      const { status, text } = await world.post('/accounts/impersonate', { accessToken, impersonated })
      expect([status, text]).toEqual([200, '{"authorized":false}'])
    }
  })

  it('names the field that is missing', async () => {
    await using world = await restWorld({ options: anybody })
    const { accessToken } = (await world.loginAs('admin')).tokens
    const cases: [body: object, code: string, field: string][] = [
      [{}, 'InvalidToken', 'accessToken'],
      [{ accessToken }, 'InvalidInput', 'impersonated'],
      [{ accessToken, impersonated: {} }, 'InvalidInput', 'impersonated'],
      [{ accessToken, impersonated: { userid: 'x' } }, 'InvalidInput', 'impersonated'],
      [{ accessToken, impersonated: { userId: 5 } }, 'InvalidInput', 'impersonated.userId'],
    ]
    for (const [json, code, field] of cases) {
      const { status, body } = await world.post('/accounts/impersonate', json)
      expect([status, body.code, body.details]).toEqual([400, code, { field }])
    }
  })

  it('goes by the token in the body alone: neither header nor cookie is looked at, and no cookie is set', async () => {
    await using world = await restWorld({ options: anybody })
    const admin = await world.loginAs('admin')
    await world.createUser('ada')
    const impersonated = { username: 'ada' }
    for (const headers of [await world.bearer('admin'), await world.browser('admin')])
      expect((await world.post('/accounts/impersonate', { impersonated }, headers)).body.code).toBe('InvalidToken')
    const browser = { ...(await world.browser('grace')), 'x-latchkey-session': 'cookie' }
    const { body, cookies } = await world.post('/accounts/impersonate', { accessToken: admin.tokens.accessToken, impersonated }, browser)
    expect([body.authorized, cookies]).toEqual([true, []])
    expect((await world.get('/accounts/user', browser)).body.username).toBe('grace')
  })
})

describe('who is signed in', () => {
  it('is told with useStatelessSession until the token expires, while every deed asks for the session', async () => {
    await using world = await restWorld({ options: { useStatelessSession: true } })
    const headers = await world.bearer('ada')
    await world.post('/accounts/logout', {}, headers)
    expect((await world.get('/accounts/user', headers)).body.username).toBe('ada')
    expect((await world.post('/accounts/user', {}, headers)).body.username).toBe('ada')
    expect((await world.get('/accounts/sessions', headers)).status).toBe(401)
  })

  it('is only an id with micro', async () => {
    await using world = await restWorld({ options: { micro: true } })
    const headers = await world.bearer('ada')
    const { id } = (await world.server.accounts.lookUp('ada')) ?? {}
    expect((await world.get('/accounts/user', headers)).body).toEqual({ id })
    // So it is for the app's own routes.
    const call = { method: 'GET', url: '/', headers, ip: '', encrypted: false, body: async () => Buffer.alloc(0) }
    expect(await world.rest.identify(call)).toMatchObject({ who: undefined, user: { id } })
    expect(await world.rest.identify({ ...call, headers: { authorization: 'x' } })).toMatchObject({ who: null, user: null })
  })
})
