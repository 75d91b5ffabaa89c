/** What a visitor may try on a connection of accounts, and what must not come of it. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as fc from '../../../../../../tools/test/properties.ts'
import { AccountsCode } from '../../../strategies/code/index.ts'
import { ddpAccounts, refusalOf, resultOf } from '../../../testing/ddp-accounts.ts'
import { enrol, wordFactor } from '../../../testing/flows.ts'
import { PASSWORD } from '../../../testing/index.ts'
import { currentInvocation } from '../../../wire/invocation.ts'
import type { MethodInvocation } from '../types.ts'
import { CODE_METHODS } from './code-methods.ts'
import { LOGIN_METHODS } from './login-methods.ts'
import { OWN_METHODS } from './own-methods.ts'
import { PASSWORD_METHODS } from './password-methods.ts'
import { TWO_FACTOR_METHODS } from './two-factor-methods.ts'

const rejections: unknown[] = []
const note = (reason: unknown): void => void rejections.push(reason)
beforeAll(() => void process.on('unhandledRejection', note))
afterAll(() => void process.off('unhandledRejection', note))

describe('Who is signed in on a connection', () => {
  it('is nobody when the session ended while a slow database still called it good', async () => {
    await using at = await ddpAccounts()
    const { id, token } = await at.signedIn()
    const { accounts } = at.world.server
    const { sessions } = accounts.core.store
    const client = at.connect()
    let go = (): void => {}
    let isAsked = false
    const slow = new Promise<void>(resolve => void (go = resolve))
    const findByResume = sessions.findByResume.bind(sessions)
    const find = sessions.find.bind(sessions)
    // Of the two questions of a login the second one is answered as things were when it was asked.
    vi.spyOn(sessions, 'findByResume').mockImplementation(async hash => {
      const found = await findByResume(hash)
      vi.spyOn(sessions, 'find').mockImplementationOnce(async sessionId => {
        const then = await find(sessionId)
        isAsked = true
        await slow
        return then
      })
      accounts.core.cache.flush()
      return found
    })
    client.say({ msg: 'method', id: '1', method: 'login', params: [{ resume: token }] })
    await vi.waitFor(() => expect(isAsked).toBe(true))
    await accounts.revoke({ userId: id })
    // Looked at, and passed over.
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => void setImmediate(resolve))
    go()
    await vi.waitFor(() => expect(client.isClosed).toBe(true))
  })

  it('can do nothing to the account that they came with once the app’s own code says that it is nobody, or somebody else', async () => {
    await using at = await ddpAccounts()
    at.ddp.methods({
      become(this: MethodInvocation, id: string | null) {
        return this.setUserId(id)
      },
    })
    const { client } = await at.signedIn()
    const { id: eve } = await at.world.createUser('eve')
    for (const other of [null, eve]) {
      await client.call(`become ${other}`, 'become', other)
      expect(refusalOf(await client.call(`change ${other}`, 'changePassword', PASSWORD, 'another secret of mine'))).toEqual([
        401,
        'Must be logged in',
      ])
      expect(resultOf<null>(await client.call(`user ${other}`, 'latchkey.user'))).toBeNull()
      expect((await client.call(`token ${other}`, 'getNewToken'))['error']).toMatchObject({ error: 'You are not logged in.' })
    }
    await client.call('out', 'logout')
    expect(client.isClosed).toBe(false)
  })
})

it('a new token gives no fresh guesses at what its user knows', async () => {
  await using at = await ddpAccounts({ options: { face: 'meteor', lockout: { free: 2, first: 60_000 } } })
  const { client } = await at.signedIn()
  const guess = async (id: string): Promise<unknown[]> => [
    refusalOf(await client.call(`change ${id}`, 'changePassword', 'not this one', 'another secret of mine'))[0],
    refusalOf(await client.call(`login ${id}`, 'login', { user: { username: 'ada' }, password: 'not this one' }))[0],
  ]
  for (let tried = 1; tried <= 3; tried++) expect(await guess(`${tried}`)).toEqual([403, 403])
  expect(await guess('too many')).toEqual(['too-many-requests', 'too-many-requests'])
  resultOf(await client.call('token', 'getNewToken'))
  expect(await guess('with another token')).toEqual(['too-many-requests', 'too-many-requests'])
})

it('new tokens are made as often as somebody may sign in, and no more often', async () => {
  await using at = await ddpAccounts({ options: { face: 'meteor', limits: { login: { account: { limit: 3, window: 60_000 } } } } })
  const { client } = await at.signedIn()
  for (let made = 1; made <= 3; made++) resultOf(await client.call(`${made}`, 'getNewToken'))
  expect(refusalOf(await client.call('4', 'getNewToken'))[0]).toBe('too-many-requests')
  at.world.clock.pass(60_000)
  resultOf(await client.call('5', 'getNewToken'))
})

it('a reset link that signs nobody in is answered, also on the connection whose session it ends, which is signed out', async () => {
  await using at = await ddpAccounts({ options: { face: 'meteor', ambiguousErrorMessages: false, factors: [wordFactor()] } })
  const { client, id } = await at.signedIn()
  await enrol(at.world, id)
  await at.world.server.accounts.sendResetPasswordEmail('ada@example.org', at.world.origin)
  const token = await at.world.tokenFor('ada@example.org')
  expect(refusalOf(await client.call('2', 'resetPassword', token, 'another secret of mine'))[0]).toBe('2fa-enabled')
  expect(client.all('removed')).toEqual([{ msg: 'removed', collection: 'users', id }])
  expect(client.isClosed).toBe(false)
})

describe('Code that runs because of somebody', () => {
  it('when a connection or a subscription ends runs on behalf of whoever registered it, not of whoever ended it', async () => {
    await using at = await ddpAccounts()
    const seen: (string | null | undefined)[] = []
    const tell = (): void => void seen.push(currentInvocation()?.userId)
    at.ddp.methods({
      listen(this: MethodInvocation) {
        this.connection?.onClose(tell)
      },
      kick: (id: string) => at.world.server.accounts.revoke({ userId: id }),
    })
    at.ddp.publish('mine', function () {
      this.onStop(tell)
      this.ready()
    })
    const { client, id } = await at.signedIn()
    await client.call('2', 'listen')
    client.say({ msg: 'sub', id: 's', name: 'mine', params: [] })
    await client.until(({ msg }) => msg === 'ready')
    const { client: admin } = await at.signedIn('eve')
    await admin.call('2', 'kick', id)
    await vi.waitFor(() => expect(seen).toEqual([id, id]))
  })

  it('when sessions are looked at again runs on nobody’s behalf', async () => {
    const seen: (string | null | undefined)[] = []
    let isWatching = false
    await using at = await ddpAccounts({
      options: {
        face: 'meteor',
        resumeSessionValidator: async () => {
          if (isWatching) seen.push(currentInvocation()?.userId)
        },
      },
    })
    at.ddp.methods({ rename: (id: string) => at.world.server.accounts.setUsername(id, 'ada2') })
    const { client, id } = await at.signedIn()
    const { client: admin } = await at.signedIn('eve')
    isWatching = true
    const before = client.arrived.length
    await admin.call('2', 'rename', id)
    await vi.waitFor(() => expect(client.arrived.length).toBeGreaterThan(before))
    expect(new Set(seen)).toEqual(new Set([undefined]))
  })
})

it('whatever parameters a method of accounts is called with, it refuses in words for clients', async () => {
  const logged: unknown[] = []
  await using at = await ddpAccounts({ more: { code: new AccountsCode() }, options: { face: 'meteor', rateLimits: false } })
  vi.spyOn(at.world.server.accounts.core.log, 'error').mockImplementation((fields, message) => void logged.push([fields, message]))
  const names = Object.keys({ ...LOGIN_METHODS, ...PASSWORD_METHODS, ...CODE_METHODS, ...TWO_FACTOR_METHODS, ...OWN_METHODS })
  const nasty = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      '',
      '\0',
      '\uD800',
      'a\0b',
      'x'.repeat(5000),
      '$where',
      0,
      -1,
      true,
      [],
      {},
      { $date: 1 },
      { $binary: 'AQID' },
      { $InfNaN: 0 },
      { $regexp: '.*', $flags: '' },
      { $type: 'oid', $value: 'a'.repeat(24) },
      { $escape: { $gt: '' } },
      { $gt: '' },
      { $ne: null },
      { constructor: 1 },
      { toString: null },
      { length: 1 },
      { digest: '', algorithm: 'sha-256' },
      { digest: 'A'.repeat(64), algorithm: 'sha-256' },
      { digest: { $gt: '' }, algorithm: 'sha-256' },
      'ada',
      'ada@example.org',
      'ada@\uD800.org',
      PASSWORD,
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  )
  const options = fc.oneof(
    nasty,
    fc.dictionary(
      fc.constantFrom(
        'user',
        'username',
        'email',
        'id',
        'password',
        'resume',
        'token',
        'selector',
        'userData',
        'options',
        'code',
        'pending',
        'service',
        'params',
        'profile',
        'oauth',
        'sessionId',
        'newEmail',
        'oldEmail',
        'secret',
        'provider',
        'request',
        'digest',
        'algorithm',
      ),
      fc.oneof(
        nasty,
        fc.dictionary(fc.constantFrom('id', 'email', 'username', 'password', 'token', 'resume', 'base32', '$gt'), nasty, { maxKeys: 2 }),
      ),
      { maxKeys: 4 },
    ),
  )
  const { client } = await at.signedIn()
  let clients = [client, at.connect()]
  let calls = 0
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), fc.array(options, { maxLength: 3 }), fc.nat(1), async (name, params, which) => {
      clients = clients.map(one => (one.isClosed ? at.connect() : one))
      const one = clients[which] ?? client
      const answer = await one.call(`fuzz ${(calls += 1)}`, name, ...params)
      // Meteor itself refuses two-factor calls with 500 and words for the client: what must not come is an error that says nothing.
      expect([name, params, answer['error']]).not.toMatchObject([name, params, { reason: 'Internal server error' }])
    }),
    { numRuns: 1500 },
  )
  expect(logged).toEqual([])
  expect(rejections).toEqual([])
})
