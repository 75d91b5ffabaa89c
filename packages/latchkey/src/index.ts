/** The standalone server, for programs that start it themselves: tests, and tools around it. */
import { readConfig } from './config/read.ts'
import type { Config } from './config/table.ts'
import { makeLog } from './log/log.ts'
import { runStandalone } from './serve/standalone.ts'
import type { RunningStandalone } from './serve/standalone.ts'

export type { Config, LogLevel } from './config/table.ts'
export type { RunningStandalone } from './serve/standalone.ts'

/**
 * Starts the standalone server in this process. Only what is given counts, beside the defaults: environment and config file are not read.
 * When it comes back, the first request is answered.
 * @param given settings by the names of the config file
 * @throws AccountsError `InvalidSettings`, `SchemaOutdated`; Error when the port or the database cannot be used
 * @example
 * import { startStandalone } from 'latchkey'
 *
 * export async function tryOut() {
 *   const server = await startStandalone({ port: 0, data: './data', logLevel: 'warn' })
 *   console.log(server.url, server.mailboxUrl)
 *   await server.stop()
 * }
 */
export async function startStandalone(given: Partial<Config> = {}): Promise<RunningStandalone> {
  const { config } = await readConfig({ flags: given })
  const format = config.logFormat === 'auto' ? 'json' : config.logFormat
  return runStandalone(config, await makeLog({ level: config.logLevel, format, to: 'stdout' }))
}
