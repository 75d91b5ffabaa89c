import { MeteorError } from '@latchkey/common/meteor'
import { describe, expect, test } from 'vitest'
import { passwordOf } from '../../core/identity/credential.ts'
import { PASSWORD } from '../../testing/index.ts'
import { refusalOf, resultOf } from '../../testing/ddp-accounts.ts'
import { meteorWorld } from '../../testing/meteor.ts'
import type { MeteorWorld } from '../../testing/meteor.ts'

const hashOf = async (world: MeteorWorld, id: string): Promise<string> =>
  passwordOf(await world.accounts.accounts.core.store.users.credentials(id))?.hash ?? ''
const isRight = async (world: MeteorWorld, id: string, password = PASSWORD): Promise<boolean> =>
  (await world.accounts._checkPasswordAsync({ _id: id }, password)).error === undefined

describe('setPasswordAsync', () => {
  test('sets a hash, and the same password twice gives another one', async () => {
    await using world = meteorWorld()
    const id = await world.accounts.createUserAsync({ username: 'ada' })
    const hashes = new Set<string>()
    for (const _ of [1, 2]) {
      await world.accounts.setPasswordAsync(id, 'another good password')
      hashes.add(await hashOf(world, id))
    }
    expect(hashes.size).toBe(2)
    expect(await isRight(world, id, 'another good password')).toBe(true)
  })

  test('sets the hash as Meteor keeps it, bcrypt of the digest, where bcryptRounds is set', async () => {
    await using world = meteorWorld({ bcryptRounds: 4 })
    const id = await world.createUser()
    await world.accounts.setPasswordAsync(id, 'another good password')
    expect(await hashOf(world, id)).toMatch(/^\$2b\$04\$/)
  })

  test('sets a hash of argon2 where that is wanted: each time another one, without the link to reset it, and without sessions unless they may stay', async () => {
    await using world = meteorWorld({ argon2Enabled: true })
    const id = await world.createUser()
    const { token } = await world.login(world.connect())
    const link = await world.accounts.generateResetToken(id, 'ada@example.org', 'reset')
    const hashes = [await hashOf(world, id)]
    await world.accounts.setPasswordAsync(id, PASSWORD, { logout: false })
    hashes.push(await hashOf(world, id))
    expect(resultOf(await world.connect().call('1', 'login', { resume: token }))).toMatchObject({ id })
    expect(refusalOf(await world.connect().call('1', 'resetPassword', link.token, 'a third good password'))).toEqual([403, 'Token expired'])
    await world.accounts.setPasswordAsync(id, PASSWORD)
    hashes.push(await hashOf(world, id))
    expect(refusalOf(await world.connect().call('1', 'login', { resume: token }))[0]).toBe(403)
    expect(new Set(hashes).size).toBe(3)
    for (const hash of hashes) expect(hash).toMatch(/^\$argon2id\$/)
    expect(await isRight(world, id)).toBe(true)
  })

  test('removes a link to reset the password', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const { token } = await world.accounts.generateResetToken(id, 'ada@example.org', 'reset')
    await world.accounts.setPasswordAsync(id, 'another good password')
    expect(refusalOf(await world.connect().call('1', 'resetPassword', token, 'a third good password'))).toEqual([403, 'Token expired'])
    expect(await isRight(world, id, 'another good password')).toBe(true)
  })

  test('ends every session, unless logout is false', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const { token } = await world.login(world.connect())
    await world.accounts.setPasswordAsync(id, PASSWORD, { logout: false })
    expect(resultOf(await world.connect().call('1', 'login', { resume: token }))).toMatchObject({ id, token })
    await world.accounts.setPasswordAsync(id, PASSWORD)
    expect(refusalOf(await world.connect().call('1', 'login', { resume: token }))[0]).toBe(403)
  })

  test('says of an unknown user that there is none, and of an empty password that it is none', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const unknown = world.accounts.setPasswordAsync('nobody', 'another good password')
    await expect(unknown).rejects.toMatchObject({ error: 403, reason: 'User not found' })
    await expect(world.accounts.setPasswordAsync(id, '')).rejects.toBeInstanceOf(MeteorError)
    expect(await isRight(world, id)).toBe(true)
  })
})

