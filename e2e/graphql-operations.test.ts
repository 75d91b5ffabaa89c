import { buildSchema, Kind, parse, print, specifiedRules, validate } from 'graphql'
import type { DocumentNode } from 'graphql'
import { AccountsServer } from '@latchkey/server'
import { accountsGraphQL } from '@latchkey/server/graphql'
import { memoryStore } from '@latchkey/server/stores/memory'
import { AccountsCode } from '@latchkey/server/strategies/code'
import { AccountsMagicLink } from '@latchkey/server/strategies/magic-link'
import { AccountsOauth } from '@latchkey/server/strategies/oauth'
import { AccountsPassword } from '@latchkey/server/strategies/password'
import { expect, test } from 'vitest'
import { documents, fieldOf, isQuery } from '../packages/client/src/graphql/operations.ts'
import type { OperationName } from '../packages/client/src/graphql/operations.ts'

/** The documents are built by hand; in form they are what a parser makes. */
const parsed = (document: unknown): DocumentNode => document as DocumentNode
const all = Object.entries(documents()) as [OperationName, unknown][]

const server = new AccountsServer(
  { db: memoryStore(), tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz' },
  { password: new AccountsPassword(), magicLink: new AccountsMagicLink(), code: new AccountsCode(), oauth: new AccountsOauth({}) },
)
const schema = buildSchema(accountsGraphQL(server).typeDefs)

test.each(all)('%s is valid in the schema of our server', (name, document) => {
  expect(validate(schema, parsed(document), specifiedRules)).toEqual([])
  const [operation] = parsed(document).definitions
  expect(operation).toMatchObject({
    kind: Kind.OPERATION_DEFINITION,
    name: { value: name },
    operation: isQuery(name) ? 'query' : 'mutation',
  })
  expect(print(parsed(document))).toContain(fieldOf(name))
})

test.each(all)('%s is, to the letter, what a parser makes of its own text', (_, document) => {
  expect(print(parse(print(parsed(document))))).toBe(print(parsed(document)))
})

test("the operations of accounts-js's client have its names and its fields", () => {
  const names: OperationName[] = [
    'authenticateWithService',
    'getTwoFactorSecret',
    'authenticate',
    'getUser',
    'refreshTokens',
    'createUser',
    'impersonate',
  ]
  expect(names.map(fieldOf)).toEqual([
    'verifyAuthentication',
    'twoFactorSecret',
    'authenticate',
    'getUser',
    'refreshTokens',
    'createUser',
    'impersonate',
  ])
})

test('the fields of a user are those the app asks for, with the fragments they use', () => {
  const fragment = parse('fragment userFields on User { id ...more } fragment more on User { username }')
  const { getUser, logout } = documents(fragment)
  expect(print(parsed(getUser))).toContain('fragment more on User')
  expect(print(parsed(getUser))).not.toContain('emails')
  expect(validate(schema, parsed(getUser))).toEqual([])
  // Fragments that nothing uses would be refused.
  expect(parsed(logout).definitions).toHaveLength(1)
})
