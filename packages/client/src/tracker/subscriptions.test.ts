import Tracker from 'trackr'
import { expect, onTestFinished, test, vi } from 'vitest'
import { DDP } from '../ddp/index.ts'
import type { DdpConnection } from '../ddp/index.ts'
import { FakeDdpServer } from '../testing/fake-ddp-server.ts'
import { settled } from '../testing/manual-timers.ts'
import { adasServer, clientOn, spy } from '../testing/meteor-fake.ts'
import { trackConnection, trackWith } from './index.ts'

/** A connection that is up, its server, and a value that computations can read. */
async function world() {
  const server = new FakeDdpServer()
  server.publications['tasks'] = (_peer, list) => ({ tasks: { [`of ${JSON.stringify(list)}`]: {} } })
  const connection: DdpConnection = DDP.connect('http://test.example', { webSocket: server.webSocket })
  const stop = trackConnection(connection, Tracker)
  onTestFinished(() => connection.close())
  await settled()
  const said = (): string[] =>
    server.peer.heard.filter(({ msg }) => msg === 'sub' || msg === 'unsub').map(({ msg, id }) => `${msg} ${String(id)}`)
  return { server, connection, stop, said }
}

/** Everything is computed and everything has arrived. */
async function rest(): Promise<void> {
  Tracker.flush()
  await settled()
  await settled()
  Tracker.flush()
}

test('a subscription made in a computation ends when the computation is stopped', async () => {
  const { connection, said } = await world()
  const onStop = spy()
  const computation = Tracker.autorun(() => void connection.subscribe('tasks', 'home', { onStop }))
  await rest()
  expect([said(), connection.collection('tasks').all().length]).toEqual([['sub s1'], 1])
  computation.stop()
  await rest()
  expect([said(), onStop.mock.calls.length]).toEqual([['sub s1', 'unsub s1'], 1])
})

test('a computation that runs again and asks for the same keeps its subscription, and the server hears of nothing', async () => {
  const { connection, said } = await world()
  const handles = new Set<unknown>()
  const computation = Tracker.autorun(() => {
    const list = { open: true, of: ['home'] }
    handles.add(connection.subscribe('tasks', list, 7))
    list.of.push('changed later')
  })
  await rest()
  for (const _ of [1, 2, 3]) {
    computation.invalidate()
    // One flush after the other
    await rest()
  }
  expect([said(), handles.size]).toEqual([['sub s1'], 1])
  computation.stop()
  await rest()
  expect(said()).toEqual(['sub s1', 'unsub s1'])
})

test('a computation that asks for something else gives up what it had, after it has the new', async () => {
  const { connection, said } = await world()
  let list = 'home'
  const computation = Tracker.autorun(() => void connection.subscribe('tasks', list))
  await rest()
  list = 'work'
  computation.invalidate()
  await rest()
  expect(said()).toEqual(['sub s1', 'sub s2', 'unsub s1'])
  computation.stop()
})

test('a computation that asks for nothing any more gives up what it had', async () => {
  const { connection, said } = await world()
  let wanted = true
  const computation = Tracker.autorun(() => void (wanted && connection.subscribe('tasks', 'home')))
  await rest()
  wanted = false
  computation.invalidate()
  await rest()
  expect(said()).toEqual(['sub s1', 'unsub s1'])
  computation.stop()
})

test('two computations that ask for the same have a subscription each', async () => {
  const { connection, said } = await world()
  const [one, other] = [1, 2].map(() => Tracker.autorun(() => void connection.subscribe('tasks', 'home')))
  one?.stop()
  await rest()
  expect(said()).toEqual(['sub s1', 'sub s2', 'unsub s1'])
  other?.stop()
})

test('ready counts in computations, and onReady is called again when a computation runs again', async () => {
  const { connection } = await world()
  const seen: boolean[] = []
  const onReady = spy()
  const computation = Tracker.autorun(() => void seen.push(connection.subscribe('tasks', 'home', { onReady }).ready()))
  expect(seen).toEqual([false])
  await rest()
  await rest()
  expect([seen, onReady.mock.calls.length]).toEqual([[false, true], 2])
  const outside = connection.subscribe('tasks', 'work')
  const alone: boolean[] = []
  const watching = Tracker.autorun(() => void alone.push(outside.ready()))
  await rest()
  expect(alone).toEqual([false, true])
  computation.stop()
  watching.stop()
})

test('a subscription that the server ended is asked for anew, and one that was stopped by hand is not stopped twice', async () => {
  const { connection, server, said } = await world()
  let stopAtOnce = false
  const computation = Tracker.autorun(() => {
    const tasks = connection.subscribe('tasks', 'home')
    if (stopAtOnce) tasks.stop()
  })
  await rest()
  server.peer.send({ msg: 'nosub', id: 's1' })
  await rest()
  stopAtOnce = true
  computation.invalidate()
  await rest()
  computation.stop()
  await rest()
  expect(said()).toEqual(['sub s1', 'sub s2', 'unsub s2'])
})

test('status and userId of a connection count in computations', async () => {
  const { connection, server } = await world()
  const seen: unknown[] = []
  const computation = Tracker.autorun(() => void seen.push([connection.status().status, connection.userId()]))
  connection.setUserId('ada')
  await rest()
  server.down = true
  server.peer.close()
  await rest()
  expect(seen.slice(0, 3)).toEqual([
    ['connected', null],
    ['connected', 'ada'],
    ['waiting', 'ada'],
  ])
  computation.stop()
})

test('subscriptions outside of computations are left alone, and so are all after stop', async () => {
  const { connection, said, stop } = await world()
  const handle = connection.subscribe('tasks', 'home')
  stop()
  const computation = Tracker.autorun(() => void connection.subscribe('tasks', 'work'))
  await rest()
  computation.stop()
  await rest()
  expect(said()).toEqual(['sub s1', 'sub s2'])
  handle.stop()
})

test('to track twice is to track once, until both are stopped', async () => {
  const { connection, said, stop } = await world()
  const again = trackConnection(connection, Tracker)
  stop()
  const runs = spy()
  const computation = Tracker.autorun(() => {
    runs(connection.subscribe('tasks', 'home').ready())
  })
  await rest()
  computation.invalidate()
  await rest()
  expect(said()).toEqual(['sub s1'])
  computation.stop()
  await rest()
  again()
  expect(said()).toEqual(['sub s1', 'unsub s1'])
})

test('what is tracked with a client is tracked of its connection', async () => {
  const server = adasServer()
  server.publications['tasks'] = () => ({})
  const client = clientOn(server)
  const stop = trackWith(client, Tracker)
  onTestFinished(() => client.connection.close())
  const computation = Tracker.autorun(() => void (client.userId() === 'ada' && client.connection.subscribe('tasks')))
  await client.loginWithPassword('ada', 'a password')
  await vi.waitFor(() => expect(server.peer.all('sub').map(({ name }) => name)).toContain('tasks'))
  await client.logout()
  await vi.waitFor(() => expect(server.peer.all('unsub')).toHaveLength(1))
  computation.stop()
  stop()
  client.close()
})
