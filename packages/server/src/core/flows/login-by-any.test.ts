import { describe, expect, it } from 'vitest'
import { resume } from '../../strategies/resume/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { World, WorldOptions } from '../../testing/index.ts'
import type { Proof, Strategy } from '../strategy.ts'

/** A way to sign in that does its work to know whether it is meant. */
const knock = (log: string[], name: string, userId?: string): Strategy<Proof> => ({
  name,
  parse: () => undefined,
  async recognize() {
    log.push(name)
    return userId === undefined ? undefined : { userId, factor: { name, kind: 'knows', at: 0 }, options: { by: name } }
  },
  authenticate: async proof => proof,
})

const world = (options: WorldOptions = {}, more: Record<string, Strategy> = {}): Promise<World> =>
  newWorld({
    services: { resume: resume(), password: new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } }), ...more },
    ...options,
  })

describe('signing in by whatever is offered', () => {
  it('takes the first way that recognises it, in the order of registration', async () => {
    const log: string[] = []
    await using at = await world({}, { first: knock(log, 'first'), second: knock(log, 'second') })
    await at.createUser('ada')
    const { accounts } = at.server
    const login = await accounts.loginByAny({ user: { username: 'ada' }, password: PASSWORD }, at.origin)
    expect([login.service, login.tokens, log]).toEqual(['password', null, []])
    const again = await accounts.loginByAny({ resume: login.resumeSecret }, at.origin)
    expect([again.service, again.session.id]).toEqual(['resume', login.session.id])
    await expect(accounts.loginByAny({ other: 1 }, at.origin)).rejects.toMatchObject({ code: 'UnrecognizedOptionsForLogin' })
    expect(log).toEqual(['first', 'second'])
  })

  it('asks a handler about options that a service would take if they were whole', async () => {
    await using at = await world()
    const { id } = await at.createUser('ada')
    at.server.accounts.addStrategy('ldap', knock([], 'ldap', id))
    const login = await at.server.accounts.loginByAny({ user: 'ada', ldapPassword: 'x' }, at.origin)
    expect(login.service).toBe('ldap')
  })

  it('asks no service that wants to be named', async () => {
    const log: string[] = []
    await using at = await world({}, { named: { ...knock(log, 'named'), byName: true } })
    await expect(at.server.accounts.loginByAny({ any: 1 }, at.origin)).rejects.toMatchObject({ code: 'UnrecognizedOptionsForLogin' })
    expect(log).toEqual([])
  })

  it('hands on what a handler answers beside the session', async () => {
    await using at = await world()
    const { id } = await at.createUser('ada')
    at.server.accounts.addStrategy('door', knock([], 'door', id))
    const login = await at.server.accounts.loginByAny({ knock: 3 }, at.origin)
    expect([login.user.id, login.service, login.options]).toEqual([id, 'door', { by: 'door' }])
  })

  it('tells hooks of what nobody recognised as of any other failure', async () => {
    await using at = await world()
    const told: unknown[] = []
    at.server.on('loginFailure', ({ service, user, error }) => void told.push([service, user, (error as { code?: string }).code]))
    await expect(at.server.accounts.loginByAny({}, at.origin)).rejects.toMatchObject({ code: 'UnrecognizedOptionsForLogin' })
    expect(told).toEqual([['unknown', undefined, 'UnrecognizedOptionsForLogin']])
  })

  it.each([
    ['what nobody recognises', {}],
    ['what is malformed', { resume: 5 }],
  ])('counts %s like any attempt', async (_what, options) => {
    await using at = await world({ options: { limits: { login: { address: { limit: 2, window: 60_000 } } } } })
    const { accounts } = at.server
    for (let turn = 0; turn < 2; turn++)
      // One after the other
      await expect(accounts.loginByAny(options, at.origin)).rejects.not.toMatchObject({ code: 'TooManyAttempts' })
    await expect(accounts.loginByAny(options, at.origin)).rejects.toMatchObject({ code: 'TooManyAttempts' })
  })

  it('lets in nobody who is deactivated, whoever says so', async () => {
    await using at = await world()
    const user = await at.createUser('ada')
    at.server.accounts.addStrategy('door', knock([], 'door', user.id))
    await at.server.deactivateUser(user.id)
    await expect(at.server.accounts.loginByAny({ knock: 3 }, at.origin)).rejects.toMatchObject({ code: 'UserDeactivated' })
  })
})

describe('the twin of a session', () => {
  it('is proven as the first was, as old, and acts for whoever that acts for', async () => {
    await using at = await world()
    await at.createUser('ada')
    const { accounts } = at.server
    const first = await accounts.loginByAny({ user: { username: 'ada' }, password: PASSWORD }, at.origin)
    at.clock.pass(60_000)
    const twin = await accounts.siblingSession(first, at.origin)
    const kept = ({ session: { createdAt, expiresAt, factors } }: typeof first): object => ({ createdAt, expiresAt, factors })
    expect(kept(twin)).toEqual(kept(first))
    expect(twin.session.id).not.toBe(first.session.id)
    const acting = { ...first, session: { ...first.session, impersonatorId: 'admin', impersonatorSessionId: 'theirs' } }
    const own = await accounts.siblingSession(acting, at.origin)
    expect(own.session).toMatchObject({ impersonatorId: 'admin', impersonatorSessionId: 'theirs' })
  })

  it('is refused to a session of an earlier epoch', async () => {
    await using at = await world()
    const user = await at.createUser('ada')
    const first = await at.server.accounts.loginByAny({ user: { username: 'ada' }, password: PASSWORD }, at.origin)
    await at.server.accounts.revoke({ userId: user.id })
    await expect(at.server.accounts.siblingSession(first, at.origin)).rejects.toMatchObject({ code: 'InvalidSession' })
  })
  it.each([
    ['signed out', 'this'],
    ['ended from elsewhere', 'others'],
  ] as const)('is refused to a session that was %s meanwhile, and none is opened', async (_how, scope) => {
    await using at = await world()
    const user = await at.createUser('ada')
    const { accounts } = at.server
    const signIn = (): ReturnType<typeof accounts.loginByAny> =>
      accounts.loginByAny({ user: { username: 'ada' }, password: PASSWORD }, at.origin)
    const [first, other] = [await signIn(), await signIn()]
    // The check that let the request in saw the session alive.
    await accounts.logout(scope === 'this' ? first : other, scope, at.origin)
    await expect(accounts.siblingSession(first, at.origin)).rejects.toMatchObject({ code: 'InvalidSession' })
    const left = await accounts.core.store.sessions.list(user.id, at.clock.now())
    expect(left.map(({ id }) => id)).toEqual([other.session.id])
  })
})

describe('a login that races with the removal of its user', () => {
  it('is refused, and leaves neither a session nor an address behind', async () => {
    await using at = await world()
    const user = await at.createUser('ada')
    const { accounts } = at.server
    const { store } = accounts.core
    at.server.on('validateLogin', async () => void (await accounts.deleteUser(user.id)))
    await expect(accounts.loginByAny({ user: { username: 'ada' }, password: PASSWORD }, at.origin)).rejects.toMatchObject({
      code: 'AuthenticationFailed',
    })
    expect(await store.sessions.list(user.id, at.clock.now())).toEqual([])
    const lines = await store.audit.list({ userId: user.id, limit: 100 })
    expect(lines.filter(({ type }) => type === 'login')).toEqual([])
  })
})
