import { describe, expect, it, vi } from 'vitest'
import { MeteorError } from '@latchkey/common/meteor'
import { originOf } from '../core/origin.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { refusalOf, resultOf } from '../testing/ddp-accounts.ts'
import { PASSWORD } from '../testing/index.ts'
import { meteorWorld } from '../testing/meteor.ts'
import { codeOf } from '../testing/two-factor.ts'

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

  it('know the same of whoever is signed in', async () => {
    await using world = meteorWorld()
    await world.createUser()
    const client = world.connect()
    world.ddp.methods({ has: () => world.accounts._is2faEnabledForUser() })
    expect((await client.call('nobody', 'has')).result).toBe(false)
    await world.login(client)
    expect((await client.call('without', 'has')).result).toBe(false)
    const secret = resultOf<{ secret: string }>(await client.call('qr', 'generate2faActivationQrCode', 'App'))
    await client.call('on', 'enableUser2fa', codeOf({ base32: secret.secret }, world.clock))
    expect((await client.call('with', 'has')).result).toBe(true)
  })

  it('create a user of a document with a name and an address, unless one is taken in whatever case', async () => {
    await using world = meteorWorld({ ambiguousErrorMessages: false })
    const { accounts } = world
    const user = { plan: 'gold', services: { github: { id: '7' } } }
    const options = { profile: { name: 'Ada' } }
    const id = await accounts._createUserCheckingDuplicates({ user, username: 'ada', email: 'ada@example.org', options })
    expect(await accounts.users.findOneAsync(id)).toMatchObject({
      username: 'ada',
      emails: [{ address: 'ada@example.org', verified: false }],
      plan: 'gold',
      profile: { name: 'Ada' },
      services: { github: { id: '7' } },
    })
    const again = accounts._createUserCheckingDuplicates({ username: 'ADA' })
    await expect(again).rejects.toMatchObject({ error: 403, reason: 'Username already exists.' })
  })

  it('refuse a name or an address that somebody else has, in whatever case', async () => {
    await using world = meteorWorld({ ambiguousErrorMessages: false })
    const id = await world.createUser('ada')
    const check = (field: 'username' | 'emails.address', name: string, value: string | null, own?: string): Promise<void> =>
      world.accounts._checkForCaseInsensitiveDuplicates(field, name, value, own)
    await expect(check('username', 'Username', 'ADA')).rejects.toMatchObject({ error: 403, reason: 'Username already exists.' })
    await expect(check('emails.address', 'Email', 'ADA@example.org')).rejects.toMatchObject({ reason: 'Email already exists.' })
    await check('username', 'Username', 'ADA', id)
    await check('emails.address', 'Email', 'eve@example.org')
    await check('emails.address', 'Email', null)
  })

  it('say at once whether an address may sign up, for callers that do not wait', async () => {
    await using world = meteorWorld({ restrictCreationByEmailDomain: 'example.org' })
    const { accounts } = world
    expect(['ada@Example.org', 'eve@example.com', 'none'].map(email => accounts._testEmailDomain(email))).toEqual([true, false, false])
    accounts.config({ restrictCreationByEmailDomain: address => address.startsWith('ada@') })
    expect([accounts._testEmailDomain('ada@example.com'), accounts._testEmailDomain('eve@example.com')]).toEqual([true, false])
    accounts.config({ restrictCreationByEmailDomain: async () => false })
    expect(await accounts._testEmailDomain('ada@example.com')).toBe(false)
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
    const warn = vi.fn<(fields: object, message: string) => void>()
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
    // The answer waits for nobody: its time would tell who has an account.
    await expect.poll(() => told).toEqual([{ userId: id, token: expect.stringMatching(/^[0-9A-F]{6}$/) as string }])
    expect(mails).toEqual([])
  })
})

