import { MeteorError } from '@latchkey/common/meteor'
import { describe, expect, test } from 'vitest'
import { meteorWorld } from '../../testing/meteor.ts'
import type { MeteorWorld } from '../../testing/meteor.ts'

const OPEN = { ambiguousErrorMessages: false } as const
const emailsOf = async (world: MeteorWorld, id: string): Promise<unknown> => (await world.accounts.users.findOneAsync(id))?.emails
const refusalIn = async (work: Promise<unknown>): Promise<unknown> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error instanceof MeteorError ? [error.error, error.reason] : error
}

describe('setUsername', () => {
  test('renames, and findUserByUsername finds the new name with the fields of the default selector, or those that are asked for', async () => {
    await using world = meteorWorld({ defaultFieldSelector: { profile: 0 } })
    const id = await world.createUser('ada', { profile: { name: 'Ada' } })
    await world.accounts.setUsername(id, 'lovelace')
    const found = await world.accounts.findUserByUsername('lovelace')
    expect(found).toMatchObject({ _id: id, username: 'lovelace' })
    expect(found).not.toHaveProperty('profile')
    expect(await world.accounts.findUserByUsername('lovelace', { fields: { profile: 1 } })).toEqual({ _id: id, profile: { name: 'Ada' } })
    expect(await world.accounts.findUserByUsername('ada')).toBeNull()
  })

  test("changes the case of one's own name", async () => {
    await using world = meteorWorld()
    const id = await world.createUser('ada')
    await world.accounts.setUsername(id, 'Ada')
    expect((await world.accounts.findUserByUsername('ADA'))?.username).toBe('Ada')
  })

  test('is refused when somebody else has the name in another case, and nothing changes', async () => {
    await using world = meteorWorld(OPEN)
    await world.createUser('Ada')
    const ben = await world.createUser('ben')
    expect(await refusalIn(world.accounts.setUsername(ben, 'aDA'))).toEqual([403, 'Username already exists.'])
    expect((await world.accounts.users.findOneAsync(ben))?.username).toBe('ben')
    expect(await refusalIn(world.accounts.setUsername('nobody', 'carl'))).toEqual([403, 'User not found'])
    expect(await refusalIn(world.accounts.setUsername(ben, ' '))).toEqual([400, 'Invalid username'])
  })

  test('says only that something went wrong while messages are ambiguous', async () => {
    await using world = meteorWorld()
    await world.createUser('ada')
    const ben = await world.createUser('ben')
    expect(await refusalIn(world.accounts.setUsername(ben, 'ada'))).toEqual([403, 'Something went wrong. Please check your credentials.'])
  })
})

