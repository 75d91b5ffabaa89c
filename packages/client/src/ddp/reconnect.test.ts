import { describe, expect, test, vi } from 'vitest'
import { ddpWorld, unwatched } from '../testing/ddp-world.ts'
import { LATER } from '../testing/fake-ddp-server.ts'
import { settled } from '../testing/manual-timers.ts'
import { DDP } from './index.ts'
import type { MethodCallback } from './index.ts'
import { retryDelay } from './retry-delay.ts'

test('the delays: twice at once, then a second and 2.2 times more each, a quarter more or less, five minutes at most', () => {
  expect([0, 1, 2, 3, 4].map(attempts => Math.round(retryDelay(attempts, 0.5)))).toEqual([10, 10, 1000, 2200, 4840])
  expect([retryDelay(2, 0), retryDelay(2, 1)]).toEqual([750, 1250])
  expect([retryDelay(50, 0), retryDelay(5000, 1)]).toEqual([300_000, 300_000])
})

test('methods without an answer are sent again with the same ids, those with one are not', async () => {
  using world = await ddpWorld(server => {
    server.methods['slow'] = () => LATER
    server.methods['quick'] = () => 'done'
  })
  const { server, connection, timers } = world
  expect(await connection.call('quick')).toBe('done')
  const slow = connection.call('slow', 'x')
  await settled()
  server.peer.close()
  await timers.pass(10)
  expect(server.peer.all('method')).toEqual([{ msg: 'method', method: 'slow', params: ['x'], id: '2' }])
  server.peer.answer('2', 'at last')
  expect(await slow).toBe('at last')
})

test('a method that must not run twice fails when its connection is cut, and is sent if it was not yet', async () => {
  using world = await ddpWorld(server => {
    server.methods['pay'] = () => LATER
  })
  const { server, connection, timers } = world
  const sent = connection.apply('pay', [1], { noRetry: true })
  unwatched(sent)
  await settled()
  server.peer.close()
  await settled()
  const later = connection.apply('pay', [2], { noRetry: true })
  await timers.pass(10)
  await expect(sent).rejects.toMatchObject({ error: 'invocation-failed' })
  expect(server.peer.all('method').map(one => one['params'])).toEqual([[2]])
  server.peer.answer('2', 'paid')
  expect(await later).toBe('paid')
})

test('a method whose result came but not its data is through when the new session shows as much as the old one', async () => {
  using world = await ddpWorld(server => {
    server.methods['add'] = (peer, id) => {
      peer.send({ msg: 'result', id, result: 5 })
      return LATER
    }
    server.publications['tasks'] = () => ({ tasks: { a: {} } })
  })
  const { server, connection, timers } = world
  const tasks = connection.subscribe('tasks')
  await settled()
  const callback = vi.fn<MethodCallback>()
  unwatched(connection.apply('add', [], { wait: true }, callback))
  unwatched(connection.call('next'))
  await settled()
  server.publications['tasks'] = () => LATER
  server.peer.close()
  await timers.pass(10)
  expect([callback.mock.calls, server.peer.all('method')]).toEqual([[], []])
  server.peer.send({ msg: 'ready', subs: [tasks.subscriptionId] })
  await settled()
  expect(callback.mock.calls).toEqual([[undefined, 5]])
  expect(server.peer.all('method').map(one => one['method'])).toEqual(['next'])
})

