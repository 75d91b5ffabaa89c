import { MeteorError } from '@latchkey/common/meteor'
import { describe, expect, test } from 'vitest'
import { PASSWORD } from '../../testing/index.ts'
import { refusalOf, resultOf } from '../../testing/ddp-accounts.ts'
import type { WireClient } from '../../testing/ddp-wire.ts'
import { meteorWorld } from '../../testing/meteor.ts'
import type { MeteorWorld } from '../../testing/meteor.ts'

const AMBIGUOUS = 'Something went wrong. Please check your credentials.'
const OPEN = { ambiguousErrorMessages: false } as const
const signUp = (client: WireClient, options: unknown): ReturnType<WireClient['call']> =>
  client.call(`sign-up-${client.arrived.length}`, 'createUser', options)
const login = (world: MeteorWorld, user: Record<string, string>): ReturnType<WireClient['call']> =>
  world.connect().call('login', 'login', { user, password: PASSWORD })
const count = (world: MeteorWorld): Promise<number> => world.accounts.users.countDocuments()

describe('signing up over DDP', () => {
  test('with name, address and password signs in', async () => {
    await using world = meteorWorld()
    const client = world.connect()
    const result = resultOf(await signUp(client, { username: 'ada', email: 'ada@example.org', password: PASSWORD }))
    expect(result).toMatchObject({ type: 'password', tokenExpires: { $date: world.clock.now() + 90 * 86_400_000 } })
    expect(result.token).toMatch(/^[\w-]{43}$/)
    expect(resultOf(await world.connect().call('1', 'login', { resume: result.token }))).toMatchObject({ id: result.id })
    expect(await world.accounts.users.findOneAsync(result.id)).toMatchObject({ username: 'ada' })
  })

  test('needs no password, and keeps the profile with its dates', async () => {
    await using world = meteorWorld()
    const { id } = resultOf(await signUp(world.connect(), { username: 'ada', profile: { born: { $date: 5 } } }))
    expect(await world.accounts.users.findOneAsync(id)).toMatchObject({ profile: { born: new Date(5) }, services: {} })
    expect(refusalOf(await login(world, { username: 'ada' }))[0]).toBe(403)
  })

  test('without a name and an address is refused', async () => {
    await using world = meteorWorld()
    expect(refusalOf(await signUp(world.connect(), { password: PASSWORD }))).toEqual([400, 'Need to set a username or email'])
    expect(refusalOf(await signUp(world.connect(), { username: 5, password: PASSWORD }))).toEqual([400, 'Match failed'])
    expect(await count(world)).toBe(0)
  })

  test('is refused where it is forbidden, and the app itself still creates users', async () => {
    await using world = meteorWorld({ forbidClientAccountCreation: true })
    expect(refusalOf(await signUp(world.connect(), { username: 'ada', password: PASSWORD }))).toEqual([403, 'Signups forbidden'])
    expect(await count(world)).toBe(0)
    await world.accounts.createUserAsync({ username: 'ada' })
    expect(await count(world)).toBe(1)
  })

  test('counts an attempt where it is forbidden before that is written down and shown to hooks', async () => {
    const limits = { register: { address: { limit: 2, window: 60_000 } } }
    await using world = meteorWorld({ forbidClientAccountCreation: true, limits })
    let shown = 0
    world.accounts.onLoginFailure(() => void shown++)
    const refusals: unknown[] = []
    for (let attempt = 0; attempt < 5; attempt += 1)
      refusals.push(refusalOf(await signUp(world.connect(), { username: 'ada', password: PASSWORD }))[0])
    expect(refusals).toEqual([403, 403, 'too-many-requests', 'too-many-requests', 'too-many-requests'])
    expect(shown).toBe(2)
    const { audit } = world.accounts.accounts.core.store
    expect((await audit.list({ limit: 10 })).map(({ type }) => type).toSorted()).toEqual(['login-failed', 'login-failed', 'rate-limited'])
  })

  test.each(['username', 'email'] as const)('with a %s that differs only in case is refused, and nothing is kept', async field => {
    await using world = meteorWorld(OPEN)
    const reason = field === 'username' ? 'Username already exists.' : 'Email already exists.'
    const [taken, again] = field === 'username' ? ['ádaLØvela😈e', 'ÁDALØVELA😈E'] : ['Ada@Example.org', 'ada@example.ORG']
    resultOf(await signUp(world.connect(), { [field]: taken, password: PASSWORD }))
    expect(refusalOf(await signUp(world.connect(), { [field]: again, password: PASSWORD }))).toEqual([403, reason])
    expect(await count(world)).toBe(1)
    world.accounts.config({ ambiguousErrorMessages: true })
    expect(refusalOf(await signUp(world.connect(), { [field]: again, password: PASSWORD }))).toEqual([403, AMBIGUOUS])
  })

  test('of eight at once with one name, in any case, exactly one succeeds and one user is kept', async () => {
    await using world = meteorWorld(OPEN)
    const names = Array.from({ length: 8 }, (_, at) => (at % 2 === 0 ? 'ada' : 'ADA'))
    const answers = await Promise.all(names.map(username => signUp(world.connect(), { username, password: PASSWORD })))
    expect(answers.filter(answer => answer['error'] === undefined)).toHaveLength(1)
    expect(await count(world)).toBe(1)
  })

  test('that a validateLoginAttempt callback refuses leaves no user, no session and no mail behind', async () => {
    const mails: unknown[] = []
    await using world = meteorWorld({ sendVerificationEmail: true, sendMail: async mail => void mails.push(mail) })
    const refusing = world.accounts.validateLoginAttempt(() => {
      throw new MeteorError(403, 'Not today')
    })
    const client = world.connect()
    expect(refusalOf(await signUp(client, { username: 'ada', email: 'ada@example.org', password: PASSWORD }))).toEqual([403, 'Not today'])
    expect([await count(world), await world.accounts.accounts.core.store.outbox.size(), mails]).toEqual([0, 0, []])
    expect(client.arrived.filter(({ msg }) => msg === 'added')).toEqual([])
    refusing.stop()
    resultOf(await signUp(client, { username: 'ada', email: 'ada@example.org', password: PASSWORD }))
  })

  test('that is refused, for whatever reason, is a failed attempt that hooks are told of and may say more about', async () => {
    await using world = meteorWorld(OPEN)
    await world.createUser('ada')
    const seen: unknown[] = []
    const asked = world.accounts.validateLoginAttempt(({ allowed }) => void seen.push(allowed))
    world.accounts.onLoginFailure(({ type, methodName, error, user }) => void seen.push([type, methodName, error?.reason, user]))
    world.accounts.validateNewUser(({ username }) => username !== 'eve')
    for (const username of ['ada', 'eve', '']) await signUp(world.connect(), { username, password: PASSWORD })
    world.accounts.config({ forbidClientAccountCreation: true })
    await signUp(world.connect(), { username: 'carl', password: PASSWORD })
    const reasons = ['Username already exists.', 'User validation failed', 'Need to set a username or email', 'Signups forbidden']
    expect(seen).toEqual(reasons.flatMap(reason => [false, ['password', 'createUser', reason, undefined]]))
    asked.stop()
    world.accounts.validateLoginAttempt(() => {
      throw new MeteorError(403, 'By invitation only')
    })
    expect(refusalOf(await signUp(world.connect(), { username: 'carl' }))).toEqual([403, 'By invitation only'])
  })

  test.each([
    ['a password is sent a link to verify the address', { password: PASSWORD }, /verify-email/],
    ['no password is sent a link to choose one', {}, /enroll-account/],
  ])('with %s, where that is set', async (_, options, link) => {
    const mails: { text: string }[] = []
    await using world = meteorWorld({ sendVerificationEmail: true, sendMail: async mail => void mails.push(mail) })
    resultOf(await signUp(world.connect(), { email: 'ada@example.org', ...options }))
    await expect.poll(() => mails.map(({ text }) => link.test(text))).toEqual([true])
  })

  test('sends no mail by itself', async () => {
    await using world = meteorWorld()
    resultOf(await signUp(world.connect(), { email: 'ada@example.org', password: PASSWORD }))
    expect(await world.accounts.accounts.core.store.outbox.size()).toBe(0)
  })

  test('says that the address has to be verified where that is required, and then the account stands', async () => {
    await using world = meteorWorld({ password: { requireEmailVerification: true } })
    expect(refusalOf(await signUp(world.connect(), { email: 'ada@example.org', password: PASSWORD }))).toEqual([403, 'Email not verified'])
    expect(await count(world)).toBe(1)
  })
})

