/** The client that Meteor's pages use, unmodified, over each way it has of reaching a server. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DDPServer } from '@latchkey/server/ddp'
import { attachDdp } from '@latchkey/server/node'
import SockJS from 'sockjs-client'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ddp = new DDPServer()
ddp.methods({ add: (one: number, other: number) => one + other })
const server = createServer((_req, res) => res.end('the app'))
const sockets = attachDdp(server, ddp)

beforeAll(
  () =>
    new Promise<void>(resolve => {
      server.listen(0, '127.0.0.1', resolve)
    }),
)
afterAll(async () => {
  await sockets.stop()
  await ddp.stop()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

/** Opens a client that shakes hands, and tells how it was closed. */
function open(transport: string): { client: SockJS; closed: Promise<number>; used: string[] } {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sockjs`
  // By itself it gives a way up after a few times what its first request took.
  const client = new SockJS(url, null, { transports: transport, timeout: 20_000 })
  const used: string[] = []
  client.addEventListener('open', () => {
    used.push(client.transport)
    client.send(JSON.stringify({ msg: 'connect', version: '1', support: ['1'] }))
  })
  const closed = new Promise<number>(resolve => {
    client.addEventListener('close', ({ code }) => resolve(code))
  })
  return { client, closed, used }
}

test.each(['websocket', 'xhr-polling', 'xhr-streaming'])(
  'speaks DDP over %s: shakes hands, calls a method, says goodbye',
  async transport => {
    const { client, closed, used } = open(transport)
    const received: { msg: string; result?: number }[] = []
    client.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data) as { msg: string; result?: number }
      received.push(message)
      if (message.msg === 'connected') client.send(JSON.stringify({ msg: 'method', id: '1', method: 'add', params: [1, 2] }))
      if (message.msg === 'result') client.close()
    })
    expect(await closed).toBe(1000)
    expect(used).toEqual([transport])
    expect(received.map(({ msg }) => msg)).toEqual(['connected', 'updated', 'result'])
    expect(received.at(-1)).toMatchObject({ result: 3 })
  },
)

test('is told when the server closes the connection', async () => {
  const stop = ddp.onConnection(connection => connection.close())
  expect(await open('xhr-streaming').closed).toBe(1000)
  stop()
})
