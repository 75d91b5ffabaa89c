import { describe, expect, it } from 'vitest'
import type { Login } from '../../core/accounts.ts'
import { passwordCredential } from '../../core/identity/credential.ts'
import { hashSecret } from '../../core/session/secret.ts'
import { enrol, wordFactor } from '../../testing/flows.ts'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import { echo } from '../../testing/oauth-world.ts'
import type { World, WorldOptions } from '../../testing/index.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { AccountsOauth } from '../oauth/index.ts'
import { AccountsPassword } from '../password/index.ts'
import type { AccountsPasswordOptions } from '../password/index.ts'
import { AccountsMagicLink } from './index.ts'
import type { AccountsMagicLinkOptions } from './index.ts'

const ADA = 'ada@example.org'
const MINUTE = 60_000

describe('a link to sign in', () => {
  it('signs in once', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    const token = await linkTo(world)
    const login = await signIn(world, token)
    expect([login.user.id, login.session.factors]).toEqual([id, [{ name: 'magic-link', kind: 'receives', at: world.clock.now() }]])
    expect(await failure(world, token)).toMatchObject({ code: 'LoginTokenExpired', message: 'Login token expired' })
  })

  it('of two who redeem it at once lets exactly one in', async () => {
    await using world = await open()
    await world.createUser('ada')
    const token = await linkTo(world)
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => signIn(world, token)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('is over after fifteen minutes, or as long as the app says', async () => {
    for (const [options, life] of [
      [{}, 15 * MINUTE],
      [{ loginTokenExpiration: MINUTE }, MINUTE],
    ] satisfies [AccountsMagicLinkOptions, number][]) {
      await using world = await open(options)
      await world.createUser('ada')
      const [late, inTime] = [await linkTo(world), life - 1]
      world.clock.pass(life)
      expect(await failure(world, late)).toMatchObject({ code: 'LoginTokenExpired' })
      const token = await linkTo(world)
      world.clock.pass(inTime)
      expect((await signIn(world, token)).user.username).toBe('ada')
    }
  })

  it('takes the place of every earlier one, whatever the address', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    await world.server.accounts.addEmailOf(id, 'second@example.org', true)
    const first = await linkTo(world)
    const second = await linkTo(world, 'second@example.org')
    expect(await failure(world, first)).toMatchObject({ code: 'LoginTokenExpired' })
    expect((await signIn(world, second)).user.id).toBe(id)
  })

  it('is kept as a hash, and nowhere in clear', async () => {
    await using world = await open()
    await world.createUser('ada')
    const token = await linkTo(world)
    const { tokens } = world.server.accounts.core.store
    expect(await tokens.find(hashSecret(token), 'login-link', world.clock.now())).toMatchObject({ hash: hashSecret(token) })
    expect(await tokens.find(token as never, 'login-link', world.clock.now())).toBeNull()
    expect(JSON.stringify(world.log)).not.toContain(token)
  })

  it.each(['reset', 'enrolment', 'verification'] as const)('is not a %s link', async kind => {
    await using world = await open()
    await world.createUser('ada')
    const { accounts } = world.server
    if (kind === 'reset') await accounts.sendResetPasswordEmail(ADA, world.origin)
    if (kind === 'enrolment') await accounts.sendEnrollmentEmail(ADA, world.origin)
    if (kind === 'verification') await accounts.sendVerificationEmail(ADA, world.origin)
    expect(await failure(world, await world.tokenFor(ADA))).toMatchObject({ code: 'LoginTokenExpired' })
    const link = await linkTo(world)
    await expect(accounts.resetPassword(link, 'a rather different sentence', world.origin)).rejects.toMatchObject({
      code: 'ResetPasswordLinkExpired',
    })
    await expect(accounts.verifyEmail(link, world.origin)).rejects.toMatchObject({ code: 'VerifyEmailLinkExpired' })
  })
})

