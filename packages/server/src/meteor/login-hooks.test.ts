import { createHash } from 'node:crypto'
import { describe, expect, it, test, vi } from 'vitest'
import { MeteorError } from '@latchkey/common/meteor'
import { currentInvocation } from '../wire/invocation.ts'
import { refusalOf, resultOf } from '../testing/ddp-accounts.ts'
import { meteorWorld } from '../testing/meteor.ts'
import { codeOf } from '../testing/two-factor.ts'
import type { MeteorLoginAttempt } from './login-hooks.ts'

const WRONG = { user: { username: 'ada' }, password: 'not the password of anybody' }

describe("Meteor's hooks around a login", () => {
  it('see nobody signed in while the first login of a connection is validated', async () => {
    await using world = meteorWorld()
    await world.createUser()
    const seen: (string | null)[] = []
    world.accounts.validateLoginAttempt(() => {
      seen.push(world.accounts.userId())
      return true
    })
    await world.login(world.connect())
    expect(seen).toEqual([null])
  })

  it('see who was signed in while a further login of the connection is validated', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const client = world.connect()
    await world.login(client)
    const seen: (string | null)[] = []
    world.accounts.validateLoginAttempt(() => {
      seen.push(world.accounts.userId())
      return true
    })
    await world.login(client)
    expect(seen).toEqual([id])
  })

  it('see the new user in onLogin', async () => {
    await using world = meteorWorld()
    const [ada, ben] = [await world.createUser('ada'), await world.createUser('ben')]
    const client = world.connect()
    const seen: (string | null)[] = []
    world.accounts.onLogin(() => void seen.push(world.accounts.userId()))
    await world.login(client, 'ada')
    await world.login(client, 'ben')
    expect(seen).toEqual([ada, ben])
  })

  it('see who is still signed in in onLoginFailure, and the login is refused with 403', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const client = world.connect()
    await world.login(client)
    const seen: (string | null)[] = []
    world.accounts.onLoginFailure(() => void seen.push(world.accounts.userId()))
    expect(refusalOf(await client.call('wrong', 'login', WRONG))[0]).toBe(403)
    expect(seen).toEqual([id])
  })

  it('are told of a logout with its user, its connection and the collection', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const client = world.connect()
    await world.login(client)
    const told: unknown[] = []
    world.accounts.onLogout(({ user, connection, collection }) => void told.push([user._id, typeof connection?.id, collection]))
    await client.call('out', 'logout')
    expect(told).toEqual([[id, 'string', 'users']])
  })

  it('are not called any more once they were stopped', async () => {
    await using world = meteorWorld()
    await world.createUser()
    const called: string[] = []
    const note = (name: string) => () => {
      called.push(name)
      return true
    }
    const registered = [
      world.accounts.validateLoginAttempt(note('validate')),
      world.accounts.onLogin(note('login')),
      world.accounts.onLoginFailure(note('failure')),
      world.accounts.onLogout(note('logout')),
    ]
    const round = async (): Promise<void> => {
      const client = world.connect()
      await client.call('wrong', 'login', WRONG)
      await world.login(client)
      await client.call('out', 'logout')
    }
    await round()
    expect(called).toEqual(['validate', 'failure', 'validate', 'login', 'logout'])
    for (const registration of registered) registration.stop()
    await round()
    expect(called).toHaveLength(5)
  })

  it('hand back the callback they were given', async () => {
    await using world = meteorWorld()
    const callback = (): boolean => true
    expect(world.accounts.onLogin(callback).callback).toBe(callback)
  })

  it('do not see fields that defaultFieldSelector leaves out', async () => {
    await using world = meteorWorld({ defaultFieldSelector: { bigArray: 0 } })
    await world.createUser('ada', { bigArray: [1, 2], profile: { name: 'Ada' } })
    const seen: unknown[] = []
    const look = ({ user }: { user?: object }): true => {
      seen.push(user && { profile: 'profile' in user, bigArray: 'bigArray' in user })
      return true
    }
    world.accounts.validateLoginAttempt(look)
    world.accounts.onLogin(look)
    world.accounts.onLoginFailure(look)
    world.accounts.onLogout(look)
    const client = world.connect()
    await world.login(client)
    await client.call('wrong', 'login', WRONG)
    await client.call('out', 'logout')
    expect(seen).toEqual(Array.from({ length: 5 }, () => ({ profile: true, bigArray: false })))
  })

  it('are told of no user when it is not known whose account it is about', async () => {
    await using world = meteorWorld()
    const attempts: MeteorLoginAttempt[] = []
    world.accounts.onLoginFailure(attempt => void attempts.push(attempt))
    await world.connect().call('bogus', 'login', { resume: 'bogus' })
    expect(attempts).toHaveLength(1)
    expect(attempts[0]?.user).toBeUndefined()
    expect(attempts[0]?.type).toBe('resume')
  })

  it('refuse with 403 by answering false, and the failure is told with the user', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const failed: unknown[] = []
    world.accounts.validateLoginAttempt(() => false)
    world.accounts.onLoginFailure(({ user, error }) => void failed.push([user?._id, error instanceof MeteorError && error.reason]))
    const answer = await world.connect().call('in', 'login', { user: { username: 'ada' }, password: 'correct horse battery staple' })
    expect(refusalOf(answer)).toEqual([403, 'Login forbidden'])
    expect(failed).toEqual([[id, 'Login forbidden']])
  })

  it('keep an earlier error when they answer false, and replace it when they throw', async () => {
    await using world = meteorWorld({ ambiguousErrorMessages: false })
    const client = world.connect()
    world.accounts.validateLoginAttempt(() => false)
    expect(refusalOf(await client.call('one', 'login', WRONG))).toEqual([403, 'User not found'])
    world.accounts.validateLoginAttempt(({ allowed }) => {
      throw new MeteorError(418, `hidden, ${allowed}`)
    })
    expect(refusalOf(await client.call('two', 'login', WRONG))).toEqual([418, 'hidden, false'])
  })

  it('are all asked, also after one refused', async () => {
    await using world = meteorWorld()
    await world.createUser()
    const seen: boolean[] = []
    for (const answer of [true, false, true]) {
      world.accounts.validateLoginAttempt(({ allowed }) => {
        seen.push(allowed)
        return answer
      })
    }
    await world.connect().call('in', 'login', { user: { username: 'ada' }, password: 'correct horse battery staple' })
    expect(seen).toEqual([true, true, false])
  })

  it('cannot change what the next one is told', async () => {
    await using world = meteorWorld()
    await world.createUser('ada', { profile: { name: 'Ada' } })
    const seen: unknown[] = []
    for (let times = 0; times < 2; times += 1) {
      world.accounts.onLogin(attempt => {
        seen.push(attempt.user?.profile?.name)
        if (attempt.user?.profile) attempt.user.profile.name = 'changed'
      })
    }
    await world.login(world.connect())
    expect(seen).toEqual(['Ada', 'Ada'])
  })

  it('leave a login as it is when they throw, now or later', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    world.accounts.onLogin(() => {
      throw new Error('now')
    })
    world.accounts.onLogin(() => Promise.reject(new Error('later')))
    const called: boolean[] = []
    world.accounts.onLogin(() => void called.push(true))
    expect(await world.login(world.connect())).toMatchObject({ id })
    expect(called).toEqual([true])
  })

  it('are told of the method and its arguments, without passwords, digests and tokens', async () => {
    await using world = meteorWorld()
    await world.createUser()
    const attempts: MeteorLoginAttempt[] = []
    world.accounts.onLogin(attempt => void attempts.push(attempt))
    const client = world.connect()
    const { token } = await world.login(client)
    await client.call('again', 'login', { resume: token })
    expect(
      attempts.map(({ type, methodName, methodArguments, collection }) => ({ type, methodName, methodArguments, collection })),
    ).toEqual([
      { type: 'password', methodName: 'login', methodArguments: [{ user: { username: 'ada' } }], collection: 'users' },
      { type: 'resume', methodName: 'login', methodArguments: [{}], collection: 'users' },
    ])
    expect(attempts[0]?.connection?.id).toEqual(expect.any(String))
    expect(attempts[0]?.user?.services).toEqual({ password: {} })
  })

  it('are told of a login that no connection made, with the user signed in by it', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const seen: unknown[] = []
    world.accounts.onLogin(({ connection, methodName }) => void seen.push([connection, methodName, world.accounts.userId()]))
    await world.accounts.loginWithService('password', { user: 'ada', password: 'correct horse battery staple' }, {})
    expect(seen).toEqual([[null, 'login', id]])
    expect(currentInvocation()).toBeUndefined()
  })
})

