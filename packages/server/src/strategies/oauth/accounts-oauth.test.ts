import { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import type { SecondFactor } from '../../core/strategy.ts'
import { ADA, echo, oauthWorld as world } from '../../testing/oauth-world.ts'
import { AccountsOauth } from './index.ts'
import type { OAuthProvider, OAuthProviders, OAuthUser } from './index.ts'

describe('whom a provider vouches for', () => {
  it('is a new user at the first sign-in, and the same one at the next', async () => {
    await using made = await world()
    const first = await made.login()
    expect(first.user).toMatchObject({ emails: [{ address: 'ada@example.org', verified: true }], custom: {} })
    expect(first.tokens).not.toBeNull()
    // The address is theirs no longer; the account still is.
    const again = await made.login({ ...ADA, email: 'other@example.org' })
    expect(again.user.id).toBe(first.user.id)
    expect(await made.accounts.core.store.users.count()).toBe(1)
  })

  it('is told apart by provider: the same name at another one is somebody else', async () => {
    await using made = await world()
    const [one, two] = [await made.login({ id: '7' }, 'example'), await made.login({ id: '7' }, 'other')]
    expect(one.user.id).not.toBe(two.user.id)
    expect((await made.login({ id: 7 }, 'example')).user.id).toBe(one.user.id)
  })

  it('is one user when two first sign-ins come at once', async () => {
    await using made = await world()
    const logins = await Promise.all(Array.from({ length: 8 }, () => made.login()))
    expect(new Set(logins.map(({ user }) => user.id)).size).toBe(1)
    expect(await made.accounts.core.store.users.count()).toBe(1)
  })

  it.each([
    undefined,
    null,
    {},
    { id: '' },
    { id: null },
    { id: {} },
    { id: 1.5 },
    { id: 'x'.repeat(256) },
    { id: 'a\0' },
    { id: 'a\uD800' },
  ])('is nobody when the provider answers %j', async answer => {
    await using made = await world({ providers: { nobody: { authenticate: async () => answer as OAuthUser } } })
    await expect(made.login({}, 'nobody')).rejects.toMatchObject({ code: 'AuthenticationFailed' })
    expect(await made.accounts.core.store.users.count()).toBe(0)
  })

  it('gets a session from the login flow alone: second factor, deactivation and hooks apply', async () => {
    const factor: SecondFactor = {
      kind: 'fixture',
      verify: async (_userId, answer) => (answer === '123456' ? { name: 'fixture', kind: 'holds', at: 0 } : null),
    }
    await using made = await world({ options: { factors: [factor] } })
    const { user } = await made.login()
    const credential = { userId: user.id, kind: 'fixture', id: '', data: {}, createdAt: 0, updatedAt: 0 }
    await made.accounts.core.store.users.putCredential(credential)

    const due = await made.login().catch((error: unknown) => error as AccountsError)
    expect(due).toMatchObject({ code: 'TwoFactorRequired', details: { factors: ['fixture'] } })
    const pending = (due as AccountsError).details?.pending
    const completed = await made.accounts.login('second-factor', { pending, code: '123456' }, made.origin)
    expect(completed.session.factors.map(({ name }) => name)).toEqual(['oauth:example', 'fixture'])
    expect(completed.user.id).toBe(user.id)

    const stop = made.accounts.core.hooks.on('validateLogin', () => {
      throw new Error('not today')
    })
    const again = await made.login().catch((error: unknown) => error as AccountsError)
    expect(again).toMatchObject({ message: 'not today' })
    stop()
    await made.accounts.deactivateUser(user.id)
    await expect(made.login()).rejects.toMatchObject({ code: 'UserDeactivated' })
  })

  it('can be proven without a session', async () => {
    await using made = await world()
    expect(await made.server.authenticateWithService('oauth', { provider: 'example', as: ADA }, {})).toBe(true)
  })
})

describe('an address', () => {
  it('leads to its user when both sides have verified it, and the user is told', async () => {
    await using made = await world()
    const owner = await made.registered(true)
    expect((await made.login()).user.id).toBe(owner.id)
    expect(await made.linkedTo(owner.id)).toEqual(['example:subject-1'])
    const mails = await made.delivered()
    expect(mails.map(({ to, subject }) => [to, subject])).toContainEqual(['ada@example.org', expect.stringContaining('ways to sign in')])
    expect((await made.accounts.core.store.audit.list({ userId: owner.id, limit: 9 })).map(({ type }) => type)).toContain('account-linked')
  })

  it('that nobody confirmed here is not handed to its owner together with whoever registered it', async () => {
    await using made = await world()
    const squatter = await made.registered(false)
    await expect(made.login()).rejects.toMatchObject({ code: 'AccountNotLinked' })
    expect(await made.linkedTo(squatter.id)).toEqual([])
    expect(await made.accounts.core.store.users.count()).toBe(1)
  })

  it.each([
    ['says nothing', {}],
    ['says no', { email_verified: false }],
    ['says "true", which is a text', { email_verified: 'true' }],
    ['says 1', { verified_email: 1 }],
    ['says it in another case', { Email_Verified: true }],
    ['says yes and no', { email_verified: true, emailVerified: false }],
  ])('is not believed when the provider %s', async (_what, claims) => {
    await using made = await world()
    const owner = await made.registered(true)
    await expect(made.login({ id: 'subject-1', email: 'ada@example.org', ...claims })).rejects.toMatchObject({ code: 'AccountNotLinked' })
    expect(await made.linkedTo(owner.id)).toEqual([])
  })

  it.each(['email_verified', 'emailVerified', 'verified_email'])('is believed when %s is true', async claim => {
    await using made = await world()
    const owner = await made.registered(true)
    expect((await made.login({ id: 's', email: 'ADA@example.org', [claim]: true })).user.id).toBe(owner.id)
  })

  it('is believed of a provider that is trusted with addresses, unless it says otherwise', async () => {
    await using made = await world({ providers: { trusted: { ...echo, trustsEmails: true } } })
    const owner = await made.registered(true)
    await expect(made.login({ id: 's', email: 'ada@example.org', email_verified: false }, 'trusted')).rejects.toMatchObject({
      code: 'AccountNotLinked',
    })
    expect((await made.login({ id: 's', email: 'ada@example.org' }, 'trusted')).user.id).toBe(owner.id)
  })

  it('that a provider gave to somebody new does not open the account of who had it', async () => {
    await using made = await world()
    const owner = await made.registered(true)
    await made.login()
    await expect(made.login({ ...ADA, id: 'subject-2' })).rejects.toMatchObject({ code: 'AccountNotLinked' })
    expect(await made.linkedTo(owner.id)).toEqual(['example:subject-1'])
  })

  it('of a deactivated user links nothing', async () => {
    await using made = await world()
    const owner = await made.registered(true)
    await made.accounts.deactivateUser(owner.id)
    await expect(made.login()).rejects.toMatchObject({ code: 'UserDeactivated' })
    expect(await made.linkedTo(owner.id)).toEqual([])
  })

  it('that no mail could be sent to is left out', async () => {
    await using made = await world()
    expect((await made.login({ id: 's', email: 'Ada <ada@example.org>\r\nBcc: x' })).user.emails).toEqual([])
  })

  it('of a new user that the provider does not vouch for is mailed a link, where sign-ups are', async () => {
    await using made = await world({ options: { face: 'latchkey' } })
    const { user } = await made.login({ id: 's', email: 'grace@example.org' })
    expect(user.emails).toEqual([{ address: 'grace@example.org', verified: false }])
    await made.server.accounts.verifyEmail(await made.tokenFor('grace@example.org'), made.origin)
    expect((await made.server.findUserById(user.id))?.emails).toEqual([{ address: 'grace@example.org', verified: true }])
  })
})

describe('a new user', () => {
  it('begins with what getRegistrationPayload makes of the account; a password and accounts of its own it may not bring', async () => {
    await using made = await world({
      providers: {
        mapped: {
          ...echo,
          getRegistrationPayload: async ({ id, name }) => ({
            username: `u_${id}`,
            email: 'x@example.org',
            name,
            password: 'p',
            services: {},
          }),
        },
      },
    })
    const { user } = await made.login(ADA, 'mapped')
    // Another address than the provider vouched for: not verified by it.
    expect(user).toMatchObject({
      username: 'u_subject-1',
      emails: [{ address: 'x@example.org', verified: false }],
      custom: { name: 'Ada' },
    })
    expect(Object.keys(user.custom)).toEqual(['name'])
  })

  it('is judged by validateNewUser like every other, and told of in the hooks', async () => {
    await using made = await world({
      password: {
        validateNewUser: user => {
          if (user.email === 'ada@example.org') throw new Error('not Ada')
          return { ...user, checked: true }
        },
      },
    })
    const told: string[] = []
    made.accounts.core.hooks.on('userCreated', ({ user }) => void told.push(`created ${user.emails[0]?.address}`))
    made.accounts.core.hooks.on('userCreationFailure', ({ error }) => void told.push(`failed ${error.message}`))
    await expect(made.login()).rejects.toMatchObject({ message: 'not Ada' })
    expect((await made.login({ id: '2', email: 'grace@example.org' })).user.custom).toEqual({ checked: true })
    expect(told).toEqual(['failed not Ada', 'created grace@example.org'])
  })

  it('is not made where sign-up is closed, and those who are there already still come in', async () => {
    await using made = await world({ options: { signUpAllowed: false } })
    await expect(made.login()).rejects.toMatchObject({ code: 'SignUpForbidden' })
    const owner = await made.registered(true)
    expect((await made.login()).user.id).toBe(owner.id)
  })

  it('is not made more often from one address than sign-ups are', async () => {
    await using made = await world({ options: { limits: { register: { address: { limit: 2 } } } } })
    await made.login({ id: '1' })
    await made.login({ id: '2' })
    await expect(made.login({ id: '3' })).rejects.toMatchObject({ code: 'TooManyAttempts' })
    await made.login({ id: '1' })
  })

  it.each([
    ['username', { username: 'ada' }, 'UsernameAlreadyExists'],
    ['address', { email: 'ada@example.org' }, 'EmailAlreadyExists'],
  ])('with a %s that the mapping made up and somebody has is refused, and told of', async (_what, payload, code) => {
    await using made = await world({ providers: { mapped: { ...echo, getRegistrationPayload: () => payload } } })
    await made.createUser('ada')
    const failures: Error[] = []
    made.accounts.core.hooks.on('userCreationFailure', ({ error }) => void failures.push(error))
    await expect(made.login({ id: '1' }, 'mapped')).rejects.toMatchObject({ code })
    expect(failures).toMatchObject([{ code }])
  })

  it.each([
    [{ username: 'a@b.example' }, 'InvalidUsername'],
    [{ username: 5 }, 'InvalidUsername'],
    [{ email: 'nobody' }, 'InvalidEmail'],
  ])('that begins with %j is refused', async (payload, code) => {
    await using made = await world({ providers: { mapped: { ...echo, getRegistrationPayload: () => payload } } })
    await expect(made.login({ id: '1' }, 'mapped')).rejects.toMatchObject({ code })
  })
})

describe('what a provider says', () => {
  const secrets = ['provider-token-1', 'nested-secret', 'refresh-1']
  const rich = { ...ADA, refresh_token: 'refresh-1', raw: { deep: [{ client_secret: 'nested-secret' }] }, picture: { url: 'x' } }

  it('is kept, its tokens sealed, for the app alone', async () => {
    await using made = await world()
    const { user, tokens } = await made.login(rich)
    const credentials = (userId: string) => made.accounts.core.store.users.credentials(userId)
    const kept = JSON.stringify(await credentials(user.id))
    for (const secret of secrets) expect(kept).not.toContain(secret)
    expect(kept).toContain('"name":"Ada"')
    expect(await made.accounts.providerAccounts(user.id)).toMatchObject([{ provider: 'example', subject: 'subject-1', account: rich }])

    const who = await made.accounts.check(tokens?.accessToken)
    const out = JSON.stringify([
      made.server.sanitizeUser(user),
      await made.accounts.exportData(who, made.origin),
      await made.accounts.linkedProviders(who),
    ])
    for (const secret of secrets) expect(out).not.toContain(secret)
    expect(out).toContain('"picture":{"url":"x"}')
  })

  it('is renewed at each sign-in, and written only when it changed', async () => {
    await using made = await world()
    const { user } = await made.login(rich)
    const credentials = (userId: string) => made.accounts.core.store.users.credentials(userId)
    const before = await credentials(user.id)
    made.clock.pass(1000)
    await made.login(rich)
    expect(await credentials(user.id)).toEqual(before)
    await made.login({ ...rich, accessToken: 'provider-token-2', name: 'Ada L.' })
    const [after] = await made.accounts.providerAccounts(user.id)
    expect(after).toMatchObject({ account: { accessToken: 'provider-token-2', name: 'Ada L.' }, linkedAt: before[0]?.createdAt })
  })

  it('never reaches hooks and log', async () => {
    await using made = await world({ providers: { strict: { authenticate: async () => null } } })
    const told: unknown[] = []
    for (const moment of ['validateLogin', 'login', 'loginFailure'] as const)
      made.accounts.core.hooks.on(moment, attempt => void told.push(attempt.params))
    const sent = { access_token: 'sent-1', access_token_secret: 'sent-2', oauth_verifier: 'sent-3', id_token: 'sent-4', code: 'sent-5' }
    await made.accounts.login('oauth', { provider: 'strict', ...sent }, made.origin).catch(() => {})
    await made.accounts.login('oauth', { provider: 'example', as: { id: '1' }, ...sent }, made.origin)
    expect(told.length).toBeGreaterThan(2)
    expect(JSON.stringify([told, made.log])).not.toMatch(/sent-\d/)
  })
})

describe('refusals', () => {
  it.each([
    [{}, 'Invalid provider'],
    [{ provider: '' }, 'Invalid provider'],
    [{ provider: 'gone' }, 'No OAuth provider with the name gone was registered.'],
    [{ provider: '__proto__' }, 'No OAuth provider with the name __proto__ was registered.'],
    [{ provider: 'constructor' }, 'No OAuth provider with the name constructor was registered.'],
    [{ provider: { $ne: '' } }, 'No OAuth provider with the name object was registered.'],
  ])('of %j say what is wrong, with a code', async (params, message) => {
    await using made = await world()
    await expect(made.accounts.login('oauth', params, made.origin)).rejects.toMatchObject({ code: 'InvalidProvider', message })
  })

  it('of the provider object keep its words; what breaks on the way stays in the log', async () => {
    const throwing = (thing: unknown): OAuthProvider => ({
      authenticate: async () => {
        throw thing
      },
    })
    await using made = await world({
      providers: {
        wordy: throwing(Object.assign(new Error('That token is not for this app'), { code: 'WrongApp' })),
        ours: throwing(new AccountsError('Forbidden')),
        broken: throwing(new TypeError('fetch failed: http://10.0.0.1/internal')),
        network: throwing(Object.assign(new Error('connect ECONNREFUSED 10.0.0.1'), { syscall: 'connect' })),
        odd: throwing('thrown text'),
      },
    })
    await expect(made.login({}, 'wordy')).rejects.toMatchObject({
      code: 'AppError',
      appCode: 'WrongApp',
      message: 'That token is not for this app',
    })
    await expect(made.login({}, 'ours')).rejects.toMatchObject({ code: 'Forbidden' })
    for (const provider of ['broken', 'network', 'odd'])
      await expect(made.login({}, provider)).rejects.toMatchObject({
        code: 'AuthenticationFailed',
        message: 'Service oauth was not able to authenticate user',
      })
    expect(made.log.filter(({ message }) => message.includes('could not be asked'))).toHaveLength(3)
  })

  it('of impossible set-ups come at once', () => {
    const unfit =
      (providers: object): (() => AccountsOauth) =>
      () =>
        new AccountsOauth(providers as Record<string, OAuthProvider>)
    for (const name of ['a/b', 'login.example', 'password', 'two-factor', '__proto', 'x'.repeat(41)])
      expect(unfit({ [name]: echo })).toThrow('cannot be the name')
    expect(unfit({ a: {} })).toThrow('has no authenticate')
    expect(unfit({ a: null })).toThrow('has no authenticate')
    // What JavaScript lets through.
    expect(() => new AccountsOauth(undefined as unknown as OAuthProviders)).toThrow('AccountsOauth needs providers by name')
    expect(unfit({ a: { ...echo, getRegistrationPayload: {} } })).toThrow('getRegistrationPayload')
    expect(() => new AccountsOauth({ a: echo }).unlink('u', 'a')).toThrow('give it to an AccountsServer')
  })

  it('the providers can be listed', () => {
    expect(new AccountsOauth({ example: echo }).getOAuthProviders()).toEqual({ example: echo })
  })
})