describe('what voids a link', () => {
  it.each<[string, (world: World, id: string) => Promise<unknown>]>([
    ['a new password', (world, id) => world.server.accounts.setPassword(id, 'a rather different sentence', world.origin)],
    ['the end of all sessions', (world, id) => world.server.accounts.revoke({ userId: id }, world.origin)],
    ['the removal of the address it was sent to', (world, id) => world.server.accounts.removeEmailOf(id, ADA)],
    ['the deletion of the user', (world, id) => world.server.accounts.deleteUser(id, world.origin)],
  ])('%s', async (_, change) => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    const token = await linkTo(world)
    await change(world, id)
    expect(await failure(world, token)).toMatchObject({ code: 'LoginTokenExpired' })
  })

  it('a deactivation, in its own words, also once it is lifted', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    const [token, { accounts }] = [await linkTo(world), world.server]
    await accounts.deactivateUser(id, world.origin)
    expect(await failure(world, token)).toMatchObject({ code: 'UserDeactivated' })
    expect(await failure(world, token)).toMatchObject({ code: 'LoginTokenExpired' })
    await accounts.activateUser(id, world.origin)
    const again = await linkTo(world)
    await accounts.deactivateUser(id, world.origin)
    await accounts.activateUser(id, world.origin)
    expect(await failure(world, again)).toMatchObject({ code: 'LoginTokenExpired' })
  })
})

describe('redeeming a link', () => {
  it('passes the same steps as every login: hooks, audit, limits', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    const seen: unknown[] = []
    world.server.accounts.core.hooks.on('validateLogin', ({ service, params, user }) => {
      seen.push(service, params, user?.id)
      throw new Error('not today')
    })
    const token = await linkTo(world)
    expect(await failure(world, token)).toMatchObject({ code: 'AppError', message: 'not today' })
    expect(seen).toEqual(['magicLink', {}, id])
    const lines = await world.server.accounts.core.store.audit.list({ userId: id, limit: 10 })
    expect(lines.map(({ type }) => type)).toEqual(expect.arrayContaining(['login-link-requested', 'login-failed']))
  })

  it('asks for the second factor, which can also be given at once', async () => {
    await using world = await open({}, { factors: [wordFactor()] })
    const { id } = await world.createUser('ada')
    await enrol(world, id)
    const due = await failure(world, await linkTo(world))
    expect(due).toMatchObject({ code: 'TwoFactorRequired', details: { factors: ['word'] } })
    const pending = { pending: due.details?.pending, code: 'sesame' }
    expect((await world.server.accounts.login('second-factor', pending, world.origin)).session.factors.map(({ name }) => name)).toEqual([
      'magic-link',
      'word',
    ])
    const token = await linkTo(world)
    expect((await world.server.accounts.login('magicLink', { token, code: 'sesame' }, world.origin)).user.id).toBe(id)
  })

  it('needs no second factor that a link alone would be', async () => {
    await using world = await open({}, { factors: [wordFactor()] })
    await world.createUser('ada')
    expect((await signIn(world, await linkTo(world))).user.username).toBe('ada')
  })

  it('works while wrong passwords have locked the account', async () => {
    await using world = await open()
    await world.createUser('ada')
    const wrong = (): Promise<unknown> =>
      world.server.accounts.login('password', { user: 'ada', password: 'wrong' }, world.origin).catch((error: Error) => error)
    for (let tries = 0; tries < 7; tries++) await wrong()
    expect(await wrong()).toMatchObject({ code: 'TooManyAttempts' })
    expect((await signIn(world, await linkTo(world))).user.username).toBe('ada')
  })

  it('refuses what is no link in accounts-js’s words', async () => {
    await using world = await open()
    for (const params of [{}, { token: '' }, { token: null }, { token: 0 }, null, 5, []]) {
      expect(await failure(world, params)).toMatchObject({
        code: 'UnrecognizedOptionsForLogin',
        message: 'Unrecognized options for login request',
      })
    }
    for (const token of [{}, ['x'], 5, true, { $ne: '' }]) expect(await failure(world, { token })).toMatchObject({ code: 'MatchFailed' })
    expect(await failure(world, { token: 'x', code: { $ne: '' } })).toMatchObject({ code: 'MatchFailed' })
    expect(await failure(world, 'x'.repeat(5000))).toMatchObject({ code: 'LoginTokenExpired' })
  })
})

