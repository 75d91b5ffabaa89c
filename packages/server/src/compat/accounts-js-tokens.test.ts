import { generateKeyPairSync, sign } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AccountsServer } from '../accounts-server.ts'
import type { AccountsServerOptions } from '../accounts-server.ts'
import { userFailureKey } from '../core/store.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { OLD_SECRET, oldPayload, OldSessions, signedByKey, signedWith } from '../testing/accounts-js-tokens.ts'
import { newWorld, PASSWORD } from '../testing/index.ts'
import type { World } from '../testing/index.ts'

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000]
const UNTIL = '2026-01-08T00:00:00Z'

let world: World
let sessions: OldSessions
let userId: string
beforeEach(async () => {
  sessions = new OldSessions()
  world = await open()
  userId = (await world.createUser('ada')).id
})
afterEach(() => world.close())

type Options = Partial<Omit<AccountsServerOptions, 'db' | 'ports' | 'log'>>

const open = (options: Options = {}, more: object = {}): Promise<World> =>
  newWorld({ ...more, options: { acceptAccountsJsTokens: { tokenSecret: OLD_SECRET, until: UNTIL, sessions }, ...options } })

/** A token of a session that is live in the old app. */
function live(token = 'session-1', more: object = {}, row: object = {}): string {
  sessions.add(token, userId, row)
  return signedWith(oldPayload(token, userId, world.clock.now(), more))
}

const check = (token: unknown): Promise<unknown> => world.server.accounts.check(token)
const refused = (code: string): unknown => expect.objectContaining({ code })
const events = async (): Promise<string[]> =>
  (await world.server.accounts.core.store.audit.list({ userId, limit: 50 })).map(({ type, data }) => [type, data['service']].join(' '))

describe('a token that accounts-js signed', () => {
  test('counts as a session of its user, which ends with the token', async () => {
    const token = live()
    expect((await world.server.resumeSession(token)).id).toBe(userId)
    const [session] = await world.server.accounts.userSessions(userId)
    expect(session).toMatchObject({
      expiresAt: new Date(world.clock.now() + 90 * MINUTE).toISOString(),
      factors: ['accounts-js-token'],
      ip: '192.0.2.7',
      userAgent: 'Firefox',
    })
    expect(await world.server.findSessionByAccessToken(token)).toMatchObject({ token: 'session-1', userId, valid: true })
    world.clock.pass(90 * MINUTE)
    await expect(check(token)).rejects.toEqual(refused('TokenVerificationFailed'))
    expect(await world.server.accounts.userSessions(userId)).toEqual([])
  })

  test('opens one session, and asks the old database once, however often and by however many it is shown', async () => {
    const token = live()
    await Promise.all(Array.from({ length: 5 }, () => check(token)))
    sessions.asked = 0
    await check(token)
    expect(sessions.asked).toBe(0)
    expect(await world.server.accounts.userSessions(userId)).toHaveLength(1)
    expect(await events()).toEqual(['login accounts-js-token', 'user-created '])
  })

  test('opens one session also when two servers see it first at once', async () => {
    await using other = await open({}, { store: world.server.accounts.core.store, clock: world.clock })
    const token = live()
    const both = await Promise.all([world, other, world, other].map(({ server }) => server.accounts.check(token)))
    expect(new Set(both.map(({ session }) => session.id)).size).toBe(1)
    expect(await world.server.accounts.userSessions(userId)).toHaveLength(1)
  })

  test('is answered from the cache from the second time on', async () => {
    const token = live()
    expect(world.server.accounts.checkCached(token)).toBeUndefined()
    await check(token)
    await check(token)
    expect(world.server.accounts.checkCached(token)?.user.id).toBe(userId)
  })

  test('is no sign-in: no hook, no mail of a new device, no failed try forgiven, nothing fresh about it', async () => {
    await world.close()
    world = await open({ newDeviceMail: true })
    const user = await world.server.accounts.createUser({ email: 'ada@example.org', password: PASSWORD })
    userId = user.id
    await world.server.loginWithService('password', { user: 'ada@example.org', password: 'wrong' }, {}).catch(() => {})
    const seen: string[] = []
    world.server.on('login', () => void seen.push('login'))
    world.server.on('validateLogin', () => void seen.push('validateLogin'))
    const who = await world.server.accounts.check(live('session-1', {}, { createdAt: new Date(world.clock.now()) }))
    expect(seen).toEqual([])
    expect(await world.delivered()).toEqual([])
    expect(await world.server.accounts.core.store.attempts.failures([userFailureKey(userId)], world.clock.now())).toMatchObject([
      { count: 1 },
    ])
    await expect(world.server.accounts.deleteAccount(who, null, world.origin)).rejects.toEqual(refused('RecentLoginRequired'))
  })

  test('refreshes nothing', async () => {
    const token = live()
    await check(token)
    const refresh = signedWith({ iat: 1, exp: 9_999_999_999 })
    await expect(world.server.refreshTokens(token, refresh, {})).rejects.toEqual(refused('TokenVerificationFailed'))
    await expect(world.server.refreshTokens(token, token, {})).rejects.toEqual(refused('TokenVerificationFailed'))
    const { tokens } = await world.loginAs('ada')
    await expect(world.server.refreshTokens(token, tokens.refreshToken, {})).rejects.toEqual(refused('TokenVerificationFailed'))
  })

  test('is taken until the date that was set, and the log says so once', async () => {
    expect(world.log.filter(({ message }) => message.includes('switch')).map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: tokens of before the switch are taken until 2026-01-08T00:00:00.000Z, where their session is live',
    ])
    world.clock.pass(7 * DAY - HOUR)
    const token = live()
    const [session] = [(await world.server.accounts.check(token)).session]
    expect(session.expiresAt).toBe(Date.parse(UNTIL))
    world.clock.pass(HOUR)
    await expect(check(token)).rejects.toEqual(refused('TokenVerificationFailed'))
    await expect(check(live('session-2'))).rejects.toEqual(refused('TokenVerificationFailed'))
  })

  test('is refused where the option is not set', async () => {
    await using other = await newWorld({ store: world.server.accounts.core.store, clock: world.clock })
    await expect(other.server.resumeSession(live())).rejects.toEqual(refused('TokenVerificationFailed'))
  })
})

