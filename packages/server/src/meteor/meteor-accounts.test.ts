import { afterEach, describe, expect, it, vi } from 'vitest'
import { MeteorError } from '@latchkey/common/meteor'
import type { AccountsConfig } from '@latchkey/common/meteor'
import { AccountsServer } from '../accounts-server.ts'
import { originOf } from '../core/origin.ts'
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

  it('keeps the very options it was given', () => {
    const options = { db: memoryStore(), tokenSecret }
    const accounts = new AccountsServer(new DDPServer(), options)
    expect(accounts._options).toBe(options)
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

  it('changes nothing when one of its options is refused', async () => {
    await using world = meteorWorld()
    expect(() => world.accounts.config({ ambiguousErrorMessages: false, argon2Type: 'argon2d' })).toThrow(/argon2Type/)
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

describe('login tokens', () => {
  it('that began before then are ended by _expireTokens, given as a date and as a number', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    for (const moment of [(at: number) => new Date(at), (at: number) => at]) {
      const { token } = await world.login(world.connect())
      world.clock.pass(1000)
      await world.accounts._expireTokens(moment(world.clock.now() - 5000), id)
      expect(resultOf(await world.connect().call('good', 'login', { resume: token }))).toMatchObject({ id })
      await world.accounts._expireTokens(moment(world.clock.now()), id)
      expect(refusalOf(await world.connect().call('over', 'login', { resume: token }))[0]).toBe(403)
    }
    await expect(world.accounts._expireTokens(new Date())).rejects.toThrow('Bad test. Must specify both oldestValidDate and userId.')
    await world.accounts._expireTokens()
  })

  it('are known by connection, as their hash', async () => {
    await using world = meteorWorld()
    await world.createUser()
    let connectionId = ''
    world.ddp.onConnection(({ id }) => {
      connectionId = id
    })
    const client = world.connect()
    expect(world.accounts._getLoginToken(connectionId)).toBeUndefined()
    const { token } = await world.login(client)
    expect(world.accounts._getLoginToken(connectionId)).toBe(world.accounts._hashLoginToken(token))
    expect(world.accounts._hashStampedToken({ token, when: new Date(0) })).toEqual({
      hashedToken: world.accounts._hashLoginToken(token),
      when: new Date(0),
    })
  })

  it('of a connection, and what was noted about it, are there while it is open, and gone when later listeners hear that it is closed', async () => {
    await using world = meteorWorld()
    await world.createUser()
    const { accounts } = world
    const seen: unknown[] = []
    let connectionId = ''
    world.ddp.onConnection(connection => {
      connectionId = connection.id
      connection.onClose(() => seen.push(accounts._getAccountData(connection.id, 'connection')))
    })
    const client = world.connect()
    await world.login(client)
    accounts._setAccountData(connectionId, 'note', 7)
    expect(accounts._getAccountData(connectionId, 'note')).toBe(7)
    expect(accounts._getAccountData(connectionId, 'loginToken')).toEqual(expect.any(String))
    expect(accounts._getAccountData(connectionId, 'connection')).toMatchObject({ id: connectionId })
    accounts._setAccountData(connectionId, 'note', undefined)
    expect(accounts._getAccountData(connectionId, 'note')).toBeUndefined()
    await world.ddp.stop()
    expect(seen).toEqual([undefined])
  })

  it('are destroyed as they are and by their hash, of that user alone', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const { accounts } = world
    for (const form of [(token: string) => token, (token: string) => accounts._hashLoginToken(token)]) {
      const { token } = await world.login(world.connect())
      await accounts.destroyToken('somebody else', form(token))
      expect(resultOf(await world.connect().call('good', 'login', { resume: token }))).toMatchObject({ id })
      await accounts.destroyToken(id, form(token))
      expect(refusalOf(await world.connect().call('over', 'login', { resume: token }))[0]).toBe(403)
    }
  })

  it('are all ended by _clearAllLoginTokens', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const { token } = await world.login(world.connect())
    await world.accounts._clearAllLoginTokens(id)
    expect(refusalOf(await world.connect().call('over', 'login', { resume: token }))[0]).toBe(403)
  })

  it('can be made, and open nothing', async () => {
    await using world = meteorWorld()
    const { token, when } = world.accounts._generateStampedLoginToken()
    expect(token).toMatch(/^[\w-]{43}$/)
    expect(when).toEqual(new Date(world.clock.now()))
    expect(refusalOf(await world.connect().call('no', 'login', { resume: token }))[0]).toBe(403)
  })
})

describe('semi-private functions that apps rely on', () => {
  it('find a user by id, name or address, whatever its case', async () => {
    await using world = meteorWorld()
    const { id: _id } = await world.accounts.accounts.createUser({ username: 'Ádaløvela😈e', email: 'Ada@example.org' })
    for (const query of [{ id: _id }, { username: 'ádaløvela😈e' }, { email: 'ADA@Example.org' }]) {
      expect(await world.accounts._findUserByQuery(query, { fields: { username: 1 } })).toEqual({ _id, username: 'Ádaløvela😈e' })
    }
    expect(await world.accounts._findUserByQuery({ email: 'nobody@example.org' })).toBeNull()
    expect(await world.accounts._findUserByQuery({ username: 'Ádalø' })).toBeNull()
  })

  it('check a password, and say what is wrong', async () => {
    await using world = meteorWorld({ ambiguousErrorMessages: false })
    const _id = await world.createUser()
    expect(await world.accounts._checkPasswordAsync({ _id }, PASSWORD)).toEqual({ userId: _id })
    expect((await world.accounts._checkPasswordAsync({ _id }, 'wrong')).error).toMatchObject({ error: 403, reason: 'Incorrect password' })
    expect((await world.accounts._checkPasswordAsync({ _id: 'nobody' }, 'wrong')).error).toMatchObject({
      reason: 'User has no password set',
    })
  })

  it('know whether codes of an authenticator app are set up', async () => {
    await using world = meteorWorld()
    expect(world.accounts._check2faEnabled({ services: {} })).toBe(false)
    expect(world.accounts._check2faEnabled({})).toBe(false)
    expect(world.accounts._check2faEnabled({ services: { twoFactorAuthentication: { type: 'otp', secret: 'S' } } })).toBe(true)
  })

  it('make an error that says what was wrong, or does not', async () => {
    await using world = meteorWorld()
    expect(() => world.accounts._handleError('User not found')).toThrow(MeteorError)
    expect(world.accounts._handleError('User not found', false, 404)).toMatchObject({
      error: 404,
      reason: 'Something went wrong. Please check your credentials.',
    })
    world.accounts.config({ ambiguousErrorMessages: false })
    expect(world.accounts._handleError('User not found', false).reason).toBe('User not found')
  })

  it('say that there is no autopublish', async () => {
    const warn = vi.fn()
    const log = { debug: () => {}, info: () => {}, warn, error: () => {} }
    await using world = meteorWorld({ log })
    world.accounts.addAutopublishFields({ forLoggedInUser: ['services'] })
    expect(warn).toHaveBeenCalledWith({}, expect.stringContaining('no autopublish'))
  })

  it('take away the default rate limit once, and put it back', async () => {
    await using world = meteorWorld()
    const client = world.connect()
    const tries = async (count: number, mark: string): Promise<unknown[]> => {
      const refusals: unknown[] = []
      for (let at = 0; at < count; at += 1) refusals.push(refusalOf(await client.call(`${mark}-${at}`, 'login', { resume: 'bogus' }))[0])
      return refusals
    }
    expect((await tries(6, 'one')).at(-1)).toBe('too-many-requests')
    expect(world.accounts.removeDefaultRateLimit()).toBe(true)
    expect(world.accounts.removeDefaultRateLimit()).toBe(false)
    expect((await tries(6, 'two')).at(-1)).toBe(403)
    world.accounts.addDefaultRateLimit()
    expect((await tries(6, 'three')).at(-1)).toBe('too-many-requests')
  })

  it('tell an app of each code that it may send by itself, and keep the mail from being sent', async () => {
    const mails: unknown[] = []
    await using world = meteorWorld({ sendMail: async mail => void mails.push(mail) })
    const id = await world.createUser()
    const told: { token: string; userId: string }[] = []
    world.accounts.onCreateLoginToken(code => {
      told.push(code)
      return false
    })
    expect(() => world.accounts.onCreateLoginToken(() => true)).toThrow('Can only call onCreateLoginToken once')
    await world.accounts.accounts.requestLoginCode({ selector: { email: 'ada@example.org' } }, originOf())
    expect(told).toEqual([{ userId: id, token: expect.stringMatching(/^[0-9A-F]{6}$/) as string }])
    expect(mails).toEqual([])
  })
})
