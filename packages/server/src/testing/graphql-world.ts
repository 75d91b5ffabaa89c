/** A world that is asked in GraphQL, without a server in between: text and headers in, data and errors out. */
import { graphql } from 'graphql'
import type { GraphQLSchema } from 'graphql'
import type { Accounts } from '../core/accounts.ts'
import { accountsGraphQL, buildSchema } from '../transports/graphql/index.ts'
import type { AccountsGraphQL, GraphQLOptions, PlainRequest, ResolverMap } from '../transports/graphql/index.ts'
import { newWorld } from './index.ts'
import type { World, WorldOptions } from './index.ts'

/** How such a world is made. */
export interface GraphQLWorldOptions extends WorldOptions {
  graphql?: GraphQLOptions
  /** The app's own part of the schema. */
  typeDefs?: string
  resolvers?: ResolverMap
}

/** An answer. A test knows which fields it asked for. */
export interface GraphQLAnswer {
  data: Record<string, unknown> | null | undefined
  errors: { message: string; extensions: Record<string, unknown> }[]
  /** What the first error says, for tests that expect one. */
  code: unknown
}

/** What to send beside the query. */
export interface GraphQLSending extends Partial<PlainRequest> {
  variables?: Record<string, unknown>
}

/** A world with a schema. */
export interface GraphQLWorld extends World {
  parts: AccountsGraphQL
  schema: GraphQLSchema
  ask(query: string, sending?: GraphQLSending): Promise<GraphQLAnswer>
  /** The same with a context that is there already. */
  askIn(context: object, query: string, variables?: Record<string, unknown>): Promise<GraphQLAnswer>
  /** Headers of a user who signed in; created when needed. */
  bearer(name: string): Promise<{ authorization: string }>
}

/** Makes one. */
export async function graphqlWorld({
  graphql: options = {},
  typeDefs = '',
  resolvers = {},
  ...rest
}: GraphQLWorldOptions = {}): Promise<GraphQLWorld> {
  const world = await newWorld(rest)
  const accounts: Accounts = world.server.accounts
  const parts = accountsGraphQL(accounts, options)
  const schema = buildSchema({ typeDefs: [parts.typeDefs, typeDefs], resolvers: [parts.resolvers, resolvers] })()
  const askIn = async (context: object, query: string, variables: Record<string, unknown> = {}): Promise<GraphQLAnswer> => {
    const { data, errors = [] } = await graphql({ schema, source: query, contextValue: context, variableValues: variables })
    const told = errors.map(({ message, extensions }) => ({ message, extensions: { ...extensions } }))
    return { data, errors: told, code: told[0]?.extensions['code'] }
  }
  return {
    ...world,
    parts,
    schema,
    askIn,
    async ask(query, { variables = {}, headers = {}, ...request } = {}) {
      return askIn(await parts.context({ headers, ip: '192.0.2.1', ...request }), query, variables)
    },
    async bearer(name) {
      const { tokens } = await world.loginAs(name)
      return { authorization: `Bearer ${tokens.accessToken}` }
    },
  }
}
