import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { StoredPassword } from '../../core/identity/credential.ts'
import { passwordCredential, passwordOf } from '../../core/identity/credential.ts'
import type { PasswordInput } from '../../core/ports.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { PASSWORD, newWorld } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'
import { AccountsPassword } from './index.ts'
import type { AccountsPasswordOptions } from './index.ts'
import { makeHash } from './recipe.ts'

const CHEAP = { argon2: { memoryCost: 64, timeCost: 1 } }
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('signing in with a password', () => {
  it('works with an address, a name or an id, and with a digest', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    for (const user of ['ada@example.org', 'ADA@example.org', 'ada', 'Ada', { id }, { username: 'ada' }, { email: 'ada@example.org' }]) {
      expect((await signIn(world, user)).user.id).toBe(id)
    }
    expect((await signIn(world, 'ada', { digest: sha256(PASSWORD), algorithm: 'sha-256' })).user.id).toBe(id)
  })

  it('answers alike for whatever is wrong, while messages are ambiguous', async () => {
    await using world = await open()
    const { user } = await withStored(world, 'ada', null)
    await world.createUser('grace')
    const errors = [
      await failure(world, 'nobody'),
      await failure(world, { id: user.id }),
      await failure(world, 'grace', 'wrong'),
      await failure(world, {}),
    ]
    for (const error of errors)
      expect(error).toMatchObject({ code: 'InvalidCredentials', message: 'Invalid credentials', details: undefined })
  })

  it('says what is wrong when the app wants that', async () => {
    await using world = await open({}, { ambiguousErrorMessages: false })
    await withStored(world, 'ada', null)
    await world.createUser('grace')
    expect(await failure(world, 'nobody')).toMatchObject({ code: 'UserNotFound', message: 'User not found' })
    expect(await failure(world, 'ada')).toMatchObject({ code: 'NoPasswordSet', message: 'User has no password set' })
    expect(await failure(world, 'grace', 'wrong')).toMatchObject({ code: 'IncorrectPassword', message: 'Incorrect password' })
  })

  it("uses the app's own texts, and ours for the rest", async () => {
    await using world = await open({ errors: { invalidCredentials: 'Nope', matchFailed: 'Huh?' } })
    expect(await failure(world, 'nobody')).toMatchObject({ code: 'InvalidCredentials', message: 'Nope' })
    expect(await failure(world, 5)).toMatchObject({ code: 'MatchFailed', message: 'Huh?', details: { field: 'user' } })
    expect(await failure(world, '')).toMatchObject({
      code: 'UnrecognizedOptionsForLogin',
      message: 'Unrecognized options for login request',
    })
  })

  it('names the user in what the hooks and the audit trail learn of a failure', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    await failure(world, 'ada', 'wrong')
    const [line] = await world.server.accounts.core.store.audit.list({ userId: id, limit: 1 })
    expect(line).toMatchObject({ type: 'login-failed', userId: id })
  })

  it('asks for a verified address only after the right password', async () => {
    await using world = await open({ requireEmailVerification: true })
    await world.createUser('ada')
    expect(await failure(world, 'ada', 'wrong')).toMatchObject({ code: 'InvalidCredentials' })
    expect(await failure(world, 'ada')).toMatchObject({ code: 'EmailNotVerified' })
    await world.server.accounts.sendVerificationEmail('ada@example.org', world.origin)
    await world.server.accounts.verifyEmail(await world.tokenFor('ada@example.org'), world.origin)
    for (const user of ['ada', 'Ada@Example.org']) expect((await signIn(world, user)).user.username).toBe('ada')
  })

  it('asks for the very address that was used', async () => {
    await using world = await open({ requireEmailVerification: true })
    const { id } = await world.createUser('ada')
    const store = world.server.accounts.core.store
    await store.users.addEmail(id, { address: 'Second@example.org', verified: true }, 'second@example.org', world.clock.now())
    expect(await failure(world, 'ada@example.org')).toMatchObject({ code: 'EmailNotVerified' })
    expect((await signIn(world, 'second@EXAMPLE.org')).user.id).toBe(id)
    expect((await signIn(world, 'ada')).user.id).toBe(id)
  })

  it('tells of a deactivated account only whoever knows its password', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    await world.server.deactivateUser(id)
    expect(await failure(world, 'ada', 'wrong')).toMatchObject({ code: 'InvalidCredentials' })
    expect(await failure(world, 'ada')).toMatchObject({ code: 'UserDeactivated' })
  })

  it('does nothing by itself', () => {
    expect(() => new AccountsPassword().parse({ user: 'ada', password: 'x' })).toThrow('give it to an AccountsServer')
  })

  it('belongs to one server', async () => {
    const password = new AccountsPassword(CHEAP)
    await using world = await newWorld({ services: { password } })
    await expect(newWorld({ services: { password } })).rejects.toMatchObject({ code: 'InvalidSettings' })
    expect(world.server).toBeDefined()
  })
})

