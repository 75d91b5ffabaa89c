import { describe, expect, it } from 'vitest'
import { MeteorError } from '@latchkey/common/meteor'
import { refusalOf, resultOf } from '../testing/ddp-accounts.ts'
import { meteorWorld } from '../testing/meteor.ts'
import type { MeteorWorld } from '../testing/meteor.ts'
import type { LoginHandler } from './login-handlers.ts'

interface Badge {
  badge?: unknown
}

const withHandler = async (handler: LoginHandler, name?: string): Promise<{ world: MeteorWorld; id: string }> => {
  const world = meteorWorld()
  const id = await world.createUser()
  if (name === undefined) world.accounts.registerLoginHandler(handler)
  else world.accounts.registerLoginHandler(name, handler)
  return { world, id }
}

describe("an app's own login handler", () => {
  it('signs in whoever it names, with the type of its name', async () => {
    const { world, id } = await withHandler(({ badge }: Badge) => (badge === 'A1' ? { userId: id } : undefined), 'badge')
    await using _ = world
    const seen: string[] = []
    world.accounts.onLogin(({ type }) => void seen.push(type))
    expect(resultOf(await world.connect().call('in', 'login', { badge: 'A1' }))).toMatchObject({ id, type: 'badge' })
    expect(seen).toEqual(['badge'])
  })

  it('is asked after those that were there before, and leaves what is not its own to those that come after', async () => {
    const asked: string[] = []
    const { world, id } = await withHandler(() => {
      asked.push('first')
      return undefined
    })
    await using _ = world
    world.accounts.registerLoginHandler(async ({ badge }: Badge) => {
      asked.push('second')
      return badge ? { userId: id } : undefined
    })
    await world.login(world.connect())
    expect(asked).toEqual([])
    expect(resultOf(await world.connect().call('in', 'login', { badge: 'A1' }))).toMatchObject({ id, type: 'custom-2' })
    expect(asked).toEqual(['first', 'second'])
    expect(refusalOf(await world.connect().call('no', 'login', { other: 1 }))).toEqual([400, 'Unrecognized options for login request'])
  })

  it('says what the login is called and what the client is told beside it, and cannot replace what is ours', async () => {
    const { world, id } = await withHandler(
      () => ({ userId: id, type: 'door', options: { isFirst: true, token: 'mine', id: 'another' } }),
      'badge',
    )
    await using _ = world
    const result = resultOf(await world.connect().call('in', 'login', { badge: 'A1' }))
    expect(result).toMatchObject({ id, type: 'door', isFirst: true, token: expect.stringMatching(/^[\w-]{43}$/) as string })
  })

  it('is called on behalf of the connection', async () => {
    const seen: unknown[] = []
    const { world, id } = await withHandler(function handler() {
      seen.push([this.userId, typeof this.connection?.id, this.methodName])
      return { userId: id }
    })
    await using _ = world
    await world.connect().call('in', 'login', { badge: 'A1' })
    expect(seen).toEqual([[null, 'string', 'login']])
  })

  it('refuses by an error, which hooks see with the user it was about', async () => {
    const { world, id } = await withHandler(() => ({ userId: id, error: new MeteorError(403, 'Badge expired') }), 'badge')
    await using _ = world
    const failed: unknown[] = []
    world.accounts.onLoginFailure(({ type, user }) => void failed.push([type, user?._id]))
    expect(refusalOf(await world.connect().call('in', 'login', { badge: 'A1' }))).toEqual([403, 'Badge expired'])
    expect(failed).toEqual([['badge', id]])
  })

  it('that throws a Meteor error tells it to the client, and of any other error nothing', async () => {
    const { world } = await withHandler(({ badge }: Badge) => {
      throw badge === 'A1' ? new MeteorError('badge', 'No such badge') : new Error('secret of the database')
    })
    await using _ = world
    expect(refusalOf(await world.connect().call('one', 'login', { badge: 'A1' }))).toEqual(['badge', 'No such badge'])
    expect(refusalOf(await world.connect().call('two', 'login', { badge: 'B2' }))).toEqual([500, 'Internal server error'])
  })

  it('that answers neither a result nor undefined, or a result that says nothing, is told so', async () => {
    const { world } = await withHandler(({ badge }: Badge) => (badge === 'A1' ? null : {}))
    await using _ = world
    expect(refusalOf(await world.connect().call('one', 'login', { badge: 'A1' }))).toEqual([
      400,
      'A login handler should return a result or undefined',
    ])
    expect(refusalOf(await world.connect().call('two', 'login', { badge: 'B2' }))).toEqual([500, 'Internal server error'])
  })

  it('lets in nobody who is deactivated, who is refused by a hook, or who tries too often', async () => {
    const { world, id } = await withHandler(() => ({ userId: id }), 'badge')
    await using _ = world
    const refusing = world.accounts.validateLoginAttempt(({ type }) => type !== 'badge')
    expect(refusalOf(await world.connect().call('hook', 'login', { badge: 1 }))).toEqual([403, 'Login forbidden'])
    refusing.stop()
    await world.accounts.deactivateUser(id)
    expect(refusalOf(await world.connect().call('off', 'login', { badge: 1 }))[0]).toBe(403)
    await world.accounts.activateUser(id)
    world.accounts.accounts.configure({ limits: { login: { address: { limit: 1 } } } })
    expect(refusalOf(await world.connect().call('often', 'login', { badge: 1 }))[0]).toBe('too-many-requests')
  })

  it('works over any transport, by its name', async () => {
    const { world, id } = await withHandler(({ badge }: Badge) => (badge === 'A1' ? { userId: id } : undefined), 'badge')
    await using _ = world
    const { user } = await world.accounts.loginWithService('badge', { badge: 'A1' }, {})
    expect(user.id).toBe(id)
    await expect(world.accounts.loginWithService('badge', { badge: 'B2' }, {})).rejects.toMatchObject({ code: 'AuthenticationFailed' })
  })

  it('cannot take the place of another', async () => {
    await using world = meteorWorld()
    expect(() => world.accounts.registerLoginHandler('password', () => undefined)).toThrow(/service with the name "password"/)
  })
})
