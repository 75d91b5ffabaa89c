/** Stores in SQL: SQLite for one machine, PostgreSQL for more. */
export { sqliteStore } from './sqlite/store.ts'
export type { SqliteStoreOptions } from './sqlite/store.ts'
export type { SqliteDatabase, SqliteStatement } from './sqlite/driver.ts'
export type { SqlStore } from './store.ts'
export type { SqlStoreOptions } from './settings.ts'
export type { Migrations, PlannedMigration } from './migrations/migrate.ts'
