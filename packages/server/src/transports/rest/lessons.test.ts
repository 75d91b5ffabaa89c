/** What the parents' servers were found to do wrong, tried over REST where no other test does. */
import { describe, expect, it } from 'vitest'
import { AccountsMagicLink } from '../../strategies/magic-link/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { PASSWORD } from '../../testing/index.ts'
import { restWorld } from '../../testing/rest-world.ts'

const EMAIL = 'ada@example.org'
const NEW_PASSWORD = 'a rather different sentence'

describe('a session', () => {
  it('of somebody deactivated is not refreshed, nor is one that was signed out', async () => {
    await using world = await restWorld()
    const { tokens, user } = await world.loginAs('ada')
    await world.server.deactivateUser(user.id)
    expect((await world.post('/accounts/refreshTokens', tokens)).body).toMatchObject({ code: 'InvalidSession' })
    const eve = (await world.loginAs('eve')).tokens
    await world.post('/accounts/logout', {}, { authorization: eve.accessToken })
    expect((await world.post('/accounts/refreshTokens', eve)).body).toMatchObject({ code: 'InvalidSession' })
  })

  it('has a refresh token that is like no other of that second, and names what it is for', async () => {
    await using world = await restWorld()
    const tokens = [(await world.loginAs('ada')).tokens, (await world.loginAs('ada')).tokens, (await world.loginAs('eve')).tokens]
    const refreshTokens = tokens.map(({ refreshToken }) => refreshToken)
    expect(new Set(refreshTokens).size).toBe(3)
    const [own, others] = [tokens[0], tokens[2]]
    // A stolen access token, and a refresh token of the thief's own.
    const mixed = { accessToken: own?.accessToken, refreshToken: others?.refreshToken }
    expect((await world.post('/accounts/refreshTokens', mixed)).body.code).toBe('TokenVerificationFailed')
    world.clock.pass(2 * 60 * 60_000)
    expect((await world.post('/accounts/refreshTokens', mixed)).body.code).toBe('TokenVerificationFailed')
  })
})

describe('a link', () => {
  it('is kept as a hash, whatever it is for', async () => {
    await using world = await restWorld({ services: { password: new AccountsPassword(), magicLink: new AccountsMagicLink() } })
    await world.createUser('ada')
    const kept = world.server.accounts.core.store.tokens
    const asked: string[] = []
    const spied = { ...kept, issue: (...given: Parameters<typeof kept.issue>) => (asked.push(given[0].hash), kept.issue(...given)) }
    Object.assign(world.server.accounts.core.store, { tokens: spied })
    for (const route of ['password/sendVerificationEmail', 'password/sendResetPasswordEmail', 'magiclink/requestMagicLinkEmail']) {
      await world.post(`/accounts/${route}`, { email: EMAIL })
      const sent = await world.tokenFor(EMAIL)
      expect([route, asked.at(-1)]).not.toEqual([route, sent])
      expect(asked.at(-1)).toMatch(/^[\w-]{43}$/)
    }
    expect(asked).toHaveLength(3)
  })
})

describe('a mail server that is down', () => {
  it('fails no request, and tells nothing about who has an account', async () => {
    const sendMail = (): Promise<void> => Promise.reject(new Error('connect ECONNREFUSED'))
    await using world = await restWorld({ options: { sendMail } })
    await world.createUser('ada')
    for (const email of [EMAIL, 'nobody@example.org']) {
      const { status, text } = await world.post('/accounts/password/sendResetPasswordEmail', { email })
      expect([email, status, text]).toEqual([email, 200, 'null'])
    }
  })
})

