/** The schema in the schema language: accounts-js's, type by type, and beside it what Latchkey adds. */
import type { GraphQLSettings } from './options.ts'

/** A part of the schema: what its root types get, and the types around them. */
export interface SchemaPart {
  readonly queries: string
  readonly mutations: string
  readonly types: string
}

/** Parts put together under one pair of root types. */
export function writeTypeDefs(parts: readonly SchemaPart[], settings: RootNames, extend: boolean): string {
  const { rootQueryName, rootMutationName, withSchemaDefinition } = settings
  const root = (name: string, fields: string): string => (fields === '' ? '' : `${extend ? 'extend ' : ''}type ${name} {${fields}}\n`)
  const schema = withSchemaDefinition ? `schema {\n  query: ${rootQueryName}\n  mutation: ${rootMutationName}\n}\n` : ''
  const queries = parts.map(part => part.queries).join('')
  const mutations = parts.map(part => part.mutations).join('')
  return `${schema}${root(rootQueryName, queries)}${root(rootMutationName, mutations)}${parts.map(part => part.types).join('')}`
}

type RootNames = Pick<GraphQLSettings, 'rootQueryName' | 'rootMutationName' | 'withSchemaDefinition'>

/** The directive, under whatever name. */
export const directiveTypeDefs = (name: string): string => `directive @${name} on FIELD_DEFINITION | OBJECT\n`

/** In place of everything, for services that only check who calls. A schema cannot be without a query. */
export const MICRO: SchemaPart = {
  queries: `
  _accounts_core: String
`,
  mutations: '',
  types: directiveTypeDefs('auth'),
}

/** Sessions and users. */
export const corePart = ({ userAsInterface }: Pick<GraphQLSettings, 'userAsInterface'>): SchemaPart => ({
  queries: `
  getUser: User
`,
  mutations: `
  impersonate(accessToken: String!, impersonated: ImpersonationUserIdentityInput!): ImpersonateReturn
  refreshTokens(accessToken: String!, refreshToken: String!): LoginResult
  logout: Boolean
  authenticate(serviceName: String!, params: AuthenticateParamsInput!): LoginResult
  verifyAuthentication(serviceName: String!, params: AuthenticateParamsInput!): Boolean
`,
  types: `${directiveTypeDefs('auth')}
${userAsInterface ? 'interface' : 'type'} User {
  id: ID!
  emails: [EmailRecord!]
  username: String
}

type EmailRecord {
  address: String
  verified: Boolean
}

type Tokens {
  refreshToken: String
  accessToken: String
}

type LoginResult {
  sessionId: String
  tokens: Tokens
  user: User
}

type ImpersonateReturn {
  authorized: Boolean
  tokens: Tokens
  user: User
}

input UserInput {
  id: ID
  email: String
  username: String
}

input AuthenticateParamsInput {
  access_token: String
  access_token_secret: String
  provider: String
  password: String
  user: UserInput
  code: String
  token: String
}

input ImpersonationUserIdentityInput {
  userId: String
  username: String
  email: String
}
`,
})

const SECRET_FIELDS = `
  ascii: String
  base32: String
  hex: String
  qr_code_ascii: String
  qr_code_hex: String
  qr_code_base32: String
  google_auth_qr: String
  otpauth_url: String
`

/** Signing up, passwords, addresses, second factor. With `additions`, what needs a fresh sign-in can be confirmed instead. */
export const passwordPart = ({ additions }: Pick<GraphQLSettings, 'additions'>): SchemaPart => ({
  queries: `
  twoFactorSecret: TwoFactorSecretKey
`,
  mutations: `
  createUser(user: CreateUserInput!): CreateUserResult
  verifyEmail(token: String!): Boolean
  resetPassword(token: String!, newPassword: String!): LoginResult
  sendVerificationEmail(email: String!): Boolean
  sendResetPasswordEmail(email: String!): Boolean
  addEmail(newEmail: String!${additions ? ', password: String, code: String' : ''}): Boolean
  changePassword(oldPassword: String!, newPassword: String!${additions ? ', code: String' : ''}): Boolean
  twoFactorSet(secret: TwoFactorSecretKeyInput!, code: String!): Boolean
  twoFactorUnset(code: String!): Boolean
`,
  types: `
type CreateUserResult {
  userId: ID
  loginResult: LoginResult
}

type TwoFactorSecretKey {${SECRET_FIELDS}}

input TwoFactorSecretKeyInput {${SECRET_FIELDS}}

input CreateUserInput {
  username: String
  email: String
  password: String
}
`,
})

