/** Latchkey over REST, as an app would embed it. */
import { AccountsServer } from '@latchkey/server'
import type { Store } from '@latchkey/server'
import { serve } from '@latchkey/server/node'
import { restTransport } from '@latchkey/server/rest'
import { postgresStore, sqliteStore } from '@latchkey/server/stores/sql'
import { AccountsPassword } from '@latchkey/server/strategies/password'
import { announce, setting } from './child.ts'

const database = setting('BENCH_DATABASE')
const store: Store = database.startsWith('postgres') ? postgresStore({ url: database }) : sqliteStore({ path: database })
// `cheap`: the least work argon2id allows, so that everything else about a sign-in shows. Limits stay on, with room for the load.
const cheap = setting('BENCH_HASH') === 'cheap'
const plenty = { limit: 1e9 }
const accounts = new AccountsServer(
  {
    db: store,
    tokenSecret: 'a secret for measuring, 0123456789 abcdefghijkl',
    ambiguousErrorMessages: false,
    newDeviceMail: false,
    limits: {
      login: { address: plenty, account: plenty, process: plenty },
      register: { address: plenty, process: plenty },
      token: { address: plenty },
    },
    ...(process.env['BENCH_CACHE'] === 'off' ? { cacheSize: 0 } : {}),
  },
  { password: new AccountsPassword(cheap ? { argon2: { memoryCost: 8, timeCost: 1 } } : {}) },
)
await accounts.ready()
const running = await serve(restTransport(accounts.accounts), { port: 0 })
announce(running.port)
