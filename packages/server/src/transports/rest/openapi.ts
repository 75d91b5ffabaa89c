/** The description of the routes, made from the very schemas that validate. */
import { toJsonSchema } from '@valibot/to-json-schema'
import type { Router } from './router.ts'
import type { Route } from './route.ts'
import { createUserResult, errorBody, loginResult, password, publicSettings, publicUser, refreshResult, sessionInfo } from './schemas.ts'
import type { Schema } from './schemas.ts'

/** An OpenAPI 3.1 document of everything the router knows. */
export function describeRoutes(router: Router, cookieName: string): Record<string, unknown> {
  const paths = router.places.map(({ pattern, routes }) => {
    const operations = [...routes]
      .filter(([method]) => method !== 'HEAD')
      .map(([method, route]) => [method.toLowerCase(), operation(pattern, route)] as const)
    return [pattern.replace(/:(\w+)/g, '{$1}'), { ...parametersOf(pattern), ...Object.fromEntries(operations) }] as const
  })
  return {
    openapi: '3.1.1',
    info: { title: 'Latchkey', version: '1', description: 'Accounts: signing up, signing in, sessions, passwords and addresses.' },
    paths: Object.fromEntries(paths),
    components: {
      schemas: Object.fromEntries(Object.entries(NAMED).map(([name, schema]) => [name, jsonSchema(schema, name)])),
      responses: { Error: { description: 'Refused', content: json({ $ref: '#/components/schemas/Error' }) } },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        cookie: { type: 'apiKey', in: 'cookie', name: cookieName },
      },
    },
  }
}

/** Schemas with a name of their own, so that generated clients have types for them. */
const NAMED: Readonly<Record<string, Schema>> = {
  User: publicUser,
  LoginResult: loginResult,
  RefreshResult: refreshResult,
  CreateUserResult: createUserResult,
  Session: sessionInfo,
  Settings: publicSettings,
  Password: password,
  Error: errorBody,
}

/** Who must, who may, and who need not say who they are. */
const SECURITY = {
  anyone: [],
  known: [{}, { bearer: [] }, { cookie: [] }],
  holder: [{}, { bearer: [] }, { cookie: [] }],
  session: [{ bearer: [] }, { cookie: [] }],
} as const

function operation(pattern: string, route: Route): Record<string, unknown> {
  return {
    operationId: `${route.method.toLowerCase()}${pattern.replace(/[/:.-]+(\w)/g, (_, first: string) => first.toUpperCase())}`,
    summary: route.summary,
    security: SECURITY[route.guard],
    ...(route.body ? { requestBody: { content: json(jsonSchema(route.body)) } } : {}),
    responses: { 200: { description: 'Done', content: json(jsonSchema(route.reply)) }, default: { $ref: '#/components/responses/Error' } },
  }
}

function parametersOf(pattern: string): Record<string, unknown> {
  const names = [...pattern.matchAll(/:(\w+)/g)].map(match => match[1])
  return names.length === 0 ? {} : { parameters: names.map(name => ({ name, in: 'path', required: true, schema: { type: 'string' } })) }
}

const json = (schema: unknown): Record<string, unknown> => ({ 'application/json': { schema } })

/** JSON Schema 2020-12, which is the dialect of OpenAPI 3.1. Named schemas stand as references, but for the one that is being defined. */
function jsonSchema(schema: Schema, own?: string): Record<string, unknown> {
  const definitions = Object.fromEntries(Object.entries(NAMED).filter(([name]) => name !== own))
  const overrideRef = ({ referenceId }: { referenceId: string }): string => `#/components/schemas/${referenceId}`
  const {
    $schema: _dialect,
    $defs: _definitions,
    ...converted
  } = toJsonSchema(schema, { target: 'draft-2020-12', definitions, overrideRef })
  return converted
}