describe('a session that came over', () => {
  const ENDINGS: Record<string, (token: string) => Promise<unknown>> = {
    'a logout': token => world.server.logout(token),
    'a change of password': async token => {
      const who = await world.server.accounts.check(token)
      await world.server.accounts.setPassword(who.user.id, 'a rather different sentence')
    },
    'a deactivation': async () => {
      await world.server.deactivateUser(userId)
      await world.server.activateUser(userId)
    },
    'a revocation': () => world.server.accounts.revoke({ userId }),
    'a sign-out everywhere else': async () => {
      const { tokens } = await world.loginAs('ada')
      await world.server.accounts.logout(await world.server.accounts.check(tokens.accessToken), 'others', world.origin)
    },
  }

  test.each(Object.keys(ENDINGS))('is ended by %s, and not opened again', async name => {
    const token = live()
    await check(token)
    await ENDINGS[name]?.(token)
    await expect(check(token)).rejects.toEqual(refused('InvalidSession'))
    await expect(check(live('session-1', { jti: 'another token of the same session' }))).rejects.toEqual(refused('InvalidSession'))
  })

  const OF_ALL = Object.keys(ENDINGS).filter(name => name !== 'a logout')
  test.each(OF_ALL)('is not opened after %s that it would not have survived', async name => {
    const token = live('not seen before')
    // One that is seen, so that the deed has something to end.
    await ENDINGS[name]?.(live('session-2'))
    await expect(check(token)).rejects.toEqual(refused('InvalidSession'))
    expect(sessions.asked).toBeGreaterThan(0)
  })

  test('is not opened after a sign-out everywhere else, however lately its token was made', async () => {
    sessions.add('session-1', userId, { createdAt: new Date(world.clock.now()) })
    world.clock.pass(MINUTE)
    await ENDINGS['a sign-out everywhere else']?.('')
    world.clock.pass(MINUTE)
    await expect(check(signedWith(oldPayload('session-1', userId, world.clock.now())))).rejects.toEqual(refused('InvalidSession'))
    sessions.add('session-2', userId, { createdAt: new Date(world.clock.now()) })
    await expect(check(signedWith(oldPayload('session-2', userId, world.clock.now())))).resolves.toMatchObject({ user: { id: userId } })
  })

  test('does not slip past a sign-out everywhere else at the very same moment', async () => {
    const { accounts } = world.server
    const who = await accounts.check((await world.loginAs('ada')).tokens.accessToken)
    const { sessions: kept } = accounts.core.store
    const opening = kept.open.bind(kept)
    kept.open = async (...parts) => {
      await accounts.logout(who, 'others', world.origin)
      return opening(...parts)
    }
    const token = live()
    for (const shown of [token, token]) await expect(check(shown)).rejects.toEqual(refused('InvalidSession'))
    kept.open = opening
  })

  test('is not opened again by the sweep, which forgets it only after its token has expired', async () => {
    const token = live()
    await world.server.logout(token)
    world.clock.pass(89 * MINUTE)
    await world.server.accounts.core.store.sessions.sweep(world.clock.now(), world.server.accounts.core.settings.session.keepEnded, 100)
    await expect(check(token)).rejects.toEqual(refused('InvalidSession'))
  })

  test.each([{ session: { keepEnded: '1h' } }, { auditKept: '1h' }])(
    'is not opened when its token lives longer than endings are remembered: %j',
    async options => {
      await using careful = await open(options, { store: world.server.accounts.core.store, clock: world.clock })
      for (const token of [live(), live('session-2')])
        await expect(careful.server.resumeSession(token)).rejects.toEqual(refused('TokenVerificationFailed'))
      expect(careful.log.filter(({ message }) => message.includes('session.keepEnded'))).toHaveLength(1)
      const short = live('session-3', { exp: Math.floor(world.clock.now() / 1000) + 3600 })
      expect((await careful.server.resumeSession(short)).id).toBe(userId)
    },
  )

  test('can be signed out with a token that has expired', async () => {
    const token = live()
    await check(token)
    world.clock.pass(90 * MINUTE)
    await expect(world.server.logout(token)).rejects.toEqual(refused('InvalidSession'))
    await expect(world.server.logout(signedWith(oldPayload('unseen', userId, 0)))).rejects.toEqual(refused('SessionNotFound'))
  })

  test('is refused to whoever was deleted', async () => {
    const token = live()
    await check(token)
    await world.server.accounts.deleteUser(userId)
    await expect(check(token)).rejects.toEqual(refused('UserNotFound'))
  })

  test('is asked of the old database when the user alone would do', async () => {
    await using stateless = await open({ useStatelessSession: true }, { store: world.server.accounts.core.store, clock: world.clock })
    const token = live()
    expect((await stateless.server.resumeSession(token)).id).toBe(userId)
    await stateless.server.logout(token)
    await expect(stateless.server.resumeSession(token)).rejects.toEqual(refused('InvalidSession'))
    await expect(stateless.server.resumeSession(signedWith(oldPayload('unknown', userId, world.clock.now())))).rejects.toEqual(
      refused('SessionNotFound'),
    )
  })

  test('survives a change of our own secret as what it is: live or ended', async () => {
    const [going, ended] = [live('going'), live('ended')]
    await check(going)
    await world.server.logout(ended)
    const next = { tokenSecret: 'a secret of our own, changed in between, 0123456789', retiredSecrets: [] }
    await using later = await open(next, { store: world.server.accounts.core.store, clock: world.clock })
    expect((await later.server.resumeSession(going)).id).toBe(userId)
    await expect(later.server.resumeSession(ended)).rejects.toEqual(refused('InvalidSession'))
  })
})

