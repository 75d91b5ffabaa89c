/** What somebody can try with the flows themselves: to flood, to guess at once, to lock others out, to be told what is hidden. */
import type { AccountsError, Tokens } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { resume } from '../../strategies/resume/index.ts'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import { restWorld } from '../../testing/rest-world.ts'
import type { World, WorldOptions } from '../../testing/index.ts'
import type { Login } from '../accounts.ts'
import type { AuditEvent } from '../audit/events.ts'
import type { User } from '../identity/user.ts'
import type { Along } from '../store.ts'
import type { Origin, SecondFactor } from '../strategy.ts'

const NEW_PASSWORD = 'a rather different sentence'
const PLENTY = { limit: 1000 }
const MINUTE = 60_000

describe('signing up with a taken address', () => {
  it('writes to its owner six times in a quarter of an hour and no more, however often it is tried', async () => {
    await using world = await newWorld()
    await world.createUser('ada')
    for (let tries = 0; tries < 9; tries += 1)
      await world.server.accounts.register(
        { email: 'ada@example.org', password: NEW_PASSWORD },
        { ...world.origin, ip: `198.51.100.${tries}` },
      )
    expect(await world.delivered()).toHaveLength(6)
    world.clock.pass(15 * MINUTE)
    await world.server.accounts.register({ email: 'ada@example.org', password: NEW_PASSWORD }, world.origin)
    expect(await world.delivered()).toHaveLength(7)
  })

  it('does not tell by its time: a new address waits for no listener of the app', async () => {
    await using world = await newWorld()
    const heard: unknown[] = []
    const forEver = new Promise<void>(() => {})
    world.server.on('userCreated', ({ user }) => {
      heard.push(user.username)
      return forEver
    })
    expect(await world.server.accounts.register({ username: 'ada', password: PASSWORD }, world.origin)).toEqual({ result: {}, login: null })
    expect(heard).toEqual(['ada'])
  })

  it('asks as much of the store as a new one: a read, and one write with a token, a mail and an audit line', async () => {
    await using world = await newWorld({ options: { password: { sendVerificationEmailAfterSignup: true } } })
    await world.createUser('ada')
    const { store } = world.server.accounts.core
    await world.server.accounts.core.outbox.stop()
    const deeds: string[] = []
    const { users, tokens } = { users: { ...store.users }, tokens: { ...store.tokens } }
    const riders = (along: Along | undefined): string => `${along?.mail?.length} mail, ${along?.audit?.map(({ type }) => type).join()}`
    store.users.find = async identifier => (deeds.push(`find ${identifier.kind}`), users.find(identifier))
    store.users.insert = async (user, along) => (deeds.push(`insert, token, ${riders(along)}`), users.insert(user, along))
    store.tokens.issue = async (token, along) => (deeds.push(`token of ${token.userId}, ${riders(along)}`), tokens.issue(token, along))
    store.outbox.add = store.audit.add = async () => void deeds.push('a write of its own')
    await world.server.accounts.register({ email: 'ada@example.org', password: NEW_PASSWORD }, world.origin)
    await world.server.accounts.register({ email: 'grace@example.org', password: NEW_PASSWORD }, world.origin)
    expect(deeds).toEqual(['find email', 'token of null, 1 mail, user-duplicate', 'find email', 'insert, token, 1 mail, user-created'])
  })

  it('is found out by the store alone when two sign up at once, and answered no differently', async () => {
    await using world = await newWorld()
    const { store } = world.server.accounts.core
    const users = { ...store.users }
    let looks = 0
    let goOn = (): void => {}
    const everybodyLooked = new Promise<void>(resolve => (goOn = resolve))
    // Each of the three looks for both names before any of them is there.
    store.users.find = async identifier => {
      const found = await users.find(identifier)
      looks += 1
      if (looks === 6) goOn()
      if (looks <= 6) await everybodyLooked
      return found
    }
    const register = () => world.server.accounts.register({ username: 'ada', email: 'ada@example.org', password: PASSWORD }, world.origin)
    for (const answer of await Promise.all([register(), register(), register()])) expect(answer).toEqual({ result: {}, login: null })
    expect((await world.delivered()).map(({ to }) => to)).toEqual(['ada@example.org', 'ada@example.org'])
    expect(await world.server.accounts.listUsers({})).toHaveLength(1)
  })
})

