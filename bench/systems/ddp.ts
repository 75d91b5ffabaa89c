/** Latchkey with Meteor's face over DDP, and over REST on the same port: as an app would embed it. */
import { AccountsServer } from '@latchkey/server'
import type { Store } from '@latchkey/server'
import { DDPServer } from '@latchkey/server/ddp'
import { attachDdp, serve } from '@latchkey/server/node'
import { restTransport } from '@latchkey/server/rest'
import { postgresStore, sqliteStore } from '@latchkey/server/stores/sql'
import { announce, setting } from './child.ts'

/** What this server tells of itself. */
export interface Heard {
  /** What it logged as an error, shortened. */
  failures: string[]
  /** Promises whose rejection nobody looked at, and exceptions that nobody caught. */
  unhandled: string[]
}

const heard: Heard = { failures: [], unhandled: [] }
const note = (list: string[], text: string): void => void (list.length < 1000 && list.push(text.slice(0, 600)))
process.on('unhandledRejection', reason => note(heard.unhandled, textOf(reason)))
process.on('uncaughtException', error => note(heard.unhandled, textOf(error)))
const log = {
  debug() {},
  info() {},
  warn() {},
  error: (fields: object, message: string) =>
    note(heard.failures, `${message} ${'method' in fields ? String(fields.method) : ''} ${'err' in fields ? textOf(fields.err) : ''}`),
}

const database = setting('BENCH_DATABASE')
const heartbeat = Number(process.env['BENCH_HEARTBEAT'] ?? '15000')
const store: Store = database.startsWith('postgres') ? postgresStore({ url: database }) : sqliteStore({ path: database })
// All of the load comes from one address; limits stay on all the same, with room for it.
const plenty = { limit: 1e9 }
const ddp = new DDPServer({ heartbeatInterval: heartbeat, heartbeatTimeout: heartbeat, log })
const server = new AccountsServer(ddp, {
  db: store,
  tokenSecret: 'a secret for measuring, 0123456789 abcdefghijkl',
  argon2MemoryCost: 8,
  argon2TimeCost: 1,
  log,
  sendMail: async () => {},
  limits: {
    login: { address: plenty, account: plenty, process: plenty },
    register: { address: plenty, process: plenty },
    token: { address: plenty },
  },
})
// Meteor's five calls in ten seconds of a connection, where the load is not made to pass below them.
if (process.env['BENCH_LIMITS'] === 'off') server.removeDefaultRateLimit()
ddp.methods({ echo: (text: unknown) => text })
await server.ready()
const running = await serve(restTransport(server.accounts), { port: 0 })
attachDdp(running.server, ddp)
announce(running.port, () => heard)

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
