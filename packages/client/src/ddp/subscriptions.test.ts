import { expect, test, vi } from 'vitest'
import { ddpWorld, unwatched } from '../testing/ddp-world.ts'
import { LATER, type FakeDdpServer } from '../testing/fake-ddp-server.ts'
import { settled } from '../testing/manual-timers.ts'
import type { MethodCallback, SubscriptionCallbacks } from './index.ts'

test('a subscription is ready when what it publishes is there', async () => {
  using world = await ddpWorld(server => {
    server.publications['tasks'] = (_peer, title) => ({ tasks: { a: { title } } })
  })
  const { connection } = world
  const seen: unknown[] = []
  const tasks = connection.subscribe('tasks', 'Bread', () => seen.push(connection.collection('tasks').get('a')))
  tasks.ready.subscribe(ready => seen.push(ready))
  expect(tasks.ready()).toBe(false)
  await settled()
  expect([tasks.ready(), seen]).toEqual([true, [false, true, { _id: 'a', title: 'Bread' }]])
})

test('a refused subscription tells why, once', async () => {
  using world = await ddpWorld()
  const callbacks = watch()
  const tasks = world.connection.subscribe('unheard of', 1, callbacks)
  await settled()
  tasks.stop()
  await settled()
  const error: unknown = expect.objectContaining({ error: 404, message: 'Subscription not found [404]' })
  expect(callbacks.told).toEqual([
    ['onError', error],
    ['onStop', error],
  ])
  expect(world.server.peer.all('unsub')).toEqual([])
})

test('one that is stopped says so once, and its documents go when the server takes them back', async () => {
  using world = await ddpWorld(server => {
    server.publications['tasks'] = () => ({ tasks: { a: {} } })
  })
  const { server, connection } = world
  const callbacks = watch()
  const tasks = connection.subscribe('tasks', callbacks)
  await settled()
  tasks.stop()
  tasks.stop()
  await settled()
  expect(server.peer.all('unsub')).toEqual([{ msg: 'unsub', id: tasks.subscriptionId }])
  expect(callbacks.told).toEqual([['onReady'], ['onStop', undefined]])
  expect(tasks.ready()).toBe(false)
  expect(connection.collection('tasks').all()).toHaveLength(1)
  server.peer.send({ msg: 'removed', collection: 'tasks', id: 'a' })
  await settled()
  expect(connection.collection('tasks').all()).toEqual([])
})

test('one that the server ends is over', async () => {
  using world = await ddpWorld(server => {
    server.publications['tasks'] = () => ({})
  })
  const callbacks = watch()
  const tasks = world.connection.subscribe('tasks', callbacks)
  await settled()
  world.server.peer.send({ msg: 'nosub', id: tasks.subscriptionId })
  await settled()
  expect([callbacks.told, tasks.ready()]).toEqual([[['onReady'], ['onStop', undefined]], false])
})

test('one that is ready again, as after a login, does not say so again', async () => {
  using world = await ddpWorld(server => {
    server.publications['tasks'] = () => ({})
  })
  const callbacks = watch()
  const { subscriptionId } = world.connection.subscribe('tasks', callbacks)
  await settled()
  world.server.peer.send({ msg: 'ready', subs: [subscriptionId] })
  await settled()
  expect(callbacks.told).toEqual([['onReady']])
})

