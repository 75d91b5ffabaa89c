/** `/graphql` of the standalone server, from its port to the GraphQL server behind it, which is loaded with the first request that needs it. */
import { ERRORS, isAccountsError } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'
import type { Accounts } from '@latchkey/server'
import type { GraphQLOptions } from '@latchkey/server/graphql'
import type { Call, Reply, Served } from '@latchkey/server/node'
import type { Answer, GraphQLServer } from './yoga.ts'

/** What is set about it. */
export interface GraphQLEndpointOptions extends Pick<GraphQLOptions, 'cors' | 'trustedProxies' | 'cookies'> {
  /** Whether strangers may ask for the schema. */
  introspection: boolean
  /** Sent with every answer. */
  headers?: Readonly<Record<string, string>>
}

const PATH = '/graphql'
/** Longest body in bytes, as over REST. */
const BODY_LIMIT = 65_536

/** Answers at `/graphql` and nowhere else. */
export function graphqlEndpoint(accounts: Accounts, options: GraphQLEndpointOptions): Served {
  let loading: Promise<GraphQLServer> | undefined
  const load = (): Promise<GraphQLServer> => (loading ??= import('./yoga.ts').then(({ graphqlServer }) => graphqlServer(accounts, options)))
  const { clock, log } = accounts.core
  return {
    knows: target => target === PATH || target.startsWith(`${PATH}?`),
    async handle(call) {
      const began = clock.now()
      const answer = await answerTo(call, load).catch((error: unknown) => {
        if (isAccountsError(error) && ERRORS[error.code].status !== 500) return refused(error.code, error.message)
        log.error({ err: error, method: call.method, route: PATH }, 'a request failed')
        return refused('InternalError')
      })
      log.info({ method: call.method, route: PATH, status: answer.status, ms: clock.now() - began }, 'answered')
      return replyOf(answer, options.headers ?? {})
    },
  }
}

/** Two transports on one port. */
export const beside = (first: Served, second: Served): Served => ({
  knows: target => first.knows(target) || second.knows(target),
  handle: call => (second.knows(call.url) ? second : first).handle(call),
})

async function answerTo(call: Call, load: () => Promise<GraphQLServer>): Promise<Answer> {
  if (!METHODS.includes(call.method)) return { ...refused('MethodNotAllowed'), headers: [['allow', METHODS.join(', ')]] }
  if (call.method !== 'POST') return (await load()).answer(call, null)
  // Forms of other sites send what they like without asking first; JSON they cannot (Fetch, 2.2.2: a preflight is due).
  if (!/^application\/json *(;|$)/i.test(textOf(call.headers['content-type']))) return refused('UnsupportedMediaType')
  const body = await call.body(BODY_LIMIT)
  return (await load()).answer(call, body)
}

const METHODS: readonly string[] = ['GET', 'POST', 'OPTIONS']

const textOf = (header: string | string[] | undefined): string => (typeof header === 'string' ? header : '')

/** A refusal before GraphQL has seen anything, in the shape of its errors. */
function refused(code: ErrorCode, message: string = ERRORS[code].message): Answer {
  return {
    status: ERRORS[code].status,
    headers: [['content-type', 'application/json; charset=utf-8']],
    body: JSON.stringify({ errors: [{ message, extensions: { code } }] }),
  }
}

function replyOf({ status, headers, body }: Answer, more: Readonly<Record<string, string>>): Reply {
  const length: [string, string][] = status === 204 ? [] : [['content-length', String(Buffer.byteLength(body))]]
  const all = [
    ...headers.filter(([name]) => name !== 'content-length' && name !== 'vary'),
    ...Object.entries({ ...COMMON, ...more }),
    ...length,
  ]
  return { status, headers: all.flat(), body }
}

const COMMON: Readonly<Record<string, string>> = {
  // ASVS 14.3.2: nothing of an account may stay in a cache.
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  vary: 'Origin',
}
