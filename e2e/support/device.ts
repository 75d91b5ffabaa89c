/** Somebody's device, with our own client on it, over any wire. */
import { AccountsClient, AccountsClientCode, AccountsClientMagicLink, AccountsClientPassword, RestClient } from '@latchkey/client'
import type { TransportInterface } from '@latchkey/client'
import { AccountsGraphQLClient } from '@latchkey/client/graphql'
import { AccountsClient as MeteorClient } from '@latchkey/client/meteor'
import { TOTP } from 'otpauth'
import { fetchGraphQL } from './graphql-fetch.ts'

/** A way to talk to a server. */
export interface Wire {
  name: 'REST' | 'GraphQL' | 'DDP'
  /** What the server has to answer beside REST. */
  around: { graphql?: boolean; ddp?: boolean }
  /** The client holds tokens. Over DDP the connection holds the session, and there is nothing to refresh, to put aside or to act with. */
  hasTokens: boolean
  open(url: string): Opened
}

/** A client on a wire. */
export interface Opened {
  client: AccountsClient
  /** Something new instead of what was used so far: tokens, or the connection. */
  readonly renew: () => Promise<void>
  /** The device is gone; whoever was signed in on it stays so. */
  readonly close: () => void
}

export const REST: Wire = {
  name: 'REST',
  around: {},
  hasTokens: true,
  open: apiHost => withTokens(new RestClient({ apiHost, rootPath: '/accounts' })),
}

export const GRAPHQL: Wire = {
  name: 'GraphQL',
  around: { graphql: true },
  hasTokens: true,
  open: url => withTokens(new AccountsGraphQLClient({ graphQLClient: fetchGraphQL(url) })),
}

export const DDP: Wire = {
  name: 'DDP',
  around: { ddp: true },
  hasTokens: false,
  open(ddpUrl) {
    const client = new MeteorClient({ ddpUrl })
    return {
      client,
      async renew() {
        client.connection.disconnect()
        client.connection.reconnect()
      },
      close: () => client.close(),
    }
  },
}

function withTokens(transport: TransportInterface): Opened {
  const client = new AccountsClient({}, transport)
  return { client, renew: async () => void (await client.refreshSession(true)), close() {} }
}

/** A client with its parts. */
export interface Device extends Opened {
  wire: TransportInterface
  password: AccountsClientPassword
  magicLink: AccountsClientMagicLink
  codes: AccountsClientCode
}

export function device(wire: Wire, url: string): Device {
  const opened = wire.open(url)
  const { client } = opened
  return {
    ...opened,
    wire: client.transport,
    password: new AccountsClientPassword(client),
    magicLink: new AccountsClientMagicLink(client),
    codes: new AccountsClientCode(client),
  }
}

/** A clock for a server that can be put forward: a code works once, and the next one is half a minute away. */
export interface AheadClock {
  now(): number
  pass(milliseconds: number): void
  /** A code that was not used yet. */
  code(base32: string): string
}

export function aheadClock(): AheadClock {
  let ahead = 0
  const now = (): number => Date.now() + ahead
  return {
    now,
    pass: milliseconds => void (ahead += milliseconds),
    code(base32) {
      ahead += 30_000
      return new TOTP({ secret: base32 }).generate({ timestamp: now() })
    },
  }
}
