/** Reads the users of an accounts-js database, oldest first, in one snapshot that changes nothing. */
import { AccountsError } from '@latchkey/common'
import pg from 'pg'
import { layoutOf, ownColumns, USER } from './layout.ts'
import type { Layout, LayoutName, Tables } from './layout.ts'

/** A user as the old database has them. Times are epoch milliseconds. */
export interface SourceUser {
  id: string
  username: string | null
  deactivated: boolean
  createdAt: number | null
  updatedAt: number | null
  /** The app's own columns. */
  custom: Record<string, unknown>
  emails: { address: string; verified: boolean }[]
  services: SourceService[]
}

/** A row of the services table. */
export interface SourceService {
  id: string
  name: string
  /** The provider's id of the user. */
  serviceId: string | null
  options: Record<string, unknown> | null
}

/** Where to read, and how. */
export interface SourceOptions {
  /** `postgres://…`. */
  url: string
  /** @default 'public' */
  schema?: string
  /** @default 'auto' */
  layout?: LayoutName | 'auto'
  /** The zone that timestamps without one were written in: a name PostgreSQL knows. @default 'UTC' */
  timezone?: string
  /** Columns of the table of users that stay behind. @default [] */
  without?: readonly string[]
}

/** What the old database has that does not move, or belongs to nobody. */
export interface SourceRest {
  /** Rows of the sessions table. */
  sessions: number
  /** One-time tokens by the name of their service. */
  tokens: Record<string, number>
  /** Addresses and services without a user. */
  orphans: { table: string; id: string; name: string }[]
}

/** An old database, open. */
export interface Source {
  readonly layout: LayoutName
  /** For a person: without user name and password. */
  readonly where: string
  count(): Promise<number>
  /** Of addresses that several users have in spellings that differ only by case, the user who keeps it: a verified one first, then the oldest. */
  sharedEmails(): Promise<{ address: string; userId: string }[]>
  rest(): Promise<SourceRest>
  /** All users, oldest first, a page at a time. */
  pages(size: number): AsyncGenerator<SourceUser[]>
  close(): Promise<void>
}

/** Of one-time tokens only their number is told: a link in a mail is asked for again. */
const TOKENS = ['password.reset', 'email.verificationTokens', 'magicLink.loginTokens']

/** Longest name of a service: it becomes part of a key, and the column may hold anything. */
const LONGEST_NAME = 64

/**
 * Opens an accounts-js database for reading.
 * @throws AccountsError `InvalidSettings` when there is none, or it is not laid out as expected
 * @throws Error when it cannot be reached
 */
