/** Resolvers in Latchkey's manner: arguments without nulls, the call read once, errors as GraphQL wants them. */
import type { GraphQLResolveInfo } from 'graphql'
import type { Accounts } from '../../core/accounts.ts'
import type { SessionAndUser } from '../../core/session/session.ts'
import { refuseUnguarded } from './auth-directive.ts'
import type { GraphQLCall, Contexts } from './context.ts'
import { toGraphQLError, unauthenticated } from './errors.ts'
import { onBehalfOf } from './inside.ts'

/** A resolver that fits every server's types: it takes any context and finds in it what it needs. */
export type FieldResolver = (source: unknown, args: Record<string, unknown>, context: unknown, info: GraphQLResolveInfo) => Promise<unknown>

/** Type → field → resolver. */
export type Resolvers = Record<string, Record<string, FieldResolver>>

/** Resolvers of one part, before they know under which names the root types go. */
export interface ResolverPart {
  readonly queries: Record<string, FieldResolver>
  readonly mutations: Record<string, FieldResolver>
}

/** What resolvers are made with. */
export interface Desk {
  readonly accounts: Accounts
  readonly contexts: Contexts
}

/** One call of one field. */
export interface Asking<Args> {
  readonly args: Args
  readonly call: GraphQLCall
  readonly context: unknown
}

/** A field that anybody may ask. `Args` is what the schema says: GraphQL has checked it before we are called. */
export function field<Args = object>({ accounts, contexts }: Desk, run: (asking: Asking<Args>) => Promise<unknown>): FieldResolver {
  return async (_source, args, context, info) => {
    try {
      refuseUnguarded(info.schema)
      const call = await contexts.callOf(context)
      return (await onBehalfOf(call.user?.id, () => run({ args: withoutNulls(args) as Args, call, context }))) ?? null
    } catch (error) {
      throw toGraphQLError(error, accounts.core.log)
    }
  }
}

/** A field that anybody may ask, and that wants to know from which session. */
export function knowingField<Args = object>(
  desk: Desk,
  run: (asking: Asking<Args> & { readonly who: SessionAndUser | null }) => Promise<unknown>,
): FieldResolver {
  return field<Args>(desk, async asking => run({ ...asking, who: await desk.contexts.sessionOf(asking.call) }))
}

/** A field for the signed-in user. */
export function ownField<Args = object>(
  desk: Desk,
  run: (asking: Asking<Args> & { readonly who: SessionAndUser }) => Promise<unknown>,
): FieldResolver {
  return knowingField<Args>(desk, async ({ who, ...asking }) => {
    if (!who) throw unauthenticated()
    return run({ ...asking, who })
  })
}

/** A deed that has nothing to tell: accounts-js answers null for it, and never true. */
export async function nothing(deed: Promise<unknown>): Promise<null> {
  await deed
  return null
}

/** GraphQL clients write null for what they do not mean to send. Also gives objects a prototype, which graphql-js leaves out. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  const given = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined)
  return Object.fromEntries(given.map(([name, inner]) => [name, withoutNulls(inner)]))
}