describe('the strength of hashes', () => {
  const old: [string, () => Promise<StoredPassword>][] = [
    [
      "Meteor's bcrypt",
      async () => ({ form: 'bcrypt-sha256', hash: await makeHash({ algorithm: 'bcrypt', rounds: 4 }, sha256(PASSWORD)) }),
    ],
    ["accounts-js's bcrypt", async () => ({ form: 'bcrypt', hash: await makeHash({ algorithm: 'bcrypt', rounds: 4 }, PASSWORD) })],
    [
      'foreign argon2id',
      async () => ({
        form: 'argon2id',
        hash: await makeHash({ algorithm: 'argon2id', memoryCost: 8, timeCost: 1, parallelism: 1 }, PASSWORD),
      }),
    ],
  ]

  it.each(old)('goes up after a good login: %s becomes argon2id of the digest', async (_, stored) => {
    await using world = await open()
    const { user, kept } = await withStored(world, 'ada', await stored())
    await failure(world, 'ada', 'wrong')
    await Promise.all([signIn(world, 'ada'), signIn(world, 'ada')])
    await until(async () => (await kept())?.form === 'argon2id-sha256')
    expect((await kept())?.hash).toContain('m=64,t=1,p=1')
    // The very same password, and now by digest too.
    await signIn(world, 'ada')
    await signIn(world, 'ada', { digest: sha256(PASSWORD), algorithm: 'sha-256' })
    const lines = await world.server.accounts.core.store.audit.list({ userId: user.id, limit: 20 })
    expect(lines.filter(({ type }) => type === 'credential-upgraded').map(({ data }) => data)).toMatchObject([{ to: 'argon2id-sha256' }])
  })

  it('follows the settings back to bcrypt, and to another cost', async () => {
    await using world = await open({ bcryptRounds: 5 })
    const { kept } = await withStored(world, 'ada', {
      form: 'bcrypt-sha256',
      hash: await makeHash({ algorithm: 'bcrypt', rounds: 4 }, sha256(PASSWORD)),
    })
    await signIn(world, 'ada')
    await until(async () => ((await kept())?.hash ?? '').startsWith('$2b$05$'))
    expect((await kept())?.form).toBe('bcrypt-sha256')
  })

  it('never costs the login: a store that fails to keep the better hash is only reported', async () => {
    await using world = await open()
    await withStored(world, 'ada', { form: 'bcrypt', hash: await makeHash({ algorithm: 'bcrypt', rounds: 4 }, PASSWORD) })
    world.server.accounts.core.store.users.upgradePassword = () => Promise.reject(new Error('disk full'))
    expect((await signIn(world, 'ada')).user.username).toBe('ada')
    await until(async () => world.log.some(({ level, message }) => level === 'warn' && message.includes('could not be strengthened')))
    expect(JSON.stringify(world.log)).not.toContain('$2b$')
  })

  it('is warned about in production when the cost is below what OWASP recommends', async () => {
    const said = async (options: AccountsPasswordOptions): Promise<boolean> => {
      await using world = await open(options, { production: true, siteUrl: 'https://example.org' })
      return world.log.some(({ message }) => message.includes('OWASP'))
    }
    expect(await said(CHEAP)).toBe(true)
    expect(await said({ argon2: { memoryCost: 19_456, timeCost: 2 } })).toBe(false)
  })
})

describe('a server without room for more hashes', () => {
  it('answers Busy with a time to come back, and goes on', async () => {
    await using world = await open({ ...CHEAP, hashing: { concurrency: 1, queue: 2, maxWait: '5s' } })
    await world.createUser('ada')
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => signIn(world, 'ada')))
    const refusals = outcomes.filter(outcome => outcome.status === 'rejected').map(({ reason }) => reason as unknown)
    expect(refusals.length).toBeGreaterThan(0)
    expect(refusals.length).toBeLessThan(12)
    for (const reason of refusals) expect(reason).toMatchObject({ code: 'Busy', retryAfter: 1 })
    expect((await signIn(world, 'ada')).user.username).toBe('ada')
  })
})

const open = (password: AccountsPasswordOptions = CHEAP, options: object = {}): Promise<World> =>
  newWorld({ store: memoryStore(), options, services: { password: new AccountsPassword({ ...CHEAP, ...password }) } })

const signIn = (world: World, user: unknown, password: PasswordInput = PASSWORD) =>
  world.server.loginWithService('password', { user, password }, { ip: '192.0.2.1', userAgent: 'test' })

async function failure(world: World, user: unknown, password: PasswordInput = PASSWORD): Promise<unknown> {
  return signIn(world, user, password).then(
    () => 'signed in',
    (error: unknown) => error,
  )
}

/** A user with that very hash, or with no password at all. */
async function withStored(world: World, name: string, stored: StoredPassword | null) {
  const user = await world.createUser(name)
  const { users } = world.server.accounts.core.store
  if (stored) await users.putCredential(passwordCredential(user.id, stored, world.clock.now()))
  else await users.removeCredential(user.id, 'password', '')
  return { user, kept: async () => passwordOf(await users.credentials(user.id)) }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 20_000
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error('it did not come to pass within twenty seconds')
    await new Promise(resolve => setImmediate(resolve))
  }
}
