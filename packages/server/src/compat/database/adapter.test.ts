import { describe, expect, test } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { AdapterInMemory } from '../../testing/accounts-js-adapter.ts'
import { isAccountsJsDatabase } from '../accounts-js-database.ts'
import { isProvider } from '../../core/identity/linked-account.ts'
import { GuardedAdapter, isDuplicate } from './adapter.ts'
import { customFieldsFor, readKeptUser } from './shapes.ts'

describe('a user as adapters hand them out', () => {
  const expected = {
    id: '5f0c',
    username: 'Ada',
    emails: [{ address: 'ada@example.org', verified: true, key: 'ada@example.org' }],
    deactivated: true,
    createdAt: 1_500_000_000_000,
    updatedAt: 1_600_000_000_000,
    accounts: new Map([['github', { id: 'g1', data: { login: 'ada' } }]]),
    twoFactorSecret: 'JBSWY3DP',
  }

  test('is read alike from MongoDB, with objects, epoch milliseconds and an id that is none of ours', () => {
    const raw = {
      _id: { toString: () => '5f0c' },
      username: 'Ada',
      emails: [{ address: 'ada@example.org', verified: true }],
      services: {
        password: { bcrypt: 'hash', reset: [{ token: 't' }] },
        github: { id: 'g1', login: 'ada' },
        twitter: null,
        'two-factor': { secret: { base32: 'JBSWY3DP' } },
      },
      deactivated: true,
      createdAt: 1_500_000_000_000,
      updatedAt: 1_600_000_000_000,
      plan: 'pro',
    }
    expect(readKeptUser(raw)).toEqual({ ...expected, custom: { plan: 'pro' } })
  })

  test('is read alike from TypeORM, with arrays, dates, rows beside, and methods', () => {
    const raw = {
      id: '5f0c',
      username: 'Ada',
      emails: [{ id: 'e', address: 'ada@example.org', verified: true, userId: '5f0c' }],
      services: { password: Object.assign([{ bcrypt: 'hash' }], { reset: [{}] }), github: [{ login: 'ada' }], 'two-factor': [{}] },
      allServices: [
        { name: 'password', options: { bcrypt: 'hash' }, serviceId: null },
        { name: 'github', options: { login: 'ada' }, serviceId: 'g1' },
        { name: 'two-factor', options: { secret: { base32: 'JBSWY3DP' } }, serviceId: null },
      ],
      sessions: [{ token: 'secret' }],
      deactivated: true,
      createdAt: new Date(1_500_000_000_000),
      updatedAt: new Date(1_600_000_000_000).toISOString(),
      getServices: () => {},
    }
    expect(readKeptUser(raw)).toEqual({ ...expected, custom: {} })
  })

  test('has nothing that the adapter left out, and is nobody when there is no user', () => {
    expect(readKeptUser({ _id: 7n })).toEqual({ id: '7', emails: [], deactivated: false, accounts: new Map(), custom: {} })
    for (const nobody of [null, undefined, false, 0, '', [], {}, { id: null }]) expect(readKeptUser(nobody)).toBeNull()
  })

  test('whatever lies in the database, reading it neither throws nor lets a secret pass as a custom field', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.oneof(fc.constantFrom('services', 'emails', 'allServices', 'password', 'sessions', 'createdAt'), fc.anyText()),
          fc.jsonValue(),
        ),
        raw => {
          const user = readKeptUser({ ...raw, id: 'u1' })
          for (const key of ['services', 'password', 'sessions', 'allServices', 'id']) expect(user?.custom).not.toHaveProperty([key])
          for (const { address, key } of user?.emails ?? []) expect([typeof address, typeof key]).toEqual(['string', 'string'])
        },
      ),
    )
  })

  test('custom fields that MongoDB would take for paths or commands, and those that are our own, are not handed to an adapter', () => {
    const custom = { plan: 'pro', $set: 1, 'a.b': 2, '': 3, services: {}, emails: [], _id: 'x', deactivated: true, __proto__: 4 }
    expect(customFieldsFor(custom)).toEqual({ plan: 'pro' })
    const deep = JSON.parse(`${'{"a":['.repeat(60)}1${']}'.repeat(60)}`) as object
    const odd = { deep, lone: '\uD800', nested: { $where: 'x' }, list: [{ 'a.b': 1 }], proto: JSON.parse('{"__proto__":1}') as object }
    expect(customFieldsFor({ ...odd, tags: ['é', { on: true }, null] })).toEqual({ tags: ['é', { on: true }, null] })
  })
})

