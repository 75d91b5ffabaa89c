import { describe, expect, it } from 'vitest'
import { AccountsPassword } from './index.ts'
import { readOptions } from './options.ts'
import type { AccountsPasswordOptions } from './options.ts'

const current = (options: AccountsPasswordOptions) => readOptions(options).hashing.current
const refusal = (options: object): string => {
  try {
    return typeof new AccountsPassword(options)
  } catch (error) {
    return (error as Error).message
  }
}

describe('the options of AccountsPassword', () => {
  it('hash with argon2id unless bcrypt is asked for', () => {
    const argon2id = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2, parallelism: 1 }
    expect(current({})).toEqual(argon2id)
    expect(current({ argon2Enabled: true })).toEqual(argon2id)
    expect(current({ argon2: { memoryCost: 65_536, timeCost: 3 } })).toEqual({ ...argon2id, memoryCost: 65_536, timeCost: 3 })
    expect(current({ bcryptRounds: 12 })).toEqual({ algorithm: 'bcrypt', rounds: 12 })
    expect(current({ argon2Enabled: false })).toEqual({ algorithm: 'bcrypt', rounds: 10 })
    expect(current({ argon2Enabled: false, bcryptRounds: 11 })).toEqual({ algorithm: 'bcrypt', rounds: 11 })
    // Meteor: once argon2 is on, the rounds concern old hashes only.
    expect(current({ argon2Enabled: true, bcryptRounds: 11 })).toEqual(argon2id)
  })

  it('refuse unknown names, by name', () => {
    expect(refusal({ minLenght: 12 })).toContain('Unknown option "minLenght" of AccountsPassword. Did you mean "minLength"?')
    expect(refusal({ argon2: { lanes: 2 } })).toContain('Unknown option "argon2.lanes"')
    expect(refusal({ argon2: { type: 'argon2x' } })).toBe('argon2.type must be argon2id, argon2i or argon2d')
    expect(refusal({ errors: { wrongPassword: 'x' } })).toContain('Unknown option "errors.wrongPassword"')
    expect(refusal({ hashing: { threads: 2 } })).toContain('Unknown option "hashing.threads"')
  })

  it('refuse impossible costs and bounds', () => {
    for (const bcryptRounds of [3, 16, 10.5, Number.NaN]) expect(refusal({ bcryptRounds })).toContain('bcryptRounds')
    expect(refusal({ bcryptRounds: '10' })).toContain('bcryptRounds')
    expect(refusal({ argon2: { memoryCost: 7 } })).toContain('argon2.memoryCost')
    expect(refusal({ argon2: { timeCost: 0 } })).toContain('argon2.timeCost')
    expect(refusal({ argon2: { memoryCost: 4_194_304 } })).toContain('argon2 costs too much')
    expect(refusal({ hashing: { concurrency: 0 } })).toContain('hashing.concurrency')
    expect(refusal({ hashing: { queue: -1 } })).toContain('hashing.queue')
    expect(refusal({ hashing: { maxWait: 'soon' } })).toContain('hashing.maxWait')
    expect(refusal({ hashPassword: 'bcrypt' })).toContain('hashPassword must be a function')
    expect(refusal({ verifyPassword: {} })).toContain('verifyPassword must be a function')
    expect(refusal({ errors: { userNotFound: 5 } })).toContain('errors.userNotFound must be a string')
  })

  it('hand the rules about passwords on to the server', () => {
    const { passwordSettings } = new AccountsPassword({
      minLength: 12,
      requireEmailVerification: true,
      verifyEmailTokenExpiration: '1d',
      bcryptRounds: 10,
    })
    expect(passwordSettings).toEqual({
      minLength: 12,
      requireEmailVerification: true,
      verifyEmailTokenExpiration: '1d',
      validateUsername: expect.any(Function) as unknown,
    })
  })

  it("take over accounts-js's rule for names, unless the app has its own", () => {
    const { validateUsername } = new AccountsPassword().passwordSettings
    expect(['ada', 'Ada99', '9ada', 'ada lovelace', ''].map(name => validateUsername?.(name))).toEqual([true, true, false, false, false])
    const mine = () => true
    expect(new AccountsPassword({ validateUsername: mine }).passwordSettings.validateUsername).toBe(mine)
  })

  it('leave one core to everything else, and wait ten seconds at most', () => {
    const { gate } = readOptions({}).hashing
    expect(gate.concurrency).toBeGreaterThanOrEqual(1)
    expect(gate.concurrency).toBeLessThanOrEqual(3)
    expect(gate).toMatchObject({ queue: 1000, maxWait: 10_000 })
    expect(readOptions({ hashing: { concurrency: 2, queue: 5, maxWait: '2s' } }).hashing.gate).toEqual({
      concurrency: 2,
      queue: 5,
      maxWait: 2000,
    })
  })

  it('replace some texts and keep the others', () => {
    expect(new AccountsPassword({ errors: { invalidCredentials: 'Nope', userNotFound: 'Who?' } }).messages).toEqual({
      InvalidCredentials: 'Nope',
      UserNotFound: 'Who?',
    })
  })
})
