/** The GraphQL server behind `/graphql`: Yoga, with everything off that accounts do not need. */
import { accountsGraphQL, buildSchema } from '@latchkey/server/graphql'
import type { PlainRequest } from '@latchkey/server/graphql'
import { SESSION_MODE_HEADER } from '@latchkey/common'
import type { Accounts } from '@latchkey/server'
import type { Call } from '@latchkey/server/node'
import { GraphQLError, NoSchemaIntrospectionCustomRule, parse } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { Plugin } from 'graphql-yoga'
import type { GraphQLEndpointOptions } from './graphql.ts'
import { limitQuery, MOST_TOKENS } from './query-limits.ts'

/** An answer, its headers in pairs. */
export interface Answer {
  status: number
  headers: [name: string, value: string][]
  body: string
}

/** Answers what was read of a request. */
export interface GraphQLServer {
  answer(call: Call, body: Uint8Array | null): Promise<Answer>
}

/** Makes the server. Schema and rules are built here, once. */
export function graphqlServer(accounts: Accounts, { introspection, cors, trustedProxies, cookies }: GraphQLEndpointOptions): GraphQLServer {
  const site = { ...(cors ? { cors } : {}), ...(trustedProxies === undefined ? {} : { trustedProxies }), ...(cookies ? { cookies } : {}) }
  const { typeDefs, resolvers, context } = accountsGraphQL(accounts, site)
  const origins = new Set(cors?.origins)
  const yoga = createYoga<{ plain: PlainRequest }>({
    schema: buildSchema({ typeDefs, resolvers })(),
    context: ({ plain }) => context(plain),
    graphqlEndpoint: '/graphql',
    // It loads its scripts from a third party's server, which no page of ours may.
    graphiql: false,
    landingPage: false,
    batching: false,
    multipart: false,
    logging: false,
    // What strangers send would stay in memory.
    parserAndValidationCache: false,
    cors: request => {
      const origin = request.headers.get('origin')
      // Never Yoga's own answer for others, which is the origin "null": any page can become that.
      if (origin === null || !origins.has(origin)) return false
      return {
        origin: [origin],
        credentials: true,
        methods: ['GET', 'POST'],
        allowedHeaders: allowed(cors?.headers),
        maxAge: 600,
        exposedHeaders: ['date'],
      }
    },
    maskedErrors: {
      maskError(error) {
        if (isUnreadable(error))
          return new GraphQLError('The request cannot be read', { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } })
        if (isOnPurpose(error)) return withoutValues(error)
        accounts.core.log.error({ err: error, route: '/graphql' }, 'a request failed')
        return new GraphQLError('Internal server error', { extensions: { code: 'InternalError' } })
      },
    },
    plugins: [withLimits(introspection)],
  })

  return {
    async answer(call, body) {
      const setting: [string, string][] = []
      const plain: PlainRequest = {
        headers: call.headers,
        ip: call.ip,
        encrypted: call.encrypted,
        setCookie: value => void setting.push(['set-cookie', value]),
      }
      const response = await yoga.fetch(requestOf(call, body), { plain })
      const headers: [string, string][] = [...response.headers.entries(), ...setting]
      return { status: response.status, headers, body: await response.text() }
    },
  }
}

/** What our client sends, and what else is allowed to. */
const allowed = (more: readonly string[] = []): string[] => ['authorization', 'content-type', SESSION_MODE_HEADER, ...more]

/** GraphQL's own errors (syntax, validation) and those we throw. */
function isOnPurpose(error: unknown): error is GraphQLError {
  if (!(error instanceof GraphQLError)) return false
  return error.originalError == null || isOnPurpose(error.originalError)
}

/** JSON in an address that is none. In our own fields nothing is parsed that could fail like this. */
const isUnreadable = (error: unknown): boolean =>
  error instanceof SyntaxError || (error instanceof GraphQLError && error.path === undefined && error.originalError instanceof SyntaxError)

/** GraphQL repeats variables that it cannot take, and among them may be a password: errors end in logs (ASVS 16.2.5). */
function withoutValues(error: GraphQLError): GraphQLError {
  const [, before, reason] = /^(Variable "\$\w+" got) invalid value .*?(; [^;]*|)$/s.exec(error.message) ?? []
  if (before === undefined || error.path !== undefined) return error
  const { nodes = null, source = null, positions = null, extensions } = error
  return new GraphQLError(`${before} an invalid value${/^; (Field|Expected type) "/.test(reason ?? '') ? reason : ''}`, {
    nodes,
    source,
    positions,
    extensions,
  })
}

function withLimits(introspection: boolean): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn((source: Parameters<typeof parse>[0], options: Parameters<typeof parse>[1]) =>
        parse(source, { ...options, maxTokens: MOST_TOKENS }),
      )
    },
    onValidate({ addValidationRule }) {
      addValidationRule(limitQuery)
      if (!introspection) addValidationRule(NoSchemaIntrospectionCustomRule)
    },
  }
}

/** Answers are sent whole: those in parts come with headers for a connection that Yoga believes to be its own (`Transfer-Encoding` beside our length). */
function wholeAnswers(accept: string | string[] | undefined): string {
  const wanted = String(accept ?? '')
    .split(',')
    .filter(type => !/event-stream|multipart/i.test(type))
  return wanted.join().trim() || 'application/json'
}

/** The address does not matter to Yoga beyond its path and query; who calls is read from `plain`. */
function requestOf({ method, url, headers }: Call, body: Uint8Array | null): Request {
  const texts = Object.entries({ ...headers, accept: wholeAnswers(headers['accept']) }).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as [string, string]] : [],
  )
  return new Request(`http://localhost${url}`, { method, headers: texts, ...(body === null ? {} : { body: Buffer.from(body) }) })
}
