import { describe, expect, test } from 'vitest'
import { fixedClock } from '../../testing/index.ts'
import { meteorWorld } from '../../testing/meteor.ts'
import type { MeteorWorld } from '../../testing/meteor.ts'
import type { FindOptions } from './find-options.ts'
import type { UserSelector } from './selector.ts'
import type { UpdateOptions } from './users-collection.ts'

const SECRETS = /argon2|\$2[aby]\$|horse|hashedToken|"epoch"/

async function withUsers(world: MeteorWorld): Promise<{ ada: string; ben: string; carl: string }> {
  const ada = await world.createUser('ada', { profile: { name: 'Ada', langs: ['en', 'fr'] }, plan: 'gold' })
  const ben = await world.createUser('Ben', { profile: { name: 'Ben' }, plan: 'free' })
  const { userId: carl } = await world.accounts.updateOrCreateUserFromExternalService('github', { id: 7, accessToken: 'gh-secret' }, {})
  return { ada, ben, carl }
}

describe('users are found', () => {
  test.each<[string, (ids: { ada: string; ben: string; carl: string }) => UserSelector, (keyof Awaited<ReturnType<typeof withUsers>>)[]]>([
    ['by an id', ({ ada }) => ada, ['ada']],
    ['by _id', ({ ben }) => ({ _id: ben }), ['ben']],
    ['by several ids', ({ ada, ben }) => ({ _id: { $in: [ada, ben, 'nobody'] } }), ['ada', 'ben']],
    ['by the username as it is written', () => ({ username: 'Ben' }), ['ben']],
    ['not by the username in another case', () => ({ username: 'ben' }), []],
    ['by an address', () => ({ 'emails.address': 'ada@example.org' }), ['ada']],
    ['by the id at a provider, as a number', () => ({ 'services.github.id': 7 }), ['carl']],
    ['by the id at a provider, as text', () => ({ 'services.github.id': '7' }), ['carl']],
    ['by an id and another field that fits', ({ ada }) => ({ _id: ada, 'profile.langs': 'fr' }), ['ada']],
    ['not by an id and another field that does not fit', ({ ada }) => ({ _id: ada, plan: { $ne: 'gold' } }), []],
    ['by conditions that all hold', ({ ada }) => ({ $and: [{ plan: 'gold' }, { _id: ada }] }), ['ada']],
    ['by one of several conditions beside an id', ({ ada }) => ({ _id: ada, $or: [{ plan: 'x' }, { 'profile.name': 'Ada' }] }), ['ada']],
    ['by a field that is there or not', ({ ada, carl }) => ({ _id: { $in: [ada, carl] }, plan: { $exists: false } }), ['carl']],
    ['all of them', () => ({}), ['ada', 'ben', 'carl']],
  ])('%s', async (_, selector, expected) => {
    await using world = meteorWorld()
    const ids = await withUsers(world)
    const found = world.accounts.users.find(selector(ids))
    const wanted = expected.map(who => ids[who]).toSorted()
    expect((await found.fetchAsync()).map(user => user._id)).toEqual(wanted)
    expect(await found.countAsync()).toBe(wanted.length)
  })

  test.each<[string, unknown]>([
    ['by a field of the app alone', { plan: 'gold' }],
    ['by a pattern', { username: /a/ }],
    ['by code', { $where: 'true' }],
    ['by something that is no selector', 5],
  ])('not %s, and the error says how they are', async (_, selector) => {
    await using world = meteorWorld()
    await withUsers(world)
    const find = async (): Promise<unknown> => world.accounts.users.find(selector as UserSelector).fetchAsync()
    await expect(find()).rejects.toMatchObject({ error: 409 })
  })

  test('by a selector that is undefined: nobody; without any: everybody', async () => {
    await using world = meteorWorld()
    await withUsers(world)
    const lost: string | undefined = undefined
    expect(await world.accounts.users.find(lost).fetchAsync()).toEqual([])
    expect(await world.accounts.users.findOneAsync(null)).toBeUndefined()
    expect(await world.accounts.users.find().countAsync()).toBe(3)
  })

  test('by the hash of a login token, as long as it is good, and not by the token or anything of it', async () => {
    await using world = meteorWorld({ loginExpirationInDays: 2 })
    const { ada, ben } = await withUsers(world)
    const { users } = world.accounts
    const { token } = await world.login(world.connect())
    const field = 'services.resume.loginTokens.hashedToken'
    const hash = world.accounts._hashLoginToken(token)
    const found = async (selector: UserSelector): Promise<unknown[]> => (await users.find(selector).fetchAsync()).map(({ _id }) => _id)
    expect(await found({ [field]: hash })).toEqual([ada])
    expect(await found({ _id: ada, [field]: { $in: [hash, 'other'] } })).toEqual([ada])
    for (const nobody of [
      { _id: ben, [field]: hash },
      { [field]: token },
      { [field]: { $ne: null } },
      { _id: ada, $or: [{ [field]: hash }] },
    ])
      expect(await found(nobody)).toEqual([])
    expect(JSON.stringify(await users.findOneAsync({ [field]: hash }))).not.toMatch(SECRETS)
    world.clock.pass(2 * 86_400_000)
    expect(await found({ [field]: hash })).toEqual([])
    const { token: next } = await world.login(world.connect())
    await world.accounts.destroyToken(ada, next)
    expect(await found({ [field]: world.accounts._hashLoginToken(next) })).toEqual([])
  })

  test('by the first of all where nothing is said at all', async () => {
    await using world = meteorWorld()
    const ids = Object.values(await withUsers(world)).toSorted()
    expect((await world.accounts.users.findOneAsync())?._id).toBe(ids[0])
  })

  test('with the fields of a projection, which is another name for fields, and nothing else of them', async () => {
    await using world = meteorWorld()
    const { ada } = await withUsers(world)
    const { users } = world.accounts
    expect(await users.findOneAsync(ada, { projection: { username: 1 } })).toEqual({ _id: ada, username: 'ada' })
    expect(await users.find({ _id: ada }, { projection: { plan: 1, _id: 0 } }).fetchAsync()).toEqual([{ plan: 'gold' }])
  })

  test('in the order that is asked for, by fields of any kind, before limit and skip count', async () => {
    await using world = meteorWorld()
    const { ada, ben, carl } = await withUsers(world)
    const { users } = world.accounts
    const sorted = async (options: FindOptions): Promise<string[]> => (await users.find({}, options).fetchAsync()).map(({ _id }) => _id)
    expect(await sorted({ sort: { username: 1 } })).toEqual([carl, ben, ada])
    expect(await sorted({ sort: { username: -1 } })).toEqual([ada, ben, carl])
    expect(await sorted({ sort: [['username', 'desc']], limit: 1, skip: 1 })).toEqual([ben])
    expect(await sorted({ sort: { createdAt: 1, plan: 1 } })).toEqual([carl, ben, ada])
    expect(await sorted({ sort: ['profile.langs', ['profile.name', 'desc']], fields: { _id: 1 } })).toEqual([ben, carl, ada])
    expect(await sorted({ sort: {}, limit: 0 })).toEqual([ada, ben, carl].toSorted())
  })

  test('by no option that nobody knows, because what is meant to keep fields or users back must not do nothing', async () => {
    await using world = meteorWorld()
    const { ada } = await withUsers(world)
    const { users } = world.accounts
    for (const options of [
      { feilds: { username: 1 } },
      { transform: () => 1 },
      { sort: { username: 2 } },
      { sort: 'username' },
      { limit: -1 },
    ]) {
      // What an app without types may send.
      expect(() => users.find({}, options as FindOptions)).toThrow(expect.objectContaining({ error: 409 }))
    }
    expect(await users.find({}, { reactive: false } as FindOptions).countAsync()).toBe(3)
    const upsert = { upsert: true } as UpdateOptions
    await expect(users.updateAsync(ada, { $set: { plan: 'x' } }, upsert)).rejects.toMatchObject({ error: 409 })
  })

  test('with the fields that are asked for, some of them, and never a hash, a token or a secret', async () => {
    await using world = meteorWorld()
    const { ada, carl } = await withUsers(world)
    await world.login(world.connect())
    const { users } = world.accounts
    expect(await users.findOneAsync(ada, { fields: { 'profile.name': 1 } })).toEqual({ _id: ada, profile: { name: 'Ada' } })
    const all = await users.find({}).fetchAsync()
    expect(JSON.stringify(all)).not.toMatch(SECRETS)
    expect(all.find(({ _id }) => _id === carl)?.services).toMatchObject({ github: { id: '7' } })
    expect(JSON.stringify(all)).not.toContain('gh-secret')
    const pages = [await users.find({}, { limit: 2 }).fetchAsync(), await users.find({}, { skip: 2 }).fetchAsync()]
    expect(pages.flat()).toEqual(all)
  })

  test('one after another: forEachAsync, mapAsync and for await', async () => {
    await using world = meteorWorld()
    await withUsers(world)
    const cursor = world.accounts.users.find({})
    const names = await cursor.mapAsync(async ({ username = '-' }) => Promise.resolve(username))
    const each: string[] = []
    for await (const { username = '-' } of cursor) each.push(username)
    expect(each).toEqual(names)
    expect(names.toSorted()).toEqual(['-', 'Ben', 'ada'])
  })
})

