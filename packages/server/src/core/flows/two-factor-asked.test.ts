import type { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { World, WorldOptions } from '../../testing/index.ts'
import { codeOf, enrolled, wrongCode } from '../../testing/two-factor.ts'
import { AccountsMagicLink } from '../../strategies/magic-link/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { Accounts } from '../accounts.ts'
import type { Login } from '../accounts.ts'
import { sealTotpSecret } from '../identity/totp.ts'
import type { SessionAndUser } from '../session/session.ts'
import type { Strategy } from '../strategy.ts'

const NEW_PASSWORD = 'a rather different sentence'
const MINUTE = 60_000
const PLENTY = { limit: 100_000 }
/** Without the limits that would stop a test before what it is about. */
const unlimited: NonNullable<WorldOptions['options']> = {
  limits: { login: { address: PLENTY, account: PLENTY }, mail: { account: PLENTY } },
}

const codeIn = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'done',
    (error: AccountsError) => error.code,
  )
const passwordLogin = (world: World, code?: string): Promise<Login> =>
  world.server.accounts.login(
    'password',
    { user: { username: 'ada' }, password: PASSWORD, ...(code === undefined ? {} : { code }) },
    world.origin,
  )

async function signedIn(world: World, name: string): Promise<SessionAndUser> {
  const { tokens } = await world.loginAs(name)
  return world.server.accounts.check(tokens.accessToken)
}

describe('every way to sign in asks for the second factor', () => {
  const services = () => ({
    password: new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 }, returnTokensAfterResetPassword: true }),
    magicLink: new AccountsMagicLink(),
    badge: badge(),
  })
  const trusting: Record<string, (world: World) => Promise<unknown>> = {
    password: world => passwordLogin(world),
    'a password with the user’s address': world =>
      world.server.accounts.login('password', { user: 'ada@example.org', password: PASSWORD }, world.origin),
    'a mailed link': async world => {
      await world.server.accounts.requestMagicLinkEmail('ada@example.org', world.origin)
      return world.server.accounts.login('magicLink', { token: await world.tokenFor('ada@example.org') }, world.origin)
    },
    'a reset that signs in': async world => {
      await world.server.accounts.sendResetPasswordEmail('ada@example.org', world.origin)
      return world.server.accounts.resetPassword(await world.tokenFor('ada@example.org'), NEW_PASSWORD, world.origin)
    },
    'an enrolment that signs in': async world => {
      await world.server.accounts.sendEnrollmentEmail('ada@example.org', world.origin)
      return world.server.accounts.resetPassword(await world.tokenFor('ada@example.org'), NEW_PASSWORD, world.origin)
    },
    'a service of the app’s own': world => world.server.accounts.login('badge', { badge: 'ada' }, world.origin),
    'proving without signing in': world =>
      world.server.accounts.prove('password', { user: { username: 'ada' }, password: PASSWORD }, world.origin),
  }

  for (const [way, signIn] of Object.entries(trusting)) {
    it(way, async () => {
      await using world = await newWorld({ services: services() })
      const { code, who } = await enrolled(world)
      const { id } = (await who()).user
      const before = (await world.server.accounts.userSessions(id)).length
      const asked = await signIn(world).catch((error: AccountsError) => error)
      expect(asked).toMatchObject({ code: 'TwoFactorRequired', message: '2FA code required', details: { factors: ['totp'] } })
      expect((await world.server.accounts.userSessions(id)).length).toBeLessThanOrEqual(before)
      const { pending } = (asked as AccountsError).details ?? {}
      const { session } = await world.server.accounts.login('second-factor', { pending, code: code() }, world.origin)
      expect(session.factors.at(-1)?.name).toBe('totp')
    })
  }

  it('but the app’s own word, which vouches for the user', async () => {
    await using world = await newWorld()
    const { who } = await enrolled(world)
    expect((await world.server.accounts.loginTrusted((await who()).user.id, world.origin)).session.factors[0]?.kind).toBe('trusted')
  })

  it('and a server that was started without it lets nobody in who has one', async () => {
    await using world = await newWorld({ services: services() })
    const { who } = await enrolled(world)
    const { id } = (await who()).user
    const { core } = world.server.accounts
    const errors: unknown[] = []
    const log = { ...core.log, error: (fields: object) => void errors.push(fields) }
    const { clock, chance, timers } = core
    const without = new Accounts({
      settings: { tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz' },
      store: core.store,
      strategies: services(),
      ports: { clock, chance, timers, log },
    })
    await without.ready()
    for (const [service, params] of [
      ['password', { user: { username: 'ada' }, password: PASSWORD }],
      ['password', { user: { username: 'ada' }, password: PASSWORD, code: '123456' }],
      ['badge', { badge: 'ada' }],
    ] as const)
      expect(await codeIn(without.login(service, params, world.origin))).toBe('InternalError')
    expect(errors).toEqual(Array.from({ length: 3 }, () => ({ user: id, factor: 'totp' })))
    expect(await world.server.accounts.userSessions(id)).toHaveLength(1)
    await without.stop()
  })
})