describe('the cost of hashes', () => {
  test('with bcryptRounds is that of new hashes; after a change the next good check makes a hash anew, and new users have the new one', async () => {
    await using world = meteorWorld({ argon2Enabled: false, bcryptRounds: 4 })
    const id = await world.createUser()
    expect(await hashOf(world, id)).toMatch(/^\$2b\$04\$/)
    world.accounts.config({ bcryptRounds: 5 })
    expect(await isRight(world, id)).toBe(true)
    await expect.poll(() => hashOf(world, id)).toMatch(/^\$2b\$05\$/)
    expect(await isRight(world, id)).toBe(true)
    expect(await hashOf(world, await world.createUser('ben'))).toMatch(/^\$2b\$05\$/)
  })

  test('is ten rounds where bcrypt is wanted and nothing more is said', async () => {
    await using world = meteorWorld({ argon2Enabled: false })
    expect(await hashOf(world, await world.createUser())).toMatch(/^\$2b\$10\$/)
  })

  test('a wrong password makes no hash anew', async () => {
    await using world = meteorWorld({ argon2Enabled: false, bcryptRounds: 4 })
    const id = await world.createUser()
    world.accounts.config({ bcryptRounds: 5 })
    expect(await isRight(world, id, 'a wrong password')).toBe(false)
    expect(await hashOf(world, id)).toMatch(/^\$2b\$04\$/)
  })

  test('turned to argon2, a good check of a bcrypt hash succeeds and leaves argon2 and no bcrypt, which is good as well', async () => {
    await using world = meteorWorld({ argon2Enabled: false, bcryptRounds: 4 })
    const id = await world.createUser()
    world.accounts.config({ argon2Enabled: true })
    expect(await isRight(world, id)).toBe(true)
    await expect.poll(() => hashOf(world, id)).toMatch(/^\$argon2id\$/)
    expect(await isRight(world, id)).toBe(true)
    expect(await isRight(world, id, 'a wrong password')).toBe(false)
  })

  test('turned to bcrypt, a good check of an argon2 hash succeeds and leaves bcrypt, which is good as well', async () => {
    await using world = meteorWorld({ argon2Enabled: true })
    const id = await world.createUser()
    world.accounts.config({ argon2Enabled: false, bcryptRounds: 4 })
    expect(await isRight(world, id)).toBe(true)
    await expect.poll(() => hashOf(world, id)).toMatch(/^\$2b\$04\$/)
    expect(await isRight(world, id)).toBe(true)
  })

  test('with argon2 is by itself 19456 KiB, two passes and one lane', async () => {
    // Not set: worlds of tests have costs of their own, which the type would not let go.
    const unset: object = { argon2MemoryCost: undefined, argon2TimeCost: undefined }
    await using world = meteorWorld({ argon2Enabled: true, ...unset })
    expect(await hashOf(world, await world.createUser())).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })

  test.each([
    ['argon2Type', { argon2Type: 'argon2d' }, /^\$argon2d\$v=19\$m=64,t=1,p=1\$/],
    ['argon2TimeCost', { argon2TimeCost: 2 }, /^\$argon2id\$v=19\$m=64,t=2,p=1\$/],
    ['argon2MemoryCost', { argon2MemoryCost: 128 }, /^\$argon2id\$v=19\$m=128,t=1,p=1\$/],
    ['argon2Parallelism', { argon2Parallelism: 2 }, /^\$argon2id\$v=19\$m=64,t=1,p=2\$/],
  ] as const)('%s, changed, makes a hash anew at the next good check and holds for new users', async (_, change, wanted) => {
    await using world = meteorWorld({ argon2Enabled: true })
    const id = await world.createUser()
    expect(await hashOf(world, id)).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/)
    world.accounts.config(change)
    expect(await isRight(world, id)).toBe(true)
    await expect.poll(() => hashOf(world, id)).toMatch(wanted)
    expect(await isRight(world, id)).toBe(true)
    expect(await hashOf(world, await world.createUser('ben'))).toMatch(wanted)
  })
})
