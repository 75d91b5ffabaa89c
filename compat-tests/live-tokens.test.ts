/** Tokens that accounts-js's own server signed, alive at the moment an app switches, in the hands of accounts-js's own clients. */
import { randomBytes } from 'node:crypto'
import { AccountsClient } from '@accounts/client'
import { RestClient } from '@accounts/rest-client'
import { AccountsServer as OldServer } from '@accounts/server'
import { AccountsClient as OurClient, RestClient as OurRestClient } from '@latchkey/client'
import { AccountsServer } from '@latchkey/server'
import { userLoader } from '@latchkey/server/express'
import type { LoadedUser } from '@latchkey/server/express'
import express from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer } from '../e2e/support/server.ts'
import type { RunningStory } from '../e2e/support/server.ts'
import { STORES } from '../e2e/support/stores.ts'

const OLD_SECRET = 'of the old app and of nobody else, 32 bytes'
const PASSWORD = 'correct horse battery staple'
const HOUR = 3_600_000

type OldDatabase = NonNullable<ConstructorParameters<typeof OldServer>[0]['db']>
type Tokens = Awaited<ReturnType<OldServer['loginWithUser']>>['tokens']

for (const { name, here } of STORES) {
  describe.skipIf(!here)(`a token of accounts-js's at the switch, on ${name}`, { timeout: 60_000 }, () => {
    const sessions = new Map<string, Record<string, unknown>>()
    let old: OldServer
    let story: RunningStory
    beforeAll(async () => {
      old = new OldServer({ db: databaseOf(sessions), tokenSecret: OLD_SECRET }, {})
      const acceptAccountsJsTokens = { tokenSecret: OLD_SECRET, until: new Date(Date.now() + HOUR), sessions: databaseOf(sessions) }
      story = await startServer(name, { acceptAccountsJsTokens }, { graphql: true })
    }, 60_000)
    afterAll(() => story?.close())

    /** Somebody who came over with the import, signed in to the old app. */
    async function signedIn(): Promise<{ id: string; tokens: Tokens }> {
      const { id } = await story.accounts.accounts.createUser({
        username: `ada${randomBytes(4).toString('hex')}`,
        password: PASSWORD,
      })
      return { id, tokens: (await old.loginWithUser({ id } as never, { ip: '192.0.2.7', userAgent: 'Old browser' })).tokens }
    }
    const refused = (code: string): unknown => expect.objectContaining({ code })

    it('goes on working over REST, from accounts-js’s client, until it signs out', async () => {
      const { id, tokens } = await signedIn()
      const { client, kept } = device(story.url, tokens)
      expect((await client.getUser()).id).toBe(id)
      const [session] = await story.accounts.accounts.userSessions(id)
      expect(session).toMatchObject({ ip: '192.0.2.7', userAgent: 'Old browser', factors: ['accounts-js-token'] })
      await client.logout()
      expect(kept.size).toBe(0)
      expect(await device(story.url, tokens).client.getUser()).toBeNull()
      expect(await story.accounts.accounts.userSessions(id)).toEqual([])
    })

    it('goes on working over GraphQL', async () => {
      const { id, tokens } = await signedIn()
      const ask = async (): Promise<unknown> => {
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${tokens.accessToken}` }
        const body = JSON.stringify({ query: '{ getUser { id } }' })
        return (await fetch(`${story.url}/graphql`, { method: 'POST', headers, body })).json()
      }
      expect(await ask()).toEqual({ data: { getUser: { id } } })
      await story.accounts.logout(tokens.accessToken)
      expect(await ask()).toEqual({ data: { getUser: null } })
    })

    it('goes on working on an app’s own routes', async () => {
      const { id, tokens } = await signedIn()
      const app = express()
      app.get('/me', userLoader(story.accounts), (req, res) => void res.json((req as LoadedUser & typeof req).userId ?? null))
      const server = app.listen(0, '127.0.0.1')
      try {
        await new Promise(resolve => server.once('listening', resolve))
        const address = server.address()
        const port = typeof address === 'object' ? address?.port : undefined
        const me = async (): Promise<unknown> =>
          (await fetch(`http://127.0.0.1:${port}/me`, { headers: { authorization: `Bearer ${tokens.accessToken}` } })).json()
        expect(await me()).toBe(id)
        await story.accounts.deactivateUser(id)
        expect(await me()).toBeNull()
      } finally {
        server.close()
      }
    })

    it('opens one session when many requests bring it first at once', async () => {
      const { id, tokens } = await signedIn()
      const found = await Promise.all(Array.from({ length: 12 }, () => story.accounts.accounts.check(tokens.accessToken)))
      expect(new Set(found.map(({ session }) => session.id)).size).toBe(1)
      expect(await story.accounts.accounts.userSessions(id)).toHaveLength(1)
    })

    it('opens one session when two servers on one store see it first at once', async () => {
      const { id, tokens } = await signedIn()
      const { settings, store } = story.accounts.accounts.core
      const accepted = { tokenSecret: OLD_SECRET, until: new Date(Date.now() + HOUR), sessions: databaseOf(sessions) }
      const other = new AccountsServer({ db: store, tokenSecret: settings.tokenSecret, acceptAccountsJsTokens: accepted })
      await other.ready()
      const both = [story.accounts, other, story.accounts, other]
      await Promise.all(both.map(server => server.resumeSession(tokens.accessToken)))
      expect(await other.accounts.userSessions(id)).toHaveLength(1)
      await other.logout(tokens.accessToken)
      await expect(story.accounts.accounts.check(tokens.accessToken)).rejects.toEqual(refused('InvalidSession'))
    })

    it('ends with a change of password, seen here before or not', async () => {
      const { id, tokens } = await signedIn()
      const unseen = (await old.loginWithUser({ id } as never, {})).tokens
      await story.accounts.resumeSession(tokens.accessToken)
      await story.accounts.accounts.setPassword(id, 'a rather different sentence')
      for (const { accessToken } of [tokens, unseen])
        await expect(story.accounts.resumeSession(accessToken)).rejects.toEqual(refused('InvalidSession'))
    })

    it('is refused when it was signed out in the old app, or made to act as another', async () => {
      const [gone, target, root] = [await signedIn(), await signedIn(), await signedIn()]
      await old.logout(gone.tokens.accessToken)
      await expect(story.accounts.resumeSession(gone.tokens.accessToken)).rejects.toEqual(refused('InvalidSession'))
      const impersonating = new OldServer(
        { db: databaseOf(sessions), tokenSecret: OLD_SECRET, impersonationAuthorize: async () => true },
        {},
      )
      const acting = await impersonating.impersonate(root.tokens.accessToken, { userId: target.id }, {})
      await expect(story.accounts.resumeSession(acting.tokens?.accessToken ?? '')).rejects.toEqual(refused('TokenVerificationFailed'))
      // A refresh takes the mark from the token, not from the session.
      const refreshed = await old.refreshTokens(acting.tokens?.accessToken ?? '', acting.tokens?.refreshToken ?? '', {})
      await expect(story.accounts.resumeSession(refreshed.tokens?.accessToken ?? '')).rejects.toEqual(refused('TokenVerificationFailed'))
    })

    it('is not prolonged: a refresh signs clients out, ours and theirs', async () => {
      const { tokens } = await signedIn()
      const theirs = device(story.url, tokens)
      expect(await theirs.client.refreshSession(true).catch(() => null)).toBeFalsy()
      expect(theirs.kept.size).toBe(0)

      const ours = new OurClient({ tokenStorage: storageOf(new Map()) }, new OurRestClient({ apiHost: story.url, rootPath: '/accounts' }))
      await ours.setTokens(tokens)
      expect(await ours.getTokens()).toEqual(tokens)
      await ours.refreshSession(true).catch(() => null)
      expect(await ours.getTokens()).toBeNull()
    })
  })
}