describe('who is signed in', () => {
  it('is told inside of a method, and an error outside of any', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    world.ddp.methods({ whoAmI: () => world.accounts.userId() })
    const client = world.connect()
    expect(resultOf(await client.call('before', 'whoAmI'))).toBeNull()
    await world.login(client)
    expect(resultOf(await client.call('after', 'whoAmI'))).toBe(id)
    expect(() => world.accounts.userId()).toThrow('Meteor.userId can only be invoked in method calls or publications.')
  })
})

test('are told of a link that did its work and signs nobody in, because a second factor is due, as the client is', async () => {
  await using world = meteorWorld({ ambiguousErrorMessages: false })
  const id = await world.createUser()
  const client = world.connect()
  await world.login(client)
  const { secret: base32 } = resultOf<{ secret: string }>(await client.call('qr', 'generate2faActivationQrCode', 'App'))
  await client.call('on', 'enableUser2fa', codeOf({ base32 }, world.clock))
  const seen: unknown[] = []
  world.accounts.onLoginFailure(({ methodName, error }) => void seen.push([methodName, error?.error, error?.reason]))
  const { token: verify } = await world.accounts.generateVerificationToken(id)
  const { token: reset } = await world.accounts.generateResetToken(id)
  expect(refusalOf(await world.connect().call('1', 'verifyEmail', verify))[0]).toBe('2fa-enabled')
  expect(refusalOf(await world.connect().call('2', 'resetPassword', reset, 'another secret of mine'))[0]).toBe('2fa-enabled')
  expect(seen).toEqual([
    ['verifyEmail', '2fa-enabled', 'Email verified, but user not logged in because 2FA is enabled'],
    ['resetPassword', '2fa-enabled', 'Changed password, but user not logged in because 2FA is enabled'],
  ])
})

test('the digest of a new password and what stands in a list are withheld from hooks too', async () => {
  await using world = meteorWorld()
  const userId = await world.createUser()
  const seen: unknown[] = []
  world.accounts.onLogin(({ methodArguments }) => void seen.push(methodArguments))
  world.accounts.onLoginFailure(({ methodArguments }) => void seen.push(methodArguments))
  const { token } = await world.accounts.generateResetToken(userId)
  const digest = createHash('sha256').update('another good password').digest('hex')
  const password = { digest, algorithm: 'sha-256' }
  resultOf(await world.connect().call('1', 'resetPassword', token, password))
  // A method of the app's own that signs in.
  const { accounts: core } = world.accounts
  const origin = { ip: '192.0.2.1', userAgent: '', connectionId: '', transport: 'test', extra: {} }
  world.ddp.methods({ mine: async () => core.login('password', WRONG, origin) })
  await world.connect().call('2', 'mine', ['a-token', { of: 1 }])
  await vi.waitFor(() => expect(seen).toHaveLength(2))
  expect(seen).toEqual([['[withheld]', { algorithm: 'sha-256' }], [['[withheld]', { of: 1 }]]])
})
