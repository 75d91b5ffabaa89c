/** Our own client over GraphQL, through a real Apollo client, against `/graphql`: every method of its transport, and its link. */
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client/core'
import type { DocumentNode } from '@apollo/client/core'
import { AccountsClient, AccountsClientMagicLink, AccountsClientPassword } from '@latchkey/client'
import type { AccountsClientOptions } from '@latchkey/client'
import { accountsLink } from '@latchkey/client/apollo'
import { AccountsGraphQLClient, GraphQLErrorList } from '@latchkey/client/graphql'
import { AccountsMagicLink } from '@latchkey/server/strategies/magic-link'
import { TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startServer } from '../e2e/support/server.ts'
import type { RunningStory } from '../e2e/support/server.ts'

const OLD = 'correct horse battery staple'
const NEW = 'a rather different sentence'
const origin = { ip: '127.0.0.1', userAgent: 'compat', connectionId: '', transport: 'test', extra: {} }

describe('our client over GraphQL', () => {
  let ahead = 0
  let story: RunningStory
  beforeAll(async () => {
    story = await startServer(
      'memory',
      {
        impersonationAuthorize: async user => user.username === 'root',
        ports: { clock: { now: () => Date.now() + ahead } },
        rateLimits: false,
      },
      { graphql: true, services: { magicLink: new AccountsMagicLink() } },
    )
  })
  afterAll(() => story?.close())

  const createUser = (username: string) =>
    story.accounts.accounts.createUser({ username, email: `${username}@example.org`, password: OLD }, origin)
  const signedIn = async (username: string, given: Parameters<typeof device>[1] = {}) => {
    await createUser(username)
    const made = device(story.url, given)
    await made.password.login({ user: username, password: OLD })
    return made
  }

  it('signs up, confirms the address, tries credentials, signs in, changes and resets the password, and signs out', async () => {
    const { password, client } = device(story.url)
    expect(await password.createUser({ email: 'ada@example.org', password: OLD })).toEqual({})
    await password.verifyEmail(await story.tokenFor('ada@example.org', 'verify-email'))
    expect(await client.authenticateWithService('password', { user: 'ada@example.org', password: OLD })).toBe(true)
    const { user } = await password.login({ user: 'ada@example.org', password: OLD })
    expect(user).toEqual({ id: user.id, emails: [{ address: 'ada@example.org', verified: true }], deactivated: false })
    await password.changePassword(OLD, NEW)
    await password.requestPasswordReset('ada@example.org')
    expect(await password.resetPassword(await story.tokenFor('ada@example.org', 'reset-password'), OLD)).toBeNull()
    expect(await client.getUser()).toBeNull()
    await password.login({ user: 'ada@example.org', password: OLD })
    await client.logout()
    expect(await client.getUser()).toBeNull()
  })

  it('adds, confirms, changes and removes addresses', async () => {
    const { password, client } = await signedIn('bob')
    await password.addEmail('two@bob.example')
    await password.requestVerificationEmail('two@bob.example')
    await password.verifyEmail(await story.tokenFor('two@bob.example', 'verify-email'))
    await client.transport.addEmail('four@bob.example', {}, OLD)
    await client.changeEmail('two@bob.example', 'three@bob.example', OLD)
    await client.removeEmail('bob@example.org', OLD)
    expect((await client.getUser())?.emails.map(({ address }) => address).toSorted()).toEqual(['four@bob.example', 'three@bob.example'])
  })

  it('lists sessions, ends one, ends the others, exports, deletes, and asks for settings', async () => {
    const here = await signedIn('carol')
    const [there, third] = [device(story.url), device(story.url)]
    for (const { password } of [there, third]) await password.login({ user: 'carol', password: OLD })
    const other = (await there.client.sessions()).find(({ current }) => current)
    await here.client.endSession(other?.id ?? '')
    expect(await there.client.getUser()).toBeNull()
    await here.client.endOtherSessions()
    expect(await third.client.getUser()).toBeNull()
    expect(await here.client.sessions()).toMatchObject([{ current: true }])
    expect(JSON.stringify(await here.client.exportData())).toContain('carol@example.org')
    expect(await here.client.settings()).toMatchObject({
      signUpAllowed: true,
      strategies: expect.arrayContaining(['password']) as string[],
    })
    await here.client.deleteAccount(OLD)
    expect(await story.accounts.accounts.lookUp('carol')).toBeNull()
  })

  it('acts as another user, and comes back', async () => {
    const { client } = await signedIn('root')
    await createUser('eve')
    await client.impersonate({ username: 'eve' })
    expect(await client.getUser()).toMatchObject({ username: 'eve' })
    await client.stopImpersonation()
    expect(await client.getUser()).toMatchObject({ username: 'root' })
    await expect((await signedIn('mallory')).client.impersonate({ username: 'root' })).rejects.toThrow('User unauthorized to impersonate')
  })

  it('signs in with a mailed link', async () => {
    await createUser('linus')
    const { client } = device(story.url)
    const magicLink = new AccountsClientMagicLink(client)
    await magicLink.requestMagicLinkEmail('linus@example.org')
    await magicLink.login({ token: await story.tokenFor('linus@example.org', 'magiclink') })
    expect(await client.getUser()).toMatchObject({ username: 'linus' })
  })

  it('sets up a second factor in both ways, finishes a login that waits for it, and gives it up', async () => {
    const { transport } = await signedIn('grace')
    const start = async () => {
      const secret = await transport.getTwoFactorSecret()
      return { secret, code: () => ((ahead += 30_000), new TOTP({ secret: secret.base32 }).generate({ timestamp: Date.now() + ahead })) }
    }
    const first = await start()
    await transport.twoFactorSet(first.secret, first.code())
    await transport.twoFactorUnset(first.code())
    const { secret, code } = await start()
    const { recoveryCodes } = await transport.twoFactorEnable(secret, code())
    expect(await transport.twoFactorStatus()).toEqual({ enabled: true, recoveryCodesLeft: recoveryCodes.length })
    expect((await transport.twoFactorRecoveryCodes(code())).recoveryCodes).toHaveLength(recoveryCodes.length)

    const again = device(story.url)
    const refused = await again.password.login({ user: 'grace', password: OLD }).catch((error: unknown) => error as GraphQLErrorList)
    expect(refused).toMatchObject({ message: '2FA code required', code: 'TwoFactorRequired', status: 400 })
    const pending = refused instanceof GraphQLErrorList ? refused.details?.['pending'] : undefined
    await again.client.loginWithService('second-factor', { pending, code: code() })
    expect(await again.client.getUser()).toMatchObject({ username: 'grace' })
  })

  it('rejects with what the server said, with its codes', async () => {
    const { password, client } = device(story.url)
    const error = await password.login({ user: 'nobody', password: OLD }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(GraphQLErrorList)
    expect(error).toMatchObject({
      message: 'Invalid credentials',
      code: 'InvalidCredentials',
      status: 400,
      errors: [{ message: 'Invalid credentials' }],
    })
    await expect(password.addEmail('x@example.org')).rejects.toMatchObject({ code: 'Unauthorized', status: 401 })
    await expect(client.loginWithService('pigeon', {})).rejects.toMatchObject({ code: 'ServiceNotFound' })
    const nowhere = device('http://127.0.0.1:9')
    await expect(nowhere.password.login({ user: 'x', password: OLD })).rejects.toMatchObject({ code: 'NetworkError', status: 0 })
  })

  it('refreshes once for however many calls, and repeats a call whose token was refused meanwhile', async () => {
    const { client, transport, sent } = await signedIn('heidi')
    const before = await client.getTokens()
    ahead += 91 * 60_000
    try {
      // The machine's time says the token is good; the server's does not.
      await Promise.all([client.sessions(), client.sessions(), transport.twoFactorStatus()])
    } finally {
      ahead -= 91 * 60_000
    }
    expect(sent.filter(name => name === 'refreshTokens')).toHaveLength(1)
    expect(await client.getTokens()).not.toEqual(before)
  })

  it('keeps a session in a cookie: the header goes along, and cookies are asked for', async () => {
    await createUser('ivan')
    const { client, contexts } = device(story.url, { session: 'cookie' })
    await expect(client.loginWithService('password', { user: 'ivan', password: OLD })).rejects.toMatchObject({ code: 'OriginNotAllowed' })
    expect(contexts).toMatchObject([{ credentials: 'include', headers: { 'x-latchkey-session': 'cookie' } }])
  })

  it('asks for the fields of a user that the app wants', async () => {
    const { client } = await signedIn('judy', {
      userFieldsFragment: gql`
        fragment userFields on User {
          username
        }
      `,
    })
    expect(await client.getUser()).toEqual({ username: 'judy', emails: [], deactivated: false })
  })

  it('refuses unknown options, and to be without a GraphQL client', () => {
    const made = (options: object) => () => new AccountsGraphQLClient(options as ConstructorParameters<typeof AccountsGraphQLClient>[0])
    expect(made({ graphQLClient: {}, fragment: 1 })).toThrow('Unknown option "fragment"')
    expect(made({})).toThrow('A GraphQL client is required')
  })
})

describe('accountsLink', () => {
  let story: RunningStory
  beforeAll(async () => {
    story = await startServer('memory', {}, { graphql: true })
    await story.accounts.accounts.createUser({ username: 'alan', password: OLD }, origin)
  })
  afterAll(() => story?.close())

  const WHO = gql`
    query who {
      getUser {
        username
      }
    }
  `

  function app(client: () => AccountsClient | Promise<AccountsClient>) {
    const headers: Record<string, string>[] = []
    const spy = new ApolloLink((operation, forward) => {
      headers.push((operation.getContext()['headers'] ?? {}) as Record<string, string>)
      return forward(operation)
    })
    const link = ApolloLink.from([accountsLink(client), spy, new HttpLink({ uri: `${story.url}/graphql` })])
    return { apollo: new ApolloClient({ link, cache: new InMemoryCache() }), headers }
  }

  it("signs an app's operations with the session, and leaves them alone when there is none", async () => {
    const { client, password } = device(story.url)
    const { apollo, headers } = app(async () => client)
    const ask = async () => (await apollo.query({ query: WHO, fetchPolicy: 'network-only' })).data as unknown
    expect(await ask()).toMatchObject({ getUser: null })
    await password.login({ user: 'alan', password: OLD })
    expect(await ask()).toMatchObject({ getUser: { username: 'alan' } })
    expect(headers[0]).toEqual({})
    expect(headers[1]?.['Authorization']).toMatch(/^Bearer /)
  })

  it('shares one refresh among operations that are sent at once', async () => {
    const kept = new Map<string, string>()
    const tokenStorage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    }
    const made = device(story.url, { tokenStorage })
    await made.password.login({ user: 'alan', password: OLD })
    // The accounts themselves go through the link, too: a refresh that waited for itself would never end.
    const late: { client?: AccountsClient } = {}
    const { apollo } = app(() => late.client ?? made.client)
    late.client = new AccountsClient({ tokenStorage }, new AccountsGraphQLClient({ graphQLClient: apollo }))
    const refresh = late.client.transport.refreshTokens.bind(late.client.transport)
    let refreshes = 0
    late.client.transport.refreshTokens = (...given) => (refreshes++, refresh(...given))
    const [one, two] = await Promise.all([late.client.refreshSession(true), apollo.query({ query: WHO, fetchPolicy: 'network-only' })])
    expect(one).not.toBeNull()
    expect(two.data).toMatchObject({ getUser: { username: 'alan' } })
    expect(refreshes).toBe(1)
  })

  it('does not make the refresh wait for itself, where the accounts go through the link, too', async () => {
    const late: { client?: AccountsClient } = {}
    const link = accountsLink(() => late.client ?? Promise.reject(new Error('asked too early')))
    const apollo = new ApolloClient({ link: link.concat(new HttpLink({ uri: `${story.url}/graphql` })), cache: new InMemoryCache() })
    const client = new AccountsClient({}, new AccountsGraphQLClient({ graphQLClient: apollo }))
    late.client = client
    await new AccountsClientPassword(client).login({ user: 'alan', password: OLD })
    const before = await client.getTokens()
    // The access token is over, for this client and for the server, which runs in the same process.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 100 * 60_000 })
    try {
      expect(await client.refreshSession()).not.toEqual(before)
      expect(await client.getUser()).toMatchObject({ username: 'alan' })
    } finally {
      vi.useRealTimers()
    }
  }, 10_000)

  it('does not replace a header that an operation brings', async () => {
    const { client, password } = device(story.url)
    await password.login({ user: 'alan', password: OLD })
    const { apollo, headers } = app(() => client)
    await apollo.query({ query: WHO, fetchPolicy: 'network-only', context: { headers: { authorization: 'Bearer mine' } } })
    expect(headers).toEqual([{ authorization: 'Bearer mine' }])
  })
})

interface Given extends AccountsClientOptions {
  userFieldsFragment?: DocumentNode
}

/** A device; `sent` has the names of all operations, `contexts` what they were sent with. */
function device(url: string, { userFieldsFragment, ...options }: Given = {}) {
  const sent: string[] = []
  const contexts: unknown[] = []
  const spy = new ApolloLink((operation, forward) => {
    const { headers, credentials } = operation.getContext()
    sent.push(operation.operationName)
    contexts.push({ headers: headers as unknown, credentials: credentials as unknown })
    return forward(operation)
  })
  const graphQLClient = new ApolloClient({
    link: ApolloLink.from([spy, new HttpLink({ uri: `${url}/graphql` })]),
    cache: new InMemoryCache(),
  })
  const transport = new AccountsGraphQLClient({ graphQLClient, ...(userFieldsFragment ? { userFieldsFragment } : {}) })
  const client = new AccountsClient(options, transport)
  return { client, transport, password: new AccountsClientPassword(client), sent, contexts }
}
