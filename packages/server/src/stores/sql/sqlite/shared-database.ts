import type { SqliteDatabase } from './driver.ts'

/** A connection that the stores of several collections use: opened by the first, closed by the last. */
export interface SharedDatabase {
  acquire(): Promise<SqliteDatabase>
  /** Brings the schema up to date, or looks at it, once while it is open: nobody else may be at work on the connection meanwhile. */
  once(work: () => Promise<void>): Promise<void>
  release(): Promise<void>
}

export function sharedDatabase(open: () => Promise<SqliteDatabase>): SharedDatabase {
  let holders = 0
  let opening: Promise<SqliteDatabase> | undefined
  let prepared: Promise<void> | undefined
  return {
    async acquire() {
      opening ??= open()
      const mine = opening
      try {
        const database = await mine
        holders += 1
        return database
      } catch (error) {
        // Tried again at the next call.
        if (opening === mine) opening = undefined
        throw error
      }
    },
    async once(work) {
      prepared ??= work()
      const mine = prepared
      try {
        await mine
      } catch (error) {
        if (prepared === mine) prepared = undefined
        throw error
      }
    },
    async release() {
      holders -= 1
      if (holders > 0) return
      const database = await opening
      opening = undefined
      prepared = undefined
      database?.close()
    },
  }
}
