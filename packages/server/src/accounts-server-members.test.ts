import { describe, expect, it } from 'vitest'
import type { AccountsJsUser } from './compat/accounts-js-types.ts'
import { PASSWORD } from './testing/index.ts'
import { GENERATIONS, generationWorld } from './testing/generations.ts'

const MINUTE = 60_000
const HASHES = /argon2|\$2[ab]\$|horse/

describe.each(GENERATIONS)('AccountsServer with $name', generation => {
  it('getServices() and services are what was given', async () => {
    const badge = { serviceName: 'badge', authenticate: async () => null }
    await using world = await generationWorld(generation, {}, { badge })
    expect(Object.keys(world.server.getServices())).toEqual(['password', 'badge'])
    expect(world.server.getServices().badge).toBe(badge)
    expect(world.server.services).toEqual(world.server.getServices())
  })

  it('authenticateWithService() answers true and opens no session', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const params = { user: { username: 'ada' }, password: PASSWORD }
    expect(await world.server.authenticateWithService('password', params, world.infos)).toBe(true)
    expect(await world.server.accounts.userSessions(id)).toEqual([])
    await expect(world.server.authenticateWithService('badge', {}, world.infos)).rejects.toMatchObject({
      code: 'ServiceNotFound',
      message: 'No service with the name badge was registered.',
    })
    await world.server.deactivateUser(id)
    await expect(world.server.authenticateWithService('password', params, world.infos)).rejects.toMatchObject({
      code: 'UserDeactivated',
      message: 'Your account has been deactivated',
    })
  })

  it('loginWithService() answers session, tokens and a user without anything secret', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const login = await world.login('ada')
    expect(login).toEqual({
      sessionId: expect.any(String) as unknown,
      tokens: { accessToken: expect.any(String) as unknown, refreshToken: expect.any(String) as unknown },
      user: expect.objectContaining({ id, username: 'ada', emails: [{ address: 'ada@example.org', verified: false }] }) as unknown,
    })
    expect(login.user).not.toHaveProperty('services')
    expect(JSON.stringify(login.user)).not.toMatch(HASHES)
    await expect(world.server.loginWithService('badge', {}, world.infos)).rejects.toMatchObject({ code: 'ServiceNotFound' })
  })

  it('loginWithUser() opens a session for a user the app vouches for, and the user that comes back is sanitised', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const found = (await world.server.findUserById(id)) as AccountsJsUser
    const { tokens, user } = await world.server.loginWithUser(found, world.infos)
    expect((await world.server.resumeSession(tokens.accessToken)).id).toBe(id)
    expect(user).not.toHaveProperty('services')
    expect(JSON.stringify(user)).not.toMatch(HASHES)
    await expect(world.server.loginWithUser({ id: 'nobody' }, world.infos)).rejects.toMatchObject({ code: 'UserNotFound' })
  })

  it('impersonate() acts as the other user at once, marked, and by id, name or address', async () => {
    await using world = await generationWorld(generation, { impersonationAuthorize: () => true, ambiguousErrorMessages: false })
    const [ada, bob] = [await world.createUser('ada'), await world.createUser('bob')]
    const { tokens } = await world.login('ada')
    for (const identity of [{ userId: bob }, { username: 'bob' }, { email: 'bob@example.org' }]) {
      const result = await world.server.impersonate(tokens.accessToken, identity, world.infos)
      expect(Object.keys(result).toSorted()).toEqual(['authorized', 'tokens', 'user'])
      expect((await world.server.resumeSession(result.tokens?.accessToken ?? '')).id).toBe(bob)
      const session = await world.server.findSessionByAccessToken(result.tokens?.accessToken ?? '')
      expect(session).toMatchObject({ userId: bob, extraData: { impersonatorUserId: ada } })
    }
    await expect(world.server.impersonate(tokens.accessToken, { username: 'nobody' }, world.infos)).rejects.toMatchObject({
      code: 'ImpersonatedUserNotFound',
    })
  })

  it('refreshTokens() answers the next pair, a sanitised user and the connection', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const { tokens, sessionId } = await world.login('ada')
    const infos = { ip: '192.0.2.9', userAgent: 'another' }
    world.clock.pass(MINUTE)
    const next = await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, infos)
    expect(next).toMatchObject({ sessionId, user: { id }, infos })
    expect(next.tokens.refreshToken).not.toBe(tokens.refreshToken)
    expect(JSON.stringify(next.user)).not.toMatch(HASHES)
    expect(await world.server.findSessionByAccessToken(next.tokens.accessToken)).toMatchObject({
      ...infos,
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:01:00.000Z',
    })
    // accounts-js took anybody's refresh token, and an access token in its place.
    await world.createUser('bob')
    const other = await world.login('bob')
    for (const refreshToken of [other.tokens.refreshToken, next.tokens.accessToken])
      await expect(world.server.refreshTokens(next.tokens.accessToken, refreshToken, infos)).rejects.toMatchObject({
        code: 'TokenVerificationFailed',
      })
    // JavaScript can pass anything.
    await expect(world.server.refreshTokens({} as string, 5 as unknown as string, infos)).rejects.toMatchObject({
      code: 'InvalidTokens',
      message: 'An accessToken and refreshToken are required',
    })
  })

  it('createTokens() makes a pair for a live session, and for no other', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const { tokens } = await world.login('ada')
    const { token } = await world.server.findSessionByAccessToken(tokens.accessToken)
    const pair = await world.server.createTokens({ token, user: { id } })
    expect((await world.server.resumeSession(pair.accessToken)).id).toBe(id)
    expect((await world.server.refreshTokens(pair.accessToken, pair.refreshToken, world.infos)).user.id).toBe(id)
    await expect(world.server.createTokens({ token: 'made up', user: { id } })).rejects.toMatchObject({ code: 'SessionNotFound' })
    await expect(world.server.createTokens({ token, user: { id: await world.createUser('bob') } })).rejects.toMatchObject({
      code: 'SessionNotFound',
    })
  })

  it('logout() ends the session, with an expired access token too, and refuses a dead one', async () => {
    await using world = await generationWorld(generation)
    await world.createUser('ada')
    const { tokens } = await world.login('ada')
    world.clock.pass(91 * MINUTE)
    await world.server.logout(tokens.accessToken)
    await expect(world.server.logout(tokens.accessToken)).rejects.toMatchObject({
      code: 'InvalidSession',
      message: 'Session is no longer valid',
    })
    await expect(world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})).rejects.toMatchObject({ code: 'InvalidSession' })
    await expect(world.server.logout(undefined as unknown as string)).rejects.toMatchObject({ code: 'InvalidToken' })
  })

  it('resumeSession() answers the sanitised user, and refuses with accounts-js’s codes and texts', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const { tokens } = await world.login('ada')
    expect(await world.server.resumeSession(tokens.accessToken)).toMatchObject({ id, username: 'ada' })
    // JavaScript can pass anything; one such request ended accounts-js's process.
    for (const nothing of [undefined, null, {}, 5] as unknown[])
      await expect(world.server.resumeSession(nothing as string)).rejects.toMatchObject({
        code: 'InvalidToken',
        message: 'An accessToken is required',
      })
    await expect(world.server.resumeSession('not a token')).rejects.toMatchObject({
      code: 'TokenVerificationFailed',
      message: 'Tokens are not valid',
    })
    await world.server.logout(tokens.accessToken)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({
      code: 'InvalidSession',
      message: 'Invalid Session',
    })
  })

  it('findSessionByAccessToken() answers a session of accounts-js’s shape, also one that is over', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const { tokens, sessionId } = await world.login('ada')
    const session = await world.server.findSessionByAccessToken(tokens.accessToken)
    expect(session).toEqual({
      id: sessionId,
      userId: id,
      token: expect.any(String) as unknown,
      valid: true,
      userAgent: 'test',
      ip: '192.0.2.1',
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
    })
    world.clock.pass(MINUTE)
    await world.server.logout(tokens.accessToken)
    expect(await world.server.findSessionByAccessToken(tokens.accessToken)).toMatchObject({
      id: sessionId,
      valid: false,
      updatedAt: '2026-01-01T00:01:00.000Z',
    })
    await expect(world.server.findSessionByAccessToken('')).rejects.toMatchObject({ code: 'InvalidToken' })
    await expect(world.server.findSessionByAccessToken('x')).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
  })

  it('a session that has another token since is not found by the old one, whatever is asked', async () => {
    await using world = await generationWorld(generation, { createNewSessionTokenOnRefresh: true, impersonationAuthorize: () => true })
    await world.createUser('ada')
    const { tokens } = await world.login('ada')
    const next = await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, world.infos)
    const deeds = {
      resumeSession: () => world.server.resumeSession(tokens.accessToken),
      findSessionByAccessToken: () => world.server.findSessionByAccessToken(tokens.accessToken),
      impersonate: () => world.server.impersonate(tokens.accessToken, { username: 'ada' }, world.infos),
      logout: () => world.server.logout(tokens.accessToken),
    }
    for (const deed of Object.values(deeds))
      await expect(deed()).rejects.toMatchObject({ code: 'SessionNotFound', message: 'Session not found' })
    expect((await world.server.resumeSession(next.tokens.accessToken)).username).toBe('ada')
  })

  it('findUserById() answers accounts-js’s record without hashes and tokens, or null', async () => {
    await using world = await generationWorld(generation, { password: { validateNewUser: user => user } })
    const input = { username: 'ada', email: 'Ada@Example.org', password: PASSWORD, plan: 'gold' }
    await world.server.accounts.register(input, { ...world.infos, connectionId: '', transport: 'test', extra: {} })
    const id = (await world.server.accounts.lookUp('ada'))?.id ?? ''
    const user = await world.server.findUserById(id)
    expect(user).toEqual({
      id,
      username: 'ada',
      emails: [{ address: 'ada@example.org', verified: false }],
      services: { password: {} },
      deactivated: false,
      plan: 'gold',
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
    })
    expect(JSON.stringify(user)).not.toMatch(HASHES)
    expect(await world.server.findUserById('nobody')).toBeNull()
    // A database operator in place of an id must not find anybody.
    expect(await world.server.findUserById({ $ne: null } as unknown as string).catch(() => null)).toBeNull()
  })

  it('deactivateUser() ends every session and refuses logins, activateUser() lets them in again', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const { tokens } = await world.login('ada')
    await world.server.deactivateUser(id)
    expect(await world.server.findUserById(id)).toMatchObject({ deactivated: true })
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    await expect(world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})).rejects.toMatchObject({ code: 'InvalidSession' })
    await expect(world.login('ada')).rejects.toMatchObject({ code: 'UserDeactivated' })
    await world.server.activateUser(id)
    expect((await world.login('ada')).user.deactivated).toBe(false)
    await expect(world.server.deactivateUser('nobody')).rejects.toMatchObject({ code: 'UserNotFound' })
    await expect(world.server.activateUser('nobody')).rejects.toMatchObject({ code: 'UserNotFound' })
  })

  it('prepareMail() makes accounts-js’s mail object from a template, or asks the app’s own', async () => {
    const template = { subject: () => 'Welcome', text: (user: { username?: string }, url: string) => `${user.username}: ${url}` }
    const user = { id: '1', username: 'ada', emails: [], deactivated: false }
    await using world = await generationWorld(generation, { siteUrl: 'https://example.org' })
    expect(world.server.prepareMail('ada@example.org', 'abc', user, 'welcome', template, 'us@example.org')).toEqual({
      from: 'us@example.org',
      to: 'ada@example.org',
      subject: 'Welcome',
      text: 'ada: https://example.org/welcome/abc',
    })
    const html = world.server.prepareMail(
      'a@b.co',
      '',
      user,
      '',
      { ...template, from: 'own@example.org', html: (_user, url) => `<a>${url}</a>` },
      'x',
    )
    expect(html).toMatchObject({ from: 'own@example.org', html: '<a>https://example.org</a>' })
    await using own = await generationWorld(generation, { prepareMail: (to, token) => ({ from: 'x', to, subject: token, text: '' }) })
    expect(own.server.prepareMail('a@b.co', 'abc', user, 'welcome', template, 'x')).toEqual({
      from: 'x',
      to: 'a@b.co',
      subject: 'abc',
      text: '',
    })
  })

  it('sanitizeUser() takes services away, from records of any origin, and hands on to userObjectSanitizer', async () => {
    const record = {
      id: '1',
      username: 'ada',
      emails: [{ address: 'Ada@example.org', verified: true }],
      services: { password: { bcrypt: '$2a$10$abc' }, 'two-factor': { secret: { base32: 'ABC' } } },
      deactivated: false,
      plan: 'gold',
    }
    await using world = await generationWorld(generation, { userObjectSanitizer: user => ({ ...user, seen: true }) })
    expect(world.server.sanitizeUser(record)).toMatchObject({
      id: '1',
      username: 'ada',
      emails: [{ address: 'ada@example.org', verified: true }],
      deactivated: false,
      plan: 'gold',
      seen: true,
    })
    expect(world.server.sanitizeUser(record)).not.toHaveProperty('services')
    await using wide = await generationWorld(generation, { useInternalUserObjectSanitizer: false })
    expect(wide.server.sanitizeUser(record).services).toEqual({ password: {}, 'two-factor': {} })
  })
})
