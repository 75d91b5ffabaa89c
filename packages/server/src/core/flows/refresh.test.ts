import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshDatabase, hasPostgres } from '../../../../../tools/test/postgres.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { postgresStore, sqliteStore } from '../../stores/sql/index.ts'
import { splitStore } from '../../stores/split/index.ts'
import { newWorld } from '../../testing/index.ts'
import type { World, WorldOptions } from '../../testing/index.ts'
import { hashSecret, newId } from '../session/secret.ts'
import type { Store } from '../store.ts'
import { systemPorts } from '../../system.ts'
import type { RetiredKey, TokenKeyPair } from '../token-key.ts'

const OLD = 'the secret before, 0123456789 abcdefghijklmn'
const NEXT = 'the secret after, 0123456789 abcdefghijklmno'
const MINUTE = 60_000

let url = ''
let drop = async (): Promise<void> => {}
beforeAll(async () => {
  if (!hasPostgres) return
  const database = await freshDatabase()
  url = database.url
  drop = () => database.drop()
})
afterAll(() => drop())

const STORES: { name: string; here: boolean; make: () => Store }[] = [
  { name: 'memory', here: true, make: () => memoryStore() },
  { name: 'SQLite', here: true, make: () => sqliteStore({ path: ':memory:' }) },
  { name: 'PostgreSQL', here: hasPostgres, make: () => postgresStore({ url, collection: newId(systemPorts().chance) }) },
  { name: 'two stores', here: true, make: () => splitStore({ users: memoryStore(), sessions: sqliteStore({ path: ':memory:' }) }) },
]

for (const { name, here, make } of STORES) {
  describe.skipIf(!here)(`on ${name}`, () => {
    const open = (options: WorldOptions['options'] = {}): Promise<World> => newWorld({ store: make(), options })

    describe('a refresh whose answer was lost', () => {
      const pairs = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')] as const
      const changes: [from: string | TokenKeyPair, to: string | TokenKeyPair, retired: (string | RetiredKey)[]][] = [
        [OLD, NEXT, [OLD]],
        [OLD, pairs[0], [OLD]],
        [pairs[0], pairs[1], [pairs[0]]],
        [pairs[0], NEXT, [pairs[0]]],
      ]
      it.each(changes)(
        'leads to the same successor when it is repeated, also after tokenSecret changed (%#)',
        async (from, to, retired) => {
          const store = make()
          await using before = await newWorld({ store, options: { tokenSecret: from } })
          const { clock } = before
          const { tokens } = await before.loginAs('ada')
          const lost = await refresh(before, tokens)
          await using after = await newWorld({ store, clock, options: { tokenSecret: to, retiredSecrets: retired } })
          clock.pass(10 * MINUTE)
          const repeated = await refresh(after, tokens)
          expect(secretIn(repeated.refreshToken)).toBe(secretIn(lost.refreshToken))
          // The successor is good, and so is what comes after it.
          const next = await refresh(after, repeated)
          expect(secretIn((await refresh(after, repeated)).refreshToken)).toBe(secretIn(next.refreshToken))
          expect((await after.server.resumeSession((await refresh(after, next)).accessToken)).username).toBe('ada')
        },
      )

      it('is refused and ends nothing when the key it was made under is gone', async () => {
        const store = make()
        await using before = await newWorld({ store, options: { tokenSecret: OLD } })
        const { tokens } = await before.loginAs('ada')
        const newer = await refresh(before, tokens)
        await using after = await newWorld({ store, clock: before.clock, options: { tokenSecret: NEXT } })
        await expect(refresh(after, tokens)).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
        expect((await after.server.resumeSession((await refresh(after, newer)).accessToken)).username).toBe('ada')
      })

      it('leads to the same successor while the grace time runs, and ends the session after it', async () => {
        await using world = await open()
        const { tokens } = await world.loginAs('ada')
        const next = await refresh(world, tokens)
        const last = await refresh(world, next)
        world.clock.pass(30_000 - 1)
        expect(secretIn((await refresh(world, tokens)).refreshToken)).toBe(secretIn(next.refreshToken))
        world.clock.pass(1)
        await expect(refresh(world, tokens)).rejects.toMatchObject({ code: 'InvalidSession' })
        await expect(world.server.resumeSession(last.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
      })
    })

    describe('the handle of a session', () => {
      const numbered = (): { createToken: () => Promise<string> } => {
        let made = 0
        return { createToken: async () => `handle-${(made += 1)}` }
      }

      it('is what tokenCreator makes, and stays through refreshes', async () => {
        await using world = await open({ tokenCreator: numbered() })
        const { tokens } = await world.loginAs('ada')
        expect(handleIn(tokens.accessToken)).toBe('handle-1')
        const next = await refresh(world, tokens)
        expect(handleIn(next.accessToken)).toBe('handle-1')
        expect((await world.server.resumeSession(tokens.accessToken)).username).toBe('ada')
      })

      it('is another after each refresh where the app wants that, and older access tokens die at once', async () => {
        await using world = await open({ tokenCreator: numbered(), createNewSessionTokenOnRefresh: true })
        const { tokens, sessionId } = await world.loginAs('ada')
        expect((await world.server.resumeSession(tokens.accessToken)).username).toBe('ada')
        const next = await refresh(world, tokens)
        expect(handleIn(next.accessToken)).toBe('handle-2')
        await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'SessionNotFound' })
        expect((await world.server.resumeSession(next.accessToken)).username).toBe('ada')
        const { session } = await world.server.accounts.findByAccessToken(next.accessToken)
        expect([session.id, session.handle, session.generation]).toEqual([sessionId, 'handle-2', 1])
        // A repeated refresh hands out the handle there is.
        expect(handleIn((await refresh(world, tokens)).accessToken)).toBe('handle-2')
        const third = await refresh(world, next)
        expect((await world.server.resumeSession(third.accessToken)).username).toBe('ada')
      })

      it('is drawn at random where the app makes none', async () => {
        await using world = await open({ createNewSessionTokenOnRefresh: true })
        const { tokens } = await world.loginAs('ada')
        const next = await refresh(world, tokens)
        expect(handleIn(next.accessToken)).not.toBe(handleIn(tokens.accessToken))
        expect((await world.server.resumeSession(next.accessToken)).username).toBe('ada')
      })
    })

    describe('createTokens', () => {
      it('makes a pair for a live session and opens none; both pairs lead on together', async () => {
        await using world = await open()
        const { tokens, user, sessionId } = await world.loginAs('ada')
        const made = await world.server.accounts.createTokens({ token: handleIn(tokens.accessToken), user })
        expect((await world.server.resumeSession(made.accessToken)).id).toBe(user.id)
        expect((await world.server.accounts.userSessions(user.id)).map(({ id }) => id)).toEqual([sessionId])
        // Asked again it is the same secret, and the client's own, which is still good, leads to it.
        expect(secretIn((await world.server.accounts.createTokens({ token: handleIn(tokens.accessToken), user })).refreshToken)).toBe(
          secretIn(made.refreshToken),
        )
        world.clock.pass(MINUTE)
        expect(secretIn((await refresh(world, tokens)).refreshToken)).toBe(secretIn(made.refreshToken))
        const next = await refresh(world, made)
        expect(secretIn((await refresh(world, tokens)).refreshToken)).toBe(secretIn(made.refreshToken))
        // And after a refresh it is what the client was given.
        const later = await world.server.accounts.createTokens({ token: handleIn(next.accessToken), user })
        expect(secretIn(later.refreshToken)).toBe(secretIn(next.refreshToken))
        expect((await refresh(world, later)).refreshToken).not.toBe(later.refreshToken)
      })

      it('is refused for sessions that are over, in a cookie, unknown, or of somebody else', async () => {
        await using world = await open()
        const { accounts } = world.server
        const { tokens, user } = await world.loginAs('ada')
        const token = handleIn(tokens.accessToken)
        const other = await world.createUser('grace')
        await expect(accounts.createTokens({ token, user: other })).rejects.toMatchObject({ code: 'SessionNotFound' })
        await expect(accounts.createTokens({ token: 'made up', user })).rejects.toMatchObject({ code: 'SessionNotFound' })
        await expect(accounts.createTokens({ token, user, isImpersonated: true })).rejects.toMatchObject({ code: 'InvalidInput' })
        const { session } = await accounts.loginTrusted(user.id, world.origin, 'cookie')
        await expect(accounts.createTokens({ token: session.handle, user })).rejects.toMatchObject({ code: 'InvalidSession' })
        await world.server.logout(tokens.accessToken)
        await expect(accounts.createTokens({ token, user })).rejects.toMatchObject({ code: 'SessionNotFound' })
        await accounts.deactivateUser(user.id)
        await expect(accounts.createTokens({ token: session.handle, user })).rejects.toMatchObject({ code: 'SessionNotFound' })
      })
    })
  })
}

