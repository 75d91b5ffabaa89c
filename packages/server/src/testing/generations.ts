/** A server made in each way that accounts-js's apps make one, on several stores. */
import { AccountsServer } from '../accounts-server.ts'
import type { AccountsServices } from '../accounts-server.ts'
import type { AccountsServerOptions } from '../accounts-server-options.ts'
import type { Mail } from '../core/ports.ts'
import type { Store } from '../core/store.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { sqliteStore } from '../stores/sql/index.ts'
import { AccountsPassword } from '../strategies/password/index.ts'
import { fixedClock, PASSWORD } from './index.ts'
import type { FixedClock, LogLine } from './index.ts'

/** One way to make a server. */
export interface Generation {
  readonly name: string
  make(options: Given, services: AccountsServices): AccountsServer
}

/** Options without the database. */
export type Given = Omit<AccountsServerOptions, 'db' | 'sessionsDb'>

const sqlite = (): Store => sqliteStore({ path: ':memory:' })

/** accounts-js 0.33 takes the database as an option; 1.0 takes one or two as further arguments. */
export const GENERATIONS: readonly Generation[] = [
  { name: 'db as an option, in memory', make: (options, services) => new AccountsServer({ ...options, db: memoryStore() }, services) },
  { name: 'db as an option, on SQLite', make: (options, services) => new AccountsServer({ ...options, db: sqlite() }, services) },
  { name: 'db as an argument, in memory', make: (options, services) => new AccountsServer(options, services, memoryStore()) },
  { name: 'db as an argument, on SQLite', make: (options, services) => new AccountsServer(options, services, sqlite()) },
  { name: 'two databases as arguments', make: (options, services) => new AccountsServer(options, services, sqlite(), memoryStore()) },
]

/** A server with everything around it under control. */
export interface GenerationWorld extends AsyncDisposable {
  server: AccountsServer
  clock: FixedClock
  mails: Mail[]
  log: LogLine[]
  /** Where calls come from. */
  infos: { ip: string; userAgent: string }
  /** Creates a user with the password {@link PASSWORD}; returns the id. */
  createUser(name: string): Promise<string>
  /** Signs in through the service `password`. */
  login(name: string, password?: string): ReturnType<AccountsServer['loginWithService']>
}

export const SECRET = 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz'

/** The cheapest passwords. */
export const cheapPassword = (): AccountsPassword => new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } })

/** A world around a server of that generation. Dispose of it. */
export async function generationWorld(
  generation: Generation,
  options: Partial<Given> = {},
  services: AccountsServices = {},
): Promise<GenerationWorld> {
  const clock = fixedClock('2026-01-01T00:00:00Z')
  const [mails, log]: [Mail[], LogLine[]] = [[], []]
  const at = (level: LogLine['level']) => (fields: object, message: string) => void log.push({ level, fields, message })
  const server = generation.make(
    {
      tokenSecret: SECRET,
      sendMail: async mail => void mails.push(mail),
      ports: { clock },
      log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
      ...options,
    },
    { password: cheapPassword(), ...services },
  )
  await server.ready()
  const infos = { ip: '192.0.2.1', userAgent: 'test' }
  return {
    server,
    clock,
    mails,
    log,
    infos,
    createUser: async name => (await server.accounts.createUser({ username: name, email: `${name}@example.org`, password: PASSWORD })).id,
    login: (name, password = PASSWORD) => server.loginWithService('password', { user: { username: name }, password }, infos),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}
