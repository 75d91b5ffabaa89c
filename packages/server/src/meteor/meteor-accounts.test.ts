import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AccountsConfig } from '@latchkey/common/meteor'
import { AccountsServer } from '../accounts-server.ts'
import { DDPServer } from '../transports/ddp/index.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { refusalOf, resultOf } from '../testing/ddp-accounts.ts'
import { PASSWORD } from '../testing/index.ts'
import { meteorWorld } from '../testing/meteor.ts'
import type { MeteorWorld } from '../testing/meteor.ts'
import { runInvocation } from '../wire/invocation.ts'

const tokenSecret = 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz'
const DAY = 86_400_000

afterEach(() => {
  vi.restoreAllMocks()
})

/** What `work` finds on behalf of this user. */
const asUser = <T>(userId: string | null, work: () => T): T => runInvocation({ userId, connection: null, transport: 'test' }, work)

describe("a server of Meteor's face", () => {
  it('is made of a DDP server and options, and serves it at once', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    expect(await world.login(world.connect())).toMatchObject({ id, type: 'password' })
    expect(world.accounts.accounts.core.settings.face).toBe('meteor')
  })

  it('stands beside others in one process, each with its own users, hooks and options', async () => {
    await using one = meteorWorld()
    await using other = meteorWorld({ ambiguousErrorMessages: false })
    await one.createUser()
    const heard: string[] = []
    one.accounts.onLogin(() => void heard.push('one'))
    other.accounts.onLogin(() => void heard.push('other'))
    await one.login(one.connect())
    expect(heard).toEqual(['one'])
    const answer = await other.connect().call('in', 'login', { user: { username: 'ada' }, password: PASSWORD })
    expect(refusalOf(answer)).toEqual([403, 'User not found'])
  })

  it('complains on the console of a name that is no option, and starts', async () => {
    const complain = vi.spyOn(console, 'error').mockImplementation(() => {})
    await using world = meteorWorld({ sendVerificationEmial: true } as AccountsConfig)
    expect(complain.mock.calls).toEqual([['Accounts.config: Invalid key: sendVerificationEmial']])
    await world.accounts.init()
  })

  it('keeps the options it was given, in an object of its own', () => {
    const options = { db: memoryStore(), tokenSecret, defaultFieldSelector: { profile: 0 } as const }
    const accounts = new AccountsServer(new DDPServer(), options)
    expect(accounts._options).toEqual(options)
    expect(accounts._options).not.toBe(options)
    expect(accounts._options.defaultFieldSelector).toBe(options.defaultFieldSelector)
  })

  it('refuses a weak secret in production, like any other', () => {
    const make = (): AccountsServer => new AccountsServer(new DDPServer(), { db: memoryStore(), tokenSecret: 'SECRET', production: true })
    expect(make).toThrow(/tokenSecret is too weak/)
  })

  it('opens no session that ends by idleness, and one of 90 days', async () => {
    await using world = meteorWorld()
    await world.createUser()
    const { tokenExpires } = await world.login(world.connect())
    expect(tokenExpires.$date).toBe(world.clock.now() + 90 * DAY)
    expect(world.accounts.accounts.core.settings.session.idle).toBeNull()
  })
})

