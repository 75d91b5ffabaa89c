/** The unmodified GraphQL clients of accounts-js, as npm delivers them, with a real Apollo client, against our server. */
import { accountsLink } from '@accounts/apollo-link'
import { AccountsClient } from '@accounts/client'
import { AccountsClientPassword } from '@accounts/client-password'
import { AccountsGraphQLClient } from '@accounts/graphql-client'
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client/core'
import { AccountsMagicLink } from '@latchkey/server/strategies/magic-link'
import { TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer } from '../e2e/support/server.ts'
import type { RunningStory } from '../e2e/support/server.ts'
import { STORES } from '../e2e/support/stores.ts'
import { newWorld } from '../packages/latchkey/testing/world.ts'
import type { World } from '../packages/latchkey/testing/world.ts'
import { freshDatabase, hasPostgres } from '../tools/test/postgres.ts'

const OLD = 'correct horse battery staple'
const NEW = 'a rather different sentence'
const NEWEST = 'and yet another one altogether'
const origin = { ip: '127.0.0.1', userAgent: 'compat', connectionId: '', transport: 'test', extra: {} }

for (const { name, here } of STORES.filter(store => store.name === 'sqlite' || store.name === 'postgresql')) {
  describe.skipIf(!here)(`@accounts/client over @accounts/graphql-client and Apollo Client on ${name}`, () => {
    /** Ahead of the machine's time: a code works once, and the next one is half a minute away. */
    let ahead = 0
    let story: RunningStory
    beforeAll(async () => {
      story = await startServer(
        name,
        {
          impersonationAuthorize: async user => user.username === 'root',
          ports: { clock: { now: () => Date.now() + ahead } },
        },
        { graphql: true, services: { magicLink: new AccountsMagicLink() } },
      )
    })
    afterAll(() => story?.close())
    const createUser = (username: string) =>
      story.accounts.accounts.createUser({ username, email: `${username}@example.org`, password: OLD }, origin)

    it('signs up, verifies, logs in on two devices, refreshes, changes the password, is out on the other device, recovers, and logs out', async () => {
      const [phone, laptop] = [device(story.url), device(story.url)]
      expect(await phone.password.createUser({ email: 'ada@example.org', password: OLD })).toMatchObject({
        userId: null,
        loginResult: null,
      })
      expect(await phone.transport.verifyEmail(await story.tokenFor('ada@example.org', 'verify-email'))).toBeNull()

      const login = await phone.password.login({ user: { email: 'ada@example.org' }, password: OLD })
      expect(login).toMatchObject({ user: { emails: [{ address: 'ada@example.org', verified: true }] } })
      await laptop.password.login({ user: { email: 'ada@example.org' }, password: OLD })
      expect(await phone.transport.authenticateWithService('password', { user: { email: 'ada@example.org' }, password: OLD })).toBe(true)

      const before = await phone.client.getTokens()
      const after = await phone.client.refreshSession(true)
      expect(after).not.toEqual(before)
      expect((await phone.client.getUser()).id).toBe(login.user?.id)

      expect(await phone.transport.changePassword(OLD, NEW)).toBeNull()
      expect((await phone.client.getUser()).id).toBe(login.user?.id)
      expect(await laptop.client.getUser()).toBeNull()
      await expect(laptop.password.login({ user: { email: 'ada@example.org' }, password: OLD })).rejects.toMatchObject({
        message: 'Invalid credentials',
        graphQLErrors: [{ extensions: { code: 'InvalidCredentials' } }],
      })

      expect(await laptop.password.requestPasswordReset('ada@example.org')).toBeNull()
      expect(await laptop.password.resetPassword(await story.tokenFor('ada@example.org', 'reset-password'), NEWEST)).toBeNull()
      expect(await phone.client.getUser()).toBeNull()
      await laptop.password.login({ user: { email: 'ada@example.org' }, password: NEWEST })
      expect(await laptop.password.addEmail('ada@lovelace.example')).toBeNull()
      expect(await laptop.password.requestVerificationEmail('ada@lovelace.example')).toBeNull()
      expect((await laptop.client.getUser()).emails).toHaveLength(2)

      await laptop.client.logout()
      expect(await laptop.client.getTokens()).toBeNull()
    })

    it('acts as another user at once, also after a refresh, and comes back', async () => {
      const [, eve] = [await createUser('root'), await createUser('eve')]
      const { client, password } = device(story.url)
      await password.login({ user: { username: 'root' }, password: OLD })
      expect(await client.impersonate({ userId: eve.id })).toMatchObject({ authorized: true, user: { username: 'eve' } })
      expect(await client.getUser()).toMatchObject({ username: 'eve' })
      await client.refreshSession(true)
      expect(await client.getUser()).toMatchObject({ username: 'eve' })
      await client.stopImpersonation()
      expect(await client.getUser()).toMatchObject({ username: 'root' })

      const other = device(story.url)
      await other.password.login({ user: { username: 'eve' }, password: OLD })
      await expect(other.client.impersonate({ username: 'root' })).rejects.toThrow('User unauthorized to impersonate')
    })

    it('signs in with a mailed link, under the name this client knows', async () => {
      await createUser('linus')
      const { client, transport } = device(story.url)
      expect(await transport.requestMagicLinkEmail('linus@example.org')).toBeNull()
      await client.loginWithService('magic-link', { token: await story.tokenFor('linus@example.org', 'magiclink') })
      expect(await client.getUser()).toMatchObject({ username: 'linus' })
    })

    it('sets up a second factor, is asked for it, gives a code, and gives it up', async () => {
      await createUser('grace')
      const { transport, password } = device(story.url)
      await password.login({ user: { username: 'grace' }, password: OLD })
      const secret = (await transport.getTwoFactorSecret()) as { base32: string; otpauth_url: string }
      expect(secret.otpauth_url).toContain(secret.base32)
      const code = (): string => {
        ahead += 30_000
        return new TOTP({ secret: secret.base32 }).generate({ timestamp: Date.now() + ahead })
      }
      // Apollo adds the name of the type, which accounts-js's input never had a place for: its apps take it away, too.
      const { __typename: _, ...plain } = secret as typeof secret & { __typename?: string }
      expect(await transport.twoFactorSet(plain, code())).toBeNull()

      const again = device(story.url)
      const user = { username: 'grace' }
      await expect(again.password.login({ user, password: OLD })).rejects.toMatchObject({
        message: '2FA code required',
        graphQLErrors: [{ extensions: { code: 'TwoFactorRequired', details: { pending: expect.any(String) as string } } }],
      })
      await expect(again.password.login({ user, password: OLD, code: '000000' })).rejects.toThrow("2FA code didn't match")
      await again.password.login({ user, password: OLD, code: code() })
      expect(await again.transport.twoFactorUnset(code())).toBeNull()
      await device(story.url).password.login({ user, password: OLD })
    })

    it('tells who is not signed in by the status 401, and reads our errors with their codes', async () => {
      const { password, client } = device(story.url)
      await expect(password.addEmail('nobody@example.org')).rejects.toMatchObject({ networkError: { statusCode: 401 } })
      await expect(password.createUser({ email: 'nobody', password: OLD })).rejects.toMatchObject({
        graphQLErrors: [{ extensions: { code: 'InvalidEmail' } }],
      })
      await expect(password.resetPassword('no such token', NEW)).rejects.toMatchObject({
        graphQLErrors: [{ message: 'Reset password link expired', extensions: { code: 'ResetPasswordLinkExpired' } }],
      })
      await expect(client.loginWithService('carrier-pigeon', {})).rejects.toMatchObject({
        graphQLErrors: [{ extensions: { code: 'ServiceNotFound' } }],
      })
    })

    it("signs an app's own queries through @accounts/apollo-link", async () => {
      await createUser('alan')
      const { client, password } = device(story.url)
      const app = new ApolloClient({
        link: ApolloLink.from([accountsLink(() => client), new HttpLink({ uri: `${story.url}/graphql` })]),
        cache: new InMemoryCache(),
      })
      const ask = async () =>
        (
          await app.query({
            query: gql`
              {
                getUser {
                  username
                }
              }
            `,
            fetchPolicy: 'network-only',
          })
        ).data as unknown
      expect(await ask()).toEqual({ getUser: null })
      await password.login({ user: { username: 'alan' }, password: OLD })
      expect(await ask()).toMatchObject({ getUser: { username: 'alan' } })
    })
  })
}