describe('nobody gets in with', () => {
  const now = (): number => world.clock.now()
  const payload = (more: object = {}): Record<string, unknown> => oldPayload('session-1', userId, now(), more)
  const body = (text: string): string => text.split('.').slice(0, 2).join('.')
  const [NOT_OURS, OVER] = ['TokenVerificationFailed', 'InvalidSession']

  const TRIES: [what: string, code: string, token: () => unknown][] = [
    ['a token that has expired', NOT_OURS, () => signedWith(payload({ exp: now() / 1000 }))],
    ['a token that never expires', NOT_OURS, () => signedWith(payload({ exp: undefined }))],
    ['a token that tells no time of its making', NOT_OURS, () => signedWith(payload({ iat: undefined }))],
    ['a token whose time has not come', NOT_OURS, () => signedWith(payload({ nbf: now() / 1000 + 60 }))],
    ['another secret', NOT_OURS, () => signedWith(payload(), { secret: 'another secret' })],
    ['no algorithm', NOT_OURS, () => `${body(signedWith(payload(), { header: { alg: 'none', typ: 'JWT' } }))}.`],
    ['no signature', NOT_OURS, () => `${body(signedWith(payload()))}.`],
    ['another algorithm', NOT_OURS, () => signedWith(payload(), { header: { alg: 'HS512', typ: 'JWT' }, hash: 'sha512' })],
    ['a header that says more', NOT_OURS, () => signedWith(payload(), { header: { alg: 'HS256', typ: 'JWT', kid: '../../secret' } })],
    ['a header of ours', NOT_OURS, () => signedWith(payload({ sid: 'x' }), { header: { alg: 'HS256', typ: 'at+jwt' } })],
    ['an impersonated token', NOT_OURS, () => signedWith(payload({ data: { token: 'session-1', userId, isImpersonated: true } }))],
    ['an object as token', NOT_OURS, () => signedWith(payload({ data: { token: { $ne: null }, userId } }))],
    ['an object as user', NOT_OURS, () => signedWith(payload({ data: { token: 'session-1', userId: { $ne: null } } }))],
    ['a payload that is none', NOT_OURS, () => signedWith('[]')],
    ['no data', NOT_OURS, () => signedWith(payload({ data: null }))],
    ['a refresh token', NOT_OURS, () => signedWith({ iat: now() / 1000, exp: now() / 1000 + 600 })],
    ['an object in place of a token', 'InvalidToken', () => ({ $ne: null })],
    ['the session of another user', NOT_OURS, () => signedWith(oldPayload('of-grace', userId, now()))],
    ['a session that was never there', 'SessionNotFound', () => signedWith(oldPayload('unknown', userId, now()))],
    ['a session that had ended', OVER, () => signedWith(oldPayload('ended', userId, now()))],
    ['a session that says so in a word', OVER, () => signedWith(oldPayload('ended-redis', userId, now()))],
    ['a session that somebody else acted in', NOT_OURS, () => signedWith(oldPayload('acted-mongo', userId, now()))],
    ['one of those that a refresh took the mark from', NOT_OURS, () => signedWith(oldPayload('acted-typeorm', userId, now()))],
    ['a user nobody knows', 'UserNotFound', () => signedWith(oldPayload('of-nobody', 'nobody', now()))],
  ]

  test.each(TRIES)('%s: %s', async (_what, code, token) => {
    sessions.add('session-1', userId)
    sessions.add('of-grace', (await world.createUser('grace')).id)
    sessions.add('ended', userId, { valid: false })
    sessions.add('ended-redis', userId, { valid: 'false' })
    sessions.add('acted-mongo', userId, { extraData: { impersonatorUserId: 'root' } })
    sessions.add('acted-typeorm', userId, { extra: { impersonatorUserId: 'root' } })
    sessions.add('of-nobody', 'nobody')
    await expect(check(token())).rejects.toEqual(refused(code))
    expect(await world.server.accounts.userSessions(userId)).toEqual([])
    // All that, and the genuine one is taken.
    await expect(check(signedWith(payload()))).resolves.toMatchObject({ user: { id: userId } })
  })

  test('a user who is deactivated', async () => {
    const token = live()
    await world.server.deactivateUser(userId)
    await expect(check(token)).rejects.toEqual(refused('InvalidSession'))
  })

  test.each(['PEM', 'JWK'])('the public key as a secret, as %s', async format => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const text =
      format === 'PEM' ? publicKey.export({ type: 'spki', format: 'pem' }).toString() : JSON.stringify(publicKey.export({ format: 'jwk' }))
    const accepted = { tokenSecret: text, until: UNTIL, sessions }
    await using other = await open({ acceptAccountsJsTokens: accepted }, { store: world.server.accounts.core.store, clock: world.clock })
    sessions.add('session-1', userId)
    for (const alg of ['HS256', 'RS256'])
      await expect(other.server.resumeSession(signedWith(payload(), { header: { alg, typ: 'JWT' }, secret: text }))).rejects.toEqual(
        refused('TokenVerificationFailed'),
      )
    expect((await other.server.resumeSession(signedByKey(payload(), 'RS256', privateKey))).id).toBe(userId)
  })
})

