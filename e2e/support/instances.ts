import { join } from 'node:path'
import type { AccountsServerOptions } from '@latchkey/server'
import { postgresStore, sqliteStore } from '@latchkey/server/stores/sql'
import { freshDatabase } from '../../tools/test/postgres.ts'
import { startServer } from './server.ts'
import type { Around, RunningStory } from './server.ts'
import { dataFolder } from './standalone.ts'

/** Two servers on one database, each with its own connections, cache and listener, as two processes have them. */
export interface TwoInstances {
  one: RunningStory
  other: RunningStory
  close: () => Promise<void>
}

export async function twoInstances(
  options: Partial<AccountsServerOptions> = {},
  others = options,
  around: Around = {},
): Promise<TwoInstances> {
  const database = await freshDatabase()
  const start = (own: Partial<AccountsServerOptions>): Promise<RunningStory> =>
    startServer('memory', { db: postgresStore({ url: database.url }), ...own }, around)
  return together(await start(options), await start(others), () => database.drop())
}

/** The same on one file of SQLite. */
export async function twoOnOneFile(options: Partial<AccountsServerOptions> = {}, around: Around = {}): Promise<TwoInstances> {
  const folder = await dataFolder()
  const start = (): Promise<RunningStory> =>
    startServer('memory', { db: sqliteStore({ path: join(folder.path, 'accounts.db') }), ...options }, around)
  return together(await start(), await start(), () => folder.remove())
}

function together(one: RunningStory, other: RunningStory, after: () => Promise<void>): TwoInstances {
  return {
    one,
    other,
    async close() {
      await Promise.all([one.close(), other.close()])
      await after()
    },
  }
}
