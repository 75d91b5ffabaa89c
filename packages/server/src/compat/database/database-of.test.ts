import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AccountsServer } from '../../accounts-server.ts'
import { hashSecret } from '../../core/session/secret.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { newWorld } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'
import { enrolled } from '../../testing/two-factor.ts'
import { databaseOf } from './database-of.ts'
import type { DatabaseInterface } from './database-of.ts'

// bcrypt of `correct horse battery staple`, four rounds.
const HASH = '$2b$04$abcdefghijklmnopqrstuuOxAfwL3FGIj2vhNnBbXB8bY8yqkKlJi'
const TOKEN = 'a token that somebody else made, of forty-three characters'

let world: World
let db: DatabaseInterface
beforeEach(async () => {
  world = await newWorld({ options: { ambiguousErrorMessages: false } })
  db = databaseOf(world.server.accounts)
})
afterEach(() => world.close())

const who = async (accessToken: string) => world.server.accounts.check(accessToken)
const auditTypes = async (userId: string): Promise<string[]> =>
  (await world.server.accounts.core.store.audit.list({ userId, limit: 50 })).map(({ type }) => type)

describe('users, through the interface of accounts-js', () => {
  test('findUserById, findUserByEmail and findUserByUsername answer a record, or null', async () => {
    const { id } = await world.createUser('Ada')
    const expected = {
      id,
      username: 'Ada',
      emails: [{ address: 'ada@example.org', verified: false }],
      deactivated: false,
      services: { password: {} },
    }
    expect(await db.findUserById(id)).toMatchObject(expected)
    expect(await db.findUserByEmail('ADA@example.org')).toMatchObject(expected)
    expect(await db.findUserByUsername('ada')).toMatchObject(expected)
    expect(await Promise.all([db.findUserById('nobody'), db.findUserByEmail('x@example.org'), db.findUserByUsername('x')])).toEqual([
      null,
      null,
      null,
    ])
  })

  test('no record holds a hash', async () => {
    const { id } = await world.createUser('Ada')
    expect(JSON.stringify(await db.findUserById(id))).not.toContain('$argon2id$')
  })

  test('objects are no names', async () => {
    await world.createUser('Ada')
    const query = { $ne: null } as unknown as string
    const asked = [
      () => db.findUserByEmail(query),
      () => db.findUserByUsername(query),
      () => db.findPasswordHash(query),
      () => db.findSessionById(query),
      () => db.findUserByResetPasswordToken(query),
    ]
    for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: 'MatchFailed' })
    expect(await db.findUserById(query)).toBeNull()
  })

  test('findPasswordHash answers the hash, for whoever asks for it by name', async () => {
    const { id } = await world.createUser('Ada')
    expect(await db.findPasswordHash(id)).toMatch(/^\$argon2id\$/)
    expect(await db.findPasswordHash('nobody')).toBeNull()
  })

  test('createUser takes a hash, keeps extra fields, and refuses names that are taken', async () => {
    const id = await db.createUser({ username: 'grace', email: 'Grace@Example.org', password: HASH, plan: 'pro' })
    expect(await db.findUserById(id)).toMatchObject({ username: 'grace', plan: 'pro', emails: [{ verified: false }] })
    expect(await db.findPasswordHash(id)).toBe(HASH)
    expect(await auditTypes(id)).toEqual(['user-created'])
    await expect(db.createUser({ username: 'GRACE' })).rejects.toMatchObject({ code: 'UsernameAlreadyExists' })
    await expect(db.createUser({ email: 'grace@example.org' })).rejects.toMatchObject({ code: 'EmailAlreadyExists' })
    await expect(db.createUser({ email: 'no address' })).rejects.toMatchObject({ code: 'InvalidEmail' })
  })

  test('createUser makes somebody without any name too, for a provider to lead to', async () => {
    const id = await db.createUser({})
    expect(await db.findUserById(id)).toMatchObject({ id, emails: [], services: {} })
  })

  test('setPassword takes a hash and ends every session', async () => {
    const { tokens, user } = await world.loginAs('ada')
    await db.setPassword(user.id, HASH)
    expect(await db.findPasswordHash(user.id)).toBe(HASH)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    await expect(db.setPassword('nobody', HASH)).rejects.toMatchObject({ code: 'UserNotFound' })
    await expect(db.setPassword(user.id, '')).rejects.toMatchObject({ code: 'InvalidPassword' })
  })

  test('setUsername takes a free and proper name', async () => {
    const [{ id }] = [await world.createUser('ada'), await world.createUser('eve')]
    await db.setUsername(id, 'lovelace')
    expect((await db.findUserByUsername('lovelace'))?.id).toBe(id)
    await expect(db.setUsername(id, 'EVE')).rejects.toMatchObject({ code: 'UsernameAlreadyExists' })
    await expect(db.setUsername(id, 'a@b')).rejects.toMatchObject({ code: 'InvalidUsername' })
    await expect(db.setUsername('nobody', 'free')).rejects.toMatchObject({ code: 'UserNotFound' })
  })

  test('addEmail, verifyEmail and removeEmail change the addresses', async () => {
    const { id } = await world.createUser('ada')
    await db.addEmail(id, 'More@Example.org', false)
    await db.verifyEmail(id, 'more@example.org')
    expect((await db.findUserById(id))?.emails).toEqual([
      { address: 'ada@example.org', verified: false },
      { address: 'more@example.org', verified: true },
    ])
    await db.removeEmail(id, 'more@example.org')
    expect(await db.findUserByEmail('more@example.org')).toBeNull()
    await expect(db.addEmail(id, 'ada@example.org', false)).rejects.toMatchObject({ code: 'EmailAlreadyExists' })
    await expect(db.verifyEmail(id, 'more@example.org')).rejects.toMatchObject({ code: 'InvalidEmail' })
    await expect(db.verifyEmail('nobody', 'more@example.org')).rejects.toMatchObject({ code: 'UserNotFound' })
  })

  test('setUserDeactivated ends sessions, and lets back in', async () => {
    const { tokens, user } = await world.loginAs('ada')
    await db.setUserDeactivated(user.id, true)
    expect(await db.findUserById(user.id)).toMatchObject({ deactivated: true })
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    await db.setUserDeactivated(user.id, false)
    expect(await db.findUserById(user.id)).toMatchObject({ deactivated: false })
    await expect(db.setUserDeactivated('nobody', true)).rejects.toMatchObject({ code: 'UserNotFound' })
  })
})

