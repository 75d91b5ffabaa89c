import { describe, expect, it } from 'vitest'
import { PASSWORD } from '../../testing/index.ts'
import { restWorld } from '../../testing/rest-world.ts'

const SITE = 'http://app.example'
const ask = (method: string, path: string, { body, headers = {} }: { body?: BodyInit; headers?: Record<string, string> } = {}): Request =>
  new Request(`${SITE}${path}`, { method, headers, ...(body === undefined ? {} : { body, duplex: 'half' }) })
const login = JSON.stringify({ user: 'ada', password: PASSWORD })
const json = { 'content-type': 'application/json' }

describe('over Fetch', () => {
  it('answers what it answers over node:http', async () => {
    await using world = await restWorld()
    const headers = await world.bearer('ada')
    for (const [method, path] of [
      ['GET', '/accounts/user'],
      ['GET', '/accounts/sessions'],
      ['HEAD', '/accounts/user'],
      ['OPTIONS', '/accounts/user'],
      ['GET', '/nope'],
      ['PUT', '/accounts/user'],
      ['GET', '/readyz'],
    ] as const) {
      const overNode = await world.send(method, path, { headers })
      const overFetch = await world.rest.fetch(ask(method, path, { headers }))
      expect([path, overFetch.status, await overFetch.text()]).toEqual([path, overNode.status, overNode.text])
      const ours = [...overFetch.headers].filter(([name]) => name !== 'x-request-id')
      expect(Object.fromEntries(overNode.headers)).toMatchObject(Object.fromEntries(ours))
    }
  })

  it('signs in by cookie, and hands out both cookies', async () => {
    await using world = await restWorld()
    await world.createUser('ada')
    const headers = { ...json, origin: SITE, 'x-latchkey-session': 'cookie' }
    const response = await world.rest.fetch(ask('POST', '/accounts/password/authenticate', { body: login, headers }), { ip: '203.0.113.9' })
    const cookies = response.headers.getSetCookie()
    expect([response.status, cookies.length]).toEqual([200, 2])
    const cookie = cookies.map(one => one.split(';')[0]).join('; ')
    const mine = await world.rest.fetch(ask('GET', '/accounts/sessions', { headers: { cookie } }))
    expect(await mine.json()).toMatchObject([{ ip: '203.0.113.9', current: true }])
  })

  it('takes the scheme from the address, and whatever else a host passes beside the request for nothing', async () => {
    await using world = await restWorld()
    await world.createUser('ada')
    const headers = { ...json, origin: 'https://app.example', 'x-latchkey-session': 'cookie' }
    const request = new Request('https://app.example/accounts/password/authenticate', { method: 'POST', body: login, headers })
    const response = await world.rest.fetch(request, { ip: (): string => 'not an address' } as object)
    expect(response.headers.getSetCookie()[0]).toMatch(/^__Host-latchkey-3000=.*; Secure$/)
  })

  it('reads no more of a body than it may, and survives one that breaks off', async () => {
    await using world = await restWorld()
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>({
      pull: controller => {
        pulled += 1
        controller.enqueue(new Uint8Array(1024).fill(32))
      },
    })
    const tooLong = await world.rest.fetch(ask('POST', '/accounts/user', { body: endless, headers: json }))
    expect([tooLong.status, await tooLong.json()]).toEqual([413, { message: 'The request body is too large', code: 'PayloadTooLarge' }])
    expect(pulled).toBeLessThan(80)
    const broken = new ReadableStream<Uint8Array>({ pull: controller => controller.error(new Error('gone')) })
    expect((await world.rest.fetch(ask('POST', '/accounts/user', { body: broken, headers: json }))).status).toBe(400)
  })
})
