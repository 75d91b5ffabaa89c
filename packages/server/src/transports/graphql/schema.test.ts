import {
  buildSchema as buildFromText,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql'
import type { GraphQLNamedType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { AccountsMagicLink } from '../../strategies/magic-link/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { newWorld } from '../../testing/index.ts'
import type { WorldOptions } from '../../testing/index.ts'
import { accountsGraphQL } from './index.ts'
import type { GraphQLOptions } from './index.ts'

/** accounts-js's schema, written down from its protocol. */
const ACCOUNTS_JS = `
directive @auth on FIELD_DEFINITION | OBJECT
type User { id: ID! emails: [EmailRecord!] username: String }
type EmailRecord { address: String verified: Boolean }
type Tokens { refreshToken: String accessToken: String }
type LoginResult { sessionId: String tokens: Tokens user: User }
type ImpersonateReturn { authorized: Boolean tokens: Tokens user: User }
type CreateUserResult { userId: ID loginResult: LoginResult }
type TwoFactorSecretKey { ascii: String base32: String hex: String qr_code_ascii: String qr_code_hex: String qr_code_base32: String google_auth_qr: String otpauth_url: String }
input TwoFactorSecretKeyInput { ascii: String base32: String hex: String qr_code_ascii: String qr_code_hex: String qr_code_base32: String google_auth_qr: String otpauth_url: String }
input UserInput { id: ID email: String username: String }
input AuthenticateParamsInput { access_token: String access_token_secret: String provider: String password: String user: UserInput code: String token: String }
input ImpersonationUserIdentityInput { userId: String username: String email: String }
input CreateUserInput { username: String email: String password: String }
type Query { getUser: User twoFactorSecret: TwoFactorSecretKey }
type Mutation {
  impersonate(accessToken: String!, impersonated: ImpersonationUserIdentityInput!): ImpersonateReturn
  refreshTokens(accessToken: String!, refreshToken: String!): LoginResult
  logout: Boolean
  authenticate(serviceName: String!, params: AuthenticateParamsInput!): LoginResult
  verifyAuthentication(serviceName: String!, params: AuthenticateParamsInput!): Boolean
  createUser(user: CreateUserInput!): CreateUserResult
  verifyEmail(token: String!): Boolean
  resetPassword(token: String!, newPassword: String!): LoginResult
  sendVerificationEmail(email: String!): Boolean
  sendResetPasswordEmail(email: String!): Boolean
  addEmail(newEmail: String!): Boolean
  changePassword(oldPassword: String!, newPassword: String!): Boolean
  twoFactorSet(secret: TwoFactorSecretKeyInput!, code: String!): Boolean
  twoFactorUnset(code: String!): Boolean
  requestMagicLinkEmail(email: String!): Boolean
}
`

const ALL = { password: new AccountsPassword(), magicLink: new AccountsMagicLink() }
const sorted = (sdl: string): string => printSchema(lexicographicSortSchema(buildFromText(sdl)))

/** Field → type, as texts. */
function fieldsOf(type: GraphQLNamedType | undefined): Record<string, string> {
  const fields: Record<string, { type: unknown }> = isObjectType(type) || isInputObjectType(type) ? type.getFields() : {}
  return Object.fromEntries(Object.entries(fields).map(([name, { type }]) => [name, String(type)]))
}

async function typeDefsOf(options: GraphQLOptions, services: NonNullable<WorldOptions['services']> = ALL): Promise<string> {
  await using world = await newWorld({ services: { ...services } })
  return accountsGraphQL(world.server, options).typeDefs
}

describe('the schema', () => {
  it("is accounts-js's to the letter when the additions are off", async () => {
    expect(sorted(await typeDefsOf({ additions: false }, { password: new AccountsPassword(), magicLink: new AccountsMagicLink() }))).toBe(
      sorted(ACCOUNTS_JS),
    )
  })

  it("has everything of accounts-js's also with the additions, and nothing of it changed but for arguments one need not give", async () => {
    await using world = await newWorld({ services: { password: new AccountsPassword(), magicLink: new AccountsMagicLink() } })
    const [ours, theirs] = [buildFromText(accountsGraphQL(world.server).typeDefs), buildFromText(ACCOUNTS_JS)]
    for (const type of Object.values(theirs.getTypeMap())) {
      if (type.name.startsWith('__') || isSpecifiedScalarType(type)) continue
      expect(fieldsOf(ours.getType(type.name))).toMatchObject(fieldsOf(type))
    }
    const fields = ours.getMutationType()?.getFields() ?? {}
    const added = fields['addEmail']?.args.map(({ name, type }) => `${name}: ${String(type)}`)
    expect(added).toEqual(['newEmail: String!', 'password: String', 'code: String'])
  })

  it('has no fields for services that are not there', async () => {
    const bare = { mine: { name: 'mine', parse: () => undefined, authenticate: async () => undefined } }
    expect(await typeDefsOf({}, bare)).not.toMatch(/createUser|requestMagicLinkEmail|twoFactorS/)
    expect(await typeDefsOf({}, { password: new AccountsPassword() })).not.toContain('requestMagicLinkEmail')
    expect(await typeDefsOf({}, { link: new AccountsMagicLink() })).toContain('requestMagicLinkEmail')
  })
})

describe('the option', () => {
  it('rootQueryName and rootMutationName name the root types, and withSchemaDefinition tells GraphQL which is which', async () => {
    const sdl = await typeDefsOf(
      { rootQueryName: 'Asking', rootMutationName: 'Doing', withSchemaDefinition: true },
      { password: new AccountsPassword() },
    )
    const schema = buildFromText(sdl)
    expect(schema.getQueryType()?.name).toBe('Asking')
    expect(schema.getMutationType()?.name).toBe('Doing')
    expect(schema.getMutationType()?.getFields()).toHaveProperty('authenticate')
  })

  it('withSchemaDefinition is off by default', async () => {
    expect(await typeDefsOf({}, { password: new AccountsPassword() })).not.toContain('schema {')
  })

  it('extendTypeDefs extends root types that are there already', async () => {
    const sdl = await typeDefsOf({ extendTypeDefs: true }, { password: new AccountsPassword() })
    const schema = buildFromText(`type Query { mine: String } type Mutation { mine: String } ${sdl}`)
    expect(Object.keys(schema.getQueryType()?.getFields() ?? {})).toEqual(expect.arrayContaining(['mine', 'getUser', 'twoFactorSecret']))
  })

  it("userAsInterface makes User an interface for the app's own types", async () => {
    const sdl = await typeDefsOf({ userAsInterface: true }, { password: new AccountsPassword() })
    expect(isInterfaceType(buildFromText(sdl).getType('User'))).toBe(true)
    expect(isObjectType(buildFromText(await typeDefsOf({}, { password: new AccountsPassword() })).getType('User'))).toBe(true)
  })

  it('micro leaves nothing but a field to ask for and the directive', async () => {
    const schema = buildFromText(await typeDefsOf({ micro: true }, { password: new AccountsPassword() }))
    expect(Object.keys(schema.getQueryType()?.getFields() ?? {})).toEqual(['_accounts_core'])
    expect(schema.getMutationType()).toBeUndefined()
    expect(schema.getDirective('auth')).toBeDefined()
  })

  it('that does not exist, or is of the wrong kind, is refused by name', async () => {
    await using world = await newWorld()
    const made = (options: object) => () => accountsGraphQL(world.server, options)
    expect(made({ rootQuery: 'Q' })).toThrow('Unknown option "rootQuery" of GraphQL')
    expect(made({ cors: { origin: [] } })).toThrow('Unknown option "cors.origin" of GraphQL. Did you mean "cors.origins"?')
    expect(made({ micro: 'yes' })).toThrow('micro must be true or false')
    expect(made({ rootQueryName: 'A-B' })).toThrow('rootQueryName must be the name of a type')
    expect(made({ rootQueryName: 'Same', rootMutationName: 'Same' })).toThrow('must differ')
    expect(made({ headerName: 'a b' })).toThrow('is not the name of a header')
  })
})
