import { AccountsClientError } from '@latchkey/client'
import { expect, test } from 'vitest'
import { duration, explain } from './explain.ts'
import { ago } from './times.ts'

const failed = (code: string | undefined, info: { status?: number; details?: Record<string, unknown>; retryAfter?: number } = {}) =>
  new AccountsClientError('As the server says it', code, { status: 400, ...info })

test('a known code is said in our own words, with what to do', () => {
  expect(explain(failed('NetworkError'))).toEqual({
    code: 'NetworkError',
    text: 'The server cannot be reached. Check your connection, then try again.',
    field: undefined,
  })
})

test('an unknown code keeps the words of the server, such as those of the app’s own rules', () => {
  expect(explain(failed('AppError')).text).toBe('As the server says it')
  expect(explain(failed('InvalidPassword', { details: { field: 'user.password' } }))).toMatchObject({
    text: 'As the server says it',
    field: 'password',
  })
})

test('a place can say it more exactly', () => {
  const special = { InvalidCredentials: { text: 'That is not your password.', field: 'confirmation' } }
  expect(explain(failed('InvalidCredentials'), special)).toEqual({ code: 'InvalidCredentials', ...special.InvalidCredentials })
})

test('a limit says how long to wait', () => {
  const texts = [undefined, 1, 30, 60, 95, 3600, 7300].map(retryAfter =>
    explain(failed('TooManyAttempts', { status: 429, ...(retryAfter !== undefined && { retryAfter }) })).text.slice(28, -17),
  )
  expect(texts).toEqual(['a moment', '1 second', '30 seconds', '1 minute', '2 minutes', '1 hour', '3 hours'])
  expect(duration(0)).toBe('1 second')
})

test('a refusal without a code, and a fault of our own, are said too', () => {
  expect(explain(failed(undefined, { status: 401 })).text).toBe('Your session has ended. Please sign in again.')
  expect(explain(failed(undefined, { status: 500 })).text).toMatch(/^Something went wrong on the server/)
  expect(explain(new TypeError('x is not a function')).text).not.toContain('function')
})

test('times are said as one says them', () => {
  const now = Date.parse('2026-11-22T12:00:00Z')
  const times = ['2026-11-22T11:59:30Z', '2026-11-22T11:55:00Z', '2026-11-22T09:00:00Z', '2026-11-21T11:00:00Z', '2026-10-08T12:00:00Z']
  expect(times.map(time => ago(time, now))).toEqual(['just now', '5 minutes ago', '3 hours ago', 'yesterday', 'on 8 October 2026'])
  // A server whose clock is ahead
  expect(ago('2026-11-22T12:05:00Z', now)).toBe('just now')
})
