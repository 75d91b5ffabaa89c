import { AccountsClientError } from '../error.ts'

/** One entry of an answer's `errors`. */
export interface GraphQLErrorEntry {
  readonly message: string
  readonly extensions?: Readonly<Record<string, unknown>> | undefined
}

/**
 * What a GraphQL answer says instead of data: accounts-js's class. Beside `errors`, the list as it came, it has what every error of this client has, read
 * from the first entry: `code`, `status`, `details`, `retryAfter`.
 */
export class GraphQLErrorList extends AccountsClientError {
  readonly errors: readonly GraphQLErrorEntry[]

  constructor(errors: readonly GraphQLErrorEntry[], cause?: unknown) {
    const { message = 'GraphQL error', extensions = {} } = errors[0] ?? {}
    const code = codeOf(message, extensions)
    const { details, retryAfter } = extensions
    super(errors.map(error => error.message).join('\n') || message, code, {
      status: statusOf(code),
      ...(isRecord(details) ? { details } : {}),
      ...(typeof retryAfter === 'number' ? { retryAfter } : {}),
      ...(cause === undefined ? {} : { cause }),
    })
    this.errors = errors
  }
}

/** Whatever a GraphQL client threw, in our words. */
export function toClientError(thrown: unknown): AccountsClientError {
  if (thrown instanceof AccountsClientError) return thrown
  const list = errorsIn(thrown)
  if (list) return new GraphQLErrorList(list, thrown)
  const status = statusIn(thrown)
  return status === undefined
    ? new AccountsClientError('The server cannot be reached', 'NetworkError', { cause: thrown })
    : new AccountsClientError(`The server's answer (${status}) is no GraphQL`, 'UnexpectedReply', { status, cause: thrown })
}

/** A server of accounts-js gives no code, or hides it in `exception` (Apollo Server 2). */
function codeOf(message: string, extensions: Readonly<Record<string, unknown>>): string | number | undefined {
  const exception = extensions['exception']
  const code = (isRecord(exception) ? exception['code'] : undefined) ?? extensions['code']
  if (code === 'UNAUTHENTICATED' || (message === 'Unauthorized' && code === undefined)) return 'Unauthorized'
  return typeof code === 'string' || typeof code === 'number' ? code : undefined
}

/** GraphQL has no statuses; the rest of the client thinks in them. */
function statusOf(code: string | number | undefined): number {
  return STATUSES.get(code) ?? 400
}

const STATUSES: ReadonlyMap<unknown, number> = new Map([
  ['Unauthorized', 401],
  ['Forbidden', 403],
  ['TooManyAttempts', 429],
  ['InternalError', 500],
  ['INTERNAL_SERVER_ERROR', 500],
  ['Busy', 503],
])

/** Apollo 3 puts them in `graphQLErrors`, or for other statuses than 200 in `networkError.result`; Apollo 4 in `errors` or `bodyText`; others in `response`. */
function errorsIn(thrown: unknown): GraphQLErrorEntry[] | undefined {
  if (!isRecord(thrown)) return undefined
  const { graphQLErrors, errors, networkError, result, response, bodyText } = thrown
  const places = [
    graphQLErrors,
    errors,
    isRecord(result) && result['errors'],
    isRecord(response) && response['errors'],
    errorsInText(bodyText),
  ]
  const found = places.find((place): place is GraphQLErrorEntry[] => Array.isArray(place) && place.length > 0 && place.every(isEntry))
  return found ?? errorsIn(networkError)
}

function errorsInText(text: unknown): unknown {
  if (typeof text !== 'string') return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    return isRecord(parsed) ? parsed['errors'] : undefined
  } catch {
    return undefined
  }
}

function statusIn(thrown: unknown): number | undefined {
  if (!isRecord(thrown)) return undefined
  const { statusCode, networkError } = thrown
  return typeof statusCode === 'number' ? statusCode : statusIn(networkError)
}

const isEntry = (entry: unknown): entry is GraphQLErrorEntry => isRecord(entry) && typeof entry['message'] === 'string'

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
