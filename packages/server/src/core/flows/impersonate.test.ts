import { describe, expect, it } from 'vitest'
import { acting, anybody, ask, impersonated } from '../../testing/acting.ts'
import { enrol, wordFactor } from '../../testing/flows.ts'
import { newWorld } from '../../testing/index.ts'

describe('impersonating', () => {
  it('answers the target at once, by id, name or address, in a session that stays marked through every refresh', async () => {
    const payloads: boolean[] = []
    await using world = await newWorld({
      options: {
        ...anybody,
        createJwtPayload: async data => {
          payloads.push(data.isImpersonated)
          return { role: data.userId }
        },
      },
    })
    const [admin, target] = [await world.loginAs('admin'), await world.createUser('ada')]
    for (const identity of [{ userId: target.id }, { username: 'ada' }, { email: 'Ada@Example.org' }]) {
      payloads.length = 0
      let { tokens } = await impersonated(world, admin.tokens.accessToken, identity)
      for (let refreshes = 0; refreshes < 3; refreshes++) {
        expect((await world.server.resumeSession(tokens.accessToken)).id).toBe(target.id)
        expect(payloadOf(tokens.accessToken)).toMatchObject({
          data: { userId: target.id, isImpersonated: true },
          sub: target.id,
          role: target.id,
        })
        tokens = (await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})).tokens
      }
      expect(payloads).toEqual([true, true, true, true])
    }
    // The administrator's own goes on as it was.
    expect((await world.server.resumeSession(admin.tokens.accessToken)).username).toBe('admin')
    expect(payloadOf(admin.tokens.accessToken)).toMatchObject({ data: { isImpersonated: false } })
  })

  it('goes by the id before the name, and by the name before the address', async () => {
    await using world = await newWorld({ options: anybody })
    const { tokens } = await world.loginAs('admin')
    const [ada, grace] = [await world.createUser('ada'), await world.createUser('grace')]
    const actsAs = async (identity: object): Promise<string> => (await impersonated(world, tokens.accessToken, identity)).user.id
    expect(await actsAs({ userId: ada.id, username: 'grace', email: 'grace@example.org' })).toBe(ada.id)
    expect(await actsAs({ userId: null, username: 'grace', email: 'ada@example.org' })).toBe(grace.id)
    expect(await actsAs({ userId: '', username: '', email: 'ada@example.org' })).toBe(ada.id)
    // One who is named and is not there is not looked for by the other names.
    expect(await ask(world, tokens.accessToken, { userId: 'nobody', username: 'grace' })).toEqual({ authorized: false })
  })

  it('wants somebody to be named, in text', async () => {
    await using world = await newWorld({ options: anybody })
    const { tokens } = await world.loginAs('admin')
    for (const identity of [undefined, null, {}, 'ada', 5, [], { userid: 'x' }, { userId: '' }]) {
      const asked = ask(world, tokens.accessToken, identity)
      await expect(asked).rejects.toMatchObject({ code: 'InvalidInput', details: { field: 'impersonated' } })
    }
    for (const [field, value] of [
      ['userId', {}],
      ['username', { $gt: '' }],
      ['email', ['a@example.org']],
      ['userId', 5],
    ] as const) {
      const asked = ask(world, tokens.accessToken, { [field]: value })
      await expect(asked).rejects.toMatchObject({ code: 'InvalidInput', details: { field: `impersonated.${field}` } })
    }
  })

  it('is for nobody unless the app says who may, and the log says so once', async () => {
    await using world = await newWorld()
    const [{ tokens }] = [await world.loginAs('admin'), await world.createUser('ada')]
    for (let times = 0; times < 3; times++) expect(await ask(world, tokens.accessToken, { username: 'ada' })).toEqual({ authorized: false })
    expect(world.log.filter(({ message }) => message.includes('impersonationAuthorize'))).toMatchObject([{ level: 'warn' }])
  })

  it('is what the app says for these two users, whom it is shown as they are kept, without their hashes', async () => {
    const asked: [Kept, Kept][] = []
    await using world = await newWorld({
      options: {
        impersonationAuthorize: async (user, target) => {
          asked.push([user, target])
          return target.username === 'ada' ? 'yes' : 0
        },
      },
    })
    const [{ tokens }, ada, grace] = [await world.loginAs('admin'), await world.createUser('ada'), await world.createUser('grace')]
    expect((await ask(world, tokens.accessToken, { userId: ada.id })).authorized).toBe(true)
    expect(await ask(world, tokens.accessToken, { userId: grace.id })).toEqual({ authorized: false })
    expect(asked.map(([user, target]) => [user.username, target.username])).toEqual([
      ['admin', 'ada'],
      ['admin', 'grace'],
    ])
    expect(asked[0]?.[1]).toMatchObject({ id: ada.id, username: 'ada', deactivated: false })
    expect(JSON.stringify(asked)).not.toMatch(/argon2|bcrypt/)
  })

  it('fails with what the app throws when it is asked', async () => {
    await using world = await newWorld({
      options: {
        impersonationAuthorize: () => {
          throw Object.assign(new Error('Not on Sundays'), { code: 'Sunday' })
        },
      },
    })
    const [{ tokens }] = [await world.loginAs('admin'), await world.createUser('ada')]
    await expect(ask(world, tokens.accessToken, { username: 'ada' })).rejects.toMatchObject({
      code: 'AppError',
      appCode: 'Sunday',
      message: 'Not on Sundays',
    })
  })

  it('does not tell whether a user exists, unless messages need not be ambiguous', async () => {
    await using world = await newWorld({ options: anybody })
    const { tokens } = await world.loginAs('admin')
    expect(await ask(world, tokens.accessToken, { username: 'nobody' })).toEqual({ authorized: false })
    await using open = await newWorld({ options: { ...anybody, ambiguousErrorMessages: false } })
    const { tokens: others } = await open.loginAs('admin')
    for (const identity of [{ userId: 'x' }, { username: 'nobody' }, { email: 'nobody@example.org' }, { email: 'no address' }])
      await expect(ask(open, others.accessToken, identity)).rejects.toMatchObject({ code: 'ImpersonatedUserNotFound' })
  })

  it('needs a live session, of the token it is given', async () => {
    await using world = await newWorld({ options: anybody })
    const [{ tokens }, target] = [await world.loginAs('admin'), await world.createUser('ada')]
    const identity = { userId: target.id }
    for (const token of [undefined, '', {}, 5]) await expect(ask(world, token, identity)).rejects.toMatchObject({ code: 'InvalidToken' })
    for (const token of ['x', tokens.refreshToken])
      await expect(ask(world, token, identity)).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
    await world.server.logout(tokens.accessToken)
    await expect(ask(world, tokens.accessToken, identity)).rejects.toMatchObject({
      code: 'InvalidSession',
      message: 'Session is not valid for user',
    })
    const again = await world.loginAs('admin')
    world.clock.pass(2 * 3_600_000)
    await expect(ask(world, again.tokens.accessToken, identity)).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
  })

  it('needs a session that the app itself does not refuse', async () => {
    await using world = await newWorld({
      options: {
        ...anybody,
        resumeSessionValidator: async () => {
          throw new Error('banned')
        },
      },
    })
    const [{ tokens }] = [await world.loginAs('admin'), await world.createUser('ada')]
    await expect(ask(world, tokens.accessToken, { username: 'ada' })).rejects.toMatchObject({ message: 'banned' })
  })

  it('is not for whoever acts as somebody already, for oneself, or as somebody deactivated', async () => {
    await using world = await newWorld({ options: anybody })
    const [admin, ada, grace] = [await world.loginAs('admin'), await world.createUser('ada'), await world.createUser('grace')]
    const { tokens } = await impersonated(world, admin.tokens.accessToken, { userId: ada.id })
    for (const target of [grace.id, admin.user.id])
      await expect(ask(world, tokens.accessToken, { userId: target })).rejects.toMatchObject({ code: 'Forbidden' })
    await expect(ask(world, admin.tokens.accessToken, { userId: admin.user.id })).rejects.toMatchObject({ code: 'Forbidden' })
    await world.server.deactivateUser(grace.id)
    await expect(ask(world, admin.tokens.accessToken, { userId: grace.id })).rejects.toMatchObject({ code: 'UserDeactivated' })
  })

  it('asks neither for a second factor nor validateLogin hooks: the administrator vouches', async () => {
    await using world = await newWorld({ options: { ...anybody, factors: [wordFactor()] } })
    const [admin, target] = [await world.loginAs('admin'), await world.createUser('ada')]
    await enrol(world, target.id)
    let asked = 0
    world.server.accounts.core.hooks.on('validateLogin', () => void (asked += 1))
    expect((await impersonated(world, admin.tokens.accessToken, { userId: target.id })).user.id).toBe(target.id)
    expect(asked).toBe(0)
  })

  it('is limited by address', async () => {
    await using world = await newWorld({ options: { ...anybody, limits: { token: { address: { limit: 2 } } } } })
    const { tokens } = await world.loginAs('admin')
    for (let times = 0; times < 2; times++) await ask(world, tokens.accessToken, { username: 'nobody' })
    await expect(ask(world, tokens.accessToken, { username: 'nobody' })).rejects.toMatchObject({ code: 'TooManyAttempts' })
  })
})

