import { MeteorError } from '@latchkey/common/meteor'
import { describe, expect, test } from 'vitest'
import { PASSWORD } from '../../testing/index.ts'
import { refusalOf, resultOf } from '../../testing/ddp-accounts.ts'
import { meteorWorld } from '../../testing/meteor.ts'
import type { MeteorWorld } from '../../testing/meteor.ts'
import type { WireClient } from '../../testing/ddp-wire.ts'
import type { MeteorUser } from '../../compat/meteor-user.ts'

const count = (world: MeteorWorld): Promise<number> => world.accounts.accounts.core.store.users.count()
const signUp = (client: WireClient, options: Record<string, unknown>): ReturnType<WireClient['call']> =>
  client.call(`sign-up-${client.arrived.length}`, 'createUser', { password: PASSWORD, ...options })
const reasonOf = async (work: Promise<unknown>): Promise<unknown> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error instanceof MeteorError ? [error.error, error.reason] : error
}

describe('a hook that validates new users', () => {
  test('sees the new user with their _id', async () => {
    await using world = meteorWorld()
    const seen: MeteorUser[] = []
    world.accounts.validateNewUser(user => seen.push(user))
    const id = await world.accounts.createUserAsync({ username: 'ada', password: PASSWORD })
    expect(seen).toMatchObject([{ _id: id, username: 'ada', createdAt: new Date(world.clock.now()), services: { password: {} } }])
    expect(id).toMatch(/^[23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz]{17}$/)
  })

  test('sees users who come through a provider with their _id and what the provider said', async () => {
    await using world = meteorWorld()
    const seen: MeteorUser[] = []
    world.accounts.validateNewUser(user => seen.push(user))
    const made = await world.accounts.updateOrCreateUserFromExternalService('github', { id: 7, login: 'ada' }, {})
    expect(seen).toMatchObject([{ _id: made.userId, services: { github: { id: '7', login: 'ada' } } }])
  })

  test('refuses a sign-up by answering false, and nothing is kept', async () => {
    await using world = meteorWorld()
    world.accounts.validateNewUser(() => false)
    expect(refusalOf(await signUp(world.connect(), { username: 'ada' }))).toEqual([403, 'User validation failed'])
    expect(await count(world)).toBe(0)
    expect((await world.accounts.accounts.core.store.audit.list({ limit: 9 })).map(({ type }) => type)).not.toContain('user-created')
  })

  test('refuses a sign-up by throwing, and its reason is what the client is told', async () => {
    await using world = meteorWorld()
    world.accounts.validateNewUser(() => {
      throw new MeteorError(403, 'Too young')
    })
    expect(refusalOf(await signUp(world.connect(), { username: 'ada' }))).toEqual([403, 'Too young'])
    expect(await count(world)).toBe(0)
  })

  test('is asked in its order, awaited, and not any more once one has refused', async () => {
    await using world = meteorWorld()
    const asked: string[] = []
    world.accounts.validateNewUser(async () => Boolean(await Promise.resolve(asked.push('first'))))
    world.accounts.validateNewUser(() => asked.push('second') < 0)
    world.accounts.validateNewUser(() => asked.push('third'))
    await expect(world.accounts.createUserAsync({ username: 'ada' })).rejects.toThrow('User validation failed')
    expect(asked).toEqual(['first', 'second'])
  })

  test('is asked on every way to become a user', async () => {
    await using world = meteorWorld()
    const seen: string[] = []
    world.accounts.validateNewUser(({ username = '' }) => seen.push(username) > 0)
    const { accounts } = world.accounts
    await accounts.createUser({ username: 'operator' })
    await accounts.createAccount({ username: 'account' })
    await accounts.register(
      { username: 'register', password: PASSWORD },
      { ip: '', userAgent: '', connectionId: '', transport: 't', extra: {} },
    )
    await world.accounts.insertUserDoc({}, { username: 'document' })
    resultOf(await signUp(world.connect(), { username: 'method' }))
    expect(seen).toEqual(['operator', 'account', 'register', 'document', 'method'])
  })
})

