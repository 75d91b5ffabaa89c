/** The part of a SQLite driver that the store uses: `libsql`, or anything with `better-sqlite3`'s synchronous interface. */

/** An open database. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  close(): unknown
}

/** A prepared statement. Values are bound by position, as one array. */
export interface SqliteStatement {
  all(...values: unknown[]): unknown[]
  get(...values: unknown[]): unknown
  run(...values: unknown[]): { changes: number; lastInsertRowid: number | bigint }
}

/** True when another connection was writing. Nothing was done; later it will work. */
export const isBusy = (error: unknown): boolean => error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')
