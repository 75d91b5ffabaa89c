/** For load balancers and process managers, outside the transport's path. */
import * as v from 'valibot'
import type { Accounts } from '../../../core/accounts.ts'
import { route } from '../route.ts'
import type { Route } from '../route.ts'

/** A database that takes longer to answer a ping cannot serve a login. */
const PATIENCE_MS = 1000

export function healthRoutes(accounts: Accounts): Route[] {
  const ping = sharedPing(accounts)
  return [
    route({
      method: 'GET',
      pattern: '/healthz',
      guard: 'anyone',
      summary: 'The process is up',
      reply: v.object({ status: v.literal('ok') }),
      quiet: true,
      run: () => ({ value: { status: 'ok' } }),
    }),
    route({
      method: 'GET',
      pattern: '/readyz',
      guard: 'anyone',
      summary: 'The database answers',
      reply: v.object({ status: v.picklist(['ok', 'unavailable']) }),
      quiet: true,
      run: async () => ((await ping()) ? { value: { status: 'ok' } } : { value: { status: 'unavailable' }, status: 503 }),
    }),
  ]
}

/** Anybody may ask, so askers at the same time share one question to the database. */
function sharedPing(accounts: Accounts): () => Promise<boolean> {
  const { core } = accounts
  let asked: Promise<boolean> | undefined
  return () => (asked ??= pingOnce().finally(() => (asked = undefined)))

  function pingOnce(): Promise<boolean> {
    return new Promise(resolve => {
      const stop = core.timers.after(PATIENCE_MS, () => resolve(false))
      // The first to ask opens the store: traffic may be waiting for our yes.
      accounts
        .ready()
        .then(() => core.store.ping())
        .then(
          () => resolve(true),
          (error: unknown) => {
            core.log.error({ err: error }, 'the store does not answer')
            resolve(false)
          },
        )
        .finally(stop)
    })
  }
}