describe('the hook that makes new users', () => {
  test('can only be set once', async () => {
    await using world = meteorWorld()
    world.accounts.onCreateUser((_options, user) => user)
    expect(() => world.accounts.onCreateUser((_options, user) => user)).toThrow('Can only call onCreateUser once')
  })

  test('may change the document by the extra options of a sign-up, and the client sees the published profile', async () => {
    await using world = meteorWorld()
    world.accounts.onCreateUser(({ touch }, user) => ({ ...user, profile: { touchedBy: touch }, plan: 'free' }))
    const client = world.connect()
    const { id } = resultOf(await signUp(client, { username: 'ada', touch: 'the hook', profile: { left: 'out' } }))
    expect(client.arrived).toContainEqual(
      expect.objectContaining({ msg: 'added', collection: 'users', id, fields: { username: 'ada', profile: { touchedBy: 'the hook' } } }),
    )
    expect(await world.accounts.users.findOneAsync(id)).toMatchObject({ plan: 'free', profile: { touchedBy: 'the hook' } })
  })

  test('is handed the options without the password, and a user that says there is one', async () => {
    await using world = meteorWorld()
    let handed: unknown
    world.accounts.onCreateUser((options, user) => {
      handed = structuredClone({ options, services: user.services })
      return user
    })
    await world.accounts.createUserAsync({ username: 'ada', password: PASSWORD, extra: 1 })
    expect(handed).toEqual({ options: { username: 'ada', extra: 1 }, services: { password: {} } })
  })

  test('may rename and readdress the user, whose names are then unique as any', async () => {
    await using world = meteorWorld({ ambiguousErrorMessages: false })
    world.accounts.onCreateUser((_options, user) => ({
      ...user,
      username: 'same',
      emails: [{ address: 'Same@example.org', verified: true }],
    }))
    const id = await world.accounts.createUserAsync({ username: 'ada' })
    expect(await world.accounts.findUserByEmail('same@EXAMPLE.org')).toMatchObject({ _id: id, username: 'same' })
    expect(await reasonOf(world.accounts.createUserAsync({ username: 'ben' }))).toEqual([403, 'Username already exists.'])
  })

  test('makes a user who says neither id nor time with those that were offered', async () => {
    await using world = meteorWorld()
    const offered: unknown[] = []
    world.accounts.onCreateUser(({ profile }, { _id, username }) => {
      offered.push(_id)
      return { username, profile }
    })
    const id = await world.accounts.createUserAsync({ username: 'ada', profile: { name: 'Ada' } })
    expect(offered).toEqual([id])
    const createdAt = new Date(world.clock.now())
    expect(await world.accounts.users.findOneAsync(id)).toMatchObject({ username: 'ada', profile: { name: 'Ada' }, createdAt })
  })

  test('must hand back a user', async () => {
    await using world = meteorWorld()
    world.accounts.onCreateUser(() => undefined)
    await expect(world.accounts.createUserAsync({ username: 'ada' })).rejects.toThrow('onCreateUser must return the user')
  })

  test('keeps dates and bytes of its own fields', async () => {
    await using world = meteorWorld()
    const born = new Date('1815-12-10')
    world.accounts.onCreateUser((_options, user) => ({ ...user, born, badge: new Uint8Array([1, 2]) }))
    const id = await world.accounts.createUserAsync({ username: 'ada' })
    expect(await world.accounts.users.findOneAsync(id)).toMatchObject({ born, badge: new Uint8Array([1, 2]) })
  })
})

