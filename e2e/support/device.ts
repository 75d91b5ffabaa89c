/** Somebody's device, with our own client on it, over either wire. */
import { AccountsClient, AccountsClientCode, AccountsClientMagicLink, AccountsClientPassword, RestClient } from '@latchkey/client'
import type { TransportInterface } from '@latchkey/client'
import { AccountsGraphQLClient } from '@latchkey/client/graphql'
import { TOTP } from 'otpauth'
import { fetchGraphQL } from './graphql-fetch.ts'

/** A way to talk to a server. */
export interface Wire {
  name: string
  /** The server has to answer GraphQL. */
  graphql: boolean
  open(url: string): TransportInterface
}

export const REST: Wire = { name: 'REST', graphql: false, open: apiHost => new RestClient({ apiHost, rootPath: '/accounts' }) }
export const GRAPHQL: Wire = {
  name: 'GraphQL',
  graphql: true,
  open: url => new AccountsGraphQLClient({ graphQLClient: fetchGraphQL(url) }),
}

/** A client with its parts. */
export interface Device {
  wire: TransportInterface
  client: AccountsClient
  password: AccountsClientPassword
  magicLink: AccountsClientMagicLink
  codes: AccountsClientCode
}

export function device(wire: Wire, url: string): Device {
  const transport = wire.open(url)
  const client = new AccountsClient({}, transport)
  return {
    wire: transport,
    client,
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
