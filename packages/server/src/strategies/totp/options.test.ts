import type { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import { newWorld } from '../../testing/index.ts'
import { codeOf, wrongCode } from '../../testing/two-factor.ts'
import { AccountsPassword } from '../password/index.ts'
import { TwoFactor } from './index.ts'
import type { TwoFactorOptions } from './index.ts'

const CHEAP = { memoryCost: 64, timeCost: 1 }
/** A world whose password service was given these, as in accounts-js. */
const withOptions = (twoFactor: TwoFactorOptions, siteUrl = 'https://www.example.org') =>
  newWorld({ options: { siteUrl }, services: { password: new AccountsPassword({ argon2: CHEAP, twoFactor }) } })

describe('the options of the second factor', () => {
  it('appName is what authenticator apps show; without it they show the host of the site', async () => {
    await using named = await withOptions({ appName: 'Acme' })
    expect((await named.server.accounts.twoFactorSecret(null, named.origin)).otpauth_url).toMatch(/^otpauth:\/\/totp\/Acme\?issuer=Acme&/)
    await using unnamed = await withOptions({})
    expect((await unnamed.server.accounts.twoFactorSecret(null, unnamed.origin)).otpauth_url).toMatch(
      /^otpauth:\/\/totp\/www\.example\.org\?/,
    )
  })

  it('secretLength is the length of new secrets', async () => {
    await using world = await withOptions({ secretLength: 32 })
    expect((await world.server.accounts.twoFactorSecret(null, world.origin)).ascii).toHaveLength(32)
    await using plain = await newWorld()
    expect((await plain.server.accounts.twoFactorSecret(null, plain.origin)).ascii).toHaveLength(20)
  })

  it.each([
    [{}, 1],
    [{ window: 0 }, 0],
    [{ window: 3 }, 3],
  ] as const)('%o accepts codes %i steps early and late, and no further', async (options, window) => {
    for (const steps of [-(window + 1), -window, window, window + 1]) {
      await using world = await withOptions(options)
      const { accounts } = world.server
      const { tokens } = await world.loginAs('ada')
      const secret = await accounts.twoFactorSecret(null, world.origin)
      const set = accounts.twoFactorSet(await accounts.check(tokens.accessToken), secret, codeOf(secret, world.clock, steps), world.origin)
      const outcome = await set.then(
        () => 'set',
        (error: AccountsError) => error.code,
      )
      expect(outcome).toBe(Math.abs(steps) > window ? 'TwoFactorInvalid' : 'set')
    }
  })

  it('errors are the texts of the app', async () => {
    const errors = {
      userNotFound: 'Nobody',
      codeDidNotMatch: 'Wrong',
      userTwoFactorNotSet: 'Not set',
      userTwoFactorAlreadySet: 'Set already',
      codeRequired: 'A code, please',
    }
    await using world = await withOptions({ errors })
    const { accounts } = world.server
    const { tokens, user } = await world.loginAs('ada')
    const who = await accounts.check(tokens.accessToken)
    const secret = await accounts.twoFactorSecret(who, world.origin)
    const says = (promise: Promise<unknown>) =>
      promise.then(
        () => 'nothing',
        (error: Error) => error.message,
      )
    expect(await says(accounts.twoFactorUnset(who, '123456', world.origin))).toBe('Not set')
    expect(await says(accounts.twoFactorSet(who, secret, wrongCode(secret, world.clock), world.origin))).toBe('Wrong')
    expect(await says(accounts.twoFactorSet(who, secret, '', world.origin))).toBe('A code, please')
    await accounts.twoFactorSet(who, secret, codeOf(secret, world.clock), world.origin)
    expect(await says(accounts.twoFactorSet(who, secret, codeOf(secret, world.clock), world.origin))).toBe('Set already')
    expect(await says(world.loginAs('ada'))).toBe('A code, please')
    const service = world.server.getServices()['password'] as AccountsPassword
    await accounts.deleteUser(user.id)
    expect(await says(service.twoFactor?.unset(user.id, '123456') ?? Promise.resolve())).toBe('Nobody')
  })

  it('are refused by name when they are unknown, unsafe or of the wrong type', () => {
    const refused: [TwoFactorOptions, RegExp][] = [
      [{ windw: 1 } as TwoFactorOptions, /windw/],
      [{ window: -1 }, /window/],
      [{ window: 11 }, /window/],
      [{ window: 0.5 }, /window/],
      [{ secretLength: 19 }, /secretLength/],
      [{ secretLength: 65 }, /secretLength/],
      [{ appName: 'a:b' }, /appName/],
      [{ appName: '' }, /appName/],
      [{ errors: { codeMissing: 'x' } } as TwoFactorOptions, /errors\.codeMissing/],
      [{ errors: { codeRequired: 5 } } as unknown as TwoFactorOptions, /errors\.codeRequired/],
    ]
    for (const [options, message] of refused) expect(() => new TwoFactor(options)).toThrow(message)
  })

  it('in two places at once are a contradiction', async () => {
    const services = { password: new AccountsPassword({ argon2: CHEAP, twoFactor: { window: 0 } }) }
    await expect(newWorld({ options: { factors: [new TwoFactor()] }, services })).rejects.toMatchObject({ code: 'InvalidSettings' })
  })

  it('of a factor that was given to the server count for the password service too', async () => {
    const factor = new TwoFactor({ appName: 'Acme' })
    const password = new AccountsPassword({ argon2: CHEAP })
    await using world = await newWorld({ options: { factors: [factor] }, services: { password } })
    expect(password.twoFactor).toBe(factor)
    expect([...world.server.accounts.core.factors.values()]).toEqual([factor])
  })
})
