import { expect, it } from 'vitest'
import { newWorld } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'
import type { SessionAndUser } from './session.ts'

it('a session that a change of its user has not reached yet is waited for, where users and sessions are kept apart', async () => {
  await using world = await newWorld()
  const { session } = await signedIn(world)
  // As a store of two databases has it between the one and the other.
  const asks = lagging(world, 3)
  expect((await world.server.accounts.checkAgain(session)).session.id).toBe(session.id)
  expect(asks()).toBe(4)
})

it('one that no change will ever reach is over', async () => {
  await using world = await newWorld()
  const { session } = await signedIn(world)
  lagging(world, Infinity)
  await expect(world.server.accounts.checkAgain(session)).rejects.toMatchObject({ code: 'InvalidSession' })
})

it('one that ended is over at once', async () => {
  await using world = await newWorld()
  const { session } = await signedIn(world)
  await world.server.accounts.revoke({ sessionId: session.id })
  const asks = lagging(world, 0)
  await expect(world.server.accounts.checkAgain(session)).rejects.toMatchObject({ code: 'InvalidSession' })
  expect(asks()).toBe(1)
})

async function signedIn(world: World): Promise<SessionAndUser> {
  const { tokens } = await world.loginAs('ada')
  return world.server.accounts.check(tokens.accessToken)
}

/** The store's answers are of the epoch before, so many times; how often it was asked. */
function lagging({ server }: World, times: number): () => number {
  const { store, cache } = server.accounts.core
  const find = store.sessions.find.bind(store.sessions)
  cache.flush()
  let asked = 0
  store.sessions.find = async id => {
    cache.flush()
    const found = await find(id)
    asked += 1
    return found && asked <= times ? { ...found, user: { ...found.user, epoch: found.user.epoch + 1 } } : found
  }
  return () => asked
}
