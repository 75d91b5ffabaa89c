import { afterEach, describe, expect, test, vi } from 'vitest'
import { ddpWorld, unwatched } from '../testing/ddp-world.ts'
import { FakeDdpServer, LATER } from '../testing/fake-ddp-server.ts'
import { ManualTimers, settled } from '../testing/manual-timers.ts'
import { DDP, DdpConnection } from './index.ts'

afterEach(() => vi.restoreAllMocks())

test('a new connection says connect, then its methods, then its subscriptions, without waiting in between', async () => {
  const server = new FakeDdpServer()
  server.greet = () => {}
  using connection = closing(DDP.connect('ws://server.test', { webSocket: server.webSocket, timers: new ManualTimers() }))
  connection.subscribe('tasks', { open: true })
  unwatched(connection.call('login', { at: new Date(5) }))
  await settled()
  expect(server.peer.heard).toEqual([
    { msg: 'connect', version: '1', support: ['1', 'pre2', 'pre1'], receivedCount: 0 },
    { msg: 'method', method: 'login', params: [{ at: { $date: 5 } }], id: '1' },
    { msg: 'sub', id: 's1', name: 'tasks', params: [{ open: true }] },
  ])
})

test('its status tells how it is, and when the next attempt is due', async () => {
  using world = await ddpWorld()
  const { server, timers, connection } = world
  const seen: unknown[] = []
  connection.status.subscribe(status => seen.push(status))
  server.down = true
  server.peer.close()
  await settled()
  await timers.pass(10)
  await timers.pass(10)
  const { retryTime = 0, ...waiting } = connection.status()
  expect({ ...waiting, inMilliseconds: retryTime - timers.now() }).toEqual({
    status: 'waiting',
    connected: false,
    retryCount: 2,
    reason: 'The connection failed',
    inMilliseconds: 1000,
  })
  server.down = false
  await timers.pass(1000)
  expect(seen.map(one => (one as { status: string }).status)).toEqual(
    'connected waiting connecting waiting connecting waiting connecting connected'.split(' '),
  )
  expect(connection.status()).toEqual({ status: 'connected', connected: true, retryCount: 0 })
})

describe('versions', () => {
  test('the version a server suggests is tried at once', async () => {
    using world = await ddpWorld(server => {
      server.greet = (peer, { version }) => {
        peer.send(version === 'pre2' ? { msg: 'connected', session: 'x' } : { msg: 'failed', version: 'pre2' })
      }
    })
    await settled()
    expect(world.connection.status().status).toBe('connected')
    expect(world.server.peers.flatMap(peer => peer.all('connect').map(one => one['version']))).toEqual(['1', 'pre2'])
  })

  test.each(['9', '1', undefined])('a server that asks for version %s is asked no further', async version => {
    using world = await ddpWorld(server => {
      server.greet = peer => peer.send({ msg: 'failed', version })
    })
    const call = world.connection.call('hello').catch((error: unknown) => error)
    await world.timers.pass(600_000)
    expect(await call).toMatchObject({ error: 'connection-failed', reason: expect.stringContaining('version of DDP') as string })
    expect(world.connection.status()).toMatchObject({ status: 'failed', reason: expect.stringContaining('version of DDP') as string })
    expect(world.server.peers).toHaveLength(1)
    world.server.greet = peer => peer.send({ msg: 'connected', session: 'x' })
    world.connection.reconnect()
    await settled()
    expect(world.connection.status().status).toBe('connected')
  })
})