describe('services, through the interface of accounts-js', () => {
  test('setService with an id links an account, which findUserByServiceId finds, and the next takes its place', async () => {
    const [ada, eve] = [await world.createUser('ada'), await world.createUser('eve')]
    await db.setService(ada.id, 'github', { id: 'g1', login: 'ada', accessToken: 'secret' })
    const found = await db.findUserByServiceId('github', 'g1')
    expect(found).toMatchObject({ id: ada.id, services: { github: { id: 'g1' } } })
    expect(JSON.stringify(found)).not.toContain('secret')
    expect(await db.findUserByServiceId('google', 'g1')).toBeNull()
    await expect(db.setService(eve.id, 'github', { id: 'g1' })).rejects.toMatchObject({ code: 'AccountAlreadyLinked' })
    await db.setService(ada.id, 'github', { id: 'g2' })
    expect(await db.findUserByServiceId('github', 'g1')).toBeNull()
    await db.setService(eve.id, 'github', { id: 'g1' })
    expect((await db.findUserByServiceId('github', 'g1'))?.id).toBe(eve.id)
  })

  test('setService without an id keeps what a service of the app’s own has to remember', async () => {
    const { id } = await world.createUser('ada')
    await db.setService(id, 'phone', { number: '+43 1', verified: true })
    expect((await db.findUserById(id))?.services).toEqual({ password: {}, phone: { number: '+43 1', verified: true } })
    await db.unsetService(id, 'phone')
    expect((await db.findUserById(id))?.services).toEqual({ password: {} })
  })

  test('unsetService, or setService with null, unlinks', async () => {
    const { id } = await world.createUser('ada')
    for (const unset of [() => db.unsetService(id, 'github'), () => db.setService(id, 'github', null)]) {
      await db.setService(id, 'github', { id: 'g1' })
      await unset()
      expect(await db.findUserByServiceId('github', 'g1')).toBeNull()
    }
  })

  test('the password and the second factor are set and unset as what they are', async () => {
    const { secret } = await enrolled(world)
    const { id } = (await db.findUserByUsername('ada')) ?? { id: '' }
    await db.unsetService(id, 'two-factor')
    expect((await db.findUserById(id))?.services).toEqual({ password: {} })
    await db.setService(id, 'two-factor', { secret })
    const credentials = await world.server.accounts.core.store.users.credentials(id)
    expect(JSON.stringify(credentials)).not.toContain(secret.base32)
    await expect(world.loginAs('ada')).rejects.toMatchObject({ code: 'TwoFactorRequired' })
    await db.setService(id, 'password', { bcrypt: HASH })
    expect(await db.findPasswordHash(id)).toBe(HASH)
    await db.unsetService(id, 'password')
    expect(await db.findPasswordHash(id)).toBeNull()
  })

  test('names under which accounts-js keeps links are refused, and so is a user who is not there', async () => {
    const { id } = await world.createUser('ada')
    for (const name of ['email', 'magicLink', '__proto__', 'a.b'])
      await expect(db.setService(id, name, {})).rejects.toMatchObject({ code: 'Forbidden' })
    await expect(db.setService('nobody', 'github', { id: 'g1' })).rejects.toMatchObject({ code: 'UserNotFound' })
  })
})

