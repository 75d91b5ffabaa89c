import { expect, test } from 'vitest'
import { silentLog } from '../../system.ts'
import { stillTime } from '../../testing/ddp-time.ts'
import { WireClient } from '../../testing/ddp-wire.ts'
import { DDPServer } from './index.ts'
import type { Connection, DDPServerOptions, MethodInvocation, Publication } from './index.ts'

/** A server with a client that can come back, signed in, with a subscription. */
async function world(options: DDPServerOptions = {}, loginCookie?: string) {
  const time = stillTime()
  const server = new DDPServer({ ports: time, log: silentLog, ...options })
  const connections: Connection[] = []
  const rooms: Publication[] = []
  const calls: unknown[] = []
  let release = (): void => {}
  const held = new Promise<void>(resolve => (release = resolve))
  server.onConnection(connection => connections.push(connection))
  server.methods({
    signIn(this: MethodInvocation, userId: string) {
      return this.setUserId(userId)
    },
    who(this: MethodInvocation) {
      return this.userId
    },
    async slow(this: MethodInvocation, name: string) {
      calls.push(name)
      await held
      return name
    },
  })
  server.publish('rooms', function (this: Publication) {
    rooms.push(this)
    this.ready()
  })
  const facts = { clientAddress: '192.0.2.7', httpHeaders: { 'user-agent': 'test' }, ...(loginCookie === undefined ? {} : { loginCookie }) }
  const client = WireClient.connected(server, facts, { receivedCount: 0 })
  await client.call('1', 'signIn', 'ada')
  client.say({ msg: 'sub', id: 's', name: 'rooms' })
  await client.until(({ msg }) => msg === 'ready')
  let closed = 0
  connections[0]?.onClose(() => (closed += 1))
  return {
    time,
    server,
    client,
    connections,
    calls,
    release: () => release(),
    room(this: void): Publication {
      const room = rooms.at(-1)
      if (!room) throw new Error('nobody subscribed')
      return room
    },
    closed: () => closed,
    /** Comes back as the client would, or with what is given in the place of it. */
    back: (given: object = {}, from: object = {}): WireClient =>
      WireClient.connected(server, { ...facts, ...from }, { ...proofOf(client), ...given }),
  }
}

/** What a client says to take up its session. */
function proofOf(client: WireClient) {
  const { session, resume } = client.arrived.findLast(({ msg }) => msg === 'connected') as unknown as { session: string; resume: string }
  return { session, resume, receivedCount: client.arrived.filter(({ msg }) => msg !== 'ping' && msg !== 'pong').length }
}

test('a client that comes back in time goes on in its session, and is sent what it missed, in order', async () => {
  const { client, room, back, connections, closed, time } = await world()
  client.drop()
  room().added('rooms', 'a', { n: 1 })
  time.pass(10_000)
  room().changed('rooms', 'a', { n: 2 })
  const again = back()
  const { session } = proofOf(client)
  expect(again.frames.slice(1)).toEqual([
    '{"msg":"added","collection":"rooms","id":"a","fields":{"n":1}}',
    '{"msg":"changed","collection":"rooms","id":"a","fields":{"n":2}}',
  ])
  expect(again.arrived[0]).toMatchObject({ msg: 'connected', session })
  expect(again.arrived[0]?.['resume']).toMatch(/^[\w-]{43}$/)
  expect((await again.call('2', 'who'))['result']).toBe('ada')
  room().removed('rooms', 'a')
  expect(again.arrived.at(-1)).toEqual({ msg: 'removed', collection: 'rooms', id: 'a' })
  expect(connections).toHaveLength(1)
  time.pass(14_000)
  expect(closed()).toBe(0)

  // And once more, with what it was given this time.
  again.drop()
  const received = proofOf(client).receivedCount + again.arrived.length
  const third = back({ ...proofOf(again), receivedCount: received })
  expect(third.arrived).toEqual([expect.objectContaining({ session })])
})

test('a client that comes back before its old socket is known to be lost goes on, and the old socket is closed', async () => {
  const { client, back, connections } = await world()
  const again = back()
  expect(again.arrived[0]?.['session']).toBe(client.arrived[0]?.['session'])
  expect(client.isClosed).toBe(true)
  expect((await again.call('2', 'who'))['result']).toBe('ada')
  expect(connections).toHaveLength(1)
})

test('a session that nobody takes up ends when its time is over', async () => {
  const { client, back, closed, time } = await world()
  client.drop()
  time.pass(14_000)
  expect(closed()).toBe(0)
  time.pass(2000)
  expect(closed()).toBe(1)
  const again = back()
  expect(again.arrived[0]?.['session']).not.toBe(client.arrived[0]?.['session'])
  expect((await again.call('2', 'who'))['result'] ?? null).toBeNull()
})

test.each([
  ['the id alone', { resume: undefined }, {}],
  ['another secret', { resume: 'A'.repeat(43) }, {}],
  ['a secret that is no text', { resume: 5 }, {}],
  ['another address', {}, { clientAddress: '192.0.2.8' }],
  ['another program', {}, { httpHeaders: { 'user-agent': 'other' } }],
  ['a login cookie it had not', {}, { loginCookie: 'stolen' }],
])('a session is not taken up with %s, and waits on for its client', async (_what, given, from) => {
  const { client, back, closed, connections } = await world()
  client.drop()
  const stranger = back(given, from)
  expect(stranger.arrived[0]?.['session']).not.toBe(client.arrived[0]?.['session'])
  expect((await stranger.call('2', 'who'))['result'] ?? null).toBeNull()
  expect(closed()).toBe(0)
  expect(back().arrived[0]?.['session']).toBe(client.arrived[0]?.['session'])
  expect(connections).toHaveLength(2)
})

