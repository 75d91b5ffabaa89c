/** Connections to PostgreSQL, and their settings. */
import { AccountsError } from '@latchkey/common'
import type { Dialect } from '../dialect.ts'
import { refuse } from '../settings.ts'
import { translate, types } from './driver.ts'
import type { PgClient, PgConfig, PgDriver } from './driver.ts'
import { PostgresEngine } from './engine.ts'
import { Lane } from './lane.ts'
import { FreshPlans } from './plans.ts'
import type { PostgresStoreOptions } from './store.ts'

/** What all connections of a store have in common. */
export interface Wiring {
  config: PgConfig
  /** Connections for transactions at most. */
  most: number
  loadDriver: () => Promise<PgDriver>
}

export function readWiring(options: PostgresStoreOptions): Wiring {
  const { url, connection = {}, connections: most = 8, timeout = 10_000, driver } = options
  if (!Number.isInteger(most) || most < 1) refuse('connections must be a whole number, 1 or more')
  if (!Number.isFinite(timeout) || timeout < 100) refuse('timeout must be a number of milliseconds, 100 or more')
  const config: PgConfig = {
    ...(url === undefined ? connection : { connectionString: url }),
    application_name: 'latchkey',
    connectionTimeoutMillis: timeout,
    statement_timeout: timeout,
    // A little later, for a server that has gone without a word; it costs the connection.
    query_timeout: timeout + 1_000,
    keepAlive: true,
    pipeline: true,
    types,
  }
  return { config, most, loadDriver: driver === undefined ? loadDriver : async () => driver }
}

/** One connection, open. */
export async function connect({ config, loadDriver: load }: Wiring, change: Partial<PgConfig> = {}): Promise<PgClient> {
  const { Client } = await load()
  const client = new Client({ ...config, ...change })
  // Whoever uses it adds a listener of their own; an error without any would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    throw translate(error)
  }
  return client
}

export async function openEngine(
  wiring: Wiring,
  collection: string,
  dialect: Dialect,
  tell: (userIds: readonly string[]) => void,
): Promise<PostgresEngine> {
  const { Pool } = await wiring.loadDriver()
  const plans = new FreshPlans()
  const pool = new Pool({ ...wiring.config, max: wiring.most, idleTimeoutMillis: 60_000 })
  // A connection that breaks while it is idle is replaced; nobody was waiting for it.
  pool.on('error', () => undefined)
  // While it is lent out, it tells nobody but whoever listens, and would end the process: the statement under way fails by itself.
  pool.on('connect', client => {
    client.on('error', () => undefined)
    plans.watch(client)
  })
  const open = async (): Promise<PgClient> => {
    const client = await connect(wiring)
    plans.watch(client)
    return client
  }
  const reads = new Lane(open)
  const counters = new Lane(async () => {
    const client = await open()
    await client.query('set synchronous_commit = off')
    return client
  })
  const engine = new PostgresEngine({ pool, reads, counters, plans }, dialect, collection, tell)
  try {
    await engine.ping()
    plans.start()
  } catch (error) {
    await engine.close()
    throw error
  }
  return engine
}

async function loadDriver(): Promise<PgDriver> {
  try {
    // The package's own types describe the same classes, in more words than we need.
    return (await import('pg')).default
  } catch (cause) {
    throw new AccountsError('InvalidSettings', { message: 'postgresStore needs the package pg. Run: npm install pg', cause })
  }
}
