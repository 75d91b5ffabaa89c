import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import * as fc from '../../../../tools/test/properties.ts'
import { ddpWorld, unwatched } from '../testing/ddp-world.ts'
import type { DdpWorld } from '../testing/ddp-world.ts'
import { FakeDdpServer, LATER } from '../testing/fake-ddp-server.ts'
import { settled } from '../testing/manual-timers.ts'
import { DDP, MeteorError } from './index.ts'
import type { MethodCallback } from './index.ts'
import { Methods } from './methods.ts'

test('a call resolves to what the method returned, with dates and bytes as they were', async () => {
  using world = await ddpWorld(server => {
    server.methods['echo'] = (_peer, _id, value) => value
  })
  const value = { at: new Date(7), bytes: new Uint8Array([1, 2]), not: Number.NaN, list: [new Date(8)] }
  expect(await world.connection.call('echo', value)).toEqual(value)
  expect(await world.connection.call('echo')).toBeUndefined()
})

test('a call is rejected with the error the method threw', async () => {
  using world = await ddpWorld(server => {
    server.methods['refuse'] = () => {
      throw { error: 403, reason: 'Not today', details: { until: 5 }, errorType: 'Meteor.Error', message: 'x', isClientSafe: true } as never
    }
  })
  const error: unknown = await world.connection.call('refuse').catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(MeteorError)
  expect(error).toMatchObject({ error: 403, reason: 'Not today', details: { until: 5 }, message: 'Not today [403]' })
  await expect(world.connection.call('unheard of')).rejects.toMatchObject({ error: 404 })
})

test('a function in the last place is called with the error or the result, and no rejection is left over', async () => {
  using world = await ddpWorld(server => {
    server.methods['echo'] = (_peer, _id, value) => value
  })
  const callback = vi.fn<MethodCallback>()
  void world.connection.call('echo', 1, callback)
  void world.connection.call('unheard of', callback)
  await settled()
  expect(callback.mock.calls).toEqual([
    [undefined, 1],
    [expect.objectContaining({ error: 404 }), undefined],
  ])
})

test('every name of a call takes its callback in the last place, whether options stand before it or not', async () => {
  using world = await ddpWorld(server => {
    server.methods['echo'] = (_peer, _id, value) => value
  })
  const { connection } = world
  const callback = vi.fn<MethodCallback>()
  void connection.apply('echo', [1], callback)
  void connection.apply('echo', [2], { wait: true }, callback)
  void connection.callAsync('echo', 3, callback)
  void connection.applyAsync('echo', [4], {}, callback)
  await settled()
  expect(callback.mock.calls.map(([, result]) => result)).toEqual([1, 2, 3, 4])
  expect(world.server.peer.all('method').map(({ params }) => params)).toEqual([[1], [2], [3], [4]])
})

test.each([
  ['result first', ['result', 'updated']],
  ['updated first', ['updated', 'result']],
])('a method is through when its result and its data are there, %s', async (_, order) => {
  using world = await ddpWorld(server => {
    server.methods['add'] = () => LATER
  })
  const { server, connection } = world
  const onResultReceived = vi.fn<MethodCallback>()
  const callback = vi.fn<MethodCallback>()
  const seen: unknown[] = []
  connection.collection('tasks').subscribe(tasks => seen.push(tasks.length))
  void connection.apply('add', [], { onResultReceived }, callback)
  await settled()
  const halves: Record<string, object> = { result: { msg: 'result', id: '1', result: 5 }, updated: { msg: 'updated', methods: ['1'] } }
  server.peer.send({ ...halves[order[0] ?? ''] })
  server.peer.send({ msg: 'added', collection: 'tasks', id: 'a' })
  await settled()
  expect(callback).not.toHaveBeenCalled()
  expect(onResultReceived.mock.calls).toEqual(order[0] === 'result' ? [[undefined, 5]] : [])
  callback.mockImplementation(() => seen.push('callback'))
  server.peer.send({ ...halves[order[1] ?? ''] })
  await settled()
  expect(callback.mock.calls).toEqual([[undefined, 5]])
  expect(onResultReceived.mock.calls).toEqual([[undefined, 5]])
  // Who watches the documents heard before who called
  expect(seen).toEqual([0, 1, 'callback'])
})

