/** A server with Meteor's face behind real HTTP and real sockets. */
import { AccountsServer } from '../src/accounts-server.ts'
import type { MeteorServerOptions } from '../src/meteor/meteor-options.ts'
import { memoryStore } from '../src/stores/memory/index.ts'
import { silentLog } from '../src/system.ts'
import { fixedClock, PASSWORD } from '../src/testing/index.ts'
import type { FixedClock } from '../src/testing/index.ts'
import { DDPServer } from '../src/transports/ddp/index.ts'

/** Accounts, their DDP server, and ada. */
export interface MeteorWorld extends AsyncDisposable {
  accounts: AccountsServer
  ddp: DDPServer
  clock: FixedClock
  /** Signs ada in and returns her login token. */
  token: () => Promise<string>
  adaId: string
}

/** Makes one. */
export async function meteorWorld(options: Partial<MeteorServerOptions> = {}): Promise<MeteorWorld> {
  const clock = fixedClock('2026-01-01T00:00:00Z')
  const ddp = new DDPServer({ log: silentLog })
  const accounts = new AccountsServer(ddp, {
    db: memoryStore(),
    tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz',
    argon2MemoryCost: 64,
    argon2TimeCost: 1,
    log: silentLog,
    ports: { clock },
    ...options,
  })
  await accounts.ready()
  const { id } = await accounts.accounts.createUser({ username: 'ada', email: 'ada@example.org', password: PASSWORD })
  return {
    accounts,
    ddp,
    clock,
    adaId: id,
    async token() {
      const { resumeSecret } = await accounts.accounts.loginTrusted(id, undefined, 'resume')
      if (resumeSecret === null) throw new Error('no resume secret')
      return resumeSecret
    },
    async [Symbol.asyncDispose]() {
      await ddp.stop()
      await accounts.stop()
    },
  }
}