describe('the names of the service', () => {
  it.each(['magicLink', 'magiclink', 'magic-link'])('registered as %s it answers to all three, and hooks see the one', async key => {
    await using world = await newWorld({ services: { [key]: new AccountsMagicLink() } })
    await world.server.accounts.createUser({ email: ADA })
    const services: string[] = []
    world.server.accounts.core.hooks.on('validateLogin', ({ service }) => void services.push(service))
    for (const name of ['magicLink', 'magiclink', 'magic-link']) {
      const token = await linkTo(world)
      expect((await world.server.accounts.login(name, { token }, world.origin)).user.emails).toHaveLength(1)
    }
    expect(services).toEqual([key, key, key])
    expect(world.server.accounts.publicSettings().strategies).toEqual([key])
  })

  it('lead to no other service, and one registered under such a name comes first', async () => {
    await using world = await open()
    for (const name of ['MagicLink', 'magic link', '__proto__', 'links']) {
      await expect(world.server.accounts.login(name, { token: 'x' }, world.origin)).rejects.toMatchObject({ code: 'ServiceNotFound' })
    }
    const own = { name: 'magiclink', parse: () => ({}), authenticate: async () => undefined }
    await using both = await newWorld({ services: { magicLink: new AccountsMagicLink(), magiclink: own } })
    await expect(both.server.accounts.login('magiclink', { token: 'x' }, both.origin)).rejects.toMatchObject({
      code: 'AuthenticationFailed',
    })
  })
})

describe('accounts-js’s authenticate', () => {
  it('proves who it is, spends the link and opens no session', async () => {
    const service = new AccountsMagicLink()
    await using world = await newWorld({ services: { magicLink: service } })
    const { id } = await world.server.accounts.createUser({ email: ADA, custom: { plan: 'free' } })
    const token = await linkTo(world)
    expect(await service.authenticate({ token })).toMatchObject({ id, plan: 'free', emails: [{ address: ADA, verified: true }] })
    expect(await world.server.accounts.userSessions(id)).toEqual([])
    await expect(service.authenticate({ token })).rejects.toMatchObject({ code: 'LoginTokenExpired' })
  })

  it('does nothing before the service has a server', async () => {
    const service = new AccountsMagicLink()
    await expect(service.authenticate({ token: 'x' })).rejects.toMatchObject({ code: 'InvalidSettings' })
    await expect(service.requestMagicLinkEmail(ADA)).rejects.toMatchObject({ code: 'InvalidSettings' })
  })
})

