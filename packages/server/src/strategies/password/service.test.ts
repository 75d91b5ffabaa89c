/** The methods that apps written for accounts-js call on the password service itself. */
import { describe, expect, it } from 'vitest'
import { enrol, login, NEW_PASSWORD, wordFactor } from '../../testing/flows.ts'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { World, WorldOptions } from '../../testing/index.ts'
import { AccountsPassword } from './index.ts'
import type { AccountsPasswordOptions } from './index.ts'

const ADA = 'ada@example.org'

describe('finding', () => {
  it('by address or name answers the user with the app’s own fields and no secret, or null', async () => {
    await using world = await open()
    const { id } = await world.server.accounts.createUser({ username: 'ada', email: ADA, password: PASSWORD, custom: { plan: 'free' } })
    for (const found of [await world.service.findUserByEmail('ADA@example.org'), await world.service.findUserByUsername('ada')]) {
      expect(found).toMatchObject({ id, username: 'ada', plan: 'free', emails: [{ address: ADA, verified: false }] })
      expect(JSON.stringify(found)).not.toMatch(/argon2|\$2/)
    }
    expect(await world.service.findUserByEmail('nobody@example.org')).toBeNull()
    expect(await world.service.findUserByEmail('no address')).toBeNull()
    expect(await world.service.findUserByUsername('nobody')).toBeNull()
  })
})

describe('createUser', () => {
  it('answers the id; the user can sign in', async () => {
    await using world = await open()
    const id = await world.service.createUser({ username: 'ada', email: ADA, password: PASSWORD })
    expect((await login(world, ADA)).user.id).toBe(id)
  })

  it('keeps what validateNewUser returns, waits for it, and never shows it the password', async () => {
    let shown: unknown
    await using world = await open({
      validateNewUser: async user => {
        shown = user
        return { ...user, plan: 'free' }
      },
    })
    await world.service.createUser({ email: ADA, password: PASSWORD, profile: { age: 36 } })
    expect(shown).toEqual({ email: ADA, profile: { age: 36 } })
    expect(await world.service.findUserByEmail(ADA)).toMatchObject({ plan: 'free', profile: { age: 36 } })
  })

  it('without validateNewUser keeps name, address and password alone', async () => {
    await using world = await open()
    await world.service.createUser({ email: ADA, password: PASSWORD, admin: true })
    expect(await world.service.findUserByEmail(ADA)).not.toHaveProperty('admin')
  })

  it('refuses in accounts-js’s order, whatever the settings hide', async () => {
    await using world = await open()
    await world.service.createUser({ username: 'ada', email: ADA, password: PASSWORD })
    const refusals: [user: Record<string, unknown>, code: string][] = [
      [{ password: 'x' }, 'UsernameOrEmailRequired'],
      [{ username: '!', email: 'x', password: 'x' }, 'InvalidUsername'],
      [{ username: 'ada', email: 'x', password: 'x' }, 'InvalidEmail'],
      [{ username: 'ada', email: ADA, password: 'x' }, 'UsernameAlreadyExists'],
      [{ username: 'grace', email: ADA, password: 'x' }, 'EmailAlreadyExists'],
      [{ username: 'grace', password: 'x' }, 'InvalidPassword'],
      [{ username: 'grace', password: '' }, 'InvalidPassword'],
    ]
    for (const [user, code] of refusals) await expect(world.service.createUser(user)).rejects.toMatchObject({ code })
  })

  it('of two who want one name at once makes one', async () => {
    await using world = await open()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 4 }, () => world.service.createUser({ username: 'ada', password: PASSWORD })),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('without a password makes an account that an enrolment link opens', async () => {
    await using world = await open()
    await world.service.createUser({ email: ADA })
    await expect(login(world, ADA, '')).rejects.toThrow('Unrecognized options')
    await expect(login(world, ADA, 'x')).rejects.toMatchObject({ code: 'InvalidCredentials' })
    await world.service.sendEnrollmentEmail(ADA)
    expect((await world.delivered()).at(-1)?.text).toContain('/enroll-account/')
    await world.service.resetPassword(await world.tokenFor(ADA), NEW_PASSWORD)
    expect((await login(world, ADA, NEW_PASSWORD)).user.emails).toEqual([{ address: ADA, verified: true }])
  })

  it('tells the app of the new user before the link goes out, and of a store that failed, but not of a refusal', async () => {
    await using world = await open({ sendVerificationEmailAfterSignup: true })
    const told: string[] = []
    const { hooks, store } = world.server.accounts.core
    hooks.on('userCreated', ({ user }) => void told.push(`${user.emails[0]?.address}, ${world.mails.length} mails`))
    hooks.on('userCreationFailure', ({ user, error }) => void told.push(`failed: ${error.message}, ${JSON.stringify(user)}`))
    await world.service.createUser({ email: ADA, password: PASSWORD })
    expect(told).toEqual([`${ADA}, 0 mails`])
    expect((await world.delivered()).map(({ to }) => to)).toEqual([ADA])
    await world.service.createUser({ email: ADA, password: PASSWORD }).catch(() => {})
    await world.service.createUser({ email: 'x', password: PASSWORD }).catch(() => {})
    expect(told).toHaveLength(1)
    store.users.insert = () => Promise.reject(new Error('disk full'))
    await expect(world.service.createUser({ username: 'grace', password: PASSWORD })).rejects.toThrow('disk full')
    expect(told.slice(1)).toEqual(['failed: disk full, {"username":"grace","emails":[]}'])
  })
})

