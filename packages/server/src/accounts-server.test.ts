import { describe, expect, it } from 'vitest'
import { AccountsServer } from './accounts-server.ts'
import { memoryStore } from './stores/memory/index.ts'
import { AccountsPassword } from './strategies/password/index.ts'
import { newWorld, PASSWORD } from './testing/index.ts'

const SECRET = 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz'
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

describe('AccountsServer', () => {
  it('does what the first page of the accounts-js documentation shows', async () => {
    await using world = await newWorld()
    const { id } = await world.createUser('ada')
    const infos = { ip: '192.0.2.7', userAgent: 'Mozilla/5.0' }
    const login = await world.server.loginWithService('password', { user: { email: 'ada@example.org' }, password: PASSWORD }, infos)
    expect(Object.keys(login).toSorted()).toEqual(['sessionId', 'tokens', 'user'])
    expect(login.user).toMatchObject({ id, username: 'ada', emails: [{ address: 'ada@example.org', verified: false }], deactivated: false })
    expect((await world.server.resumeSession(login.tokens.accessToken)).id).toBe(id)
    const refreshed = await world.server.refreshTokens(login.tokens.accessToken, login.tokens.refreshToken, infos)
    expect(refreshed).toMatchObject({ sessionId: login.sessionId, infos, user: { id } })
    await world.server.logout(refreshed.tokens.accessToken)
    await expect(world.server.resumeSession(refreshed.tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    await expect(world.server.resumeSession(login.tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
  })

  it('opens nothing when it is made, and opens the store on first use', async () => {
    const calls: string[] = []
    const store = memoryStore()
    const open = store.open.bind(store)
    store.open = async () => {
      calls.push('open')
      await open()
    }
    const server = new AccountsServer({ db: store, tokenSecret: SECRET }, { password: new AccountsPassword() })
    expect(calls).toEqual([])
    expect(await server.findUserById('nobody')).toBeNull()
    await server.ready()
    expect(calls).toEqual(['open'])
    await server.stop()
    await expect(server.findUserById('nobody')).rejects.toMatchObject({ code: 'InvalidSettings' })
  })

  it('refuses unknown options, a missing store, a missing secret and contradictions by name', () => {
    const make = (options: object) => () => new AccountsServer({ db: memoryStore(), tokenSecret: SECRET, ...options }, {})
    expect(make({ tokenScret: 'x' })).toThrow(/Unknown option "tokenScret"/)
    expect(make({ db: undefined })).toThrow(/database driver is required/)
    expect(make({ tokenSecret: '' })).toThrow(/tokenSecret is missing/)
    expect(make({ production: true, tokenSecret: 'SECRET' })).toThrow(/too weak for production/)
    expect(make({ ambiguousErrorMessages: true, enableAutologin: true })).toThrow(/contradicts/)
    expect(make({ session: { idel: '1d' } })).toThrow(/session\.idel/)
    expect(make({ production: true, rateLimits: false })).toThrow(/rateLimits/)
    expect(make({ tokenConfigs: { accessToken: { expiresIn: 'soon' } } })).toThrow(/tokenConfigs\.accessToken\.expiresIn/)
  })

  it('keeps one instance out of the settings of the next', () => {
    const first = new AccountsServer({ db: memoryStore(), tokenSecret: SECRET, emailTemplates: { from: 'first@example.org' } }, {})
    const second = new AccountsServer({ db: memoryStore(), tokenSecret: SECRET }, {})
    expect(first.accounts.core.settings.emailTemplates.from).toBe('first@example.org')
    expect(second.accounts.core.settings.emailTemplates.from).not.toBe('first@example.org')
  })

  it('ends every session of a deactivated user at once, and lets them in again once activated', async () => {
    await using world = await newWorld()
    const { tokens, user } = await world.loginAs('ada')
    await world.server.deactivateUser(user.id)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    await expect(world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})).rejects.toMatchObject({ code: 'InvalidSession' })
    await expect(world.loginAs('ada')).rejects.toMatchObject({ code: 'UserDeactivated' })
    await expect(world.server.loginWithUser({ id: user.id }, {})).rejects.toMatchObject({ code: 'UserDeactivated' })
    await world.server.activateUser(user.id)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    expect((await world.loginAs('ada')).user.id).toBe(user.id)
  })

  it('tells a deactivated user so only once the password was right', async () => {
    await using world = await newWorld()
    const { id } = await world.createUser('ada')
    await world.server.deactivateUser(id)
    await expect(world.loginAs('ada', 'a wrong password')).rejects.toMatchObject({ code: 'InvalidCredentials' })
  })

  it('puts what createJwtPayload returns at the top level of the access token, asked again at refresh', async () => {
    let asked = 0
    await using world = await newWorld({ options: { createJwtPayload: (_data, user) => ({ name: user.username, asked: ++asked }) } })
    const { tokens } = await world.loginAs('ada')
    const next = await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})
    expect(payloadOf(tokens.accessToken)).toMatchObject({ name: 'ada', asked: 1 })
    expect(payloadOf(next.tokens.accessToken)).toMatchObject({ name: 'ada', asked: 2 })
  })

  it('lets an expired access token log out, as long as we signed it', async () => {
    await using world = await newWorld()
    const { tokens } = await world.loginAs('ada')
    world.clock.pass(2 * 60 * MINUTE)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
    await world.server.logout(tokens.accessToken)
    await expect(world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})).rejects.toMatchObject({ code: 'InvalidSession' })
    await expect(world.server.logout(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
  })

  it('names the session by what tokenCreator makes, and lets older access tokens die when each refresh makes a new name', async () => {
    let made = 0
    await using world = await newWorld({
      options: { tokenCreator: { createToken: () => `handle-${++made}` }, createNewSessionTokenOnRefresh: true },
    })
    const { tokens } = await world.loginAs('ada')
    expect(payloadOf(tokens.accessToken).data.token).toBe('handle-1')
    const next = await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})
    expect(payloadOf(next.tokens.accessToken).data.token).toBe('handle-2')
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'SessionNotFound' })
    expect((await world.server.resumeSession(next.tokens.accessToken)).username).toBe('ada')
  })
})

