/** What is asked of a server, under accounts-js's names; below them what Latchkey's schema has beside. */
import { documentOf, fragmentOf } from './document.ts'
import type { GraphQLDocument, Operation, Selection } from './document.ts'

/** Names of the operations: those of accounts-js's client, and ours. */
export type OperationName = keyof typeof OPERATIONS

/** Every document, with the fields of a user that the app wants. */
export type Documents = Readonly<Record<OperationName, GraphQLDocument>>

const TOKENS: Selection = { tokens: ['refreshToken', 'accessToken'] }
const USER: Selection = { user: ['...userFields'] }
const LOGIN = ['sessionId', TOKENS, USER]
const SECRET = ['ascii', 'base32', 'hex', 'otpauth_url']
const CREDENTIALS = { serviceName: 'String!', params: 'AuthenticateParamsInput!' }
const CONFIRMATION = { password: 'String', code: 'String' }
const DEVICES = ['id', 'current', 'createdAt', 'activeAt', 'expiresAt', 'ip', 'userAgent', 'device', 'factors', 'impersonated']

const query = (rest: Omit<Operation, 'kind' | 'name'> = {}) => ({ kind: 'query', ...rest }) as const
const mutation = (rest: Omit<Operation, 'kind' | 'name'> = {}) => ({ kind: 'mutation', ...rest }) as const

const OPERATIONS = {
  createUser: mutation({ variables: { user: 'CreateUserInput!' }, selection: ['userId', { loginResult: LOGIN }] }),
  authenticateWithService: mutation({ field: 'verifyAuthentication', variables: CREDENTIALS }),
  authenticate: mutation({ variables: CREDENTIALS, selection: LOGIN }),
  getUser: query({ selection: ['...userFields'] }),
  logout: mutation(),
  refreshTokens: mutation({ variables: { accessToken: 'String!', refreshToken: 'String!' }, selection: LOGIN }),
  verifyEmail: mutation({ variables: { token: 'String!' } }),
  sendResetPasswordEmail: mutation({ variables: { email: 'String!' } }),
  sendVerificationEmail: mutation({ variables: { email: 'String!' } }),
  resetPassword: mutation({ variables: { token: 'String!', newPassword: 'String!' }, selection: LOGIN }),
  addEmail: mutation({ variables: { newEmail: 'String!' } }),
  changePassword: mutation({ variables: { oldPassword: 'String!', newPassword: 'String!' } }),
  getTwoFactorSecret: query({ field: 'twoFactorSecret', selection: SECRET }),
  twoFactorSet: mutation({ variables: { secret: 'TwoFactorSecretKeyInput!', code: 'String!' } }),
  twoFactorUnset: mutation({ variables: { code: 'String!' } }),
  impersonate: mutation({
    variables: { accessToken: 'String!', impersonated: 'ImpersonationUserIdentityInput!' },
    selection: ['authorized', TOKENS, USER],
  }),
  requestMagicLinkEmail: mutation({ variables: { email: 'String!' } }),
  accountsRequestLoginCode: mutation({ variables: { email: 'String!' }, selection: ['request'] }),

  addEmailConfirmed: mutation({ field: 'addEmail', variables: { newEmail: 'String!', ...CONFIRMATION } }),
  changePasswordConfirmed: mutation({
    field: 'changePassword',
    variables: { oldPassword: 'String!', newPassword: 'String!', code: 'String' },
  }),
  twoFactorEnable: mutation({ variables: { secret: 'TwoFactorSecretKeyInput!', code: 'String!', password: 'String' } }),
  twoFactorRecoveryCodes: mutation({ variables: { code: 'String!' } }),
  twoFactorStatus: query({ selection: ['enabled', 'recoveryCodesLeft'] }),
  accountsSettings: query({ selection: ['signUpAllowed', 'passwordMinLength', 'verificationMail', 'twoFactor', 'strategies'] }),
  accountsSessions: query({ selection: DEVICES }),
  accountsExport: query(),
  endSession: mutation({ variables: { sessionId: 'ID!' } }),
  endOtherSessions: mutation(),
  deleteAccount: mutation({ variables: CONFIRMATION }),
  removeEmail: mutation({ variables: { email: 'String!', ...CONFIRMATION } }),
  changeEmail: mutation({ variables: { oldEmail: 'String!', newEmail: 'String!', ...CONFIRMATION } }),
  linkedAccounts: query({ selection: ['provider', 'linkedAt'] }),
  linkAccount: mutation({ variables: { params: 'AuthenticateParamsInput!', ...CONFIRMATION } }),
  unlinkAccount: mutation({ variables: { provider: 'String!', ...CONFIRMATION } }),
} as const satisfies Record<string, Omit<Operation, 'name'>>

/** The fields of a user, unless the app asks for others. */
const USER_FIELDS = fragmentOf('userFields', 'User', ['id', { emails: ['address', 'verified'] }, 'username'])

/** All documents. `userFieldsFragment` is the app's own `fragment userFields on User { … }`, with whatever fragments that uses. */
export function documents(userFieldsFragment?: GraphQLDocument): Documents {
  const fragments = userFieldsFragment?.definitions ?? [USER_FIELDS]
  const entries = Object.entries(OPERATIONS).map(([name, operation]: [string, Omit<Operation, 'name'>]) => {
    // GraphQL refuses fragments that nothing uses.
    const usesThem = JSON.stringify(operation.selection ?? []).includes('"...userFields"')
    return [name, documentOf({ ...operation, name }, usesThem ? fragments : [])]
  })
  // The keys are those of OPERATIONS.
  return Object.fromEntries(entries) as Documents
}

/** True for the names whose operation is a query. */
export const isQuery = (name: OperationName): boolean => OPERATIONS[name].kind === 'query'

/** The field in which an operation's answer stands. */
export const fieldOf = (name: OperationName): string => {
  const operation: Omit<Operation, 'name'> = OPERATIONS[name]
  return operation.field ?? name
}
