import type { Server } from 'node:http'
import { AccountsServer } from '@latchkey/server'
import type { AccountsServerOptions, AccountsServices, Mail } from '@latchkey/server'
import { DDPServer } from '@latchkey/server/ddp'
import type { DDPServerOptions } from '@latchkey/server/ddp'
import { attachDdp, serve } from '@latchkey/server/node'
import { restTransport } from '@latchkey/server/rest'
import type { RestOptions } from '@latchkey/server/rest'
import { AccountsPassword } from '@latchkey/server/strategies/password'
import type { AccountsPasswordOptions } from '@latchkey/server/strategies/password'
import { beside, graphqlEndpoint } from '../../packages/latchkey/src/serve/graphql.ts'
import { STORES } from './stores.ts'

/** A server over HTTP with its mail caught. */
export interface RunningStory {
  url: string
  accounts: AccountsServer
  /** What speaks DDP, if that was asked for. */
  ddp: DDPServer | undefined
  mails: Mail[]
  /** The token in the newest link to that address and page. */
  tokenFor(address: string, page: string): Promise<string>
  /** The code in the newest mail to that address that has one. */
  codeFor(address: string): Promise<string>
  close(): Promise<void>
}

/** Real argon2id, with a cost that lets a story be told on every store in a second. */
const CHEAP = { memoryCost: 64, timeCost: 1 }

/** What is not an option of the accounts. */
export interface Around {
  /** @default a hash cheap enough for stories */
  password?: AccountsPasswordOptions
  rest?: RestOptions
  /** Further services, beside the passwords. */
  services?: AccountsServices
  /** Answers at `/graphql` too, as the standalone server does. */
  graphql?: boolean
  /** Speaks DDP on the same port too. */
  ddp?: boolean | DDPServerOptions
  /** @default a free one */
  port?: number
}

export async function startServer(
  storeName: string,
  options: Partial<AccountsServerOptions> = {},
  { password = { argon2: CHEAP }, rest = {}, services = {}, graphql = false, ddp = false, port = 0 }: Around = {},
): Promise<RunningStory> {
  const kind = STORES.find(({ name }) => name === storeName)
  if (!kind) throw new Error(`no store ${storeName}`)
  const opened = await kind.open()
  const mails: Mail[] = []
  const accounts = new AccountsServer(
    {
      db: opened.store,
      tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz',
      sendMail: async mail => void mails.push(mail),
      password: { sendVerificationEmailAfterSignup: true },
      ...options,
    },
    { password: new AccountsPassword(password), ...services },
  )
  await accounts.ready()
  const overRest = restTransport(accounts.accounts, rest)
  const served = graphql ? beside(overRest, graphqlEndpoint(accounts.accounts, { introspection: true })) : overRest
  const running = await serve(served, { port })
  const sockets = ddp ? ddpBeside(running.server, accounts, ddp === true ? {} : ddp, rest) : undefined
  return {
    url: running.url,
    accounts,
    ddp: sockets?.ddp,
    mails,
    tokenFor: async (address, page) => decodeURIComponent(await findIn(mails, address, new RegExp(`/${page}/([\\w%-]+)`))),
    codeFor: address => findIn(mails, address, /code to sign in: (\w+)/),
    async close() {
      await sockets?.close()
      await running.close()
      await accounts.stop()
      await opened.close()
    },
  }
}

function ddpBeside(server: Server, accounts: AccountsServer, options: DDPServerOptions, { cors, cookies, trustedProxies }: RestOptions) {
  const ddp = new DDPServer(options)
  ddp.attachAccounts(accounts)
  const site = Object.fromEntries(Object.entries({ cors, cookies, trustedProxies }).filter(([, value]) => value !== undefined))
  const attached = attachDdp(server, ddp, site)
  return {
    ddp,
    async close() {
      await attached.stop()
      await ddp.stop()
    },
  }
}

/** Mail is sent after the answer: asks until it is there. */
async function findIn(mails: readonly Mail[], address: string, wanted: RegExp): Promise<string> {
  const giveUpAt = Date.now() + 20_000
  while (Date.now() < giveUpAt) {
    const token = mails
      .filter(({ to }) => to === address)
      .map(({ text }) => wanted.exec(text)?.[1])
      .findLast(Boolean)
    if (token) return token
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  throw new Error(`no mail with ${String(wanted)} to ${address}`)
}
