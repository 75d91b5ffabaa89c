import { AccountsError } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'
import { MeteorError } from '@latchkey/common/ddp'
import { describe, expect, it } from 'vitest'
import { readSettings } from '../../../core/settings.ts'
import type { GivenSettings } from '../../../core/settings.ts'
import { AMBIGUOUS, toMeteorError } from './errors.ts'

const settings = (given: Partial<GivenSettings> = {}): ReturnType<typeof readSettings> =>
  readSettings({ tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz', face: 'meteor', ...given })
const OPEN = settings({ ambiguousErrorMessages: false })
const HIDING = settings()

/** What Meteor says, and whether it is said where messages are ambiguous. */
const WORDS: readonly [ErrorCode, string | number, string, 'always' | 'openly'][] = [
  ['InvalidCredentials', 403, AMBIGUOUS, 'always'],
  ['UserNotFound', 403, 'User not found', 'openly'],
  ['IncorrectPassword', 403, 'Incorrect password', 'openly'],
  ['NoPasswordSet', 403, 'User has no password set', 'openly'],
  ['TwoFactorRequired', 'no-2fa-code', '2FA code must be informed', 'openly'],
  ['TwoFactorInvalid', 'invalid-2fa-code', 'Invalid 2FA code', 'openly'],
  [
    'TwoFactorAlreadySet',
    '2fa-activated',
    'The 2FA is activated. You need to disable the 2FA first before trying to generate a new activation code.',
    'always',
  ],
  ['UsernameAlreadyExists', 403, 'Username already exists.', 'openly'],
  ['EmailAlreadyExists', 403, 'Email already exists.', 'openly'],
  ['UsernameOrEmailRequired', 400, 'Need to set a username or email', 'always'],
  ['SignUpForbidden', 403, 'Signups forbidden', 'always'],
  ['UnrecognizedOptionsForLogin', 400, 'Unrecognized options for login request', 'always'],
  ['MatchFailed', 400, 'Match failed', 'always'],
  ['InvalidInput', 400, 'Match failed', 'always'],
  ['InvalidPassword', 400, 'Password may not be empty', 'always'],
  ['SessionNotFound', 403, "You've been logged out by the server. Please log in again.", 'always'],
  ['InvalidSession', 403, 'Your session has expired. Please log in again.', 'always'],
  ['ResetPasswordLinkExpired', 403, 'Token expired', 'always'],
  ['ResetPasswordLinkUnknownAddress', 403, 'Token has invalid email address', 'always'],
  ['VerifyEmailLinkExpired', 403, 'Verify email link expired', 'always'],
  ['VerifyEmailLinkUnknownAddress', 403, 'Verify email link is for unknown address', 'always'],
  ['LoginTokenExpired', 403, 'Expired token', 'openly'],
  ['LoginTokenNotSet', 403, 'User has no token set', 'openly'],
  ['LoginTokenMismatch', 403, 'Token mismatch', 'openly'],
]

const said = (error: unknown): unknown[] => {
  const { error: code, reason, details } = error as MeteorError
  return details === undefined ? [code, reason] : [code, reason, details]
}

describe('an error of ours', () => {
  it.each(WORDS)('%s is %s to clients of Meteor, %s, and its reason is told %s', (code, error, reason, told) => {
    expect(said(toMeteorError(OPEN, new AccountsError(code)))).toEqual([error, reason])
    expect(said(toMeteorError(HIDING, new AccountsError(code)))).toEqual([error, told === 'always' ? reason : AMBIGUOUS])
  })

  it('has the app’s own words where it has some', () => {
    expect(said(toMeteorError(HIDING, new AccountsError('InvalidCredentials', { message: 'No.' })))).toEqual([403, 'No.'])
  })

  it('names neither services nor sessions that are none of a stranger’s business', () => {
    const error = new AccountsError('AuthenticationFailed', { message: 'Service ldap was not able to authenticate user' })
    expect(said(toMeteorError(HIDING, error))).toEqual([403, 'Service was not able to authenticate user'])
  })

  it('says when to come back as Meteor’s rate rules do', () => {
    expect(said(toMeteorError(HIDING, new AccountsError('TooManyAttempts', { retryAfter: 7 })))).toEqual([
      'too-many-requests',
      'Error, too many requests. Please slow down. You must wait 7 seconds before trying again.',
      { timeToReset: 7000 },
    ])
  })

  it('tells of a due second factor what completes the login, and in methods of ours its code too', () => {
    const error = new AccountsError('TwoFactorRequired', { details: { pending: 'x', factors: ['totp'] } })
    expect(said(toMeteorError(HIDING, error))[2]).toEqual({ pending: 'x', factors: ['totp'] })
    const field = new AccountsError('InvalidEmail', { details: { field: 'newEmail' } })
    expect(said(toMeteorError(HIDING, field))).toEqual([400, 'Invalid email'])
    expect(said(toMeteorError(HIDING, field, 'ours'))[2]).toEqual({ code: 'InvalidEmail', field: 'newEmail' })
  })

  it('that is about the server itself is told to nobody', () => {
    const error = new AccountsError('InternalError', { detail: 'the pool is empty' })
    expect(toMeteorError(HIDING, error)).toBe(error)
  })
})

describe('an error of the app', () => {
  it('that is Meteor’s passes as it is, thrown as it is or from a hook', () => {
    const own = new MeteorError('too-young', 'Come back in a year', { age: 9 })
    expect(toMeteorError(HIDING, own)).toBe(own)
    expect(toMeteorError(HIDING, new AccountsError('AppError', { cause: own }))).toBe(own)
  })

  it('that is any other stays hidden on Meteor’s face, and is read on every other', () => {
    const cause = new Error('connect ECONNREFUSED 10.0.0.7')
    const error = new AccountsError('AppError', { message: cause.message, cause })
    expect(toMeteorError(HIDING, error)).toBe(cause)
    expect(said(toMeteorError(settings({ face: 'accounts-js' }), error))).toEqual([403, cause.message])
  })
})
