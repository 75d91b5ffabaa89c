import { subscribe } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { Bus } from '../../../core/store.ts'
import type { SqliteDatabase, SqliteStatement } from './driver.ts'

/**
 * Several processes on one SQLite file: `PRAGMA data_version` changes when another connection has committed. It is read at every check, so
 * a revocation by another process counts at the very next one. It does not say what changed, so everything is read anew.
 */
export class SqliteBus implements Bus {
  readonly #database: () => SqliteDatabase
  readonly #listeners = new Set<(userId: string | null) => void>()
  #version: SqliteStatement | undefined
  #seen: unknown

  constructor(database: () => SqliteDatabase) {
    this.#database = database
  }

  async open(): Promise<void> {
    this.#version = this.#database().prepare('pragma data_version')
    this.#seen = this.#read(this.#version)
  }

  async close(): Promise<void> {
    this.#version = undefined
  }

  trusted(): boolean {
    if (!this.#version) return false
    const version = this.#read(this.#version)
    if (version !== this.#seen) {
      this.#seen = version
      this.tell([null])
    }
    return true
  }

  listen(listener: (userId: string | null) => void): Stop {
    return subscribe(this.#listeners, listener)
  }

  async publish(userId: string): Promise<void> {
    this.tell([userId])
  }

  /** Tells the listeners of this process. */
  tell(userIds: readonly (string | null)[]): void {
    for (const listener of this.#listeners) for (const userId of userIds) listener(userId)
  }

  #read(version: SqliteStatement): unknown {
    // One row of one column.
    return (version.get([]) as { data_version: number }).data_version
  }
}
