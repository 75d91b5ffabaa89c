/** `@latchkey/server/graphql`: accounts-js's schema and its successors, for any GraphQL server. */
export { accountsGraphQL } from './accounts-graphql.ts'
export type { AccountsGraphQL } from './accounts-graphql.ts'
export type { AccountsLike } from '../../wire/accounts-of.ts'
export { authDirective, authenticated, AuthenticatedDirective } from './auth-directive.ts'
export type { AuthDirective } from './auth-directive.ts'
export { buildSchema } from './build-schema.ts'
export type { BuildSchemaOptions, ResolverMap, SchemaPieces, TypeDefs } from './build-schema.ts'
export type { AccountsContext, PlainRequest } from './context.ts'
export type { FieldResolver, Resolvers } from './field.ts'
export {
  AccountsMagicLinkModule,
  AccountsModule,
  AccountsPasswordModule,
  context,
  createAccountsCoreModule,
  createAccountsMagicLinkModule,
  createAccountsPasswordModule,
} from './modules.ts'
export type { AccountsModuleConfig, ModuleConfig } from './modules.ts'
export type { GraphQLOptions } from './options.ts'
export type { ContextSource, FetchRequestLike, NodeRequestLike, NodeResponseLike } from './source.ts'