test('a method that waits is sent alone, and those behind it follow together', async () => {
  using world = await ddpWorld(server => {
    for (const name of ['a', 'b', 'login', 'c', 'd', 'logout']) server.methods[name] = () => LATER
  })
  const { server, connection } = world
  unwatched(connection.call('a'))
  unwatched(connection.call('b'))
  unwatched(connection.apply('login', [], { wait: true }))
  unwatched(connection.call('c'))
  unwatched(connection.call('d'))
  unwatched(connection.apply('logout', [], { wait: true }))
  expect(await sent(world)).toEqual(['a', 'b'])
  server.peer.answer('1', 0)
  expect(await sent(world)).toEqual(['a', 'b'])
  server.peer.answer('2', 0)
  expect(await sent(world)).toEqual(['a', 'b', 'login'])
  server.peer.send({ msg: 'result', id: '3' })
  expect(await sent(world)).toEqual(['a', 'b', 'login'])
  server.peer.send({ msg: 'updated', methods: ['3'] })
  expect(await sent(world)).toEqual(['a', 'b', 'login', 'c', 'd'])
  server.peer.answer('5', 0)
  server.peer.answer('4', 0)
  expect(await sent(world)).toEqual(['a', 'b', 'login', 'c', 'd', 'logout'])
})

test('parameters are sent as they were when the method was called', async () => {
  using world = await ddpWorld(server => {
    server.methods['slow'] = () => LATER
  })
  const params = { title: 'first' }
  unwatched(world.connection.apply('slow', [], { wait: true }))
  unwatched(world.connection.call('add', params))
  params.title = 'second'
  await settled()
  world.server.peer.answer('1', 0)
  await settled()
  expect(world.server.peer.method('add')?.['params']).toEqual([{ title: 'first' }])
})

test('what cannot be sent fails at once', async () => {
  using world = await ddpWorld()
  await expect(world.connection.call('add', 5n)).rejects.toThrow('BigInt')
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  await expect(world.connection.call('add', circle)).rejects.toThrow('circle')
})

test('no more methods wait than are allowed', async () => {
  using world = await ddpWorld(
    server => {
      server.methods['slow'] = () => LATER
    },
    { maxWaitingMethods: 2 },
  )
  const waiting = [world.connection.call('slow'), world.connection.call('slow')]
  unwatched(Promise.all(waiting))
  await expect(world.connection.call('slow')).rejects.toMatchObject({ error: 'too-many-methods' })
  await settled()
  world.server.peer.answer('1', 'done')
  expect(await waiting[0]).toBe('done')
  world.server.methods['slow'] = () => 'quick'
  expect(await world.connection.call('slow')).toBe('quick')
})

test('a crowd of methods is sent as the answers come in, and none is forgotten', async () => {
  using world = await ddpWorld(server => {
    server.methods['echo'] = () => LATER
  })
  const results = Promise.all(Array.from({ length: 600 }, (_, i) => world.connection.call('echo', i)))
  await settled()
  expect(world.server.peer.all('method')).toHaveLength(250)
  world.server.methods['echo'] = (_peer, _id, value) => value
  for (const { id, params } of world.server.peer.all('method')) world.server.peer.answer(id, (params as unknown[])[0])
  expect(await results).toEqual(Array.from({ length: 600 }, (_, i) => i))
})

test('a call that is too big for the server fails, rather than close one connection after the other', async () => {
  const listening = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 1000 })
  const server = new FakeDdpServer()
  server.methods['echo'] = (_peer, _id, value) => value
  listening.on('connection', socket => {
    const peer = server.accept(
      frame => socket.send(frame),
      () => socket.terminate(),
    )
    socket.on('message', data => server.receive(peer, (data as Buffer).toString()))
    socket.on('error', () => {})
  })
  await once(listening, 'listening')
  const connection = DDP.connect(`127.0.0.1:${(listening.address() as AddressInfo).port}`)
  onTestFinished(() => {
    connection.close()
    listening.close()
  })
  const [big, small] = [connection.call('echo', 'x'.repeat(2000)), connection.call('echo', 'y')]
  await expect(big).rejects.toMatchObject({ error: 'message-too-big' })
  expect(await small).toBe('y')
})