const STANDALONE = [
  { name: 'SQLite', here: true, open: async () => null },
  { name: 'PostgreSQL', here: hasPostgres, open: freshDatabase },
]

for (const { name, here, open } of STANDALONE) {
  describe.skipIf(!here)(`the same clients against the standalone server on ${name}`, () => {
    it('sign up, verify, sign in, refresh, change and reset the password, and sign out', async () => {
      const database = await open()
      const server = await newWorld(database ? { databaseUrl: database.url } : {})
      try {
        const tokenIn = async (page: string) => tokenFor(server, 'ada@example.org', page)
        const { client, password, transport } = device(server.base)
        await password.createUser({ email: 'ada@example.org', password: OLD })
        expect(await transport.verifyEmail(await tokenIn('verify-email'))).toBeNull()
        await password.login({ user: { email: 'ada@example.org' }, password: OLD })
        await client.refreshSession(true)
        expect(await client.getUser()).toMatchObject({ emails: [{ address: 'ada@example.org', verified: true }] })
        expect(await password.changePassword(OLD, NEW)).toBeNull()
        expect(await password.requestPasswordReset('ada@example.org')).toBeNull()
        expect(await password.resetPassword(await tokenIn('reset-password'), NEWEST)).toBeNull()
        await password.login({ user: { email: 'ada@example.org' }, password: NEWEST })
        expect(await transport.getTwoFactorSecret()).toMatchObject({ base32: expect.any(String) as string })
        await expect(client.impersonate({ username: 'somebody' })).rejects.toThrow('User unauthorized to impersonate')
        await client.logout()
        expect(await client.getTokens()).toBeNull()
      } finally {
        await server.close()
        await database?.drop()
      }
    })
  })
}