describe('what a session or a password alone would allow', () => {
  const deeds: Record<string, (world: World, who: SessionAndUser, code?: string) => Promise<unknown>> = {
    'changing the password': ({ server, origin }, who, code) => server.accounts.changePassword(who, PASSWORD, NEW_PASSWORD, origin, code),
    'adding an address': ({ server, origin }, who, code) => server.accounts.addEmail(who, 'new@example.org', origin, { code }),
    'changing an address': ({ server, origin }, who, code) =>
      server.accounts.changeEmail(who, 'ada@example.org', 'new@example.org', { password: PASSWORD, code }, origin),
    'deleting the account': ({ server, origin }, who, code) => server.accounts.deleteAccount(who, { password: PASSWORD, code }, origin),
  }
  for (const [deed, act] of Object.entries(deeds)) {
    it(`takes a code too, unless the session is fresh: ${deed}`, async () => {
      await using world = await newWorld({ options: unlimited })
      const { who, secret, code } = await enrolled(world)
      world.clock.pass(11 * MINUTE)
      await expect(act(world, await who())).rejects.toMatchObject({
        code: 'TwoFactorRequired',
        message: '2FA code required',
        details: { field: 'code' },
      })
      await expect(act(world, await who(), wrongCode(secret, world.clock))).rejects.toMatchObject({ code: 'TwoFactorInvalid' })
      expect(await codeIn(act(world, await who(), code()))).toBe('done')
    })

    it(`takes none from a fresh session, or where there is no second factor: ${deed}`, async () => {
      await using fresh = await newWorld()
      expect(await codeIn(act(fresh, await (await enrolled(fresh)).who()))).toBe('done')
      await using world = await newWorld()
      const who = await signedIn(world, 'ada')
      world.clock.pass(11 * MINUTE)
      expect(await codeIn(act(world, who))).toBe('done')
    })
  }

  it('is not given away by a right password: the wrong one is refused as ever', async () => {
    await using world = await newWorld()
    const { who } = await enrolled(world)
    world.clock.pass(11 * MINUTE)
    expect(await codeIn(world.server.accounts.changePassword(await who(), 'a guess', NEW_PASSWORD, world.origin))).toBe(
      'InvalidCredentials',
    )
  })
})

describe('a secret from another system', () => {
  it('is sealed for its user and signs in with the app they have', async () => {
    await using world = await newWorld()
    const { id } = await world.createUser('ada')
    const { core } = world.server.accounts
    const secret = { base32: 'JBSW Y3DP ehpk3pxp JBSWY3DPEHPK3PXP==' }
    const credential = sealTotpSecret(core, id, secret.base32)
    expect(JSON.stringify(credential)).not.toContain('JBSW')
    await core.store.users.putCredential(credential)
    const bare = { base32: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' }
    expect(await codeIn(passwordLogin(world))).toBe('TwoFactorRequired')
    expect(await codeIn(passwordLogin(world, codeOf(bare, world.clock)))).toBe('done')
    expect(() => sealTotpSecret(core, id, 'not base32!')).toThrow(/base32/)
  })
})

/** A way to sign in that an app brings: whoever holds the badge. */
function badge(): Strategy<{ badge: string }> {
  let findUser: (name: string) => Promise<{ id: string } | null> = () => Promise.resolve(null)
  return {
    name: 'badge',
    attach: core => {
      findUser = name => core.store.users.find({ kind: 'username', key: name })
    },
    parse: options => options as { badge: string },
    async authenticate(params) {
      const user = await findUser(params.badge)
      return user ? { userId: user.id, factor: { name: 'badge', kind: 'holds', at: 0 } } : undefined
    },
  }
}
