import { describe, expect, it } from 'vitest'
import { acting, anybody, ask, impersonated } from '../../testing/acting.ts'
import type { Acting } from '../../testing/acting.ts'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'
import type { Login } from '../accounts.ts'
import type { SessionAndUser } from '../session/session.ts'

const DAY = 86_400_000

describe('an impersonated session', () => {
  const ENDINGS: Record<string, (world: World, admin: Acting['admin']) => Promise<unknown>> = {
    'signs out': (world, { tokens }) => world.server.logout(tokens.accessToken),
    'is deactivated': (world, { user }) => world.server.deactivateUser(user.id),
    'gets a new password': (world, { user }) => world.server.accounts.setPassword(user.id, 'a rather different sentence'),
    'is deleted': (world, { user }) => world.server.accounts.deleteUser(user.id),
    'has that session revoked': (world, { sessionId }) => world.server.accounts.revoke({ sessionId }),
  }
  it.each(Object.entries(ENDINGS))('ends at once when the administrator %s', async (_name, end) => {
    await using world = await newWorld({ options: anybody })
    const { admin, login, tokens } = await acting(world)
    await end(world, admin)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    await expect(world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})).rejects.toMatchObject({ code: 'InvalidSession' })
    expect(await ended(world, login)).toBe('impersonator-ended')
  })

  it('ends at the next refresh when the administrator may not any more', async () => {
    let may = true
    await using world = await newWorld({ options: { impersonationAuthorize: async () => may } })
    const { login, tokens } = await acting(world)
    const next = await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})
    may = false
    const refused = world.server.refreshTokens(next.tokens.accessToken, next.tokens.refreshToken, {})
    await expect(refused).rejects.toMatchObject({ code: 'InvalidSession' })
    await expect(world.server.resumeSession(next.tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    expect(await ended(world, login)).toBe('impersonator-ended')
  })

  it('survives an app that cannot say for the moment whether the administrator still may', async () => {
    let down = false
    await using world = await newWorld({
      options: {
        impersonationAuthorize: async () => {
          if (down) throw new Error('the directory is down')
          return true
        },
      },
    })
    const { tokens, target } = await acting(world)
    down = true
    const failed = world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})
    await expect(failed).rejects.toThrow('the directory is down')
    down = false
    const { user } = await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})
    expect(user.id).toBe(target.id)
  })

  it('lives no longer than the session it was made from', async () => {
    await using world = await newWorld({ options: { ...anybody, session: { idle: null, absolute: '30d' } } })
    const admin = await world.loginAs('admin')
    const target = await world.createUser('ada')
    world.clock.pass(10 * DAY)
    const fresh = await world.server.refreshTokens(admin.tokens.accessToken, admin.tokens.refreshToken, {})
    const found = await ask(world, fresh.tokens.accessToken, { userId: target.id })
    const { session } = await world.server.accounts.findByAccessToken(fresh.tokens.accessToken)
    expect(found.authorized && found.login.session.expiresAt).toBe(session.expiresAt)
  })

  it('is not refreshed once the session it was made from has run out', async () => {
    await using world = await newWorld({ options: { ...anybody, session: { idle: '2d' } } })
    const { login, tokens } = await acting(world)
    world.clock.pass(1.5 * DAY)
    const next = await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})
    world.clock.pass(DAY)
    const refused = world.server.refreshTokens(next.tokens.accessToken, next.tokens.refreshToken, {})
    await expect(refused).rejects.toMatchObject({ code: 'InvalidSession' })
    expect(await ended(world, login)).toBe('impersonator-ended')
  })

  it('is not opened when the administrator signs out meanwhile', async () => {
    let signOut = async (): Promise<void> => {}
    await using world = await newWorld({
      options: {
        impersonationAuthorize: async () => {
          await signOut()
          return true
        },
      },
    })
    const [admin, target] = [await world.loginAs('admin'), await world.createUser('ada')]
    signOut = () => world.server.logout(admin.tokens.accessToken)
    await expect(ask(world, admin.tokens.accessToken, { userId: target.id })).rejects.toMatchObject({ code: 'InvalidSession' })
    expect(await world.server.accounts.userSessions(target.id)).toEqual([])
  })

  it('changes no credentials and identifiers, ends no other session, and takes nothing with it', async () => {
    await using world = await newWorld({ options: anybody })
    const {
      login,
      target,
      world: { server, origin },
    } = await acting(world)
    const own = await world.loginAs('ada')
    const who: SessionAndUser = { session: login.session, user: login.user }
    const confirmation = { password: PASSWORD }
    const { accounts } = server
    const deeds = [
      () => accounts.changePassword(who, PASSWORD, 'a rather different sentence', origin),
      () => accounts.addEmail(who, 'new@example.org', origin),
      () => accounts.changeEmail(who, 'ada@example.org', 'new@example.org', confirmation, origin),
      () => accounts.changeEmail(who, 'ada@example.org', 'new@example.org', null, origin),
      () => accounts.removeEmail(who, 'ada@example.org', confirmation, origin),
      () => accounts.deleteAccount(who, null, origin),
      () => accounts.exportData(who, origin),
      () => accounts.logout(who, 'others', origin),
      () => accounts.logout(who, 'all', origin),
      () => accounts.endSession(who, own.sessionId, origin),
      () => accounts.twoFactorSet(who, { base32: 'MN7HQLJCFB2UALKYPRHV2PSQOBVGESLA' }, '123456', origin),
      () => accounts.twoFactorUnset(who, '123456', origin),
      () => accounts.twoFactorRecoveryCodes(who, '123456', origin),
    ]
    for (const deed of deeds) await expect(deed()).rejects.toMatchObject({ code: 'Forbidden' })
    expect(await server.accounts.findUser({ kind: 'id', key: target.id })).toEqual(target)
    expect((await world.server.resumeSession(own.tokens.accessToken)).id).toBe(target.id)
  })

  it('may be left', async () => {
    await using world = await newWorld({ options: anybody })
    const { admin, tokens } = await acting(world)
    await world.server.logout(tokens.accessToken)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    expect((await world.server.resumeSession(admin.tokens.accessToken)).username).toBe('admin')
  })

  it('is shown to the user as what it is', async () => {
    await using world = await newWorld({ options: anybody })
    const { login } = await acting(world)
    const own = await world.loginAs('ada')
    const sessions = await world.server.accounts.sessions(await world.server.accounts.check(own.tokens.accessToken))
    expect(sessions.map(({ id, impersonated, factors }) => ({ id, impersonated, factors })).toSorted(byFlag)).toEqual([
      { id: own.sessionId, impersonated: false, factors: ['password'] },
      { id: login.session.id, impersonated: true, factors: ['impersonation'] },
    ])
  })

  it('gives no fresh tries at the user’s password, however many of them there are', async () => {
    const plenty = { limit: 100_000 }
    await using world = await newWorld({ options: { ...anybody, limits: { login: { address: plenty, account: plenty } } } })
    const { admin, target } = await acting(world)
    const codes: string[] = []
    for (let sessions = 0; sessions < 3; sessions += 1) {
      const { login } = await impersonated(world, admin.tokens.accessToken, { userId: target.id })
      for (let tries = 0; tries < 6; tries += 1) {
        const guess = { user: { username: 'ada' }, password: `guess ${sessions} ${tries}` }
        const asked = world.server.accounts.login('password', guess, { ...world.origin, session: login.session })
        codes.push(
          await asked.then(
            () => 'done',
            (error: { code: string }) => error.code,
          ),
        )
      }
    }
    expect(codes.filter(code => code === 'InvalidCredentials')).toHaveLength(6)
    expect(codes.filter(code => code === 'TooManyAttempts')).toHaveLength(12)
  })

  it('looks nothing like a login of the user: no mail, no known device, no failures forgiven', async () => {
    await using world = await newWorld({ options: { ...anybody, newDeviceMail: true } })
    const admin = await world.loginAs('admin')
    const ada = { username: 'ada', email: 'ada@example.org', emailVerified: true, password: PASSWORD }
    const target = await world.server.accounts.createUser(ada, world.origin)
    await world.loginAs('ada')
    const wrong = world.server.loginWithService('password', { user: 'ada', password: 'wrong' }, {})
    await expect(wrong).rejects.toMatchObject({ code: 'InvalidCredentials' })
    const key = `failures:user:${target.id}`
    const { attempts } = world.server.accounts.core.store
    const [before] = await attempts.failures([key], world.clock.now())

    const phone = { ...world.origin, userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1' }
    const found = await world.server.accounts.impersonate(admin.tokens.accessToken, { userId: target.id }, phone)
    expect(found.authorized && found.login.device).toBe('')
    expect((await world.delivered()).filter(({ subject }) => /device/i.test(subject))).toEqual([])
    expect(await attempts.failures([key], world.clock.now())).toEqual([before])
    expect(before?.count).toBe(1)
    // The user's own first login there is news.
    await world.server.accounts.login('password', { user: 'ada', password: PASSWORD }, phone)
    expect((await world.delivered()).filter(({ to }) => to === 'ada@example.org').length).toBe(1)
  })
})

async function ended(world: World, { session }: Login): Promise<string | undefined> {
  return (await world.server.accounts.core.store.sessions.find(session.id))?.session.endReason
}

const byFlag = (a: { impersonated: boolean }, b: { impersonated: boolean }): number => Number(a.impersonated) - Number(b.impersonated)