describe('Accounts.config', () => {
  const config = async (before: MeteorWorld, changes: AccountsConfig): Promise<void> => {
    // Also once it is in use.
    await before.accounts.init()
    before.accounts.config(changes)
  }

  it('sets how long a login token is good for', async () => {
    await using world = meteorWorld()
    await config(world, { loginExpirationInDays: 2 })
    await world.createUser()
    expect((await world.login(world.connect())).tokenExpires.$date).toBe(world.clock.now() + 2 * DAY)
    expect(world.accounts._getTokenLifetimeMs()).toBe(2 * DAY)
  })

  it('sets whether errors say what was wrong', async () => {
    await using world = meteorWorld()
    const ask = async (id: string): Promise<unknown[]> =>
      refusalOf(await world.connect().call(id, 'login', { user: { username: 'who' }, password: PASSWORD }))
    expect(await ask('one')).toEqual([403, 'Something went wrong. Please check your credentials.'])
    await config(world, { ambiguousErrorMessages: false })
    expect(await ask('two')).toEqual([403, 'User not found'])
  })

  it('sets whether strangers can sign up', async () => {
    await using world = meteorWorld()
    await config(world, { forbidClientAccountCreation: true })
    const answer = await world.connect().call('up', 'createUser', { username: 'eve', password: PASSWORD })
    expect(refusalOf(answer)).toEqual([403, 'Signups forbidden'])
  })

  it('sets whose addresses may sign up', async () => {
    await using world = meteorWorld()
    await config(world, { restrictCreationByEmailDomain: 'example.org' })
    const up = async (id: string, email: string): Promise<Record<string, unknown>> =>
      world.connect().call(id, 'createUser', { email, password: PASSWORD })
    expect(refusalOf((await up('no', 'eve@example.com')) as never)).toEqual([403, '@example.org email required'])
    expect(resultOf((await up('yes', 'eve@example.org')) as never)).toMatchObject({ type: 'password' })
  })

  it('says nothing by undefined, and lets every address sign up by null', async () => {
    await using world = meteorWorld({ restrictCreationByEmailDomain: 'example.org', loginExpirationInDays: 2 })
    await config(world, { restrictCreationByEmailDomain: undefined, loginExpirationInDays: undefined } as object)
    expect(world.accounts._getTokenLifetimeMs()).toBe(2 * DAY)
    expect(world.accounts._testEmailDomain('eve@example.com')).toBe(false)
    world.accounts.config({ restrictCreationByEmailDomain: null })
    expect(world.accounts._testEmailDomain('eve@example.com')).toBe(true)
  })

  it('sets whether a sign-up is sent a link to verify its address', async () => {
    const mails: string[] = []
    await using world = meteorWorld({ sendMail: async ({ to }) => void mails.push(to) })
    await world.connect().call('one', 'createUser', { email: 'ada@example.org', password: PASSWORD })
    await config(world, { sendVerificationEmail: true })
    await world.connect().call('two', 'createUser', { email: 'ben@example.org', password: PASSWORD })
    await vi.waitFor(() => expect(mails).toEqual(['ben@example.org']))
  })

  it('sets how long links to set a password are good', async () => {
    await using world = meteorWorld()
    await config(world, { passwordResetTokenExpirationInDays: 1, passwordEnrollTokenExpiration: 5000 })
    const { password } = world.accounts.accounts.core.settings
    expect(password).toMatchObject({ passwordResetTokenExpiration: DAY, passwordEnrollTokenExpiration: 5000 })
  })

  it('sets how hashes are made, and a good password has its hash made anew', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const kept = async (): Promise<string | undefined> => (await world.accounts.accounts.core.store.users.credentials(id))[0]?.secret
    expect(await kept()).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/)
    await config(world, { bcryptRounds: 4, argon2Enabled: false })
    expect(await world.accounts._checkPasswordAsync({ _id: id }, PASSWORD)).toEqual({ userId: id })
    await vi.waitFor(async () => expect(await kept()).toMatch(/^\$2[ab]\$04\$/))
    await config(world, { argon2Enabled: true, argon2Parallelism: 2 })
    expect(await world.accounts._checkPasswordAsync({ _id: id }, PASSWORD)).toEqual({ userId: id })
    await vi.waitFor(async () => expect(await kept()).toMatch(/m=64,t=1,p=2\$/))
  })

  it('sets how codes that are mailed are made', async () => {
    await using world = meteorWorld()
    await config(world, { tokenSequenceLength: 8, loginTokenExpirationHours: 0.5 })
    const codes = [...world.accounts.accounts.core.strategies.values()].find(strategy => strategy.loginCodes)?.loginCodes
    expect(codes).toMatchObject({ length: 8, lifetime: 1_800_000, alphabet: 'hex' })
  })

  it('takes the key for what providers hand out, and keeps it nowhere else', async () => {
    await using world = meteorWorld()
    world.accounts.config({ oauthSecretKey: Buffer.alloc(16, 1).toString('base64') })
    expect(world.accounts.oauthEncryption.keyIsLoaded()).toBe(true)
    expect(world.accounts._options.oauthSecretKey).toBeUndefined()
  })

  it('refuses what codes cannot be by the name that was given', async () => {
    await using world = meteorWorld()
    const { accounts } = world
    expect(() => accounts.config({ tokenSequenceLength: 4 })).toThrow(/^tokenSequenceLength: .*a whole number from 6 to 32$/)
    const soon = { loginTokenExpirationHours: 'soon' } as object
    expect(() => accounts.config(soon)).toThrow('loginTokenExpirationHours must be a number of hours')
    expect(() => meteorWorld(soon)).toThrow('loginTokenExpirationHours must be a number of hours')
    expect(() => meteorWorld({ loginTokenExpirationHours: 0 })).toThrow(/^loginTokenExpirationHours: /)
    expect(() => meteorWorld({ tokenSequenceLength: 4 })).toThrow('tokenSequenceLength')
  })

  it('changes nothing when one of its options is refused', async () => {
    await using world = meteorWorld()
    expect(() => world.accounts.config({ ambiguousErrorMessages: false, tokenSequenceLength: 2 })).toThrow(/length/)
    expect(world.accounts._options.ambiguousErrorMessages).toBeUndefined()
    expect(world.accounts.accounts.core.settings.ambiguousErrorMessages).toBe(true)
  })

  it('takes a collection by its name or as an object that has one, and nothing else', async () => {
    await using world = meteorWorld()
    for (const collection of ['people', { _name: 'people' }]) {
      world.accounts.config({ collection })
      expect(world.accounts._collectionName()).toBe('people')
    }
    expect(() => world.accounts.config({ collection: 5 as unknown as string })).toThrow(
      'Collection parameter can be only of type string or "Mongo.Collection"',
    )
  })
})