export async function openSource({
  url,
  schema = 'public',
  layout: wanted = 'auto',
  timezone = 'UTC',
  without = [],
}: SourceOptions): Promise<Source> {
  const client = new pg.Client({ connectionString: url, application_name: 'latchkey import' })
  // Else a connection that breaks between two queries would end the process; the next query says what happened.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (cause) {
    // There are two databases in an import: the driver does not say which.
    throw new Error(`the old database cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  try {
    // One moment of the old database, however long the reading takes; and nothing in it can be changed by mistake.
    await client.query('begin transaction isolation level repeatable read read only')
    const zone = await knownZone(client, timezone)
    const tables = await tablesOf(client, schema)
    return new PostgresSource({ client, names: layoutOf(tables, wanted, schema), tables, schema, zone, without })
  } catch (error) {
    await client.end()
    throw error
  }
}

interface SourceParts {
  client: pg.Client
  names: Layout
  tables: Tables
  schema: string
  zone: string
  without: readonly string[]
}

class PostgresSource implements Source {
  readonly layout: LayoutName
  readonly where: string
  readonly #client: pg.Client
  readonly #names: Layout
  readonly #tables: Tables
  readonly #zone: string
  /** Columns of the table of users that are no custom fields. */
  readonly #hidden: readonly string[]
  readonly #in: (table: string) => string

  constructor({ client, names, tables, schema, zone, without }: SourceParts) {
    const unknown = without.filter(column => ownColumns(names).includes(column) || !tables.get(USER)?.has(column))
    if (unknown.length > 0) {
      throw new AccountsError('InvalidSettings', {
        message: `The table of users has no columns of the app's own called ${unknown.join(', ')}, to be left behind.`,
      })
    }
    this.layout = names.name
    const port = client.port === 5432 ? '' : `:${client.port}`
    this.where = `PostgreSQL at ${client.host || 'the local socket'}${port}/${client.database ?? ''}, schema ${schema}`
    this.#client = client
    this.#names = names
    this.#tables = tables
    this.#zone = zone
    this.#hidden = [...ownColumns(names), ...without]
    this.#in = table => `${quoted(schema)}.${quoted(table)}`
  }

  async count(): Promise<number> {
    return this.#number(`select count(*)::int as count from ${this.#in(USER)}`)
  }

  async sharedEmails(): Promise<{ address: string; userId: string }[]> {
    const { email, owner, createdAt } = this.#names
    const folded = 'lower(btrim(e.address))'
    return this.#rows(`select distinct on (${folded}) e.address, u.id::text as "userId"
      from ${this.#in(email)} e join ${this.#in(USER)} u on u.id = e.${quoted(owner)}
      where ${folded} in (select ${folded} from ${this.#in(email)} e group by 1 having count(distinct e.${quoted(owner)}) > 1)
      order by ${folded}, e.verified desc, u.${quoted(createdAt)} nulls first, u.id`)
  }

  async rest(): Promise<SourceRest> {
    const { email, service, session, owner } = this.#names
    const tokens = await this.#rows<{ name: string; count: number }>(
      `select name, count(*)::int as count from ${this.#in(service)} where name = any($1) and token is not null group by name order by name`,
      [TOKENS],
    )
    const orphansOf = (table: string, name: string): Promise<SourceRest['orphans']> =>
      this.#rows(`select $1::text as table, id::text, ${name} as name from ${this.#in(table)} where ${quoted(owner)} is null order by id`, [
        table,
      ])
    return {
      sessions: this.#tables.has(session) ? await this.#number(`select count(*)::int as count from ${this.#in(session)}`) : 0,
      tokens: Object.fromEntries(tokens.map(({ name, count }) => [name, count])),
      orphans: [...(await orphansOf(email, 'address')), ...(await orphansOf(service, 'name'))],
    }
  }

  /** A cursor on the server: sorted once, and never more than one page of it here. */
  async *pages(size: number): AsyncGenerator<SourceUser[]> {
    await this.#client.query('set local cursor_tuple_fraction = 1')
    await this.#client.query(`declare users no scroll cursor for ${this.#usersText()}`)
    for (;;) {
      const page = await this.#rows<SourceUser>(`fetch ${size} from users`)
      if (page.length === 0) break
      yield page.map(storable)
    }
    await this.#client.query('close users')
  }

  async close(): Promise<void> {
    await this.#client.end()
  }

  /** Addresses and services are gathered in one pass each: `userId` has no index in the old tables. */
  #usersText(): string {
    const { email, service, owner, serviceId, createdAt, updatedAt, emailOrder } = this.#names
    const gathered = (table: string, alias: string, name: string, object: string, order: string): string =>
      `left join (select ${alias}.${quoted(owner)} as owner, json_agg(json_build_object(${object}) order by ${order}) as list
        from ${this.#in(table)} ${alias} where ${alias}.${name} is not null group by 1) ${alias} on ${alias}.owner = u.id`
    return `select u.id::text as id, u.username, coalesce(u.deactivated, false) as deactivated, ${this.#millis(createdAt)} as "createdAt",
        ${this.#millis(updatedAt)} as "updatedAt", ${this.#customText()} as custom, coalesce(e.list, '[]') as emails, coalesce(s.list, '[]') as services
      from ${this.#in(USER)} u
      ${gathered(email, 'e', 'address', `'address', e.address, 'verified', coalesce(e.verified, false)`, emailOrder)}
      ${gathered(
        service,
        's',
        'name',
        `'id', s.id::text, 'name', left(s.name, ${LONGEST_NAME}), 'serviceId', ${serviceId === null ? 'null' : `s.${quoted(serviceId)}`}, 'options', s.options`,
        's.id',
      )}
      order by u.${quoted(createdAt)} nulls first, u.id`
  }

  /**
   * As JSON, so that dates stay what the table says, whatever the time zone of this process; large numbers, which JavaScript would round, as text. Not as `jsonb`:
   * one value that it cannot hold would end the import. What stays behind is not even looked at.
   */
  #customText(): string {
    const columns = [...(this.#tables.get(USER) ?? [])].filter(([name]) => !this.#hidden.includes(name))
    if (columns.length === 0) return `'{}'::json`
    const one = ([name, type]: [string, string]): string =>
      type === 'bigint' || type === 'numeric' ? `u.${quoted(name)}::text as ${quoted(name)}` : `u.${quoted(name)}`
    return `(select row_to_json(own) from (select ${columns.map(one).join(', ')}) own)`
  }

  #millis(column: string): string {
    const name = `u.${quoted(column)}`
    const moment =
      this.#tables.get(USER)?.get(column) === 'timestamp without time zone' ? `${name} at time zone ${literal(this.#zone)}` : name
    return `case when isfinite(${name}) then floor(extract(epoch from ${moment}) * 1000)::float8 end`
  }

  async #number(text: string): Promise<number> {
    return (await this.#rows<{ count: number }>(text))[0]?.count ?? 0
  }

  /** The type says what the statement selects: both stand side by side. */
  async #rows<R extends object>(text: string, values: unknown[] = []): Promise<R[]> {
    return (await this.#client.query<R>(text, values)).rows
  }
}

/** `json` can hold NUL and half a surrogate pair, which our databases cannot: each becomes U+FFFD. */
function storable(user: SourceUser): SourceUser {
  const services = user.services.map(service => ({ ...service, options: storableValue(service.options) as SourceService['options'] }))
  return { ...user, services, custom: storableValue(user.custom) as SourceUser['custom'] }
}

/** The same value, of the same shape. */
function storableValue(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(/\0|\p{Surrogate}/gu, '\uFFFD')
  if (Array.isArray(value)) return value.map(storableValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [storableValue(name), storableValue(inner)]))
}

async function knownZone(client: pg.Client, zone: string): Promise<string> {
  const { rows } = await client.query<{ name: string }>('select name from pg_timezone_names where lower(name) = lower($1) limit 1', [zone])
  const name = rows[0]?.name
  if (name === undefined)
    throw new AccountsError('InvalidSettings', {
      message: `PostgreSQL knows no time zone ${JSON.stringify(zone)}. Name one as in Europe/Berlin.`,
    })
  return name
}

async function tablesOf(client: pg.Client, schema: string): Promise<Tables> {
  const { rows } = await client.query<{ table: string; column: string; type: string }>(
    `select table_name as table, column_name as column, data_type as type from information_schema.columns where table_schema = $1
     order by table_name, ordinal_position`,
    [schema],
  )
  const tables = new Map<string, Map<string, string>>()
  for (const { table, column, type } of rows) tables.set(table, (tables.get(table) ?? new Map<string, string>()).set(column, type))
  return tables
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
const literal = (text: string): string => pg.escapeLiteral(text)