/** What accounts-js's server asks of a database for this, kept in memory. Any user's id is a user: the users have moved. */
function databaseOf(rows: Map<string, Record<string, unknown>>): OldDatabase {
  const byId = (id: string): Record<string, unknown> | undefined => [...rows.values()].find(row => row['id'] === id)
  const sessionsOnly = {
    findUserById: async (id: string) => ({ id, deactivated: false }),
    findSessionByToken: async (token: string) => rows.get(token) ?? null,
    findSessionById: async (id: string) => byId(id) ?? null,
    async createSession(userId: string, token: string, connection: object, extraData?: object) {
      const id = randomBytes(8).toString('hex')
      rows.set(token, {
        id,
        userId,
        token,
        valid: true,
        ...connection,
        createdAt: Date.now(),
        updatedAt: Date.now(),
        ...(extraData && { extraData }),
      })
      return id
    },
    async updateSession(id: string) {
      Object.assign(byId(id) ?? {}, { updatedAt: Date.now() })
    },
    async invalidateSession(id: string) {
      Object.assign(byId(id) ?? {}, { valid: false })
    },
  }
  // The rest of the interface is about users, and is not asked for.
  return sessionsOnly as unknown as OldDatabase
}

/** accounts-js's client, as it finds its tokens in the browser on the day of the switch. */
function device(apiHost: string, { accessToken, refreshToken }: Tokens): { client: AccountsClient; kept: Map<string, string> } {
  const kept = new Map([
    ['accounts:accessToken', accessToken],
    ['accounts:refreshToken', refreshToken],
  ])
  return { client: new AccountsClient({ tokenStorage: storageOf(kept) }, new RestClient({ apiHost, rootPath: '/accounts' })), kept }
}

const storageOf = (kept: Map<string, string>) => ({
  setItem: (key: string, value: string) => void kept.set(key, value),
  getItem: (key: string) => kept.get(key) ?? null,
  removeItem: (key: string) => void kept.delete(key),
})