describe('users are changed', () => {
  test('in the fields of the app, and how many were is answered', async () => {
    await using world = meteorWorld()
    const { ada, ben } = await withUsers(world)
    const { users } = world.accounts
    const modifier = { $set: { 'profile.born': new Date(7) }, $inc: { points: 1 }, $unset: { plan: 1 }, $push: { 'profile.langs': 'de' } }
    expect(await users.updateAsync(ada, modifier)).toBe(1)
    const found = await users.findOneAsync(ada, { fields: { profile: 1, points: 1, plan: 1 } })
    expect(found).toEqual({ _id: ada, profile: { name: 'Ada', langs: ['en', 'fr', 'de'], born: new Date(7) }, points: 1 })
    expect(await users.updateAsync({}, { $set: { seen: true } }, { multi: true })).toBe(3)
    expect(await users.updateAsync({ _id: ben, plan: 'gold' }, { $set: { seen: false } })).toBe(0)
  })

  test('by many at once without losing any', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const visits = Array.from({ length: 20 }, () => world.accounts.users.updateAsync(id, { $inc: { visits: 1 } }))
    await Promise.all(visits)
    expect(await world.accounts.users.findOneAsync(id)).toMatchObject({ visits: 20 })
  })

  test.each(['_id', 'username', 'emails', 'emails.0.verified', 'services', 'services.password.bcrypt', 'createdAt', 'password', 'id'])(
    'not in %s, and the error names the call that does it',
    async field => {
      await using world = meteorWorld()
      const id = await world.createUser()
      const before = await world.accounts.users.findOneAsync(id)
      const refusal = await world.accounts.users.updateAsync(id, { $set: { [field]: 'x' } }).catch(String)
      expect(refusal).toMatch(/is not changed here. Call .*\[409\]/)
      // Whatever it names is there.
      for (const [call] of (String(refusal).split('Call ')[1] ?? '').matchAll(/\b_?[a-z]+[A-Z]\w*/g))
        expect(world.accounts).toHaveProperty(call)
      expect(await world.accounts.users.findOneAsync(id)).toEqual(before)
    },
  )

  test('by removeAsync are gone with their sessions, and never all at once', async () => {
    await using world = meteorWorld()
    const { ada } = await withUsers(world)
    const { token } = await world.login(world.connect())
    await expect(world.accounts.users.removeAsync({})).rejects.toMatchObject({ error: 409 })
    expect(await world.accounts.users.removeAsync(ada)).toBe(1)
    expect(await world.accounts.users.findOneAsync(ada)).toBeUndefined()
    expect((await world.connect().call('1', 'login', { resume: token }))['error']).toMatchObject({ error: 403 })
  })

  test('not by insertAsync and upsertAsync, which say what to call', async () => {
    await using world = meteorWorld()
    await expect(world.accounts.users.insertAsync({})).rejects.toThrow('Accounts.createUserAsync')
    await expect(world.accounts.users.upsertAsync({}, {})).rejects.toThrow('updateAsync')
  })
})