describe('heartbeat', () => {
  test('a silent server is asked after 17.5 seconds, and given up 15 seconds later', async () => {
    using world = await ddpWorld()
    const first = world.server.peer
    world.server.receive = () => {}
    await world.timers.pass(17_499)
    expect(world.connection.status().status).toBe('connected')
    const pinged = vi.spyOn(world.server, 'receive')
    await world.timers.pass(1)
    expect(pinged.mock.calls.map(([, frame]) => frame)).toEqual(['{"msg":"ping"}'])
    await world.timers.pass(14_999)
    expect([world.connection.status().status, first.gone]).toEqual(['connected', false])
    await world.timers.pass(1)
    expect([world.connection.status().status, first.gone]).toEqual(['waiting', true])
  })

  test('any message is a sign of life', async () => {
    using world = await ddpWorld()
    for (let i = 0; i < 10; i++) {
      world.server.peer.send({ msg: 'updated', methods: [] })
      // One after the other is the point
      await world.timers.pass(17_000)
    }
    expect(world.server.peer.all('ping')).toEqual([])
    await world.timers.pass(600_000)
    expect(world.server.peers).toHaveLength(1)
    expect(world.server.peer.all('ping').length).toBeGreaterThan(10)
  })

  test('a ping is answered, with its id', async () => {
    using world = await ddpWorld()
    world.server.peer.send({ msg: 'ping' })
    world.server.peer.send({ msg: 'ping', id: 'x' })
    await settled()
    expect(world.server.peer.all('pong')).toEqual([{ msg: 'pong' }, { msg: 'pong', id: 'x' }])
  })

  test('version pre1 has none', async () => {
    using world = await ddpWorld(server => {
      server.greet = (peer, { version }) =>
        peer.send(version === 'pre1' ? { msg: 'connected', session: 'x' } : { msg: 'failed', version: 'pre1' })
    })
    await world.timers.pass(600_000)
    expect(world.server.peer.all('ping')).toEqual([])
  })
})

test('a server that does not answer is tried again after ten seconds', async () => {
  using world = await ddpWorld(server => {
    server.greet = () => {}
  })
  await world.timers.pass(9999)
  expect(world.server.peers).toHaveLength(1)
  await world.timers.pass(11)
  expect(world.server.peers).toHaveLength(2)
})

test('without retry, a cut is the end', async () => {
  using world = await ddpWorld(() => {}, { retry: false })
  world.server.peer.close()
  await world.timers.pass(600_000)
  expect([world.connection.status().status, world.server.peers.length]).toEqual(['failed', 1])
})

test('a server that drops whoever it accepted is not asked a hundred times a second', async () => {
  using world = await ddpWorld(server => {
    server.greet = peer => {
      peer.send({ msg: 'connected', session: 'x' })
      peer.close()
    }
  })
  await world.timers.pass(10_000)
  expect(world.server.peers.length).toBeLessThan(8)
})

test('a network that is back is tried at once', async () => {
  const page = new EventTarget()
  vi.stubGlobal('window', page)
  using world = await ddpWorld()
  world.server.down = true
  world.server.peer.close()
  await world.timers.pass(20_000)
  world.server.down = false
  page.dispatchEvent(new Event('online'))
  await settled()
  expect(world.connection.status().status).toBe('connected')
  vi.unstubAllGlobals()
})

test('somebody who leaves says so, and comes back only when told to', async () => {
  using world = await ddpWorld()
  world.connection.disconnect()
  await world.timers.pass(600_000)
  expect(world.connection.status()).toEqual({ status: 'offline', connected: false, retryCount: 0 })
  expect(world.server.peer.heard.at(-1)).toEqual({ msg: 'disconnect' })
  world.connection.reconnect()
  await settled()
  expect([world.connection.status().status, world.server.peers.length]).toEqual(['connected', 2])
  world.connection.reconnect()
  await settled()
  expect(world.server.peers).toHaveLength(2)
})

test('close fails what waits, ends subscriptions, and leaves no timer', async () => {
  using world = await ddpWorld(server => {
    server.methods['slow'] = () => LATER
    server.publications['tasks'] = () => ({})
  })
  const { connection, timers } = world
  const onStop = vi.fn<() => void>()
  const tasks = connection.subscribe('tasks', { onStop })
  const slow = connection.call('slow')
  await settled()
  expect(tasks.ready()).toBe(true)
  // A change that nobody was told of yet
  connection.collection('tasks').subscribe(() => {})
  world.server.peer.send({ msg: 'added', collection: 'tasks', id: 'a' })
  await settled()
  connection.close()
  connection.close()
  await expect(slow).rejects.toMatchObject({ error: 'connection-closed' })
  await expect(connection.call('slow')).rejects.toMatchObject({ error: 'connection-closed' })
  expect(() => connection.subscribe('tasks')).toThrow('This connection was closed')
  expect([onStop.mock.calls, tasks.ready()]).toEqual([[[undefined]], false])
  expect(timers.running.all).toBe(0)
  connection.reconnect()
  await settled()
  expect(world.server.peers).toHaveLength(1)
})

