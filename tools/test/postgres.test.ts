import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { freshDatabase, hasPostgres, postgresUrl } from './postgres.ts'

describe.skipIf(!hasPostgres)('PostgreSQL for tests', () => {
  test('every caller gets an empty database of its own', async () => {
    await using first = await freshDatabase()
    await using second = await freshDatabase()
    await query(first.url, 'create table mine (id int)')

    expect(first.url).not.toBe(second.url)
    await expect(query(second.url, 'select * from mine')).rejects.toThrow('relation "mine" does not exist')
  })

  test('a dropped database is gone, even with a connection left open', async () => {
    const database = await freshDatabase()
    const forgotten = new pg.Client({ connectionString: database.url })
    forgotten.on('error', () => {})
    await forgotten.connect()
    await database.drop()

    const name = new URL(database.url).pathname.slice(1)
    const { rows } = await query(await postgresUrl(), `select 1 from pg_database where datname = '${name}'`)
    expect(rows).toEqual([])
  })

  test('commits are flushed to disk, as in production', async () => {
    const { rows } = await query(await postgresUrl(), 'show fsync')
    expect(rows).toEqual([{ fsync: 'on' }])
  })

  test('callers at the same time share one server', async () => {
    const urls = await Promise.all([postgresUrl(), postgresUrl(), postgresUrl()])
    expect(new Set(urls).size).toBe(1)
  })
})

async function query(url: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(text)
  } finally {
    await client.end()
  }
}
