/** Where the predefined accounts are kept, and the secret that goes with them, when the app says neither. */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { AccountsError } from '@latchkey/common'
import type { Store } from '../../core/store.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { postgresStore, sqliteStore } from '../../stores/sql/index.ts'
import type { Environment } from './settings.ts'

/** A place, and what can be said about a secret that nobody gave. */
export interface Place {
  db: Store
  /** Undefined: none can be made up for it. */
  makeSecret: () => string | undefined
}

const DEVELOPMENT_FILE = 'accounts.db'

/**
 * The database of `DATABASE_URL`: `postgresql://…`, or the path of an SQLite file. Outside production without one the file `accounts.db`, or memory where the driver
 * is not installed.
 * @param tell says what was chosen for want of better
 * @throws AccountsError `InvalidSettings` in production without one
 */
export function placeOf(env: Environment, production: boolean, tell: (message: string) => void): Place {
  const { DATABASE_URL: url = '' } = env
  if (/^postgres(ql)?:/.test(url)) return { db: postgresStore({ url }), makeSecret: () => undefined }
  if (url !== '') return sqlitePlace(url.replace(/^(sqlite|file):(\/\/)?/, ''))
  if (production)
    throw new AccountsError('InvalidSettings', {
      message: 'DATABASE_URL is missing: postgresql://… or the path of an SQLite file. Or give `db` to setUpAccounts',
    })
  if (hasDriver()) return sqlitePlace(DEVELOPMENT_FILE)
  tell('accounts are kept in memory, until the process ends: set DATABASE_URL, or run npm install libsql')
  return { db: memoryStore(), makeSecret: newSecret }
}

const sqlitePlace = (path: string): Place => ({ db: sqliteStore({ path }), makeSecret: () => secretBeside(path) })

/** Kept beside the database it belongs to, for the owner's eyes; made when there is none. */
function secretBeside(path: string): string {
  const file = `${path}.secret`
  try {
    writeFileSync(file, newSecret(), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  return readFileSync(file, 'utf8').trim()
}

const newSecret = (): string => randomBytes(32).toString('base64url')

function hasDriver(): boolean {
  try {
    createRequire(import.meta.url).resolve('libsql')
    return true
  } catch {
    return false
  }
}
