import { describe, expect, it, vi } from 'vitest'
import type { AccountsError } from '@latchkey/common'
import type { Login } from '../../core/accounts.ts'
import type { CodeRequested } from '../../core/flows/request-login-code.ts'
import { enrol, wordFactor } from '../../testing/flows.ts'
import { newWorld } from '../../testing/index.ts'
import type { World, WorldOptions } from '../../testing/index.ts'
import { AccountsPassword } from '../password/index.ts'
import { AccountsCode } from './index.ts'
import type { AccountsCodeOptions } from './index.ts'

const ADA = 'ada@example.org'
const MINUTE = 60_000

describe('a code of six digits', () => {
  it('signs in once, on the device that asked for it, and verifies the address', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    const { request } = await ask(world)
    const token = await codeFor(world, ADA)
    expect(token).toMatch(/^\d{6}$/)
    const login = await signIn(world, { request, token })
    expect([login.user.id, login.user.emails, login.session.factors.map(({ name, kind }) => [name, kind])]).toEqual([
      id,
      [{ address: ADA, verified: true }],
      [['code', 'receives']],
    ])
    expect(await failure(world, { request, token })).toMatchObject({ code: 'InvalidCredentials' })
  })

  it('is nothing without the request, and with the request of somebody else', async () => {
    await using world = await open()
    await world.createUser('ada')
    await ask(world)
    const token = await codeFor(world, ADA)
    const { request } = await ask(world, { email: 'nobody@example.org' })
    expect(await failure(world, { request, token })).toMatchObject({ code: 'InvalidCredentials' })
    expect(await failure(world, { selector: { email: ADA }, token })).toMatchObject({ code: 'UnrecognizedOptionsForLogin' })
  })

  it('is over after ten minutes, or as long as the app says', async () => {
    for (const [options, life] of [
      [{}, 10 * MINUTE],
      [{ lifetime: '2m' }, 2 * MINUTE],
    ] satisfies [AccountsCodeOptions, number][]) {
      await using world = await open(options)
      await world.createUser('ada')
      const late = { request: (await ask(world)).request, token: await codeFor(world, ADA) }
      world.clock.pass(life)
      expect(await failure(world, late)).toMatchObject({ code: 'InvalidCredentials' })
      const inTime = { request: (await ask(world)).request, token: await codeFor(world, ADA) }
      world.clock.pass(life - 1)
      expect((await signIn(world, inTime)).user.username).toBe('ada')
    }
  })

  it('is good no more after five wrong tries, also when they come at once', async () => {
    await using world = await open({}, { rateLimits: false })
    await world.createUser('ada')
    const { request } = await ask(world)
    const token = await codeFor(world, ADA)
    const wrong = String((Number(token) + 1) % 1_000_000).padStart(6, '0')
    await Promise.all(Array.from({ length: 5 }, () => failure(world, { request, token: wrong })))
    expect(await failure(world, { request, token })).toMatchObject({ code: 'InvalidCredentials' })
  })

  it('of several logins at once lets exactly one in', async () => {
    await using world = await open()
    await world.createUser('ada')
    const params = { request: (await ask(world)).request, token: await codeFor(world, ADA) }
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => signIn(world, params)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('answers for nobody as for somebody, and mails nothing', async () => {
    await using world = await open()
    await world.createUser('ada')
    const [known, unknown] = [await ask(world), await ask(world, { email: 'nobody@example.org' })]
    expect(Object.keys(known)).toEqual(Object.keys(unknown))
    expect([typeof unknown.request, unknown.isNewUser]).toEqual(['string', undefined])
    await world.delivered()
    expect(world.mails.map(({ to }) => to)).toEqual([ADA])
  })

  it.each<[string, (world: World, id: string) => Promise<unknown>]>([
    ['a new password', (world, id) => world.server.accounts.setPassword(id, 'a rather different sentence', world.origin)],
    ['the end of all sessions', (world, id) => world.server.accounts.revoke({ userId: id }, world.origin)],
    ['the removal of the address it was sent to', (world, id) => world.server.accounts.removeEmailOf(id, ADA)],
    ['the deletion of the user', (world, id) => world.server.accounts.deleteUser(id, world.origin)],
    ['a deactivation', (world, id) => world.server.accounts.deactivateUser(id, world.origin)],
  ])('is void after %s', async (_, change) => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    const params = { request: (await ask(world)).request, token: await codeFor(world, ADA) }
    await change(world, id)
    await expect(signIn(world, params)).rejects.toMatchObject({ name: 'AccountsError' })
  })

  it('is kept under a key that the database does not have', async () => {
    await using world = await open()
    await world.createUser('ada')
    const { store } = world.server.accounts.core
    const issued: string[] = []
    const issue = store.tokens.issue.bind(store.tokens)
    store.tokens.issue = async (row, along) => {
      issued.push(JSON.stringify({ row, mail: along?.mail }))
      return issue(row, along)
    }
    await ask(world)
    const token = await codeFor(world, ADA)
    expect([issued.length, issued.some(text => text.includes(token))]).toEqual([1, false])
  })

  it('asks for a second factor, and is then spent', async () => {
    await using world = await open({}, { factors: [wordFactor()] })
    const { id } = await world.createUser('ada')
    await enrol(world, id)
    const params = { request: (await ask(world)).request, token: await codeFor(world, ADA) }
    const due = await failure(world, params)
    expect(due).toMatchObject({ code: 'TwoFactorRequired' })
    expect(await failure(world, params)).toMatchObject({ code: 'InvalidCredentials' })
    const { pending } = due.details ?? {}
    const login = await world.server.accounts.login('second-factor', { pending, code: 'sesame' }, world.origin)
    expect(login.user.id).toBe(id)
  })
})

