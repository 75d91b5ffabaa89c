/** Each option of accounts-js's password service, switched on and off. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { passwordOf } from '../../core/identity/credential.ts'
import { login, NEW_PASSWORD } from '../../testing/flows.ts'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'
import { AccountsPassword } from './index.ts'
import type { AccountsPasswordOptions, ErrorMessages } from './index.ts'

const ADA = 'ada@example.org'
const DAY = 86_400_000

describe('requireEmailVerification', () => {
  it('lets in who has verified the address they use, or any when they use a name, and says so only after the right password', async () => {
    await using world = await open({ requireEmailVerification: true })
    const { id } = await world.createUser('ada')
    await world.service.addEmail(id, 'second@example.org', true)
    await expect(login(world, ADA, 'wrong')).rejects.toMatchObject({ code: 'InvalidCredentials' })
    await expect(login(world, ADA)).rejects.toMatchObject({ code: 'EmailNotVerified' })
    expect((await login(world, 'SECOND@example.org')).user.id).toBe(id)
    expect((await world.loginAs('ada')).user.id).toBe(id)
  })

  it('is off by default', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    expect((await login(world, ADA)).user.id).toBe(id)
  })
})

describe('lives of links, in milliseconds', () => {
  it.each([
    ['verifyEmailTokenExpiration', 3 * DAY],
    ['passwordResetTokenExpiration', 3 * DAY],
    ['passwordEnrollTokenExpiration', 30 * DAY],
  ] as const)('%s is how long such a link is good', async (option, byDefault) => {
    for (const [options, life] of [
      [{}, byDefault],
      [{ [option]: 1000 }, 1000],
    ] as const) {
      await using world = await open(options)
      await world.createUser('ada')
      const redeem = await linkOf(world, option)
      world.clock.pass(life)
      await expect(redeem()).rejects.toThrow('link expired')
      const inTime = await linkOf(world, option)
      world.clock.pass(life - 1)
      await inTime()
    }
  })

  async function linkOf(world: Opened, option: string): Promise<() => Promise<unknown>> {
    if (option.startsWith('verify')) await world.service.sendVerificationEmail(ADA)
    else if (option.includes('Reset')) await world.service.sendResetPasswordEmail(ADA)
    else await world.service.sendEnrollmentEmail(ADA)
    const token = await world.tokenFor(ADA)
    return () => (option.startsWith('verify') ? world.service.verifyEmail(token) : world.service.resetPassword(token, NEW_PASSWORD))
  }
})

describe('after a change or a reset', () => {
  const change = async (world: Opened): Promise<void> => {
    const who = await world.server.accounts.check((await world.loginAs('ada')).tokens.accessToken)
    await world.server.accounts.changePassword(who, PASSWORD, NEW_PASSWORD, world.origin)
  }
  const reset = async (world: Opened): Promise<void> => {
    await world.service.sendResetPasswordEmail(ADA)
    await world.service.resetPassword(await world.tokenFor(ADA), NEW_PASSWORD)
  }
  const isLive = async (world: Opened, token: string): Promise<boolean> =>
    world.server.resumeSession(token).then(
      () => true,
      () => false,
    )

  it('notifyUserAfterPasswordChanged tells the user by mail, unless it is false', async () => {
    for (const deed of [change, reset]) {
      for (const [options, told] of [
        [{}, 1],
        [{ notifyUserAfterPasswordChanged: false }, 0],
      ] as const) {
        await using world = await open(options)
        await world.createUser('ada')
        await deed(world)
        expect((await world.delivered()).filter(({ subject }) => subject.includes('was changed'))).toHaveLength(told)
      }
    }
  })

  it.each([
    ['invalidateAllSessionsAfterPasswordChanged', change],
    ['invalidateAllSessionsAfterPasswordReset', reset],
  ] as const)('%s ends the other sessions, unless it is false', async (option, deed) => {
    for (const value of [undefined, true, false]) {
      await using world = await open(value === undefined ? {} : { [option]: value })
      await world.createUser('ada')
      const { tokens } = await world.loginAs('ada')
      await deed(world)
      expect([value, await isLive(world, tokens.accessToken)]).toEqual([value, value === false])
    }
  })

  it('removeAllResetPasswordTokensAfterPasswordChanged voids links to set a password, unless it is false', async () => {
    for (const [options, code] of [
      [{}, 'ResetPasswordLinkExpired'],
      [{ removeAllResetPasswordTokensAfterPasswordChanged: false }, undefined],
    ] as const) {
      await using world = await open(options)
      await world.createUser('ada')
      await world.service.sendResetPasswordEmail(ADA)
      const token = await world.tokenFor(ADA)
      await change(world)
      const outcome = await world.service.resetPassword(token, 'a third sentence altogether').catch((error: { code: string }) => error.code)
      expect(outcome ?? undefined).toBe(code)
    }
  })

  it('returnTokensAfterResetPassword signs in where it is true', async () => {
    for (const value of [true, false]) {
      await using world = await open({ returnTokensAfterResetPassword: value })
      await world.createUser('ada')
      await world.service.sendResetPasswordEmail(ADA)
      expect((await world.service.resetPassword(await world.tokenFor(ADA), NEW_PASSWORD)) !== null).toBe(value)
    }
  })
})

describe('signing up', () => {
  it('sendVerificationEmailAfterSignup mails a link where it is true', async () => {
    for (const value of [true, false, undefined]) {
      await using world = await open(value === undefined ? {} : { sendVerificationEmailAfterSignup: value })
      await world.server.accounts.register({ email: ADA, password: PASSWORD }, world.origin)
      expect((await world.delivered()).filter(({ text }) => text.includes('/verify-email/'))).toHaveLength(value === true ? 1 : 0)
    }
  })

  it('validateNewUser says over the wire too what is kept, and may refuse', async () => {
    await using world = await open({
      validateNewUser: async ({ username, ...user }) => {
        if (username === 'root') throw new Error('Not that name')
        return { ...user, username: `${String(username)}1`, plan: 'free', password: 'ignored' }
      },
    })
    await world.server.accounts.register({ username: 'ada', password: PASSWORD }, world.origin)
    expect(await world.service.findUserByUsername('ada1')).toMatchObject({ username: 'ada1', plan: 'free' })
    await world.service.authenticate({ user: 'ada1', password: PASSWORD })
    await expect(world.server.accounts.register({ username: 'root', password: PASSWORD }, world.origin)).rejects.toMatchObject({
      code: 'AppError',
      message: 'Not that name',
    })
  })

  it('validateUsername takes the place of accounts-js’s pattern', async () => {
    await using world = await open()
    await expect(world.service.createUser({ username: 'ada-1', password: PASSWORD })).rejects.toMatchObject({ code: 'InvalidUsername' })
    await using own = await open({ validateUsername: name => name.startsWith('ada-') })
    await own.service.createUser({ username: 'ada-1', password: PASSWORD })
    await expect(own.service.createUser({ username: 'ada', password: PASSWORD })).rejects.toMatchObject({ code: 'InvalidUsername' })
  })

  it('validateEmail is asked beside our own rule, also when an address is added', async () => {
    await using world = await open({ validateEmail: email => email.endsWith('@example.org') })
    const id = await world.service.createUser({ email: ADA, password: PASSWORD })
    await expect(world.service.createUser({ email: 'ada@example.com' })).rejects.toMatchObject({ code: 'InvalidEmail' })
    await expect(world.service.addEmail(id, 'ada@example.com')).rejects.toMatchObject({ code: 'InvalidEmail' })
  })

  it('validatePassword is asked beside our own rules, wherever a password is chosen', async () => {
    await using world = await open({ validatePassword: password => password.includes(' ') })
    await expect(world.service.createUser({ email: ADA, password: 'no-space-in-there' })).rejects.toMatchObject({ code: 'InvalidPassword' })
    const id = await world.service.createUser({ email: ADA, password: PASSWORD })
    await expect(world.service.changePassword(id, PASSWORD, 'no-space-in-there')).rejects.toMatchObject({ code: 'InvalidPassword' })
    await world.service.sendResetPasswordEmail(ADA)
    const token = await world.tokenFor(ADA)
    await expect(world.service.resetPassword(token, 'no-space-in-there')).rejects.toMatchObject({ code: 'InvalidNewPassword' })
  })
})

describe('hashPassword and verifyPassword', () => {
  it('are asked in the place of our hashes', async () => {
    const asked: string[] = []
    await using world = await open({
      hashPassword: password => {
        asked.push('hash')
        return createHash('sha256').update(password).digest('hex')
      },
      verifyPassword: (password, hash) => {
        asked.push('verify')
        return createHash('sha256').update(password).digest('hex') === hash
      },
    })
    const { id } = await world.createUser('ada')
    expect(passwordOf(await world.server.accounts.core.store.users.credentials(id))?.hash).toBe(
      createHash('sha256').update(PASSWORD).digest('hex'),
    )
    await login(world, ADA)
    await expect(login(world, ADA, 'wrong')).rejects.toMatchObject({ code: 'InvalidCredentials' })
    expect(new Set(asked)).toEqual(new Set(['hash', 'verify']))
  })
})

describe('errors', () => {
  type Case = [key: keyof ErrorMessages, options: AccountsPasswordOptions, fails: (world: Opened) => Promise<unknown>, hidden?: boolean]
  const link = async (world: Opened): Promise<string> => {
    await world.createUser('ada')
    await world.service.sendResetPasswordEmail(ADA)
    return world.tokenFor(ADA)
  }
  /** Adds another address and leaves with the link that was sent to it, once the address is gone in all but the link. */
  const strangeLink = async (world: Opened, send: 'sendVerificationEmail' | 'sendResetPasswordEmail'): Promise<string> => {
    await world.createUser('ada')
    await world.service[send](ADA)
    const { store } = world.server.accounts.core
    const token = await world.tokenFor(ADA)
    const find = store.users.find.bind(store.users)
    store.users.find = async identifier => {
      const user = await find(identifier)
      return user && { ...user, emails: [] }
    }
    store.users.verifyEmail = async () => ({ outcome: 'unknown-address' })
    return token
  }
  const cases: Case[] = [
    ['userNotFound', {}, ({ service }) => service.sendResetPasswordEmail('nobody@example.org')],
    ['noPasswordSet', {}, async world => (await world.service.createUser({ email: ADA }), login(world, ADA)), false],
    ['incorrectPassword', {}, async world => (await world.createUser('ada'), login(world, ADA, 'wrong')), false],
    ['unrecognizedOptionsForLogin', {}, world => login(world, ADA, '')],
    ['matchFailed', {}, world => login(world, ADA, 5 as unknown as string)],
    ['invalidUsername', {}, ({ service }) => service.createUser({ username: '!' })],
    ['invalidEmail', {}, ({ service }) => service.createUser({ email: 'x' })],
    ['emailNotVerified', { requireEmailVerification: true }, async world => (await world.createUser('ada'), login(world, ADA))],
    ['invalidPassword', {}, ({ service }) => service.createUser({ email: ADA, password: '' })],
    ['invalidNewPassword', {}, async world => world.service.resetPassword(await link(world), '')],
    ['invalidToken', {}, ({ service }) => service.verifyEmail('')],
    ['invalidCredentials', {}, world => login(world, ADA)],
    ['verifyEmailLinkExpired', {}, ({ service }) => service.verifyEmail('x')],
    ['verifyEmailLinkUnknownAddress', {}, async world => world.service.verifyEmail(await strangeLink(world, 'sendVerificationEmail'))],
    ['resetPasswordLinkExpired', {}, ({ service }) => service.resetPassword('x', NEW_PASSWORD)],
    [
      'resetPasswordLinkUnknownAddress',
      {},
      async world => world.service.resetPassword(await strangeLink(world, 'sendResetPasswordEmail'), NEW_PASSWORD),
    ],
    [
      'usernameAlreadyExists',
      {},
      async world => (await world.createUser('ada'), world.service.createUser({ username: 'ada', password: PASSWORD })),
    ],
    ['emailAlreadyExists', {}, async world => (await world.createUser('ada'), world.service.createUser({ email: ADA }))],
    ['usernameOrEmailRequired', {}, ({ service }) => service.createUser({ password: PASSWORD })],
  ]

  it.each(cases)('%s is worded by the app', async (key, options, fails, ambiguousErrorMessages = true) => {
    await using world = await open({ ...options, errors: { [key]: `own ${key}` } }, { ambiguousErrorMessages })
    await expect(fails(world)).rejects.toMatchObject({ code: key.slice(0, 1).toUpperCase() + key.slice(1), message: `own ${key}` })
  })

  it('noEmailSet may be worded too, though nothing says it any more', async () => {
    await using world = await open({ errors: { noEmailSet: 'own' } })
    expect(world.service.messages).toEqual({ NoEmailSet: 'own' })
  })
})

type Opened = World & { service: AccountsPassword }

async function open(options: AccountsPasswordOptions = {}, more: { ambiguousErrorMessages?: boolean } = {}): Promise<Opened> {
  const service = new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 }, ...options })
  return { ...(await newWorld({ services: { password: service }, options: more })), service }
}
