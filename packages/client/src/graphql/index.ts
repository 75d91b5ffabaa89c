/** `@latchkey/client/graphql`: the client's wire over GraphQL. */
export type { GraphQLDocument } from './document.ts'
export { GraphQLErrorList } from './error.ts'
export type { GraphQLErrorEntry } from './error.ts'
export { AccountsGraphQLClient } from './graphql-client.ts'
export type { AccountsGraphQLClientOptions, GraphQLAnswer, GraphQLClientLike, GraphQLSending } from './graphql-client.ts'