describe('a code as Meteor’s passwordless has it', () => {
  it('is six upper-case hex digits, good on any device, for an hour', async () => {
    await using world = await meteor()
    await world.createUser('ada')
    expect(await ask(world)).toMatchObject({ request: null })
    const token = await codeFor(world, ADA)
    expect(token).toMatch(/^[0-9A-F]{6}$/)
    world.clock.pass(60 * MINUTE - 1)
    const login = await signIn(world, { selector: { email: ADA }, token: token.toLowerCase() })
    expect(login.user.emails).toEqual([{ address: ADA, verified: true }])
    expect(await failure(world, { selector: { email: ADA }, token })).toMatchObject({ code: 'LoginTokenNotSet' })
  })

  it('is refused with Meteor’s reasons where those may be told', async () => {
    await using world = await meteor()
    await world.createUser('ada')
    await world.createUser('bob')
    await ask(world)
    const token = await codeFor(world, ADA)
    const refusal = async (selector: object, given: string): Promise<unknown[]> => {
      const { code, message } = await failure(world, { selector, token: given })
      return [code, message]
    }
    expect(await refusal({ email: 'nobody@example.org' }, token)).toEqual(['UserNotFound', 'User not found'])
    expect(await refusal({ username: 'bob' }, token)).toEqual(['LoginTokenNotSet', 'User has no token set'])
    expect(await refusal({ email: ADA }, 'ZZZZZZ')).toEqual(['LoginTokenMismatch', 'Email or token mismatch'])
    expect(await refusal({ username: 'ada' }, 'ZZZZZZ')).toEqual(['LoginTokenMismatch', 'Token mismatch'])
    world.clock.pass(61 * MINUTE)
    expect((await refusal({ email: ADA }, token))[0]).toBe('LoginTokenExpired')
  })

  it('keeps all reasons to itself while messages are ambiguous', async () => {
    await using world = await meteor({}, { ambiguousErrorMessages: true })
    await world.createUser('ada')
    await ask(world)
    for (const selector of [{ email: ADA }, { email: 'nobody@example.org' }, { username: 'ada' }, { id: 'x' }])
      expect(await failure(world, { selector, token: 'ZZZZZZ' })).toMatchObject({ code: 'InvalidCredentials' })
  })

  it('makes a user of somebody unknown, unless that is forbidden', async () => {
    await using world = await meteor()
    const selector = { email: 'eve@example.org' }
    expect(await ask(world, selector, { userData: { email: 'eve@example.org' } })).toMatchObject({ isNewUser: true })
    expect(await ask(world, selector)).toMatchObject({ isNewUser: false })
    const other = { email: 'eva@example.org' }
    await expect(ask(world, other, { userData: other, userCreationDisabled: true })).rejects.toMatchObject({ code: 'UserNotFound' })
    await expect(ask(world, other)).rejects.toMatchObject({ code: 'UsernameOrEmailRequired' })
    await expect(ask(world, other, { userData: { email: 'evi@example.org' } })).rejects.toMatchObject({
      message: 'User could not be created',
    })
    // Nor is anybody made whom nobody named.
    expect(await world.server.accounts.lookUp('evi@example.org')).toBeNull()
    await using closed = await meteor({}, { signUpAllowed: false })
    await expect(ask(closed, other, { userData: other })).rejects.toMatchObject({ code: 'UserNotFound' })
  })

  it.each<[string, object]>([
    ['names an address somebody has', { email: ADA }],
    ['names a username somebody has', { email: 'eve@example.org', username: 'ada' }],
    ['names nobody', {}],
    ['names somebody else', { email: 'evi@example.org' }],
    ['is misshapen', { email: 'eve@example.org', username: 5 }],
    ['is refused by a hook', { email: 'eve@example.org', profile: 'refused' }],
    ['would do', { email: 'eve@example.org' }],
  ])('answers the same while messages are ambiguous when the user to be %s, whoever was named', async (_what, userData) => {
    await using world = await meteor({}, { ambiguousErrorMessages: true })
    world.server.accounts.core.newUsers.validate(({ custom }) => custom['profile'] !== 'refused')
    await world.createUser('ada')
    const asked = [ask(world, { email: ADA }, { userData }), ask(world, { email: 'eve@example.org' }, { userData })]
    expect(await Promise.all(asked)).toEqual([
      { request: null, isNewUser: undefined },
      { request: null, isNewUser: undefined },
    ])
  })

  it('answers the same while messages are ambiguous when an address has made as many users as it may', async () => {
    await using world = await meteor(
      {},
      { ambiguousErrorMessages: true, limits: { register: { address: { limit: 1, window: 60 * MINUTE } } } },
    )
    await world.createUser('ada')
    const from = { ...world.origin, ip: '192.0.2.1' }
    for (const email of [ADA, 'eve@example.org', 'eva@example.org', 'evi@example.org'])
      expect(await world.server.accounts.requestLoginCode({ selector: { email }, userData: { email } }, from)).toMatchObject({
        request: null,
      })
    await world.delivered()
    expect(world.mails.map(({ to }) => to)).toEqual([ADA, 'eve@example.org'])
  })

  it('is written down, looked for and counted for somebody unknown as for somebody known', async () => {
    await using world = await meteor({}, { ambiguousErrorMessages: true })
    await world.createUser('ada')
    const { users, tokens, attempts } = world.server.accounts.core.store
    const steps = [
      vi.spyOn(users, 'find'),
      vi.spyOn(tokens, 'drop'),
      vi.spyOn(tokens, 'issue'),
      vi.spyOn(tokens, 'find'),
      vi.spyOn(attempts, 'count'),
    ]
    const workFor = async (email: string): Promise<number[]> => {
      for (const step of steps) step.mockClear()
      await ask(world, { email })
      await failure(world, { selector: { email }, token: 'ZZZZZZ' })
      return steps.map(step => step.mock.calls.length)
    }
    expect(await workFor('nobody@example.org')).toEqual(await workFor(ADA))
  })

  it('goes to each address of a user who was named otherwise, with a code of its own', async () => {
    await using world = await meteor()
    const { id } = await world.createUser('ada')
    await world.server.accounts.addEmailOf(id, 'second@example.org', true)
    await ask(world, { username: 'ada' })
    const [first, second] = [await codeFor(world, ADA), await codeFor(world, 'second@example.org')]
    expect(await failure(world, { selector: { email: ADA }, token: second })).toMatchObject({ code: 'LoginTokenMismatch' })
    expect((await signIn(world, { selector: { email: ADA }, token: first })).user.id).toBe(id)
    // Whoever is in needs none of the others.
    expect(await failure(world, { selector: { email: 'second@example.org' }, token: second })).toMatchObject({ code: 'LoginTokenNotSet' })
  })

  it('hands the code without an address to the app, which can keep the mails back; it works once and asks for a second factor too', async () => {
    const codes = new AccountsCode()
    await using world = await meteor({}, { factors: [wordFactor()] }, codes)
    const { id } = await world.createUser('ada')
    const told: string[][] = []
    codes.onCode(async (token, userId) => {
      told.push([token, userId])
      return false
    })
    await ask(world, { username: 'ada' })
    const [token, userId] = told[0] ?? []
    expect(userId).toBe(id)
    await world.delivered()
    expect(world.mails).toEqual([])
    await enrol(world, id)
    const params = { selector: { id }, token }
    // As in Meteor the code can be tried again with the second factor's.
    expect(await failure(world, params)).toMatchObject({ code: 'TwoFactorRequired' })
    expect((await signIn(world, { ...params, code: 'sesame' })).user.id).toBe(id)
    expect(await failure(world, { ...params, code: 'sesame' })).toMatchObject({ code: 'LoginTokenNotSet' })
  })

  it('refuses what is no request and no login', async () => {
    await using world = await meteor()
    await world.createUser('ada')
    for (const selector of [
      null,
      'ada',
      {},
      { email: ADA, username: 'ada' },
      { email: { $ne: '' } },
      { services: 'x' },
      [],
      { id: 'x'.repeat(65) },
    ])
      await expect(ask(world, selector as object)).rejects.toMatchObject({ code: 'MatchFailed', details: { field: 'selector' } })
    await ask(world)
    const selector = { email: ADA }
    for (const params of [
      { selector, token: 5 },
      { selector, token: '' },
      { selector, token: 'ABCDEFG' },
      { selector, token: 'ABCDEF', code: {} },
      { selector, token: 'ABCDEF', extra: 1 },
      { selector: { $where: '1' }, token: 'ABCDEF' },
    ])
      expect(await failure(world, params)).toMatchObject({ code: 'MatchFailed' })
  })
})

