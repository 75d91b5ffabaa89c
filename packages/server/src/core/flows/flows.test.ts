import type { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import { enrol, login, NEW_PASSWORD, wordFactor } from '../../testing/flows.ts'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { SessionAndUser } from '../session/session.ts'
import type { Registration } from './register.ts'

describe('sign-up', () => {
  it('answers a taken address exactly like a new one, and tells its owner by mail', async () => {
    await using world = await newWorld()
    await world.createUser('ada')
    const input = { email: 'Ada@Example.org', password: NEW_PASSWORD }
    const taken = await world.server.accounts.register(input, world.origin)
    const fresh = await world.server.accounts.register({ email: 'grace@example.org', password: NEW_PASSWORD }, world.origin)
    expect(taken).toEqual(fresh)
    expect(fresh).toEqual({ result: {}, login: null })
    expect((await world.delivered()).map(({ to }) => to)).toContain('ada@example.org')
    await expect(login(world, 'ada@example.org', NEW_PASSWORD)).rejects.toMatchObject({ code: 'InvalidCredentials' })
  })

  it('says what is taken when the app does not want to hide it', async () => {
    await using world = await newWorld({ options: { ambiguousErrorMessages: false } })
    await world.createUser('ada')
    const register = (input: object) => world.server.accounts.register({ password: PASSWORD, ...input }, world.origin)
    await expect(register({ email: 'ada@example.org' })).rejects.toMatchObject({ code: 'EmailAlreadyExists' })
    await expect(register({ username: 'ADA', email: 'x@example.org' })).rejects.toMatchObject({ code: 'UsernameAlreadyExists' })
    expect((await register({ username: 'grace' })).result.userId).toBeTypeOf('string')
  })

  it('keeps only what validateNewUser returns, and never a password among the fields', async () => {
    await using world = await newWorld({
      options: {
        enableAutologin: true,
        password: { validateNewUser: user => ({ username: user.username, email: user.email, team: user.team, password: 'x' }) },
      },
    })
    const input = { username: 'ada', email: 'ada@example.org', password: PASSWORD, team: 'analytical', admin: true }
    const { result, login } = await world.server.accounts.register(input, world.origin)
    const user = await world.server.findUserById(result.userId ?? '')
    expect(user).toMatchObject({ team: 'analytical' })
    expect(user).not.toHaveProperty('password')
    expect(login?.user.custom).toEqual({ team: 'analytical' })
  })

  it('is refused when it is forbidden, when the password is weak, and when there is nothing to be found by', async () => {
    await using closed = await newWorld({ options: { signUpAllowed: false } })
    await expect(closed.server.accounts.register({ email: 'a@example.org', password: PASSWORD }, closed.origin)).rejects.toMatchObject({
      code: 'SignUpForbidden',
    })
    await using world = await newWorld()
    const register = (input: Registration) => world.server.accounts.register(input, world.origin)
    await expect(register({ email: 'a@example.org', password: 'password1' })).rejects.toMatchObject({
      code: 'InvalidPassword',
      details: { reason: 'common' },
    })
    await expect(register({ email: 'a@example.org', password: 'short' })).rejects.toMatchObject({
      code: 'InvalidPassword',
      details: { reason: 'too-short' },
    })
    await expect(register({ email: 'a@example.org' })).rejects.toMatchObject({ code: 'InvalidPassword' })
    await expect(register({ password: PASSWORD })).rejects.toMatchObject({ code: 'UsernameOrEmailRequired' })
    await expect(register({ email: 'not an address', password: PASSWORD })).rejects.toMatchObject({ code: 'InvalidEmail' })
    await expect(register({ username: 'a@b', password: PASSWORD })).rejects.toMatchObject({ code: 'InvalidUsername' })
  })
})

describe('links by mail', () => {
  it('verify an address once', async () => {
    await using world = await newWorld()
    const { id } = await world.createUser('ada')
    await world.server.accounts.sendVerificationEmail('ada@example.org', world.origin)
    const token = await world.tokenFor('ada@example.org')
    await world.server.accounts.verifyEmail(token, world.origin)
    expect((await world.server.findUserById(id))?.emails).toEqual([{ address: 'ada@example.org', verified: true }])
    await expect(world.server.accounts.verifyEmail(token, world.origin)).rejects.toMatchObject({ code: 'VerifyEmailLinkExpired' })
  })

  it('reset the password, verify the address and end every session', async () => {
    await using world = await newWorld()
    const { tokens } = await world.loginAs('ada')
    await world.server.accounts.sendResetPasswordEmail('ada@example.org', world.origin)
    const token = await world.tokenFor('ada@example.org')
    expect(await world.server.accounts.resetPassword(token, NEW_PASSWORD, world.origin)).toBeNull()
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    await expect(world.loginAs('ada')).rejects.toMatchObject({ code: 'InvalidCredentials' })
    expect((await world.loginAs('ada', NEW_PASSWORD)).user.emails).toEqual([{ address: 'ada@example.org', verified: true }])
    await expect(world.server.accounts.resetPassword(token, NEW_PASSWORD, world.origin)).rejects.toMatchObject({
      code: 'ResetPasswordLinkExpired',
    })
  })

  it('survive a password that is refused', async () => {
    await using world = await newWorld()
    await world.createUser('ada')
    await world.server.accounts.sendResetPasswordEmail('ada@example.org', world.origin)
    const token = await world.tokenFor('ada@example.org')
    await expect(world.server.accounts.resetPassword(token, 'short', world.origin)).rejects.toMatchObject({ code: 'InvalidNewPassword' })
    await world.server.accounts.resetPassword(token, NEW_PASSWORD, world.origin)
    expect((await world.loginAs('ada', NEW_PASSWORD)).user.username).toBe('ada')
  })

  it('expire, are good for one purpose only, and die when a newer one is sent', async () => {
    await using world = await newWorld()
    await world.createUser('ada')
    await world.server.accounts.sendResetPasswordEmail('ada@example.org', world.origin)
    const first = await world.tokenFor('ada@example.org')
    await expect(world.server.accounts.verifyEmail(first, world.origin)).rejects.toMatchObject({ code: 'VerifyEmailLinkExpired' })
    await world.server.accounts.sendResetPasswordEmail('ada@example.org', world.origin)
    await world.delivered()
    await expect(world.server.accounts.resetPassword(first, NEW_PASSWORD, world.origin)).rejects.toMatchObject({
      code: 'ResetPasswordLinkExpired',
    })
    const second = await world.tokenFor('ada@example.org')
    world.clock.pass(3 * 86_400_000)
    await expect(world.server.accounts.resetPassword(second, NEW_PASSWORD, world.origin)).rejects.toMatchObject({
      code: 'ResetPasswordLinkExpired',
    })
  })

  it('go to nobody for an unknown address, which is answered like a known one', async () => {
    await using world = await newWorld()
    await world.createUser('ada')
    const { accounts } = world.server
    for (const address of ['ada@example.org', 'nobody@example.org']) {
      expect(await accounts.sendResetPasswordEmail(address, world.origin)).toBeUndefined()
      expect(await accounts.sendVerificationEmail(address, world.origin)).toBeUndefined()
    }
    expect(new Set((await world.delivered()).map(({ to }) => to))).toEqual(new Set(['ada@example.org']))
    await using open = await newWorld({ options: { ambiguousErrorMessages: false } })
    await expect(open.server.accounts.sendResetPasswordEmail('nobody@example.org', open.origin)).rejects.toMatchObject({
      code: 'UserNotFound',
    })
  })

  it('sign in after a reset when the app wants that, but not past a second factor', async () => {
    await using world = await newWorld({ options: { password: { returnTokensAfterResetPassword: true }, factors: [wordFactor()] } })
    const { id } = await world.createUser('ada')
    const { accounts } = world.server
    await accounts.sendResetPasswordEmail('ada@example.org', world.origin)
    const login = await accounts.resetPassword(await world.tokenFor('ada@example.org'), NEW_PASSWORD, world.origin)
    expect(login?.tokens?.accessToken).toBeTypeOf('string')
    await enrol(world, id)
    await accounts.sendResetPasswordEmail('ada@example.org', world.origin)
    const token = await world.tokenFor('ada@example.org')
    await expect(accounts.resetPassword(token, PASSWORD, world.origin)).rejects.toMatchObject({ code: 'TwoFactorRequired' })
  })
})

describe('my account', () => {
  it('changes the password with the old one, keeps this session and ends the others', async () => {
    await using world = await newWorld()
    const [here, there] = [await world.loginAs('ada'), await world.loginAs('ada')]
    const who = await world.server.accounts.check(here.tokens.accessToken)
    await expect(world.server.accounts.changePassword(who, 'not the old one', NEW_PASSWORD, world.origin)).rejects.toMatchObject({
      code: 'InvalidCredentials',
    })
    await world.server.accounts.changePassword(who, PASSWORD, NEW_PASSWORD, world.origin)
    expect((await world.server.resumeSession(here.tokens.accessToken)).username).toBe('ada')
    expect((await world.server.refreshTokens(here.tokens.accessToken, here.tokens.refreshToken, {})).user.username).toBe('ada')
    await expect(world.server.resumeSession(there.tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    expect((await world.delivered()).at(-1)).toMatchObject({ to: 'ada@example.org' })
  })

  it('lets reset links live through a change of password only when the app wants that', async () => {
    for (const removeAllResetPasswordTokensAfterPasswordChanged of [true, false]) {
      await using world = await newWorld({ options: { password: { removeAllResetPasswordTokensAfterPasswordChanged } } })
      const { tokens } = await world.loginAs('ada')
      await world.server.accounts.sendResetPasswordEmail('ada@example.org', world.origin)
      const link = await world.tokenFor('ada@example.org')
      await world.server.accounts.changePassword(
        await world.server.accounts.check(tokens.accessToken),
        PASSWORD,
        NEW_PASSWORD,
        world.origin,
      )
      const outcome = await world.server.accounts
        .resetPassword(link, 'a third sentence altogether', world.origin)
        .catch(({ code }: AccountsError) => code)
      expect(outcome).toBe(removeAllResetPasswordTokensAfterPasswordChanged ? 'ResetPasswordLinkExpired' : null)
    }
  })

  it('does not let a stolen session guess the password for long, nor lock the owner out elsewhere', async () => {
    await using world = await newWorld()
    const { tokens } = await world.loginAs('ada')
    const who = await world.server.accounts.check(tokens.accessToken)
    const guess = () =>
      world.server.accounts.changePassword(who, 'a guess', NEW_PASSWORD, world.origin).catch((error: AccountsError) => error.code)
    const answers = []
    for (let tries = 0; tries < 8; tries += 1) answers.push(await guess())
    expect(answers.slice(0, 5)).toEqual(Array(5).fill('InvalidCredentials'))
    expect(answers.at(-1)).toBe('TooManyAttempts')
    world.clock.pass(60_000)
    expect((await world.loginAs('ada')).user.username).toBe('ada')
  })

  it('lists devices and ends one of them', async () => {
    await using world = await newWorld()
    const [here, there] = [await world.loginAs('ada'), await world.loginAs('ada')]
    const who = await world.server.accounts.check(here.tokens.accessToken)
    const listed = await world.server.accounts.sessions(who)
    expect(new Set(listed.map(({ id, current }) => `${id} ${current}`))).toEqual(
      new Set([`${here.sessionId} true`, `${there.sessionId} false`]),
    )
    expect(await world.server.accounts.endSession(who, there.sessionId, world.origin)).toBe(true)
    expect(await world.server.accounts.endSession(who, there.sessionId, world.origin)).toBe(false)
    await expect(world.server.resumeSession(there.tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
  })

  it("does not end another user's session", async () => {
    await using world = await newWorld()
    const [ada, eve] = [await world.loginAs('ada'), await world.loginAs('eve')]
    const who = await world.server.accounts.check(eve.tokens.accessToken)
    expect(await world.server.accounts.endSession(who, ada.sessionId, world.origin)).toBe(false)
    expect((await world.server.resumeSession(ada.tokens.accessToken)).username).toBe('ada')
  })

  it('adds, changes and removes addresses, and asks for the password once the sign-in is old', async () => {
    await using world = await newWorld()
    const { tokens } = await world.loginAs('ada')
    const check = (): Promise<SessionAndUser> => world.server.accounts.check(tokens.accessToken)
    const { accounts } = world.server
    await accounts.addEmail(await check(), 'ada@lovelace.example', world.origin)
    await world.createUser('eve')
    await expect(accounts.addEmail(await check(), 'EVE@example.org', world.origin)).rejects.toMatchObject({ code: 'EmailAlreadyExists' })
    world.clock.pass(11 * 60_000)
    await expect(accounts.removeEmail(await check(), 'ada@example.org', null, world.origin)).rejects.toMatchObject({
      code: 'RecentLoginRequired',
    })
    await accounts.removeEmail(await check(), 'ada@example.org', { password: PASSWORD }, world.origin)
    await accounts.changeEmail(await check(), 'ada@lovelace.example', 'countess@lovelace.example', { password: PASSWORD }, world.origin)
    expect((await check()).user.emails).toEqual([{ address: 'countess@lovelace.example', verified: false }])
  })

  it('exports everything about the user and nothing that proves anything, and can be deleted', async () => {
    await using world = await newWorld()
    const { tokens, user } = await world.loginAs('ada')
    const who = await world.server.accounts.check(tokens.accessToken)
    const text = JSON.stringify(await world.server.accounts.exportData(who, world.origin))
    expect(text).toContain('ada@example.org')
    expect(text).not.toMatch(/argon2|\$2[aby]\$|refresh":/)
    await world.server.accounts.deleteAccount(who, { password: PASSWORD }, world.origin)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'SessionNotFound' })
    expect(await world.server.findUserById(user.id)).toBeNull()
    expect((await world.createUser('ada')).id).not.toBe(user.id)
  })
})