describe('what impersonating leaves behind', () => {
  it('is an audit trail that names both, from the beginning to the end', async () => {
    await using world = await newWorld({ options: anybody })
    const { admin, login, target, tokens } = await acting(world)
    const { audit } = world.server.accounts.core.store
    await world.server.logout(tokens.accessToken)
    const about = { userId: target.id, actorId: admin.user.id, sessionId: login.session.id }
    expect(
      (await audit.list({ userId: target.id, limit: 2 })).map(({ type, userId, actorId, sessionId }) => ({
        type,
        userId,
        actorId,
        sessionId,
      })),
    ).toEqual([
      { type: 'logout', ...about },
      { type: 'impersonation', ...about },
    ])
  })

  it('is a line for each who was refused', async () => {
    await using world = await newWorld()
    const [eve, target] = [await world.loginAs('eve'), await world.createUser('ada')]
    await ask(world, eve.tokens.accessToken, { userId: target.id })
    const [event] = await world.server.accounts.core.store.audit.list({ userId: eve.user.id, limit: 1 })
    expect(event).toMatchObject({ type: 'impersonation-refused', sessionId: eve.sessionId, data: { target: target.id } })
  })

  it('is told to hooks: who acts as whom, or what went wrong, and nothing of a plain no', async () => {
    await using world = await newWorld({
      options: { impersonationAuthorize: (_user: unknown, { username }: { username?: string }) => username === 'ada' },
    })
    const told: string[] = []
    const { hooks } = world.server.accounts.core
    hooks.on(
      'impersonated',
      ({ user, target, login }) => void told.push(`${user.username} as ${target.username} in ${login.session.userId === target.id}`),
    )
    hooks.on('impersonationFailure', ({ error }) => void told.push(error.message))
    const [{ tokens }] = [await world.loginAs('admin'), await world.createUser('ada'), await world.createUser('grace')]
    await ask(world, tokens.accessToken, { username: 'ada' })
    await ask(world, tokens.accessToken, { username: 'grace' })
    await expect(ask(world, 'x', { username: 'ada' })).rejects.toThrow('Tokens are not valid')
    expect(told).toEqual(['admin as ada in true', 'Tokens are not valid'])
  })
})

/** As much of a user as is looked at. */
interface Kept {
  id: string
  username?: string
}

// Tokens of the code under test are JSON.
const payloadOf = (token: string): unknown => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
