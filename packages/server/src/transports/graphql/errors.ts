/** What an error looks like on this wire: the text for people, and in `extensions` the code for programs. */
import { AccountsError, ERRORS, isAccountsError } from '@latchkey/common'
import { GraphQLError } from 'graphql'
import type { Log } from '../../core/ports.ts'

/**
 * The error as GraphQL sends it. Servers that mask what was not thrown on purpose (Yoga, Envelop) let a `GraphQLError` pass.
 *
 * `extensions`: `code`, what else the error says (`details` as they are, so `pending` of a due second factor), and `retryAfter` in seconds.
 * "Not signed in" has the code all GraphQL tools know, `UNAUTHENTICATED`, and HTTP status 401; everything else leaves the status alone, because
 * clients take other statuses for a failure of the network and then read no codes.
 */
export function toGraphQLError(error: unknown, log: Log): GraphQLError {
  if (error instanceof GraphQLError) return error
  if (isAccountsError(error) && ERRORS[error.code].status !== 500) return refusal(error)
  log.error({ err: error, transport: 'graphql' }, 'a request failed')
  return new GraphQLError(ERRORS.InternalError.message, { extensions: { code: 'InternalError' } })
}

/** "Not signed in", as accounts-js says it. */
export const unauthenticated = (): GraphQLError => refusal(new AccountsError('Unauthorized'))

function refusal({ code, appCode, message, details, retryAfter }: AccountsError): GraphQLError {
  if (code === 'Unauthorized') {
    return new GraphQLError(message, { extensions: { code: 'UNAUTHENTICATED', http: { status: ERRORS.Unauthorized.status } } })
  }
  return new GraphQLError(message, {
    extensions: {
      code: appCode ?? code,
      ...(details === undefined ? {} : { details }),
      ...(retryAfter === undefined ? {} : { retryAfter: Math.max(1, Math.ceil(retryAfter)) }),
    },
  })
}