describe('links, through the interface of accounts-js', () => {
  test('a verification token leads to its user while it lasts, and redeems itself through our own route', async () => {
    const { id } = await world.createUser('ada')
    await db.addEmailVerificationToken(id, 'Ada@Example.org', TOKEN)
    const record = { token: TOKEN, address: 'ada@example.org', when: world.clock.now() }
    expect((await db.findUserByEmailVerificationToken(TOKEN))?.services).toMatchObject({ email: { verificationTokens: [record] } })
    expect(await db.findUserByEmailVerificationToken('another')).toBeNull()
    await world.server.accounts.verifyEmail(TOKEN, world.origin)
    expect(await db.findUserById(id)).toMatchObject({ emails: [{ verified: true }] })
    expect(await db.findUserByEmailVerificationToken(TOKEN)).toBeNull()
  })

  test.each([
    ['reset', 'reset-password'],
    ['enroll', 'enroll-account'],
  ] as const)('a token to %s is kept as a hash, expires, and is removed with the others', async (reason, purpose) => {
    const { id } = await world.createUser('ada')
    await db.addResetPasswordToken(id, 'ada@example.org', TOKEN, reason)
    expect((await db.findUserByResetPasswordToken(TOKEN))?.services).toMatchObject({ password: { reset: [{ token: TOKEN, reason }] } })
    const kept = await world.server.accounts.core.store.tokens.find(hashSecret(TOKEN), purpose, world.clock.now())
    expect(JSON.stringify(kept)).not.toContain(TOKEN)
    await db.removeAllResetPasswordTokens(id)
    expect(await db.findUserByResetPasswordToken(TOKEN)).toBeNull()
    await db.addResetPasswordToken(id, 'ada@example.org', TOKEN, reason)
    world.clock.pass(31 * 86_400_000)
    expect(await db.findUserByResetPasswordToken(TOKEN)).toBeNull()
  })

  test('a token to sign in lasts a quarter of an hour, and one takes the place of another', async () => {
    const { id } = await world.createUser('ada')
    await db.addLoginToken(id, 'ada@example.org', 'the first')
    await db.addLoginToken(id, 'ada@example.org', TOKEN)
    expect(await db.findUserByLoginToken('the first')).toBeNull()
    expect((await db.findUserByLoginToken(TOKEN))?.services).toMatchObject({
      magicLink: { loginTokens: [{ token: TOKEN, address: 'ada@example.org' }] },
    })
    world.clock.pass(15 * 60_000)
    expect(await db.findUserByLoginToken(TOKEN)).toBeNull()
    await db.addLoginToken(id, 'ada@example.org', TOKEN)
    await db.removeAllLoginTokens(id)
    expect(await db.findUserByLoginToken(TOKEN)).toBeNull()
  })

  test('nobody gets a link to an address that is not theirs', async () => {
    const { id } = await world.createUser('ada')
    const adding = [
      (userId: string, email: string) => db.addEmailVerificationToken(userId, email, TOKEN),
      (userId: string, email: string) => db.addResetPasswordToken(userId, email, TOKEN),
      (userId: string, email: string) => db.addLoginToken(userId, email, TOKEN),
    ]
    for (const add of adding) {
      await expect(add(id, 'eve@example.org')).rejects.toMatchObject({ code: 'InvalidEmail' })
      await expect(add('nobody', 'ada@example.org')).rejects.toMatchObject({ code: 'UserNotFound' })
    }
  })
})

