import { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import type { Store } from '../../core/store.ts'
import type { Strategy } from '../../core/strategy.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { restWorld } from '../../testing/rest-world.ts'
import type { RestWorld } from '../../testing/rest-world.ts'

const INTERNAL = { message: 'Internal server error', code: 'InternalError' }
const SECRET_DETAIL = 'connect ECONNREFUSED db.internal:5432 password=hunter2'

/** A store whose database goes away when told to. */
function frailStore(): { store: Store; breakDown: () => void } {
  let broken = false
  const fail = (): never => {
    throw Object.assign(new Error(SECRET_DETAIL), { code: '23505' })
  }
  const frail = <T extends object>(part: T): T =>
    new Proxy(part, {
      get: (target, key, receiver) => {
        const value: unknown = Reflect.get(target, key, receiver)
        return broken && typeof value === 'function' ? async () => fail() : value
      },
    })
  const { bus: _bus, ...store } = memoryStore()
  const parts = {
    users: frail(store.users),
    sessions: frail(store.sessions),
    tokens: frail(store.tokens),
    attempts: frail(store.attempts),
    audit: frail(store.audit),
  }
  const ping = async (): Promise<void> => (broken ? fail() : undefined)
  // Without a bus nothing is cached, so every check asks the store.
  return { store: { ...store, ...parts, ping }, breakDown: () => void (broken = true) }
}

const failures = (world: RestWorld): object[] =>
  world.log.filter(({ message }) => message === 'a request failed').map(({ fields }) => fields)

describe('a failure of ours', () => {
  it('is answered with 500 and nothing else, and written down once, under an id that the answer names', async () => {
    const { store, breakDown } = frailStore()
    await using world = await restWorld({ store })
    breakDown()
    const { status, body, text, headers } = await world.post('/accounts/password/verifyEmail', { token: 'x' })
    expect([status, body]).toEqual([500, INTERNAL])
    expect(text + JSON.stringify([...headers])).not.toMatch(/hunter2|db\.internal|23505|at .*\.ts/)
    const written = failures(world)
    expect(written).toHaveLength(1)
    expect(written[0]).toMatchObject({ method: 'POST', route: '/accounts/password/verifyEmail', request: headers.get('x-request-id') })
    expect(written[0]).toHaveProperty('err.message', SECRET_DETAIL)
  })

  it('does not sign anybody out: who cannot be asked about is not nobody', async () => {
    const { store, breakDown } = frailStore()
    await using world = await restWorld({ store })
    const [bearer, browser] = [await world.bearer('ada'), await world.browser('ada')]
    breakDown()
    for (const headers of [bearer, browser]) {
      for (const path of ['user', 'sessions', 'account/export']) expect((await world.get(`/accounts/${path}`, headers)).status).toBe(500)
    }
  })

  it('in a strategy of the app is one too, whatever it throws', async () => {
    const throwing = (thrown: unknown): Strategy => ({
      name: 'odd',
      parse: () => ({}),
      authenticate: () => {
        throw thrown
      },
    })
    const cyclic: Record<string, unknown> = {}
    cyclic.self = cyclic
    const services = {
      range: throwing(new RangeError('x')),
      broken: throwing(new AccountsError('AppError', { details: cyclic })),
      inner: throwing(new AccountsError('InvalidSettings', { message: SECRET_DETAIL })),
    }
    await using world = await restWorld({ services })
    for (const name of Object.keys(services)) {
      const { status, body } = await world.post(`/accounts/${name}/authenticate`, {})
      expect([name, status, body]).toEqual([name, 500, INTERNAL])
    }
    expect((await world.get('/healthz')).status).toBe(200)
  })

  it('to write an answer is one too', async () => {
    await using world = await restWorld({ options: { userObjectSanitizer: user => ({ ...user, big: 10n }) } })
    const headers = await world.bearer('ada')
    expect((await world.get('/accounts/user', headers)).body).toEqual(INTERNAL)
    expect((await world.post('/accounts/user', {}, headers)).body).toEqual(INTERNAL)
  })
})

describe('the log', () => {
  it('names method, route, status and time of each request, and nothing that was sent', async () => {
    await using world = await restWorld()
    const headers = await world.bearer('ada')
    await world.get('/accounts/sessions?token=query-secret', headers)
    await world.post('/accounts/password/authenticate', { user: 'ada', password: 'body-secret' })
    await world.get('/accounts/path-secret', headers)
    await world.post('/accounts/name-secret/authenticate', {})
    const answered = world.log.filter(({ message }) => message === 'answered')
    expect(answered.map(({ level, fields }) => ({ level, ...fields }))).toMatchObject([
      { level: 'info', method: 'GET', route: '/accounts/sessions', status: 200, ms: 0 },
      { level: 'info', method: 'POST', route: '/accounts/:service/authenticate', status: 400 },
      { level: 'debug', method: 'GET', route: '', status: 404 },
      { level: 'info', method: 'POST', route: '/accounts/:service/authenticate', status: 400 },
    ])
    expect(new Set(answered.map(({ fields }) => 'request' in fields && fields.request)).size).toBe(4)
    const all = JSON.stringify(world.log)
    for (const secret of ['query-secret', 'body-secret', 'path-secret', 'name-secret', headers.authorization.slice(7)])
      expect(all).not.toContain(secret)
  })
})

describe('health', () => {
  it('/healthz is 200 as long as the process answers, /readyz as long as the database does', async () => {
    const { store, breakDown } = frailStore()
    await using world = await restWorld({ store })
    expect((await world.get('/healthz')).body).toEqual({ status: 'ok' })
    expect([(await world.get('/readyz')).status, (await world.get('/readyz')).body]).toEqual([200, { status: 'ok' }])
    breakDown()
    expect((await world.get('/healthz')).status).toBe(200)
    const { status, body } = await world.get('/readyz')
    expect([status, body]).toEqual([503, { status: 'unavailable' }])
  })

  it('/readyz gives a database that hangs one second, and asks it once for all who ask meanwhile', async () => {
    let asked = 0
    const store = memoryStore()
    const hanging = (): Promise<void> => {
      asked += 1
      return new Promise(() => {})
    }
    await using world = await restWorld({ store: { ...store, ping: hanging } })
    const answers = await Promise.all([world.get('/readyz'), world.get('/readyz'), world.get('/readyz')])
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503])
    expect(asked).toBe(1)
  })
})
