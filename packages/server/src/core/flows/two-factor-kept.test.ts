import { describe, expect, it } from 'vitest'
import { TOTP } from 'otpauth'
import { newWorld } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import type { SessionAndUser } from '../session/session.ts'

describe('a second factor that is set up with a code alone', () => {
  it('is what was offered to this user, and works at the next sign-in with a newer code', async () => {
    await using world = await open()
    const who = await signedIn(world, 'ada')
    const { base32 } = await world.server.accounts.twoFactorOffer(who, world.origin)
    expect(await failure(world.server.accounts.twoFactorEnable(who, '000000', world.origin))).toMatchObject({ code: 'TwoFactorInvalid' })
    const code = codeOf(world, base32)
    await world.server.accounts.twoFactorEnable(who, code, world.origin)
    expect(await world.server.accounts.twoFactorStatus(who)).toMatchObject({ enabled: true })
    // A code works once, the one that set it up too.
    const login = (given: string) =>
      world.server.loginWithService('password', { user: 'ada', password: 'correct horse battery staple', code: given }, {})
    expect(await failure(login(code))).toMatchObject({ code: 'TwoFactorInvalid' })
    world.clock.pass(30_000)
    expect((await login(codeOf(world, base32))).user.id).toBe(who.user.id)
  })

  it('is offered anew in the place of the earlier offer, for ten minutes, and to nobody else', async () => {
    await using world = await open()
    const [ada, bob] = [await signedIn(world, 'ada'), await signedIn(world, 'bob')]
    const { accounts } = world.server
    const first = await accounts.twoFactorOffer(ada, world.origin)
    expect(await failure(accounts.twoFactorEnable(bob, codeOf(world, first.base32), world.origin))).toMatchObject({
      code: 'TwoFactorNotOffered',
    })
    const second = await accounts.twoFactorOffer(ada, world.origin)
    expect(await failure(accounts.twoFactorEnable(ada, codeOf(world, first.base32), world.origin))).toMatchObject({
      code: 'TwoFactorInvalid',
    })
    world.clock.pass(10 * 60_000)
    expect(await failure(accounts.twoFactorEnable(ada, codeOf(world, second.base32), world.origin))).toMatchObject({
      code: 'TwoFactorNotOffered',
    })
  })

  it('is not offered to whoever has one', async () => {
    await using world = await open()
    const who = await signedIn(world, 'ada')
    await enable(world, who)
    expect(await failure(world.server.accounts.twoFactorOffer(who, world.origin))).toMatchObject({ code: 'TwoFactorAlreadySet' })
  })

  it('is given up without a code only soon after a sign-in', async () => {
    await using world = await open()
    const who = await signedIn(world, 'ada')
    const { accounts } = world.server
    const base32 = await enable(world, who)
    world.clock.pass(11 * 60_000)
    expect(await failure(accounts.twoFactorDisable(who, undefined, world.origin))).toMatchObject({ code: 'RecentLoginRequired' })
    await accounts.twoFactorDisable(who, codeOf(world, base32), world.origin)
    expect(await accounts.twoFactorStatus(who)).toMatchObject({ enabled: false })
    const fresh = await signedIn(world, 'ada')
    await enable(world, fresh)
    await accounts.twoFactorDisable(fresh, undefined, world.origin)
    expect(await accounts.twoFactorStatus(fresh)).toMatchObject({ enabled: false })
  })
})

const open = (): Promise<World> =>
  newWorld({
    options: { face: 'meteor' },
    services: { password: new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } }) },
  })

async function signedIn(world: World, name: string): Promise<SessionAndUser> {
  const { tokens } = await world.loginAs(name)
  return world.server.accounts.check(tokens.accessToken)
}

async function enable(world: World, who: SessionAndUser): Promise<string> {
  const { base32 } = await world.server.accounts.twoFactorOffer(who, world.origin)
  await world.server.accounts.twoFactorEnable(who, codeOf(world, base32), world.origin)
  world.clock.pass(30_000)
  return base32
}

const codeOf = ({ clock }: World, base32: string): string => new TOTP({ secret: base32 }).generate({ timestamp: clock.now() })

const failure = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => Promise.reject(new Error('it was let through')),
    (error: Error) => error,
  )
