import { describe, expect, it } from 'vitest'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'
import type { SessionAndUser } from '../session/session.ts'

const NEW = 'second@example.org'
const LONG = 11 * 60_000

describe('adding an address', () => {
  it('on the latchkey face wants the password once the session is older than ten minutes', async () => {
    await using world = await newWorld({ options: { face: 'latchkey' } })
    const { accounts } = world.server
    const who = await signedIn(world)
    await accounts.addEmail(who, NEW, world.origin)
    world.clock.pass(LONG)
    await expect(accounts.addEmail(who, 'third@example.org', world.origin)).rejects.toMatchObject({ code: 'RecentLoginRequired' })
    await expect(accounts.addEmail(who, 'third@example.org', world.origin, { password: 'wrong' })).rejects.toMatchObject({
      code: 'InvalidCredentials',
    })
    await accounts.addEmail(who, 'third@example.org', world.origin, { password: PASSWORD })
    expect((await accounts.findUser({ kind: 'id', key: who.user.id }))?.emails).toHaveLength(3)
  })

  it('on accounts-js’s face does without, for its clients have none to send, but a password that is sent must be right', async () => {
    await using world = await newWorld()
    const who = await signedIn(world)
    world.clock.pass(LONG)
    await world.server.accounts.addEmail(who, NEW, world.origin)
    await expect(world.server.accounts.addEmail(who, 'third@example.org', world.origin, { password: 'wrong' })).rejects.toMatchObject({
      code: 'InvalidCredentials',
    })
  })

  it('is told to the verified addresses, and where none is to the main one', async () => {
    await using world = await newWorld()
    const who = await signedIn(world)
    await world.server.accounts.addEmail(who, NEW, world.origin)
    expect((await world.delivered()).map(({ to }) => to)).toEqual(['ada@example.org'])
    await world.server.accounts.addEmailOf(who.user.id, 'third@example.org', true)
    const before = (await world.delivered()).length
    const again = await world.server.accounts.findUser({ kind: 'id', key: who.user.id })
    await world.server.accounts.addEmail({ ...who, user: again ?? who.user }, 'fourth@example.org', world.origin)
    expect((await world.delivered()).slice(before).map(({ to }) => to)).toEqual(['third@example.org'])
  })
})

async function signedIn(world: World): Promise<SessionAndUser> {
  return world.server.accounts.check((await world.loginAs('ada')).tokens.accessToken)
}
