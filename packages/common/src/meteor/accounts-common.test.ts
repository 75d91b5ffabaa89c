import { afterEach, describe, expect, it, vi } from 'vitest'
import { AccountsCommon } from './accounts-common.ts'
import type { AccountsConfig } from './account-options.ts'
import { Callbacks } from './callbacks.ts'
import { LoginCancelledError } from './login-cancelled.ts'

const DAY = 86_400_000
const NOW = Date.parse('2026-01-01T00:00:00Z')

class Bare extends AccountsCommon {
  override userId(): string | null {
    return null
  }
  override async userAsync(): Promise<null> {
    return null
  }
  protected override _now(): number {
    return NOW
  }
}

afterEach(() => {
  vi.restoreAllMocks()
})

it('the default fields are those of a look-up that says nothing', () => {
  const accounts = new Bare({ defaultFieldSelector: { secretNote: 0 } })
  expect(accounts._addDefaultFieldSelector()).toEqual({ fields: { secretNote: 0 } })
  expect(new Bare()._addDefaultFieldSelector()).toEqual({})
})

describe('lifetimes', () => {
  const lifetime = (options: AccountsConfig): number => new Bare(options)._getTokenLifetimeMs()

  it('of login tokens are what loginExpirationInDays says', () => expect(lifetime({ loginExpirationInDays: 2 })).toBe(172_800_000))

  it('of login tokens that never expire are a hundred years', () => {
    expect(lifetime({ loginExpirationInDays: null })).toBe(new Bare().LOGIN_UNEXPIRING_TOKEN_DAYS * DAY)
  })

  it('that never end lead to a date that is one', () => {
    const expires = new Bare({ loginExpirationInDays: null })._tokenExpiration(new Date(NOW))
    expect(expires).toBeInstanceOf(Date)
    expect(expires.getTime()).toBe(NOW + 36_500 * DAY)
  })

  it('that never end are not over soon in 200 days', () => {
    expect(new Bare({ loginExpirationInDays: null })._tokenExpiresSoon(new Date(NOW + 200 * DAY))).toBe(false)
  })

  it('of login tokens are 90 days when nothing is said', () => {
    expect(lifetime({})).toBe(new Bare().DEFAULT_LOGIN_EXPIRATION_DAYS * DAY)
    expect(lifetime({})).toBe(90 * DAY)
  })

  it('in milliseconds count when nothing is said in days', () => {
    expect(lifetime({ loginExpiration: 5000 })).toBe(5000)
    expect(new Bare({ passwordResetTokenExpiration: 5000 })._getPasswordResetTokenLifetimeMs()).toBe(5000)
    expect(new Bare({ passwordEnrollTokenExpiration: 5000 })._getPasswordEnrollTokenLifetimeMs()).toBe(5000)
  })

  it('in days go before those in milliseconds, null too, and one warning names both', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    expect(lifetime({ loginExpirationInDays: 1, loginExpiration: 5000 })).toBe(DAY)
    expect(warn.mock.calls).toEqual([
      ['Accounts.config: loginExpirationInDays and loginExpiration are both set; loginExpirationInDays is used'],
    ])
    expect(lifetime({ loginExpirationInDays: null, loginExpiration: 5000 })).toBe(36_500 * DAY)
    const reset = { passwordResetTokenExpirationInDays: 1, passwordResetTokenExpiration: 5000 }
    expect(new Bare(reset)._getPasswordResetTokenLifetimeMs()).toBe(DAY)
    const enrol = { passwordEnrollTokenExpirationInDays: null, passwordEnrollTokenExpiration: 5000 }
    expect(new Bare(enrol)._getPasswordEnrollTokenLifetimeMs()).toBe(36_500 * DAY)
  })

  it('are complained of once, and not again by each later call', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    warn.mockClear()
    const accounts = new Bare({ loginExpiration: 5000 })
    accounts.config({ loginExpirationInDays: 1 })
    accounts.config({ sendVerificationEmail: true })
    expect(warn).toHaveBeenCalledTimes(1)
    accounts.config({ passwordResetTokenExpiration: 5000, passwordResetTokenExpirationInDays: 2 })
    expect(warn).toHaveBeenCalledTimes(2)
  })

  it('of links are 3 and 30 days when nothing is said', () => {
    expect(new Bare()._getPasswordResetTokenLifetimeMs()).toBe(3 * DAY)
    expect(new Bare()._getPasswordEnrollTokenLifetimeMs()).toBe(30 * DAY)
  })

  it('take a moment as a date or as a number', () => {
    const accounts = new Bare({ loginExpirationInDays: 1 })
    expect(accounts._tokenExpiration(NOW)).toEqual(new Date(NOW + DAY))
    expect(accounts._tokenExpiration(new Date(NOW))).toEqual(new Date(NOW + DAY))
  })

  it('are over soon in their last hour, and in the last tenth of a short one', () => {
    const long = new Bare({ loginExpirationInDays: 1 })
    expect([3_599_000, 3_601_000].map(left => long._tokenExpiresSoon(new Date(NOW + left)))).toEqual([true, false])
    const short = new Bare({ loginExpiration: 10_000 })
    expect([999, 1001].map(left => short._tokenExpiresSoon(NOW + left))).toEqual([true, false])
  })
})

