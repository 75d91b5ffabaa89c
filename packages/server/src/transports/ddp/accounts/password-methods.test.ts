import { createHash } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { describe, expect, it, vi } from 'vitest'
import { ddpAccounts, refusalOf, resultOf } from '../../../testing/ddp-accounts.ts'
import type { DdpAccounts } from '../../../testing/ddp-accounts.ts'
import { PASSWORD } from '../../../testing/index.ts'

const GENERIC = 'Something went wrong. Please check your credentials.'
const OPENLY = { face: 'meteor', ambiguousErrorMessages: false } as const
const NEXT = 'another correct horse battery'
const digested = (password: string): object => ({ digest: createHash('sha256').update(password).digest('hex'), algorithm: 'sha-256' })

/** Gives the user a second factor. */
async function withSecondFactor({ world }: DdpAccounts, name = 'ada'): Promise<() => string> {
  const { tokens } = await world.loginAs(name)
  const who = await world.server.accounts.check(tokens.accessToken)
  const secret = await world.server.accounts.twoFactorSecret(who)
  const code = (): string => new TOTP({ secret: Secret.fromBase32(secret.base32) }).generate({ timestamp: world.clock.now() })
  await world.server.accounts.twoFactorSet(who, secret, code(), world.origin)
  world.clock.pass(30_000)
  return code
}

describe('createUser', () => {
  it('signs up and in with a digest, and publishes the user', async () => {
    await using at = await ddpAccounts()
    const client = at.connect()
    const result = resultOf(
      await client.call('1', 'createUser', {
        username: 'ada',
        email: 'Ada@Example.org',
        password: digested(NEXT),
        profile: { name: 'Ada' },
      }),
    )
    expect(result.type).toBe('password')
    expect(client.all('added')).toEqual([
      {
        msg: 'added',
        collection: 'users',
        id: result.id,
        fields: { emails: [{ address: 'Ada@Example.org', verified: false }], profile: { name: 'Ada' }, username: 'ada' },
      },
    ])
    const signedIn = await at.connect().call('1', 'login', { user: { email: 'ada@example.org' }, password: NEXT })
    expect(resultOf(signedIn).id).toBe(result.id)
  })

  it.each([
    ['in clear messages', OPENLY, 'Username already exists.'],
    ['in ambiguous ones', { face: 'meteor' } as const, GENERIC],
  ])('refuses a name that differs from another only in case, %s', async (_how, options, reason) => {
    await using at = await ddpAccounts({ options })
    await at.world.createUser('ada')
    expect(refusalOf(await at.connect().call('1', 'createUser', { username: 'ADA', password: NEXT }))).toEqual([403, reason])
    expect(await at.world.server.accounts.core.store.users.count()).toBe(1)
  })

  it.each([
    [[], [400, 'Match failed']],
    [[{ username: 5, password: NEXT }], [400, 'Match failed']],
    [[{ username: 'ada', password: 5 }], [400, 'Match failed']],
    [[{ password: NEXT }], [400, 'Need to set a username or email']],
    [[{ username: 'ada', password: '' }], [400, 'Password may not be empty']],
  ])('refuses %j', async (params, refusal) => {
    await using at = await ddpAccounts()
    expect(refusalOf(await at.connect().call('1', 'createUser', ...params))).toEqual(refusal)
  })

  it('is forbidden where the app says so', async () => {
    await using at = await ddpAccounts({ options: { face: 'meteor', signUpAllowed: false } })
    expect(refusalOf(await at.connect().call('1', 'createUser', { username: 'ada', password: NEXT }))).toEqual([403, 'Signups forbidden'])
  })
})

describe('changePassword', () => {
  it('with a wrong password fails and stays signed in', async () => {
    await using at = await ddpAccounts({ options: OPENLY })
    const { client, token } = await at.signedIn()
    expect(refusalOf(await client.call('2', 'changePassword', 'wrong', NEXT))).toEqual([403, 'Incorrect password'])
    expect(client.isClosed).toBe(false)
    expect(resultOf(await at.connect().call('1', 'login', { resume: token })).token).toBe(token)
  })

  it('keeps this connection, closes the others, and drops links to reset', async () => {
    await using at = await ddpAccounts()
    const { client, token } = await at.signedIn()
    const { client: other } = await at.signedIn()
    await client.call('2', 'forgotPassword', { email: 'ada@example.org' })
    const link = await at.world.tokenFor('ada@example.org')
    expect(resultOf(await client.call('3', 'changePassword', digested(PASSWORD), digested(NEXT)))).toEqual({ passwordChanged: true })
    await vi.waitFor(() => expect(other.isClosed).toBe(true))
    expect(client.isClosed).toBe(false)
    expect(resultOf(await at.connect().call('1', 'login', { resume: token })).token).toBe(token)
    expect(refusalOf(await at.connect().call('1', 'resetPassword', link, PASSWORD))).toEqual([403, 'Token expired'])
    expect(refusalOf(await at.connect().call('1', 'login', { user: { username: 'ada' }, password: PASSWORD }))[0]).toBe(403)
    expect(resultOf(await at.connect().call('1', 'login', { user: { username: 'ada' }, password: NEXT })).type).toBe('password')
  })

  it('is for whoever is signed in', async () => {
    await using at = await ddpAccounts()
    expect(refusalOf(await at.connect().call('1', 'changePassword', PASSWORD, NEXT))).toEqual([401, 'Must be logged in'])
    expect(refusalOf(await at.connect().call('1', 'changePassword', null, NEXT))).toEqual([400, 'Match failed'])
  })

  it('wants a code too from a user with a second factor whose session is not fresh', async () => {
    await using at = await ddpAccounts()
    const code = await withSecondFactor(at)
    const client = at.connect()
    resultOf(await client.call('1', 'login', { user: { username: 'ada' }, password: PASSWORD, code: code() }))
    at.world.clock.pass(11 * 60_000)
    expect(refusalOf(await client.call('2', 'changePassword', PASSWORD, NEXT))[0]).toBe('no-2fa-code')
    expect(resultOf(await client.call('3', 'changePassword', PASSWORD, NEXT, code()))).toEqual({ passwordChanged: true })
  })
})