describe('the signed-in user', () => {
  const custom = { bigArray: [1, 2], profile: { name: 'Ada', born: new Date(0) } }
  const found = async (options: Partial<AccountsConfig>, asked?: object): Promise<Record<string, unknown> | null> => {
    await using world = meteorWorld(options)
    const id = await world.createUser('ada', custom)
    return asUser(id, () => world.accounts.userAsync(asked))
  }

  it('comes whole by default, dates as dates', async () => {
    expect(await found({})).toEqual({
      _id: expect.stringMatching(/^[23456789A-HJ-NP-Za-km-z]{17}$/) as string,
      createdAt: new Date('2026-01-01T00:00:00Z'),
      username: 'ada',
      emails: [{ address: 'ada@example.org', verified: false }],
      services: { password: {} },
      ...custom,
    })
  })

  it('comes without the fields that the default leaves out, with no argument and with an empty one', async () => {
    for (const asked of [undefined, {}]) {
      const user = await found({ defaultFieldSelector: { bigArray: 0 } }, asked)
      expect(user).toMatchObject({ username: 'ada' })
      expect(user).not.toHaveProperty('bigArray')
    }
  })

  it('comes with the fields that are asked for, whatever the default', async () => {
    const user = await found({ defaultFieldSelector: { bigArray: 0 } }, { fields: { bigArray: 1 } })
    expect(user).toEqual({ _id: user?._id, bigArray: [1, 2] })
  })

  it('comes without the fields that are left out, nor those of the default', async () => {
    const user = await found({ defaultFieldSelector: { bigArray: 0 } }, { fields: { username: 0 } })
    expect(user).toHaveProperty('profile')
    expect(user).not.toHaveProperty('username')
    expect(user).not.toHaveProperty('bigArray')
  })

  it('comes whole when no fields are named', async () => {
    const user = await found({ defaultFieldSelector: { bigArray: 0 } }, { fields: {} })
    expect(user).toMatchObject({ username: 'ada', bigArray: [1, 2] })
  })

  it('comes with the one field that the default names', async () => {
    const user = await found({ defaultFieldSelector: { username: 1 } })
    expect(user).toEqual({ _id: user?._id, username: 'ada' })
  })

  it('is nobody where nobody is signed in, and an error outside of a method and a publication', async () => {
    await using world = meteorWorld()
    expect(await asUser(null, () => world.accounts.userAsync())).toBeNull()
    await expect(world.accounts.user()).rejects.toThrow('Meteor.userId can only be invoked in method calls or publications.')
    await expect(world.accounts.userAsync()).rejects.toThrow('Meteor.userId can only be invoked')
  })

  it('is published with the fields that the app says, and those of a default that names fields', async () => {
    await using world = meteorWorld({ defaultFieldSelector: { bigArray: 1 } })
    world.accounts.setDefaultPublishFields({ username: 1 })
    const id = await world.createUser('ada', custom)
    const client = world.connect()
    await world.login(client)
    const added = client.arrived.find(({ msg, id: of }) => msg === 'added' && of === id)
    expect(added?.fields).toEqual({ username: 'ada', bigArray: [1, 2] })
  })
})

it('servers that were given the same options are set apart, and the key for secrets of providers is in none', async () => {
  const shared = { oauthSecretKey: Buffer.alloc(16, 1).toString('base64') }
  await using one = meteorWorld(shared)
  const options = { db: memoryStore(), tokenSecret }
  const servers = [new DDPServer(), new DDPServer()].map(ddp => ({ ddp, accounts: new AccountsServer(ddp, options) }))
  const [first, second] = servers
  first?.accounts.config({ defaultFieldSelector: { profile: 0 }, loginExpirationInDays: 3 })
  expect(second?.accounts._options).not.toHaveProperty('defaultFieldSelector')
  expect(second?.accounts._getTokenLifetimeMs()).toBe(90 * 86_400_000)
  expect(options).not.toHaveProperty('defaultFieldSelector')
  expect(one.accounts._options).not.toHaveProperty('oauthSecretKey')
  expect(one.accounts.oauthEncryption.keyIsLoaded()).toBe(true)
  for (const { ddp, accounts } of servers) {
    await ddp.stop()
    await accounts.stop()
  }
})

it('looks for users where it did when config is refused', async () => {
  await using world = meteorWorld()
  await world.createUser()
  const refused: [AccountsConfig, RegExp][] = [
    [{ bcryptRounds: 99 }, /bcryptRounds/],
    [{ oauthSecretKey: 'short' }, /OAuth encryption key/],
    [{ ambiguousErrorMessages: 'no' as never }, /ambiguousErrorMessages/],
  ]
  for (const [changes, why] of refused) expect(() => world.accounts.config({ collection: 'others', ...changes })).toThrow(why)
  expect(await world.accounts.findUserByUsername('ada')).not.toBeNull()
  expect(world.accounts._collectionName()).toBe('users')
})
