import type { Tokens } from '@latchkey/common'
import { expect, it } from 'vitest'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'
import type { SessionAndUser } from './session.ts'

/** Every way to ask whether a session is good, and to end it or go on with it. */
const ASKED: Record<string, (world: World, who: Held) => Promise<unknown>> = {
  'a request with its access token': ({ server }, { tokens }) => server.accounts.check(tokens.accessToken),
  'a request with its cookie': ({ server }, { secret }) => server.accounts.checkResume(secret),
  'an open connection': ({ server }, { session }) => server.accounts.checkAgain(session),
  'a refresh': ({ server, origin }, { tokens }) => server.accounts.refresh(tokens.accessToken, tokens.refreshToken, origin),
  'a logout': ({ server, origin }, { tokens }) => server.accounts.logoutByToken(tokens.accessToken, origin),
}

it.each(Object.entries(ASKED))('%s waits for a change of the user to reach the session, where the two are kept apart', async (_, ask) => {
  await using world = await newWorld()
  const who = await signedIn(world)
  // As a store of two databases has it between the one and the other.
  const asks = lagging(world, 3)
  await expect(ask(world, who)).resolves.not.toThrow()
  expect(asks()).toBeGreaterThanOrEqual(4)
})

it.each(Object.entries(ASKED))('%s is refused where no change will ever reach the session', async (_, ask) => {
  await using world = await newWorld()
  const who = await signedIn(world)
  lagging(world, Infinity)
  await expect(ask(world, who)).rejects.toMatchObject({ code: 'InvalidSession' })
})

it('an impersonated session outlives the moment in which its administrator changes their password', async () => {
  await using world = await newWorld({ options: { impersonationAuthorize: async () => true } })
  const admin = await world.loginAs('admin')
  await world.createUser('bob')
  const { server, origin } = world
  const acting = await server.accounts.impersonate(admin.tokens.accessToken, { username: 'bob' }, origin)
  if (!acting.authorized || !acting.login.tokens) throw new Error('the administrator may')
  const { accessToken, refreshToken } = acting.login.tokens
  lagging(world, 2, acting.login.session.impersonatorSessionId)
  expect((await server.accounts.refresh(accessToken, refreshToken, origin)).user.username).toBe('bob')
})

it('one that ended is over at once', async () => {
  await using world = await newWorld()
  const { session } = await signedIn(world)
  await world.server.accounts.revoke({ sessionId: session.id })
  const asks = lagging(world, 0)
  await expect(world.server.accounts.checkAgain(session)).rejects.toMatchObject({ code: 'InvalidSession' })
  expect(asks()).toBe(1)
})

it('a refresh waits no longer for a change of a user who is gone', async () => {
  await using world = await newWorld()
  const { tokens, session } = await signedIn(world)
  const { store, clock } = world.server.accounts.core
  lagging(world, Infinity)
  const lagged = { ...store.sessions }
  let turns = 0
  store.sessions.rotate = async rotation => {
    turns += 1
    const outcome = await lagged.rotate(rotation)
    await store.users.remove(session.userId, clock.now())
    return outcome
  }
  const { accounts } = world.server
  await expect(accounts.refresh(tokens.accessToken, tokens.refreshToken, world.origin)).rejects.toMatchObject({ code: 'InvalidSession' })
  expect(turns).toBe(2)
})

interface Held extends SessionAndUser {
  tokens: Tokens
  /** Of another session of the same user, kept in a cookie. */
  secret: string
}

async function signedIn(world: World): Promise<Held> {
  const { tokens } = await world.loginAs('ada')
  const { accounts } = world.server
  const { resumeSecret } = await accounts.login('password', { user: { username: 'ada' }, password: PASSWORD }, world.origin, 'cookie')
  return { ...(await accounts.check(tokens.accessToken)), tokens, secret: resumeSecret ?? '' }
}

/** The store's answers about sessions, or about one of them, are of the epoch before, so many times; how often it was asked. */
function lagging({ server }: World, times: number, sessionId?: string): () => number {
  const { store, cache } = server.accounts.core
  cache.flush()
  let asked = 0
  const late = (found: SessionAndUser | null): SessionAndUser | null => {
    cache.flush()
    if (sessionId !== undefined && found?.session.id !== sessionId) return found
    asked += 1
    return found && asked <= times ? { ...found, user: { ...found.user, epoch: found.user.epoch + 1 } } : found
  }
  const kept = { ...store.sessions }
  store.sessions.find = async id => late(await kept.find(id))
  store.sessions.findByResume = async hash => late(await kept.findByResume(hash))
  store.sessions.rotate = rotation => kept.rotate({ ...rotation, judge: found => rotation.judge(late(found) ?? found) })
  return () => asked
}
