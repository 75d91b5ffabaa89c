/** What a call, a sign-in and a change of a user cost over DDP, beside a bare socket and beside REST. */
import { drive } from '../load.ts'
import { DdpClient, openMany } from '../ddp-client.ts'
import { DIALECTS, run } from '../subjects.ts'
import type { Running } from '../subjects.ts'
import type { Usage } from '../systems/child.ts'
import { heading, percentile, row } from './print.ts'
import { credentials, makeUsers } from './users.ts'

const CONNECTIONS = 16
const USERS = 64
const SECONDS = 3
/** Clients that see the same user. */
const ONLOOKERS = 1000
const CHANGES = 20

export async function measureCalls(database: string): Promise<void> {
  const [bare, ddp] = await Promise.all([
    run('bare-ws', {}),
    run('ddp', { BENCH_DATABASE: database, BENCH_HEARTBEAT: '600000', BENCH_LIMITS: 'off' }),
  ])
  try {
    await makeUsers(ddp.port, USERS)
    const columns = ['what', 'CPU ms each', 'a second', 'p50 ms', 'p99 ms']
    heading(`Round trips on ${CONNECTIONS} connections`, columns)
    const text = 'x'.repeat(64)
    await repeated('`ws` alone, an echo', bare, client => client.call('echo', text))
    await repeated('DDP, a method', ddp, client => client.call('echo', text))
    await repeated('DDP, a method, signed in', ddp, client => client.call('echo', text), signedIn)
    console.log()
    heading(`Sign-ins on ${CONNECTIONS} connections`, columns)
    await overRest(ddp)
    await repeated('DDP, password', ddp, (client, n) => client.call('login', credentials(n % USERS)))
    const tokens = await tokensOf(ddp)
    await repeated('DDP, login token', ddp, (client, n) => client.call('login', { resume: tokens[n % tokens.length] }))
    console.log()
    heading(`One change, told to ${ONLOOKERS.toLocaleString('en')} connections`, [
      'what',
      'CPU ms for each who is told',
      'until the last was told, p50 ms',
    ])
    await told(
      '`ws` alone',
      bare,
      async (_client, n) => n,
      (client, n) => client.send(`!${n}`),
    )
    const change = async (client: DdpClient, n: number, userId: string): Promise<void> => {
      await client.succeed('/users/update', { _id: userId }, { $set: { 'profile.n': n } })
    }
    const { id, token } = await loginOf(ddp, 0)
    const resume = async (client: DdpClient): Promise<string> => {
      await client.succeed('login', { resume: token })
      return id
    }
    await told('DDP, a user, one session', ddp, resume, change)
    const other = await loginOf(ddp, 1)
    const login = async (client: DdpClient): Promise<string> => {
      await client.succeed('login', credentials(1))
      return other.id
    }
    await told('DDP, a user, a session each', ddp, login, change)
    console.log()
  } finally {
    await Promise.all([bare.stop(), ddp.stop()])
  }
}

async function signedIn(client: DdpClient, n: number): Promise<void> {
  await client.succeed('login', credentials(n))
}

const tokensOf = (server: Running): Promise<string[]> => openMany(USERS, async n => (await loginOf(server, n)).token)

async function loginOf({ port }: Running, n: number): Promise<{ id: string; token: string }> {
  const client = await DdpClient.connected(port)
  // What Meteor's servers answer.
  const login = (await client.succeed('login', credentials(n))) as { id: string; token: string }
  await client.close()
  return login
}

type Call = (client: DdpClient, n: number) => Promise<{ error?: unknown }>

/** One call after the other on each connection. The first round warms up. */
async function repeated(
  name: string,
  server: Running,
  call: Call,
  prepare: (client: DdpClient, n: number) => Promise<void> = async () => {},
): Promise<void> {
  const isDdp = !name.startsWith('`ws`')
  const clients = await openMany(CONNECTIONS, async n => {
    const client = await (isDdp ? DdpClient.connected(server.port) : DdpClient.open(server.port))
    await prepare(client, n)
    return client
  })
  for (const seconds of [SECONDS / 3, SECONDS]) {
    const latencies: number[] = []
    const before = await server.ask<Usage>('usage')
    const began = performance.now()
    await Promise.all(
      clients.map(async (client, first) => {
        for (let n = first; performance.now() - began < seconds * 1000; n += CONNECTIONS) {
          const sent = performance.now()
          const { error } = await call(client, n)
          if (error) throw new Error(`${name}: ${JSON.stringify(error)}`)
          latencies.push(performance.now() - sent)
        }
      }),
    )
    const took = (performance.now() - began) / 1000
    const { cpu } = await server.ask<Usage>('usage')
    if (seconds === SECONDS)
      row(name, (cpu - before.cpu) / latencies.length, latencies.length / took, percentile(latencies, 0.5), percentile(latencies, 0.99))
  }
  for (const client of clients) client.drop()
}

async function overRest(server: Running): Promise<void> {
  const dialect = DIALECTS.latchkey
  const scripts = Array.from({ length: CONNECTIONS }, (_, first) => {
    let n = first
    return { next: () => dialect.signIn(`user-${(n += CONNECTIONS) % USERS}@example.org`) }
  })
  await drive(server.port, scripts, SECONDS / 3)
  const before = await server.ask<Usage>('usage')
  const { operations, errors, seconds, p50, p99 } = await drive(server.port, scripts, SECONDS)
  const { cpu } = await server.ask<Usage>('usage')
  if (errors > 0) throw new Error(`REST: ${errors} sign-ins failed`)
  row('REST, password', (cpu - before.cpu) / operations, operations / seconds, p50, p99)
}

/** Changes something, and waits until every client was told, again and again. */
async function told<T>(
  name: string,
  server: Running,
  prepare: (client: DdpClient, n: number) => Promise<T>,
  change: (client: DdpClient, n: number, prepared: T) => Promise<void> | void,
): Promise<void> {
  const isDdp = !name.startsWith('`ws`')
  const clients = await openMany(ONLOOKERS, () => (isDdp ? DdpClient.connected(server.port) : DdpClient.open(server.port)))
  const prepared = await Promise.all(clients.map(prepare))
  const [first] = clients
  const [mine] = prepared
  if (!first || mine === undefined) throw new Error('there is nobody to tell')
  const times: number[] = []
  const before = await server.ask<Usage>('usage')
  for (let n = 0; n < CHANGES; n += 1) {
    const changed = performance.now()
    const all = Promise.all(
      clients.map(
        client =>
          new Promise<void>(resolve => {
            client.onMessage = ({ msg }) => void ((msg === 'changed' || msg?.startsWith('!')) && resolve())
          }),
      ),
    )
    await Promise.all([all, change(first, n, mine)])
    times.push(performance.now() - changed)
  }
  const { cpu } = await server.ask<Usage>('usage')
  row(name, (cpu - before.cpu) / (CHANGES * ONLOOKERS), percentile(times, 0.5))
  for (const client of clients) client.drop()
}
