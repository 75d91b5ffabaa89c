import { expect, test } from 'vitest'
import type { Identifier } from '../../core/identity/user.ts'
import { emailKeyOf, identifiersOf, insertUser, makeUser, newId, newPassword, NOW, openSession, withEmpty } from './make.ts'
import type { Setup } from './make.ts'
import { newRide } from './ride.ts'

/** Signing up, finding, names, the app's own fields, lists. */
export function usersContract({ the, open }: Setup): void {
  test('a user is found by id and by every identifier they claimed', async () => {
    const { store } = the
    const oauth: Identifier = { kind: 'oauth:github', key: newId() }
    const made = makeUser({ password: newPassword() })
    made.identifiers.push(oauth)
    expect(await store.users.insert(made)).toEqual({ inserted: true })

    for (const identifier of [{ kind: 'id' as const, key: made.user.id }, ...made.identifiers]) {
      expect(await store.users.find(identifier)).toStrictEqual(made.user)
    }
    expect(await store.users.credentials(made.user.id)).toStrictEqual(made.credentials)
  })

  test('an unknown identifier finds nobody', async () => {
    const { store } = the
    for (const kind of ['id', 'email', 'username', 'oauth:github'] as const) {
      expect(await store.users.find({ kind, key: newId() })).toBeNull()
    }
  })

  test('a user without username and e-mail has neither field', async () => {
    const { store } = the
    const id = newId()
    const bare = { id, emails: [], createdAt: NOW, updatedAt: NOW, epoch: 0, custom: {} }
    await store.users.insert({ user: bare, credentials: [], identifiers: [] })
    expect(await store.users.find({ kind: 'id', key: id })).toStrictEqual(bare)
  })

  test('what rides along with a sign-up is written with it', async () => {
    const { store } = the
    const made = makeUser()
    const ride = await newRide(store, made.user.id)
    expect((await store.users.insert(made, ride.along)).inserted).toBe(true)
    await ride.expectWritten()
  })

  for (const kind of ['email', 'username'] as const) {
    test(`a taken ${kind} is refused by its kind, and nothing at all is written`, async () => {
      const { store } = the
      const owner = await insertUser(store)
      const claimed = identifiersOf(owner).filter(identifier => identifier.kind === kind)
      const late = makeUser({
        password: newPassword(),
        ...(kind === 'email' ? { emails: owner.emails } : { username: owner.username ?? '' }),
      })
      const own = late.identifiers.filter(identifier => identifier.kind !== kind)
      const ride = await newRide(store, late.user.id)

      expect(await store.users.insert({ ...late, identifiers: [...own, ...claimed] }, ride.along)).toEqual({ inserted: false, taken: kind })

      await ride.expectNothing()
      expect(await store.users.find({ kind: 'id', key: late.user.id })).toBeNull()
      expect(await store.users.credentials(late.user.id)).toEqual([])
      // The name that was free still is.
      const heir = makeUser({ identifiers: own })
      expect(await store.users.insert(heir)).toEqual({ inserted: true })
      expect(await store.users.find(claimed[0] ?? { kind: 'id', key: '' })).toStrictEqual(owner)
    })
  }

  test('an id is given once', async () => {
    const { store } = the
    const owner = await insertUser(store)
    expect(await store.users.insert(makeUser({ id: owner.id }))).toEqual({ inserted: false, taken: 'id' })
    expect(await store.users.find({ kind: 'id', key: owner.id })).toStrictEqual(owner)
  })

  test('one key may be claimed once for each kind', async () => {
    const { store } = the
    const key = newId().toLowerCase()
    const kinds = ['email', 'username', 'oauth:github', 'oauth:google'] as const
    const users = kinds.map(kind => makeUser({ identifiers: [{ kind, key }] }))
    for (const made of users) expect(await store.users.insert(made)).toEqual({ inserted: true })
    for (const [index, kind] of kinds.entries()) {
      expect((await store.users.find({ kind, key }))?.id).toBe(users[index]?.user.id)
    }
  })

  test('keys are compared letter by letter: the core has folded them already', async () => {
    const { store } = the
    const key = `${newId()}-straße-é-İ`
    await store.users.insert(makeUser({ identifiers: [{ kind: 'username', key }] }))
    for (const other of [key.toUpperCase(), `${key} `, key.replace('ß', 'ss'), key.replace('é', 'e'), key.normalize('NFD')]) {
      expect(await store.users.find({ kind: 'username', key: other })).toBeNull()
    }
    expect(await store.users.find({ kind: 'username', key })).not.toBeNull()
  })

  test('ids of 64 characters fit everywhere', async () => {
    const { store } = the
    const id = newId().padEnd(64, '-')
    const user = await insertUser(store, { id, password: newPassword() })
    const session = await openSession(store, id, { id: newId().padEnd(64, '_'), impersonatorId: newId().padEnd(64, '.') })
    expect(await store.users.find({ kind: 'id', key: id })).toStrictEqual(user)
    expect((await store.sessions.find(session.id))?.user.id).toBe(id)
    expect(await store.users.credentials(id)).toHaveLength(1)
  })

  test('names and addresses come back as they were typed', async () => {
    const { store } = the
    const typed = { username: `Zoë ${newId()} 你好 👩‍🚀'";--`, emails: [{ address: `Ünïcode.${newId()}@Exämple.org`, verified: true }] }
    const user = await insertUser(store, typed)
    expect(await store.users.find({ kind: 'id', key: user.id })).toMatchObject(typed)
  })

  for (const [title, custom] of ODD_JSON) {
    test(`custom fields come back unchanged: ${title}`, async () => {
      const { store } = the
      const user = await insertUser(store, { custom })
      const kept = await store.users.find({ kind: 'id', key: user.id })
      expect(canonical(kept?.custom)).toBe(canonical(custom))
      // A `__proto__` key is a field like any other, and reaches nothing else.
      expect('polluted' in {}).toBe(false)

      await store.users.setCustom(user.id, { before: 'set' }, NOW)
      expect(await store.users.setCustom(user.id, custom, NOW + 1)).toBe(true)
      const set = await store.users.find({ kind: 'id', key: user.id })
      expect(canonical(set?.custom)).toBe(canonical(custom))
      expect(set?.updatedAt).toBe(NOW + 1)
    })
  }

  test('custom fields are changed by what is kept at that moment, so of changes at once none is lost', async () => {
    const { store, second } = the
    const { id } = await insertUser(store, { custom: { count: 0, kept: [1] } })
    const raise = (at: number): Promise<boolean> =>
      (at % 2 === 0 ? store : second).users.changeCustom(id, kept => ({ ...kept, count: Number(kept.count) + 1 }), NOW + at)
    expect(await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(raise))).not.toContain(false)
    expect((await store.users.find({ kind: 'id', key: id }))?.custom).toEqual({ count: 8, kept: [1] })
  })

  test('a change of custom fields that throws writes nothing', async () => {
    const { store } = the
    const user = await insertUser(store, { custom: { name: 'Ada' } })
    const spoil = store.users.changeCustom(
      user.id,
      kept => {
        kept.name = 'Eve'
        throw new Error('no')
      },
      NOW + 1,
    )
    await expect(spoil).rejects.toThrow('no')
    expect(await store.users.find({ kind: 'id', key: user.id })).toStrictEqual(user)
    expect(await store.users.changeCustom(newId(), kept => kept, NOW)).toBe(false)
  })

  test('custom fields of nobody are not set', async () => {
    expect(await the.store.users.setCustom(newId(), { a: 1 }, NOW)).toBe(false)
  })

  test('changing what was handed in or out changes nothing that is kept', async () => {
    const { store } = the
    const made = makeUser({ custom: { list: ['kept'] } })
    const before = structuredClone(made.user)
    await store.users.insert(made)
    made.user.emails.length = 0
    Object.assign(made.user.custom, { list: ['changed'] })
    const first = await store.users.find({ kind: 'id', key: before.id })
    expect(first).toStrictEqual(before)

    Object.assign(first?.custom ?? {}, { list: ['changed'] })
    Object.assign(first?.emails[0] ?? {}, { verified: true })
    expect(await store.users.find({ kind: 'id', key: before.id })).toStrictEqual(before)
  })

  test('a username is set, and the old one is free again', async () => {
    const { store } = the
    const user = await insertUser(store)
    const old = user.username?.toLowerCase() ?? ''
    const username = `New-${newId()}`
    const ride = await newRide(store, user.id)
    expect(await store.users.setUsername(user.id, username, username.toLowerCase(), NOW + 1, ride.along)).toBe('set')
    await ride.expectWritten()

    expect(await store.users.find({ kind: 'username', key: username.toLowerCase() })).toStrictEqual({
      ...user,
      username,
      updatedAt: NOW + 1,
    })
    expect(await store.users.find({ kind: 'username', key: old })).toBeNull()
    expect(await store.users.insert(makeUser({ identifiers: [{ kind: 'username', key: old }] }))).toEqual({ inserted: true })
  })

  test('each new username gives up the one before', async () => {
    const { store } = the
    const user = await insertUser(store)
    const keys = [newId(), newId(), newId()].map(name => name.toLowerCase())
    for (const key of keys) expect(await store.users.setUsername(user.id, key, key, NOW)).toBe('set')
    const found = await Promise.all(keys.map(async key => (await store.users.find({ kind: 'username', key }))?.id))
    expect(found).toEqual([undefined, undefined, user.id])
  })

  test('a user without a username can be given one', async () => {
    const { store } = the
    const { username: _, ...rest } = makeUser().user
    await store.users.insert({ user: rest, credentials: [], identifiers: identifiersOf(rest) })
    const key = newId().toLowerCase()
    expect(await store.users.setUsername(rest.id, key, key, NOW)).toBe('set')
    expect((await store.users.find({ kind: 'username', key }))?.id).toBe(rest.id)
    expect((await store.users.find({ kind: 'email', key: emailKeyOf(rest) }))?.username).toBe(key)
  })

  test('a user may spell their own username anew', async () => {
    const { store } = the
    const user = await insertUser(store)
    const key = user.username?.toLowerCase() ?? ''
    expect(await store.users.setUsername(user.id, key, key, NOW)).toBe('set')
    expect((await store.users.find({ kind: 'username', key }))?.username).toBe(key)
  })

  test("somebody else's username is taken, and nothing is written", async () => {
    const { store } = the
    const [owner, late] = [await insertUser(store), await insertUser(store)]
    const ride = await newRide(store, late.id)
    const key = owner.username?.toLowerCase() ?? ''
    expect(await store.users.setUsername(late.id, key, key, NOW + 1, ride.along)).toBe('taken')
    await ride.expectNothing()
    expect(await store.users.find({ kind: 'id', key: late.id })).toStrictEqual(late)
  })

  test('a username of nobody is not set, and stays free', async () => {
    const { store } = the
    const key = newId().toLowerCase()
    const ride = await newRide(store, newId())
    expect(await store.users.setUsername(newId(), key, key, NOW, ride.along)).toBe('gone')
    await ride.expectNothing()
    expect(await store.users.insert(makeUser({ identifiers: [{ kind: 'username', key }] }))).toEqual({ inserted: true })
  })

  test('users are listed in ascending order of id, page by page, and counted', () =>
    withEmpty(open, async store => {
      expect(await store.users.list({ limit: 10 })).toEqual([])
      expect(await store.users.count()).toBe(0)

      // Code units, whatever the collation of the database: capitals before small letters, `_` between them.
      const ids = ['-a', '0a', 'A-', 'B', '_c', 'a', 'b']
      for (const id of ids.toReversed()) await insertUser(store, { id })
      expect((await store.users.list({ limit: 10 })).map(user => user.id)).toEqual(ids)
      expect((await store.users.list({ limit: 3 })).map(user => user.id)).toEqual(['-a', '0a', 'A-'])
      expect((await store.users.list({ limit: 3, after: 'A-' })).map(user => user.id)).toEqual(['B', '_c', 'a'])
      expect((await store.users.list({ limit: 3, after: 'aa' })).map(user => user.id)).toEqual(['b'])
      expect(await store.users.count()).toBe(ids.length)
    }))

  test('a search matches the start of a username or e-mail key, literally', () =>
    withEmpty(open, async store => {
      const person = (id: string, username: string, address: string) =>
        insertUser(store, { id, username, emails: [{ address, verified: false }] })
      await person('1', 'ada', 'ada@example.org')
      await person('2', 'grace', 'adair@example.org')
      await person('3', '50%_off', 'sale@example.org')
      await person('4', '50 people', 'brada@example.org')
      await person('5', 'back\\slash', "o'neil@example.org")
      const found = async (search: string, after?: string): Promise<string[]> =>
        (await store.users.list({ limit: 10, search, ...(after === undefined ? {} : { after }) })).map(user => user.id)

      expect(await found('ada')).toEqual(['1', '2'])
      expect(await found('ada', '1')).toEqual(['2'])
      expect(await found('50')).toEqual(['3', '4'])
      expect(await found('50%')).toEqual(['3'])
      expect(await found('50%_')).toEqual(['3'])
      expect(await found('_')).toEqual([])
      expect(await found('%')).toEqual([])
      expect(await found('back\\')).toEqual(['5'])
      expect(await found("o'n")).toEqual(['5'])
    }))
}