test('between two attempts the process stays for those who wait for an answer, and for nobody else', async () => {
  using world = await ddpWorld()
  world.server.down = true
  world.server.peer.close()
  await settled()
  expect(world.timers.running).toEqual({ all: 1, held: 0 })
  const waiting = world.connection.call('slow')
  expect(world.timers.running).toEqual({ all: 1, held: 1 })
  await world.timers.pass(10)
  expect(world.timers.running).toEqual({ all: 1, held: 1 })
  world.connection.close()
  await expect(waiting).rejects.toMatchObject({ error: 'connection-closed' })
})

test('a misspelt option is refused by name', () => {
  expect(() => new DdpConnection('example.com', { heartbeat: 1 } as object)).toThrow('Unknown option "heartbeat"')
})

test('connections of one process share nothing', async () => {
  const prepare = (server: FakeDdpServer): void => {
    server.publications['tasks'] = peer => ({ tasks: { a: { from: peer.session } } })
  }
  using one = await ddpWorld(prepare)
  using other = await ddpWorld(prepare)
  one.connection.subscribe('tasks')
  one.connection.setUserId('ada')
  await settled()
  expect(one.connection.collection('tasks').all()).toHaveLength(1)
  expect([other.connection.collection('tasks').all(), other.connection.userId(), other.server.peer.all('sub')]).toEqual([[], null, []])
})

describe('a server that says odd things', () => {
  test('what is no message is no message', async () => {
    using world = await ddpWorld(server => {
      const greet = server.greet
      server.greet = (peer, connect) => {
        for (const odd of ['{"server_id":"0"}', 'not json', '7', 'null', '[]', '{"msg":7}', '{"msg":"unheard of"}']) peer.send(odd)
        greet(peer, connect)
      }
    })
    expect(world.connection.status().status).toBe('connected')
  })

  test('members of the wrong kind harm nothing, and what follows is read', async () => {
    vi.spyOn(console, 'error').mockReturnValue()
    using world = await ddpWorld(server => {
      server.methods['echo'] = (_peer, _id, value) => value
    })
    const { server, connection } = world
    for (const msg of ['connected', 'added', 'changed', 'removed', 'ready', 'nosub', 'result', 'updated', 'ping', 'error']) {
      for (const odd of [7, null, ['x'], { x: 1 }, '~{', '__proto__']) {
        server.peer.send({ msg, collection: odd, id: odd, fields: odd, cleared: odd, subs: odd, methods: odd, error: odd, reason: odd })
      }
    }
    await settled()
    expect(await Promise.race([connection.call('echo', 'still here'), world.timers.pass(100_000)])).toBe('still here')
  })

  test('names like __proto__ change no prototype', async () => {
    vi.spyOn(console, 'error').mockReturnValue()
    using world = await ddpWorld()
    const { server, connection } = world
    const hostile = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"title":"x"}'
    server.peer.send(`{"msg":"added","collection":"tasks","id":"a","fields":${hostile}}`)
    server.peer.send(`{"msg":"changed","collection":"tasks","id":"a","fields":${hostile},"cleared":["__proto__"]}`)
    server.peer.send(`{"msg":"added","collection":"__proto__","id":"__proto__","fields":{"admin":true}}`)
    server.peer.send(`{"msg":"result","id":"1","result":${hostile}}`)
    await settled()
    const task = connection.collection<{ admin?: boolean; title?: string }>('tasks').get('a')
    expect(Object.keys(task ?? {})).toEqual(['constructor', 'title', '_id'])
    expect([Object.getPrototypeOf(task), task?.admin, ({} as { admin?: boolean }).admin]).toEqual([Object.prototype, undefined, undefined])
    expect(connection.collection('__proto__').get('__proto__')).toEqual({ _id: '__proto__', admin: true })
  })

  test('its complaints are reported without what they complain of', async () => {
    const report = vi.spyOn(console, 'error').mockReturnValue()
    using world = await ddpWorld()
    world.server.peer.send({ msg: 'error', reason: 'Bad request', offendingMessage: { password: 'secret' } })
    await settled()
    expect(report.mock.calls).toEqual([['The DDP server complained: Bad request']])
  })
})

const closing = (connection: DdpConnection): DdpConnection & Disposable =>
  Object.assign(connection, { [Symbol.dispose]: () => connection.close() })
