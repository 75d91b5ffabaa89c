import { parse, print } from 'graphql'
import type { ASTNode } from 'graphql'
import { describe, expect, test } from 'vitest'
import { AccountsClient } from '../accounts-client.ts'
import type { GraphQLAnswer, GraphQLClientLike } from './graphql-client.ts'
import { AccountsGraphQLClient, GraphQLErrorList } from './index.ts'

interface Sent {
  kind: 'query' | 'mutation'
  text: string
  variables: unknown
  fetchPolicy: unknown
  headers: Record<string, string>
}

const inAnHour = (): string => `x.${Buffer.from(JSON.stringify({ exp: Date.now() / 1000 + 3600 })).toString('base64url')}.x`
const TOKENS = { accessToken: inAnHour(), refreshToken: inAnHour() }

/** A signed-in client over a GraphQL client that answers what it is told, and what it sent. */
async function world(answer: GraphQLAnswer = { data: {} }) {
  const sent: Sent[] = []
  const note = (
    kind: Sent['kind'],
    document: unknown,
    options: { variables?: unknown; fetchPolicy?: string; context?: Record<string, unknown> },
  ) => {
    const headers = (options.context?.['headers'] ?? {}) as Record<string, string>
    sent.push({ kind, text: print(document as ASTNode), variables: options.variables, fetchPolicy: options.fetchPolicy, headers })
    return Promise.resolve(answer)
  }
  const graphQLClient: GraphQLClientLike = {
    query: ({ query, ...rest }) => note('query', query, rest),
    mutate: ({ mutation, ...rest }) => note('mutation', mutation, rest),
  }
  const transport = new AccountsGraphQLClient({ graphQLClient })
  const client = new AccountsClient({}, transport)
  await client.setTokens(TOKENS)
  return { transport, client, sent }
}

const LOGIN = 'sessionId tokens { refreshToken accessToken } user { ...userFields }'
const USER = 'fragment userFields on User { id emails { address verified } username }'
const USER_ID = { userId: 'u1' }
const PARAMS = { user: { username: 'ada' }, password: 'p' }

/** Method, what it is called with, the operation in accounts-js's words, its variables. */
const CALLS: [method: string, call: (transport: AccountsGraphQLClient) => Promise<unknown>, text: string, variables: object][] = [
  [
    'createUser',
    transport => transport.createUser({ username: 'ada', password: 'p' }),
    `mutation createUser($user: CreateUserInput!) { createUser(user: $user) { userId loginResult { ${LOGIN} } } } ${USER}`,
    { user: { username: 'ada', password: 'p' } },
  ],
  [
    'authenticateWithService',
    transport => transport.authenticateWithService('password', PARAMS),
    'mutation authenticateWithService($serviceName: String!, $params: AuthenticateParamsInput!) { verifyAuthentication(serviceName: $serviceName, params: $params) }',
    { serviceName: 'password', params: PARAMS },
  ],
  [
    'loginWithService',
    transport => transport.loginWithService('password', PARAMS),
    `mutation authenticate($serviceName: String!, $params: AuthenticateParamsInput!) { authenticate(serviceName: $serviceName, params: $params) { ${LOGIN} } } ${USER}`,
    { serviceName: 'password', params: PARAMS },
  ],
  ['getUser', transport => transport.getUser(), `query getUser { getUser { ...userFields } } ${USER}`, {}],
  ['logout', transport => transport.logout(), 'mutation logout { logout }', {}],
  [
    'refreshTokens',
    transport => transport.refreshTokens('a', 'r'),
    `mutation refreshTokens($accessToken: String!, $refreshToken: String!) { refreshTokens(accessToken: $accessToken, refreshToken: $refreshToken) { ${LOGIN} } } ${USER}`,
    { accessToken: 'a', refreshToken: 'r' },
  ],
  [
    'verifyEmail',
    transport => transport.verifyEmail('t'),
    'mutation verifyEmail($token: String!) { verifyEmail(token: $token) }',
    { token: 't' },
  ],
  [
    'sendResetPasswordEmail',
    transport => transport.sendResetPasswordEmail('e'),
    'mutation sendResetPasswordEmail($email: String!) { sendResetPasswordEmail(email: $email) }',
    { email: 'e' },
  ],
  [
    'sendVerificationEmail',
    transport => transport.sendVerificationEmail('e'),
    'mutation sendVerificationEmail($email: String!) { sendVerificationEmail(email: $email) }',
    { email: 'e' },
  ],
  [
    'resetPassword',
    transport => transport.resetPassword('t', 'p'),
    `mutation resetPassword($token: String!, $newPassword: String!) { resetPassword(token: $token, newPassword: $newPassword) { ${LOGIN} } } ${USER}`,
    { token: 't', newPassword: 'p' },
  ],
  [
    'addEmail',
    transport => transport.addEmail('e'),
    'mutation addEmail($newEmail: String!) { addEmail(newEmail: $newEmail) }',
    { newEmail: 'e' },
  ],
  [
    'changePassword',
    transport => transport.changePassword('o', 'n'),
    'mutation changePassword($oldPassword: String!, $newPassword: String!) { changePassword(oldPassword: $oldPassword, newPassword: $newPassword) }',
    { oldPassword: 'o', newPassword: 'n' },
  ],
  [
    'getTwoFactorSecret',
    transport => transport.getTwoFactorSecret(),
    'query getTwoFactorSecret { twoFactorSecret { ascii base32 hex otpauth_url } }',
    {},
  ],
  [
    'twoFactorSet',
    transport => transport.twoFactorSet({ base32: 'B' }, 'c'),
    'mutation twoFactorSet($secret: TwoFactorSecretKeyInput!, $code: String!) { twoFactorSet(secret: $secret, code: $code) }',
    { secret: { base32: 'B' }, code: 'c' },
  ],
  [
    'twoFactorUnset',
    transport => transport.twoFactorUnset('c'),
    'mutation twoFactorUnset($code: String!) { twoFactorUnset(code: $code) }',
    { code: 'c' },
  ],
  [
    'impersonate',
    transport => transport.impersonate('a', USER_ID),
    `mutation impersonate($accessToken: String!, $impersonated: ImpersonationUserIdentityInput!) { impersonate(accessToken: $accessToken, impersonated: $impersonated) { authorized tokens { refreshToken accessToken } user { ...userFields } } } ${USER}`,
    { accessToken: 'a', impersonated: USER_ID },
  ],
  [
    'requestMagicLinkEmail',
    transport => transport.requestMagicLinkEmail('e'),
    'mutation requestMagicLinkEmail($email: String!) { requestMagicLinkEmail(email: $email) }',
    { email: 'e' },
  ],
]

