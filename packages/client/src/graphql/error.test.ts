import { describe, expect, test } from 'vitest'
import { AccountsClientError, isSessionOver, isTokenRefused } from '../error.ts'
import { GraphQLErrorList, toClientError } from './error.ts'

const entry = (code?: unknown, more: object = {}) => ({
  message: 'Refused',
  extensions: { ...(code === undefined ? {} : { code }), ...more },
})

describe('a list of errors', () => {
  test('has the code, the details and the wait of its first entry, and lists all texts', () => {
    const list = new GraphQLErrorList([entry('TooManyAttempts', { retryAfter: 30, details: { field: 'x' } }), { message: 'And this' }])
    expect(list).toMatchObject({
      message: 'Refused\nAnd this',
      code: 'TooManyAttempts',
      status: 429,
      retryAfter: 30,
      details: { field: 'x' },
    })
    expect(list.errors).toHaveLength(2)
    expect(list).toBeInstanceOf(AccountsClientError)
  })

  test('that is empty still says something', () => {
    expect(new GraphQLErrorList([]).message).toBe('GraphQL error')
  })

  test('says of whom nobody is signed in what REST says', () => {
    expect(new GraphQLErrorList([entry('UNAUTHENTICATED')])).toMatchObject({ code: 'Unauthorized', status: 401 })
    // A server of accounts-js of the older line has no codes.
    expect(new GraphQLErrorList([{ message: 'Unauthorized' }])).toMatchObject({ code: 'Unauthorized', status: 401 })
    expect(isTokenRefused(new GraphQLErrorList([entry('UNAUTHENTICATED')]))).toBe(true)
  })

  test('tells an over session from a busy server', () => {
    expect(isSessionOver(new GraphQLErrorList([entry('InvalidSession')]))).toBe(true)
    for (const code of ['Busy', 'InternalError', 'INTERNAL_SERVER_ERROR', 'TooManyAttempts', undefined]) {
      expect(isSessionOver(new GraphQLErrorList([entry(code)]))).toBe(false)
    }
    expect(new GraphQLErrorList([entry('Busy')]).status).toBe(503)
    expect(new GraphQLErrorList([entry('INTERNAL_SERVER_ERROR')]).status).toBe(500)
  })

  test("finds the code of accounts-js's servers where Apollo Server 2 hid it", () => {
    const list = new GraphQLErrorList([entry('INTERNAL_SERVER_ERROR', { exception: { code: 'InvalidCredentials' } })])
    expect(list).toMatchObject({ code: 'InvalidCredentials', status: 400 })
  })
})

describe('what a GraphQL client throws', () => {
  const errors = [entry('InvalidSession')]
  test.each([
    ['Apollo 3', { graphQLErrors: errors, networkError: null }],
    ['Apollo 3, another status than 200', { graphQLErrors: [], networkError: { statusCode: 401, result: { errors } } }],
    ['Apollo 4', Object.assign(new Error('Refused'), { errors })],
    ['Apollo 4, another status than 200', { statusCode: 401, bodyText: JSON.stringify({ errors }) }],
    ['graphql-request', { response: { errors, status: 200 } }],
  ])('is our list: %s', (_, thrown) => {
    expect(toClientError(thrown)).toBeInstanceOf(GraphQLErrorList)
    expect(toClientError(thrown)).toMatchObject({ code: 'InvalidSession', cause: thrown })
  })

  test.each([
    ['a dropped network', new TypeError('fetch failed'), 'NetworkError', 0],
    ['the same in Apollo 3', { graphQLErrors: [], networkError: new TypeError('fetch failed') }, 'NetworkError', 0],
    ["a proxy's page", { networkError: { statusCode: 502, result: '<html>' } }, 'UnexpectedReply', 502],
    ['the same in Apollo 4', { statusCode: 502, bodyText: '<html>' }, 'UnexpectedReply', 502],
  ])('is %s, and ends no session', (_, thrown, code, status) => {
    const error = toClientError(thrown)
    expect(error).toMatchObject({ code, status })
    expect(isSessionOver(error)).toBe(false)
  })

  test('stays what it is when it is ours', () => {
    const ours = new AccountsClientError('x')
    expect(toClientError(ours)).toBe(ours)
  })
})