describe('the same clients against the standalone server, with what it alone decides to offer', () => {
  let server: World
  beforeAll(async () => {
    server = await newWorld()
  })
  afterAll(() => server?.close())

  /** Signs up, and confirms the address. */
  const signUp = async (email: string) => {
    const made = device(server.base)
    await made.password.createUser({ email, password: OLD })
    await made.transport.verifyEmail(await tokenFor(server, email, 'verify-email'))
    return made
  }

  it('sign in with a mailed link, once', async () => {
    const { client, transport } = await signUp('linus@example.org')
    expect(await transport.requestMagicLinkEmail('linus@example.org')).toBeNull()
    const token = await tokenFor(server, 'linus@example.org', 'magiclink')
    const login = await client.loginWithService('magic-link', { token })
    expect(login).toMatchObject({ user: { emails: [{ address: 'linus@example.org', verified: true }] } })
    expect(await client.getUser()).toMatchObject({ id: login.user?.id })
    await expect(device(server.base).client.loginWithService('magic-link', { token })).rejects.toMatchObject({
      graphQLErrors: [{ extensions: { code: 'LoginTokenExpired' } }],
    })
  })

  it.each(['password', 'link'])('set up a second factor, are asked for it when they sign in by %s, and give a code', async way => {
    const user = { email: `${way}@example.org` }
    const { password, transport } = await signUp(user.email)
    await password.login({ user, password: OLD })
    // Its types say nothing of what it answers.
    const { base32 } = (await transport.getTwoFactorSecret()) as { base32: string }
    // The server's clock is the machine's. Of the codes that are good at a moment, the next one still is when half a minute begins.
    const began = Date.now()
    const codeOf = (step: 0 | 1): string => new TOTP({ secret: base32 }).generate({ timestamp: began + step * 30_000 })
    expect(await transport.twoFactorSet({ base32 }, codeOf(0))).toBeNull()

    const again = device(server.base)
    if (way === 'link') await again.transport.requestMagicLinkEmail(user.email)
    const [service, params] =
      way === 'link' ? ['magic-link', { token: await tokenFor(server, user.email, 'magiclink') }] : ['password', { user, password: OLD }]
    const refused: unknown = await again.client.loginWithService(service, params).catch((error: unknown) => error)
    expect(refused).toMatchObject({ message: '2FA code required', graphQLErrors: [{ extensions: { code: 'TwoFactorRequired' } }] })
    // A link is spent by then; what is pending is not, and a password may be sent again.
    const [{ extensions }] = (refused as { graphQLErrors: [{ extensions: { details: { pending: string } } }] }).graphQLErrors
    if (way === 'link') await again.client.loginWithService('second-factor', { pending: extensions.details.pending, code: codeOf(1) })
    else await again.password.login({ user, password: OLD, code: codeOf(1) })
    expect(await again.client.getUser()).toMatchObject({ emails: [{ address: user.email }] })
  })
})

/** Mail is sent after the answer: asks the mailbox until it is there. */
async function tokenFor(server: World, address: string, page: string): Promise<string> {
  const link = new RegExp(`/${page}/([\\w%-]+)`)
  const giveUpAt = Date.now() + 20_000
  while (Date.now() < giveUpAt) {
    const mails = (await (await server.get('/dev/mailbox.json')).json()) as { to: string; text: string }[]
    const token = mails
      .filter(({ to }) => to === address)
      .map(({ text }) => link.exec(text)?.[1])
      .findLast(Boolean)
    if (token) return decodeURIComponent(token)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  throw new Error(`no mail with a ${page} link to ${address}`)
}

/** A device with its own token storage; accounts-js's default needs a browser. */
function device(url: string): { client: AccountsClient; password: AccountsClientPassword; transport: AccountsGraphQLClient } {
  const kept = new Map<string, string>()
  const tokenStorage = {
    setItem: (key: string, value: string) => void kept.set(key, value),
    getItem: (key: string) => kept.get(key) ?? null,
    removeItem: (key: string) => void kept.delete(key),
  }
  const graphQLClient = new ApolloClient({ uri: `${url}/graphql`, cache: new InMemoryCache() })
  const transport = new AccountsGraphQLClient({ graphQLClient })
  const client = new AccountsClient({ tokenStorage }, transport)
  return { client, password: new AccountsClientPassword(client), transport }
}