describe('a second factor', () => {
  it('is looked at five times for one pending login, also when the answers come at once', async () => {
    await using world = await newWorld(withFactor({ lockout: { free: 100 } }))
    await enrolled(world)
    const pending = await begin(world)
    const answers = await Promise.all(Array.from({ length: 40 }, () => complete(world, pending, 'wrong')))
    expect(answers.filter(code => code === 'TwoFactorInvalid')).toHaveLength(5)
    expect(answers.filter(code => code === 'AuthenticationFailed')).toHaveLength(35)
    expect(await complete(world, pending, 'sesame')).toBe('AuthenticationFailed')
  })

  it.each(['a strange device', 'the device the user is known on'])(
    'cannot be guessed by beginning login after login, from %s',
    async where => {
      await using world = await newWorld(withFactor({ limits: { login: { address: PLENTY, account: PLENTY } } }))
      await enrolled(world)
      const known = (await world.server.accounts.login('password', { ...credentials, code: 'sesame' }, world.origin)).device
      const origin = where === 'a strange device' ? world.origin : { ...world.origin, device: known }
      // Begun beforehand, so that a lock of the first step alone would come too late.
      const begun: unknown[] = []
      for (let n = 0; n < 4; n += 1) begun.push(await begin(world, { ...origin, userAgent: `agent ${n}` }))
      const answers = []
      for (const [n, pending] of begun.entries())
        for (let tries = 0; tries < 5; tries += 1)
          answers.push(await complete(world, pending, 'wrong', { ...origin, userAgent: `agent ${n}` }))
      expect(answers.slice(0, 6)).toEqual(Array(6).fill('TwoFactorInvalid'))
      expect(new Set(answers.slice(6))).toEqual(new Set(['TooManyAttempts']))
      // The right answer is no exception: else it would tell itself apart.
      expect(await complete(world, begun[3], 'sesame', { ...origin, userAgent: 'agent 3' })).toBe('TooManyAttempts')
      world.clock.pass(31_000)
      expect(await complete(world, begun[3], 'sesame', { ...origin, userAgent: 'agent 3' })).toBe('signed in')
    },
  )

  it('completes no login that was begun before the password changed, not even one that is being completed at that very moment', async () => {
    const at: { thatMoment?: () => Promise<void> } = {}
    await using world = await newWorld(withFactor({}, () => at.thatMoment?.()))
    const { id } = await enrolled(world)
    const pending = await begin(world)
    at.thatMoment = () => world.server.accounts.setPassword(id, NEW_PASSWORD)
    expect(await complete(world, pending, 'sesame')).toBe('AuthenticationFailed')
    expect(await world.server.accounts.userSessions(id)).toEqual([])
  })

  it('is not for hooks to complete: they learn that a login is pending, not its secret', async () => {
    await using world = await newWorld(withFactor())
    await enrolled(world)
    const seen: unknown[] = []
    for (const moment of ['validateLogin', 'loginFailure'] as const) world.server.on(moment, ({ error }) => void seen.push(error))
    const pending = await begin(world)
    expect(seen).toMatchObject([
      { code: 'TwoFactorRequired', details: { factors: ['word'] } },
      { code: 'TwoFactorRequired', details: { factors: ['word'] } },
    ])
    for (const error of seen) expect(JSON.stringify((error as AccountsError).details)).not.toContain(pending)
    expect(await complete(world, pending, 'sesame')).toBe('signed in')
  })

  it('given rightly forgets the failures under the name the login began with', async () => {
    await using world = await newWorld(withFactor())
    await enrolled(world)
    for (let tries = 0; tries < 5; tries += 1) await begin(world, world.origin, 'a guess')
    expect(await complete(world, await begin(world), 'sesame')).toBe('signed in')
    for (let tries = 0; tries < 5; tries += 1) await begin(world, world.origin, 'a guess')
    expect(await begin(world)).toBeTypeOf('string')
  })
})

describe('a lock', () => {
  it('ends with the reset of the password, under every name of the user', async () => {
    await using world = await newWorld()
    await world.createUser('ada')
    for (const user of ['ada', 'ada@example.org']) for (let tries = 0; tries < 6; tries += 1) await signIn(world, user, 'a guess')
    expect(await signIn(world, 'ada@example.org')).toBe('TooManyAttempts')
    await world.server.accounts.sendResetPasswordEmail('ada@example.org', world.origin)
    await world.server.accounts.resetPassword(await world.tokenFor('ada@example.org'), NEW_PASSWORD, world.origin)
    for (const user of ['ada', 'ada@example.org']) expect(await signIn(world, user, NEW_PASSWORD)).toBe('signed in')
  })

  it('ends when an administrator sets a password', async () => {
    await using world = await newWorld()
    const { id } = await world.createUser('ada')
    for (let tries = 0; tries < 7; tries += 1) await signIn(world, 'ada', 'a guess')
    expect(await signIn(world, 'ada')).toBe('TooManyAttempts')
    await world.server.accounts.setPassword(id, NEW_PASSWORD)
    expect(await signIn(world, 'ada', NEW_PASSWORD)).toBe('signed in')
  })

  it('never reaches into a session: strangers who know the id cannot use up the tries with which the owner confirms', async () => {
    await using world = await newWorld()
    const { tokens, user } = await world.loginAs('ada')
    for (let tries = 0; tries < 20; tries += 1)
      await signIn(world, { id: user.id }, 'a guess', { ...world.origin, ip: `198.51.100.${tries}` })
    const who = await world.server.accounts.check(tokens.accessToken)
    await world.server.accounts.changePassword(who, PASSWORD, NEW_PASSWORD, world.origin)
    expect((await world.server.resumeSession(tokens.accessToken)).id).toBe(user.id)
  })
})

