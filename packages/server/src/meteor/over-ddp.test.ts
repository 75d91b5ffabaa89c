/** What a client of a whole server with Meteor's face sees of names, links and hooks. */
import { createHash } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { AccountsServer } from '../accounts-server.ts'
import type { Mail } from '../core/ports.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { refusalOf, resultOf } from '../testing/ddp-accounts.ts'
import { WireClient } from '../testing/ddp-wire.ts'
import { DDPServer, MeteorError } from '../transports/ddp/index.ts'
import type { MeteorServerOptions } from './meteor-options.ts'

const PASSWORD = 'correct horse battery'
const digested = { digest: createHash('sha256').update(PASSWORD).digest('hex'), algorithm: 'sha-256' }
const GENERIC = 'Something went wrong. Please check your credentials.'

interface App extends AsyncDisposable {
  ddp: DDPServer
  accounts: AccountsServer
  mails: Mail[]
  connect(): WireClient
  /** The token in the newest mail to an address. */
  tokenFor(address: string): Promise<string>
}

function app(options: Partial<MeteorServerOptions> = {}): App {
  const ddp = new DDPServer()
  const mails: Mail[] = []
  const accounts = new AccountsServer(ddp, {
    db: memoryStore(),
    tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz',
    argon2MemoryCost: 64,
    argon2TimeCost: 1,
    ambiguousErrorMessages: false,
    sendMail: async mail => void mails.push(mail),
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    ...options,
  })
  return {
    ddp,
    accounts,
    mails,
    connect: () => WireClient.connected(ddp),
    async tokenFor(address) {
      const token = (): string | undefined => /#\/[\w-]+\/([\w-]{43})/.exec(mails.findLast(({ to }) => to === address)?.text ?? '')?.[1]
      await vi.waitFor(() => expect(token()).toBeDefined())
      return token() ?? ''
    },
    async [Symbol.asyncDispose]() {
      await ddp.stop()
      await accounts.stop()
    },
  }
}

const createUser = async (client: WireClient, user: object): Promise<string> =>
  resultOf(await client.call(`create-${JSON.stringify(user)}`, 'createUser', { password: digested, ...user })).id
const loginAs = (client: WireClient, user: object): ReturnType<WireClient['call']> =>
  client.call(`login-${JSON.stringify(user)}`, 'login', { user, password: digested })

describe('somebody signs in', () => {
  it('by name and by address, as they are and in another case', async () => {
    await using at = app()
    const id = await createUser(at.connect(), { username: 'Ada.L', email: 'Ada@Example.org' })
    for (const user of [{ username: 'Ada.L' }, { username: 'aDA.l' }, { email: 'Ada@Example.org' }, { email: 'aDA@eXAMPLE.ORG' }, { id }])
      expect(resultOf(await loginAs(at.connect(), user)).id).toBe(id)
  })

  it('by a name with letters beyond ASCII and emoji, in another case', async () => {
    await using at = app()
    const id = await createUser(at.connect(), { username: 'ÁdaLØvela😈e' })
    expect(resultOf(await loginAs(at.connect(), { username: 'ádaløvela😈e' })).id).toBe(id)
  })

  it('by their whole name, which is no pattern', async () => {
    await using at = app()
    await createUser(at.connect(), { username: 'adalovelace', email: 'ada.lovelace@example.org' })
    for (const user of [{ username: '.+' }, { username: 'ada' }, { email: '.+@example.org' }, { email: 'lovelace@example.org' }])
      expect(refusalOf(await loginAs(at.connect(), user))).toEqual([403, 'User not found'])
  })

  it('whose name differs from no other’s by case alone', async () => {
    await using at = app()
    await createUser(at.connect(), { username: 'ada', email: 'ada@example.org' })
    const client = at.connect()
    expect(refusalOf(await client.call('1', 'createUser', { username: 'ADA', password: digested }))).toEqual([
      403,
      'Username already exists.',
    ])
    expect(refusalOf(await client.call('2', 'createUser', { email: 'ADA@example.org', password: digested }))).toEqual([
      403,
      'Email already exists.',
    ])
    expect(await at.accounts.accounts.core.store.users.count()).toBe(1)
  })
})

