import { describe, expect, test } from 'vitest'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'

const codeOf = async (work: Promise<unknown>): Promise<unknown> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error instanceof Error && 'code' in error ? error.code : error
}
const join = (world: World, name: string): Promise<unknown> => world.createUser(name)

describe.each(['latchkey', 'accounts-js'] as const)('on the %s face a new user', face => {
  test('whom a hook refuses is not written, whichever way they come', async () => {
    await using world = await newWorld({ options: { face } })
    const { accounts } = world.server
    accounts.core.newUsers.validate(({ username }) => username !== 'eve')
    const eve = { username: 'eve', email: 'eve@example.org', password: PASSWORD }
    for (const work of [
      accounts.createUser(eve),
      accounts.createAccount(eve),
      accounts.register(eve, world.origin),
      accounts.signUp(eve, world.origin),
    ])
      expect(await codeOf(work)).toBe('UserValidationFailed')
    expect(await accounts.core.store.users.count()).toBe(0)
    expect(await accounts.core.store.outbox.size()).toBe(0)
    await join(world, 'ada')
  })

  test('is what a hook makes of them: names are read anew, and an address counts once', async () => {
    await using world = await newWorld({ options: { face } })
    const { accounts } = world.server
    accounts.core.newUsers.onCreate((options, user) => ({
      ...user,
      username: `${user.username}2`,
      emails: [...user.emails, { address: 'ADA@example.org', verified: true }, { address: 'x@example.org', verified: true }],
      custom: { asked: Object.keys(options) },
    }))
    const user = await accounts.createUser({ username: 'ada', email: 'ada@example.org', password: PASSWORD, custom: { plan: 'free' } })
    expect(user).toMatchObject({ username: 'ada2', custom: { asked: ['plan', 'username', 'email'] } })
    expect(user.emails.map(({ address }) => address)).toEqual(['ada@example.org', 'x@example.org'])
    expect(await accounts.findUser({ kind: 'username', key: 'ada2' })).toMatchObject({ id: user.id })
  })

  test.each([
    ['name', { username: 'no\u0000name' }, 'InvalidUsername'],
    ['address', { emails: [{ address: 'nowhere', verified: true }] }, 'InvalidEmail'],
    ['id', { id: '' }, 'InvalidInput'],
    ['longer id', { id: 'x'.repeat(65) }, 'InvalidInput'],
  ])('with a %s of the hook that is none is refused', async (_, made, code) => {
    await using world = await newWorld({ options: { face } })
    world.server.accounts.core.newUsers.onCreate((_options, user) => ({ ...user, ...made }))
    expect(await codeOf(join(world, 'ada'))).toBe(code)
    expect(await world.server.accounts.core.store.users.count()).toBe(0)
  })

  test('is refused by the words of a hook that throws', async () => {
    await using world = await newWorld({ options: { face } })
    const stop = world.server.accounts.core.newUsers.validate(() => {
      throw new Error('We are full')
    })
    await expect(join(world, 'ada')).rejects.toThrow('We are full')
    stop()
    await join(world, 'ada')
  })

  test('needs an address that restrictCreationByEmailDomain welcomes', async () => {
    await using world = await newWorld({ options: { face, restrictCreationByEmailDomain: ['example.com', 'example.org'] } })
    const { accounts } = world.server
    await join(world, 'ada')
    expect(await codeOf(accounts.createUser({ email: 'eve@evil.example' }))).toBe('EmailDomainForbidden')
    expect(await codeOf(accounts.register({ email: 'eve@evil.example', password: PASSWORD }, world.origin))).toBe('EmailDomainForbidden')
    expect(await accounts.core.store.users.count()).toBe(1)
  })
})

test('restrictCreationByEmailDomain that is neither a domain, a list nor a function is refused', async () => {
  for (const rule of ['', 5, [''], [5]])
    await expect(newWorld({ options: { restrictCreationByEmailDomain: rule as string } })).rejects.toThrow(
      /restrictCreationByEmailDomain must be/,
    )
})

test('one hook makes new users: a second one is refused until the first is gone', async () => {
  await using world = await newWorld()
  const { newUsers } = world.server.accounts.core
  const stop = newUsers.onCreate((_options, user) => user)
  expect(() => newUsers.onCreate((_options, user) => user)).toThrow('Can only call onCreateUser once')
  stop()
  newUsers.onCreate((_options, user) => user)
})
