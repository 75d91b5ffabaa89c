import { request } from 'node:http'
import { getIntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newWorld } from '../../testing/world.ts'
import type { World } from '../../testing/world.ts'
import { DEEPEST, MOST_DEEDS, MOST_FIELDS, MOST_TOKENS } from './query-limits.ts'

const PASSWORD = 'correct horse battery staple'
const LOGIN = `mutation ($params: AuthenticateParamsInput!) {
  authenticate(serviceName: "password", params: $params) { tokens { accessToken } user { username } }
}`
const variables = { params: { user: { username: 'ada' }, password: PASSWORD } }

interface Answer {
  status: number
  headers: Headers
  data: Record<string, unknown> | null | undefined
  errors: { message: string; extensions?: Record<string, unknown> }[]
}

async function ask(
  world: World,
  query: string,
  given: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Answer> {
  return read(await world.post('/graphql', { query, variables: given }, headers))
}

async function read(response: Response): Promise<Answer> {
  const { data, errors = [] } = (await response.json()) as Partial<Pick<Answer, 'data' | 'errors'>>
  return { status: response.status, headers: response.headers, data, errors }
}

function tokenIn(data: Answer['data']): string {
  const login = data?.['authenticate'] as { tokens?: { accessToken: string } } | undefined
  return login?.tokens?.accessToken ?? ''
}

/** A query with so many fields under the root. */
const wide = (count: number): string => `{ ${Array.from({ length: count }, (_, index) => `a${index}: __typename`).join(' ')} }`

describe('/graphql', () => {
  let world: World
  beforeAll(async () => {
    world = await newWorld({ corsOrigins: ['https://app.example.org'] })
    await world.post('/accounts/password/register', { user: { username: 'ada', email: 'ada@example.org', password: PASSWORD } })
  })
  afterAll(() => world.close())

  test('signs in, knows who that is, and keeps nothing of it in a cache', async () => {
    const { data, headers } = await ask(world, LOGIN, variables)
    const authorization = `Bearer ${tokenIn(data)}`
    const known = await ask(world, '{ getUser { username } }', {}, { authorization })
    expect(known.data).toEqual({ getUser: { username: 'ada' } })
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('shares its sessions with REST', async () => {
    const { data } = await ask(world, LOGIN, variables)
    const authorization = `Bearer ${tokenIn(data)}`
    const user = await world.get('/accounts/user', { authorization })
    expect(await user.json()).toMatchObject({ username: 'ada' })
  })

  test('refuses with texts and codes, and a 401 for who is not signed in', async () => {
    const wrong = await ask(world, LOGIN, { params: { ...variables.params, password: 'another' } })
    expect(wrong).toMatchObject({ status: 200, errors: [{ message: 'Invalid credentials', extensions: { code: 'InvalidCredentials' } }] })
    const nobody = await ask(world, 'mutation { addEmail(newEmail: "x@example.org") }')
    expect(nobody).toMatchObject({ status: 401, errors: [{ message: 'Unauthorized', extensions: { code: 'UNAUTHENTICATED' } }] })
  })

  test('keeps a session in a cookie for its own pages alone', async () => {
    const page = { origin: world.base, 'x-latchkey-session': 'cookie' }
    const { data, headers } = await ask(world, LOGIN, variables, page)
    expect(data).toMatchObject({ authenticate: { tokens: null } })
    const cookie = headers
      .getSetCookie()
      .map(line => line.slice(0, line.indexOf(';')))
      .join('; ')
    expect((await ask(world, '{ getUser { username } }', {}, { origin: world.base, cookie })).data).toEqual({
      getUser: { username: 'ada' },
    })
    expect((await ask(world, '{ getUser { username } }', {}, { origin: 'https://evil.example', cookie })).data).toEqual({ getUser: null })
    expect((await ask(world, LOGIN, variables, { ...page, origin: 'https://evil.example' })).errors).toMatchObject([
      { extensions: { code: 'OriginNotAllowed' } },
    ])
  })

  test('answers pages of listed origins alone: not of others, and not of the origin "null", which any page can be', async () => {
    const asked = async (origin: string) => (await ask(world, '{ __typename }', {}, { origin })).headers.get('access-control-allow-origin')
    expect(await asked('https://app.example.org')).toBe('https://app.example.org')
    expect(await asked('https://evil.example')).toBeNull()
    expect(await asked('null')).toBeNull()
    const preflight = async (origin: string) =>
      (await fetch(`${world.base}/graphql`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })).headers
    const allowed = await preflight('https://app.example.org')
    expect(allowed.get('access-control-allow-origin')).toBe('https://app.example.org')
    expect(allowed.get('access-control-allow-credentials')).toBe('true')
    expect(allowed.get('access-control-allow-headers')).toContain('x-latchkey-session')
    expect((await preflight('https://evil.example')).get('access-control-allow-origin')).toBeNull()
  })

  test('takes queries, and no mutations, from an address', async () => {
    expect(await (await world.get('/graphql?query={getUser{id}}')).json()).toEqual({ data: { getUser: null } })
    expect((await world.get('/graphql?query=mutation{logout}')).status).toBe(405)
    expect((await fetch(`${world.base}/graphql`, { method: 'PUT' })).status).toBe(405)
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp'])(
    'refuses a body of type %s, which forms and scripts of other sites could send',
    async type => {
      const body = JSON.stringify({ query: '{ __typename }' })
      const { status, errors } = await read(
        await fetch(`${world.base}/graphql`, { method: 'POST', headers: { 'content-type': type }, body }),
      )
      expect(status).toBe(415)
      expect(errors).toMatchObject([{ extensions: { code: 'UnsupportedMediaType' } }])
    },
  )

  test('refuses long bodies, batches, and what is no JSON', async () => {
    const long = await ask(world, `{ __typename } # ${'x'.repeat(70_000)}`)
    expect(long).toMatchObject({ status: 413, errors: [{ extensions: { code: 'PayloadTooLarge' } }] })
    const batch = await read(await world.post('/graphql', [{ query: '{ __typename }' }, { query: '{ __typename }' }]))
    expect(batch.errors[0]?.message).toMatch(/[Bb]atch/)
    expect(batch.data).toBeUndefined()
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`${world.base}/graphql`, { method: 'POST', headers, body: '{' })).status).toBe(400)
  })

  test('tells what is wrong with variables without repeating them: one may be a password', async () => {
    const verify = 'mutation ($params: AuthenticateParamsInput!) { verifyAuthentication(serviceName: "password", params: $params) }'
    for (const params of [
      { password: PASSWORD, pasword: 1 },
      { password: [PASSWORD] },
      PASSWORD,
      { user: { email: [`; Field ${PASSWORD}`] } },
    ]) {
      const { status, errors } = await ask(world, verify, { params })
      expect(status).toBe(400)
      expect(errors[0]?.message).toContain('Variable "$params" got an invalid value')
      expect(JSON.stringify(errors)).not.toContain(PASSWORD)
    }
    const { errors } = await ask(world, verify, { params: { pasword: 'x' } })
    expect(errors[0]?.message).toContain('Field "pasword" is not defined')
  })

  test('an address with variables that are no JSON is a bad request, and no failure of ours', async () => {
    const answer = await world.get('/graphql?query={getUser{id}}&variables={')
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
  })

  test.each(['text/event-stream', 'multipart/mixed', 'multipart/mixed; deferSpec=20220824, application/json', '*/*', ''])(
    'answers whole, with a length and no other framing, to who accepts "%s"',
    async accept => {
      const answer = await world.get('/graphql?query={getUser{id}}', { accept })
      expect(answer.headers.get('content-type')).toContain('json')
      expect(answer.headers.get('transfer-encoding')).toBeNull()
      expect(await answer.json()).toEqual({ data: { getUser: null } })
    },
  )

  test('limits what one request asks for', async () => {
    const refusal = async (query: string) => (await ask(world, query)).errors[0]?.message
    expect(await refusal(wide(MOST_DEEDS))).toBeUndefined()
    expect(await refusal(wide(MOST_DEEDS + 1))).toContain(`more than ${MOST_DEEDS} things`)
    const spread = `fragment F on Mutation { ${Array.from({ length: 8 }, (_, index) => `a${index}: __typename`).join(' ')} }`
    expect(
      await refusal(
        `mutation { ...F ... { b: __typename ...G } } ${spread} fragment G on Mutation { ${Array.from({ length: 7 }, (_, index) => `c${index}: logout`).join(' ')} }`,
      ),
    ).toContain('things')
    const deep = (levels: number): string => (levels === 1 ? '{ name }' : `{ ofType ${deep(levels - 1)} }`)
    expect(await refusal(`{ __type(name: "User") ${deep(DEEPEST - 1)} }`)).toBeUndefined()
    expect(await refusal(`{ __type(name: "User") ${deep(DEEPEST)} }`)).toContain('levels')
    const doubling = Array.from({ length: 12 }, (_, index) => `fragment F${index} on __Type { ...F${index + 1} ...F${index + 1} }`)
    expect(await refusal(`{ __type(name: "User") { ...F0 } } ${doubling.join(' ')} fragment F12 on __Type { name }`)).toContain(
      `${MOST_FIELDS} fields`,
    )
    // Directives cost words and no fields.
    expect(await refusal(`{ __typename ${'@skip(if: false) '.repeat(MOST_TOKENS / 6)} }`)).toContain('tokens')
    expect(await refusal(`mutation { ${Array.from({ length: 1000 }, (_, index) => `a${index}: logout`).join(' ')} }`)).toBeDefined()
  })

  test('survives fragments that contain themselves', async () => {
    const { errors } = await ask(world, '{ getUser { ...A } } fragment A on User { ...B } fragment B on User { ...A }')
    expect(errors.some(({ message }) => message.includes('Cannot spread fragment'))).toBe(true)
  })

  test('shows its schema to the usual tools, and no page that loads scripts from elsewhere', async () => {
    expect((await ask(world, getIntrospectionQuery())).data).toHaveProperty('__schema')
    const page = await world.get('/graphql', { accept: 'text/html' })
    expect(await page.text()).not.toMatch(/<script|graphiql/i)
  })

  test('believes nothing that a header says about the address', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': '1.2.3.4', host: 'evil.example' }
      const sent = request(`${world.base}/graphql`, { method: 'POST', headers }, response => resolve(response.resume().statusCode))
      sent.on('error', reject).end(JSON.stringify({ query: LOGIN, variables }))
    })
    expect(status).toBe(200)
    const { data } = await ask(world, LOGIN, variables)
    const authorization = `Bearer ${tokenIn(data)}`
    const sessions = await ask(world, '{ accountsSessions { ip } }', {}, { authorization })
    expect(JSON.stringify(sessions.data)).not.toContain('1.2.3.4')
  })
})

