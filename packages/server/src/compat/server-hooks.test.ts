import { describe, expect, it } from 'vitest'
import type { AccountsServer } from '../accounts-server.ts'
import { PASSWORD } from '../testing/index.ts'
import { GENERATIONS, generationWorld } from '../testing/generations.ts'
import type { GenerationWorld } from '../testing/generations.ts'
import { AccountsJsError } from './accounts-js-error.ts'
import { ServerHooks } from './server-hooks.ts'

const NEW_PASSWORD = 'a rather different sentence'
const NAMES = Object.keys(ServerHooks) as ServerHooks[]

/** What was told, in order. */
function listen(server: AccountsServer, names: readonly ServerHooks[] = NAMES): { events: string[]; payloads: Record<string, unknown> } {
  const heard = { events: [] as string[], payloads: {} as Record<string, unknown> }
  for (const name of names) {
    server.on(name, (payload: unknown) => {
      heard.events.push(name)
      heard.payloads[name] = payload
    })
  }
  return heard
}

const origin = (world: GenerationWorld): Parameters<AccountsServer['accounts']['register']>[1] => ({
  ...world.infos,
  connectionId: '',
  transport: 'test',
  extra: {},
})

/** The token in the newest mail. */
async function tokenInMail(world: GenerationWorld): Promise<string> {
  await expect.poll(() => world.mails.length).toBeGreaterThan(0)
  return /https?:\/\/\S+\/([\w-]+)/.exec(world.mails.at(-1)?.text ?? '')?.[1] ?? ''
}

it('each hook is named as it is called', () => {
  expect(NAMES).toHaveLength(17)
  for (const name of NAMES) expect(ServerHooks[name]).toBe(name)
})