describe('insertUserDoc', () => {
  test('sets createdAt, copies options.profile and keeps the username', async () => {
    await using world = meteorWorld()
    const id = await world.accounts.insertUserDoc({ profile: { name: 'Ada' } }, { username: 'ada' })
    const user = await world.accounts.users.findOneAsync(id)
    expect(user).toMatchObject({ username: 'ada', profile: { name: 'Ada' }, createdAt: new Date(world.clock.now()) })
    expect(user?.createdAt).toBeInstanceOf(Date)
  })

  test('rejects the same username again with "Username already exists."', async () => {
    await using world = meteorWorld()
    await world.accounts.insertUserDoc({}, { username: 'ada' })
    expect(await reasonOf(world.accounts.insertUserDoc({}, { username: 'ada' }))).toEqual([403, 'Username already exists.'])
  })

  test('keeps the emails array as given', async () => {
    await using world = meteorWorld()
    const emails = [
      { address: 'Ada@example.org', verified: true },
      { address: 'ada@example.com', verified: false },
    ]
    const id = await world.accounts.insertUserDoc({}, { emails })
    expect((await world.accounts.users.findOneAsync(id))?.emails).toEqual(emails)
  })

  test('rejects the same emails, or only one of them, with "Email already exists.", and takes another', async () => {
    await using world = meteorWorld()
    const [one, two] = ['one@example.org', 'two@example.org'].map(address => ({ address, verified: false }))
    if (!one || !two) throw new Error('there are two')
    await world.accounts.insertUserDoc({}, { emails: [one, two] })
    expect(await reasonOf(world.accounts.insertUserDoc({}, { emails: [one, two] }))).toEqual([403, 'Email already exists.'])
    expect(await reasonOf(world.accounts.insertUserDoc({}, { emails: [two] }))).toEqual([403, 'Email already exists.'])
    const id = await world.accounts.insertUserDoc({}, { emails: [{ address: 'three@example.org', verified: false }] })
    expect((await world.accounts.users.findOneAsync(id))?.createdAt).toEqual(new Date(world.clock.now()))
  })

  test('takes an id, a time, a provider, a password as Meteor keeps it, and fields of the app', async () => {
    await using world = meteorWorld()
    const bcrypt = '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'
    const user = {
      _id: 'QwkSmTCZiw5KDx3L6',
      createdAt: new Date('2020-02-02'),
      services: { password: { bcrypt }, github: { id: 583_231, login: 'ada' } },
      plan: 'free',
    }
    expect(await world.accounts.insertUserDoc({}, user)).toBe(user._id)
    const kept = await world.accounts.users.findOneAsync({ 'services.github.id': 583_231 })
    expect(kept).toMatchObject({
      _id: user._id,
      createdAt: user.createdAt,
      plan: 'free',
      services: { github: { id: '583231', login: 'ada' } },
    })
    expect(await world.accounts.accounts.core.store.users.credentials(user._id)).toContainEqual(
      expect.objectContaining({ kind: 'password', form: 'bcrypt-sha256', secret: bcrypt }),
    )
    expect(await reasonOf(world.accounts.insertUserDoc({}, { services: { resume: { loginTokens: [] } } }))).toMatchObject([
      409,
      expect.anything(),
    ])
    expect(await reasonOf(world.accounts.insertUserDoc({}, { services: { github: {} } }))).toEqual([409, 'services.github must include id'])
  })

  test('keeps a time that old documents have as a number, and takes no service of ours for a provider', async () => {
    await using world = meteorWorld()
    // What a document of Meteor's first years may hold.
    const old = { username: 'ada', createdAt: 5 as unknown as Date }
    const id = await world.accounts.insertUserDoc({}, old)
    expect((await world.accounts.users.findOneAsync(id))?.createdAt).toEqual(new Date(5))
    for (const service of ['twoFactorAuthentication', 'passwordless', 'resume', 'email']) {
      const why = `services.${service} cannot be inserted: it is made when a user signs in or sets it up`
      expect(await reasonOf(world.accounts.insertUserDoc({}, { services: { [service]: { id: '1' } } }))).toEqual([409, why])
    }
  })
})