describe('a new user', () => {
  it('is refused by a validateNewUser that answers false, and with the reason of one that throws', async () => {
    await using at = app()
    at.accounts.validateNewUser(({ username }) => {
      if (username === 'loud') throw new MeteorError(403, 'An error with a reason')
      return username !== 'silent'
    })
    const client = at.connect()
    expect(refusalOf(await client.call('1', 'createUser', { username: 'silent', password: digested }))).toEqual([
      403,
      'User validation failed',
    ])
    expect(refusalOf(await client.call('2', 'createUser', { username: 'loud', password: digested }))).toEqual([
      403,
      'An error with a reason',
    ])
    expect(client.all('added')).toEqual([])
  })

  it('is what onCreateUser makes of extra options, and the client sees the profile of that', async () => {
    await using at = app()
    at.accounts.onCreateUser((options, user) => ({ ...user, profile: { touched: options.touch } }))
    const client = at.connect()
    await createUser(client, { username: 'ada', touch: 'by a hook' })
    expect(client.all('added')).toMatchObject([{ fields: { username: 'ada', profile: { touched: 'by a hook' } } }])
  })

  it('is published with one unverified address and without services, and is sent one link to verify it, which signs in', async () => {
    await using at = app({ sendVerificationEmail: true })
    const client = at.connect()
    const id = await createUser(client, { email: 'Ada@example.org' })
    expect(client.all('added')).toEqual([
      { msg: 'added', collection: 'users', id, fields: { emails: [{ address: 'Ada@example.org', verified: false }] } },
    ])
    const token = await at.tokenFor('Ada@example.org')
    expect(at.mails).toHaveLength(1)
    const other = at.connect()
    expect(resultOf(await other.call('1', 'verifyEmail', token))).toMatchObject({ id, type: 'password' })
    expect(other.all('added')).toMatchObject([{ fields: { emails: [{ address: 'Ada@example.org', verified: true }] } }])
  })

  it('who was made by the app and invited signs in by the link, which verifies the address; later with the password', async () => {
    await using at = app()
    const id = await at.accounts.createUserAsync({ email: 'ada@example.org' })
    await at.accounts.sendEnrollmentEmail(id)
    await vi.waitFor(() => expect(at.mails[0]?.text).toContain('#/enroll-account/'))
    const client = at.connect()
    expect(resultOf(await client.call('1', 'resetPassword', await at.tokenFor('ada@example.org'), digested)).id).toBe(id)
    expect(client.all('added')).toMatchObject([{ fields: { emails: [{ address: 'ada@example.org', verified: true }] } }])
    expect(resultOf(await loginAs(at.connect(), { email: 'ada@example.org' })).id).toBe(id)
  })
})

describe('an address', () => {
  it('is verified by its own link alone, and once it is spelt anew it has to be verified anew', async () => {
    await using at = app()
    const client = at.connect()
    const id = await createUser(client, { email: 'ada@example.org' })
    const emails = async (): Promise<unknown> => (await at.accounts.findUserByEmail('ada@example.org'))?.emails
    const first = { address: 'ada@example.org', verified: false }
    for (const address of ['second@example.org', 'SECOND@example.org']) {
      await at.accounts.addEmailAsync(id, address)
      expect(await emails()).toEqual([first, { address, verified: false }])
      await at.accounts.sendVerificationEmail(id, address)
      expect(resultOf(await at.connect().call('1', 'verifyEmail', await at.tokenFor(address))).id).toBe(id)
      expect(await emails()).toEqual([first, { address, verified: true }])
    }
  })
})

describe('a link to reset the password', () => {
  it('goes to an address that was added later, asked for in another case, and leads back in with the new password', async () => {
    await using at = app()
    const client = at.connect()
    const id = await createUser(client, { email: 'ada@example.org' })
    await at.accounts.addEmailAsync(id, 'Second@example.org')
    await at.connect().call('1', 'forgotPassword', { email: 'second@EXAMPLE.org' })
    const next = { digest: createHash('sha256').update('another password').digest('hex'), algorithm: 'sha-256' }
    const fresh = at.connect()
    expect(resultOf(await fresh.call('1', 'resetPassword', await at.tokenFor('Second@example.org'), next)).id).toBe(id)
    expect(fresh.all('added')[0]).toMatchObject({
      fields: {
        emails: [
          { address: 'ada@example.org', verified: false },
          { address: 'Second@example.org', verified: true },
        ],
      },
    })
    await fresh.call('2', 'logout')
    expect(resultOf(await fresh.call('3', 'login', { user: { email: 'ada@example.org' }, password: next })).id).toBe(id)
  })
})