describe('options', () => {
  it('are the very object that was given', () => {
    const options = { sendVerificationEmail: true }
    expect(new Bare(options)._options).toBe(options)
  })

  it('are kept as they are set', () => {
    const accounts = new Bare()
    const defaultFieldSelector = { bigArray: 0 } as const
    accounts.config({ defaultFieldSelector })
    expect(accounts._options.defaultFieldSelector).toBe(defaultFieldSelector)
  })

  it('of a name nobody knows are complained of on the console, and not kept', () => {
    const complain = vi.spyOn(console, 'error').mockImplementation(() => {})
    const unknown = { nonsense: 1, sendVerificationEmail: true } as AccountsConfig
    const accounts = new Bare()
    accounts.config(unknown)
    expect(complain.mock.calls).toEqual([['Accounts.config: Invalid key: nonsense']])
    expect(accounts._options).toEqual({ sendVerificationEmail: true })
    void new Bare(unknown)
    expect(complain).toHaveBeenCalledTimes(2)
  })
})

describe('callbacks', () => {
  it('are told in the order they came, each when the one before is done', async () => {
    const callbacks = new Callbacks<string>()
    const heard: string[] = []
    callbacks.register(async what => {
      await Promise.resolve()
      heard.push(`first ${what}`)
    })
    callbacks.register(what => void heard.push(`second ${what}`))
    await callbacks.tell(
      () => 'word',
      () => {},
    )
    expect(heard).toEqual(['first word', 'second word'])
  })

  it('that throw, or are rejected, are complained of, and the others are told', async () => {
    const callbacks = new Callbacks<string>()
    const [now, later] = [new Error('now'), new Error('later')]
    callbacks.register(() => {
      throw now
    })
    callbacks.register(() => Promise.reject(later))
    const heard: string[] = []
    callbacks.register(what => void heard.push(what))
    const complaints: unknown[] = []
    await callbacks.tell(
      () => 'word',
      (_message, error) => void complaints.push(error),
    )
    expect(complaints).toEqual([now, later])
    expect(heard).toEqual(['word'])
  })

  it('can be stopped one by one, also of the same function', () => {
    const callbacks = new Callbacks<void>()
    const callback = (): void => {}
    const [first, second] = [callbacks.register(callback), callbacks.register(callback)]
    first.stop()
    first()
    expect(callbacks.all()).toHaveLength(1)
    second.stop()
    expect(callbacks.isEmpty).toBe(true)
  })

  it('must be functions', () => {
    // What JavaScript lets through.
    expect(() => new Callbacks<void>().register('no' as unknown as () => void)).toThrow(TypeError)
  })
})

it('a sign-in that was given up has a name and a number of its own', () => {
  expect(new LoginCancelledError('closed')).toMatchObject({ name: 'Accounts.LoginCancelledError', message: 'closed' })
  expect(LoginCancelledError.numericError).toBe(145_546_287)
  expect(new Bare().LoginCancelledError).toBe(LoginCancelledError)
})
