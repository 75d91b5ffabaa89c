import { describe, expect, it, onTestFinished } from 'vitest'
import { AccountsServer } from './accounts-server.ts'
import type { AccountsServerOptions } from './accounts-server-options.ts'
import type { AccountsJsUser, ImpersonationResult } from './compat/accounts-js-types.ts'
import { memoryStore } from './stores/memory/index.ts'
import { AccountsPassword } from './strategies/password/index.ts'
import { silentLog } from './system.ts'
import { PASSWORD } from './testing/index.ts'
import { GENERATIONS, generationWorld, SECRET } from './testing/generations.ts'
import type { GenerationWorld } from './testing/generations.ts'

/** What a token says, unverified. */
function payloadOf(token: string): { data: { token: string; userId: string; isImpersonated: boolean }; [claim: string]: unknown } {
  // `JSON.parse` answers any; these tokens were made by the code under test.
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as ReturnType<typeof payloadOf>
}

const register = (world: GenerationWorld, user: object): ReturnType<AccountsServer['accounts']['register']> =>
  world.server.accounts.register({ password: PASSWORD, ...user }, { ...world.infos, connectionId: '', transport: 'test', extra: {} })

/** Whose session it is, or the code it is refused with. */
const outcomeOf = (resumed: ReturnType<AccountsServer['resumeSession']>): Promise<unknown> =>
  resumed.then(
    ({ username }) => username,
    (error: unknown) => (error as { code: unknown }).code,
  )

async function mailTo(world: GenerationWorld, address: string): Promise<(typeof world.mails)[0]> {
  await expect.poll(() => world.mails.some(({ to }) => to === address)).toBe(true)
  return world.mails.find(({ to }) => to === address) as (typeof world.mails)[0]
}