describe('authenticate', () => {
  it('answers the user and opens no session', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    expect(await world.service.authenticate({ user: { email: ADA }, password: PASSWORD })).toMatchObject({ id, username: 'ada' })
    expect(await world.server.accounts.userSessions(id)).toEqual([])
  })

  it('refuses as a login does', async () => {
    await using world = await open({}, { factors: [wordFactor()] })
    const { id } = await world.createUser('ada')
    // What a caller without types may do
    const service = world.service as unknown as { authenticate(login: unknown): Promise<unknown> }
    for (const params of [{}, { user: 'ada' }, { password: PASSWORD }]) {
      await expect(service.authenticate(params)).rejects.toMatchObject({ code: 'UnrecognizedOptionsForLogin' })
    }
    for (const params of [
      { user: 5, password: PASSWORD },
      { user: 'ada', password: 5 },
      { user: { username: { $ne: '' } }, password: PASSWORD },
    ]) {
      await expect(service.authenticate(params)).rejects.toMatchObject({ code: 'MatchFailed' })
    }
    await expect(service.authenticate({ user: 'ada', password: 'x' })).rejects.toMatchObject({ code: 'InvalidCredentials' })
    await enrol(world, id)
    await expect(service.authenticate({ user: 'ada', password: PASSWORD })).rejects.toMatchObject({ code: 'TwoFactorRequired' })
    expect(await service.authenticate({ user: 'ada', password: PASSWORD, code: 'sesame' })).toMatchObject({ id })
    await world.server.deactivateUser(id)
    await expect(service.authenticate({ user: 'ada', password: PASSWORD })).rejects.toMatchObject({ code: 'UserDeactivated' })
  })
})

describe('addresses', () => {
  it('are added, verified when the app says so, and those that were there learn of it', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    await world.service.addEmail(id, 'second@example.org')
    await world.service.addEmail(id, 'third@example.org', true)
    expect((await world.service.findUserByEmail('second@example.org'))?.emails).toEqual([
      { address: ADA, verified: false },
      { address: 'second@example.org', verified: false },
      { address: 'third@example.org', verified: true },
    ])
    expect((await world.delivered()).map(({ to }) => to)).toEqual([ADA, ADA])
  })

  it('belong to one user, and must be addresses', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    await world.createUser('grace')
    await expect(world.service.addEmail(id, 'GRACE@example.org')).rejects.toMatchObject({ code: 'EmailAlreadyExists' })
    await expect(world.service.addEmail(id, 'x')).rejects.toMatchObject({ code: 'InvalidEmail' })
    await expect(world.service.addEmail('nobody', 'new@example.org')).rejects.toMatchObject({ code: 'UserNotFound' })
  })

  it('are removed from their owner alone, with the links sent to them', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    await world.createUser('grace')
    await world.service.addEmail(id, 'second@example.org')
    await world.service.sendResetPasswordEmail('second@example.org')
    const token = await world.tokenFor('second@example.org')
    await world.service.removeEmail(id, 'grace@example.org')
    expect(await world.service.findUserByEmail('grace@example.org')).not.toBeNull()
    await world.service.removeEmail(id, 'Second@example.org')
    expect(await world.service.findUserByEmail('second@example.org')).toBeNull()
    await expect(world.service.resetPassword(token, NEW_PASSWORD)).rejects.toMatchObject({ code: 'ResetPasswordLinkExpired' })
    await expect(world.service.removeEmail('nobody', ADA)).rejects.toMatchObject({ code: 'UserNotFound' })
  })

  it('cannot all be removed from a user without a name', async () => {
    await using world = await open()
    const id = await world.service.createUser({ email: ADA })
    await expect(world.service.removeEmail(id, ADA)).rejects.toMatchObject({ code: 'LastIdentifier' })
  })

  it('are verified by a link, once', async () => {
    await using world = await open()
    await world.createUser('ada')
    await world.service.sendVerificationEmail('ADA@example.org')
    const token = await world.tokenFor(ADA)
    await world.service.verifyEmail(token)
    expect((await world.service.findUserByEmail(ADA))?.emails).toEqual([{ address: ADA, verified: true }])
    await expect(world.service.verifyEmail(token)).rejects.toMatchObject({ code: 'VerifyEmailLinkExpired' })
    await expect(world.service.verifyEmail('')).rejects.toMatchObject({ code: 'InvalidToken' })
    await expect(world.service.verifyEmail({} as string)).rejects.toMatchObject({ code: 'InvalidToken' })
    // Verified: nothing to send.
    const sent = (await world.delivered()).length
    await world.service.sendVerificationEmail(ADA)
    expect((await world.delivered()).length).toBe(sent)
  })
})

