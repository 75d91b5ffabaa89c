/** A world for tests: a clock that stands still, mail that is caught, users who are signed in with one call. */
import type { LoginResult } from '@latchkey/common'
import { AccountsServer } from '../accounts-server.ts'
import type { AccountsServices } from '../accounts-server.ts'
import type { AccountsServerOptions } from '../accounts-server-options.ts'
import type { Clock, Log, Mail } from '../core/ports.ts'
import type { User } from '../core/identity/user.ts'
import type { Store } from '../core/store.ts'
import type { Origin } from '../core/strategy.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { AccountsPassword } from '../strategies/password/index.ts'

/** A clock that moves only when told to. */
export interface FixedClock extends Clock {
  /** Moves the time ahead by so many milliseconds. */
  pass(milliseconds: number): void
}

/** @example
 * import { fixedClock } from '@latchkey/server/testing'
 * const clock = fixedClock('2026-01-01T00:00:00Z')
 * clock.pass(60_000)
 * console.log(new Date(clock.now()).toISOString()) // 2026-01-01T00:01:00.000Z
 */
export function fixedClock(iso: string): FixedClock {
  let now = Date.parse(iso)
  return {
    now: () => now,
    pass(milliseconds) {
      now += milliseconds
    },
  }
}

/** One line that was logged. */
export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error'
  fields: object
  message: string
}

/** How a world is made. Everything has a default. */
export interface WorldOptions {
  /** @default a fresh memory store */
  store?: Store
  /** @default one that starts on 1 January 2026 */
  clock?: FixedClock
  /** Options of the `AccountsServer`, for example `{ enableAutologin: true }`. */
  options?: Partial<Omit<AccountsServerOptions, 'db' | 'ports' | 'log'>>
  /** @default `{ password: new AccountsPassword() }` with the cheapest hash */
  services?: AccountsServices
}

/** A server with everything around it under control. Dispose of it, or call `close`. */
export interface World extends AsyncDisposable {
  server: AccountsServer
  clock: FixedClock
  /** Every mail that was sent, oldest first. */
  mails: Mail[]
  /** Waits until the outbox is empty and returns all mails. */
  delivered(): Promise<Mail[]>
  /** The token in the link of the newest mail to that address. */
  tokenFor(address: string): Promise<string>
  log: LogLine[]
  /** Where calls come from unless said otherwise. */
  origin: Origin
  /** Creates a user with a password. */
  createUser(name?: string, password?: string): Promise<User>
  /** Signs in that user, creating them first when needed. */
  loginAs(name: string, password?: string): Promise<LoginResult>
  close(): Promise<void>
}

/** The password of users that were created without one. */
export const PASSWORD = 'correct horse battery staple'

/** The machine's milliseconds: deliveries run outside the world's clock. */
const DELIVERY_WITHIN = 20_000

/** Cheap enough that a test with a hundred logins takes a second; real argon2id all the same. */
const CHEAP = { memoryCost: 64, timeCost: 1 }

/**
 * @example
 * import { newWorld } from '@latchkey/server/testing'
 * const world = await newWorld()
 * const { tokens } = await world.loginAs('ada')
 * console.log((await world.server.resumeSession(tokens.accessToken)).username) // ada
 * await world.close()
 */
export async function newWorld({
  store = memoryStore(),
  clock = fixedClock('2026-01-01T00:00:00Z'),
  options = {},
  services = { password: new AccountsPassword({ argon2: CHEAP }) },
}: WorldOptions = {}): Promise<World> {
  const mails: Mail[] = []
  const log: LogLine[] = []
  const server = new AccountsServer(
    {
      db: store,
      tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz',
      sendMail: async mail => void mails.push(mail),
      ...options,
      log: captured(log),
      ports: { clock },
    },
    services,
  )
  await server.ready()
  const origin: Origin = { ip: '192.0.2.1', userAgent: 'test', connectionId: '', transport: 'test', extra: {} }

  const createUser = (name = 'ada', password = PASSWORD): Promise<User> =>
    server.accounts.createUser({ username: name, email: `${name}@example.org`, password }, origin)
  const delivered = async (): Promise<Mail[]> => {
    await server.accounts.core.later.settled()
    const giveUpAt = Date.now() + DELIVERY_WITHIN
    while ((await store.outbox.size()) > 0) {
      if (Date.now() > giveUpAt) throw new Error('mail was still waiting after twenty seconds')
      await new Promise(resolve => setImmediate(resolve))
    }
    return mails
  }
  const close = (): Promise<void> => server.stop()
  return {
    server,
    clock,
    mails,
    log,
    origin,
    createUser,
    delivered,
    async tokenFor(address) {
      const mail = (await delivered()).findLast(({ to }) => to === address)
      const token = /https?:\/\/\S+\/([\w%-]+)/.exec(mail?.text ?? '')?.[1]
      if (!token) throw new Error(`no mail with a link to ${address}`)
      return decodeURIComponent(token)
    },
    async loginAs(name, password = PASSWORD) {
      if (!(await server.accounts.lookUp(name))) await createUser(name, password)
      return server.loginWithService('password', { user: { username: name }, password }, { ip: origin.ip, userAgent: origin.userAgent })
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function captured(lines: LogLine[]): Log {
  const at = (level: LogLine['level']) => (fields: object, message: string) => void lines.push({ level, fields, message })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