describe.each(GENERATIONS)('hooks, with $name', generation => {
  it('tell of a registration, a login, a resumed, a refreshed and an ended session, each in its turn', async () => {
    await using world = await generationWorld(generation)
    const { events } = listen(world.server)
    await world.server.accounts.register({ username: 'ada', email: 'ada@example.org', password: PASSWORD }, origin(world))
    await expect.poll(() => events).toEqual(['CreateUserSuccess'])
    const { tokens } = await world.login('ada')
    await world.server.resumeSession(tokens.accessToken)
    const next = await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})
    await world.server.logout(next.tokens.accessToken)
    expect(events).toEqual([
      'CreateUserSuccess',
      'ValidateLogin',
      'LoginSuccess',
      'ResumeSessionSuccess',
      'RefreshTokensSuccess',
      'LogoutSuccess',
    ])
  })

  it('ValidateLogin and LoginSuccess are given service, connection, params and user, without the password', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const { payloads } = listen(world.server)
    const infos = { ip: '192.0.2.7', userAgent: 'Mozilla/5.0', locale: 'en' }
    await world.server.loginWithService('password', { user: { email: 'ada@example.org' }, password: PASSWORD }, infos)
    for (const name of ['ValidateLogin', 'LoginSuccess']) {
      expect(payloads[name]).toEqual({
        service: 'password',
        connection: infos,
        params: { user: { email: 'ada@example.org' } },
        user: expect.objectContaining({
          id,
          username: 'ada',
          deactivated: false,
          emails: [{ address: 'ada@example.org', verified: false }],
        }) as unknown,
      })
      expect(JSON.stringify(payloads[name])).not.toMatch(/argon2|\$2[ab]\$|horse/)
    }
  })

  it('LoginError is given what is known and the error', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const { events, payloads } = listen(world.server)
    const refusal = await world.login('ada', 'a wrong password').catch((error: unknown) => error)
    expect(events).toEqual(['LoginError'])
    expect(payloads.LoginError).toMatchObject({
      service: 'password',
      connection: world.infos,
      params: { user: { username: 'ada' } },
      user: { id },
    })
    expect((payloads.LoginError as { error: unknown }).error).toBe(refusal)
    await expect(world.login('nobody')).rejects.toMatchObject({ code: 'InvalidCredentials' })
    expect(payloads.LoginError).not.toHaveProperty('user')
  })

  it('ValidateLogin listeners run one after another; the first that throws refuses the login with its own error, unchanged', async () => {
    await using world = await generationWorld(generation)
    await world.createUser('ada')
    const { payloads } = listen(world.server, ['LoginError'])
    const calls: string[] = []
    const own = new AccountsJsError('Your trial has ended', 'TrialEnded')
    world.server.on(ServerHooks.ValidateLogin, async () => {
      calls.push('first begins')
      await new Promise(resolve => setImmediate(resolve))
      calls.push('first ends')
      throw own
    })
    world.server.on(ServerHooks.ValidateLogin, () => void calls.push('second'))
    expect(await world.login('ada').catch((error: unknown) => error)).toBe(own)
    expect(calls).toEqual(['first begins', 'first ends'])
    expect((payloads.LoginError as { error: unknown }).error).toBe(own)
    expect(await world.server.accounts.core.store.sessions.list((payloads.LoginError as { user: { id: string } }).user.id, 0)).toEqual([])
  })

  it('ValidateLogin is not asked about a login that failed already, while the core asks', async () => {
    await using world = await generationWorld(generation)
    await world.createUser('ada')
    const { events } = listen(world.server, ['ValidateLogin'])
    const core: boolean[] = []
    world.server.on('validateLogin', ({ allowed }) => void core.push(allowed))
    await expect(world.login('ada', 'a wrong password')).rejects.toThrow('Invalid credentials')
    expect({ events, core }).toEqual({ events: [], core: [false] })
  })

  it('AuthenticateSuccess and AuthenticateError tell of proofs without a session, and ValidateLogin is not asked', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const { events, payloads } = listen(world.server)
    const params = { user: { username: 'ada' }, password: PASSWORD }
    expect(await world.server.authenticateWithService('password', params, world.infos)).toBe(true)
    await expect(world.server.authenticateWithService('password', { ...params, password: 'wrong one' }, world.infos)).rejects.toThrow(
      'Invalid',
    )
    expect(events).toEqual(['AuthenticateSuccess', 'AuthenticateError'])
    const known = { service: 'password', connection: world.infos, params: { user: { username: 'ada' } }, user: { id } }
    expect(payloads.AuthenticateSuccess).toMatchObject(known)
    expect(payloads.AuthenticateError).toMatchObject({ ...known, error: { code: 'InvalidCredentials' } })
  })

  it('LogoutSuccess is given the session and the token, LogoutError the error', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const { sessionId, tokens } = await world.login('ada')
    const { events, payloads } = listen(world.server)
    await world.server.logout(tokens.accessToken)
    await expect(world.server.logout(tokens.accessToken)).rejects.toThrow('Session is no longer valid')
    expect(events).toEqual(['LogoutSuccess', 'LogoutError'])
    expect(payloads.LogoutSuccess).toMatchObject({ session: { id: sessionId, userId: id }, accessToken: tokens.accessToken })
    expect(payloads.LogoutError).toMatchObject({ code: 'InvalidSession' })
  })

  it('CreateUserSuccess is given the user without a hash', async () => {
    await using world = await generationWorld(generation, { password: { validateNewUser: user => user } })
    const { events, payloads } = listen(world.server)
    const input = { username: 'ada', email: 'Ada@Example.org', password: PASSWORD, team: 'navy' }
    await world.server.accounts.register(input, origin(world))
    await expect.poll(() => events).toEqual(['CreateUserSuccess'])
    expect(payloads.CreateUserSuccess).toMatchObject({
      id: expect.any(String) as unknown,
      username: 'ada',
      emails: [{ address: 'ada@example.org', verified: false }],
      team: 'navy',
      deactivated: false,
    })
    expect(JSON.stringify(payloads)).not.toMatch(/argon2|horse/)
  })

  it('CreateUserError is given what was to be kept, without the password, when it could not be', async () => {
    await using world = await generationWorld(generation)
    const { events, payloads } = listen(world.server)
    const { users } = world.server.accounts.core.store
    users.insert = () => Promise.reject(new Error('the disk is full'))
    const input = { username: 'ada', email: 'ada@example.org', password: PASSWORD }
    await expect(world.server.accounts.register(input, origin(world))).rejects.toThrow('the disk is full')
    expect(events).toEqual(['CreateUserError'])
    expect(payloads.CreateUserError).toMatchObject({ username: 'ada' })
    expect(JSON.stringify(payloads)).not.toMatch(/argon2|horse/)
  })

  it('ResumeSessionSuccess is given user, token and session, ResumeSessionError the error', async () => {
    const refusal = new Error('Not from there')
    let refuses = false
    await using world = await generationWorld(generation, {
      resumeSessionValidator: () => {
        if (refuses) throw refusal
      },
    })
    const id = await world.createUser('ada')
    const { sessionId, tokens } = await world.login('ada')
    const { events, payloads } = listen(world.server)
    await world.server.resumeSession(tokens.accessToken)
    refuses = true
    expect(await world.server.resumeSession(tokens.accessToken).catch((error: unknown) => error)).toBe(refusal)
    expect(events).toEqual(['ResumeSessionSuccess', 'ResumeSessionError'])
    expect(payloads.ResumeSessionSuccess).toMatchObject({
      user: { id, username: 'ada' },
      accessToken: tokens.accessToken,
      session: { id: sessionId, userId: id, valid: true },
    })
    expect(payloads.ResumeSessionError).toBe(refusal)
  })

  it('ResumeSessionSuccess is given no session with useStatelessSession, for none was looked at', async () => {
    await using world = await generationWorld(generation, { useStatelessSession: true })
    const id = await world.createUser('ada')
    const { tokens } = await world.login('ada')
    const { payloads } = listen(world.server, ['ResumeSessionSuccess'])
    await world.server.resumeSession(tokens.accessToken)
    expect(payloads.ResumeSessionSuccess).toMatchObject({ user: { id }, accessToken: tokens.accessToken, session: null })
  })

  it('a resumed session is told of also when it comes from the cache, once somebody listens', async () => {
    await using world = await generationWorld(generation)
    await world.createUser('ada')
    const { tokens } = await world.login('ada')
    await world.server.resumeSession(tokens.accessToken)
    const { events } = listen(world.server, ['ResumeSessionSuccess'])
    for (let times = 0; times < 3; times++) await world.server.resumeSession(tokens.accessToken)
    expect(events).toHaveLength(3)
  })

  it('RefreshTokensSuccess is given session, tokens, user and infos, RefreshTokensError the error', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const { sessionId, tokens } = await world.login('ada')
    const { events, payloads } = listen(world.server)
    const next = await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, world.infos)
    await expect(world.server.refreshTokens('', '', world.infos)).rejects.toThrow('are required')
    expect(events).toEqual(['RefreshTokensSuccess', 'RefreshTokensError'])
    expect(payloads.RefreshTokensSuccess).toMatchObject({ sessionId, tokens: next.tokens, user: { id }, infos: world.infos })
    expect(payloads.RefreshTokensError).toMatchObject({ code: 'InvalidTokens' })
  })

  it('ImpersonationSuccess is given whoever acts and what came of it, ImpersonationError the error, and a refusal tells nobody', async () => {
    await using world = await generationWorld(generation, { impersonationAuthorize: admin => admin.username === 'ada' })
    const [ada, bob] = [await world.createUser('ada'), await world.createUser('bob')]
    const [{ tokens }, { tokens: tokensOfBob }] = [await world.login('ada'), await world.login('bob')]
    const { events, payloads } = listen(world.server, ['ImpersonationSuccess', 'ImpersonationError'])
    const result = await world.server.impersonate(tokens.accessToken, { username: 'bob' }, world.infos)
    expect(events).toEqual(['ImpersonationSuccess'])
    expect(payloads.ImpersonationSuccess).toMatchObject({
      user: { id: ada },
      impersonationResult: result,
      sessionId: expect.any(String) as unknown,
    })
    expect(result).toMatchObject({ authorized: true, user: { id: bob } })
    expect(await world.server.impersonate(tokensOfBob.accessToken, { username: 'ada' }, world.infos)).toEqual({ authorized: false })
    await expect(world.server.impersonate('no token', { username: 'bob' }, world.infos)).rejects.toThrow('Tokens are not valid')
    expect(events).toEqual(['ImpersonationSuccess', 'ImpersonationError'])
    expect(payloads.ImpersonationError).toMatchObject({ code: 'TokenVerificationFailed' })
  })

  it('ResetPasswordSuccess and ChangePasswordSuccess are given the user', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const { tokens } = await world.login('ada')
    const { events, payloads } = listen(world.server, ['ResetPasswordSuccess', 'ChangePasswordSuccess'])
    const who = await world.server.accounts.check(tokens.accessToken)
    await world.server.accounts.changePassword(who, PASSWORD, NEW_PASSWORD, origin(world))
    expect(events).toEqual(['ChangePasswordSuccess'])
    await world.server.accounts.sendResetPasswordEmail('ada@example.org', origin(world))
    await expect.poll(() => world.mails.some(({ text }) => text.includes('/reset-password/'))).toBe(true)
    world.mails.splice(0, world.mails.length, ...world.mails.filter(({ text }) => text.includes('/reset-password/')))
    await world.server.accounts.resetPassword(await tokenInMail(world), PASSWORD, origin(world))
    expect(events).toEqual(['ChangePasswordSuccess', 'ResetPasswordSuccess'])
    expect(payloads).toMatchObject({ ChangePasswordSuccess: { id }, ResetPasswordSuccess: { id } })
  })

  it('what a told hook throws is logged, and what it was told of stands', async () => {
    await using world = await generationWorld(generation)
    await world.createUser('ada')
    for (const name of NAMES.filter(one => one !== 'ValidateLogin')) {
      world.server.on(name, () => {
        throw new Error(`${name} failed`)
      })
    }
    const { tokens } = await world.login('ada')
    await world.server.resumeSession(tokens.accessToken)
    await world.server.logout(tokens.accessToken)
    expect(world.log.filter(({ level }) => level === 'error')).toHaveLength(3)
  })

  it('loginWithUser and autologin fire no hooks of a login', async () => {
    await using world = await generationWorld(generation, { enableAutologin: true })
    const id = await world.createUser('ada')
    const { events } = listen(world.server, ['ValidateLogin', 'LoginSuccess', 'LoginError'])
    await world.server.loginWithUser({ id }, world.infos)
    const { login } = await world.server.accounts.register({ username: 'bob', password: PASSWORD }, origin(world))
    expect(login).not.toBeNull()
    expect(events).toEqual([])
  })
})

