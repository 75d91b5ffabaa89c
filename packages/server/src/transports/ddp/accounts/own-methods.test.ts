/** Everything of ours over DDP that Meteor has no method for. */
import { Secret, TOTP } from 'otpauth'
import { describe, expect, it, vi } from 'vitest'
import { AccountsCode } from '../../../strategies/code/index.ts'
import { AccountsMagicLink } from '../../../strategies/magic-link/index.ts'
import { ddpAccounts, resultOf } from '../../../testing/ddp-accounts.ts'
import { PASSWORD } from '../../../testing/index.ts'
import type { WireClient } from '../../../testing/ddp-wire.ts'
import { OWN_METHODS } from './own-methods.ts'

/** Our code and the field, of a call that was to be refused. */
async function refusal(client: WireClient, method: string, given?: unknown): Promise<unknown[]> {
  const { error } = (await client.call(`refused-${method}-${JSON.stringify(given)}`, method, given)) as {
    error?: { details?: { code?: string; field?: string } }
  }
  return [error?.details?.code, error?.details?.field]
}

const NEEDS_SESSION = Object.keys(OWN_METHODS).filter(
  name =>
    ![
      'latchkey.user',
      'latchkey.settings',
      'latchkey.authenticate',
      'latchkey.register',
      'latchkey.sendVerificationEmail',
      'latchkey.verifyEmail',
      'latchkey.requestMagicLinkEmail',
      'latchkey.requestLoginCode',
      'latchkey.twoFactorSecret',
    ].includes(name),
)

