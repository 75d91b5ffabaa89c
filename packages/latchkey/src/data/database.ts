import path from 'node:path'
import type { Config } from '../config/table.ts'

/** Which database a configuration means. */
export type Database = { engine: 'sqlite'; path: string } | { engine: 'postgresql'; url: string }

/** Reads `DATABASE_URL`; without one it is the SQLite file in the data folder. */
export function databaseOf({ databaseUrl, data }: Pick<Config, 'databaseUrl' | 'data'>): Database {
  if (databaseUrl === null) return { engine: 'sqlite', path: path.join(data, 'latchkey.db') }
  if (/^postgres(?:ql)?:/.test(databaseUrl)) return { engine: 'postgresql', url: databaseUrl }
  // `file:relative.db`, `file:/absolute.db` and `file:///absolute.db`
  const file = databaseUrl.replace(/^(?:file|sqlite):(?:\/\/(?=\/))?/, '')
  return { engine: 'sqlite', path: file === ':memory:' ? file : path.resolve(file) }
}

/** The database as it may be shown: without user name and password. */
export function describeDatabase(database: Database): string {
  if (database.engine === 'sqlite') return `SQLite in ${database.path}`
  const { host, pathname } = new URL(database.url)
  return `PostgreSQL at ${host || 'the local socket'}${pathname}`
}
