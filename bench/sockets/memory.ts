/** What a connection takes while nothing happens on it: the growth of the server's process once everything that can be collected was, by connection. */
import { DdpClient, openMany } from '../ddp-client.ts'
import { run } from '../subjects.ts'
import type { Running } from '../subjects.ts'
import type { Usage } from '../systems/child.ts'
import { heading, row } from './print.ts'
import { credentials, makeUsers } from './users.ts'

/** Opened and closed again before anything is measured: code is compiled, pools are filled. */
const WARM_UP = 100

export async function measureMemory(database: string, connections: number): Promise<void> {
  heading(`Memory of ${connections.toLocaleString('en')} idle connections`, ['server', 'resident KiB each', 'objects KiB each'])
  const silent = async (n: number, port: number): Promise<DdpClient> => {
    const client = await DdpClient.open(port, '/websocket')
    client.send(`hello ${n}`)
    return client
  }
  await measured('bare-ws', '`ws` alone', connections, '', silent)
  await measured('ddp', 'DDP, nobody signed in', connections, database, (_n, port) => DdpClient.connected(port))
  await measured('ddp', 'DDP, each signed in as somebody else', connections, database, async (n, port) => {
    const client = await DdpClient.connected(port)
    await client.succeed('login', credentials(n))
    return client
  })
  console.log()
}

type Open = (n: number, port: number) => Promise<DdpClient>

async function measured(program: string, name: string, connections: number, database: string, open: Open): Promise<void> {
  // By another process: the memory it took to make them would be there to take the connections up.
  if (name.includes('signed in as')) await withServer(program, database, server => makeUsers(server.port, connections))
  await withServer(program, database, async server => {
    const warm = await openMany(WARM_UP, n => open(n, server.port))
    await Promise.all(warm.map(client => client.close()))
    const before = await server.ask<Usage>('settle')
    const clients = await openMany(connections, n => open(n, server.port))
    await Promise.all(clients.slice(-1).map(client => client.ping()))
    const after = await server.ask<Usage>('settle')
    if (clients.some(client => client.isClosed)) throw new Error('connections were lost while memory was measured')
    row(name, ((after.memory - before.memory) * 1024) / connections, ((after.heap - before.heap) * 1024) / connections)
    for (const client of clients) client.drop()
  })
}

async function withServer(program: string, database: string, work: (server: Running) => Promise<void>): Promise<void> {
  // No heartbeat while it is looked at.
  const server = await run(program, { BENCH_DATABASE: database, BENCH_HEARTBEAT: '600000', BENCH_LIMITS: 'off' }, ['--expose-gc'])
  try {
    await work(server)
  } finally {
    await server.stop()
  }
}
