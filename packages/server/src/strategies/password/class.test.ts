import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../stores/memory/index.ts'
import { newWorld } from '../../testing/index.ts'
import Password, * as exported from './index.ts'

const { AccountsPassword } = exported
const ADA = 'ada@example.org'

describe('the class', () => {
  it('goes by accounts-js’s names', () => {
    const service = new AccountsPassword({ minLength: 10 })
    expect(Password).toBe(AccountsPassword)
    expect([service.name, service.serviceName, service.options]).toEqual(['password', 'password', { minLength: 10 }])
  })

  it('does nothing by itself', async () => {
    const service = new AccountsPassword()
    for (const call of [
      () => service.findUserByEmail(ADA),
      () => service.createUser({ email: ADA }),
      () => service.verifyEmail('x'),
      () => service.authenticate({ user: 'ada', password: 'x' }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'InvalidSettings' })
    }
  })

  it('takes the databases of its server as accounts-js 1.0 passes them, and refuses others', async () => {
    const store = memoryStore()
    const services = { password: new AccountsPassword({}, store, store) }
    await (await newWorld({ store, services })).close()
    for (const given of [
      [memoryStore(), undefined],
      [undefined, memoryStore()],
    ]) {
      await expect(newWorld({ store: memoryStore(), services: { password: new AccountsPassword({}, ...given) } })).rejects.toMatchObject({
        code: 'InvalidSettings',
        message: expect.stringContaining('another database') as string,
      })
    }
  })

  it('knows its server, and refuses to belong to another than it was given', async () => {
    const service = new AccountsPassword()
    expect(service.server).toBeUndefined()
    await using world = await newWorld({ services: { password: service } })
    expect(service.server).toBe(world.server)
    await expect(newWorld({ services: { password: new AccountsPassword({}, undefined, undefined, {}) } })).rejects.toMatchObject({
      code: 'InvalidSettings',
      message: expect.stringContaining('another server') as string,
    })
  })

  it('hands on the options of the second factor', () => {
    expect(new AccountsPassword().twoFactorOptions).toBeUndefined()
    expect(new AccountsPassword({ twoFactor: { appName: 'Acme', window: 0 } }).twoFactorOptions).toEqual({ appName: 'Acme', window: 0 })
    expect(() => new AccountsPassword({ twoFactor: true as unknown as object })).toThrow('twoFactor must be an object')
  })

  it('brings accounts-js’s lists of codes', () => {
    const { AddEmailErrors, ChangePasswordErrors, CreateUserErrors, ResetPasswordErrors } = exported
    const { SendResetPasswordEmailErrors, SendVerificationEmailErrors, VerifyEmailErrors } = exported
    const words = (list: object): string[] => Object.entries(list).map(([name, code]) => (name === code ? name : `${name} is ${code}`))
    expect(words(AddEmailErrors)).toContain('InvalidEmail')
    expect(words(ChangePasswordErrors)).toEqual(
      expect.arrayContaining(['InvalidPassword', 'NoEmailSet', 'InvalidCredentials', 'UserNotFound', 'IncorrectPassword', 'NoPasswordSet']),
    )
    expect(words(CreateUserErrors).toSorted()).toEqual([
      'EmailAlreadyExists',
      'InvalidEmail',
      'InvalidPassword',
      'InvalidUsername',
      'UsernameAlreadyExists',
      'UsernameOrEmailRequired',
    ])
    expect(words(ResetPasswordErrors)).toEqual([
      'InvalidToken',
      'InvalidNewPassword',
      'ResetPasswordLinkExpired',
      'ResetPasswordLinkUnknownAddress',
      'NoEmailSet',
    ])
    expect(words(SendResetPasswordEmailErrors)).toEqual(['InvalidEmail', 'UserNotFound'])
    expect(words(SendVerificationEmailErrors)).toEqual(['InvalidEmail', 'UserNotFound'])
    expect(words(VerifyEmailErrors)).toEqual(['InvalidToken', 'VerifyEmailLinkExpired', 'VerifyEmailLinkUnknownAddress'])
  })
})