describe('asking for a link', () => {
  it.each(['sendVerificationEmail', 'sendResetPasswordEmail', 'sendEnrollmentEmail'] as const)(
    '%s says that an address is unknown or none, whatever the settings hide',
    async method => {
      await using world = await open()
      await expect(world.service[method]('nobody@example.org')).rejects.toMatchObject({ code: 'UserNotFound' })
      await expect(world.service[method]('x')).rejects.toMatchObject({ code: 'InvalidEmail' })
      await expect(world.service[method]('')).rejects.toMatchObject({ code: 'InvalidEmail' })
    },
  )

  it('and proving who it is are not counted by address either: the app asks, and one crowd of visitors must not keep out another', async () => {
    await using world = await open({}, { limits: { login: { address: { limit: 3 } } } })
    for (let n = 0; n < 5; n++) {
      await world.createUser(`user${n}`)
      const proven = await world.service.authenticate({ user: { username: `user${n}` }, password: PASSWORD })
      expect(proven.username).toBe(`user${n}`)
    }
  })

  it('is limited by account and not by address: inviting a hundred people is no flood', async () => {
    await using world = await open()
    for (let n = 0; n < 40; n++) {
      await world.service.createUser({ email: `user${n}@example.org` })
      await world.service.sendEnrollmentEmail(`user${n}@example.org`)
    }
    expect(await world.delivered()).toHaveLength(40)
    for (let n = 0; n < 5; n++) await world.service.sendEnrollmentEmail('user0@example.org')
    await expect(world.service.sendEnrollmentEmail('user0@example.org')).rejects.toMatchObject({ code: 'TooManyAttempts' })
  })

  it('works for an address that the app’s own rule would not take any more', async () => {
    await using world = await open({ validateEmail: email => email.endsWith('@new.example') })
    await world.server.accounts.core.store.users.addEmail(
      (await world.server.accounts.createUser({ username: 'ada', password: PASSWORD })).id,
      { address: ADA, verified: true },
      ADA,
      0,
    )
    await world.service.sendResetPasswordEmail(ADA)
    expect((await world.delivered()).map(({ to }) => to)).toEqual([ADA])
  })
})

describe('resetPassword', () => {
  it('sets the password and answers null, in a link’s life once', async () => {
    await using world = await open()
    await world.createUser('ada')
    await world.service.sendResetPasswordEmail(ADA)
    const token = await world.tokenFor(ADA)
    await expect(world.service.resetPassword(token, 'short')).rejects.toMatchObject({ code: 'InvalidNewPassword' })
    expect(await world.service.resetPassword(token, NEW_PASSWORD, { ip: '192.0.2.7', userAgent: 'x' })).toBeNull()
    await login(world, ADA, NEW_PASSWORD)
    await expect(world.service.resetPassword(token, PASSWORD)).rejects.toMatchObject({ code: 'ResetPasswordLinkExpired' })
    await expect(world.service.resetPassword('', PASSWORD)).rejects.toMatchObject({ code: 'InvalidToken' })
  })

  it('answers a login that carries no secret where the app wants one', async () => {
    await using world = await open({ returnTokensAfterResetPassword: true })
    const { id } = await world.createUser('ada')
    await world.service.sendResetPasswordEmail(ADA)
    const result = await world.service.resetPassword(await world.tokenFor(ADA), NEW_PASSWORD, { ip: '192.0.2.7' })
    expect(result).toMatchObject({ user: { id } })
    expect((await world.server.resumeSession(result?.tokens.accessToken ?? '')).id).toBe(id)
    expect(JSON.stringify(result?.user)).not.toMatch(/argon2|services/)
    expect((await world.server.accounts.userSessions(id))[0]?.ip).toBe('192.0.2.7')
  })
})