describe.each(GENERATIONS)('AccountsServer with $name', generation => {
  it('ambiguousErrorMessages: true by default, hides who has an account; false says it', async () => {
    await using quiet = await generationWorld(generation)
    await using plain = await generationWorld(generation, { ambiguousErrorMessages: false })
    for (const world of [quiet, plain]) await world.createUser('ada')
    await expect(quiet.login('nobody')).rejects.toMatchObject({ code: 'InvalidCredentials', message: 'Invalid credentials' })
    await expect(quiet.login('ada', 'a wrong one')).rejects.toMatchObject({ code: 'InvalidCredentials' })
    await expect(plain.login('nobody')).rejects.toMatchObject({ code: 'UserNotFound', message: 'User not found' })
    await expect(plain.login('ada', 'a wrong one')).rejects.toMatchObject({ code: 'IncorrectPassword', message: 'Incorrect password' })
    expect((await register(quiet, { username: 'ada' })).result).toEqual({})
    await expect(register(plain, { username: 'ada' })).rejects.toMatchObject({ code: 'UsernameAlreadyExists' })
  })

  it('enableAutologin: registering signs in', async () => {
    await using world = await generationWorld(generation, { enableAutologin: true })
    const { result, login } = await register(world, { username: 'ada' })
    expect((await world.server.resumeSession(login?.tokens?.accessToken ?? '')).id).toBe(result.userId)
    await using other = await generationWorld(generation, { enableAutologin: false })
    expect((await register(other, { username: 'ada' })).login).toBeNull()
  })

  it('siteUrl begins the links, sendMail receives accounts-js’s mail object, emailTemplates word it', async () => {
    await using world = await generationWorld(generation, {
      siteUrl: 'https://shop.example.org/',
      emailTemplates: {
        from: 'Shop <hello@shop.example.org>',
        resetPassword: { subject: user => `New password for ${user?.username}`, text: (_user, url) => `Go to ${url}` },
      },
    })
    await world.createUser('ada')
    await world.server.accounts.sendResetPasswordEmail('ada@example.org', {
      ...world.infos,
      connectionId: '',
      transport: 'test',
      extra: {},
    })
    expect(await mailTo(world, 'ada@example.org')).toEqual({
      from: 'Shop <hello@shop.example.org>',
      to: 'ada@example.org',
      subject: 'New password for ada',
      text: expect.stringMatching(/^Go to https:\/\/shop\.example\.org\/reset-password\/[\w-]+$/) as unknown,
    })
  })

  it('prepareMail makes the mail object, and gets what accounts-js gave it', async () => {
    const asked: unknown[][] = []
    await using world = await generationWorld(generation, {
      prepareMail: (...parts) => {
        asked.push(parts)
        return { from: 'a@example.org', to: parts[0], subject: 'Ours', text: 'our own text' }
      },
    })
    const id = await world.createUser('ada')
    await world.server.accounts.sendResetPasswordEmail('ada@example.org', {
      ...world.infos,
      connectionId: '',
      transport: 'test',
      extra: {},
    })
    expect(await mailTo(world, 'ada@example.org')).toMatchObject({ subject: 'Ours', text: 'our own text' })
    const [to, token, user, fragment] = asked[0] ?? []
    expect([to, fragment]).toEqual(['ada@example.org', 'reset-password'])
    expect(token).toMatch(/^[\w-]{20,}$/)
    expect(user).toMatchObject({ id })
    expect(user).not.toHaveProperty('services')
  })

  it('userObjectSanitizer has the last word on every user that leaves', async () => {
    await using world = await generationWorld(generation, {
      userObjectSanitizer: ({ emails: _emails, ...user }) => ({ ...user, emails: [], greeting: `Hello ${user.username}` }),
    })
    await world.createUser('ada')
    const { tokens, user } = await world.login('ada')
    const next = await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})
    for (const one of [user, next.user, await world.server.resumeSession(tokens.accessToken)])
      expect(one).toMatchObject({ greeting: 'Hello ada', emails: [] })
  })

  it('useInternalUserObjectSanitizer: by default no user leaves with services; with false they do, without hashes, tokens and secrets', async () => {
    for (const useInternalUserObjectSanitizer of [true, false]) {
      await using world = await generationWorld(generation, useInternalUserObjectSanitizer ? {} : { useInternalUserObjectSanitizer })
      const id = await world.createUser('ada')
      const profile = { name: 'Ada', accessToken: 'SECRET-1', nested: { refresh_token: 'SECRET-2', colour: 'blue' } }
      const times = { createdAt: 0, updatedAt: 0 }
      const { store } = world.server.accounts.core
      await store.users.putCredential({ userId: id, kind: 'oauth:example', id: '42', secret: 'SECRET-3', data: profile, ...times })
      await store.users.putCredential({ userId: id, kind: 'totp', id: '', secret: 'SECRET-4', data: { secret: 'SECRET-5' }, ...times })
      // Signs in without a code: the app vouches.
      const { tokens, user } = await world.server.loginWithUser({ id }, world.infos)
      const next = await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, world.infos)
      const found = await world.server.findUserById(id)
      const services = { password: {}, 'two-factor': {}, example: { id: '42', name: 'Ada', nested: { colour: 'blue' } } }
      expect(found?.services).toEqual(services)
      const leaving = [
        user,
        next.user,
        await world.server.resumeSession(tokens.accessToken),
        world.server.sanitizeUser(found as AccountsJsUser),
      ]
      expect(leaving.map(one => one.services)).toEqual(leaving.map(() => (useInternalUserObjectSanitizer ? undefined : services)))
      expect(JSON.stringify([found, leaving])).not.toMatch(/SECRET|argon2/)
    }
  })

  it('impersonationAuthorize is asked with both users as kept; without it nobody may', async () => {
    const asked: [AccountsJsUser, AccountsJsUser][] = []
    await using world = await generationWorld(generation, {
      impersonationAuthorize: async (...users) => asked.push(users),
    })
    await using closed = await generationWorld(generation)
    const impersonate = async (one: GenerationWorld): Promise<ImpersonationResult> => {
      const userId = await one.createUser('bob')
      await one.createUser('ada')
      return one.server.impersonate((await one.login('ada')).tokens.accessToken, { userId }, one.infos)
    }
    expect(await impersonate(closed)).toEqual({ authorized: false })
    expect(await impersonate(world)).toMatchObject({
      authorized: true,
      user: { username: 'bob' },
      tokens: { accessToken: expect.any(String) as unknown },
    })
    expect(asked).toEqual([
      [expect.objectContaining({ username: 'ada', deactivated: false }), expect.objectContaining({ username: 'bob' })],
    ])
  })

  it('resumeSessionValidator refuses with its own error, and is given user and session in accounts-js’s shape', async () => {
    const refusal = Object.assign(new Error('Not at night'), { code: 'Night' })
    const asked: unknown[] = []
    let night = false
    await using world = await generationWorld(generation, {
      async resumeSessionValidator(user, session) {
        asked.push({ user, session })
        if (night) throw refusal
      },
    })
    const id = await world.createUser('ada')
    const { tokens, sessionId } = await world.login('ada')
    await world.server.resumeSession(tokens.accessToken)
    expect(asked.at(-1)).toMatchObject({
      user: { id, username: 'ada', deactivated: false },
      session: { id: sessionId, userId: id, token: payloadOf(tokens.accessToken).data.token, valid: true },
    })
    night = true
    expect(await world.server.resumeSession(tokens.accessToken).catch((error: unknown) => error)).toBe(refusal)
  })

  it('tokenCreator names the session, and is given the user', async () => {
    await using world = await generationWorld(generation, {
      tokenCreator: { createToken: async user => `of-${user.username}-with-${String(user.deactivated)}` },
    })
    await world.createUser('ada')
    const { tokens } = await world.login('ada')
    expect(payloadOf(tokens.accessToken).data.token).toBe('of-ada-with-false')
    expect((await world.server.findSessionByAccessToken(tokens.accessToken)).token).toBe('of-ada-with-false')
  })

  it('createNewSessionTokenOnRefresh: the old access token is dead after a refresh; without it, it lives on', async () => {
    for (const createNewSessionTokenOnRefresh of [true, false]) {
      await using world = await generationWorld(generation, { createNewSessionTokenOnRefresh })
      await world.createUser('ada')
      const { tokens } = await world.login('ada')
      const next = await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, world.infos)
      expect((await world.server.resumeSession(next.tokens.accessToken)).username).toBe('ada')
      expect(await outcomeOf(world.server.resumeSession(tokens.accessToken))).toBe(
        createNewSessionTokenOnRefresh ? 'SessionNotFound' : 'ada',
      )
    }
  })

  it('createJwtPayload adds claims, with custom fields of the user at hand, and cannot replace data', async () => {
    await using world = await generationWorld(generation, {
      password: { validateNewUser: user => user },
      createJwtPayload: async (data, user) => ({ plan: user.plan, of: data.userId, data: 'mine', sub: 'mine' }),
    })
    await register(world, { username: 'ada', plan: 'gold' })
    const { tokens, user } = await world.login('ada')
    const { userId, isImpersonated } = payloadOf(tokens.accessToken).data
    expect(payloadOf(tokens.accessToken)).toMatchObject({ plan: 'gold', of: user.id, sub: user.id })
    expect({ userId, isImpersonated }).toEqual({ userId: user.id, isImpersonated: false })
  })

  it('useStatelessSession: a session that ended is still good for its access token, and the validator gets no session', async () => {
    for (const useStatelessSession of [true, false]) {
      const sessions: unknown[] = []
      await using world = await generationWorld(generation, {
        useStatelessSession,
        resumeSessionValidator: (_user, session) => sessions.push(session),
      })
      await world.createUser('ada')
      const { tokens } = await world.login('ada')
      await world.server.logout(tokens.accessToken)
      sessions.length = 0
      expect(await outcomeOf(world.server.resumeSession(tokens.accessToken))).toBe(useStatelessSession ? 'ada' : 'InvalidSession')
      expect(sessions).toEqual(useStatelessSession ? [null] : [])
    }
  })

  it('micro: a token is believed by its signature, and nothing but the id is known', async () => {
    await using world = await generationWorld(generation)
    await using micro = await generationWorld(generation, { micro: true })
    const id = await world.createUser('ada')
    const { tokens } = await world.login('ada')
    expect(await micro.server.resumeSession(tokens.accessToken)).toEqual({ id })
    await expect(micro.server.resumeSession(`${tokens.accessToken}x`)).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
  })

  it('getOptions() answers what was given with the defaults in place of what was not, and cannot be changed', async () => {
    await using world = await generationWorld(generation, { tokenConfigs: { accessToken: { expiresIn: '5m' } } })
    const options = world.server.getOptions()
    expect(options).toBe(world.server.options)
    expect(options).toMatchObject({
      tokenSecret: SECRET,
      ambiguousErrorMessages: true,
      enableAutologin: false,
      siteUrl: 'http://localhost:3000',
      useInternalUserObjectSanitizer: true,
      useStatelessSession: false,
      micro: false,
      createNewSessionTokenOnRefresh: false,
      tokenConfigs: { accessToken: { expiresIn: '5m' }, refreshToken: { expiresIn: 604_800 } },
    })
    expect(options.emailTemplates.verifyEmail?.subject?.()).toEqual(expect.any(String))
    expect(() => Object.assign(options, { siteUrl: 'x' })).toThrow(TypeError)
    expect(() => Object.assign(options.tokenConfigs.accessToken ?? {}, { expiresIn: 'x' })).toThrow(TypeError)
  })

  it('one server never shares an option with the next', async () => {
    const given: Partial<AccountsServerOptions> = {
      tokenConfigs: { accessToken: { expiresIn: '1m', issuer: 'first' } },
      emailTemplates: { from: 'first@example.org', verifyEmail: { subject: () => 'first' } },
    }
    await using first = await generationWorld(generation, given)
    await using second = await generationWorld(generation)
    expect(first.server.options.tokenConfigs.accessToken).toEqual({ expiresIn: '1m', issuer: 'first' })
    expect(second.server.options.tokenConfigs.accessToken).toEqual({ expiresIn: 5400 })
    expect(second.server.options.emailTemplates.from).toBe('')
    expect(second.server.options.emailTemplates.verifyEmail?.subject?.()).not.toBe('first')
    expect(second.server.accounts.core.settings.issuer).toBeUndefined()
    expect(given).toEqual({
      tokenConfigs: { accessToken: { expiresIn: '1m', issuer: 'first' } },
      emailTemplates: expect.anything() as unknown,
    })
  })

  it('refuses misspelt options, values of the wrong kind and contradictions, by name', () => {
    const make = (options: object) => () => generation.make({ tokenSecret: SECRET, ...options }, {})
    expect(make({ tokenConfig: {} })).toThrow('Unknown option "tokenConfig". Did you mean "tokenConfigs"?')
    expect(make({ ambigousErrorMessages: true })).toThrow('Did you mean "ambiguousErrorMessages"?')
    expect(make({ requireEmailVerification: true })).toThrow('Did you mean "password.requireEmailVerification"?')
    expect(make({ impersonationAuthorise: () => true })).toThrow('Did you mean "impersonationAuthorize"?')
    expect(make({ impersonationAuthorize: true })).toThrow('impersonationAuthorize must be a function. Received true')
    expect(make({ tokenCreator: {} })).toThrow('tokenCreator.createToken must be a function')
    expect(make({ tokenSecret: undefined })).toThrow(/tokenSecret is missing/)
    expect(make({ ambiguousErrorMessages: true, enableAutologin: true })).toThrow(/contradicts enableAutologin/)
    expect(make({ password: { requireEmailVerification: true }, enableAutologin: true })).toThrow(/contradicts enableAutologin/)
    const strict = { password: new AccountsPassword({ requireEmailVerification: true }) }
    expect(() => generation.make({ tokenSecret: SECRET, enableAutologin: true }, strict)).toThrow(/contradicts enableAutologin/)
    expect(make({ micro: true, useStatelessSession: true })).toThrow(/micro: true contradicts/)
    expect(make({ production: true, tokenSecret: 'SECRET' })).toThrow(/too weak for production/)
  })

  it('tokenSecret signs: what another secret signed is refused', async () => {
    await using world = await generationWorld(generation)
    await using other = await generationWorld(generation, { tokenSecret: SECRET.toUpperCase() })
    for (const one of [world, other]) await one.createUser('ada')
    const { tokens } = await other.login('ada')
    expect(await outcomeOf(other.server.resumeSession(tokens.accessToken))).toBe('ada')
    expect(await outcomeOf(world.server.resumeSession(tokens.accessToken))).toBe('TokenVerificationFailed')
  })

  it('a weak secret starts on a laptop with one loud line, and not where NODE_ENV is production', async () => {
    await using world = await generationWorld(generation, { tokenSecret: 'SECRET' })
    expect(world.log.filter(({ message }) => message.includes('tokenSecret is weak'))).toHaveLength(1)
    const before = process.env.NODE_ENV
    onTestFinished(() => void (process.env.NODE_ENV = before))
    process.env.NODE_ENV = 'production'
    expect(() => generation.make({ tokenSecret: 'SECRET' }, {})).toThrow(/too weak for production/)
    expect(() => generation.make({ tokenSecret: 'SECRET', production: false, log: silentLog }, {})).not.toThrow()
  })
})

it('an app that brings no log hears of trouble in warnings of the process', async () => {
  const heard = new Promise<Error>(resolve => {
    process.once('warning', resolve)
  })
  await new AccountsServer({ db: memoryStore(), tokenSecret: 'SECRET' }).stop()
  expect(await heard).toMatchObject({ name: 'LatchkeyWarning', message: expect.stringContaining('tokenSecret is weak') as unknown })
})
