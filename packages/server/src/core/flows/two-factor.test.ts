import type { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import { AccountsServer } from '../../accounts-server.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { World, WorldOptions } from '../../testing/index.ts'
import { codeOf, enrolled, STEP, wrongCode } from '../../testing/two-factor.ts'
import type { Login } from '../accounts.ts'
import type { SessionAndUser } from '../session/session.ts'

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

describe('setting up a second factor', () => {
  it('takes an offered secret and a code of it, and hands out ten recovery codes', async () => {
    await using world = await newWorld()
    const who = await signedIn(world, 'ada')
    const { accounts } = world.server
    expect(await accounts.twoFactorStatus(who)).toEqual({ enabled: false, recoveryCodesLeft: 0 })
    const secret = await accounts.twoFactorSecret(who, world.origin)
    expect(secret.otpauth_url).toContain(':ada?')
    const { recoveryCodes } = await accounts.twoFactorSet(who, secret, codeOf(secret, world.clock), world.origin)
    expect(new Set(recoveryCodes).size).toBe(10)
    expect(await accounts.twoFactorStatus(who)).toEqual({ enabled: true, recoveryCodesLeft: 10 })
    expect(await accounts.sessions(who)).toHaveLength(1)
  })

  it('is refused by a server that has none to set up', async () => {
    const server = new AccountsServer({ db: memoryStore(), tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz' }, {})
    expect(await codeIn(server.accounts.twoFactorSecret(null))).toBe('ServiceNotFound')
    await server.stop()
  })

  it('refuses a secret that was not offered, that was offered too long ago, or to somebody else', async () => {
    await using world = await newWorld()
    const { accounts } = world.server
    const [ada, eve] = [await signedIn(world, 'ada'), await signedIn(world, 'eve')]
    const set = (who: SessionAndUser, secret: { base32: string }) =>
      accounts.twoFactorSet(who, secret, codeOf(secret, world.clock), world.origin)
    const refusal = { code: 'TwoFactorInvalid', details: { field: 'secret' } }
    await expect(set(ada, { base32: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' })).rejects.toMatchObject(refusal)
    await expect(set(eve, await accounts.twoFactorSecret(ada, world.origin))).rejects.toMatchObject(refusal)
    const old = await accounts.twoFactorSecret(ada, world.origin)
    world.clock.pass(10 * MINUTE)
    await expect(set(ada, old)).rejects.toMatchObject(refusal)
    // Offered to nobody in particular, as accounts-js's client asks for it.
    const anybody = await accounts.twoFactorSecret(null, world.origin)
    expect((await set(ada, anybody)).recoveryCodes).toHaveLength(10)
    await expect(set(eve, anybody)).rejects.toMatchObject(refusal)
  })

  it('keeps several offers open, one for each tab, until one of them is set up', async () => {
    await using world = await newWorld()
    const { accounts } = world.server
    const who = await signedIn(world, 'ada')
    const [first, second] = [await accounts.twoFactorSecret(who, world.origin), await accounts.twoFactorSecret(who, world.origin)]
    await accounts.twoFactorSet(who, first, codeOf(first, world.clock), world.origin)
    await accounts.twoFactorUnset(who, (world.clock.pass(STEP), codeOf(first, world.clock)), world.origin)
    await expect(accounts.twoFactorSet(who, second, codeOf(second, world.clock), world.origin)).rejects.toMatchObject({
      details: { field: 'secret' },
    })
  })

  it('is done by one of many at once, with one secret or with several', async () => {
    await using world = await newWorld({ options: unlimited })
    const { accounts } = world.server
    const who = await signedIn(world, 'ada')
    const one = await accounts.twoFactorSecret(who, world.origin)
    const others = await Promise.all(Array.from({ length: 10 }, () => accounts.twoFactorSecret(who, world.origin)))
    const tries = [...Array<typeof one>(10).fill(one), ...others].map(secret =>
      codeIn(accounts.twoFactorSet(who, secret, codeOf(secret, world.clock), world.origin)),
    )
    expect((await Promise.all(tries)).filter(code => code === 'done')).toHaveLength(1)
    expect((await accounts.core.store.users.credentials(who.user.id)).filter(({ kind }) => kind === 'totp')).toHaveLength(1)
  })

  it('does not replace the one there is', async () => {
    await using world = await newWorld()
    const { who, code } = await enrolled(world)
    const other = await world.server.accounts.twoFactorSecret(await who(), world.origin)
    await expect(world.server.accounts.twoFactorSet(await who(), other, codeOf(other, world.clock), world.origin)).rejects.toMatchObject({
      code: 'TwoFactorAlreadySet',
      message: '2FA already set',
    })
    expect((await passwordLogin(world, code())).user.username).toBe('ada')
  })

  it('takes a recent sign-in or the password on Latchkey’s own face; accounts-js’s clients have no field for it', async () => {
    for (const [face, answer] of [
      ['latchkey', 'RecentLoginRequired'],
      ['accounts-js', 'done'],
    ] as const) {
      await using world = await newWorld({ options: { face } })
      const { accounts } = world.server
      const who = await signedIn(world, 'ada')
      world.clock.pass(11 * MINUTE)
      const secret = await accounts.twoFactorSecret(who, world.origin)
      const set = (password?: string) =>
        codeIn(accounts.twoFactorSet(who, secret, codeOf(secret, world.clock), world.origin, password === undefined ? null : { password }))
      expect(await set('a guess')).toBe(face === 'latchkey' ? 'InvalidCredentials' : 'done')
      if (face === 'accounts-js') continue
      expect(await set()).toBe(answer)
      expect(await set(PASSWORD)).toBe('done')
    }
  })

  it('is limited by address, as anybody may ask for a secret', async () => {
    await using world = await newWorld({ options: { limits: { offer: { address: { limit: 3 } } } } })
    const ask = (ip: string) => codeIn(world.server.accounts.twoFactorSecret(null, { ...world.origin, ip }))
    expect(await Promise.all(Array.from({ length: 4 }, () => ask('192.0.2.7')))).toEqual(['done', 'done', 'done', 'TooManyAttempts'])
    expect(await ask('192.0.2.8')).toBe('done')
  })

  it('refuses what is no secret and no code', async () => {
    await using world = await newWorld({ options: { rateLimits: false } })
    const { accounts } = world.server
    const who = await signedIn(world, 'ada')
    const secret = await accounts.twoFactorSecret(who, world.origin)
    for (const wrong of [null, undefined, 5, '', {}, { base32: 5 }, { base32: 'not base32!' }, [secret], 'A'.repeat(1000)])
      expect(await codeIn(accounts.twoFactorSet(who, wrong, '123456', world.origin))).toBe('MatchFailed')
    for (const none of [undefined, null, '', 123456, {}, ['123456']])
      expect(await codeIn(accounts.twoFactorSet(who, secret, none, world.origin))).toBe('TwoFactorRequired')
    for (const wrong of ['x', '２８７０８２', '12345', '1234567', wrongCode(secret, world.clock)])
      expect(await codeIn(accounts.twoFactorSet(who, secret, wrong, world.origin))).toBe('TwoFactorInvalid')
  })

  it('is not for administrators who act as the user, nor is giving it up', async () => {
    await using world = await newWorld()
    const { accounts } = world.server
    const { who, code } = await enrolled(world)
    const real = await who()
    const acting = { ...real, session: { ...real.session, impersonatorId: 'an administrator' } }
    const secret = await accounts.twoFactorSecret(null, world.origin)
    expect(await codeIn(accounts.twoFactorSet(acting, secret, codeOf(secret, world.clock), world.origin))).toBe('Forbidden')
    expect(await codeIn(accounts.twoFactorUnset(acting, code(), world.origin))).toBe('Forbidden')
    expect(await codeIn(accounts.twoFactorRecoveryCodes(acting, code(), world.origin))).toBe('Forbidden')
  })
})

describe('a code', () => {
  it('is good once: not the one that set it up, not one that signed in, none before it', async () => {
    await using world = await newWorld()
    const { secret, code } = await enrolled(world)
    expect(await codeIn(passwordLogin(world, codeOf(secret, world.clock)))).toBe('TwoFactorInvalid')
    const next = code()
    expect(await codeIn(passwordLogin(world, next))).toBe('done')
    expect(await codeIn(passwordLogin(world, next))).toBe('TwoFactorInvalid')
    expect(await codeIn(passwordLogin(world, codeOf(secret, world.clock, -1)))).toBe('TwoFactorInvalid')
    expect(await codeIn(passwordLogin(world, codeOf(secret, world.clock, 1)))).toBe('done')
    // The clock of the phone was ahead: what it showed before is behind now.
    expect(await codeIn(passwordLogin(world, codeOf(secret, world.clock)))).toBe('TwoFactorInvalid')
  })

  it('sent fifty times at once opens one session', async () => {
    await using world = await newWorld({ options: { ...unlimited, lockout: { free: 1000 } } })
    const { who, code } = await enrolled(world)
    const next = code()
    const answers = await Promise.all(Array.from({ length: 50 }, () => codeIn(passwordLogin(world, next))))
    expect(answers.filter(answer => answer === 'done')).toHaveLength(1)
    expect(answers.filter(answer => answer === 'TwoFactorInvalid')).toHaveLength(49)
    expect(await world.server.accounts.userSessions((await who()).user.id)).toHaveLength(2)
  })

  it('is right for one of many who send it at that very moment, and so is a recovery code', async () => {
    await using world = await newWorld()
    const { who, code, recoveryCodes } = await enrolled(world)
    const { id } = (await who()).user
    const factor = world.server.accounts.core.factors.get('totp')
    for (const answer of [code(), recoveryCodes[0] ?? '']) {
      const outcomes = await Promise.all(Array.from({ length: 50 }, async () => factor?.verify(id, answer, world.origin)))
      expect(outcomes.filter(Boolean)).toHaveLength(1)
    }
    expect((await world.server.accounts.twoFactorStatus(await who())).recoveryCodesLeft).toBe(9)
  })

  it('may be typed as the app shows it, in two halves', async () => {
    await using world = await newWorld()
    const { code } = await enrolled(world)
    const digits = code()
    expect(await codeIn(passwordLogin(world, ` ${digits.slice(0, 3)} ${digits.slice(3)} `))).toBe('done')
  })

  it('of one user is nothing to another', async () => {
    await using world = await newWorld()
    const [ada] = [await enrolled(world, 'ada'), await enrolled(world, 'eve')]
    const params = { user: { username: 'eve' }, password: PASSWORD, code: ada.code() }
    expect(await codeIn(world.server.accounts.login('password', params, world.origin))).toBe('TwoFactorInvalid')
  })

  it('cannot be guessed from inside a session either', async () => {
    await using world = await newWorld({ options: unlimited })
    const { who, secret, code } = await enrolled(world)
    const { accounts } = world.server
    const session = await who()
    const wrong = wrongCode(secret, world.clock)
    const answers = []
    for (let tries = 0; tries < 4; tries += 1) {
      answers.push(await codeIn(accounts.twoFactorUnset(session, wrong, world.origin)))
      answers.push(await codeIn(accounts.twoFactorRecoveryCodes(session, wrong, world.origin)))
    }
    expect(answers).toEqual([...Array<string>(6).fill('TwoFactorInvalid'), 'TooManyAttempts', 'TooManyAttempts'])
    expect(await codeIn(accounts.twoFactorUnset(session, codeOf(secret, world.clock, 1), world.origin))).toBe('TooManyAttempts')
    world.clock.pass(MINUTE)
    // The owner, elsewhere, is not locked out by it.
    expect(await codeIn(passwordLogin(world, code()))).toBe('done')
    expect(await codeIn(accounts.twoFactorUnset(session, code(), world.origin))).toBe('done')
  })

  it('cannot be guessed while it is being set up', async () => {
    await using world = await newWorld({ options: unlimited })
    const { accounts } = world.server
    const who = await signedIn(world, 'ada')
    const secret = await accounts.twoFactorSecret(who, world.origin)
    const answers = []
    for (let tries = 0; tries < 7; tries += 1)
      answers.push(await codeIn(accounts.twoFactorSet(who, secret, wrongCode(secret, world.clock), world.origin)))
    expect(answers.at(-1)).toBe('TooManyAttempts')
  })
})

describe('a recovery code', () => {
  it('stands in for a code, once, and the user is told how many are left', async () => {
    await using world = await newWorld()
    const { who, recoveryCodes } = await enrolled(world)
    const [first = '', second = ''] = recoveryCodes
    const { session } = await passwordLogin(world, first.toLowerCase().replaceAll('-', ' '))
    expect(session.factors.map(({ name }) => name)).toEqual(['password', 'recovery-code'])
    expect(await codeIn(passwordLogin(world, first))).toBe('TwoFactorInvalid')
    expect(await world.server.accounts.twoFactorStatus(await who())).toEqual({ enabled: true, recoveryCodesLeft: 9 })
    expect(await codeIn(world.server.accounts.twoFactorUnset(await who(), second, world.origin))).toBe('done')
  })

  it('sent fifty times at once opens one session', async () => {
    await using world = await newWorld({ options: { ...unlimited, lockout: { free: 1000 } } })
    const { recoveryCodes } = await enrolled(world)
    const answers = await Promise.all(Array.from({ length: 50 }, () => codeIn(passwordLogin(world, recoveryCodes[3]))))
    expect(answers.filter(answer => answer === 'done')).toHaveLength(1)
  })

  it('and nine others sent at once each open one', async () => {
    await using world = await newWorld({ options: unlimited })
    const { who, recoveryCodes } = await enrolled(world)
    expect(await Promise.all(recoveryCodes.map(code => codeIn(passwordLogin(world, code))))).toEqual(Array(10).fill('done'))
    expect((await world.server.accounts.twoFactorStatus(await who())).recoveryCodesLeft).toBe(0)
  })

  it('is replaced by new ones for a code; the earlier ones are worth nothing then', async () => {
    await using world = await newWorld()
    const { who, code, recoveryCodes } = await enrolled(world)
    const { accounts } = world.server
    expect(await codeIn(accounts.twoFactorRecoveryCodes(await who(), '', world.origin))).toBe('TwoFactorRequired')
    const fresh = await accounts.twoFactorRecoveryCodes(await who(), code(), world.origin)
    expect(fresh).toHaveLength(10)
    expect(await codeIn(passwordLogin(world, recoveryCodes[0]))).toBe('TwoFactorInvalid')
    expect(await codeIn(passwordLogin(world, fresh[0]))).toBe('done')
  })
})

describe('giving up a second factor', () => {
  it('takes a code, and then signing in takes none', async () => {
    await using world = await newWorld()
    const { who, code, recoveryCodes } = await enrolled(world)
    const { accounts } = world.server
    expect(await codeIn(accounts.twoFactorUnset(await who(), undefined, world.origin))).toBe('TwoFactorRequired')
    await accounts.twoFactorUnset(await who(), code(), world.origin)
    expect(await accounts.twoFactorStatus(await who())).toEqual({ enabled: false, recoveryCodesLeft: 0 })
    expect(await codeIn(passwordLogin(world))).toBe('done')
    for (const deed of [accounts.twoFactorUnset, accounts.twoFactorRecoveryCodes])
      await expect(deed(await who(), recoveryCodes[0], world.origin)).rejects.toMatchObject({
        code: 'TwoFactorNotSet',
        message: '2FA not set',
      })
  })
})

describe('who has lost app and recovery codes', () => {
  it('is helped by an operator, and told by mail', async () => {
    await using world = await newWorld()
    const { accounts } = world.server
    await accounts.createUser({ username: 'ada', email: 'ada@example.org', emailVerified: true, password: PASSWORD }, world.origin)
    const { id } = (await (await enrolled(world)).who()).user
    expect(await accounts.removeTwoFactor(id)).toBe(true)
    expect(await codeIn(passwordLogin(world))).toBe('done')
    expect(await accounts.removeTwoFactor(id)).toBe(false)
    await expect(accounts.removeTwoFactor('nobody')).rejects.toMatchObject({ code: 'UserNotFound' })
    expect((await world.delivered()).filter(({ subject }) => subject.includes('is off'))).toHaveLength(1)
  })
})

describe('what was done to a second factor', () => {
  it('is written down, and the verified addresses are told', async () => {
    await using world = await newWorld()
    const { accounts } = world.server
    await accounts.createUser({ username: 'ada', email: 'ada@example.org', emailVerified: true, password: PASSWORD }, world.origin)
    const { who, code, recoveryCodes } = await enrolled(world)
    await accounts.twoFactorRecoveryCodes(await who(), recoveryCodes[0], world.origin)
    await accounts.twoFactorUnset(await who(), code(), world.origin)
    const types = (await accounts.core.store.audit.list({ limit: 100 }))
      .map(({ type }) => type)
      .filter(type => /two-factor|recovery/.test(type))
    expect(types.toReversed()).toEqual(['two-factor-enabled', 'recovery-code-used', 'recovery-codes-replaced', 'two-factor-disabled'])
    const subjects = (await world.delivered()).map(({ subject }) => subject)
    expect(subjects.toSorted()).toEqual(
      ['A recovery code was used', 'Two-factor authentication is off', 'Two-factor authentication is on', 'You have new recovery codes']
        .map(text => `${text} at localhost:3000`)
        .toSorted(),
    )
    const used = world.mails.find(({ subject }) => subject.startsWith('A recovery code'))
    expect(used?.text).toContain('9 of them are left')
  })

  it('is told to no address that is not verified', async () => {
    await using world = await newWorld()
    await enrolled(world)
    expect(await world.delivered()).toEqual([])
  })
})
