/** So many sign-ins in each second, whether the server keeps up or not, while heartbeats go on: nobody may be taken for dead. */
import { setTimeout as pause } from 'node:timers/promises'
import { DdpClient, openMany } from '../ddp-client.ts'
import { run } from '../subjects.ts'
import type { Running } from '../subjects.ts'
import type { Usage } from '../systems/child.ts'
import type { Heard } from '../systems/ddp.ts'
import { heading, percentile, row } from './print.ts'
import { credentials, makeUsers } from './users.ts'

/** Each signs in as a user of its own, every five seconds at 200 a second: within Meteor's limit for one connection, which stays on. */
const STANDING = 1000
/** Instead of fifteen seconds, for the ping and for the wait. */
const HEARTBEAT_MS = 1000
/** How often one client asks how soon it is answered. */
const CANARY_MS = 50

interface Outcome {
  latencies: number[]
  failures: Map<string, number>
}

export async function measureLogins(database: string, rate: number, seconds: number): Promise<void> {
  const server = await run('ddp', { BENCH_DATABASE: database, BENCH_HEARTBEAT: String(HEARTBEAT_MS) })
  try {
    await makeUsers(server.port, STANDING)
    heading(
      `${rate} sign-ins a second for ${seconds} s, beside ${STANDING.toLocaleString('en')} connections with a heartbeat of ${HEARTBEAT_MS / 1000} s`,
      ['on', 'sign-ins', 'failed', 'p50 ms', 'p99 ms', 'CPU ms each', 'pings answered', 'connections lost', 'pong p99 ms', 'pong max ms'],
    )
    const standing = await openMany(STANDING, () => DdpClient.connected(server.port))
    const idle = await cpuPerSecond(server)
    await measured('standing connections', server, standing, idle, rate, seconds, async n => {
      const client = standing[n % standing.length]
      return (await client?.call('login', credentials(n % STANDING)))?.error
    })
    await measured('new connections', server, standing, idle, rate, seconds, async n => {
      const client = await DdpClient.connected(server.port)
      const { error } = await client.call('login', credentials(n % STANDING))
      await client.close()
      return error
    })
    const { failures, unhandled } = await server.ask<Heard>('heard')
    console.log(
      `\nLogged as errors: ${failures.length}; left unhandled: ${unhandled.length}. ${[...failures, ...unhandled].slice(0, 3).join('; ')}\n`,
    )
    for (const client of standing) client.drop()
  } finally {
    await server.stop()
  }
}

/** What heartbeats alone cost, in CPU milliseconds. */
async function cpuPerSecond(server: Running): Promise<number> {
  await pause(2 * HEARTBEAT_MS)
  const before = await server.ask<Usage>('usage')
  const began = performance.now()
  await pause(4 * HEARTBEAT_MS)
  return ((await server.ask<Usage>('usage')).cpu - before.cpu) / ((performance.now() - began) / 1000)
}

type SignIn = (n: number) => Promise<unknown>

async function measured(
  name: string,
  server: Running,
  standing: readonly DdpClient[],
  idle: number,
  rate: number,
  seconds: number,
  signIn: SignIn,
): Promise<void> {
  const pingsBefore = pings(standing)
  const lostBefore = lost(standing)
  const before = await server.ask<Usage>('usage')
  const began = performance.now()
  const canary = watch(server.port)
  const { latencies, failures } = await atRate(rate, seconds, signIn)
  const took = (performance.now() - began) / 1000
  const { cpu } = await server.ask<Usage>('usage')
  const pongs = await canary.stop()
  const failed = [...failures].map(([what, times]) => `${times} x ${what}`).join(', ')
  row(
    name,
    latencies.length,
    failed || 0,
    percentile(latencies, 0.5),
    percentile(latencies, 0.99),
    (cpu - before.cpu - idle * took) / latencies.length,
    pings(standing) - pingsBefore,
    lost(standing) - lostBefore,
    percentile(pongs, 0.99),
    percentile(pongs, 1),
  )
}

const pings = (clients: readonly DdpClient[]): number => clients.reduce((sum, client) => sum + client.pings, 0)
const lost = (clients: readonly DdpClient[]): number => clients.filter(client => client.isClosed).length

/** Starts as many as are due, however many are under way; measured from when each was due. */
async function atRate(rate: number, seconds: number, signIn: SignIn): Promise<Outcome> {
  const outcome: Outcome = { latencies: [], failures: new Map() }
  const began = performance.now()
  const all: Promise<void>[] = []
  const total = rate * seconds
  while (all.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * rate))
    while (all.length < due) all.push(one(all.length))
    await pause(2)
  }
  await Promise.all(all)
  return outcome

  async function one(n: number): Promise<void> {
    const error = await signIn(n).catch((failure: unknown) => ({ message: String(failure) }))
    if (error) {
      const what = JSON.stringify(error)
      outcome.failures.set(what, (outcome.failures.get(what) ?? 0) + 1)
    }
    outcome.latencies.push(performance.now() - began - (n / rate) * 1000)
  }
}

/** One client that asks again and again how soon the server answers. */
function watch(port: number): { stop(): Promise<number[]> } {
  const pongs: number[] = []
  let isOver = false
  const asking = (async () => {
    const client = await DdpClient.connected(port)
    while (!isOver) {
      const asked = performance.now()
      await client.ping()
      pongs.push(performance.now() - asked)
      await pause(CANARY_MS)
    }
    await client.close()
  })()
  return {
    async stop() {
      isOver = true
      await asking
      return pongs
    },
  }
}