describe('refresh', () => {
  it('answers twenty uses of one secret with the same successor, and logs nobody out', async () => {
    await using world = await newWorld()
    const { tokens } = await world.loginAs('ada')
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})),
    )
    expect(new Set(answers.map(answer => payloadOf(answer.tokens.refreshToken).rt)).size).toBe(1)
    const [{ tokens: next }] = answers as [(typeof answers)[0]]
    expect((await world.server.refreshTokens(next.accessToken, next.refreshToken, {})).user.username).toBe('ada')
  })

  it('ends the session when a spent secret comes back after its grace time', async () => {
    await using world = await newWorld()
    const { tokens } = await world.loginAs('ada')
    const second = (await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})).tokens
    const third = (await world.server.refreshTokens(second.accessToken, second.refreshToken, {})).tokens
    world.clock.pass(31_000)
    await expect(world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})).rejects.toMatchObject({ code: 'InvalidSession' })
    await expect(world.server.resumeSession(third.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    await expect(world.server.refreshTokens(third.accessToken, third.refreshToken, {})).rejects.toMatchObject({ code: 'InvalidSession' })
  })

  it('cannot be used by a stranger to end a session whose id they know', async () => {
    await using world = await newWorld()
    const { tokens, sessionId } = await world.loginAs('ada')
    const forged = ['x', Buffer.from(JSON.stringify({ sid: sessionId, rt: 'guess', exp: 9e9 })).toString('base64url'), 'x'].join('.')
    await expect(world.server.refreshTokens(tokens.accessToken, forged, {})).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
    expect((await world.server.resumeSession(tokens.accessToken)).username).toBe('ada')
  })

  it('refuses the tokens of two sessions mixed, and an access token in place of a refresh token', async () => {
    await using world = await newWorld()
    const [one, two] = [await world.loginAs('ada'), await world.loginAs('ada')]
    const mixed = world.server.refreshTokens(one.tokens.accessToken, two.tokens.refreshToken, {})
    await expect(mixed).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
    const swapped = world.server.refreshTokens(one.tokens.accessToken, one.tokens.accessToken, {})
    await expect(swapped).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
  })

  it('keeps a session going while it is used, and not beyond its absolute life', async () => {
    await using world = await newWorld()
    let { tokens } = await world.loginAs('ada')
    for (let day = 0; day < 84; day += 6) {
      world.clock.pass(6 * DAY)
      tokens = (await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})).tokens
    }
    world.clock.pass(6 * DAY)
    await expect(world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})).rejects.toMatchObject({
      code: /InvalidSession|TokenVerificationFailed/,
    })
  })

  it('ends with the idle time', async () => {
    await using world = await newWorld()
    const { tokens } = await world.loginAs('ada')
    world.clock.pass(7 * DAY + 1000)
    await expect(world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})).rejects.toMatchObject({
      code: 'TokenVerificationFailed',
    })
  })
})

/** What a token says, unverified. */
function payloadOf(token: string): { data: { token: string }; rt: string; [claim: string]: unknown } {
  // `JSON.parse` answers any; these tokens were made by the code under test.
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    data: { token: string }
    rt: string
    [claim: string]: unknown
  }
}
