import { describe, expect, it } from 'vitest'
import { newWorld } from '../../testing/index.ts'
import MagicLink, {
  AccountsMagicLink,
  AuthenticateErrors,
  errors,
  MagicLinkAuthenticatorErrors,
  RequestMagicLinkEmailErrors,
} from './index.ts'

const refusal = (options: object): string => {
  try {
    return typeof new AccountsMagicLink(options)
  } catch (error) {
    return (error as Error).message
  }
}

describe('the options of AccountsMagicLink', () => {
  it('take a time in milliseconds or as a text', () => {
    expect(new AccountsMagicLink().loginLinks.lifetime).toBe(900_000)
    expect(new AccountsMagicLink({ loginTokenExpiration: 60_000 }).loginLinks.lifetime).toBe(60_000)
    expect(new AccountsMagicLink({ loginTokenExpiration: '10m' }).loginLinks.lifetime).toBe(600_000)
  })

  it('refuse unknown names and wrong types, by name', () => {
    expect(refusal({ loginTokenExpire: 1 })).toContain('Unknown option "loginTokenExpire"')
    expect(refusal({ errors: { tokenExpired: 'x' } })).toContain('Unknown option "errors.tokenExpired"')
    expect(refusal({ errors: { userNotFound: 5 } })).toContain('errors.userNotFound must be a string')
    for (const loginTokenExpiration of [0, -1, Number.NaN, '15', 'soon', {}]) {
      expect(refusal({ loginTokenExpiration })).toContain('loginTokenExpiration')
    }
  })

  it('put the app’s own texts in the place of ours, each by itself', async () => {
    const own = {
      userNotFound: 'Nobody',
      unrecognizedOptionsForLogin: 'What?',
      matchFailed: 'Huh?',
      invalidEmail: 'No address',
      loginTokenExpired: 'Too late',
    }
    const world = await newWorld({ services: { magicLink: new AccountsMagicLink({ errors: own }) } })
    const said = (work: Promise<unknown>): Promise<string> => work.then(String, (error: Error) => error.message)
    const { accounts } = world.server
    expect(await said(accounts.login('magicLink', {}, world.origin))).toBe('What?')
    expect(await said(accounts.login('magicLink', { token: 5 }, world.origin))).toBe('Huh?')
    expect(await said(accounts.login('magicLink', { token: 'x' }, world.origin))).toBe('Too late')
    expect(await said(accounts.requestMagicLinkEmail('x', world.origin))).toBe('No address')
    expect(await said(accounts.requestMagicLinkEmail('nobody@example.org', world.origin, 'openly'))).toBe('Nobody')
    await world.close()
  })
})

describe('what the package exports', () => {
  it('is what accounts-js’s exports, by the same names', () => {
    expect(MagicLink).toBe(AccountsMagicLink)
    expect(new AccountsMagicLink().serviceName).toBe('magicLink')
    expect(AuthenticateErrors).toEqual({ UnrecognizedOptionsForLogin: 'UnrecognizedOptionsForLogin', MatchFailed: 'MatchFailed' })
    expect(MagicLinkAuthenticatorErrors).toEqual({ LoginTokenExpired: 'LoginTokenExpired' })
    expect(RequestMagicLinkEmailErrors).toEqual({ InvalidEmail: 'InvalidEmail', UserNotFound: 'UserNotFound' })
    expect(errors).toEqual({
      userNotFound: 'User not found',
      unrecognizedOptionsForLogin: 'Unrecognized options for login request',
      matchFailed: 'Match failed',
      invalidEmail: 'Invalid email',
      loginTokenExpired: 'Login token expired',
    })
  })
})
