import { expect, test, vi } from 'vitest'
import * as fc from '../../../../tools/test/properties.ts'
import { ManualTimers } from '../testing/manual-timers.ts'
import { ddpWorld } from '../testing/ddp-world.ts'
import { settled } from '../testing/manual-timers.ts'
import { Documents } from './documents.ts'

test('added, changed and removed are followed, field by field', async () => {
  using world = await ddpWorld()
  const { server, connection } = world
  const tasks = connection.collection('tasks')
  server.peer.send({ msg: 'added', collection: 'tasks', id: 'a', fields: { title: 'x', done: false, at: { $date: 5 } } })
  await settled()
  const first = tasks.get('a')
  server.peer.send({
    msg: 'changed',
    collection: 'tasks',
    id: 'a',
    fields: { title: 'y', odd: { $escape: { $date: 1 } } },
    cleared: ['done'],
  })
  await settled()
  expect(first).toEqual({ _id: 'a', title: 'x', done: false, at: new Date(5) })
  expect(tasks.all()).toEqual([{ _id: 'a', title: 'y', at: new Date(5), odd: { $date: 1 } }])
  expect(tasks.all()).toBe(tasks.all())
  server.peer.send({ msg: 'removed', collection: 'tasks', id: 'a' })
  await settled()
  expect([tasks.get('a'), tasks.all()]).toEqual([undefined, []])
})

test('ids that are no plain texts are found by what they stand for', async () => {
  using world = await ddpWorld()
  const { server, connection } = world
  const hex = '0123456789abcdef01234567'
  for (const id of [hex, `-${hex}`, '~7']) server.peer.send({ msg: 'added', collection: 'tasks', id, fields: { id } })
  await settled()
  const tasks = connection.collection('tasks')
  expect([tasks.get(hex)?.['id'], tasks.get(7)?.['id'], tasks.get(7)?.['_id']]).toEqual([`-${hex}`, '~7', 7])
  expect(String(tasks.all()[0]?.['_id'])).toContain(hex)
})

test('changes that arrive together are told together, and a document hears of its own only', async () => {
  using world = await ddpWorld()
  const { server, connection, timers } = world
  const all = vi.fn<(documents: readonly object[]) => void>()
  const one = vi.fn<(document: object | undefined) => void>()
  const stop = connection.collection('tasks').subscribe(all)
  connection.collection('tasks').document('a').subscribe(one)
  for (const id of ['a', 'b', 'c']) server.peer.send({ msg: 'added', collection: 'tasks', id })
  await timers.pass(5)
  server.peer.send({ msg: 'changed', collection: 'tasks', id: 'b', fields: { done: true } })
  await timers.pass(5)
  expect(all.mock.calls.map(([documents]) => documents.length)).toEqual([0, 3, 3])
  expect(one.mock.calls).toEqual([[undefined], [{ _id: 'a' }]])
  stop()
  server.peer.send({ msg: 'removed', collection: 'tasks', id: 'a' })
  await timers.pass(5)
  expect([all.mock.calls.length, one.mock.calls.at(-1)]).toEqual([3, [undefined]])
})

test('what does not fit is left: a change of what is not there, orders of documents', async () => {
  using world = await ddpWorld()
  const { server, connection } = world
  server.peer.send({ msg: 'changed', collection: 'tasks', id: 'a', fields: { title: 'x' } })
  server.peer.send({ msg: 'removed', collection: 'tasks', id: 'a' })
  server.peer.send({ msg: 'addedBefore', collection: 'tasks', id: 'b', fields: {}, before: null })
  server.peer.send({ msg: 'movedBefore', collection: 'tasks', id: 'b', before: null })
  await settled()
  expect(connection.collection('tasks').all()).toEqual([])
  expect(connection.status().status).toBe('connected')
})

test('a field that cannot be read costs its message, not the connection', async () => {
  const report = vi.spyOn(console, 'error').mockReturnValue()
  using world = await ddpWorld()
  world.server.peer.send({ msg: 'added', collection: 'tasks', id: 'a', fields: { at: { $date: 'never' } } })
  world.server.peer.send({ msg: 'added', collection: 'tasks', id: 'b', fields: { at: { $date: 1 } } })
  await settled()
  expect(world.connection.collection('tasks').all()).toEqual([{ _id: 'b', at: new Date(1) }])
  expect(report).toHaveBeenCalledTimes(1)
  report.mockRestore()
})

test('whatever a new session tells, it shows what a fresh client would see, and listeners hear of each difference', () => {
  const change = fc.record({
    msg: fc.constantFrom('added', 'changed', 'removed'),
    collection: fc.constantFrom('tasks', 'people'),
    id: fc.constantFrom('a', 'b', 'c'),
    fields: fc.dictionary(fc.constantFrom('x', 'y', '__proto__'), fc.integer({ max: 2, min: 0 })),
    cleared: fc.subarray(['x', 'y']),
  })
  fc.assert(
    fc.property(fc.array(change), fc.array(change), (before, after) => {
      const fresh = new Documents(new ManualTimers())
      const kept = new Documents(new ManualTimers())
      const heard = new Map<string, unknown>()
      for (const id of ['a', 'b', 'c'])
        kept
          .collection('tasks')
          .document(id)
          .subscribe(document => heard.set(id, document))
      const run = (documents: Documents, changes: typeof before): void => {
        for (const one of changes) {
          documents.apply(one)
        }
      }
      run(kept, before)
      kept.flush()
      const shown = kept.collection('tasks').all()
      kept.stage()
      run(kept, after)
      expect(kept.collection('tasks').all()).toBe(shown)
      kept.show()
      run(fresh, after)
      for (const name of ['tasks', 'people']) expect(kept.collection(name).all()).toEqual(fresh.collection(name).all())
      for (const id of ['a', 'b', 'c']) expect(heard.get(id)).toEqual(fresh.collection('tasks').get(id))
    }),
  )
})