describe('forgotPassword', () => {
  it.each(['nobody@example.org', 'no address'])('is silent about %s', async email => {
    await using at = await ddpAccounts()
    expect(await at.connect().call('1', 'forgotPassword', { email })).toEqual({ msg: 'result', id: '1' })
    expect(await at.world.delivered()).toEqual([])
  })

  it.each(['nobody@example.org', 'no address'])('says that nobody has %s where the app lets it', async email => {
    await using at = await ddpAccounts({ options: OPENLY })
    expect(refusalOf(await at.connect().call('1', 'forgotPassword', { email }))).toEqual([403, 'User not found'])
  })

  it('writes to the address that was asked for, whatever its case, and not only to the first', async () => {
    await using at = await ddpAccounts()
    const { id } = await at.world.createUser('ada')
    await at.world.server.accounts.addEmailOf(id, 'Second@Example.org', false)
    await at.connect().call('1', 'forgotPassword', { email: 'second@EXAMPLE.org' })
    const [mail] = await at.world.delivered().then(mails => mails.filter(({ text }) => text.includes('reset-password')))
    expect(mail?.to).toBe('Second@Example.org')
    expect(mail?.text).toMatch(/#\/reset-password\/[\w-]{43}/)
  })

  it.each([[[]], [[{}]], [[{ email: 5 }]], [[{ email: 'a@b.c', more: 1 }]]])('refuses %j', async params => {
    await using at = await ddpAccounts()
    expect(refusalOf(await at.connect().call('1', 'forgotPassword', ...params))).toEqual([400, 'Match failed'])
  })
})

describe('resetPassword', () => {
  it('sets the password, verifies the address, signs in, and closes every other connection of the user', async () => {
    await using at = await ddpAccounts()
    const { client: earlier, id } = await at.signedIn()
    const client = at.connect()
    await client.call('1', 'forgotPassword', { email: 'ada@example.org' })
    const link = await at.world.tokenFor('ada@example.org')
    const result = resultOf(await client.call('2', 'resetPassword', link, digested(NEXT)))
    expect(result).toMatchObject({ id, type: 'password' })
    expect(client.all('added')).toMatchObject([{ fields: { emails: [{ address: 'ada@example.org', verified: true }] } }])
    await vi.waitFor(() => expect(earlier.isClosed).toBe(true))
    expect(client.isClosed).toBe(false)
    expect(refusalOf(await at.connect().call('1', 'resetPassword', link, NEXT))).toEqual([403, 'Token expired'])
    expect(resultOf(await at.connect().call('1', 'login', { user: { username: 'ada' }, password: NEXT })).id).toBe(id)
  })

  it('on a connection that is signed in goes on there with a session of its own', async () => {
    await using at = await ddpAccounts()
    const { client, token } = await at.signedIn()
    await client.call('2', 'forgotPassword', { email: 'ada@example.org' })
    const result = resultOf(await client.call('3', 'resetPassword', await at.world.tokenFor('ada@example.org'), NEXT))
    expect(result.token).not.toBe(token)
    expect(resultOf<{ username: string }>(await client.call('4', 'latchkey.user')).username).toBe('ada')
    expect(client.isClosed).toBe(false)
  })

  it('that fails leaves the connection signed in as it was', async () => {
    await using at = await ddpAccounts()
    const { client } = await at.signedIn()
    expect(refusalOf(await client.call('2', 'resetPassword', 'wrong', NEXT))).toEqual([403, 'Token expired'])
    expect(refusalOf(await client.call('3', 'resetPassword', '', NEXT))).toEqual([403, 'Token expired'])
    expect(refusalOf(await client.call('4', 'resetPassword', 5, NEXT))).toEqual([400, 'Match failed'])
    expect(resultOf<{ username: string }>(await client.call('5', 'latchkey.user')).username).toBe('ada')
  })

  it('with a link that is too old changes nothing', async () => {
    await using at = await ddpAccounts()
    await at.world.createUser('ada')
    const client = at.connect()
    await client.call('1', 'forgotPassword', { email: 'ada@example.org' })
    const link = await at.world.tokenFor('ada@example.org')
    at.world.clock.pass(5 * 86_400_000)
    expect(refusalOf(await client.call('2', 'resetPassword', link, NEXT))).toEqual([403, 'Token expired'])
    expect(resultOf(await client.call('3', 'login', { user: { username: 'ada' }, password: PASSWORD })).type).toBe('password')
  })

  it('with a link to an address that is the user’s no longer changes nothing', async () => {
    await using at = await ddpAccounts()
    const { id } = await at.world.createUser('ada')
    await at.world.server.accounts.addEmailOf(id, 'second@example.org', false)
    const client = at.connect()
    await client.call('1', 'forgotPassword', { email: 'ada@example.org' })
    const link = await at.world.tokenFor('ada@example.org')
    await at.world.server.accounts.core.store.users.replaceEmail(
      id,
      'ada@example.org',
      { address: 'new@example.org', verified: false },
      'new@example.org',
      at.world.clock.now(),
    )
    const [error] = refusalOf(await client.call('2', 'resetPassword', link, NEXT))
    expect(error).toBe(403)
    expect(resultOf(await client.call('3', 'login', { user: { username: 'ada' }, password: PASSWORD })).id).toBe(id)
  })

  it('by an invitation sets the first password, verifies the address and signs in', async () => {
    await using at = await ddpAccounts()
    const { id } = await at.world.server.accounts.createUser({ email: 'ada@example.org' })
    await at.world.server.accounts.sendEnrollmentEmail('ada@example.org')
    const client = at.connect()
    const result = resultOf(await client.call('1', 'resetPassword', await at.world.tokenFor('ada@example.org'), NEXT))
    expect(result.id).toBe(id)
    expect(client.all('added')).toMatchObject([{ fields: { emails: [{ address: 'ada@example.org', verified: true }] } }])
    expect(resultOf(await at.connect().call('1', 'login', { user: { email: 'ada@example.org' }, password: NEXT })).id).toBe(id)
  })

  it('by an invitation that is too old changes nothing', async () => {
    await using at = await ddpAccounts({ options: OPENLY })
    await at.world.server.accounts.createUser({ email: 'ada@example.org' })
    await at.world.server.accounts.sendEnrollmentEmail('ada@example.org')
    const link = await at.world.tokenFor('ada@example.org')
    at.world.clock.pass(35 * 86_400_000)
    const client = at.connect()
    expect(refusalOf(await client.call('1', 'resetPassword', link, NEXT))).toEqual([403, 'Token expired'])
    const login = { user: { email: 'ada@example.org' }, password: NEXT }
    expect(refusalOf(await client.call('2', 'login', login))).toEqual([403, 'User has no password set'])
  })

  it('changes the password of a user with a second factor, and does not sign in', async () => {
    await using at = await ddpAccounts({ options: OPENLY })
    const code = await withSecondFactor(at)
    const client = at.connect()
    await client.call('1', 'forgotPassword', { email: 'ada@example.org' })
    const answer = await client.call('2', 'resetPassword', await at.world.tokenFor('ada@example.org'), NEXT)
    expect(refusalOf(answer)).toEqual(['2fa-enabled', 'Changed password, but user not logged in because 2FA is enabled'])
    expect(client.all('added')).toEqual([])
    expect(resultOf(await client.call('3', 'login', { user: { username: 'ada' }, password: NEXT, code: code() })).type).toBe('password')
  })
})

describe('verifyEmail', () => {
  it('verifies the address and signs in, and shows it to connections that are open', async () => {
    await using at = await ddpAccounts()
    const { client: open, id } = await at.signedIn()
    await at.world.server.accounts.sendVerificationEmail('ada@example.org', at.world.origin)
    const link = await at.world.tokenFor('ada@example.org')
    const client = at.connect()
    expect(resultOf(await client.call('1', 'verifyEmail', link))).toMatchObject({ id, type: 'password' })
    const fields = { emails: [{ address: 'ada@example.org', verified: true }] }
    await vi.waitFor(() => expect(open.all('changed')).toEqual([{ msg: 'changed', collection: 'users', id, fields }]))
    expect(open.isClosed).toBe(false)
    expect(refusalOf(await client.call('2', 'verifyEmail', link))).toEqual([403, 'Verify email link expired'])
    expect(refusalOf(await client.call('3', 'verifyEmail', ''))).toEqual([403, 'Verify email link expired'])
    expect(refusalOf(await client.call('4', 'verifyEmail', 5))).toEqual([400, 'Match failed'])
  })

  it('verifies the address of a user with a second factor, and does not sign in', async () => {
    await using at = await ddpAccounts({ options: OPENLY })
    await withSecondFactor(at)
    await at.world.server.accounts.sendVerificationEmail('ada@example.org', at.world.origin)
    const client = at.connect()
    const answer = await client.call('1', 'verifyEmail', await at.world.tokenFor('ada@example.org'))
    expect(refusalOf(answer)).toEqual(['2fa-enabled', 'Email verified, but user not logged in because 2FA is enabled'])
    expect((await at.world.server.accounts.lookUp('ada'))?.emails).toEqual([{ address: 'ada@example.org', verified: true }])
  })
})