describe('signing in by a name', () => {
  const NAME = 'ÁdaLØvela😈e'

  test('works in another case, also with letters outside of ASCII and an emoji', async () => {
    await using world = meteorWorld()
    await world.accounts.createUserAsync({ username: NAME, password: PASSWORD })
    for (const username of [NAME, 'ádaløvela😈e', 'ÁDALØVELA😈E']) expect(resultOf(await login(world, { username })).type).toBe('password')
  })

  test('works by an address in another case', async () => {
    await using world = meteorWorld()
    await world.accounts.createUserAsync({ email: 'Ada@Example.org', password: PASSWORD })
    expect(resultOf(await login(world, { email: 'aDA@eXAMPLE.ORG' })).type).toBe('password')
  })

  test.each([{ username: '.+' }, { username: 'AdaLovelac.' }, { email: '.*@example.org' }, { email: 'ad.@example.org' }])(
    'does not take a name for a pattern: %j',
    async user => {
      await using world = meteorWorld(OPEN)
      await world.accounts.createUserAsync({ username: 'AdaLovelace', email: 'ada@example.org', password: PASSWORD })
      expect(refusalOf(await login(world, user))).toEqual([403, 'User not found'])
    },
  )

  test.each([{ username: 'AdaLove' }, { username: 'Lovelace' }, { email: 'ada@example' }, { email: 'a@example.org' }])(
    'takes no part of a name for the name: %j',
    async user => {
      await using world = meteorWorld(OPEN)
      await world.accounts.createUserAsync({ username: 'AdaLovelace', email: 'ada@example.org', password: PASSWORD })
      expect(refusalOf(await login(world, user))).toEqual([403, 'User not found'])
    },
  )
})

test('a profile is nested no deeper than a user can be sent in a list of users', async () => {
  await using world = meteorWorld()
  const nested = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)
  expect(refusalOf(await signUp(world.connect(), { username: 'eve', password: PASSWORD, profile: nested(110) }))[0]).toBe(400)
  expect(await count(world)).toBe(0)
  const client = world.connect()
  resultOf(await signUp(client, { username: 'ada', password: PASSWORD, profile: nested(90) }))
  world.ddp.methods({ page: async () => ({ of: { users: await world.accounts.users.find().fetchAsync() } }) })
  expect(resultOf<object>(await client.call('page', 'page'))).toHaveProperty('of')
})

test('who becomes a user by asking for a code begins with the profile they sent, and no other field', async () => {
  await using world = meteorWorld(OPEN)
  const selector = { email: 'ada@example.org' }
  const userData = { ...selector, profile: { name: 'Ada' }, roles: ['admin'] }
  resultOf<object>(await world.connect().call('1', 'requestLoginTokenForUser', { selector, userData }))
  const user = await world.accounts.findUserByEmail('ada@example.org')
  expect(user).toMatchObject({ profile: { name: 'Ada' } })
  expect(user).not.toHaveProperty('roles')
})
