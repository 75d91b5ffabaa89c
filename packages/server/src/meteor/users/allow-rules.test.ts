import { describe, expect, test } from 'vitest'
import { refusalOf, resultOf } from '../../testing/ddp-accounts.ts'
import type { WireClient } from '../../testing/ddp-wire.ts'
import { meteorWorld } from '../../testing/meteor.ts'
import type { MeteorWorld } from '../../testing/meteor.ts'

interface Scene {
  world: MeteorWorld
  client: WireClient
  ada: string
  ben: string
  call: (method: string, ...params: unknown[]) => ReturnType<WireClient['call']>
}

async function scene(world: MeteorWorld): Promise<Scene> {
  const [ada, ben] = [
    await world.createUser('ada', { profile: { name: 'Ada' } }),
    await world.createUser('ben', { profile: { name: 'Ben' } }),
  ]
  const client = world.connect()
  await world.login(client)
  let calls = 0
  return { world, client, ada, ben, call: (method, ...params) => client.call(`call-${(calls += 1)}`, method, ...params) }
}

const setName = (name: string): object => ({ $set: { 'profile.name': name } })
const DENIED = [403, 'Access denied']

describe.each(['/users/update', '/users/updateAsync'])('%s', method => {
  test("changes one's own profile by id, and the client sees it", async () => {
    await using world = meteorWorld()
    const { client, ada, call } = await scene(world)
    expect(resultOf<number>(await call(method, { _id: ada }, setName('Countess'), {}))).toBe(1)
    expect((await world.accounts.users.findOneAsync(ada))?.profile).toEqual({ name: 'Countess' })
    expect(client.arrived).toContainEqual(
      expect.objectContaining({ msg: 'changed', collection: 'users', id: ada, fields: { profile: { name: 'Countess' } } }),
    )
  })

  test('of another field than profile is denied, and nothing changes', async () => {
    await using world = meteorWorld()
    const { ada, call } = await scene(world)
    const before = await world.accounts.users.findOneAsync(ada)
    for (const modifier of [{ $set: { plan: 'gold' } }, { $set: { 'profile.name': 'x', plan: 'gold' } }, { $set: { username: 'root' } }]) {
      expect(refusalOf(await call(method, { _id: ada }, modifier))).toEqual(DENIED)
    }
    expect(await world.accounts.users.findOneAsync(ada)).toEqual(before)
  })

  test("of somebody else's profile is denied, also for who is not signed in", async () => {
    await using world = meteorWorld()
    const { ada, ben, call } = await scene(world)
    expect(refusalOf(await call(method, { _id: ben }, setName('x')))).toEqual(DENIED)
    expect(refusalOf(await world.connect().call('1', method, { _id: ada }, setName('x')))).toEqual(DENIED)
    expect((await world.accounts.users.findOneAsync(ben))?.profile).toEqual({ name: 'Ben' })
  })

  test('by anything but one id is refused', async () => {
    await using world = meteorWorld()
    const { ada, call } = await scene(world)
    const why = [403, 'Not permitted. Untrusted code may only update documents by ID.']
    for (const selector of [{ username: 'ada' }, {}, { _id: { $in: [ada] } }, { _id: ada, username: 'ada' }, null, 5])
      expect(refusalOf(await call(method, selector, setName('x')))).toEqual(why)
    expect(resultOf<number>(await call(method, ada, setName('Countess')))).toBe(1)
  })

  test('neither inserts, nor replaces, nor takes operators that clients may not use; of an unknown id it changes none', async () => {
    await using world = meteorWorld()
    const { ada, call } = await scene(world)
    expect(refusalOf(await call(method, { _id: ada }, setName('x'), { upsert: true }))).toEqual([
      403,
      'Access denied. Upserts not allowed in a restricted collection.',
    ])
    for (const replacement of [{}, { profile: {} }]) {
      expect(refusalOf(await call(method, { _id: ada }, replacement))).toEqual([
        403,
        "Access denied. In a restricted collection you can only update documents, not replace them. Use a Mongo update operator, such as '$set'.",
      ])
    }
    expect(refusalOf(await call(method, { _id: ada }, { $rename: { profile: 'x' } }))).toEqual([
      403,
      'Access denied. Operator $rename not allowed in a restricted collection.',
    ])
    expect(refusalOf(await call(method, { _id: ada }, 5))).toEqual([400, 'Match failed'])
    expect(resultOf<number>(await call(method, { _id: 'nobody' }, setName('x')))).toBe(0)
  })
})

