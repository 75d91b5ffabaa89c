/** An executable schema from text and plain objects, for who has no tool for that. */
import {
  buildASTSchema,
  concatAST,
  GraphQLScalarType,
  isAbstractType,
  isObjectType,
  isScalarType,
  Kind,
  parse,
  specifiedDirectives,
  validateSchema,
} from 'graphql'
import type { DocumentNode, GraphQLFieldResolver, GraphQLSchema, GraphQLTypeResolver } from 'graphql'
import { refuse } from '../../wire/site-options.ts'
import { authDirective } from './auth-directive.ts'
import type { AuthDirective } from './auth-directive.ts'

/** Types in the schema language, as text or parsed, one piece or many. */
export type TypeDefs = string | DocumentNode | readonly TypeDefs[]

/** Type → field → resolver (or `{ resolve, subscribe }`); `__resolveType` for interfaces and unions; a `GraphQLScalarType` for a scalar. */
export type ResolverMap = Readonly<Record<string, object>>

/** What {@link buildSchema} adds to what it is called with. */
export interface BuildSchemaOptions {
  typeDefs?: TypeDefs
  resolvers?: ResolverMap | readonly ResolverMap[]
  /** @default authDirective('auth') */
  authDirective?: AuthDirective
  /** Transformers of further directives, in this order, after `@auth`. */
  directives?: readonly ((schema: GraphQLSchema) => GraphQLSchema)[]
}

/** Pieces of a schema, as graphql-modules hands them to its `schemaBuilder`. */
export interface SchemaPieces {
  typeDefs?: TypeDefs
  resolvers?: ResolverMap | readonly ResolverMap[]
}

/**
 * Makes a builder of executable schemas in which `@auth` works. It takes several definitions of one root type for one; everything else must be defined
 * once. Hand it to graphql-modules as `schemaBuilder`, or call what it returns yourself.
 * @throws AccountsError `InvalidSettings` for a resolver of a type or field that does not exist; what graphql-js throws for a schema that is none
 * @example
 * import { accountsGraphQL, buildSchema } from '@latchkey/server/graphql'
 * import type { AccountsServer } from '@latchkey/server'
 *
 * export function schemaOf(accountsServer: AccountsServer) {
 *   const { typeDefs, resolvers } = accountsGraphQL(accountsServer)
 *   return buildSchema({ typeDefs, resolvers })()
 * }
 */
export function buildSchema(options: BuildSchemaOptions = {}): (pieces?: SchemaPieces) => GraphQLSchema {
  return (pieces = {}) => {
    const document = concatAST([...documentsOf(pieces.typeDefs ?? []), ...documentsOf(options.typeDefs ?? [])])
    const schema = buildASTSchema(joinTypes(withoutSpecified(document)))
    for (const map of [pieces.resolvers ?? [], options.resolvers ?? []].flat()) attachResolvers(schema, map)
    const { authDirectiveTransformer } = options.authDirective ?? authDirective()
    return [authDirectiveTransformer, ...(options.directives ?? [])].reduce((built, transform) => transform(built), valid(schema))
  }
}

function valid(schema: GraphQLSchema): GraphQLSchema {
  const [error] = validateSchema(schema)
  if (error) throw error
  return schema
}

const documentsOf = (typeDefs: TypeDefs): DocumentNode[] => {
  if (typeof typeDefs === 'string') return typeDefs.trim() === '' ? [] : [parse(typeDefs)]
  return 'kind' in typeDefs ? [typeDefs] : typeDefs.flatMap(documentsOf)
}

/** Every further definition of an object type becomes an extension of the first. */
function joinTypes(document: DocumentNode): DocumentNode {
  const seen = new Set<string>()
  const definitions = document.definitions.map(definition => {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION || !seen.has(definition.name.value)) {
      if (definition.kind === Kind.OBJECT_TYPE_DEFINITION) seen.add(definition.name.value)
      return definition
    }
    const { description: _, ...rest } = definition
    return { ...rest, kind: Kind.OBJECT_TYPE_EXTENSION } as const
  })
  return { ...document, definitions }
}

/** Directives that graphql-js defines itself, which some tools write out. */
function withoutSpecified(document: DocumentNode): DocumentNode {
  const specified = new Set(specifiedDirectives.map(({ name }) => name))
  return {
    ...document,
    definitions: document.definitions.filter(one => one.kind !== Kind.DIRECTIVE_DEFINITION || !specified.has(one.name.value)),
  }
}

function attachResolvers(schema: GraphQLSchema, map: ResolverMap): void {
  for (const [typeName, resolvers] of Object.entries(map)) {
    const type = schema.getType(typeName)
    if (!type) refuse(`There are resolvers for the type "${typeName}", which the schema does not have`)
    if (isScalarType(type) && resolvers instanceof GraphQLScalarType) {
      const { serialize, parseValue, parseLiteral } = resolvers
      Object.assign(type, { serialize, parseValue, parseLiteral })
    } else if (isObjectType(type) || isAbstractType(type)) {
      for (const [name, resolver] of Object.entries(resolvers)) attachOne(type, name, resolver)
    } else {
      refuse(`Resolvers for "${typeName}" cannot be attached here. Build the schema with a tool that knows how, and leave it to that`)
    }
  }
}

type Resolver = GraphQLFieldResolver<unknown, unknown>

function attachOne(type: ReturnType<GraphQLSchema['getType']> & object, name: string, resolver: unknown): void {
  if (name === '__resolveType' && isAbstractType(type)) type.resolveType = resolver as GraphQLTypeResolver<unknown, unknown>
  else if (name === '__isTypeOf' && isObjectType(type)) type.isTypeOf = resolver as NonNullable<typeof type.isTypeOf>
  else {
    const field = isObjectType(type) ? type.getFields()[name] : undefined
    if (!field) refuse(`There is a resolver for "${type.name}.${name}", which the schema does not have`)
    if (typeof resolver === 'function') field.resolve = resolver as Resolver
    // The one other form that is written by hand: `{ resolve, subscribe }`.
    else Object.assign(field, resolver)
  }
}