test('on the session of another user, calls of whoever was signed in before fail, those of nobody in particular and their own are sent', async () => {
  let user: string | null = null
  const sent: string[] = []
  const send = (frame: string): void => void sent.push((JSON.parse(frame) as { method: string }).method)
  const methods = new Methods({ send, stepFailed: () => {}, whenShown: work => work(), userId: () => user, most: 10 })
  const call = (name: string, as: string | null): Promise<unknown> => {
    user = as
    return methods.call(name, [], {}, undefined).catch((error: unknown) => (error as { error: string }).error)
  }
  const [answered, left] = [call('of eve, answered', 'eve'), call('of eve', 'eve')]
  methods.begin(() => {})
  methods.answered('1', { result: 'an answer' })
  unwatched(Promise.all([call('of nobody', null), call('of ada', 'ada')]))
  methods.cut()
  methods.leaveTo('ada')
  sent.length = 0
  methods.begin(() => {})
  expect(await left).toBe('invocation-failed')
  expect(sent).toEqual(['of nobody', 'of ada'])
  methods.updated('1')
  expect(await answered).toBe('an answer')
})

test('whatever is answered in whatever order, over however many connections: methods are sent in the order of their calls, one that waits is alone, and each is told once', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('call' as const), wait: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('answer' as const, 'update' as const), which: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('begin' as const, 'resume' as const, 'cut' as const) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const sentNow: string[] = []
      const told = new Map<string, number>()
      const waits = new Map<string, boolean>()
      const send = (frame: string): void => {
        const { id } = JSON.parse(frame) as { id: string }
        const open = sentNow.filter(one => !told.has(one))
        expect(waits.get(id) && open.length > 0).toBe(false)
        expect(open.some(one => waits.get(one))).toBe(false)
        expect(Number(id)).toBeGreaterThan(Number(sentNow.at(-1) ?? 0))
        sentNow.push(id)
      }
      const methods = new Methods({ send, stepFailed: () => {}, whenShown: work => work(), userId: () => null, most: 1000 })
      const call = (wait: boolean): void => {
        const id = String(waits.size + 1)
        waits.set(id, wait)
        unwatched(methods.call('m', [], { wait }, () => told.set(id, (told.get(id) ?? 0) + 1)))
      }
      const begin = (): void => {
        sentNow.length = 0
        methods.begin(() => {})
      }
      begin()
      for (const one of steps) {
        if (one.do === 'call') call(one.wait)
        else if (one.do === 'begin') begin()
        else if (one.do === 'cut') methods.cut()
        else if (one.do === 'resume') {
          sentNow.length = 0
          methods.resume(true)
        } else if ('which' in one) {
          const open = sentNow.filter(id => !told.has(id))
          const id = open[one.which % Math.max(1, open.length)]
          if (id !== undefined && one.do === 'answer') methods.answered(id, { result: 1 })
          if (id !== undefined && one.do === 'update') methods.updated(id)
        }
      }
      begin()
      for (let id = 1; id <= waits.size; id++) {
        methods.answered(String(id), { result: 1 })
        methods.updated(String(id))
      }
      expect([told.size, ...told.values()]).toEqual([waits.size, ...[...waits].map(() => 1)])
      expect(methods.waiting).toBe(false)
    }),
  )
})

test('a result that cannot be read fails the method', async () => {
  using world = await ddpWorld(server => {
    server.methods['odd'] = () => ({ $date: 'never' })
  })
  await expect(world.connection.call('odd')).rejects.toMatchObject({ error: 'malformed-result' })
})

test('an answer to nothing, or a second one, is left', async () => {
  using world = await ddpWorld(server => {
    server.methods['echo'] = (peer, id, value) => {
      peer.send({ msg: 'result', id: '77', result: 1 })
      peer.send({ msg: 'result', id, result: value })
      peer.send({ msg: 'result', id, result: 'another' })
      return 'a third'
    }
  })
  const onResultReceived = vi.fn<MethodCallback>()
  expect(await world.connection.apply('echo', ['mine'], { onResultReceived })).toBe('mine')
  await settled()
  expect(onResultReceived).toHaveBeenCalledTimes(1)
})

test('a callback that throws stops nothing', async () => {
  const report = vi.spyOn(console, 'error').mockReturnValue()
  using world = await ddpWorld(server => {
    server.methods['echo'] = (_peer, _id, value) => value
  })
  void world.connection.apply('echo', [1], { wait: true }, () => {
    throw new Error('mine')
  })
  expect(await world.connection.call('echo', 2)).toBe(2)
  expect(report).toHaveBeenCalledTimes(1)
  report.mockRestore()
})

/** Names of the methods that were sent. */
async function sent({ server }: DdpWorld): Promise<unknown[]> {
  await settled()
  return server.peer.all('method').map(one => one['method'])
}
