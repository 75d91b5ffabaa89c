import { expect, test } from 'vitest'
import { silentLog } from '../../system.ts'
import { stillTime } from '../../testing/ddp-time.ts'
import { WireClient } from '../../testing/ddp-wire.ts'
import { sessionOf } from './connection-handle.ts'
import { DDPServer } from './index.ts'
import type { Connection, MethodInvocation } from './index.ts'

/** A client, and the time it lives in. */
function watched(connect: { version?: string; support?: string[] } = {}) {
  const time = stillTime()
  const server = new DDPServer({ ports: time })
  const start = time.clock.now()
  const client = WireClient.connected(server, {}, connect)
  return { time, client, seconds: () => (time.clock.now() - start) / 1000 }
}

test('a connection has an id, its address and headers, can be closed, and tells when it is', async () => {
  const server = new DDPServer({ log: silentLog })
  const connections: Connection[] = []
  const stop = server.onConnection(connection => connections.push(connection))
  const facts = { clientAddress: '192.0.2.7', httpHeaders: { 'user-agent': 'test' } }
  const client = WireClient.connected(server, facts)
  const [connection] = connections
  if (!connection) throw new Error('nobody was told')
  expect(connection).toMatchObject({ id: client.arrived[0]?.['session'], ...facts })
  const closed: string[] = []
  connection.onClose(() => {
    closed.push('first')
    throw new Error('one that throws keeps no other from being told')
  })
  connection.onClose(() => closed.push('second'))
  expect(closed).toEqual([])
  connection.close()
  connection.close()
  expect(client.isClosed).toBe(true)
  expect(closed).toEqual(['first', 'second'])
  connection.onClose(() => closed.push('after'))
  expect(closed).toEqual(['first', 'second', 'after'])

  const other = WireClient.connected(server)
  connections[1]?.onClose(() => closed.push('gone'))
  other.drop()
  expect(closed.at(-1)).toBe('gone')
  stop()
  WireClient.connected(server)
  expect(connections).toHaveLength(2)
})

test('a listener that throws keeps neither the connection nor the other listeners from going on', async () => {
  const server = new DDPServer({ log: silentLog })
  let told = 0
  server.onConnection(() => {
    throw new Error('no')
  })
  server.onConnection(() => (told += 1))
  server.methods({ hello: () => 'hi' })
  const client = WireClient.connected(server)
  expect((await client.call('1', 'hello'))['result']).toBe('hi')
  expect(told).toBe(1)
})

test('each connection has an id of its own', () => {
  const server = new DDPServer()
  const ids = Array.from({ length: 200 }, () => WireClient.connected(server).arrived[0]?.['session'])
  expect(new Set(ids).size).toBe(200)
})

test('a socket that does not begin is closed in time', () => {
  const time = stillTime()
  const server = new DDPServer({ ports: time })
  const client = new WireClient(server)
  time.pass(44_000)
  client.say({ msg: 'ping' })
  expect(client.isClosed).toBe(false)
  time.pass(2000)
  expect(client.isClosed).toBe(true)
})

test('a silent socket is sent a ping after 15 seconds, and closed 15 seconds after one that it does not answer', () => {
  const { time, client, seconds } = watched()
  const happened: unknown[] = []
  let answers = 1
  for (let second = 0; second < 70; second++) {
    const { length } = client.arrived
    const wasClosed = client.isClosed
    time.pass(1000)
    if (client.arrived.length > length) {
      happened.push([client.arrived.at(-1)?.msg, seconds()])
      if (answers-- > 0) client.say({ msg: 'pong' })
    }
    if (client.isClosed && !wasClosed) happened.push(['closed', seconds()])
  }
  expect(happened).toEqual([
    ['ping', 15],
    ['ping', 45],
    ['closed', 60],
  ])
})

test('any message is a sign of life, and a client that goes on sending is sent no ping', () => {
  const { time, client } = watched()
  for (let at = 0; at < 20; at++) {
    time.pass(10_000)
    client.say({ msg: 'unsub', id: 'x' })
  }
  expect(client.all('ping')).toEqual([])
  expect(client.isClosed).toBe(false)
  time.pass(30_000)
  expect(client.all('ping')).toHaveLength(1)
  client.say({ msg: 'unsub', id: 'x' })
  time.pass(14_000)
  expect(client.isClosed).toBe(false)
})

test('a client of the oldest version is sent no ping', () => {
  const { time, client } = watched({ version: 'pre1', support: ['pre1'] })
  time.pass(600_000)
  expect(client.arrived).toHaveLength(1)
  expect(client.isClosed).toBe(false)
})

test('the session behind a connection is known to no stranger', () => {
  const server = new DDPServer()
  let own: Connection | undefined
  server.onConnection(connection => (own = connection))
  WireClient.connected(server)
  expect(own && sessionOf(own)?.id).toBe(own?.id)
  expect(sessionOf({ id: 'x', close() {}, onClose() {}, clientAddress: null, httpHeaders: {} })).toBeUndefined()
})

test('a method that ends after its connection is gone disturbs nobody', async () => {
  const server = new DDPServer()
  let release = (): void => {}
  const held = new Promise<void>(resolve => (release = resolve))
  let isDone = false
  server.methods({
    async slow(this: MethodInvocation) {
      await held
      await this.setUserId('ada')
      isDone = true
    },
  })
  const client = WireClient.connected(server)
  client.say({ msg: 'method', id: '1', method: 'slow' })
  client.drop()
  const { length } = client.arrived
  release()
  await expect.poll(() => isDone).toBe(true)
  expect(client.arrived).toHaveLength(length)
})

test('a listener that fails later is reported, and the process lives on', async () => {
  const reported: string[] = []
  const log = { ...silentLog, error: (_fields: object, message: string) => void reported.push(message) }
  const server = new DDPServer({ log })
  server.onConnection(async connection => {
    connection.onClose(async () => Promise.reject(new Error('later')))
    throw new Error('soon')
  })
  const client = WireClient.connected(server)
  await expect.poll(() => reported).toEqual(['a listener threw: a new connection'])
  client.close()
  await expect.poll(() => reported).toHaveLength(2)
})