describe('addEmailAsync', () => {
  test('appends addresses in their order, unverified or as it is said', async () => {
    await using world = meteorWorld()
    const id = await world.createUser('ada')
    await world.accounts.addEmailAsync(id, 'two@example.org')
    await world.accounts.addEmailAsync(id, 'three@example.org', true)
    expect(await emailsOf(world, id)).toEqual([
      { address: 'ada@example.org', verified: false },
      { address: 'two@example.org', verified: false },
      { address: 'three@example.org', verified: true },
    ])
  })

  test('findUserByEmail finds by any of them, with the fields of the default selector or those that are asked for', async () => {
    await using world = meteorWorld({ defaultFieldSelector: { profile: 0 } })
    const id = await world.createUser('ada', { profile: { name: 'Ada' } })
    await world.accounts.addEmailAsync(id, 'two@example.org')
    expect(await world.accounts.findUserByEmail('TWO@example.org')).not.toHaveProperty('profile')
    expect(await world.accounts.findUserByEmail('two@example.org', { fields: { profile: 1 } })).toEqual({
      _id: id,
      profile: { name: 'Ada' },
    })
    expect(await world.accounts.findUserByEmail('nobody@example.org')).toBeNull()
  })

  test('gives a user without addresses their first', async () => {
    await using world = meteorWorld()
    const id = await world.accounts.createUserAsync({ username: 'ada' })
    await world.accounts.addEmailAsync(id, 'ada@example.org')
    expect(await emailsOf(world, id)).toEqual([{ address: 'ada@example.org', verified: false }])
  })

  test("writes one's own address anew in its place when only its case differs, with the given flag", async () => {
    await using world = meteorWorld()
    const id = await world.createUser('ada')
    await world.accounts.addEmailAsync(id, 'two@example.org')
    await world.accounts.addEmailAsync(id, 'ADA@example.org', true)
    expect(await emailsOf(world, id)).toEqual([
      { address: 'ADA@example.org', verified: true },
      { address: 'two@example.org', verified: false },
    ])
  })

  test("is refused for another user's address, whatever its case, and both are unchanged", async () => {
    await using world = meteorWorld(OPEN)
    const [ada, ben] = [await world.createUser('ada'), await world.createUser('ben')]
    expect(await refusalIn(world.accounts.addEmailAsync(ben, 'ADA@example.org'))).toEqual([403, 'Email already exists.'])
    expect([await emailsOf(world, ada), await emailsOf(world, ben)]).toEqual([
      [{ address: 'ada@example.org', verified: false }],
      [{ address: 'ben@example.org', verified: false }],
    ])
  })

  test('says of an unknown user that there is none, whatever the messages', async () => {
    await using world = meteorWorld()
    expect(await refusalIn(world.accounts.addEmailAsync('nobody', 'a@example.org'))).toEqual([403, 'User not found'])
  })
})

describe('replaceEmailAsync', () => {
  test('puts the new address in the place of the old one', async () => {
    await using world = meteorWorld()
    const id = await world.createUser('ada')
    await world.accounts.addEmailAsync(id, 'two@example.org')
    await world.accounts.replaceEmailAsync(id, 'ada@example.org', 'new@example.org', true)
    expect(await emailsOf(world, id)).toEqual([
      { address: 'new@example.org', verified: true },
      { address: 'two@example.org', verified: false },
    ])
    expect(await world.accounts.findUserByEmail('ada@example.org')).toBeNull()
  })

  test('says 404 when nothing matches, and refuses an address that somebody has', async () => {
    await using world = meteorWorld(OPEN)
    const id = await world.createUser('ada')
    await world.createUser('ben')
    const { accounts } = world
    expect(await refusalIn(accounts.replaceEmailAsync(id, 'not@example.org', 'new@example.org'))).toEqual([
      404,
      'No user could be found with old email',
    ])
    expect(await refusalIn(accounts.replaceEmailAsync(id, 'ada@example.org', 'BEN@example.org'))).toEqual([403, 'Email already exists.'])
    expect(await emailsOf(world, id)).toEqual([{ address: 'ada@example.org', verified: false }])
  })
})

test('removeEmail removes exactly that address', async () => {
  await using world = meteorWorld()
  const id = await world.createUser('ada')
  await world.accounts.addEmailAsync(id, 'two@example.org')
  await world.accounts.addEmailAsync(id, 'three@example.org')
  await world.accounts.removeEmail(id, 'two@example.org')
  expect(await emailsOf(world, id)).toEqual([
    { address: 'ada@example.org', verified: false },
    { address: 'three@example.org', verified: false },
  ])
  expect(await refusalIn(world.accounts.removeEmail('nobody', 'two@example.org'))).toEqual([403, 'User not found'])
})

test('of users who are given one name or address at once exactly one has it', async () => {
  await using world = meteorWorld(OPEN)
  const many = Array.from({ length: 8 }, (_, at) => `user${at}`)
  const ids = await Promise.all(many.map(name => world.accounts.createUserAsync({ username: name })))
  const named = await Promise.allSettled(ids.map((id, at) => world.accounts.setUsername(id, at % 2 === 0 ? 'same' : 'SAME')))
  const addressed = await Promise.allSettled(ids.map(id => world.accounts.addEmailAsync(id, 'same@example.org')))
  for (const outcome of [named, addressed]) expect(outcome.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})