describe('the old app may have signed with', () => {
  const pairs = {
    EdDSA: generateKeyPairSync('ed25519'),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  }

  test.each(['EdDSA', 'ES256'] as const)('a key pair: %s', async algorithm => {
    const { publicKey, privateKey } = pairs[algorithm]
    const accepted = { tokenSecret: { publicKey }, until: new Date(UNTIL), sessions }
    await using other = await open({ acceptAccountsJsTokens: accepted }, { store: world.server.accounts.core.store, clock: world.clock })
    sessions.add('session-1', userId)
    const token = signedByKey(oldPayload('session-1', userId, world.clock.now()), algorithm, privateKey)
    expect((await other.server.resumeSession(token)).id).toBe(userId)
  })

  test('a key pair of which the app still has both halves, and an algorithm of its own choice', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const accepted = { tokenSecret: { publicKey, privateKey, algorithm: 'PS256' as const }, until: UNTIL, sessions }
    await using other = await open({ acceptAccountsJsTokens: accepted }, { store: world.server.accounts.core.store, clock: world.clock })
    sessions.add('session-1', userId)
    const token = signedByKey(oldPayload('session-1', userId, world.clock.now()), 'PS256', privateKey)
    // Node signs with the other padding unless told.
    await expect(other.server.resumeSession(token)).rejects.toEqual(refused('TokenVerificationFailed'))
    const text = token.split('.').slice(0, 2).join('.')
    const signature = sign('sha256', Buffer.from(text), { key: privateKey, padding: 6, saltLength: 32 }).toString('base64url')
    expect((await other.server.resumeSession(`${text}.${signature}`)).id).toBe(userId)
  })

  test('another hash', async () => {
    const accepted = { tokenSecret: OLD_SECRET, algorithm: 'HS512' as const, until: UNTIL, sessions }
    await using other = await open({ acceptAccountsJsTokens: accepted }, { store: world.server.accounts.core.store, clock: world.clock })
    sessions.add('session-1', userId)
    const payload = oldPayload('session-1', userId, world.clock.now())
    const token = signedWith(payload, { header: { alg: 'HS512', typ: 'JWT' }, hash: 'sha512' })
    expect((await other.server.resumeSession(token)).id).toBe(userId)
    await expect(other.server.resumeSession(signedWith(payload))).rejects.toEqual(refused('TokenVerificationFailed'))
  })
})