describe('a refresh', () => {
  it('keeps no secret, only hashes', async () => {
    const store = memoryStore()
    await using world = await newWorld({ store })
    const { tokens, sessionId } = await world.loginAs('ada')
    const next = await refresh(world, tokens)
    const chain = await store.sessions.refreshChain(sessionId)
    expect(chain).toEqual({
      tip: hashSecret(secretIn(next.refreshToken)),
      spent: [{ hash: hashSecret(secretIn(tokens.refreshToken)), until: null }],
    })
    for (const sent of [tokens, next]) expect(JSON.stringify(chain)).not.toContain(secretIn(sent.refreshToken))
  })

  it('takes an access token of a key that is gone, as long as it is of the same session', async () => {
    const store = memoryStore()
    await using before = await newWorld({ store, options: { tokenSecret: generateKeyPairSync('ed25519') } })
    const { tokens } = await before.loginAs('ada')
    const other = await before.loginAs('ada')
    await using after = await newWorld({ store, clock: before.clock, options: { tokenSecret: NEXT } })
    const mixed = { accessToken: other.tokens.accessToken, refreshToken: tokens.refreshToken }
    await expect(refresh(after, mixed)).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
    const both = { accessToken: tokens.refreshToken, refreshToken: tokens.refreshToken }
    await expect(refresh(after, both)).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
    expect((await after.server.resumeSession((await refresh(after, tokens)).accessToken)).username).toBe('ada')
  })
})

interface Pair {
  accessToken: string
  refreshToken: string
}

const refresh = async (world: World, { accessToken, refreshToken }: Pair): Promise<Pair> =>
  (await world.server.refreshTokens(accessToken, refreshToken, {})).tokens

// Tokens of the code under test have these fields.
const payloadOf = (token: string): { rt: string; data: { token: string } } =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { rt: string; data: { token: string } }

const secretIn = (refreshToken: string): string => payloadOf(refreshToken).rt
const handleIn = (accessToken: string): string => payloadOf(accessToken).data.token
