import { describe, expect, it } from 'vitest'
import AccountsServerByDefault, * as server from './index.ts'
import { ERRORS } from './index.ts'
import type { AccountsServerOptions, AuthenticationServices } from './index.ts'
import { memoryStore } from './stores/memory/index.ts'
import { DatabaseType } from './types.ts'
import type { Session, User } from './types.ts'

const OF_SERVICES = ['ServiceNotFound', 'AuthenticationFailed', 'UserDeactivated']
const OF_TOKENS = ['InvalidToken', 'TokenVerificationFailed', 'SessionNotFound']

const ENUMS: readonly (readonly [name: string, codes: object, names: readonly string[]])[] = [
  ['AuthenticateWithServiceErrors', server.AuthenticateWithServiceErrors, OF_SERVICES],
  ['LoginWithServiceErrors', server.LoginWithServiceErrors, OF_SERVICES],
  ['ImpersonateErrors', server.ImpersonateErrors, [...OF_TOKENS, 'InvalidSession', 'UserNotFound', 'ImpersonatedUserNotFound']],
  ['FindSessionByAccessTokenErrors', server.FindSessionByAccessTokenErrors, OF_TOKENS],
  [
    'RefreshTokensErrors',
    server.RefreshTokensErrors,
    ['InvalidTokens', 'TokenVerificationFailed', 'SessionNotFound', 'InvalidSession', 'UserNotFound'],
  ],
  ['LogoutErrors', server.LogoutErrors, [...OF_TOKENS, 'InvalidSession']],
  ['ResumeSessionErrors', server.ResumeSessionErrors, [...OF_TOKENS, 'InvalidSession', 'UserNotFound']],
]

describe('what accounts-js’s server package exports', () => {
  it('is all here: the server, by name and by default', () => {
    expect(AccountsServerByDefault).toBe(server.AccountsServer)
  })

  it('ServerHooks names its hooks', () => {
    expect(server.ServerHooks).toMatchObject({ ValidateLogin: 'ValidateLogin', LoginSuccess: 'LoginSuccess' })
  })

  it.each(ENUMS)('%s holds its codes, each by its own name, and they are codes of ours', (_name, codes, names) => {
    expect(Object.keys(codes)).toEqual(names)
    for (const [name, code] of Object.entries(codes)) expect([code, code in ERRORS]).toEqual([name, true])
  })

  it('AccountsJsError carries message and code, and our errors are instances of it', () => {
    const error = new server.AccountsJsError('Your trial has ended', 'TrialEnded')
    expect(error).toMatchObject({ message: 'Your trial has ended', code: 'TrialEnded', name: 'Error' })
    expect(error).toBeInstanceOf(Error)
    expect(error).toBeInstanceOf(server.AccountsJsError)
    expect(new server.AccountsError('InvalidSession')).toBeInstanceOf(server.AccountsJsError)
    expect(new Error('x')).not.toBeInstanceOf(server.AccountsJsError)
    class OwnError extends server.AccountsJsError {}
    expect(new OwnError('x', 'Y')).toBeInstanceOf(OwnError)
    expect(new server.AccountsError('InvalidSession')).not.toBeInstanceOf(OwnError)
    for (const nothing of [null, undefined, 'x', { code: 'InvalidSession' }]) expect(nothing instanceof server.AccountsJsError).toBe(false)
  })

  it('generateRandomToken makes 43 random bytes in hexadecimal, or as many as wanted', () => {
    expect(server.generateRandomToken()).toMatch(/^[0-9a-f]{86}$/)
    expect(server.generateRandomToken(5)).toMatch(/^[0-9a-f]{10}$/)
    expect(server.generateRandomToken()).not.toBe(server.generateRandomToken())
  })

  it('getFirstUserEmail answers the first address, or the one that was asked for if the user has it', () => {
    const ada = {
      emails: [
        { address: 'ada@example.org', verified: true },
        { address: 'b@example.org', verified: false },
      ],
    }
    expect(server.getFirstUserEmail(ada, '')).toBe('ada@example.org')
    expect(server.getFirstUserEmail(ada)).toBe('ada@example.org')
    expect(server.getFirstUserEmail(ada, 'B@example.org')).toBe('B@example.org')
    expect(() => server.getFirstUserEmail(ada, 'c@example.org')).toThrow('No such email address for user')
    expect(() => server.getFirstUserEmail({ emails: [] }, '')).toThrow("User doesn't have an email address")
    expect(() => server.getFirstUserEmail({})).toThrow("User doesn't have an email address")
  })

  it('the types of @accounts/types describe what the server hands out, and the app’s own fields in it', async () => {
    interface Customer extends User {
      plan?: 'gold' | 'silver'
    }
    const options: AccountsServerOptions<Customer> = {
      tokenSecret: 'on a laptop only',
      log: server.silentLog,
      createJwtPayload: (_data, user) => ({ plan: user.plan }),
    }
    const services: AuthenticationServices = {}
    const accounts = new server.AccountsServer<Customer>(options, services, memoryStore())
    const { id } = await accounts.accounts.createUser({ username: 'ada', custom: { plan: 'gold' } })
    const plan: 'gold' | 'silver' | undefined = (await accounts.findUserById(id))?.plan
    const { tokens } = await accounts.loginWithUser({ id }, {})
    const session: Session = await accounts.findSessionByAccessToken(tokens.accessToken)
    expect({ plan, of: session.userId }).toEqual({ plan: 'gold', of: id })
    expect(DatabaseType).toEqual({ User: 'user', Both: 'db', Sessions: 'sessions' })
    await accounts.stop()
  })
})