describe('an address that received a link', () => {
  it('is verified, and the link in an earlier verification mail is spent with it', async () => {
    await using world = await open()
    await world.createUser('ada')
    const { accounts } = world.server
    await accounts.sendVerificationEmail(ADA, world.origin)
    const verification = await world.tokenFor(ADA)
    const { user } = await signIn(world, await linkTo(world))
    expect(user.emails).toEqual([{ address: ADA, verified: true }])
    await expect(accounts.verifyEmail(verification, world.origin)).rejects.toMatchObject({ code: 'VerifyEmailLinkExpired' })
    expect((await accounts.core.store.audit.list({ userId: user.id, limit: 10 })).map(({ type }) => type)).toContain('email-verified')
  })

  it('alone is verified, not the user’s others', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    await world.server.accounts.addEmailOf(id, 'second@example.org', false)
    const { user } = await signIn(world, await linkTo(world, 'second@example.org'))
    expect(user.emails.map(({ verified }) => verified)).toEqual([false, true])
  })

  it('does not make a password good that somebody else may have set before', async () => {
    await using world = await open({}, {}, { requireEmailVerification: true })
    await world.createUser('ada')
    const { user } = await signIn(world, await linkTo(world))
    expect(user.emails).toEqual([{ address: ADA, verified: false }])
    await expect(world.server.accounts.login('password', { user: 'ada', password: PASSWORD }, world.origin)).rejects.toMatchObject({
      code: 'EmailNotVerified',
    })
  })

  it('takes such a password and its sessions away on the latchkey face, and says so', async () => {
    await using world = await open({}, { face: 'latchkey' })
    const { id } = await world.createUser('ada')
    const { tokens } = await world.loginAs('ada')
    const { user } = await signIn(world, await linkTo(world))
    expect(user.emails).toEqual([{ address: ADA, verified: true }])
    await expect(world.server.accounts.login('password', { user: 'ada', password: PASSWORD }, world.origin)).rejects.toMatchObject({
      code: 'InvalidCredentials',
    })
    await expect(world.server.accounts.check(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    expect((await world.server.accounts.userSessions(id)).map(({ factors }) => factors)).toEqual([['magic-link']])
    expect((await world.delivered()).at(-1)?.text).toContain('was removed')
  })

  it('takes away there whatever else a stranger could come back with: accounts elsewhere and other addresses', async () => {
    const services = { magicLink: new AccountsMagicLink(), oauth: new AccountsOauth({ example: echo }) }
    await using world = await newWorld({ services, options: { face: 'latchkey' } })
    const { accounts } = world.server
    // The provider repeats what the stranger typed.
    const stranger = (): Promise<Login> =>
      accounts.login('oauth', { provider: 'example', as: { id: 'stranger', email: ADA } }, world.origin)
    const { user, tokens } = await stranger()
    await accounts.addEmailOf(user.id, 'stranger@example.org', false)
    const waiting = await linkTo(world, 'stranger@example.org')
    const login = await signIn(world, await linkTo(world))
    expect(login.user).toMatchObject({ id: user.id, emails: [{ address: ADA, verified: true }] })
    await expect(stranger()).rejects.toMatchObject({ code: 'AccountNotLinked' })
    await expect(accounts.check(tokens?.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    expect(await failure(world, waiting)).toMatchObject({ code: 'LoginTokenExpired' })
    expect(await accounts.providerAccounts(user.id)).toEqual([])
    expect((await accounts.check(login.tokens?.accessToken)).user.id).toBe(user.id)
    const told = (await world.delivered()).filter(({ text }) => text.includes('no longer signs in'))
    expect(told.map(({ to }) => to)).toEqual([ADA])
    const types = (await accounts.core.store.audit.list({ userId: user.id, limit: 20 })).map(({ type }) => type)
    expect(types).toEqual(expect.arrayContaining(['account-unlinked', 'email-removed', 'email-verified']))
  })

  it('does not carry a login across another end of all sessions', async () => {
    const store = memoryStore()
    const services = { password: new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } }), magicLink: new AccountsMagicLink() }
    await using world = await newWorld({ store, services, options: { face: 'latchkey' } })
    const { id } = await world.createUser('ada')
    const token = await linkTo(world)
    const verifyEmail = store.users.verifyEmail.bind(store.users)
    // "Sign out everywhere", just when the link is being redeemed.
    store.users.verifyEmail = async (...given) => {
      await world.server.accounts.revoke({ userId: id })
      return verifyEmail(...given)
    }
    expect(await failure(world, token)).toMatchObject({ code: 'AuthenticationFailed' })
    expect(await world.server.accounts.userSessions(id)).toEqual([])
  })

  it('changes nothing about an account whose owner has shown themselves before', async () => {
    await using world = await open({}, { face: 'latchkey' })
    await world.server.accounts.createUser({ email: ADA, emailVerified: true, password: PASSWORD })
    await signIn(world, await linkTo(world))
    const { user } = await world.server.accounts.login('password', { user: ADA, password: PASSWORD }, world.origin)
    expect(user.emails).toEqual([{ address: ADA, verified: true }])
  })

  it('and stands beside a verified one leads into the account only once it is verified itself, on the latchkey face', async () => {
    await using world = await open({}, { face: 'latchkey' })
    const { accounts } = world.server
    const { id } = await accounts.createUser({ email: ADA, password: PASSWORD })
    await accounts.addEmailOf(id, 'second@example.org', false)
    // Asked for while nobody had claimed the account.
    const early = await linkTo(world, 'second@example.org')
    await accounts.sendVerificationEmail(ADA, world.origin)
    await accounts.verifyEmail(await world.tokenFor(ADA), world.origin)
    expect(await failure(world, early)).toMatchObject({ code: 'LoginTokenExpired' })
    const before = (await world.delivered()).length
    await accounts.requestMagicLinkEmail('second@example.org', world.origin)
    expect(await world.delivered()).toHaveLength(before)
    await accounts.sendVerificationEmail('second@example.org', world.origin)
    await accounts.verifyEmail(await world.tokenFor('second@example.org'), world.origin)
    expect((await signIn(world, await linkTo(world, 'second@example.org'))).user.id).toBe(id)
  })

  it('undoes nothing that the second factor still guards', async () => {
    await using world = await open({}, { face: 'latchkey', factors: [wordFactor()] })
    const { id } = await world.createUser('ada')
    await enrol(world, id)
    expect(await failure(world, await linkTo(world))).toMatchObject({ code: 'TwoFactorRequired' })
    const { core } = world.server.accounts
    expect((await core.store.users.credentials(id)).map(({ kind }) => kind).toSorted()).toEqual(['password', 'word'])
    expect((await core.store.users.find({ kind: 'id', key: id }))?.emails[0]?.verified).toBe(false)
  })
})

