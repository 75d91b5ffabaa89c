/** What differs between the engines, declared in one place and never sniffed. Everything else in this folder is SQL that both speak. */

/** Every table of the store. */
export const TABLES = [
  'users',
  'identifiers',
  'credentials',
  'sessions',
  'tokens',
  'attempts',
  'failures',
  'outbox',
  'audit',
  'services',
] as const
export type TableName = (typeof TABLES)[number]

/** The two things a column of a record set can hold. */
export type ColumnKind = 'text' | 'number'

export interface Dialect {
  readonly engine: 'sqlite' | 'postgresql'
  /** Quoted names of the tables. */
  readonly t: Readonly<Record<TableName, string>>
  /** Quoted name of anything else that lives beside the tables: an index, a migration table. */
  readonly own: (name: string) => string
  /** The bare name of an index, quoted: it goes where its table is. */
  readonly index: (name: string) => string
  /** Column types. `key` sorts by code point on both engines, so that pages and prefix searches agree. */
  readonly types: Readonly<Record<'key' | 'text' | 'number' | 'json', string>>
  /** Ends a `create table` whose rows are found by their primary key alone. */
  readonly clustered: string
  /** Ends a `select` whose rows the transaction is about to change. SQLite's write transactions exclude each other anyway. */
  readonly lock: string
  /** The same, passing over rows that another transaction holds. */
  readonly lockFree: string
  /** `column <among> ` a list parameter. */
  readonly among: (parameter: string) => string
  /** A list parameter of objects as a table `r`. */
  readonly records: (parameter: string, columns: Readonly<Record<string, ColumnKind>>) => string
  /** A text expression as a value for a JSON column. */
  readonly json: (expression: string) => string
  /** Parameters are written `$1`; the engine's own way to write them. */
  readonly parameters: (text: string) => string
  /** Where triggers announce revocations to other processes: the name of the channel. */
  readonly channel: string | undefined
}

/** SQLite: tables carry a prefix, so that an app can keep its own in the same file. */
export function sqliteDialect(prefix: string): Dialect {
  return {
    engine: 'sqlite',
    t: tables(name => quote(`${prefix}${name}`)),
    own: name => quote(`${prefix}${name}`),
    index: name => quote(`${prefix}${name}`),
    types: { key: 'text', text: 'text', number: 'integer', json: 'text' },
    clustered: ' without rowid',
    lock: '',
    lockFree: '',
    among: parameter => `in (select value from json_each(${parameter}))`,
    records: (parameter, columns) =>
      `(select ${Object.keys(columns)
        .map(column => `json_extract(value, '$.${column}') as ${column}`)
        .join(', ')} from json_each(${parameter})) as r`,
    json: expression => expression,
    parameters: text => text.replaceAll(/\$(\d+)/g, '?$1'),
    channel: undefined,
  }
}

/** PostgreSQL: plain table names in a schema of their own. */
export function postgresDialect(schema: string): Dialect {
  return {
    engine: 'postgresql',
    t: tables(name => `${quote(schema)}.${quote(name)}`),
    own: name => `${quote(schema)}.${quote(name)}`,
    index: name => quote(name),
    // `json` keeps what it is given to the letter; `jsonb` refuses U+0000 and lone surrogates, which custom fields may hold.
    types: { key: 'text collate "C"', text: 'text', number: 'bigint', json: 'json' },
    clustered: '',
    lock: ' for update',
    lockFree: ' for update skip locked',
    among: parameter => `= any(${parameter}::text[])`,
    records: (parameter, columns) =>
      `json_to_recordset(${parameter}::json) as r(${Object.entries(columns)
        .map(([column, kind]) => `${column} ${kind === 'text' ? 'text' : 'bigint'}`)
        .join(', ')})`,
    json: expression => `${expression}::json`,
    parameters: text => text,
    channel: `latchkey_${schema}`,
  }
}

/** A quoted identifier. */
export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

function tables(named: (name: TableName) => string): Record<TableName, string> {
  // Every table name is a key, by construction.
  return Object.fromEntries(TABLES.map(name => [name, named(name)])) as Record<TableName, string>
}
