import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../stores/memory/index.ts'
import { newWorld } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'
import { readSettings } from '../settings.ts'

const SECRET = 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz'
const LIFETIME = 90 * 60_000

describe('resuming a session', () => {
  it('asks for the live session', async () => {
    await using world = await newWorld()
    const { tokens } = await world.loginAs('ada')
    await world.server.logout(tokens.accessToken)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({
      code: 'InvalidSession',
      message: 'Invalid Session',
    })
  })
})

describe('with useStatelessSession', () => {
  const open = (options: Parameters<typeof newWorld>[0] = {}): Promise<World> =>
    newWorld({ ...options, options: { useStatelessSession: true, ...options.options } })

  it('a token is good until it expires, whatever became of its session', async () => {
    await using world = await open()
    const { tokens, user } = await world.loginAs('ada')
    await world.server.logout(tokens.accessToken)
    expect((await world.server.resumeSession(tokens.accessToken)).id).toBe(user.id)
    world.clock.pass(LIFETIME)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
  })

  it('asks the store for the user and for no session', async () => {
    const store = memoryStore()
    await using world = await open({ store })
    const { tokens } = await world.loginAs('ada')
    const calls: string[] = []
    for (const name of ['find', 'findByResume', 'list'] as const) {
      Object.assign(store.sessions, { [name]: async () => void calls.push(name) })
    }
    expect((await world.server.resumeSession(tokens.accessToken)).username).toBe('ada')
    expect(calls).toEqual([])
  })

  it('still refuses users who are gone or deactivated', async () => {
    await using world = await open()
    const { tokens, user } = await world.loginAs('ada')
    await world.server.deactivateUser(user.id)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    await world.server.accounts.deleteUser(user.id)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'UserNotFound' })
  })

  it('asks resumeSessionValidator and tells hooks, without a session', async () => {
    const seen: unknown[] = []
    await using world = await open({ options: { resumeSessionValidator: (_user, session) => void seen.push(session) } })
    world.server.accounts.core.hooks.on('resumed', ({ session }) => void seen.push(session))
    world.server.accounts.core.hooks.on('resumeFailure', ({ error }) => void seen.push(error.message))
    const { tokens } = await world.loginAs('ada')
    await world.server.resumeSession(tokens.accessToken)
    await expect(world.server.resumeSession('x')).rejects.toThrow('Tokens are not valid')
    expect(seen).toEqual([null, null, 'Tokens are not valid'])
  })

  it('refreshing, signing out, impersonating and every change still need a live session', async () => {
    await using world = await open({ options: { impersonationAuthorize: () => true } })
    const { accounts } = world.server
    const { tokens } = await world.loginAs('ada')
    await world.createUser('grace')
    await world.server.logout(tokens.accessToken)
    const deeds = [
      () => accounts.refresh(tokens.accessToken, tokens.refreshToken, world.origin),
      () => accounts.logoutByToken(tokens.accessToken, world.origin),
      () => accounts.impersonate(tokens.accessToken, { username: 'grace' }, world.origin),
      () => accounts.check(tokens.accessToken),
    ]
    for (const deed of deeds) await expect(deed()).rejects.toMatchObject({ code: 'InvalidSession' })
  })
})

describe('with micro', () => {
  it('a token is believed by its signature alone: no store is opened, no hook told, and only the id is known', async () => {
    await using keeper = await newWorld()
    const { tokens, user } = await keeper.loginAs('ada')
    const store = memoryStore()
    const calls: string[] = []
    store.open = async () => void calls.push('open')
    await using world = await newWorld({ store, clock: keeper.clock, options: { micro: true } })
    calls.length = 0
    world.server.accounts.core.hooks.on('resumed', () => void calls.push('resumed'))
    world.server.accounts.core.hooks.on('resumeFailure', () => void calls.push('resumeFailure'))
    expect(await world.server.resumeSession(tokens.accessToken)).toEqual({ id: user.id })
    await expect(world.server.resumeSession('x')).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
    // It was never given a number, and `undefined` is what a caller without types sends.
    await expect(world.server.resumeSession(undefined as unknown as string)).rejects.toMatchObject({ code: 'InvalidToken' })
    expect(calls).toEqual([])
  })

  it('works before the store was opened', async () => {
    await using keeper = await newWorld()
    const { tokens, user } = await keeper.loginAs('ada')
    const { AccountsServer } = await import('../../accounts-server.ts')
    const store = memoryStore()
    store.open = () => Promise.reject(new Error('there is no database here'))
    const server = new AccountsServer({ db: store, tokenSecret: SECRET, micro: true, ports: { clock: keeper.clock } }, {})
    expect(await server.resumeSession(tokens.accessToken)).toEqual({ id: user.id })
  })

  it('refuses a token that has expired', async () => {
    await using world = await newWorld({ options: { micro: true } })
    const { tokens } = await world.loginAs('ada')
    world.clock.pass(LIFETIME)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
  })

  it('is refused beside what it would pass over', () => {
    const read = (given: object) => () => readSettings({ tokenSecret: SECRET, micro: true, ...given })
    expect(read({ resumeSessionValidator: () => {} })).toThrow(/micro: true contradicts resumeSessionValidator/)
    expect(read({ useStatelessSession: true })).toThrow(/micro: true contradicts useStatelessSession/)
    expect(read({ useStatelessSession: false })().micro).toBe(true)
  })
})
