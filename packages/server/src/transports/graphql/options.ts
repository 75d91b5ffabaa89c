/** What an app can set about GraphQL, read once: unknown names are refused, the result is frozen. */
import { refuseUnknown } from '../../core/settings-kinds.ts'
import { readHeaderName, readSiteOptions, refuse, SITE_KEYS } from '../../wire/site-options.ts'
import type { SiteOptions, SiteSettings } from '../../wire/site-options.ts'

/** Options of {@link accountsGraphQL}: accounts-js's, what all transports share, and `additions`. */
export interface GraphQLOptions extends SiteOptions {
  /** Name of the type that queries stand in. @default 'Query' */
  rootQueryName?: string
  /** Name of the type that mutations stand in. @default 'Mutation' */
  rootMutationName?: string
  /** Write `extend type Query` rather than `type Query`, for a schema that has root types of its own. @default false */
  extendTypeDefs?: boolean
  /** Add `schema { query: … mutation: … }` with the two names above. @default false */
  withSchemaDefinition?: boolean
  /** Make `User` an interface, which the app's own types implement. @default false */
  userAsInterface?: boolean
  /** The header that carries the access token. @default 'Authorization' */
  headerName?: string
  /** Look nobody up: the context has the token, and `user` and `userId` stay undefined. @default false */
  excludeAddUserInContext?: boolean
  /** Nothing but a field `_accounts_core`, for services that only need the context: the accounts are served elsewhere. @default false */
  micro?: boolean
  /** What accounts-js's schema lacks: sessions, addresses, recovery codes, export, deletion. @default true */
  additions?: boolean
}

/** The options after reading. */
export interface GraphQLSettings extends SiteSettings {
  readonly rootQueryName: string
  readonly rootMutationName: string
  readonly extendTypeDefs: boolean
  readonly withSchemaDefinition: boolean
  readonly userAsInterface: boolean
  /** In lower case. */
  readonly headerName: string
  readonly excludeAddUserInContext: boolean
  readonly micro: boolean
  readonly additions: boolean
}

const SWITCHES = ['extendTypeDefs', 'withSchemaDefinition', 'userAsInterface', 'excludeAddUserInContext', 'micro', 'additions'] as const
const KEYS = [
  ...SITE_KEYS,
  'rootQueryName',
  'rootMutationName',
  'headerName',
  ...SWITCHES,
] as const satisfies readonly (keyof GraphQLOptions)[]

/**
 * Reads the options.
 * @throws AccountsError `InvalidSettings`, naming the option
 */
export function readGraphQLOptions(given: GraphQLOptions, siteUrl: string): GraphQLSettings {
  refuseUnknown('GraphQL', given, KEYS)
  for (const name of SWITCHES) if (typeof (given[name] ?? false) !== 'boolean') refuse(`${name} must be true or false`)
  const rootQueryName = readTypeName('rootQueryName', given.rootQueryName ?? 'Query')
  const rootMutationName = readTypeName('rootMutationName', given.rootMutationName ?? 'Mutation')
  if (rootQueryName === rootMutationName) refuse('rootQueryName and rootMutationName must differ')
  return Object.freeze({
    ...readSiteOptions(given, siteUrl, 'GraphQL'),
    rootQueryName,
    rootMutationName,
    extendTypeDefs: given.extendTypeDefs ?? false,
    withSchemaDefinition: given.withSchemaDefinition ?? false,
    userAsInterface: given.userAsInterface ?? false,
    headerName: readHeaderName(given.headerName ?? 'Authorization'),
    excludeAddUserInContext: given.excludeAddUserInContext ?? false,
    micro: given.micro ?? false,
    additions: given.additions ?? true,
  })
}

function readTypeName(option: string, name: unknown): string {
  // GraphQL specification, 2.1.9; two underscores are the introspection system's.
  if (typeof name !== 'string' || !/^(?!__)[A-Za-z_]\w*$/.test(name)) refuse(`${option} must be the name of a type`)
  return name
}