test('the secret of a session is good once', async () => {
  const { client, back } = await world()
  client.drop()
  const first = proofOf(client)
  const again = back()
  again.drop()
  const thief = back({ ...first, receivedCount: first.receivedCount + 1 })
  expect(thief.arrived[0]?.['session']).not.toBe(first.session)
})

test('a client that misses something gets a new session, and the old one ends', async () => {
  const { client, back, closed } = await world()
  client.drop()
  const again = back({ receivedCount: proofOf(client).receivedCount - 1 })
  expect(again.arrived[0]?.['session']).not.toBe(client.arrived[0]?.['session'])
  expect(closed()).toBe(1)
})

test('a session for which too much has piled up ends', async () => {
  const { client, room, closed } = await world({ maxMessageQueueLength: 3 })
  client.drop()
  const publication = room()
  for (const id of ['a', 'b', 'c']) publication.added('rooms', id, {})
  expect(closed()).toBe(0)
  publication.added('rooms', 'd', {})
  expect(closed()).toBe(1)
  publication.added('rooms', 'e', {})
})

test('a session for which too long messages have piled up ends', async () => {
  const { client, room, closed } = await world({ maxBufferedBytes: 1000 })
  client.drop()
  room().added('rooms', 'a', { text: 'x'.repeat(800) })
  expect(closed()).toBe(0)
  room().added('rooms', 'b', { text: 'x'.repeat(800) })
  expect(closed()).toBe(1)
})

test('only so many sessions wait for their clients, and those that waited longest end', async () => {
  const { client, server, closed, back } = await world()
  client.drop()
  for (let at = 0; at < 9999; at++) WireClient.connected(server, {}, { receivedCount: 0 }).drop()
  expect(closed()).toBe(0)
  WireClient.connected(server, {}, { receivedCount: 0 }).drop()
  expect(closed()).toBe(1)
  expect(back().arrived[0]?.['session']).not.toBe(client.arrived[0]?.['session'])
})

test('a goodbye ends the session at once', async () => {
  const { client, back, closed } = await world()
  client.say({ msg: 'disconnect' })
  expect(closed()).toBe(1)
  expect(back().arrived[0]?.['session']).not.toBe(client.arrived[0]?.['session'])
})

test('a connection that the server closes while its client is away stays closed', async () => {
  const { client, back, closed, connections } = await world()
  client.drop()
  connections[0]?.close()
  expect(closed()).toBe(1)
  expect(back().arrived[0]?.['session']).not.toBe(client.arrived[0]?.['session'])
})

test('a connection that the server closed cannot be taken up', async () => {
  const { client, back, connections } = await world()
  connections[0]?.close()
  expect(back().arrived[0]?.['session']).not.toBe(client.arrived[0]?.['session'])
})

test('a call that was under way is not made again when its client sends it again', async () => {
  const { client, back, calls, release } = await world()
  client.say({ msg: 'method', id: 'under way', method: 'slow', params: ['under way'] })
  client.say({ msg: 'method', id: 'waiting', method: 'slow', params: ['waiting'] })
  client.drop()
  const again = back()
  for (const id of ['under way', 'waiting', 'new']) again.say({ msg: 'method', id, method: 'slow', params: [id] })
  release()
  await again.until(({ msg, id }) => msg === 'result' && id === 'new')
  expect(again.all('result').map(({ id }) => id)).toEqual(['under way', 'waiting', 'new'])
  expect(calls).toEqual(['under way', 'waiting', 'new'])
})

test('a call that was answered while its client was away is not made again either', async () => {
  const { client, back, calls, release, server } = await world()
  client.say({ msg: 'method', id: '2', method: 'slow', params: ['once'] })
  await expect.poll(() => calls).toEqual(['once'])
  client.drop()
  release()
  // What was under way has been answered when a later call, and a turn after it, has.
  await server.call('slow', 'of the server')
  await new Promise(resolve => void setImmediate(resolve))
  const again = back()
  again.say({ msg: 'method', id: '2', method: 'slow', params: ['once'] })
  await again.call('3', 'who')
  expect(again.all('result').map(({ id }) => id)).toEqual(['2', '3'])
  expect(calls).toEqual(['once', 'of the server'])
})

test('a subscription that is asked for again in a session that goes on is answered', async () => {
  const { client, back } = await world()
  client.drop()
  const again = back()
  again.say({ msg: 'sub', id: 's', name: 'rooms' })
  expect(await again.until(({ msg }) => msg === 'ready')).toEqual({ msg: 'ready', subs: ['s'] })
})

test('a client that did not ask for it gets no secret, and its session ends with its socket', async () => {
  const server = new DDPServer()
  let closed = 0
  server.onConnection(connection => connection.onClose(() => (closed += 1)))
  const client = WireClient.connected(server)
  expect(client.frames[0]).toMatch(/^\{"msg":"connected","session":"\w{17}"\}$/)
  client.drop()
  expect(closed).toBe(1)
  const again = WireClient.connected(server, {}, { session: String(client.arrived[0]?.['session']), receivedCount: 1 })
  expect(again.arrived[0]?.['session']).not.toBe(client.arrived[0]?.['session'])
})

test('sessions end with their sockets where no time is given', async () => {
  const { client, closed } = await world({ disconnectGracePeriod: 0 })
  expect(client.arrived[0]).not.toHaveProperty('resume')
  client.drop()
  expect(closed()).toBe(1)
})