describe.each(['/users/insert', '/users/insertAsync', '/users/remove', '/users/removeAsync'])('%s', method => {
  test('is denied as long as the app has no rule for it', async () => {
    await using world = meteorWorld()
    const { ada, call } = await scene(world)
    const deed = method.includes('insert') ? 'insert' : 'remove'
    expect(refusalOf(await call(method, { _id: ada }))).toEqual([
      403,
      `Access denied. No allow validators set on restricted collection for method '${deed}'.`,
    ])
    expect(await world.accounts.users.countDocuments()).toBe(2)
  })
})

describe('rules of the app', () => {
  test('deny whatever else allows, so that nobody changes their profile', async () => {
    await using world = meteorWorld()
    world.accounts.users.deny({ update: () => true })
    const { ada, call } = await scene(world)
    expect(refusalOf(await call('/users/update', { _id: ada }, setName('x')))).toEqual(DENIED)
  })

  test('allow more, later or at once, and are handed user, fields and modifier', async () => {
    await using world = meteorWorld()
    const asked: unknown[] = []
    world.accounts.users.allow({
      update: async (userId, user, fields, modifier) => Promise.resolve(asked.push([userId, user.username, fields, modifier])),
      remove: (userId, user) => userId !== user._id,
      fetch: ['username'],
    })
    const { ada, ben, call } = await scene(world)
    expect(resultOf<number>(await call('/users/update', { _id: ben }, { $inc: { points: 2 } }))).toBe(1)
    expect(asked).toEqual([[ada, 'ben', ['points'], { $inc: { points: 2 } }]])
    expect(refusalOf(await call('/users/remove', { _id: ada }))).toEqual(DENIED)
    expect(resultOf<number>(await call('/users/remove', { _id: ben }))).toBe(1)
    expect(await world.accounts.users.countDocuments()).toBe(1)
  })

  test('do not open names, addresses and services to clients', async () => {
    await using world = meteorWorld()
    world.accounts.users.allow({ insert: () => true, update: () => true })
    const { ada, call } = await scene(world)
    for (const field of ['username', 'emails', 'services', '_id', 'createdAt', 'password'])
      expect(refusalOf(await call('/users/update', { _id: ada }, { $set: { [field]: 'x' } }))[0]).toBe(409)
    expect(refusalOf(await call('/users/insert', { username: 'eve' }))[0]).toBe(409)
  })

  test('of unknown names, or that are no functions, are refused', async () => {
    await using world = meteorWorld()
    expect(() => world.accounts.users.allow({ updates: () => true } as object)).toThrow('allow: Invalid key: updates')
    expect(() => world.accounts.users.deny({ update: true } as object)).toThrow('deny: Value for `update` must be a function')
  })
})

test('a client makes their own profile as large as one message of theirs, and no larger by further ones', async () => {
  await using world = meteorWorld()
  const { ada, call } = await scene(world)
  const half = 'x'.repeat(600_000)
  expect(resultOf<number>(await call('/users/update', { _id: ada }, { $set: { 'profile.one': half } }))).toBe(1)
  expect(refusalOf(await call('/users/update', { _id: ada }, { $set: { 'profile.two': half } }))).toEqual([
    409,
    'The fields of a user may have 1048576 characters',
  ])
  expect(resultOf<number>(await call('/users/update', { _id: ada }, { $set: { 'profile.one': 'less' } }))).toBe(1)
})
