/** accounts-js's names for the same things, so that an app moves over by changing imports. Without Latchkey's additions, unless asked for. */
import { parse } from 'graphql'
import type { DocumentNode } from 'graphql'
import { refuse } from '../../wire/site-options.ts'
import { accountsGraphQL, contextFor, coreParts, magicLinkParts, mergeResolvers, openDesk, passwordParts } from './accounts-graphql.ts'
import type { AccountsGraphQL, Part } from './accounts-graphql.ts'
import type { AccountsLike } from '../../wire/accounts-of.ts'
import type { AccountsContext } from './context.ts'
import type { Resolvers } from './field.ts'
import type { GraphQLOptions, GraphQLSettings } from './options.ts'
import type { ContextSource } from './source.ts'
import { writeTypeDefs } from './type-defs.ts'

/** Options of the modules: those of {@link accountsGraphQL}, and the server. */
export interface AccountsModuleConfig extends GraphQLOptions {
  accountsServer: AccountsLike
}

/**
 * `AccountsModule.forRoot({ accountsServer })` of `@accounts/graphql-api`: everything the server's services need, in one.
 * @example
 * import { AccountsModule } from '@latchkey/server/graphql'
 * import type { AccountsServer } from '@latchkey/server'
 *
 * export const partsOf = (accountsServer: AccountsServer) => AccountsModule.forRoot({ accountsServer, headerName: 'authorization' })
 */
export const AccountsModule: { forRoot(config: AccountsModuleConfig): AccountsGraphQL } = {
  forRoot({ accountsServer, ...options }) {
    return accountsGraphQL(serverIn(accountsServer), { additions: false, ...options })
  },
}

/** What `createModule` of graphql-modules takes. */
export interface ModuleConfig {
  readonly id: string
  readonly typeDefs: DocumentNode
  readonly resolvers: Resolvers
}

/**
 * `createAccountsCoreModule` of `@accounts/module-core`: sessions and users, for `createModule` of graphql-modules or for {@link buildSchema}. The server is
 * made by the app and given, not made in here.
 */
export const createAccountsCoreModule = (config: AccountsModuleConfig): ModuleConfig => moduleOf('accounts-core', config, false, coreParts)

/** `createAccountsPasswordModule` of `@accounts/module-password`. Extends the root types unless told otherwise. */
export const createAccountsPasswordModule = (config: AccountsModuleConfig): ModuleConfig =>
  moduleOf('accounts-password', config, true, passwordParts)

/** `createAccountsMagicLinkModule` of `@accounts/module-magic-link`. Extends the root types unless told otherwise. */
export const createAccountsMagicLinkModule = (config: AccountsModuleConfig): ModuleConfig =>
  moduleOf('accounts-magic-link', config, true, magicLinkParts)

/** `AccountsPasswordModule` of `@accounts/graphql-api`; {@link AccountsModule} has it already. */
export const AccountsPasswordModule: { forRoot(config: AccountsModuleConfig): ModuleConfig } = { forRoot: createAccountsPasswordModule }

/** `AccountsMagicLinkModule` of `@accounts/graphql-api`; {@link AccountsModule} has it already. */
export const AccountsMagicLinkModule: { forRoot(config: AccountsModuleConfig): ModuleConfig } = { forRoot: createAccountsMagicLinkModule }

/**
 * `context` of `@accounts/module-core`: who calls, for a server's context function.
 * @example
 * import { context } from '@latchkey/server/graphql'
 * import type { AccountsServer } from '@latchkey/server'
 *
 * export const contextFor = (accountsServer: AccountsServer) => (source: { request: Request }) => context(source, { accountsServer })
 */
export async function context(source: ContextSource, { accountsServer, ...options }: AccountsModuleConfig): Promise<AccountsContext> {
  const { desk } = openDesk(serverIn(accountsServer), options)
  return contextFor(desk, source)
}

function moduleOf(
  id: string,
  { accountsServer, ...options }: AccountsModuleConfig,
  extend: boolean,
  partsFor: (desk: ReturnType<typeof openDesk>['desk'], settings: GraphQLSettings) => Part[],
): ModuleConfig {
  const { desk, settings } = openDesk(serverIn(accountsServer), { additions: false, ...options })
  const parts = partsFor(desk, settings)
  const written = parts.map(([part]) => part)
  // Only one part of a schema may say what its root types are.
  const names = { ...settings, withSchemaDefinition: settings.withSchemaDefinition && !extend }
  return {
    id,
    typeDefs: parse(writeTypeDefs(written, names, options.extendTypeDefs ?? extend)),
    resolvers: mergeResolvers(
      parts.map(([, resolvers]) => resolvers),
      settings,
    ),
  }
}

function serverIn(accountsServer: AccountsLike | undefined): AccountsLike {
  // Said here, because apps that move over from a module that made its own server forget it.
  return accountsServer ?? refuse('The GraphQL module needs the accounts: { accountsServer }')
}