describe('the options of AccountsCode', () => {
  it('are refused by name when they make no sense', () => {
    expect(() => new AccountsCode({ lenght: 4 } as object)).toThrow('Unknown option "lenght" of AccountsCode')
    expect(() => new AccountsCode({ length: 3 })).toThrow('length of AccountsCode must be a whole number from 6 to 32')
    expect(() => new AccountsCode({ alphabet: 'emoji' as never })).toThrow("must be 'digits' or 'hex'")
    expect(() => new AccountsCode({ lifetime: 'soon' })).toThrow('lifetime')
  })

  it('can be changed, which concerns later codes', async () => {
    const codes = new AccountsCode()
    await using world = await meteor({}, {}, codes)
    await world.createUser('ada')
    codes.configure({ length: 8, lifetime: '5m' })
    await ask(world)
    const token = await codeFor(world, ADA)
    expect(token).toHaveLength(8)
    world.clock.pass(5 * MINUTE)
    expect(await failure(world, { selector: { email: ADA }, token })).toMatchObject({ code: 'LoginTokenExpired' })
  })
})

const passwords = (): AccountsPassword => new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } })

function open(options: AccountsCodeOptions = {}, more: WorldOptions['options'] = {}): Promise<World> {
  return newWorld({ options: more, services: { password: passwords(), code: new AccountsCode(options) } })
}

function meteor(
  options: AccountsCodeOptions = {},
  more: WorldOptions['options'] = {},
  codes: AccountsCode = new AccountsCode(options),
): Promise<World> {
  return newWorld({ options: { face: 'meteor', ambiguousErrorMessages: false, ...more }, services: { password: passwords(), code: codes } })
}

const ask = (
  { server, origin }: World,
  selector: object = { email: ADA },
  more: { userData?: object; userCreationDisabled?: boolean } = {},
): Promise<CodeRequested> =>
  server.accounts.requestLoginCode({ selector, ...more }, { ...origin, ip: `192.0.2.${(asked = (asked + 1) % 250)}` })

let asked = 0

const signIn = ({ server, origin }: World, params: object): Promise<Login> => server.accounts.login('code', params, origin)

const failure = (world: World, params: object): Promise<AccountsError> =>
  signIn(world, params).then(
    () => Promise.reject(new Error('it was let in')),
    (error: AccountsError) => error,
  )

/** The code in the newest mail to an address. */
async function codeFor(world: World, address: string): Promise<string> {
  await world.delivered()
  const mail = world.mails.findLast(({ to }) => to === address)
  return /code to sign in: (\S+)/.exec(mail?.text ?? '')?.[1] ?? ''
}