/** JSON as it may arrive in a request body. */
const ODD_JSON: [title: string, custom: Record<string, unknown>][] = [
  ['nothing', {}],
  [
    'every kind of value',
    { text: 'x', number: 1.5, negative: -1, big: 9007199254740991, yes: true, no: false, nothing: null, list: [1, [], {}], empty: '' },
  ],
  ['all of Unicode', { 'ключ 🗝': 'ﷺ \u202E עברית 👩‍👩‍👧‍👦 é e\u0301', '': 'empty key' }],
  ['NUL and lone surrogates', { nul: 'a\u0000b', 'key\u0000': 1, lone: '\uD800', reversed: '\uDC00\uD800' }],
  ['quotes and what looks like SQL', { "'": '"; drop table users; --', $1: '$1 ? :a', '\\': '\\\n\r\t' }],
  // Written as text: in an object literal `__proto__` sets the prototype.
  ['__proto__ keys', asObject('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"deep":{"__proto__":1}}')],
  ['two hundred levels', asObject(`${'{"a":['.repeat(100)}1${']}'.repeat(100)}`)],
  ['keys that look like numbers', { '1': 'one', '0': 'zero', '-1': 'minus', '1e3': 'thousand' }],
]

/** Every text above is of an object. */
function asObject(json: string): Record<string, unknown> {
  return JSON.parse(json) as Record<string, unknown>
}

/** JSON text with sorted keys: a database may order them as it likes. Compares own `__proto__` keys too, which `toEqual` would not. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join()}}`
}