test('after a cut, subscriptions are taken up, and what is shown changes once, when all of it is there', async () => {
  let title: string | typeof LATER = 'before'
  using world = await ddpWorld(server => {
    server.publications['tasks'] = () => (title === LATER ? LATER : { tasks: { same: { title: 'same' }, changed: { title }, [title]: {} } })
    server.publications['people'] = () => ({ people: { ada: {} } })
  })
  const { server, connection, timers } = world
  const callbacks = watch()
  const tasks = connection.subscribe('tasks', callbacks)
  connection.subscribe('people')
  await settled()
  const [before] = connection.collection('tasks').all()
  const seen: unknown[] = []
  connection.collection('tasks').subscribe(all => seen.push(all.map(one => one['_id'])))
  const same = vi.fn<(document: unknown) => void>()
  connection.collection('tasks').document('same').subscribe(same)
  title = LATER
  server.peer.close()
  await timers.pass(10)
  expect(server.peer.all('sub').map(one => one['name'])).toEqual(['tasks', 'people'])
  server.peer.send({ msg: 'added', collection: 'tasks', id: 'same', fields: { title: 'same' } })
  server.peer.send({ msg: 'added', collection: 'tasks', id: 'changed', fields: { title: 'after' } })
  await timers.pass(1000)
  // Nothing flickers: neither gone nor half there
  expect(seen).toEqual([['same', 'changed', 'before']])
  expect([connection.collection('tasks').get('changed'), tasks.ready()]).toEqual([{ _id: 'changed', title: 'before' }, true])
  server.peer.send({ msg: 'ready', subs: [tasks.subscriptionId] })
  await settled()
  expect(seen).toEqual([
    ['same', 'changed', 'before'],
    ['same', 'changed'],
  ])
  expect(connection.collection('tasks').get('changed')).toEqual({ _id: 'changed', title: 'after' })
  // Nor is drawn again what did not change
  expect(connection.collection('tasks').get('same')).toBe(before)
  expect(same).toHaveBeenCalledTimes(1)
  expect(callbacks.told).toEqual([['onReady']])
})

test('a subscription that is refused after a cut keeps nobody waiting', async () => {
  using world = await ddpWorld(server => {
    server.publications['tasks'] = () => ({ tasks: { a: {} } })
    server.publications['people'] = () => ({ people: { ada: {} } })
  })
  const { server, connection, timers } = world
  const callbacks = watch()
  connection.subscribe('tasks', callbacks)
  connection.subscribe('people')
  await settled()
  delete server.publications['tasks']
  server.peer.close()
  await timers.pass(10)
  expect(connection.collection('tasks').all()).toEqual([])
  expect(connection.collection('people').all()).toHaveLength(1)
  expect(callbacks.told.map(([name]) => name)).toEqual(['onReady', 'onError', 'onStop'])
})

test('a publication that says nothing after a cut, not even that it is ready, keeps nobody waiting for more than ten seconds', async () => {
  const { publish, fallSilent } = publications()
  using world = await ddpWorld(server => {
    publish(server)
    server.methods['login'] = () => LATER
  })
  const { server, connection, timers } = world
  connection.addReconnectStep(() => unwatched(connection.apply('login', [], { wait: true })))
  connection.subscribe('mine')
  const people = connection.subscribe('people')
  await settled()
  fallSilent()
  server.peer.close()
  await timers.pass(10)
  // A server that takes long to answer a method is waited for
  await timers.pass(60_000)
  expect(connection.collection('tasks').all()).toHaveLength(1)
  server.peer.answer(server.peer.method('login')?.['id'], 'nobody')
  await timers.pass(9000)
  server.peer.send({ msg: 'added', collection: 'people', id: 'ada' })
  server.peer.send({ msg: 'ready', subs: [people.subscriptionId] })
  const told = vi.fn<MethodCallback>()
  void connection.call('unheard of', told)
  await timers.pass(9000)
  expect([connection.collection('tasks').all().length, told.mock.calls.length]).toEqual([1, 0])
  await timers.pass(1000)
  expect([connection.collection('tasks').all(), connection.collection('people').all()]).toEqual([[], [{ _id: 'ada' }]])
  expect(told).toHaveBeenCalledTimes(1)
  connection.close()
  expect(timers.running.all).toBe(0)
})

