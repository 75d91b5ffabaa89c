import type { AccountsServerOptions } from '@latchkey/server'
import { postgresStore } from '@latchkey/server/stores/sql'
import { freshDatabase } from '../../tools/test/postgres.ts'
import { startServer } from './server.ts'
import type { RunningStory } from './server.ts'

/** Two servers on one PostgreSQL, each with its own connections, cache and listener, as two processes have them. */
export interface TwoInstances {
  one: RunningStory
  other: RunningStory
  close(): Promise<void>
}

export async function twoInstances(options: Partial<AccountsServerOptions> = {}, others = options): Promise<TwoInstances> {
  const database = await freshDatabase()
  const start = (own: Partial<AccountsServerOptions>): Promise<RunningStory> =>
    startServer('memory', { db: postgresStore({ url: database.url }), ...own })
  const [one, other] = [await start(options), await start(others)]
  return {
    one,
    other,
    async close() {
      await Promise.all([one.close(), other.close()])
      await database.drop()
    },
  }
}
