/** The two ways accounts-js kept users in PostgreSQL, and how to tell which one a database has. */
import { AccountsError } from '@latchkey/common'

export const LAYOUTS = ['typeorm', 'mikro-orm'] as const
/** Which of accounts-js's SQL adapters made the tables. */
export type LayoutName = (typeof LAYOUTS)[number]

/** Names of tables and columns of a layout. */
export interface Layout {
  readonly name: LayoutName
  readonly email: string
  readonly service: string
  readonly session: string
  /** Column of the other tables that holds the user's id. */
  readonly owner: string
  /** Column of a service that holds the provider's id of the user; MikroORM's adapter never kept one. */
  readonly serviceId: string | null
  readonly createdAt: string
  readonly updatedAt: string
  /** The order of a user's addresses, the main one first. Ids of MikroORM are serial; those of TypeORM are random, and a verified address is used first. */
  readonly emailOrder: string
}

const KNOWN: Readonly<Record<LayoutName, Layout>> = {
  typeorm: {
    name: 'typeorm',
    email: 'user_email',
    service: 'user_service',
    session: 'user_session',
    owner: 'userId',
    serviceId: 'serviceId',
    createdAt: 'createdAt',
    updatedAt: 'updatedAt',
    emailOrder: 'e.verified desc, e.id',
  },
  'mikro-orm': {
    name: 'mikro-orm',
    email: 'email',
    service: 'service',
    session: 'session',
    owner: 'user_id',
    serviceId: null,
    createdAt: 'created_at',
    updatedAt: 'updated_at',
    emailOrder: 'e.id',
  },
}

/** The table of users in both layouts. */
export const USER = 'user'

/** Table → column → SQL type, of one schema. */
export type Tables = ReadonlyMap<string, ReadonlyMap<string, string>>

/**
 * The layout that the tables have.
 * @throws AccountsError `InvalidSettings` when it is neither, either, or not quite the one that was named
 */
export function layoutOf(tables: Tables, wanted: LayoutName | 'auto', schema: string): Layout {
  const layout = wanted === 'auto' ? detect(tables, schema) : KNOWN[wanted]
  const missing = needs(layout).filter(([table, column]) => !tables.get(table)?.has(column))
  if (missing.length > 0) {
    const names = missing.map(([table, column]) => `"${table}"."${column}"`).join(', ')
    throw refusal(`The schema ${JSON.stringify(schema)} has not the ${layout.name} layout of accounts-js: there is no ${names}.`)
  }
  return layout
}

function detect(tables: Tables, schema: string): Layout {
  const found = LAYOUTS.map(name => KNOWN[name]).filter(({ email, service }) => [USER, email, service].every(table => tables.has(table)))
  const [layout, ...others] = found
  if (!layout) {
    throw refusal(
      `There is no accounts-js database in the schema ${JSON.stringify(schema)}: neither the tables user, user_email and user_service of TypeORM, nor ` +
        'user, email and service of MikroORM. Name the schema with --schema.',
    )
  }
  if (others.length > 0)
    throw refusal(
      `The schema ${JSON.stringify(schema)} has the tables of both layouts. Say which with --layout typeorm or --layout mikro-orm.`,
    )
  return layout
}

const needs = ({ email, service, owner, createdAt, updatedAt, serviceId }: Layout): [table: string, column: string][] => [
  ...['id', 'username', 'deactivated', createdAt, updatedAt].map((column): [string, string] => [USER, column]),
  ...['id', 'address', 'verified', owner].map((column): [string, string] => [email, column]),
  ...['id', 'name', 'token', 'options', owner, ...(serviceId === null ? [] : [serviceId])].map((column): [string, string] => [
    service,
    column,
  ]),
]

/** Columns of the table of users that the adapter itself made; all others are the app's own fields. */
export const ownColumns = ({ createdAt, updatedAt }: Layout): string[] => ['id', 'username', 'deactivated', createdAt, updatedAt]

const refusal = (message: string): AccountsError => new AccountsError('InvalidSettings', { message })
