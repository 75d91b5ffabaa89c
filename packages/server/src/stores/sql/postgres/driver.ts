/** The part of `pg` that the store uses, and what its errors mean. */
import { AccountsError } from '@latchkey/common'

/** The module `pg`, or one that looks like it. */
export interface PgDriver {
  Client: new (config: PgConfig) => PgClient
  Pool: new (config: PgConfig & { max: number; idleTimeoutMillis: number }) => PgPool
}

export interface PgConfig {
  connectionString?: string
  host?: string
  port?: number
  user?: string
  password?: string | (() => string | Promise<string>)
  database?: string
  ssl?: boolean | object
  application_name?: string
  statement_timeout?: number
  query_timeout?: number
  connectionTimeoutMillis?: number
  keepAlive?: boolean
  /** Send a query without waiting for the answers of those before it. */
  pipeline?: boolean
  types?: { getTypeParser(oid: number, format?: string): (text: string) => unknown }
}

export interface PgQuery {
  name?: string
  text: string
  values?: unknown[]
}

export interface PgResult {
  rows: unknown[]
  command: string
}

export interface PgClient {
  connect(): Promise<unknown>
  query(query: string | PgQuery): Promise<PgResult>
  end(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'end', listener: () => void): unknown
  on(event: 'notification', listener: (message: { channel: string; payload?: string | undefined }) => void): unknown
}

export interface PgPool {
  connect(): Promise<PgPoolClient>
  query(query: PgQuery): Promise<PgResult>
  end(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'connect', listener: (client: PgPoolClient) => void): unknown
}

export interface PgPoolClient {
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'end', listener: () => void): unknown
  query(query: string | PgQuery): Promise<PgResult>
  /** With an error, or true, the connection is closed instead of kept. */
  release(broken?: Error | boolean): void
}

/** Values as our rows have them: numbers for integers, text for everything else, JSON too, which `rows.ts` reads. */
export const types: NonNullable<PgConfig['types']> = {
  getTypeParser: oid => (INTEGERS.has(oid) ? Number : text),
}

/** int8, int2, int4. */
const INTEGERS = new Set([20, 21, 23])
const text = (value: string): string => value

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')

/** The transaction lost against another one and left no trace: it may simply be tried again. */
export const isConflict = (error: unknown): boolean => ['40001', '40P01'].includes(codeOf(error))

export const isUniqueViolation = (error: unknown): boolean => codeOf(error) === '23505'

/** The connection is gone, or was never there; says nothing about what was sent over it. */
export const isConnectionLost = (error: unknown): boolean =>
  error instanceof Error &&
  (/^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_|0800|57P0)/.test(codeOf(error)) ||
    /connection (terminated|error)|not queryable|client was closed|timeout exceeded when trying to connect|timeout expired/i.test(
      error.message,
    ))

/** Timeouts and too many connections: the database is there and cannot keep up. */
const isOverloaded = (error: unknown): boolean =>
  error instanceof Error && (/^(57014|55P03|53\d\d\d)$/.test(codeOf(error)) || error.message === 'Query read timeout')

/** What a caller should see: a database that is away or overloaded is a matter of waiting, everything else is a fault. */
export function translate(error: unknown): unknown {
  if (!isConnectionLost(error) && !isOverloaded(error)) return error
  const detail = `PostgreSQL ${isOverloaded(error) ? 'cannot keep up' : 'cannot be reached'}: ${error instanceof Error ? error.message : ''}`
  return new AccountsError('Busy', { detail, cause: error, retryAfter: 1 })
}

/** Says goodbye, but does not wait long for a server that has gone without a word. */
export async function closed(closing: Promise<unknown> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const enough = new Promise(resolve => (timer = setTimeout(resolve, GOODBYE)))
  await Promise.race([closing, enough]).finally(() => clearTimeout(timer))
}

/** Milliseconds. */
const GOODBYE = 2_000