describe('a guarded adapter', () => {
  const guarded = (over: object = {}): { adapter: AdapterInMemory; guard: GuardedAdapter } => {
    const adapter = Object.assign(new AdapterInMemory('mongo'), over)
    return { adapter, guard: new GuardedAdapter(adapter) }
  }
  const failing = (error: object): GuardedAdapter =>
    guarded({
      async findUserById() {
        throw Object.assign(new Error('no'), error)
      },
    }).guard

  test.each([
    ['complains that there is none', { message: 'User not found' }],
    ['is of MikroORM and fails instead', { name: 'NotFoundError' }],
    ['is told an id that is no ObjectId', { name: 'BSONTypeError' }],
    [
      'is told an id that is no ObjectId, by an old driver',
      { message: 'must be a single String of 12 bytes or a string of 24 hex characters' },
    ],
    ['is told an id that is no uuid', { code: '22P02' }],
    ['is told an id that is too great a number', { code: '22003' }],
  ])('finds nobody where the adapter %s', async (_, error) => {
    expect(await failing(error).byId('x')).toBeNull()
  })

  test('does not take a database that is down for one without users', async () => {
    await expect(failing({ message: 'connection refused', code: 'ECONNREFUSED' }).byId('x')).rejects.toThrow('connection refused')
  })

  test('hands on nothing but text', async () => {
    const { adapter, guard } = guarded()
    const asked: string[] = []
    adapter.before = method => void asked.push(method)
    for (const query of [{ $ne: null }, ['a'], 7, null, undefined] as unknown as string[]) {
      for (const ask of [
        () => guard.byId(query),
        () => guard.byEmail(query),
        () => guard.byUsername('key', query ?? {}),
        () => guard.byAccount('github', query),
        () => guard.passwordHash(query),
        () => guard.setPassword('id', query),
        () => guard.addEmail('id', query, true),
      ])
        await expect(ask()).rejects.toMatchObject({ code: 'MatchFailed' })
    }
    expect(asked).toEqual([])
  })

  test('asks for no name that could end the text it is written into', async () => {
    const { adapter, guard } = guarded()
    const asked: string[] = []
    adapter.findUserByUsername = async name => void asked.push(name)
    for (const name of ['" || true || "', 'a\\', 'a`b', 'a\nb', 'a\u2028b', 'x'.repeat(1000)]) await guard.byUsername('key', name)
    expect(new Set(asked)).toEqual(new Set(['key']))
    await guard.byUsername("o'brien")
    expect(asked.at(-1)).toBe("o'brien")
  })

  test('believes no answer to another question than it asked', async () => {
    const somebody = { id: 'somebody', username: 'else', emails: [{ address: 'else@example.org' }], services: { github: { id: 'g2' } } }
    const any = async (): Promise<object> => somebody
    const { guard } = guarded({ findUserById: any, findUserByEmail: any, findUserByUsername: any, findUserByServiceId: any })
    const found = await Promise.all([
      guard.byId('SOMEBODY'),
      guard.byEmail('ada@example.org'),
      guard.byUsername('ada'),
      // MikroORM's adapter compares the subject with the number of a row.
      guard.byAccount('github', 'g1'),
      guard.byAccount('google', 'g2'),
    ])
    expect(found).toEqual([null, null, null, null, null])
    expect((await guard.byAccount('github', 'g2'))?.id).toBe('somebody')
  })

  test('finds an address whose domain is kept the way it was typed', async () => {
    const { adapter, guard } = guarded()
    const id = await adapter.createUser({ email: 'Ada@Bücher.example' })
    expect((await guard.byEmail('ada@xn--bcher-kva.example'))?.id).toBe(id)
  })

  test('lets no provider stand for something else that is kept in the same place', async () => {
    for (const name of ['password', 'two-factor', 'email', 'magicLink', 'a.b', '$x', '__proto__', '', 'x'.repeat(65)]) {
      expect([name, isProvider(name)]).toEqual([name, false])
      await expect(guarded().guard.setAccount('id', name, {})).rejects.toMatchObject({ code: 'InvalidSettings' })
      expect(await guarded().guard.byAccount(name, 'x')).toBeNull()
    }
    expect(['github', 'my-idp', 'o_365'].every(isProvider)).toBe(true)
  })

  test('says which methods are missing', () => {
    const lame = Object.assign(new AdapterInMemory('mongo'), { setService: undefined, findPasswordHash: 'yes' })
    expect(() => new GuardedAdapter(lame)).toThrow('it lacks findPasswordHash, setService')
  })

  test('knows a duplicate by the words of each database', () => {
    for (const about of [{ code: 11000 }, { code: '23505' }, { code: 'ER_DUP_ENTRY' }, { name: 'UniqueConstraintViolationException' }])
      expect(isDuplicate(Object.assign(new Error('x'), about))).toBe(true)
    for (const other of [new Error('x'), null, { code: 11000 }, Object.assign(new Error('x'), { code: '23503' })])
      expect(isDuplicate(other)).toBe(false)
  })
})

test('an adapter is told from a store by its methods, own or inherited', () => {
  expect(isAccountsJsDatabase(new AdapterInMemory('typeorm'))).toBe(true)
  for (const other of [memoryStore(), {}, null, undefined, 'db', () => {}]) expect(isAccountsJsDatabase(other)).toBe(false)
})