/** Fits every operation: each finds its own field. */
const ANY = {
  authenticate: { sessionId: 's', tokens: TOKENS, user: { id: 'u1' } },
  refreshTokens: { sessionId: 's', tokens: TOKENS, user: { id: 'u1' } },
  impersonate: { authorized: true, tokens: TOKENS, user: { id: 'u1', username: null, __typename: 'User' } },
  getUser: { id: 'u1' },
}

describe('each method', () => {
  test.each(CALLS)("%s sends the operation of accounts-js's client", async (method, call, text, variables) => {
    const { transport, sent } = await world({ data: ANY })
    await call(transport)
    expect(sent).toMatchObject([{ kind: text.split(' ')[0], text: print(parse(text)), variables }])
    // The refresh is asked for tokens; everything else brings them.
    expect(sent[0]?.headers['Authorization']).toBe(method === 'refreshTokens' ? undefined : `Bearer ${TOKENS.accessToken}`)
    expect(sent[0]?.fetchPolicy).toBe(sent[0]?.kind === 'query' ? 'network-only' : undefined)
  })

  test("passes a caller's own headers on, and they win", async () => {
    const { transport, sent } = await world()
    await transport.verifyEmail('t', { Authorization: 'mine', 'x-more': 'yes' })
    expect(sent[0]?.headers).toEqual({ Authorization: 'mine', 'x-more': 'yes' })
  })

  test.each(['authorization', 'AUTHORIZATION'])('sends one header when the caller writes it as %s', async name => {
    const { transport, sent } = await world({ data: ANY })
    await transport.sessions({ [name]: 'mine' })
    await transport.getUser({ [name]: 'mine' })
    await transport.logout({ [name]: 'mine' })
    expect(sent.map(({ headers }) => headers)).toEqual([{ [name]: 'mine' }, { [name]: 'mine' }, { [name]: 'mine' }])
  })

  test('sends what confirms a deed, and asks accounts-js’s operation where nothing does', async () => {
    const { transport, sent } = await world()
    await transport.changePassword('o', 'n', undefined, 'c')
    await transport.addEmail('e', undefined, undefined, 'c')
    await transport.addEmail('e', undefined, 'p')
    await transport.removeEmail('e', 'p', undefined, 'c')
    await transport.changeEmail('o', 'n', 'p', undefined, 'c')
    await transport.deleteAccount('p', undefined, 'c')
    await transport.linkAccount({ provider: 'x', code: 'their' }, 'p', undefined, 'c')
    await transport.unlinkAccount('x', 'p', undefined, 'c')
    expect(sent.map(({ variables }) => variables)).toEqual([
      { oldPassword: 'o', newPassword: 'n', code: 'c' },
      { newEmail: 'e', code: 'c' },
      { newEmail: 'e', password: 'p' },
      { email: 'e', password: 'p', code: 'c' },
      { oldEmail: 'o', newEmail: 'n', password: 'p', code: 'c' },
      { password: 'p', code: 'c' },
      { params: { provider: 'x', code: 'their' }, password: 'p', code: 'c' },
      { provider: 'x', password: 'p', code: 'c' },
    ])
    // Every variable is an argument, too.
    expect(sent[0]?.text.replaceAll(/\s+/g, ' ')).toContain('oldPassword: $oldPassword newPassword: $newPassword code: $code')
    await transport.changePassword('o', 'n')
    expect(sent.at(-1)?.text).not.toContain('code')
  })
})

test('errors beside data are errors all the same', async () => {
  const errors = [{ message: 'Verify email link expired', extensions: { code: 'VerifyEmailLinkExpired' } }]
  const { transport } = await world({ data: { verifyEmail: null }, errors })
  await expect(transport.verifyEmail('t')).rejects.toBeInstanceOf(GraphQLErrorList)
  await expect(transport.verifyEmail('t')).rejects.toMatchObject({ errors, code: 'VerifyEmailLinkExpired' })
  const asApollo4 = await world({ data: undefined, error: Object.assign(new Error('x'), { errors }) })
  await expect(asApollo4.transport.verifyEmail('t')).rejects.toMatchObject({ errors })
})

test('an answer without data is no answer', async () => {
  const { transport } = await world({})
  await expect(transport.verifyEmail('t')).rejects.toMatchObject({ code: 'UnexpectedReply' })
})

test('the names of types and the nulls that GraphQL adds stay out of a user', async () => {
  const { transport } = await world({ data: ANY })
  expect((await transport.impersonate('a', USER_ID)).user).toEqual({ id: 'u1', emails: [], deactivated: false })
})