describe('methods of ours', () => {
  it.each(NEEDS_SESSION)('%s is for whoever is signed in', async method => {
    await using at = await ddpAccounts()
    expect((await refusal(at.connect(), method, {}))[0]).toBe('Unauthorized')
  })

  it.each([
    ['latchkey.endSession', {}, 'sessionId'],
    ['latchkey.endSession', { sessionId: 5 }, 'sessionId'],
    ['latchkey.addEmail', { newEmail: ['x'] }, 'newEmail'],
    ['latchkey.addEmail', null, undefined],
    ['latchkey.twoFactorUnset', { code: 5 }, 'code'],
    ['latchkey.deleteAccount', { password: { digest: 5 } }, 'password'],
  ])('%s refuses %j and names the field', async (method, given, field) => {
    await using at = await ddpAccounts()
    const { client } = await at.signedIn()
    expect(await refusal(client, method, given)).toEqual(['InvalidInput', field])
  })

  it('say who is signed in, without secrets, and what a page needs to know before', async () => {
    await using at = await ddpAccounts()
    const { client, id } = await at.signedIn()
    expect(resultOf(await client.call('2', 'latchkey.user'))).toMatchObject({ id, username: 'ada' })
    const stranger = at.connect()
    expect(resultOf(await stranger.call('1', 'latchkey.user'))).toBeNull()
    expect(resultOf(await stranger.call('2', 'latchkey.settings'))).toEqual(at.world.server.accounts.publicSettings())
  })

  it('list sessions, end one, and end all others', async () => {
    await using at = await ddpAccounts()
    const { client } = await at.signedIn()
    const { client: second } = await at.signedIn()
    const { client: third } = await at.signedIn()
    const sessions = resultOf<{ id: string; current: boolean }[]>(await second.call('2', 'latchkey.sessions'))
    expect(sessions.filter(({ current }) => current)).toHaveLength(1)
    expect(sessions).toHaveLength(3)
    const own = sessions.find(({ current }) => current)?.id
    await client.call('2', 'latchkey.endSession', { sessionId: own })
    await vi.waitFor(() => expect(second.isClosed).toBe(true))
    expect(await refusal(client, 'latchkey.endSession', { sessionId: 'nobody’s' })).toEqual(['NotFound', 'sessionId'])
    await client.call('3', 'latchkey.endOtherSessions')
    await vi.waitFor(() => expect(third.isClosed).toBe(true))
    expect(client.isClosed).toBe(false)
  })

  it('end the session of this connection, which stays open and signed out', async () => {
    await using at = await ddpAccounts()
    const { client, token, id } = await at.signedIn()
    const [own] = resultOf<{ id: string }[]>(await client.call('2', 'latchkey.sessions'))
    await client.call('3', 'latchkey.endSession', { sessionId: own?.id })
    expect(client.all('removed')).toEqual([{ msg: 'removed', collection: 'users', id }])
    expect(resultOf(await client.call('4', 'latchkey.user'))).toBeNull()
    expect((await at.connect().call('1', 'login', { resume: token }))['error']).toBeDefined()
  })

  it('sign in by the name of a service', async () => {
    await using at = await ddpAccounts()
    const { id } = await at.world.createUser('ada')
    const client = at.connect()
    const params = { user: 'ada@example.org', password: PASSWORD }
    const result = resultOf(await client.call('1', 'latchkey.authenticate', { service: 'password', params }))
    expect(result).toMatchObject({ id, type: 'password' })
    const [session] = resultOf<{ id: string }[]>(await client.call('2', 'latchkey.sessions'))
    expect(result).toMatchObject({ sessionId: session?.id })
    const resumed = at.connect()
    const again = await resumed.call('1', 'latchkey.authenticate', { service: 'resume', params: { resume: result.token } })
    expect(resultOf(again)).toMatchObject({ id, type: 'resume', token: result.token, sessionId: session?.id })
    expect((await refusal(client, 'latchkey.authenticate', { service: 'none', params: {} }))[0]).toBe('ServiceNotFound')
  })

  it('register as every other transport does: silent about who is there, or signing in', async () => {
    await using at = await ddpAccounts({ options: { face: 'latchkey' } })
    await at.world.createUser('ada')
    const client = at.connect()
    for (const email of ['ada@example.org', 'new@example.org'])
      expect(resultOf(await client.call(email, 'latchkey.register', { user: { email, password: PASSWORD } }))).toEqual({})
    await using open = await ddpAccounts({ options: { face: 'latchkey', enableAutologin: true } })
    const one = open.connect()
    const made = resultOf<{ userId: string; login: { id: string } }>(
      await one.call('1', 'latchkey.register', { user: { email: 'new@example.org', password: PASSWORD } }),
    )
    expect(made.login.id).toBe(made.userId)
    expect(one.all('added')).toHaveLength(1)
  })

  it('add, change and remove addresses, and verify them without signing in', async () => {
    await using at = await ddpAccounts()
    const { client } = await at.signedIn()
    await client.call('2', 'latchkey.addEmail', { newEmail: 'second@example.org' })
    await client.call('3', 'latchkey.changeEmail', { oldEmail: 'second@example.org', newEmail: 'third@example.org' })
    await client.call('4', 'latchkey.sendVerificationEmail', { email: 'third@example.org' })
    const stranger = at.connect()
    await stranger.call('1', 'latchkey.verifyEmail', { token: await at.world.tokenFor('third@example.org') })
    expect(stranger.all('added')).toEqual([])
    await client.call('5', 'latchkey.removeEmail', { email: 'ada@example.org' })
    expect(resultOf<{ emails: object[] }>(await client.call('6', 'latchkey.user')).emails).toEqual([
      { address: 'third@example.org', verified: true },
    ])
  })

  it('ask for a link to sign in', async () => {
    await using at = await ddpAccounts({ more: { magicLink: new AccountsMagicLink() } })
    await at.world.createUser('ada')
    const client = at.connect()
    expect((await client.call('1', 'latchkey.requestMagicLinkEmail', { email: 'ada@example.org' }))['error']).toBeUndefined()
    const token = await at.world.tokenFor('ada@example.org')
    const login = await client.call('2', 'latchkey.authenticate', { service: 'magicLink', params: { token } })
    expect(resultOf(login).type).toBe('magicLink')
  })

  it('ask for a code to sign in, which is good on the device that asked', async () => {
    await using at = await ddpAccounts({ more: { code: new AccountsCode({ bound: true }) } })
    await at.world.createUser('ada')
    const client = at.connect()
    const { request } = resultOf<{ request: string }>(await client.call('1', 'latchkey.requestLoginCode', { email: 'ada@example.org' }))
    await vi.waitFor(() => expect(at.world.mails.some(({ text }) => text.includes('code to sign in'))).toBe(true))
    const token = /code to sign in: (\w+)/.exec(at.world.mails.map(({ text }) => text).join('\n'))?.[1]
    const login = await client.call('2', 'latchkey.authenticate', { service: 'code', params: { request, token } })
    expect(resultOf(login).type).toBe('passwordless')
  })

  it('set up a second factor, renew its recovery codes and give it up', async () => {
    await using at = await ddpAccounts()
    const { client } = await at.signedIn()
    const { secret } = resultOf<{ secret: { base32: string } }>(await client.call('2', 'latchkey.twoFactorSecret'))
    const code = (): string => {
      at.world.clock.pass(30_000)
      return new TOTP({ secret: Secret.fromBase32(secret.base32) }).generate({ timestamp: at.world.clock.now() })
    }
    const set = resultOf<{ recoveryCodes: string[] }>(await client.call('3', 'latchkey.twoFactorSet', { secret, code: code() }))
    const renewed = resultOf<{ recoveryCodes: string[] }>(await client.call('4', 'latchkey.twoFactorRecoveryCodes', { code: code() }))
    expect(renewed.recoveryCodes).not.toEqual(set.recoveryCodes)
    expect(resultOf(await client.call('5', 'latchkey.twoFactorStatus'))).toEqual({
      enabled: true,
      recoveryCodesLeft: renewed.recoveryCodes.length,
    })
    const other = at.connect()
    const due = await other.call('1', 'login', { user: { username: 'ada' }, password: PASSWORD })
    const { pending } = (due['error'] as { details: { pending: string } }).details
    expect(resultOf(await other.call('2', 'login', { pending, code: code() })).type).toBe('password')
    expect((await client.call('6', 'latchkey.twoFactorUnset', { code: code() }))['error']).toBeUndefined()
    expect(resultOf(await client.call('7', 'latchkey.twoFactorStatus'))).toMatchObject({ enabled: false })
  })

  it('list and unlink accounts elsewhere', async () => {
    await using at = await ddpAccounts()
    const { client } = await at.signedIn()
    expect(resultOf(await client.call('2', 'latchkey.linkedProviders'))).toEqual([])
    expect((await refusal(client, 'latchkey.unlink', { provider: 'nowhere' }))[0]).toBe('InvalidProvider')
    expect((await refusal(client, 'latchkey.link', { provider: 'nowhere' }))[0]).toBe('ServiceNotFound')
  })

  it('hand out everything that is kept, and delete the account, after which the connection is nobody’s', async () => {
    await using at = await ddpAccounts()
    const { client, id } = await at.signedIn()
    const { client: other } = await at.signedIn()
    expect(JSON.stringify(resultOf(await client.call('2', 'latchkey.exportData')))).toContain('ada@example.org')
    expect((await client.call('3', 'latchkey.deleteAccount', { password: PASSWORD }))['error']).toBeUndefined()
    expect(client.all('removed')).toEqual([{ msg: 'removed', collection: 'users', id }])
    await vi.waitFor(() => expect(other.isClosed).toBe(true))
    expect(client.isClosed).toBe(false)
    expect(await at.world.server.accounts.lookUp('ada')).toBeNull()
  })
})

it('what signs in is for clients alone', async () => {
  await using at = await ddpAccounts()
  for (const [method, params] of [
    ['login', { user: { username: 'ada' }, password: PASSWORD }],
    ['createUser', { username: 'ada', password: PASSWORD }],
    ['latchkey.authenticate', { service: 'password', params: {} }],
  ] as const)
    await expect(at.ddp.call(method, params)).rejects.toMatchObject({ error: 400, reason: 'Only clients can call this' })
})
