import { describe, expect, it } from 'vitest'
import { postgresStore, sqliteStore } from './index.ts'
import type { PostgresStoreOptions, SqliteStoreOptions } from './index.ts'

describe('the address of a PostgreSQL store', () => {
  it('that was meant and is missing is refused, so that no other database is opened in its place', () => {
    expect(() => postgresStore({ url: '' })).toThrow('postgresStore: url is empty. Leave it out to go by the PG… variables')
    // What `process.env.DATABASE_URL` is where nobody set it.
    expect(() => postgresStore({ url: undefined } as unknown as PostgresStoreOptions)).toThrow('url is empty')
    expect(postgresStore({}).name).toBe('postgresql')
  })

  it('is refused when it is that of another kind of database', () => {
    for (const url of ['mysql://localhost/app', 'file:accounts.db', 'localhost:5432/app']) {
      expect(() => postgresStore({ url })).toThrow('url must begin with postgres://')
    }
    for (const url of ['postgres://localhost/app', 'postgresql://localhost/app', 'socket:/run/postgresql?db=app']) {
      expect(postgresStore({ url }).name).toBe('postgresql')
    }
  })
})

it('a SQL store without options is refused with their names', () => {
  // What JavaScript lets through.
  const nothing: unknown = undefined
  expect(() => sqliteStore(nothing as SqliteStoreOptions)).toThrow('sqliteStore needs an object of options: path, database')
  expect(() => postgresStore(nothing as PostgresStoreOptions)).toThrow('postgresStore needs an object of options: url, connection')
})
