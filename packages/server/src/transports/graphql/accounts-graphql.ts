/** Accounts as a part of a GraphQL schema: accounts-js's types and fields, as plain text and plain objects for any server to merge. */
import { accountsOf } from '../../wire/accounts-of.ts'
import type { AccountsLike } from '../../wire/accounts-of.ts'
import { authDirective, AuthenticatedDirective } from './auth-directive.ts'
import type { AuthDirective } from './auth-directive.ts'
import { Contexts } from './context.ts'
import type { AccountsContext } from './context.ts'
import { coreAdditions, coreResolvers, oauthAdditions } from './core-resolvers.ts'
import { toGraphQLError } from './errors.ts'
import type { Desk, ResolverPart, Resolvers } from './field.ts'
import { readGraphQLOptions } from './options.ts'
import type { GraphQLOptions, GraphQLSettings } from './options.ts'
import { loginCodeResolvers, magicLinkResolvers, passwordAdditions, passwordResolvers } from './password-resolvers.ts'
import { readSource } from './source.ts'
import type { ContextSource } from './source.ts'
import {
  CORE_ADDITIONS,
  corePart,
  LOGIN_CODE,
  MAGIC_LINK,
  MICRO,
  OAUTH_ADDITIONS,
  PASSWORD_ADDITIONS,
  passwordPart,
  writeTypeDefs,
} from './type-defs.ts'
import type { SchemaPart } from './type-defs.ts'

/** What {@link accountsGraphQL} makes. */
export interface AccountsGraphQL {
  /** The types, in the schema language. */
  readonly typeDefs: string
  /** Type → field → resolver. */
  readonly resolvers: Resolvers
  /**
   * Who calls, for the context of a request. Spread it into a context of your own, or use it as it is. A bad token is nobody; rejects only when the
   * server itself cannot tell. Give it plain headers, what Apollo Server or Yoga hand over, or nothing.
   */
  readonly context: (source?: ContextSource) => Promise<AccountsContext>
  /** Makes `@auth` work: pass the executable schema through it. Returns the same schema. */
  readonly authDirectiveTransformer: AuthDirective['authDirectiveTransformer']
  /** For tools that still take classes: accounts-js's `schemaDirectives`. Newer tools ignore it; then use {@link authDirectiveTransformer}. */
  readonly schemaDirectives: { readonly auth: typeof AuthenticatedDirective }
}

/**
 * GraphQL for these accounts. What is in the schema depends on the services they have: passwords and links to sign in have fields only where they are
 * registered.
 * @throws AccountsError `InvalidSettings` for what is no server, and unknown and malformed options
 * @example
 * import { buildASTSchema, graphql, parse } from 'graphql'
 * import { accountsGraphQL } from '@latchkey/server/graphql'
 * import type { AccountsServer } from '@latchkey/server'
 *
 * export function parts(accountsServer: AccountsServer) {
 *   const { typeDefs, resolvers, context } = accountsGraphQL(accountsServer)
 *   // Hand `typeDefs` and `resolvers` to your schema builder beside your own, and `context` to your server.
 *   return { typeDefs, resolvers, context }
 * }
 */
export function accountsGraphQL(accounts: AccountsLike, options: GraphQLOptions = {}): AccountsGraphQL {
  const { desk, settings } = openDesk(accounts, options)
  const parts = partsOf(desk, settings)
  return {
    typeDefs: writeTypeDefs(
      parts.map(([written]) => written),
      settings,
      settings.extendTypeDefs,
    ),
    resolvers: mergeResolvers(
      parts.map(([, resolvers]) => resolvers),
      settings,
    ),
    context: source => contextFor(desk, source),
    authDirectiveTransformer: authDirective().authDirectiveTransformer,
    schemaDirectives: { auth: AuthenticatedDirective },
  }
}

/** Who calls. What it rejects with is fit for strangers: some servers send it out as it is. */
export async function contextFor({ accounts, contexts }: Desk, source: ContextSource): Promise<AccountsContext> {
  try {
    return await contexts.make(readSource(source))
  } catch (error) {
    throw toGraphQLError(error, accounts.core.log)
  }
}

/** Accounts and contexts, ready for resolvers. */
export function openDesk(given: AccountsLike, options: GraphQLOptions): { desk: Desk; settings: GraphQLSettings } {
  const accounts = accountsOf(given)
  const settings = readGraphQLOptions(options, accounts.core.settings.siteUrl)
  return { desk: { accounts, contexts: new Contexts(accounts, settings) }, settings }
}

/** A part of the schema and what answers it. */
export type Part = readonly [written: SchemaPart, resolvers: ResolverPart]

/** accounts-js's core module, or next to nothing for a micro service. */
export function coreParts(desk: Desk, settings: GraphQLSettings): Part[] {
  if (settings.micro) return [[MICRO, { queries: {}, mutations: {} }]]
  return [[corePart(settings), coreResolvers(desk)], ...(settings.additions ? [[CORE_ADDITIONS, coreAdditions(desk)] as const] : [])]
}

/** accounts-js's password module. */
export function passwordParts(desk: Desk, settings: GraphQLSettings): Part[] {
  return [
    [passwordPart(settings), passwordResolvers(desk)],
    ...(settings.additions ? [[PASSWORD_ADDITIONS, passwordAdditions(desk)] as const] : []),
  ]
}

/** accounts-js's magic-link module. */
export const magicLinkParts = (desk: Desk): Part[] => [[MAGIC_LINK, magicLinkResolvers(desk)]]

function partsOf(desk: Desk, settings: GraphQLSettings): Part[] {
  if (settings.micro) return coreParts(desk, settings)
  const { passwords, strategies } = desk.accounts.core
  return [
    ...coreParts(desk, settings),
    ...(passwords ? passwordParts(desk, settings) : []),
    ...([...strategies.values()].some(({ loginLinks }) => loginLinks) ? magicLinkParts(desk) : []),
    ...(settings.additions && [...strategies.values()].some(({ loginCodes }) => loginCodes)
      ? [[LOGIN_CODE, loginCodeResolvers(desk)] as const]
      : []),
    // The name that linking knows: `oauth`.
    ...(settings.additions && strategies.get('oauth')?.vouch ? [[OAUTH_ADDITIONS, oauthAdditions(desk)] as const] : []),
  ]
}

/** Resolvers under the names of the root types; types without any are left out. */
export function mergeResolvers(
  parts: readonly ResolverPart[],
  { rootQueryName, rootMutationName }: Pick<GraphQLSettings, 'rootQueryName' | 'rootMutationName'>,
): Resolvers {
  const queries = Object.assign({}, ...parts.map(part => part.queries)) as ResolverPart['queries']
  const mutations = Object.assign({}, ...parts.map(part => part.mutations)) as ResolverPart['mutations']
  return {
    ...(Object.keys(queries).length > 0 ? { [rootQueryName]: queries } : {}),
    ...(Object.keys(mutations).length > 0 ? { [rootMutationName]: mutations } : {}),
  }
}