describe('the audit trail', () => {
  it('holds one line a minute about the refusals of a flood', async () => {
    await using world = await newWorld()
    for (let tries = 0; tries < 200; tries += 1) await signIn(world, `nobody ${tries}`)
    expect(await linesOf(world, 'rate-limited')).toHaveLength(1)
    world.clock.pass(30_000)
    await signIn(world, 'nobody')
    expect(await linesOf(world, 'rate-limited')).toHaveLength(1)
  })

  it('tells of a reused refresh token only when the token was one of ours', async () => {
    await using world = await newWorld()
    const { sessionId, tokens } = await world.loginAs('ada')
    const [header] = tokens.refreshToken.split('.')
    const forged = `${header}.${Buffer.from(JSON.stringify({ sid: sessionId, rt: 'made up' })).toString('base64url')}.AAAA`
    await expect(world.server.refreshTokens(tokens.accessToken, forged, {})).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
    expect(await linesOf(world, 'refresh-reused')).toHaveLength(0)
    const { tokens: second } = await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})
    await world.server.refreshTokens(second.accessToken, second.refreshToken, {})
    world.clock.pass(MINUTE)
    await expect(world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})).rejects.toMatchObject({ code: 'InvalidSession' })
    expect(await linesOf(world, 'refresh-reused')).toHaveLength(1)
  })

  it('keeps neither address nor device of somebody who deleted the account, not even of that deed', async () => {
    await using world = await newWorld()
    const { tokens, user } = await world.loginAs('ada')
    const who = await world.server.accounts.check(tokens.accessToken)
    await world.server.accounts.deleteAccount(who, null, { ...world.origin, session: who.session })
    const lines = await world.server.accounts.core.store.audit.list({ userId: user.id, limit: 100 })
    expect(lines.map(({ type }) => type)).toContain('user-deleted')
    for (const { ip, userAgent } of lines) expect([ip, userAgent]).toEqual([null, null])
  })
})

it('continuing a session is nothing that a wire of tokens and cookies offers, and does not end the one in the cookie', async () => {
  await using world = await restWorld({
    services: { password: new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } }), resume: resume() },
  })
  const { accounts } = world.server
  const browser = await world.browser('ada')
  const { resumeSecret } = await accounts.login('password', credentials, world.origin, 'resume')
  const page = { ...browser, 'x-latchkey-session': 'cookie' }
  for (const asking of [page, {}]) {
    const { status, body, cookies } = await world.post('/accounts/resume/authenticate', { resume: resumeSecret }, asking)
    expect([status, body.code, cookies.filter(cookie => cookie.startsWith('latchkey-'))]).toEqual([400, 'ServiceNotFound', []])
  }
  await expect(accounts.login('resume', { resume: resumeSecret }, world.origin)).rejects.toMatchObject({ code: 'ServiceNotFound' })
  expect((await accounts.login('resume', { resume: resumeSecret }, world.origin, 'resume')).user.username).toBe('ada')
  expect((await world.get('/accounts/user', browser)).body.username).toBe('ada')
})

const credentials = { user: { email: 'ada@example.org' }, password: PASSWORD }

function signIn(world: World, user: unknown, password: string = PASSWORD, origin: Origin = world.origin): Promise<string> {
  return outcome(world.server.accounts.login('password', { user, password }, origin))
}

/** The secret of a pending login, or the code of what stood in its way. */
async function begin(world: World, origin: Origin = world.origin, password: string = PASSWORD): Promise<unknown> {
  const refusal = await world.server.accounts.login('password', { ...credentials, password }, origin).catch((error: AccountsError) => error)
  return 'details' in refusal ? refusal.details?.pending : undefined
}

const complete = (world: World, pending: unknown, code: string, origin: Origin = world.origin): Promise<string> =>
  outcome(world.server.accounts.login('second-factor', { pending, code }, origin))

const outcome = (login: Promise<Login | Tokens>): Promise<string> =>
  login.then(
    () => 'signed in',
    (error: AccountsError) => error.code,
  )

async function linesOf(world: World, type: AuditEvent['type']): Promise<AuditEvent[]> {
  return (await world.server.accounts.core.store.audit.list({ limit: 1000 })).filter(line => line.type === type)
}

/** A factor for tests: another word, and the time it takes to look it up. */
function withFactor(options: WorldOptions['options'] = {}, meanwhile: () => Promise<void> | undefined = () => undefined): WorldOptions {
  const word: SecondFactor = {
    kind: 'word',
    async verify(_userId, answer) {
      await new Promise(resolve => setImmediate(resolve))
      await meanwhile()
      return answer === 'sesame' ? { name: 'word', kind: 'holds', at: 0 } : null
    },
  }
  return { options: { ...options, factors: [word] } }
}

async function enrolled(world: World): Promise<User> {
  const user = await world.createUser('ada')
  const credential = { userId: user.id, kind: 'word', id: '', data: {}, createdAt: 0, updatedAt: 0 }
  await world.server.accounts.core.store.users.putCredential(credential)
  return user
}