describe('acceptAccountsJsTokens', () => {
  const make =
    (accepted: object, options: object = {}) =>
    (): unknown => {
      const given: object = {
        db: memoryStore(),
        tokenSecret: 'a secret of at least 32 random bytes, please',
        log: { debug() {}, info() {}, warn() {}, error() {} },
        acceptAccountsJsTokens: { tokenSecret: OLD_SECRET, until: UNTIL, sessions: new OldSessions(), ...accepted },
        ...options,
      }
      // What an app without types may write.
      return new AccountsServer(given as AccountsServerOptions)
    }

  test.each([
    [{ tokenSecret: undefined }, /acceptAccountsJsTokens\.tokenSecret is missing/],
    [{ tokenSecret: 7 }, /acceptAccountsJsTokens\.tokenSecret is missing/],
    [{ tokenSecret: '-----BEGIN PUBLIC KEY-----' }, /acceptAccountsJsTokens\.tokenSecret\.publicKey cannot be read/],
    [{ algorithm: 'none' }, /acceptAccountsJsTokens\.algorithm must be one of HS256, HS384, HS512/],
    [{ algorithm: 'HS256', tokenSecret: { publicKey: generateKeyPairSync('ed25519').publicKey } }, /algorithm is that of a secret/],
    [{ until: undefined }, /acceptAccountsJsTokens\.until must be a date/],
    [{ until: 'soon' }, /acceptAccountsJsTokens\.until must be a date/],
    [{ until: Infinity }, /acceptAccountsJsTokens\.until must be a date/],
    [{ sessions: undefined }, /acceptAccountsJsTokens\.sessions must have findSessionByToken/],
    [{ sessions: {} }, /acceptAccountsJsTokens\.sessions must have findSessionByToken/],
    [{ untill: UNTIL }, /Did you mean "acceptAccountsJsTokens\.until"\?/],
  ])('refuses %j', (accepted, message) => {
    expect(make(accepted)).toThrow(message)
  })

  test('refuses a secret that can be guessed in production, and micro, which looks at no session', () => {
    expect(make({ tokenSecret: 'secret' })).not.toThrow()
    expect(make({ tokenSecret: 'secret' }, { production: true })).toThrow(/acceptAccountsJsTokens\.tokenSecret is too weak for production/)
    expect(make({}, { micro: true })).toThrow(/micro looks at no session/)
  })

  test('says in the log when its time is over', async () => {
    await using late = await open({ acceptAccountsJsTokens: { tokenSecret: OLD_SECRET, until: '2025-12-31', sessions } })
    expect(late.log.map(({ message }) => message)).toContain(
      'tokens of before the switch are not taken any more, since 2025-12-31T00:00:00.000Z: the option can go',
    )
  })
})