describe('sessions, through the interface of accounts-js', () => {
  test('findSessionById answers whether a session is valid', async () => {
    const { tokens, sessionId, user } = await world.loginAs('ada')
    expect(await db.findSessionById(sessionId)).toMatchObject({
      id: sessionId,
      userId: user.id,
      valid: true,
      ip: '192.0.2.1',
      userAgent: 'test',
    })
    await world.server.logout(tokens.accessToken)
    expect(await db.findSessionById(sessionId)).toMatchObject({ valid: false })
    expect(await db.findSessionById('nobody')).toBeNull()
  })

  test('invalidateSession ends one, and keeps silent about one that is not there', async () => {
    const { tokens, sessionId } = await world.loginAs('ada')
    await db.invalidateSession('nobody')
    await db.invalidateSession(sessionId)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
  })

  test.each([0, 1, 2])('invalidateAllSessions ends all but %i that are excluded', async excluded => {
    const logins = [await world.loginAs('ada'), await world.loginAs('ada'), await world.loginAs('ada')]
    const { user } = await who(logins[0]?.tokens.accessToken ?? '')
    await db.invalidateAllSessions(
      user.id,
      logins.slice(0, excluded).map(({ sessionId }) => sessionId),
    )
    const valid = await Promise.all(logins.map(async ({ sessionId }) => (await db.findSessionById(sessionId))?.valid))
    expect(valid).toEqual(logins.map((_, index) => index < excluded))
  })

  test('updateSession notes that a session was used', async () => {
    const { sessionId } = await world.loginAs('ada')
    world.clock.pass(60_000)
    await db.updateSession(sessionId, {})
    expect((await db.findSessionById(sessionId))?.updatedAt).toBe('2026-01-01T00:01:00.000Z')
    await db.updateSession('nobody', {})
  })

  test('what only the login flow may do is refused, with what to do instead', async () => {
    const { sessionId, user } = await world.loginAs('ada')
    await expect(db.createSession(user.id, 'token', {})).rejects.toThrow('Use loginWithService or loginWithUser')
    await expect(db.findSessionByToken('token')).rejects.toThrow('use findSessionByAccessToken')
    await expect(db.updateSession(sessionId, {}, 'token')).rejects.toThrow('set createNewSessionTokenOnRefresh')
    expect(await world.server.accounts.userSessions(user.id)).toHaveLength(1)
  })
})

test('a service written for accounts-js finds its users through the store it is given', async () => {
  let given: DatabaseInterface | undefined
  const badge = {
    setStore: (database: DatabaseInterface) => void (given = database),
    authenticate: async ({ badge }: { badge: string }) => (await given?.findUserByServiceId('badge', badge)) ?? null,
  }
  const server = new AccountsServer(
    { db: memoryStore(), tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz' },
    { password: new AccountsPassword(), badge: badge as never },
  )
  // Opens the store by itself.
  const id = (await given?.createUser({ username: 'ada' })) ?? ''
  await given?.setService(id, 'badge', { id: '4711' })
  expect((await server.loginWithService('badge', { badge: '4711' }, {})).user.id).toBe(id)
  await server.stop()
})
