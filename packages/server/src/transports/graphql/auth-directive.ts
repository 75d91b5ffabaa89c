/** `@auth` on fields and types, and `authenticated` around resolvers: only for who is signed in. */
import { defaultFieldResolver, GraphQLError, isInterfaceType, isObjectType } from 'graphql'
import type { GraphQLField, GraphQLFieldResolver, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema } from 'graphql'
import type { AccountsContext } from './context.ts'
import { unauthenticated } from './errors.ts'
import { runInside } from './inside.ts'
import { directiveTypeDefs } from './type-defs.ts'

/**
 * Lets a resolver be called only for a signed-in user: one whom the context names, by `user` or `userId`. Otherwise the field fails with
 * `Unauthorized`, code `UNAUTHENTICATED`, HTTP status 401. `skipJSAccountsVerification: true` in the context lets everybody pass.
 * @example
 * import { authenticated } from '@latchkey/server/graphql'
 * const resolvers = {
 *   Query: { secret: authenticated((_source, _args, context: { userId?: string }) => `only for ${context.userId}`) },
 * }
 */
export function authenticated<Source, Args, Context, Info, Result>(
  resolver: (source: Source, args: Args, context: Context, info: Info) => Result,
): (source: Source, args: Args, context: Context, info: Info) => Result {
  return (source, args, context, info) => {
    // Whatever else the app keeps in its context, these three are accounts-js's names.
    const { userId, user, skipJSAccountsVerification } = (context ?? {}) as Partial<AccountsContext>
    if (skipJSAccountsVerification !== true && !userId && !user) throw unauthenticated()
    return resolver(source, args, context, info)
  }
}

/** A directive and what makes it work. */
export interface AuthDirective {
  /** Declares the directive, in the schema language. The accounts' own type definitions have it already under the name `auth`. */
  authDirectiveTypeDefs: string
  /**
   * Guards every field that has the directive, or whose type has, and lets `accountsServer.userId()` answer inside of every resolver. Changes the schema it is given,
   * and returns it.
   */
  authDirectiveTransformer: (schema: GraphQLSchema) => GraphQLSchema
}

/**
 * The directive under a name of your choice.
 * @example
 * import { buildSchema } from 'graphql'
 * import { authDirective } from '@latchkey/server/graphql'
 * const { authDirectiveTypeDefs, authDirectiveTransformer } = authDirective('signedIn')
 * const schema = authDirectiveTransformer(buildSchema(`${authDirectiveTypeDefs} type Query { secret: String @signedIn }`))
 */
export function authDirective(name: string = 'auth'): AuthDirective {
  return {
    authDirectiveTypeDefs: directiveTypeDefs(name),
    authDirectiveTransformer(schema) {
      const directive = new AuthenticatedDirective()
      for (const type of marked(schema, name)) {
        if ('type' in type) directive.visitFieldDefinition(type)
        else directive.visitObject(type)
      }
      runInside(schema)
      return schema
    },
  }
}

/** The guard, for tools that walk a schema themselves: accounts-js's class of that name. */
export class AuthenticatedDirective {
  /** Guards one field; a field that is guarded already stays as it is. */
  visitFieldDefinition(field: GraphQLField<unknown, unknown>): void {
    const { resolve = defaultFieldResolver, subscribe } = field
    if (!GUARDED.has(resolve)) field.resolve = guarded(resolve)
    // A subscription is refused when it begins, not with its first event.
    if (subscribe && !GUARDED.has(subscribe)) field.subscribe = guarded(subscribe)
    field.extensions = { ...field.extensions, [MARK]: true }
  }

  /** Guards all fields of a type. */
  visitObject(type: GraphQLObjectType<unknown, unknown>): void {
    for (const field of Object.values(type.getFields())) this.visitFieldDefinition(field)
  }
}

/** Stays with a field through tools that wrap resolvers or copy schemas after us. */
const MARK = 'latchkeyGuarded'

type Guarded = GraphQLFieldResolver<unknown, unknown>

const GUARDED = new WeakSet<Guarded>()

function guarded(resolve: Guarded): Guarded {
  const guard: Guarded = authenticated(resolve)
  GUARDED.add(guard)
  return guard
}

/** What has the directive, in all the places where a type may be written: its definition and its extensions. */
function* marked(schema: GraphQLSchema, name: string): Generator<GraphQLField<unknown, unknown> | GraphQLObjectType<unknown, unknown>> {
  const has = (node: { readonly directives?: readonly { readonly name: { readonly value: string } }[] } | null | undefined): boolean =>
    node?.directives?.some(directive => directive.name.value === name) ?? false
  for (const type of Object.values(schema.getTypeMap())) {
    if (isInterfaceType(type)) yield* promised(schema, type, has)
    if (!isObjectType(type)) continue
    if (has(type.astNode) || type.extensionASTNodes.some(has)) yield type
    else yield* Object.values(type.getFields()).filter(field => has(field.astNode))
  }
}

/** What an interface closes is closed in every type that implements it. */
function promised(
  schema: GraphQLSchema,
  type: GraphQLInterfaceType,
  has: (node: GraphQLField<unknown, unknown>['astNode']) => boolean,
): GraphQLField<unknown, unknown>[] {
  const names = Object.values(type.getFields()).filter(field => has(field.astNode))
  return schema.getPossibleTypes(type).flatMap(one => names.flatMap(({ name }) => one.getFields()[name] ?? []))
}

const CHECKED = new WeakSet<GraphQLSchema>()

/**
 * Refuses a schema in which `@auth` is written and nothing makes it work: whoever wrote it believes those fields to be closed. Tools for
 * GraphQL 16 ignore accounts-js's `schemaDirectives` without a word.
 * @throws GraphQLError with the code `InvalidSettings`; nobody can use the accounts of such a schema
 */
export function refuseUnguarded(schema: GraphQLSchema): void {
  if (CHECKED.has(schema)) return
  for (const one of marked(schema, 'auth')) {
    const fields = 'type' in one ? [one] : Object.values(one.getFields())
    if (fields.some(({ extensions }) => extensions[MARK] !== true)) {
      throw new GraphQLError(`"${one.name}" has @auth, but nothing guards it: pass the schema through authDirectiveTransformer`, {
        extensions: { code: 'InvalidSettings' },
      })
    }
  }
  CHECKED.add(schema)
}
