/** Accounts over DDP under control: a world, a DDP server attached to it, and clients on wires of memory. */
import type { AccountsServices } from '../accounts-server.ts'
import { resume } from '../strategies/resume/index.ts'
import { AccountsPassword } from '../strategies/password/index.ts'
import type { AccountsDdpFace, DdpFacts } from '../transports/ddp/index.ts'
import { DDPServer } from '../transports/ddp/index.ts'
import { WireClient } from './ddp-wire.ts'
import type { Arrived } from './ddp-wire.ts'
import { newWorld, PASSWORD } from './index.ts'
import type { World, WorldOptions } from './index.ts'

/** How one is made. */
export interface DdpAccountsOptions extends WorldOptions {
  ddp?: AccountsDdpFace
  /** Further services, before those of the world. */
  more?: AccountsServices
}

/** What comes with it. */
export interface DdpAccounts extends AsyncDisposable {
  world: World
  ddp: DDPServer
  /** A client whose handshake is done. */
  connect(facts?: Partial<DdpFacts>): WireClient
  /** A client who is signed in, and the answer to that. */
  signedIn(name?: string, password?: string): Promise<{ client: WireClient; token: string; id: string }>
}

/** Server, sockets and users of Meteor's face. */
export async function ddpAccounts({ ddp: face, more = {}, options = {}, ...rest }: DdpAccountsOptions = {}): Promise<DdpAccounts> {
  const password = new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } })
  const world = await newWorld({ services: { resume: resume(), password, ...more }, options: { face: 'meteor', ...options }, ...rest })
  const ddp = new DDPServer({ log: world.server.accounts.core.log })
  ddp.attachAccounts({ accounts: world.server.accounts, ...(face ? { ddp: face } : {}) })
  const connect = (facts: Partial<DdpFacts> = {}): WireClient => WireClient.connected(ddp, facts)
  return {
    world,
    ddp,
    connect,
    async signedIn(name = 'ada', given = PASSWORD) {
      if (!(await world.server.accounts.lookUp(name))) await world.createUser(name, given)
      const client = connect()
      const { token, id } = resultOf(await client.call('sign-in', 'login', { user: { username: name }, password: given }))
      return { client, token, id }
    },
    async [Symbol.asyncDispose]() {
      await ddp.stop()
      await world.close()
    },
  }
}

/** What a login method answered. */
export interface SignedInResult {
  id: string
  token: string
  tokenExpires: { $date: number }
  type: string
}

/** The result of a call that was to succeed. */
// The test knows what it called, and says so once.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export function resultOf<Result = SignedInResult>(answer: Arrived): Result {
  if (answer['error'] !== undefined) throw new Error(`It was refused: ${JSON.stringify(answer['error'])}`)
  return answer['result'] as Result
}

/** Meteor's `error` and `reason` of a call that was to be refused. */
export function refusalOf(answer: Arrived): [error: unknown, reason: unknown] {
  const error = answer['error'] as { error: unknown; reason?: unknown } | undefined
  if (!error) throw new Error(`It was not refused: ${JSON.stringify(answer)}`)
  return [error.error, error.reason]
}