describe('a user without a password', () => {
  it('signs in by link', async () => {
    await using world = await open()
    await world.server.accounts.createUser({ email: ADA })
    expect((await signIn(world, await linkTo(world))).user.emails[0]?.address).toBe(ADA)
  })

  it('can sign in by link only with an address', () => {
    const service = new AccountsMagicLink()
    const user = { id: 'u', emails: [], createdAt: 0, updatedAt: 0, epoch: 0, custom: {} }
    expect(service.serves(user)).toBe(false)
    expect(service.serves({ ...user, emails: [{ address: ADA, verified: false }] })).toBe(true)
    const password = new AccountsPassword()
    expect(password.serves(user, [])).toBe(false)
    expect(password.serves(user, [passwordCredential('u', { form: 'bcrypt', hash: '$2a$' }, 0)])).toBe(true)
  })
})

function open(
  options: AccountsMagicLinkOptions = {},
  more: WorldOptions['options'] = {},
  rules: AccountsPasswordOptions = {},
): Promise<World> {
  const password = new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 }, ...rules })
  return newWorld({ services: { password, magicLink: new AccountsMagicLink(options) }, options: more })
}

async function linkTo(world: World, address = ADA): Promise<string> {
  await world.server.accounts.requestMagicLinkEmail(address, { ...world.origin, ip: `192.0.2.${(asked = (asked + 1) % 250)}` })
  return world.tokenFor(address)
}
let asked = 0

const signIn = (world: World, token: string) => world.server.accounts.login('magicLink', { token }, world.origin)

async function failure(world: World, given: unknown): Promise<{ code?: string; details?: Record<string, unknown> }> {
  const params = typeof given === 'string' ? { token: given } : given
  return world.server.accounts.login('magicLink', params, world.origin).then(
    () => ({}),
    (error: Error) => error as { code?: string },
  )
}