describe('what has to be done first on a new session', () => {
  test('a login goes before everything that waits, which follows when it is through', async () => {
    using world = await ddpWorld(server => {
      server.methods['whoami'] = peer => peer.userId
    })
    const { server, connection, timers } = world
    server.methods['login'] = (peer, id, user) => {
      peer.userId = String(user)
      peer.answer(id, 'in')
      return LATER
    }
    const answered = vi.fn<MethodCallback>()
    const step = vi.fn<() => void>(() => void connection.apply('login', ['ada'], { wait: true }, answered))
    connection.addReconnectStep(step)
    server.peer.close()
    await settled()
    const who = connection.call('whoami')
    await timers.pass(10)
    expect(await who).toBe('ada')
    expect(server.peer.all('method').map(one => one['method'])).toEqual(['login', 'whoami'])
    expect([step.mock.calls.length, answered.mock.calls]).toEqual([1, [[undefined, 'in']]])
  })

  test('the documents of before stay until the login’s have come', async () => {
    using world = await ddpWorld(server => {
      server.methods['login'] = () => LATER
    })
    const { server, connection, timers } = world
    server.peer.send({ msg: 'added', collection: 'users', id: 'ada' })
    connection.addReconnectStep(() => unwatched(connection.apply('login', [], { wait: true })))
    await settled()
    const seen: unknown[] = []
    connection.collection('users').subscribe(users => seen.push(users.length))
    server.peer.close()
    await timers.pass(10)
    server.peer.send({ msg: 'added', collection: 'users', id: 'ada' })
    server.peer.answer(server.peer.method('login')?.['id'], {})
    await timers.pass(10)
    expect(seen).toEqual([1])
    expect(connection.collection('users').all()).toHaveLength(1)
  })

  test('a login that is cut is forgotten: the step runs again, and there is one login only', async () => {
    using world = await ddpWorld(server => {
      server.methods['login'] = () => LATER
    })
    const { server, connection, timers } = world
    const answered = vi.fn<MethodCallback>()
    let token = 'first'
    connection.addReconnectStep(() => void connection.apply('login', [token], { wait: true }, answered))
    server.peer.close()
    await timers.pass(10)
    token = 'second'
    server.peer.close()
    await timers.pass(10)
    expect(server.peer.all('method').map(one => one['params'])).toEqual([['second']])
    expect(answered).not.toHaveBeenCalled()
    server.peer.answer(server.peer.method('login')?.['id'], 'in')
    await settled()
    expect(answered.mock.calls).toEqual([[undefined, 'in']])
  })

  test('onReconnect and the hooks of DDP.onReconnect are called once per reconnecting, not at the first connecting, and what they call goes first', async () => {
    const heard: unknown[] = []
    const hook = DDP.onReconnect(connection => heard.push(connection))
    using world = await ddpWorld()
    const { server, connection, timers } = world
    connection.onReconnect = () => {
      heard.push('own')
      unwatched(connection.call('first'))
    }
    const step = connection.addReconnectStep(() => heard.push('step'))
    server.peer.close()
    await settled()
    unwatched(connection.call('second'))
    await timers.pass(10)
    expect(heard).toEqual(['step', 'own', connection])
    expect(server.peer.all('method').map(one => one['method'])).toEqual(['first', 'second'])
    hook.stop()
    step()
    connection.disconnect()
    connection.reconnect()
    await settled()
    expect(heard).toEqual(['step', 'own', connection, 'own'])
  })

  test('a step that throws stops nothing', async () => {
    const report = vi.spyOn(console, 'error').mockReturnValue()
    using world = await ddpWorld(server => {
      server.methods['echo'] = (_peer, _id, value) => value
    })
    const { server, connection, timers } = world
    connection.addReconnectStep(() => {
      throw new Error('mine')
    })
    server.peer.close()
    await settled()
    const echo = connection.call('echo', 1)
    await timers.pass(10)
    expect(await echo).toBe(1)
    expect(report).toHaveBeenCalledTimes(1)
    report.mockRestore()
  })
})

