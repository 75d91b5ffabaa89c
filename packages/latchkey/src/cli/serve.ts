import type { Command } from 'commander'
import type { ReadConfig } from '../config/read.ts'
import type { Config } from '../config/table.ts'
import { databaseOf, describeDatabase } from '../data/database.ts'
import { makeLog } from '../log/log.ts'
import { runStandalone } from '../serve/standalone.ts'
import type { RunningStandalone } from '../serve/standalone.ts'
import { VERSION } from '../version.ts'
import { configFor, withSettings } from './options.ts'
import type { SharedOptions } from './options.ts'
import type { Io } from './io.ts'

export function addServe(program: Command, io: Io): void {
  withSettings(program.command('serve').description('start the server'), 'all')
    .addHelpText(
      'after',
      `
Examples:
  latchkey serve                                  SQLite in ./data, mail caught at /dev/mailbox
  PORT=8080 latchkey serve --data /var/lib/app
  NODE_ENV=production LATCHKEY_BASE_URL=https://accounts.example.org \\
    SMTP_URL=smtps://user:password@mail.example.org DATABASE_URL_FILE=/run/secrets/database latchkey serve

With --json, log lines are JSON. SIGTERM and SIGINT finish what is under way and exit with 0; a second signal exits at once.`,
    )
    .action(async (options: SharedOptions) => serveUntilSignal(await configFor(options, io), options.json === true, io))
}

async function serveUntilSignal({ config, file }: ReadConfig, json: boolean, io: Io): Promise<void> {
  const format = json ? 'json' : config.logFormat === 'auto' ? (io.isTerminal ? 'pretty' : 'json') : config.logFormat
  const log = await makeLog({ level: config.logLevel, format, to: 'stdout' })
  const signal = firstSignal()
  const running = await runStandalone(config, log)

  if (format === 'pretty') io.out(greeting(running, config, file))
  // The address stands alone at the end of the message, so that a person and a script both find it.
  else
    log.info(
      { host: config.host, port: running.port, production: config.production, data: config.data },
      `Latchkey is ready at ${running.url} `,
    )

  const name = await signal
  log.info({ signal: name }, 'finishing what is under way; a second signal stops at once')
  await running.stop()
  log.info({}, 'stopped')
}

/**
 * The first SIGINT or SIGTERM. One Ctrl-C often arrives twice (from the terminal and again from npm), so only a signal well after the first
 * one forces an end.
 */
function firstSignal(): Promise<NodeJS.Signals> {
  const TOGETHER = 500
  return new Promise(resolve => {
    let first: number | undefined
    const hear = (name: NodeJS.Signals): void => {
      if (first === undefined) resolve(name)
      else if (performance.now() - first > TOGETHER) process.exit(1)
      first ??= performance.now()
    }
    process.on('SIGINT', hear)
    process.on('SIGTERM', hear)
  })
}

function greeting({ url, mailboxUrl }: RunningStandalone, config: Config, file: string | null): string {
  const rows = [
    ['Home page', url],
    ...(mailboxUrl === null ? [] : [['Mailbox', `${mailboxUrl}  (mail is caught here, nothing is sent)`]]),
    ['Data', describeDatabase(databaseOf(config))],
    ...(config.secret === null ? [['', `the secret is kept in ${config.data}: back up both`]] : []),
    ...(file === null ? [] : [['Config', file]]),
  ]
  const lines = rows.map(([name = '', value = '']) => `  ${name.padEnd(10)} ${value}`)
  const next = config.production ? 'Check it with: latchkey doctor' : 'Next: open the home page and create an account.'
  return `\n  Latchkey ${VERSION}\n\n${lines.join('\n')}\n\n  ${next} Ctrl-C stops the server.\n\n`
}
