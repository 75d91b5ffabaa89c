import type { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import { enrol, login, NEW_PASSWORD, wordFactor } from '../../testing/flows.ts'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { Login } from '../accounts.ts'

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
