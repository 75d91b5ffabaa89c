/** Resolvers run on behalf of whoever the context names, so that `accountsServer.userId()` answers inside of them. */
import { isObjectType } from 'graphql'
import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql'
import { runInvocation } from '../../wire/invocation.ts'
import type { AccountsContext } from './context.ts'

type Resolver = GraphQLFieldResolver<unknown, unknown>

/** Runs the work on behalf of that user, or of nobody. */
export const onBehalfOf = <T>(userId: string | null | undefined, work: () => T): T =>
  runInvocation({ userId: userId ?? null, connection: null, transport: 'graphql' }, work)

/**
 * Puts an invocation around every resolver of the app's. Fields without one only hand on what is there. graphql-js goes on from a resolver's promise in a context of
 * its own, so one around the root fields would not reach the fields below. Changes the schema it is given.
 */
export function runInside(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue
    for (const field of Object.values(type.getFields())) {
      if (field.resolve) field.resolve = inside(field.resolve)
      if (field.subscribe) field.subscribe = inside(field.subscribe)
    }
  }
}

const WRAPPED = new WeakSet<Resolver>()

function inside(resolve: Resolver): Resolver {
  if (WRAPPED.has(resolve)) return resolve
  const wrapped: Resolver = (source, args, context, info) => {
    // Whatever else the app keeps in its context, these are accounts-js's names.
    const { userId, user } = (context ?? {}) as Partial<AccountsContext>
    return onBehalfOf(userId ?? user?.id, () => resolve(source, args, context, info))
  }
  WRAPPED.add(wrapped)
  return wrapped
}