describe('hooks around a login', () => {
  it('refuse by answering false with "Login forbidden", which goes before no earlier error; by throwing with what they throw', async () => {
    await using at = app()
    const client = at.connect()
    await createUser(client, { username: 'ada' })
    const refusing = at.accounts.validateLoginAttempt(() => false)
    expect(refusalOf(await loginAs(at.connect(), { username: 'ada' }))).toEqual([403, 'Login forbidden'])
    expect(refusalOf(await loginAs(at.connect(), { username: 'nobody' }))).toEqual([403, 'User not found'])
    refusing.stop()
    at.accounts.validateLoginAttempt(() => {
      throw new MeteorError(403, 'hide actual error')
    })
    expect(refusalOf(await loginAs(at.connect(), { username: 'nobody' }))).toEqual([403, 'hide actual error'])
  })

  it('are told once of a sign-up that signs in, and with what it was called', async () => {
    await using at = app()
    const told: unknown[] = []
    at.accounts.onLogin(({ type, allowed, methodName, methodArguments: [options] }) => {
      told.push([type, allowed, methodName, (options as { username: string }).username])
    })
    await createUser(at.connect(), { username: 'ada' })
    expect(told).toEqual([['password', true, 'createUser', 'ada']])
  })

  it('are told once of a logout', async () => {
    await using at = app()
    const told: unknown[] = []
    at.accounts.onLogout(({ user }) => void told.push(user._id))
    const client = at.connect()
    const id = await createUser(client, { username: 'ada' })
    await client.call('2', 'logout')
    await client.call('3', 'logout')
    expect(told).toEqual([id])
  })

  it('are told once of a login that failed, and why', async () => {
    await using at = app()
    const told: unknown[] = []
    at.accounts.onLoginFailure(({ type, allowed, error }) => {
      told.push([type, allowed, (error as { reason?: string } | undefined)?.reason])
    })
    await createUser(at.connect(), { username: 'ada' })
    const wrong = { user: { username: 'ada' }, password: 'wrong' }
    await at.connect().call('1', 'login', wrong)
    await at.connect().call('2', 'login', { ...wrong, user: { username: 'nobody' } })
    expect(told).toEqual([
      ['password', false, 'Incorrect password'],
      ['password', false, 'User not found'],
    ])
  })

  it('are told of a link that leads in, and of one that does not', async () => {
    await using at = app({ sendVerificationEmail: true })
    await createUser(at.connect(), { email: 'ada@example.org' })
    const told: unknown[] = []
    at.accounts.onLogin(({ type, methodName }) => void told.push([type, methodName]))
    at.accounts.onLoginFailure(({ type, methodName, error }) => {
      told.push([type, methodName, (error as { reason?: string } | undefined)?.reason])
    })
    await at.connect().call('1', 'verifyEmail', await at.tokenFor('ada@example.org'))
    await at.connect().call('1', 'verifyEmail', 'wrong')
    await at.connect().call('1', 'resetPassword', 'wrong', digested)
    expect(told).toEqual([
      ['password', 'verifyEmail'],
      ['password', 'verifyEmail', 'Verify email link expired'],
      ['password', 'resetPassword', 'Token expired'],
    ])
  })
})

it('a method of the app asks for the signed-in user, who is nobody after a logout', async () => {
  await using at = app()
  at.ddp.methods({ whoAmI: async () => (await at.accounts.userAsync())?.username ?? null })
  const client = at.connect()
  await createUser(client, { username: 'ada' })
  expect(resultOf(await client.call('2', 'whoAmI'))).toBe('ada')
  await client.call('3', 'logout')
  expect(resultOf(await client.call('4', 'whoAmI'))).toBeNull()
})

it('a login token is refused when it is none, and after its logout', async () => {
  await using at = app({ ambiguousErrorMessages: true })
  const client = at.connect()
  await createUser(client, { username: 'ada' })
  const { token } = resultOf(await loginAs(client, { username: 'ada' }))
  expect(resultOf(await at.connect().call('1', 'login', { resume: token })).token).toBe(token)
  await client.call('3', 'logout')
  for (const resume of [token, 'bogus'])
    expect(refusalOf(await at.connect().call('1', 'login', { resume }))).toEqual([
      403,
      "You've been logged out by the server. Please log in again.",
    ])
  expect(refusalOf(await at.connect().call('1', 'login', { user: { username: 'ada' }, password: 'wrong' }))).toEqual([403, GENERIC])
})

it('the other clients of a user are signed out by a new token and the removal of all others', async () => {
  await using at = app()
  const client = at.connect()
  await createUser(client, { username: 'ada' })
  const { token } = resultOf(await loginAs(client, { username: 'ada' }))
  const other = at.connect()
  await other.call('1', 'login', { resume: token })
  const next = resultOf(await client.call('2', 'getNewToken')).token
  await client.call('3', 'removeOtherTokens')
  await vi.waitFor(() => expect(other.isClosed).toBe(true))
  expect(refusalOf(await at.connect().call('1', 'login', { resume: token }))[0]).toBe(403)
  expect(resultOf(await at.connect().call('1', 'login', { resume: next })).token).toBe(next)
})
