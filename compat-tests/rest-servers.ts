/** The servers that accounts-js's REST clients are tried against: the library with REST in front, and the standalone, each on both databases. */
import { AccountsMagicLink } from '@latchkey/server/strategies/magic-link'
import { AccountsOauth } from '@latchkey/server/strategies/oauth'
import { startServer } from '../e2e/support/server.ts'
import { newWorld } from '../packages/latchkey/testing/world.ts'
import { freshDatabase, hasPostgres } from '../tools/test/postgres.ts'

/** A server, and what has to be known about it from the outside. */
export interface RestServer {
  url: string
  /** The token in the newest mailed link to that address and page. */
  tokenFor(address: string, page: string): Promise<string>
  close(): Promise<void>
}

/** How one is made, and what it was told. */
export interface RestServerKind {
  name: string
  here: boolean
  start(): Promise<RestServer>
  /** A user called `root` may act as others. */
  impersonates: boolean
  /** A provider called `example` vouches for whoever sends their `subject`. */
  hasProvider: boolean
}

const told = { impersonates: true, hasProvider: true }
const alone = { impersonates: false, hasProvider: false }

export const REST_SERVERS: readonly RestServerKind[] = [
  { name: 'the library on SQLite', here: true, ...told, start: () => library('sqlite') },
  { name: 'the library on PostgreSQL', here: hasPostgres, ...told, start: () => library('postgresql') },
  { name: 'the standalone on SQLite', here: true, ...alone, start: () => standalone() },
  { name: 'the standalone on PostgreSQL', here: hasPostgres, ...alone, start: onPostgres },
]

function library(store: string): Promise<RestServer> {
  const oauth = new AccountsOauth({
    example: { authenticate: async ({ subject }: { subject?: string }) => (subject ? { id: subject } : null) },
  })
  return startServer(
    store,
    { impersonationAuthorize: async user => user.username === 'root' },
    { services: { magicLink: new AccountsMagicLink(), oauth } },
  )
}

async function standalone(databaseUrl?: string): Promise<RestServer> {
  const world = await newWorld({ rateLimits: false, ...(databaseUrl === undefined ? {} : { databaseUrl }) })
  const mails = async () => (await (await world.get('/dev/mailbox.json')).json()) as { to: string; text: string }[]
  return {
    url: world.base,
    async tokenFor(address, page) {
      const giveUpAt = Date.now() + 20_000
      while (Date.now() < giveUpAt) {
        const links = (await mails())
          .filter(({ to }) => to === address)
          .map(({ text }) => new RegExp(`/${page}/([\\w%-]+)`).exec(text)?.[1])
        const token = links.findLast(Boolean)
        if (token) return decodeURIComponent(token)
        await new Promise(resolve => setTimeout(resolve, 10))
      }
      throw new Error(`no mail with a ${page} link to ${address}`)
    },
    close: world.close,
  }
}

async function onPostgres(): Promise<RestServer> {
  const database = await freshDatabase()
  const server = await standalone(database.url)
  return {
    ...server,
    async close() {
      await server.close()
      await database.drop()
    },
  }
}