describe('signing up', () => {
  it('takes no empty password, and none that hashing would cut', async () => {
    await using world = await restWorld()
    const register = async (password: string): Promise<unknown> =>
      (await world.post('/accounts/password/register', { user: { email: EMAIL, password } })).body.code
    expect(await register('')).toBe('InvalidPassword')
    expect(await register('x'.repeat(300))).toBe('InvalidPassword')
    const long = `${'a long sentence, '.repeat(6)}and its end`
    expect(await register(long)).toBeUndefined()
    const signIn = async (password: string): Promise<number> =>
      (await world.post('/accounts/password/authenticate', { user: EMAIL, password })).status
    expect([await signIn(long.slice(0, -4)), await signIn(long)]).toEqual([400, 200])
  })

  it('takes no name that differs from another by capitals or width alone, and either spelling signs in', async () => {
    await using world = await restWorld({ options: { ambiguousErrorMessages: false, password: { validateUsername: () => true } } })
    await world.createUser('Ada')
    for (const username of ['ada', 'ADA', '\uFF21da'])
      expect((await world.post('/accounts/password/register', { user: { username, password: PASSWORD } })).body.code).toBe(
        'UsernameAlreadyExists',
      )
    expect((await world.post('/accounts/password/authenticate', { user: 'aDA', password: PASSWORD })).status).toBe(200)
  })
})

describe('adding an address', () => {
  it('cannot be used to try out whose addresses are taken', async () => {
    await using world = await restWorld()
    const headers = await world.bearer('ada')
    await world.createUser('eve')
    const statuses: number[] = []
    for (let tries = 0; tries < 8; tries += 1)
      statuses.push((await world.post('/accounts/password/addEmail', { newEmail: 'eve@example.org' }, headers)).status)
    expect([statuses[0], statuses.at(-1)]).toEqual([400, 429])
  })

  it('of somebody else takes nothing from them, nor does removing it', async () => {
    await using world = await restWorld()
    const headers = await world.bearer('ada')
    await world.createUser('eve')
    const { body } = await world.post('/accounts/password/addEmail', { newEmail: 'eve@example.org' }, headers)
    expect(body.code).toBe('EmailAlreadyExists')
    expect((await world.post('/accounts/password/removeEmail', { email: 'eve@example.org' }, headers)).body.code).toBe('InvalidEmail')
    expect((await world.server.accounts.lookUp('eve'))?.emails).toEqual([{ address: 'eve@example.org', verified: false }])
  })
})

describe('guesses', () => {
  it('run out by account, from however many addresses', async () => {
    await using world = await restWorld({ rest: { trustedProxies: 1 }, options: { lockout: { free: 1000 } } })
    await world.createUser('ada')
    const guess = async (ip: string): Promise<number> =>
      (await world.post('/accounts/password/authenticate', { user: 'ada', password: 'wrong' }, { 'x-forwarded-for': ip })).status
    const statuses: number[] = []
    for (let tries = 0; tries < 40 && statuses.at(-1) !== 429; tries += 1) statuses.push(await guess(`203.0.113.${tries}`))
    expect(statuses.at(-1)).toBe(429)
  })

  it('run out by address, at however many accounts', async () => {
    await using world = await restWorld({ options: { lockout: { free: 1000 } } })
    const guess = async (user: string): Promise<number> =>
      (await world.post('/accounts/password/authenticate', { user, password: 'wrong' })).status
    const statuses: number[] = []
    for (let tries = 0; tries < 200 && statuses.at(-1) !== 429; tries += 1) statuses.push(await guess(`nobody${tries}`))
    expect(statuses.at(-1)).toBe(429)
  })
})

describe('an earlier link to reset the password', () => {
  it('is void once a later one was asked for', async () => {
    await using world = await restWorld()
    await world.createUser('ada')
    const ask = async (): Promise<string> => {
      await world.post('/accounts/password/sendResetPasswordEmail', { email: EMAIL })
      return world.tokenFor(EMAIL)
    }
    const [first, second] = [await ask(), await ask()]
    expect(first).not.toBe(second)
    const redeem = (token: string) => world.post('/accounts/password/resetPassword', { token, newPassword: NEW_PASSWORD })
    expect((await redeem(first)).body.code).toBe('ResetPasswordLinkExpired')
    expect((await redeem(second)).text).toBe('null')
  })
})
