import { expect, test, vi } from 'vitest'
import { ddpWorld } from '../testing/ddp-world.ts'
import { LATER } from '../testing/fake-ddp-server.ts'
import { settled } from '../testing/manual-timers.ts'

test('whoever leaves for good on hearing that the connection is up has left for good', async () => {
  using world = await ddpWorld()
  const { server, timers, connection } = world
  server.peer.close()
  await settled()
  connection.status.subscribe(({ connected }) => connected && connection.close())
  await timers.pass(10)
  expect(timers.running.all).toBe(0)
  await timers.pass(100_000)
  expect([server.peers.length, connection.status().status]).toEqual([2, 'offline'])
})

test('whoever leaves for a while on hearing that the connection is up stays away until told to come back', async () => {
  using world = await ddpWorld(server => {
    server.methods['add'] = () => 'added'
  })
  const { server, timers, connection } = world
  server.peer.close()
  await settled()
  const stop = connection.status.subscribe(({ connected }) => connected && connection.disconnect())
  await timers.pass(10)
  stop()
  const call = connection.apply('add', [], { noRetry: true })
  await timers.pass(100_000)
  expect([timers.running.all, server.peers.length, connection.status().status]).toEqual([0, 2, 'offline'])
  connection.reconnect()
  await expect(call).resolves.toBe('added')
})

test('whoever leaves while a new session begins stays away, and what was not sent is sent later', async () => {
  using world = await ddpWorld(server => {
    server.methods['add'] = () => 'added'
    server.publications['tasks'] = () => ({})
  })
  const { server, timers, connection } = world
  server.peer.close()
  await settled()
  const stop = connection.addReconnectStep(() => connection.disconnect())
  const call = connection.apply('add', [], { noRetry: true })
  const tasks = connection.subscribe('tasks')
  await timers.pass(100_000)
  stop.stop()
  expect([timers.running.all, connection.status().status]).toEqual([0, 'offline'])
  const late = connection.apply('add', [], { noRetry: true })
  connection.reconnect()
  await expect(Promise.all([call, late])).resolves.toEqual(['added', 'added'])
  await vi.waitFor(() => expect(tasks.ready()).toBe(true))
  expect(server.peer.heard.map(({ msg }) => msg)).toEqual(['connect', 'method', 'method', 'sub'])
})

test('whoever leaves on hearing that a call is too big has left', async () => {
  using world = await ddpWorld(
    server => {
      server.methods['add'] = () => LATER
    },
    { webSocket: closesWith1009() },
  )
  const { timers, connection } = world
  void connection.call('add', 'much', () => connection.close())
  await timers.pass(100_000)
  expect([timers.running.all, connection.status().status]).toEqual([0, 'offline'])
})

test('whoever tries again on hearing that it failed is not told of the failure ever after', async () => {
  using world = await ddpWorld(server => {
    let odd = true
    server.greet = peer => {
      peer.send(odd ? { msg: 'failed', version: '9' } : { msg: 'connected', session: 'x' })
      odd = false
    }
    server.methods['add'] = () => 'added'
  })
  const { connection, server } = world
  expect(connection.status().status).toBe('failed')
  const seen: string[] = []
  server.greet = (peer, { version }) =>
    peer.send(seen.length > 3 ? { msg: 'connected', session: 'x' } : { msg: 'failed', version: String(version) })
  connection.status.subscribe(({ status }) => {
    seen.push(status)
    if (status === 'failed' && seen.length > 1) connection.reconnect()
  })
  connection.reconnect()
  await vi.waitFor(() => expect(connection.status().status).toBe('connected'))
  await expect(connection.call('add')).resolves.toBe('added')
})

test('whoever stops a subscription on seeing it ready hears that it stopped, and no more of it', async () => {
  using world = await ddpWorld(server => {
    server.publications['tasks'] = () => ({})
  })
  const told: string[] = []
  const tasks = world.connection.subscribe('tasks', { onReady: () => told.push('ready'), onStop: () => told.push('stop') })
  tasks.ready.subscribe(ready => ready && tasks.stop())
  await settled()
  await settled()
  expect(told).toEqual(['stop'])
})

test('whoever unsubscribes, or leaves, inside onReady harms nobody', async () => {
  using world = await ddpWorld(server => {
    server.publications['tasks'] = () => ({ tasks: { milk: {} } })
  })
  const { connection, timers } = world
  const told: string[] = []
  const tasks = connection.subscribe('tasks', () => {
    tasks.stop()
    connection.close()
    told.push('left')
  })
  connection.subscribe('tasks', { onReady: () => told.push('other ready'), onStop: () => told.push('other stopped') })
  await timers.pass(1000)
  expect(told).toEqual(['other stopped', 'left'])
  expect(timers.running.all).toBe(0)
})

/** A socket that says 1009, "message too big", to anything but `connect`. */
function closesWith1009() {
  return class extends EventTarget {
    constructor() {
      super()
      queueMicrotask(() => this.dispatchEvent(new Event('open')))
    }
    send(frame: string): void {
      const { msg } = JSON.parse(frame) as { msg: string }
      const answer =
        msg === 'connect'
          ? Object.assign(new Event('message'), { data: '{"msg":"connected","session":"x"}' })
          : Object.assign(new Event('close'), { code: 1009 })
      queueMicrotask(() => this.dispatchEvent(answer))
    }
    close(): void {}
  }
}
