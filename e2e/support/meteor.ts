/** Servers of Meteor's face over real sockets, and clients on them. */
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AccountsClient } from '@latchkey/client/meteor'
import type { MeteorClientOptions } from '@latchkey/client/meteor'
import { AccountsServer } from '@latchkey/server'
import type { Mail } from '@latchkey/server'
import { DDPServer } from '@latchkey/server/ddp'
import type { DDPServerOptions } from '@latchkey/server/ddp'
import { attachDdp } from '@latchkey/server/node'
import { memoryStore } from '@latchkey/server/stores/memory'
import { vi } from 'vitest'
import type { MeteorServerOptions } from '../../packages/server/src/meteor/meteor-options.ts'

/** Long enough for everybody. */
export const PASSWORD = 'correct horse battery'

/** A server, and what it mailed. */
export interface MeteorServer extends AsyncDisposable {
  url: string
  accounts: AccountsServer
  ddp: DDPServer
  mails: Mail[]
  /** A client that is closed with the server. */
  client(options?: MeteorClientOptions): AccountsClient
  /** Creates a user whose password everybody knows. */
  createUser(username?: string): Promise<string>
  /** Waits for the newest mail to an address, and answers the last part of the link in it. */
  tokenFor(address: string): Promise<string>
}

/** @param onRequest answers pages */
export async function startMeteor(
  options: Partial<MeteorServerOptions> = {},
  { ddp: ddpOptions = {}, onRequest }: { ddp?: DDPServerOptions; onRequest?: RequestListener } = {},
): Promise<MeteorServer> {
  const mails: Mail[] = []
  const clients: AccountsClient[] = []
  const ddp = new DDPServer(ddpOptions)
  const accounts = new AccountsServer(ddp, {
    db: memoryStore(),
    tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz',
    argon2MemoryCost: 64,
    argon2TimeCost: 1,
    ambiguousErrorMessages: false,
    // Stories sign in more often than people do
    rateLimits: false,
    sendMail: async mail => void mails.push(mail),
    ...options,
  })
  accounts.removeDefaultRateLimit()
  accounts.emailTemplates.from = 'Stories <stories@example.org>'
  const http = createServer(onRequest ?? ((_request, response) => void response.end('a page')))
  const attached = attachDdp(http, ddp)
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  return {
    url,
    accounts,
    ddp,
    mails,
    client(given = {}) {
      const client = new AccountsClient({ ddpUrl: url, ...given })
      clients.push(client)
      return client
    },
    async createUser(username = 'ada') {
      const user = await accounts.accounts.createUser({ username, email: `${username}@example.org`, password: PASSWORD })
      return user.id
    },
    async tokenFor(address) {
      await until(() => mails.some(mail => mail.to === address))
      const { text = '' } = mails.findLast(mail => mail.to === address) ?? {}
      const token = /(?:[/=])([\w%-]{20,})/.exec(text)?.[1]
      if (!token) throw new Error(`There is no link in: ${text}`)
      return decodeURIComponent(token)
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close()
      await attached.stop()
      await ddp.stop()
      await new Promise(resolve => http.close(resolve))
      await accounts.stop()
    },
  }
}

/** Waits for a condition. */
export async function until(isSo: () => unknown, what = 'the condition'): Promise<void> {
  for (const giveUpAt = performance.now() + 20_000; performance.now() < giveUpAt;) {
    if (await isSo()) return
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error(`Waited in vain for ${what}`)
}

/** A callback that remembers what it was told. */
export const spy = () => vi.fn<(...args: unknown[]) => void>()

/** The id of whoever is signed in. */
export const idOf = (client: AccountsClient): string => existing(client.userId())

/** The login token that is stored. */
export const tokenOf = (client: AccountsClient): string => existing(client._storedLoginToken())

function existing(value: string | null): string {
  if (value === null) throw new Error('Nobody is signed in')
  return value
}