describe('settings', () => {
  const production = {
    production: true,
    baseUrl: 'https://accounts.example.org',
    smtpUrl: 'smtp://127.0.0.1:1',
    secret: 'a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8',
  }

  test('in production strangers may not ask for the schema, unless graphqlIntrospection says so', async () => {
    for (const [given, shows] of [
      [{}, false],
      [{ graphqlIntrospection: 'on' }, true],
    ] as const) {
      const world = await newWorld({ ...production, ...given })
      try {
        const { data, headers } = await ask(world, '{ __schema { queryType { name } } }')
        expect(data !== undefined && data !== null).toBe(shows)
        expect(headers.get('strict-transport-security')).toBe('max-age=31536000')
      } finally {
        await world.close()
      }
    }
  })

  test('graphqlIntrospection: off hides it everywhere, and graphql: off answers nothing at all', async () => {
    const hidden = await newWorld({ graphqlIntrospection: 'off' })
    const absent = await newWorld({ graphql: false })
    try {
      expect((await ask(hidden, getIntrospectionQuery())).data).toBeUndefined()
      expect((await ask(hidden, '{ getUser { id } }')).data).toEqual({ getUser: null })
      expect((await absent.post('/graphql', { query: '{ __typename }' })).status).toBe(404)
    } finally {
      await Promise.all([hidden.close(), absent.close()])
    }
  })
})
