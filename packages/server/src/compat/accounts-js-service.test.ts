import type { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import type { SecondFactor } from '../core/strategy.ts'
import { GENERATIONS, generationWorld, SECRET } from '../testing/generations.ts'
import type { DatabaseInterface, DatabaseInterfaceSessions, DatabaseInterfaceUser } from '../types.ts'
import { AccountsJsError } from './accounts-js-error.ts'
import type { AuthenticationService } from './accounts-js-types.ts'
import { ServerHooks } from './server-hooks.ts'

/** A service as an accounts-js app writes one: a badge that is held before a reader. */
class BadgeService implements AuthenticationService {
  readonly serviceName = 'badge'
  server: unknown
  readonly badges = new Map<string, { id: string; deactivated?: boolean }>()
  fails: unknown = undefined

  async authenticate(params: { badge?: string }): Promise<{ id: string; deactivated?: boolean } | null> {
    if (this.fails !== undefined) throw this.fails
    return this.badges.get(params.badge ?? '') ?? null
  }
}

describe.each(GENERATIONS)('a service written for accounts-js, with $name', generation => {
  it('signs in by the name it is registered under, and is given the server', async () => {
    const badge = new BadgeService()
    await using world = await generationWorld(generation, {}, { reader: badge })
    expect(badge.server).toBe(world.server)
    const id = await world.createUser('ada')
    badge.badges.set('7', { id })
    const { tokens, user } = await world.server.loginWithService('reader', { badge: '7' }, world.infos)
    expect(user).toMatchObject({ id, username: 'ada' })
    expect((await world.server.resumeSession(tokens.accessToken)).id).toBe(id)
    expect(await world.server.authenticateWithService('reader', { badge: '7' }, world.infos)).toBe(true)
    await expect(world.server.loginWithService('badge', { badge: '7' }, world.infos)).rejects.toMatchObject({ code: 'ServiceNotFound' })
  })

  it('is refused by accounts-js’s words when it proves nobody, or somebody who is not kept here', async () => {
    const badge = new BadgeService()
    await using world = await generationWorld(generation, {}, { badge })
    badge.badges.set('8', { id: 'of another database' })
    const refusal = { code: 'AuthenticationFailed', message: 'Service badge was not able to authenticate user' }
    for (const params of [{ badge: '7' }, { badge: '8' }, {}, undefined, null, 'text'])
      await expect(world.server.loginWithService('badge', params, world.infos)).rejects.toMatchObject(refusal)
  })

  it('passes the hooks, and a deactivated user does not pass', async () => {
    const badge = new BadgeService()
    await using world = await generationWorld(generation, {}, { badge })
    const id = await world.createUser('ada')
    badge.badges.set('7', { id })
    const events: string[] = []
    world.server.on([ServerHooks.ValidateLogin, ServerHooks.LoginSuccess, ServerHooks.LoginError], ({ service, params }) => {
      events.push(`${service} ${String(params.badge)}`)
    })
    await world.server.loginWithService('badge', { badge: '7' }, world.infos)
    expect(events).toEqual(['badge 7', 'badge 7'])
    // What the service says counts, and so does what the store says.
    badge.badges.set('9', { id, deactivated: true })
    await expect(world.server.loginWithService('badge', { badge: '9' }, world.infos)).rejects.toMatchObject({ code: 'UserDeactivated' })
    await world.server.deactivateUser(id)
    await expect(world.server.loginWithService('badge', { badge: '7' }, world.infos)).rejects.toMatchObject({ code: 'UserDeactivated' })
  })

  it('is given the database by the method of its generation, and finds users in it', async () => {
    const stores: Record<string, DatabaseInterfaceUser | DatabaseInterfaceSessions> = {}
    class StoreService extends BadgeService {
      setStore(database: DatabaseInterface): void {
        stores.setStore = database
      }
    }
    class TwoStoresService extends BadgeService {
      users: DatabaseInterfaceUser | undefined
      setUserStore(database: DatabaseInterfaceUser): void {
        this.users = stores.setUserStore = database
      }
      setSessionsStore(database: DatabaseInterfaceSessions): void {
        stores.setSessionsStore = database
      }
      override async authenticate({ badge = '' }: { badge?: string }): Promise<{ id: string } | null> {
        return (await this.users?.findUserByUsername(badge)) ?? null
      }
    }
    await using world = await generationWorld(generation, {}, { one: new StoreService(), two: new TwoStoresService() })
    expect(Object.keys(stores)).toEqual(['setStore', 'setUserStore', 'setSessionsStore'])
    const id = await world.createUser('ada')
    const { user, sessionId } = await world.server.loginWithService('two', { badge: 'ada' }, world.infos)
    expect(user.id).toBe(id)
    const { setStore, setSessionsStore } = stores as { setStore: DatabaseInterface; setSessionsStore: DatabaseInterfaceSessions }
    expect(await setStore.findUserByEmail('ada@example.org')).toMatchObject({ id, username: 'ada' })
    expect(await setSessionsStore.findSessionById(sessionId)).toMatchObject({ userId: id, valid: true })
  })

  it('cannot skip the second factor', async () => {
    const word: SecondFactor = {
      kind: 'word',
      verify: async (_userId, answer) => (answer === 'sesame' ? { name: 'word', kind: 'holds', at: 0 } : null),
    }
    const badge = new BadgeService()
    await using world = await generationWorld(generation, { factors: [word] }, { badge })
    const id = await world.createUser('ada')
    badge.badges.set('7', { id })
    const { users } = world.server.accounts.core.store
    await users.putCredential({ userId: id, kind: 'word', id: '', data: {}, createdAt: 0, updatedAt: 0 })
    const asked: unknown = await world.server.loginWithService('badge', { badge: '7' }, world.infos).catch((error: unknown) => error)
    expect(asked).toMatchObject({ code: 'TwoFactorRequired', message: '2FA code required' })
    const { pending } = (asked as AccountsError).details ?? {}
    const { user } = await world.server.loginWithService('second-factor', { pending, code: 'sesame' }, world.infos)
    expect(user.id).toBe(id)
  })

  it('cannot be tried without end', async () => {
    await using world = await generationWorld(generation, { limits: { login: { address: { limit: 3 } } } }, { badge: new BadgeService() })
    const tryOnce = (): Promise<unknown> =>
      world.server.loginWithService('badge', {}, world.infos).catch((error: { code: string }) => error.code)
    const outcomes = [await tryOnce(), await tryOnce(), await tryOnce(), await tryOnce()]
    expect(outcomes).toEqual(['AuthenticationFailed', 'AuthenticationFailed', 'AuthenticationFailed', 'TooManyAttempts'])
  })

  it('refuses with its own error, unchanged; on the wire its text and code', async () => {
    const badge = new BadgeService()
    await using world = await generationWorld(generation, {}, { badge })
    const origin = { ...world.infos, connectionId: '', transport: 'test', extra: {} }
    for (const [fails, onTheWire] of [
      [new AccountsJsError('The badge is worn', 'Worn'), { code: 'AppError', appCode: 'Worn', message: 'The badge is worn' }],
      [new Error('The badge is lost'), { code: 'AppError', message: 'The badge is lost' }],
    ] as const) {
      badge.fails = fails
      expect(await world.server.loginWithService('badge', {}, world.infos).catch((error: unknown) => error)).toBe(fails)
      await expect(world.server.accounts.login('badge', {}, origin)).rejects.toMatchObject(onTheWire)
    }
    badge.fails = new AccountsJsError('Wrong badge', 'InvalidCredentials')
    const refusal: unknown = await world.server.loginWithService('badge', {}, world.infos).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'InvalidCredentials', message: 'Wrong badge' })
    expect(refusal).toBeInstanceOf(AccountsJsError)
    // A code of ours means on the wire what it always does.
    await expect(world.server.accounts.login('badge', {}, origin)).rejects.toMatchObject({
      code: 'InvalidCredentials',
      message: 'Wrong badge',
    })
  })

  it('hands what a driver or the system threw to nobody outside', async () => {
    class DatabaseError extends Error {
      readonly code = '23505'
    }
    const badge = new BadgeService()
    await using world = await generationWorld(generation, {}, { badge })
    const origin = { ...world.infos, connectionId: '', transport: 'test', extra: {} }
    const system = Object.assign(new Error('connect ECONNREFUSED 10.0.0.5:5432'), { code: 'ECONNREFUSED', syscall: 'connect' })
    for (const fails of [new DatabaseError('duplicate key value'), new TypeError('x is not a function'), system]) {
      badge.fails = fails
      // A transport answers what is no AccountsError with an internal error.
      expect(await world.server.accounts.login('badge', {}, origin).catch((error: unknown) => error)).toBe(fails)
    }
  })
})

describe('what is no service', () => {
  const [generation] = GENERATIONS as [(typeof GENERATIONS)[0]]
  // JavaScript can pass anything.
  const make = (service: unknown) => () => generation.make({ tokenSecret: SECRET }, { badge: service as AuthenticationService })

  it('is refused by name: a class with what to write instead', () => {
    expect(make(BadgeService)).toThrow('The service "badge" is a class or a function. Give an object: { badge: new BadgeService(…) }')
    for (const nothing of [null, undefined, 5, 'badge', {}, { authenticate: true }])
      expect(make(nothing)).toThrow('The service "badge" is no service: it needs the method authenticate(params)')
  })

  it('is a list of services, which says nothing of their names', () => {
    const list = [new BadgeService()] as unknown as Record<string, AuthenticationService>
    expect(() => generation.make({ tokenSecret: SECRET }, list)).toThrow('Give the services by name')
  })
})
