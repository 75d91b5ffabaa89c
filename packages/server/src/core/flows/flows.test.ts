import type { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'
import type { Login } from '../accounts.ts'
import type { SessionAndUser } from '../session/session.ts'
import type { SecondFactor } from '../strategy.ts'
import type { Registration } from './register.ts'

const NEW_PASSWORD = 'a rather different sentence'

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
    expect(user?.custom).toEqual({ team: 'analytical' })
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

describe('the login flow', () => {
  it('answers unknown users, wrong passwords and users without a password alike', async () => {
    await using world = await newWorld()
    await world.createUser('ada')
    await world.server.accounts.createUser({ email: 'grace@example.org' }, world.origin)
    for (const email of ['nobody@example.org', 'ada@example.org', 'grace@example.org']) {
      await expect(login(world, email, 'a wrong password')).rejects.toMatchObject({
        code: 'InvalidCredentials',
        message: 'Invalid credentials',
        details: undefined,
      })
    }
  })

  it('asks for the second factor on every way in, answers with a pending login, and completes it once', async () => {
    await using world = await newWorld({ options: { factors: [wordFactor()] } })
    const { id } = await world.createUser('ada')
    await enrol(world, id)
    const asked = await login(world, 'ada@example.org').catch((error: AccountsError) => error)
    expect(asked).toMatchObject({ code: 'TwoFactorRequired', message: '2FA code required', details: { factors: ['word'] } })
    const pending = (asked as AccountsError).details?.pending
    const complete = (code: string, origin = world.origin) => world.server.accounts.login('second-factor', { pending, code }, origin)
    await expect(complete('wrong')).rejects.toMatchObject({ code: 'TwoFactorInvalid' })
    await expect(complete('sesame', { ...world.origin, ip: '203.0.113.9' })).rejects.toMatchObject({ code: 'AuthenticationFailed' })
    expect((await complete('sesame')).session.factors.map(({ name }) => name)).toEqual(['password', 'word'])
    await expect(complete('sesame')).rejects.toMatchObject({ code: 'AuthenticationFailed' })
  })

  it('takes the code in the first call too', async () => {
    await using world = await newWorld({ options: { factors: [wordFactor()] } })
    const { id } = await world.createUser('ada')
    await enrol(world, id)
    const params = { user: { email: 'ada@example.org' }, password: PASSWORD }
    await expect(world.server.accounts.login('password', { ...params, code: 'wrong' }, world.origin)).rejects.toMatchObject({
      code: 'TwoFactorInvalid',
    })
    const opened = await world.server.accounts.login('password', { ...params, code: 'sesame' }, world.origin)
    expect(opened.session.factors).toHaveLength(2)
  })

  it('ends a pending login after five wrong codes', async () => {
    await using world = await newWorld({ options: { factors: [wordFactor()], lockout: { free: 100 } } })
    const { id } = await world.createUser('ada')
    await enrol(world, id)
    const asked = await login(world, 'ada@example.org').catch((error: AccountsError) => error)
    const pending = (asked as AccountsError).details?.pending
    const complete = (code: string) =>
      world.server.accounts.login('second-factor', { pending, code }, world.origin).catch((error: AccountsError) => error.code)
    for (let tries = 0; tries < 5; tries += 1) expect(await complete('wrong')).toBe('TwoFactorInvalid')
    expect(await complete('sesame')).toBe('AuthenticationFailed')
  })

  it('asks validateLogin on failed attempts too, lets a later hook replace the error, and passes an app error through', async () => {
    await using world = await newWorld()
    await world.createUser('ada')
    const seen: boolean[] = []
    const stop = world.server.on('validateLogin', attempt => {
      seen.push(attempt.allowed)
      if (attempt.user) throw Object.assign(new Error('Closed on Sundays'), { code: 'closed' })
    })
    await expect(login(world, 'nobody@example.org')).rejects.toMatchObject({ code: 'InvalidCredentials' })
    await expect(login(world, 'ada@example.org')).rejects.toMatchObject({
      code: 'AppError',
      message: 'Closed on Sundays',
      appCode: 'closed',
    })
    expect(seen).toEqual([false, true])
    stop()
    expect((await login(world, 'ada@example.org')).user.username).toBe('ada')
  })

  it('lets the login stand when a hook that was told throws', async () => {
    await using world = await newWorld()
    await world.createUser('ada')
    world.server.on('login', () => {
      throw new Error('the mailing list is down')
    })
    expect((await login(world, 'ada@example.org')).user.username).toBe('ada')
    expect(world.log.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  it('shows hooks no password', async () => {
    await using world = await newWorld()
    await world.createUser('ada')
    const seen: unknown[] = []
    for (const moment of ['validateLogin', 'login', 'loginFailure'] as const) world.server.on(moment, attempt => void seen.push(attempt))
    await login(world, 'ada@example.org')
    await login(world, 'ada@example.org', 'a wrong password').catch(() => {})
    expect(seen).toHaveLength(4)
    expect(JSON.stringify(seen)).not.toMatch(/correct horse|a wrong password|argon2/)
  })

  it('locks an account step by step, but not on a device its owner is known on, nor a session that is open', async () => {
    await using world = await newWorld({ options: { limits: { login: { account: { limit: 1000 } } } } })
    await world.createUser('ada')
    const known = await login(world, 'ada@example.org')
    for (let tries = 0; tries < 6; tries += 1) await login(world, 'ada@example.org', 'a guess').catch(() => {})
    await expect(login(world, 'ada@example.org')).rejects.toMatchObject({ code: 'TooManyAttempts', retryAfter: 30 })
    await expect(login(world, 'nobody@example.org')).rejects.toMatchObject({ code: 'InvalidCredentials' })
    const fromKnown = { ...world.origin, device: known.device }
    const params = { user: { email: 'ada@example.org' }, password: PASSWORD }
    expect((await world.server.accounts.login('password', params, fromKnown)).user.username).toBe('ada')
    expect((await world.server.accounts.check(known.tokens?.accessToken)).user.username).toBe('ada')
    world.clock.pass(31_000)
    expect((await login(world, 'ada@example.org')).user.username).toBe('ada')
  })

  it('locks an unknown name just the same', async () => {
    await using world = await newWorld()
    for (let tries = 0; tries < 6; tries += 1) await login(world, 'nobody@example.org').catch(() => {})
    await expect(login(world, 'nobody@example.org')).rejects.toMatchObject({ code: 'TooManyAttempts', retryAfter: 30 })
  })

  it('cannot be survived by a login that raced with a change of password', async () => {
    await using world = await newWorld()
    const first = await world.loginAs('ada')
    const who = await world.server.accounts.check(first.tokens.accessToken)
    // The old password is proven, then the password changes, then the hook lets the login go on.
    let change: Promise<void> | undefined
    world.server.on('validateLogin', async attempt => {
      if (attempt.allowed) await (change ??= world.server.accounts.changePassword(who, PASSWORD, NEW_PASSWORD, world.origin))
    })
    const raced = await world.loginAs('ada')
    await expect(world.server.resumeSession(raced.tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    expect((await world.server.resumeSession(first.tokens.accessToken)).username).toBe('ada')
  })

  it('tells of a login from a new device by mail, when the app wants that, and of a known one not', async () => {
    await using world = await newWorld({ options: { newDeviceMail: true } })
    await world.server.accounts.createUser({ email: 'ada@example.org', emailVerified: true, password: PASSWORD }, world.origin)
    const params = { user: { email: 'ada@example.org' }, password: PASSWORD }
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
    const from = (userAgent: string, device?: string): Promise<Login> =>
      world.server.accounts.login('password', params, { ...world.origin, userAgent, ...(device === undefined ? {} : { device }) })
    await from('curl/8.0')
    expect(await world.delivered()).toHaveLength(0)
    const { device } = await from(firefox)
    expect(await world.delivered()).toHaveLength(1)
    await from(firefox)
    await from('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1', device)
    expect(await world.delivered()).toHaveLength(1)
  })
})

function login(world: World, email: string, password = PASSWORD): Promise<Login> {
  return world.server.accounts.login('password', { user: { email }, password }, world.origin)
}

/** A factor for tests: knowing another word. */
function wordFactor(): SecondFactor {
  return {
    kind: 'word',
    verify: async (_userId, answer) => (answer === 'sesame' ? { name: 'word', kind: 'holds', at: 0 } : null),
  }
}

const enrol = (world: World, userId: string): Promise<void> =>
  world.server.accounts.core.store.users.putCredential({ userId, kind: 'word', id: '', data: {}, createdAt: 0, updatedAt: 0 })