test('a published cursor tells what it has, what changes, who comes and who goes, and nothing after the end', async () => {
  await using world = meteorWorld({ ports: { clock: fixedClock('2026-01-01T00:00:00Z') } })
  const id = await world.createUser('ada', { profile: { name: 'Ada' } })
  const fields = { username: 1, profile: 1 } as const
  world.ddp.publish('everybody', () => world.accounts.users.find({}, { fields }))
  const client = world.connect()
  client.say({ msg: 'sub', id: 's', name: 'everybody', params: [] })
  const told = (msg: string): unknown[] => client.arrived.filter(each => each.msg === msg)
  await expect.poll(() => told('ready')).toHaveLength(1)
  expect(told('added')).toEqual([
    expect.objectContaining({ collection: 'users', id, fields: { username: 'ada', profile: { name: 'Ada' } } }),
  ])
  await world.accounts.users.updateAsync(id, { $set: { 'profile.name': 'Countess' } })
  await expect.poll(() => told('changed')).toEqual([expect.objectContaining({ id, fields: { profile: { name: 'Countess' } } })])
  const ben = await world.createUser('ben')
  await expect.poll(() => told('added')).toHaveLength(2)
  await world.accounts.users.removeAsync(ben)
  await expect.poll(() => told('removed')).toEqual([expect.objectContaining({ id: ben })])
  client.say({ msg: 'unsub', id: 's' })
  await expect.poll(() => told('nosub')).toHaveLength(1)
  const heard = client.arrived.length
  await world.accounts.users.updateAsync(id, { $set: { 'profile.name': 'x' } })
  expect(client.arrived.slice(heard).filter(({ msg }) => msg === 'changed')).toEqual([])
})