describe('a session that the server kept', () => {
  /** The server takes every session up again. */
  const keeping = async (secret: boolean): ReturnType<typeof ddpWorld> =>
    await ddpWorld(server => {
      server.greet = (peer, { session }) => {
        if (typeof session === 'string') peer.session = session
        peer.send({ msg: 'connected', session: peer.session, ...(secret && { resume: `secret${server.peers.length}` }) })
      }
      server.methods['slow'] = () => LATER
      server.publications['tasks'] = () => ({ tasks: { a: {} } })
    })

  test('is asked for with its secret and the number of messages that arrived', async () => {
    using world = await keeping(true)
    const { server, connection, timers } = world
    connection.subscribe('tasks')
    server.peer.send({ msg: 'ping' })
    await settled()
    server.peer.close()
    await timers.pass(10)
    // connected, added, ready
    expect(server.peer.heard[0]).toMatchObject({ msg: 'connect', session: 'session1', resume: 'secret1', receivedCount: 3 })
    server.peer.close()
    await timers.pass(10)
    expect(server.peer.heard[0]).toMatchObject({ session: 'session1', resume: 'secret2', receivedCount: 4 })
  })

  test('goes on: documents stay, ready subscriptions are not asked for again, nobody signs in again, and what may be lost is said again', async () => {
    using world = await keeping(true)
    const { server, connection, timers } = world
    const step = vi.fn<() => void>()
    connection.addReconnectStep(step)
    connection.subscribe('tasks')
    const stopped = connection.subscribe('tasks')
    await settled()
    server.publications['tasks'] = () => LATER
    const late = connection.subscribe('tasks')
    const slow = connection.call('slow')
    const unrepeatable = connection.apply('slow', [], { noRetry: true })
    unwatched(unrepeatable)
    await settled()
    server.peer.close()
    stopped.stop()
    await settled()
    connection.subscribe('never asked for').stop()
    await timers.pass(10)
    expect(server.peer.heard.slice(1)).toEqual([
      { msg: 'method', method: 'slow', params: [], id: '1' },
      { msg: 'method', method: 'slow', params: [], id: '2' },
      { msg: 'unsub', id: stopped.subscriptionId },
      { msg: 'sub', id: late.subscriptionId, name: 'tasks', params: [] },
    ])
    expect([connection.collection('tasks').all().length, step.mock.calls.length]).toEqual([1, 0])
    server.peer.answer('1', 'done')
    server.peer.answer('2', 'once')
    expect([await slow, await unrepeatable]).toEqual(['done', 'once'])
  })

  test('by a server that may run a method twice: those that must not run twice fail', async () => {
    using world = await keeping(false)
    const { server, connection, timers } = world
    const unrepeatable = connection.apply('slow', [], { noRetry: true })
    unwatched(unrepeatable)
    await settled()
    server.peer.close()
    await timers.pass(10)
    await expect(unrepeatable).rejects.toMatchObject({ error: 'invocation-failed' })
    expect(server.peer.all('method')).toEqual([])
  })

  test('that was cut before it heard of the subscriptions hears of them when it is taken up', async () => {
    using world = await keeping(true)
    const { server, connection, timers } = world
    const tasks = connection.subscribe('tasks')
    await settled()
    // A new session, which is cut at once
    const greet = server.greet
    server.greet = peer => {
      peer.send({ msg: 'connected', session: peer.session, resume: 'secret' })
      peer.close()
    }
    server.publications['tasks'] = () => ({ tasks: { b: {} } })
    server.peer.close()
    await timers.pass(10)
    expect(server.peer.all('sub')).toEqual([])
    server.greet = greet
    await timers.pass(1000)
    expect(server.peer.heard[0]).toMatchObject({ session: 'session2' })
    expect([server.peer.all('sub').map(one => one['id']), connection.collection('tasks').all()]).toEqual([
      [tasks.subscriptionId],
      [{ _id: 'b' }],
    ])
  })

  test('is asked for no more after a goodbye', async () => {
    using world = await keeping(true)
    world.connection.disconnect()
    world.connection.reconnect()
    await settled()
    expect(world.server.peers.map(peer => peer.heard[0])).toEqual([
      { msg: 'connect', version: '1', support: ['1', 'pre2', 'pre1'], receivedCount: 0 },
      { msg: 'connect', version: '1', support: ['1', 'pre2', 'pre1'], receivedCount: 0 },
    ])
  })

  test('when the server has forgotten it, all begins anew', async () => {
    using world = await keeping(true)
    const { server, connection, timers } = world
    const tasks = connection.subscribe('tasks')
    await settled()
    server.greet = peer => peer.send({ msg: 'connected', session: 'another' })
    const step = vi.fn<() => void>()
    connection.addReconnectStep(step)
    server.peer.close()
    await timers.pass(10)
    expect([server.peer.all('sub').length, step.mock.calls.length, tasks.ready()]).toEqual([1, 1, true])
    server.peer.close()
    await timers.pass(10)
    expect(server.peer.heard[0]).toMatchObject({ session: 'another', receivedCount: 3 })
  })
})
