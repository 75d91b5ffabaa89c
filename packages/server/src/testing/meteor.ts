/** A server of Meteor's face under control: accounts, a DDP server, and clients on wires of memory. For tests. */
import { AccountsServer } from '../accounts-server.ts'
import { silentLog } from '../system.ts'
import type { MeteorServerOptions } from '../meteor/meteor-options.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { DDPServer } from '../transports/ddp/index.ts'
import { resultOf } from './ddp-accounts.ts'
import type { SignedInResult } from './ddp-accounts.ts'
import { WireClient } from './ddp-wire.ts'
import { fixedClock, PASSWORD } from './index.ts'
import type { FixedClock } from './index.ts'

/** What comes with it. */
export interface MeteorWorld extends AsyncDisposable {
  accounts: AccountsServer
  ddp: DDPServer
  clock: FixedClock
  /** A client whose handshake is done. */
  connect(): WireClient
  /** Creates a user with a password, and answers the id. */
  createUser(username?: string, custom?: Record<string, unknown>): Promise<string>
  /** Signs a client in with the password all users have. */
  login(client: WireClient, username?: string): Promise<SignedInResult>
}

/** @param options further ones, or others than a test usually wants */
export function meteorWorld(options: Partial<MeteorServerOptions> = {}): MeteorWorld {
  const clock = fixedClock('2026-01-01T00:00:00Z')
  const ddp = new DDPServer({ log: silentLog })
  const accounts = new AccountsServer(ddp, {
    db: memoryStore(),
    tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz',
    argon2MemoryCost: 64,
    argon2TimeCost: 1,
    log: silentLog,
    sendMail: async () => {},
    ...options,
    ports: { clock, ...options.ports },
  })
  return {
    accounts,
    ddp,
    clock,
    connect: () => WireClient.connected(ddp),
    async createUser(username = 'ada', custom = {}) {
      const user = await accounts.accounts.createUser({ username, email: `${username}@example.org`, password: PASSWORD, custom })
      return user.id
    },
    async login(client, username = 'ada') {
      return resultOf(await client.call(`login-${client.arrived.length}`, 'login', { user: { username }, password: PASSWORD }))
    },
    async [Symbol.asyncDispose]() {
      await ddp.stop()
      await accounts.stop()
    },
  }
}
