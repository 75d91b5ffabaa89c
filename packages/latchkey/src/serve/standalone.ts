/** The standalone server: REST, GraphQL, DDP, home page, mailbox and health on one port. */
import { restTransport } from '@latchkey/server/rest'
import type { RestOptions } from '@latchkey/server/rest'
import type { Accounts, Log } from '@latchkey/server'
import type { Served } from '@latchkey/server/node'
import { judge } from '../config/judge.ts'
import { refusal } from '../config/problem.ts'
import type { Config } from '../config/table.ts'
import { assemble, findSecret, makeSecret } from './assemble.ts'
import type { Assembled } from './assemble.ts'
import { bind } from './bind.ts'
import { ddpSockets } from './ddp.ts'
import type { Sockets } from './ddp.ts'
import { waitingDoor } from './door.ts'
import { beside, graphqlEndpoint } from './graphql.ts'
import { STRICT_TRANSPORT } from './headers.ts'
import { sitePages } from './site.ts'

/** A server that answers. */
export interface RunningStandalone {
  /** Where people find it: the base URL, else `http://localhost:<port>`. */
  url: string
  /** The port it got, also when 0 was asked for. */
  port: number
  /** `/dev/mailbox`, or null when mail is really sent. */
  mailboxUrl: string | null
  /** Finishes the requests under way, then mail, then closes the store. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts a server. When it comes back, the port is bound, the database is open and up to date, and the first request is answered.
 * @throws AccountsError `InvalidSettings` when the configuration or the port cannot be used, `SchemaOutdated`
 */
export async function runStandalone(config: Config, log: Log): Promise<RunningStandalone> {
  const judgements = judge(config, await findSecret(config))
  const refusing = judgements.filter(({ refuses }) => refuses)
  if (refusing.length > 0) throw refusal(config.production ? 'Refused in production:' : 'Latchkey cannot start:', refusing)
  for (const { topic, what, fix } of judgements) log.warn({ topic, fix }, what)
  const secret = await makeSecret(config)

  // The port first: one that is taken is told before anything is opened, and links in mails need its number.
  const door = waitingDoor()
  const pages = sitePages(config)
  const server = await bind(door, config, log, pages.show)
  const url = config.baseUrl ?? `http://localhost:${server.port}`
  let assembled: Assembled | undefined
  let sockets: Sockets | undefined
  try {
    assembled = await assemble(config, secret, url, log)
    pages.showMailbox(assembled.mailbox)
    await assembled.accounts.ready()
    const transports = transportsOf(assembled.accounts, config)
    // Last: nothing after it fails, which would leave sockets behind.
    if (config.ddp) sockets = ddpSockets(server.server, assembled.accounts, siteOptions(config), log)
    door.open(transports)
  } catch (error) {
    door.fail(error)
    await server.close()
    await assembled?.stop()
    throw error
  }

  const running = assembled
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    try {
      await sockets?.stop()
      await server.close()
    } finally {
      await running.stop()
    }
  }
  return {
    url,
    port: server.port,
    mailboxUrl: assembled.mailbox === null ? null : `${url}/dev/mailbox`,
    stop: () => (stopped ??= stop()),
  }
}

/** REST, and GraphQL beside it. */
function transportsOf(accounts: Accounts, config: Config): Served {
  const options: Pick<RestOptions, 'cors' | 'trustedProxies' | 'cookies' | 'headers'> = {
    ...siteOptions(config),
    ...(config.production ? { headers: { 'strict-transport-security': STRICT_TRANSPORT } } : {}),
  }
  const rest = restTransport(accounts, options)
  if (!config.graphql) return rest
  const introspection = config.graphqlIntrospection === 'auto' ? !config.production : config.graphqlIntrospection === 'on'
  return beside(rest, graphqlEndpoint(accounts, { ...options, introspection }))
}

/** What all transports have to be told alike. */
function siteOptions(config: Config): Pick<RestOptions, 'cors' | 'trustedProxies' | 'cookies'> {
  const [first = ''] = config.trustedProxies
  const isCount = config.trustedProxies.length === 1 && /^\d+$/.test(first)
  return {
    ...(config.corsOrigins.length === 0 ? {} : { cors: { origins: config.corsOrigins } }),
    ...(config.trustedProxies.length === 0 ? {} : { trustedProxies: isCount ? Number(first) : config.trustedProxies }),
    ...(config.cookieDomain === null ? {} : { cookies: { domain: config.cookieDomain } }),
  }
}