describe('getHooks()', () => {
  const [generation] = GENERATIONS as [(typeof GENERATIONS)[0]]

  it('hears several events with one listener, and stops when told to', async () => {
    await using world = await generationWorld(generation)
    await world.createUser('ada')
    let heard = 0
    const listener = (): void => void heard++
    const stop = world.server.on([ServerHooks.ValidateLogin, ServerHooks.LoginSuccess], listener)
    await world.login('ada')
    expect(heard).toBe(2)
    stop()
    await world.login('ada')
    expect(heard).toBe(2)
    world.server.getHooks().on('LoginSuccess', listener)
    world.server.getHooks().on('LoginSuccess', listener)
    expect(world.server.getHooks().listenerCount('LoginSuccess')).toBe(1)
    world.server.getHooks().off('LoginSuccess', listener)
    await world.login('ada')
    expect(heard).toBe(2)
  })

  it('waits once for the next of an event', async () => {
    await using world = await generationWorld(generation)
    const id = await world.createUser('ada')
    const next = world.server.getHooks().once(ServerHooks.LoginSuccess)
    await world.login('ada')
    expect((await next).user.id).toBe(id)
    expect(world.server.getHooks().listenerCount()).toBe(0)
  })

  it('hears everything with onAny, the app’s own events too', async () => {
    await using world = await generationWorld(generation)
    await world.createUser('ada')
    const hooks = world.server.getHooks()
    const events: string[] = []
    const listener = (event: string): void => void events.push(event)
    hooks.onAny(listener)
    await world.login('ada')
    await hooks.emit('InvoicePaid', { amount: 5 })
    expect(events).toEqual(['ValidateLogin', 'LoginSuccess', 'InvoicePaid'])
    hooks.offAny(listener)
    await world.login('ada')
    expect(events).toHaveLength(3)
  })

  it('emits for the app: listeners run at once, what one throws reaches the app', async () => {
    await using world = await generationWorld(generation)
    const hooks = world.server.getHooks()
    const calls: unknown[] = []
    hooks.on('InvoicePaid', async (amount: number) => {
      await new Promise(resolve => setImmediate(resolve))
      calls.push(amount)
    })
    hooks.on('InvoicePaid', () => void calls.push('at once'))
    await hooks.emit('InvoicePaid', 5)
    expect(calls).toEqual(['at once', 5])
    calls.length = 0
    await hooks.emitSerial('InvoicePaid', 6)
    expect(calls).toEqual([6, 'at once'])
    world.server.on('InvoicePaid', () => {
      throw new Error('no money')
    })
    await expect(hooks.emit('InvoicePaid', 7)).rejects.toThrow('no money')
  })

  it('lets a service of the app emit a hook of accounts-js', async () => {
    await using world = await generationWorld(generation)
    const heard: string[] = []
    world.server.on(ServerHooks.CreateUserSuccess, user => void heard.push(user.id))
    await world.server.getHooks().emit(ServerHooks.CreateUserSuccess, { id: 'made elsewhere' })
    expect(heard).toEqual(['made elsewhere'])
  })

  it('forgets listeners of one event, or all', async () => {
    await using world = await generationWorld(generation)
    await world.createUser('ada')
    const hooks = world.server.getHooks()
    const { events } = listen(world.server)
    hooks.onAny(() => {})
    hooks.clearListeners('ValidateLogin')
    await world.login('ada')
    expect(events).toEqual(['LoginSuccess'])
    hooks.clearListeners()
    expect(hooks.listenerCount()).toBe(0)
    await world.login('ada')
    expect(events).toHaveLength(1)
  })

  it('refuses a name that is nearly one of ours, because nobody would ever hear it', async () => {
    await using world = await generationWorld(generation)
    expect(() => world.server.on('LoginSucces', () => {})).toThrow('Unknown hook "LoginSucces". Did you mean "LoginSuccess"?')
    expect(() => world.server.on('validatelogin', () => {})).toThrow(/Did you mean "(ValidateLogin|validateLogin)"/)
  })
})