describe('login tokens that an app makes', () => {
  it('are good once they were inserted, as they are or as their hash, counted from when they began', async () => {
    await using world = meteorWorld({ loginExpirationInDays: 10 })
    const id = await world.createUser()
    const { accounts, clock } = world
    const began = new Date(clock.now() - 86_400_000)
    const insert = {
      plain: (token: string) => accounts._insertLoginToken(id, { token, when: began }),
      hashed: (token: string) => accounts._insertHashedLoginToken(id, accounts._hashStampedToken({ token, when: began })),
    }
    for (const way of ['plain', 'hashed'] as const) {
      const { token } = accounts._generateStampedLoginToken()
      await insert[way](token)
      const result = resultOf(await world.connect().call(way, 'login', { resume: token }))
      expect(result).toMatchObject({ id, token, tokenExpires: { $date: began.getTime() + 10 * 86_400_000 } })
    }
  })

  it('sign in again and again, plain ones of Meteor’s first years too, and are kept as their hash alone', async () => {
    const db = memoryStore()
    const open = vi.spyOn(db.sessions, 'open')
    await using world = meteorWorld({ db })
    const id = await world.createUser()
    const token = 'lqJ0gKqkSfBGLcJzUYbQ9t7rC3xNhWmVd2sEoPaTiRu'
    await world.accounts._insertLoginToken(id, { token, when: new Date(world.clock.now()) })
    expect(open).toHaveBeenCalledOnce()
    expect(JSON.stringify(open.mock.calls)).not.toContain(token)
    for (const visit of ['first', 'second', 'third'])
      expect([visit, resultOf(await world.connect().call(visit, 'login', { resume: token })).id]).toEqual([visit, id])
  })

  it('are refused when they are too short, no hash, or for nobody', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const { accounts } = world
    const when = new Date()
    await expect(accounts._insertLoginToken(id, { token: 'short', when })).rejects.toMatchObject({ code: 'InvalidInput' })
    await expect(accounts._insertHashedLoginToken(id, { hashedToken: 'none', when })).rejects.toMatchObject({ code: 'InvalidInput' })
    await expect(accounts._insertLoginToken('nobody', accounts._generateStampedLoginToken())).rejects.toMatchObject({
      code: 'UserNotFound',
    })
  })

  it('cannot outlive what a token lives, whatever they say of when they began', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const { token } = world.accounts._generateStampedLoginToken()
    await world.accounts._insertLoginToken(id, { token, when: new Date('2999-01-01') })
    const { tokenExpires } = resultOf(await world.connect().call('in', 'login', { resume: token }))
    expect(tokenExpires.$date).toBe(world.clock.now() + 90 * 86_400_000)
  })
})

describe('links to set a password', () => {
  it.each([
    ['reset', '_expirePasswordResetTokens', 'enrollAccount'],
    ['enrollAccount', '_expirePasswordEnrollTokens', 'reset'],
  ] as const)(
    'with the reason %s that are older than a moment are taken away by %s, and others of the user stay',
    async (reason, expire, other) => {
      await using world = meteorWorld()
      const id = await world.createUser()
      const { accounts, clock } = world
      const make = async (of: string): Promise<string> => (await accounts.generateResetToken(id, null, of)).token
      const works = async (token: string): Promise<boolean> =>
        (await world.connect().call('try', 'resetPassword', token, 'a new password, long enough')).error === undefined
      const kept = await make(other)
      const expired = await make(reason)
      clock.pass(1000)
      await accounts[expire](new Date(clock.now() - 5000), id)
      await accounts[expire]()
      await accounts[expire](clock.now(), id)
      await expect(accounts[expire](clock.now())).rejects.toThrow('Bad test. Must specify both oldestValidDate and userId.')
      expect(await works(expired)).toBe(false)
      expect(await works(kept)).toBe(true)
    },
  )

  it('that were made without a reason are resets, and are taken away as those are', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const { token } = await world.accounts.generateResetToken(id)
    world.clock.pass(1000)
    await world.accounts._expirePasswordResetTokens(world.clock.now(), id)
    const answer = await world.connect().call('try', 'resetPassword', token, 'a new password, long enough')
    expect(refusalOf(answer)[0]).toBe(403)
  })
})