test('what is stopped in a second cut shows nothing of what the first had only begun', async () => {
  const { publish, fallSilent } = publications()
  using world = await ddpWorld(server => {
    publish(server)
  })
  const { server, connection, timers } = world
  connection.subscribe('mine')
  const people = connection.subscribe('people')
  await settled()
  fallSilent()
  server.peer.close()
  await timers.pass(10)
  connection.disconnect()
  people.stop()
  await timers.pass(60_000)
  expect(connection.collection('tasks').all()).toHaveLength(1)
  connection.close()
  expect(timers.running.all).toBe(0)
})

test('who is signed in no longer after a cut sees nothing of before a second later, whatever publications say', async () => {
  const { publish, fallSilent } = publications()
  using world = await ddpWorld(server => {
    publish(server)
    server.methods['login'] = () => {
      throw { error: 403, reason: "You've been logged out by the server. Please log in again.", errorType: 'Meteor.Error' }
    }
  })
  const { server, connection, timers } = world
  const told = vi.fn<MethodCallback>()
  connection.addReconnectStep(() => void connection.apply('login', [], { wait: true }, told))
  connection.subscribe('mine')
  await settled()
  fallSilent()
  server.peer.close()
  await timers.pass(900)
  expect([connection.collection('tasks').all().length, told.mock.calls.length]).toEqual([1, 0])
  await timers.pass(200)
  expect([connection.collection('tasks').all().length, told.mock.calls.length]).toEqual([0, 1])
})

test('what is shown stays while there is no connection, however long that is', async () => {
  const { publish, fallSilent } = publications()
  using world = await ddpWorld(server => {
    publish(server)
  })
  const { server, connection, timers } = world
  connection.subscribe('mine')
  await settled()
  fallSilent()
  server.peer.close()
  await timers.pass(1000)
  server.down = true
  server.peer.close()
  await timers.pass(20_000)
  expect([connection.status().status, connection.collection('tasks').all().length]).toEqual(['waiting', 1])
  server.down = false
  connection.reconnect()
  await timers.pass(9000)
  expect(connection.collection('tasks').all()).toHaveLength(1)
  await timers.pass(1000)
  expect(connection.collection('tasks').all()).toEqual([])
})

test('a subscription that is stopped while all waits for it keeps nobody waiting', async () => {
  using world = await ddpWorld(server => {
    server.publications['tasks'] = () => ({ tasks: { a: {} } })
  })
  const { server, connection, timers } = world
  const tasks = connection.subscribe('tasks')
  await settled()
  server.publications['tasks'] = () => LATER
  server.peer.close()
  await timers.pass(10)
  expect(connection.collection('tasks').all()).toHaveLength(1)
  tasks.stop()
  expect(connection.collection('tasks').all()).toEqual([])
})

test('what is asked for and given up while away is not asked for', async () => {
  using world = await ddpWorld(server => {
    server.publications['tasks'] = () => ({})
  })
  const { server, connection, timers } = world
  server.peer.close()
  await settled()
  connection.subscribe('tasks').stop()
  const kept = connection.subscribe('tasks')
  await timers.pass(10)
  expect(server.peer.all('sub').map(one => one['id'])).toEqual([kept.subscriptionId])
  expect(server.peer.all('unsub')).toEqual([])
})

/** Callbacks that write down what they are told. */
function watch(): SubscriptionCallbacks & { told: unknown[][] } {
  const told: unknown[][] = []
  return {
    told,
    onReady: () => void told.push(['onReady']),
    onError: error => void told.push(['onError', error]),
    onStop: error => void told.push(['onStop', error]),
  }
}

/** Two publications that show something, and say nothing at all, not even that they are ready, once they have fallen silent. */
function publications(): { publish: (server: FakeDdpServer) => void; fallSilent: () => void } {
  let isSilent = false
  return {
    publish: ({ publications: all }) => {
      all['mine'] = () => (isSilent ? LATER : { tasks: { a: {} } })
      all['people'] = () => (isSilent ? LATER : { people: { ada: {} } })
    },
    fallSilent: () => void (isSilent = true),
  }
}