describe('createUser on the server', () => {
  test('rejects when a validation fails, and the extra option has reached onCreateUser', async () => {
    await using world = meteorWorld()
    let extra: unknown
    world.accounts.onCreateUser((options, user) => {
      extra = options.extra
      return user
    })
    world.accounts.validateNewUser(() => false)
    expect(await reasonOf(world.accounts.createUserAsync({ username: 'ada', extra: 'reached' }))).toEqual([403, 'User validation failed'])
    expect([extra, await count(world)]).toEqual(['reached', 0])
  })

  test('without a password leaves services.password undefined', async () => {
    await using world = meteorWorld()
    const id = await world.accounts.createUserAsync({ username: 'ada' })
    expect((await world.accounts.users.findOneAsync(id))?.services).toEqual({})
  })

  test('signs nobody in and sends no mail, which createUserVerifyingEmail does where it is set', async () => {
    const mails: { to: string; text: string }[] = []
    await using world = meteorWorld({ sendVerificationEmail: true, sendMail: async mail => void mails.push(mail) })
    const waiting = (): Promise<number> => world.accounts.accounts.core.store.outbox.size()
    await world.accounts.createUserAsync({ email: 'quiet@example.org', password: PASSWORD })
    expect(await waiting()).toBe(0)
    await world.accounts.createUserVerifyingEmail({ email: 'ada@example.org', password: PASSWORD })
    await world.accounts.createUserVerifyingEmail({ email: 'ben@example.org' })
    const told = (): (string | undefined)[] => mails.map(({ to, text }) => `${to} ${/(verify-email|enroll-account)/.exec(text)?.[0]}`)
    await expect.poll(() => new Set(told())).toEqual(new Set(['ada@example.org verify-email', 'ben@example.org enroll-account']))
  })
})

describe('restrictCreationByEmailDomain', () => {
  test('welcomes the one domain, whatever its case, and names it when it refuses', async () => {
    await using world = meteorWorld({ restrictCreationByEmailDomain: 'example.org' })
    await world.accounts.createUserAsync({ email: 'ada@Example.ORG' })
    const refusal = [403, '@example.org email required']
    expect(await reasonOf(world.accounts.createUserAsync({ email: 'eve@evil-example.org' }))).toEqual(refusal)
    expect(await reasonOf(world.accounts.createUserAsync({ username: 'eve' }))).toEqual(refusal)
    expect(refusalOf(await signUp(world.connect(), { email: 'eve@example.com' }))).toEqual(refusal)
    expect(await count(world)).toBe(1)
  })

  test('asks a function, which may answer later, and takes one address of several', async () => {
    await using world = meteorWorld({ restrictCreationByEmailDomain: async email => Promise.resolve(email.startsWith('ada@')) })
    const emails = ['eve@example.org', 'ada@example.org'].map(address => ({ address, verified: false }))
    await world.accounts.insertUserDoc({}, { emails })
    expect(await reasonOf(world.accounts.createUserAsync({ email: 'ben@example.org' }))).toEqual([403, "Email doesn't match the criteria."])
  })

  test('of users without an address goes by the one a provider tells of', async () => {
    await using world = meteorWorld({ restrictCreationByEmailDomain: 'example.org' })
    const come = (id: string, email?: string): Promise<unknown> =>
      world.accounts.updateOrCreateUserFromExternalService('github', { id, ...(email === undefined ? {} : { email }) }, {})
    await come('1', 'ada@example.org')
    await expect(come('2', 'eve@example.com')).rejects.toThrow('@example.org email required')
    await expect(come('3')).rejects.toThrow('@example.org email required')
  })

  test('is asked before the app, and leaves users alone who are there', async () => {
    await using world = meteorWorld({ restrictCreationByEmailDomain: 'example.org' })
    let isAsked = false
    world.accounts.validateNewUser(() => (isAsked = true))
    await world.accounts.createUserAsync({ email: 'eve@example.com' }).catch(() => undefined)
    expect(isAsked).toBe(false)
    const id = await world.accounts.createUserAsync({ email: 'ada@example.org' })
    await world.accounts.replaceEmailAsync(id, 'ada@example.org', 'ada@example.com')
    expect(await world.accounts.findUserByEmail('ada@example.com')).toMatchObject({ _id: id })
  })
})