/** Links to sign in. */
export const MAGIC_LINK: SchemaPart = {
  queries: '',
  mutations: `
  requestMagicLinkEmail(email: String!): Boolean
`,
  types: '',
}

/** Codes to sign in, which accounts-js has not. */
export const LOGIN_CODE: SchemaPart = {
  queries: '',
  mutations: `
  "Mails a code to sign in. It is redeemed with authenticate(serviceName: \\"code\\", params: { request, token })."
  accountsRequestLoginCode(email: String!): AccountsLoginCodeRequest!
`,
  types: `
type AccountsLoginCodeRequest {
  "Needed beside the code; null where a code is good on any device."
  request: String
}

extend input AuthenticateParamsInput {
  "What asking for a code answered."
  request: String
}
`,
}

/** What accounts-js's schema lacks about sessions and the account. Our names begin so that an app's own are unlikely to be among them. */
export const CORE_ADDITIONS: SchemaPart = {
  queries: `
  "What a page needs to know before anybody signs in."
  accountsSettings: AccountsSettings!
  "My live sessions, most recently active first."
  accountsSessions: [AccountsSession!]!
  "Everything kept about me, without secrets, as JSON text."
  accountsExport: String!
`,
  mutations: `
  "Ends one of my sessions."
  endSession(sessionId: ID!): Boolean
  "Ends all my sessions but this one."
  endOtherSessions: Boolean
  "Deletes my account. Without a password (and a code, where there is a second factor) only soon after a sign-in."
  deleteAccount(password: String, code: String): Boolean
`,
  types: `
"One device in “my sessions”. Times are ISO 8601."
type AccountsSession {
  id: ID!
  current: Boolean!
  createdAt: String!
  activeAt: String!
  expiresAt: String!
  ip: String
  userAgent: String
  device: String!
  factors: [String!]!
  impersonated: Boolean!
}

type AccountsSettings {
  signUpAllowed: Boolean!
  passwordMinLength: Int!
  verificationMail: Boolean!
  twoFactor: Boolean!
  strategies: [String!]!
}

extend input AuthenticateParamsInput {
  "The pending login of an error \`TwoFactorRequired\`: completed with \`code\` under the service name \`second-factor\`."
  pending: String
}
`,
}

/** What it lacks about addresses and second factors. */
export const PASSWORD_ADDITIONS: SchemaPart = {
  queries: `
  twoFactorStatus: TwoFactorStatus!
`,
  mutations: `
  "Removes one of my addresses. Without a password only soon after a sign-in."
  removeEmail(email: String!, password: String, code: String): Boolean
  "Puts another address in the place of one of mine. Without a password only soon after a sign-in."
  changeEmail(oldEmail: String!, newEmail: String!, password: String, code: String): Boolean
  "Like twoFactorSet; answers the recovery codes, which are shown this once. Without a password only soon after a sign-in."
  twoFactorEnable(secret: TwoFactorSecretKeyInput!, code: String!, password: String): [String!]!
  "Fresh recovery codes; the earlier ones are void."
  twoFactorRecoveryCodes(code: String!): [String!]!
`,
  types: `
"Whether I have a second factor."
type TwoFactorStatus {
  enabled: Boolean!
  "Recovery codes that were not used yet."
  recoveryCodesLeft: Int!
}
`,
}

/** Accounts elsewhere, where a service for them is registered. */
export const OAUTH_ADDITIONS: SchemaPart = {
  queries: `
  "The providers that sign in to my account."
  linkedAccounts: [LinkedAccount!]!
`,
  mutations: `
  "Lets an account at a provider sign in to mine; the parameters are those of a sign-in with it. Without a password only soon after a sign-in."
  linkAccount(params: AuthenticateParamsInput!, password: String, code: String): Boolean
  "Lets it no longer sign in. Without a password only soon after a sign-in."
  unlinkAccount(provider: String!, password: String, code: String): Boolean
`,
  types: `
type LinkedAccount {
  provider: String!
  linkedAt: String!
}
`,
}