describe('setPassword', () => {
  it('sets what it is given, without rules, hooks and mail, and ends all sessions', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    const { tokens } = await world.loginAs('ada')
    const told: string[] = []
    for (const moment of ['passwordChanged', 'passwordReset'] as const) {
      world.server.accounts.core.hooks.on(moment, () => void told.push(moment))
    }
    await world.service.setPassword(id, 'short')
    await login(world, ADA, 'short')
    expect([told, await world.delivered()]).toEqual([[], []])
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
  })

  it('needs a password and a user', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    await expect(world.service.setPassword(id, '')).rejects.toMatchObject({ code: 'InvalidPassword' })
    await expect(world.service.setPassword('nobody', PASSWORD)).rejects.toMatchObject({ code: 'UserNotFound' })
  })
})

describe('changePassword', () => {
  it('changes it for who knows the old one, tells the app, mails the user and ends all sessions', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    const { tokens } = await world.loginAs('ada')
    const told: string[] = []
    world.server.accounts.core.hooks.on('passwordChanged', ({ user }) => void told.push(user.id))
    await world.service.changePassword(id, PASSWORD, NEW_PASSWORD)
    expect([told, (await world.delivered()).map(({ to }) => to)]).toEqual([[id], [ADA]])
    await login(world, ADA, NEW_PASSWORD)
    await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
  })

  it('works for a user without an address, who is sent nothing', async () => {
    await using world = await open()
    const id = await world.service.createUser({ username: 'ada', password: PASSWORD })
    expect(await world.service.changePassword(id, PASSWORD, NEW_PASSWORD)).toBeUndefined()
    await world.service.authenticate({ user: 'ada', password: NEW_PASSWORD })
    expect(await world.delivered()).toEqual([])
  })

  it('refuses in the words that the settings allow', async () => {
    await using hiding = await open()
    const { id } = await hiding.createUser('ada')
    await expect(hiding.service.changePassword(id, PASSWORD, '')).rejects.toMatchObject({ code: 'InvalidPassword' })
    await expect(hiding.service.changePassword(id, 'wrong', NEW_PASSWORD)).rejects.toMatchObject({ code: 'InvalidCredentials' })
    await expect(hiding.service.changePassword('nobody', PASSWORD, NEW_PASSWORD)).rejects.toMatchObject({ code: 'InvalidCredentials' })
    await using telling = await open({}, { ambiguousErrorMessages: false })
    const ada = await telling.service.createUser({ username: 'ada', password: PASSWORD })
    const grace = await telling.service.createUser({ username: 'grace' })
    await expect(telling.service.changePassword(ada, 'wrong', NEW_PASSWORD)).rejects.toMatchObject({ code: 'IncorrectPassword' })
    await expect(telling.service.changePassword(grace, 'wrong', NEW_PASSWORD)).rejects.toMatchObject({ code: 'NoPasswordSet' })
    await expect(telling.service.changePassword('nobody', PASSWORD, NEW_PASSWORD)).rejects.toMatchObject({ code: 'UserNotFound' })
  })

  it('stops who guesses, and locks no login with that', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    let last: unknown
    for (let tries = 0; tries < 8; tries++) {
      last = await world.service.changePassword(id, 'a guess', NEW_PASSWORD).catch((error: unknown) => error)
    }
    expect(last).toMatchObject({ code: 'TooManyAttempts' })
    await login(world, ADA)
  })
})

describe('isTokenExpired', () => {
  it('reads times as numbers, as texts and as dates, and takes what it cannot read for over', async () => {
    await using world = await open()
    const now = world.clock.now()
    const { service } = world
    const since = (ago: number): unknown[] => [now - ago, String(now - ago), new Date(now - ago).toISOString(), new Date(now - ago)]
    for (const when of since(1000)) expect([when, service.isTokenExpired({ when } as { when: number }, 1000)]).toEqual([when, false])
    for (const when of since(1001)) expect([when, service.isTokenExpired({ when } as { when: number }, 1000)]).toEqual([when, true])
    for (const when of ['', 'soon', Number.NaN]) expect(service.isTokenExpired({ when }, 1000)).toBe(true)
  })
})

async function open(
  options: AccountsPasswordOptions = {},
  more: WorldOptions['options'] = {},
): Promise<World & { service: AccountsPassword }> {
  const service = new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 }, ...options })
  return { ...(await newWorld({ services: { password: service }, options: more })), service }
}
