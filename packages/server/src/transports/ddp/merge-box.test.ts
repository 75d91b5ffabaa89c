import { beforeEach, expect, test } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { MergeBox, SILENT } from './merge-box.ts'
import type { BoxSink } from './merge-box.ts'

const one = {}
const two = {}
let told: unknown[]
let box: MergeBox

const sink: BoxSink = {
  added: (collection, id, fields) => void told.push(['added', `${collection}/${id}`, fields]),
  changed: (collection, id, fields, cleared) => void told.push(['changed', `${collection}/${id}`, fields, cleared]),
  removed: (collection, id) => void told.push(['removed', `${collection}/${id}`]),
}

beforeEach(() => {
  told = []
  box = new MergeBox(sink)
})

/** What was told since the last time. */
const since = (): unknown[] => told.splice(0)

test('a member that another subscription adds is revealed, changed and cleared by itself', () => {
  box.added(one, 'c', 'd', { a: 1 })
  box.added(two, 'c', 'd', { b: 2 })
  box.changed(two, 'c', 'd', { b: 3 })
  box.changed(two, 'c', 'd', { b: undefined })
  expect(since()).toEqual([
    ['added', 'c/d', { a: 1 }],
    ['changed', 'c/d', { b: 2 }, []],
    ['changed', 'c/d', { b: 3 }, []],
    ['changed', 'c/d', {}, ['b']],
  ])
})

test('a document that was added, removed and added again is new again', () => {
  box.added(one, 'c', 'd', { a: 1 })
  box.removed(one, 'c', 'd')
  box.added(one, 'c', 'd', { b: 2 })
  expect(since()).toEqual([
    ['added', 'c/d', { a: 1 }],
    ['removed', 'c/d'],
    ['added', 'c/d', { b: 2 }],
  ])
})

test('of two values the one that was there first is seen, and clearing it reveals the other', () => {
  box.added(one, 'c', 'd', { a: 1 })
  box.added(two, 'c', 'd', { a: 2, b: 1 })
  expect(since()).toEqual([
    ['added', 'c/d', { a: 1 }],
    ['changed', 'c/d', { b: 1 }, []],
  ])
  box.changed(two, 'c', 'd', { a: 3 })
  expect(since()).toEqual([])
  box.changed(one, 'c', 'd', { a: undefined })
  expect(since()).toEqual([['changed', 'c/d', { a: 3 }, []]])
  box.changed(two, 'c', 'd', { a: undefined })
  expect(since()).toEqual([['changed', 'c/d', {}, ['a']]])
})

test('nothing is told when what the client sees stays the same', () => {
  box.added(one, 'c', 'd', { a: [{ x: 1 }] })
  box.added(two, 'c', 'd', { a: [{ x: 1 }] })
  box.changed(one, 'c', 'd', { a: [{ x: 1 }] })
  box.changed(one, 'c', 'd', { b: undefined })
  box.removed(one, 'c', 'd')
  expect(since()).toEqual([['added', 'c/d', { a: [{ x: 1 }] }]])
})

test('a subscription that ends takes along what it alone had', () => {
  box.added(one, 'c', 'd', { a: 1, b: 1 })
  box.added(two, 'c', 'd', { a: 2, c: 1 })
  since()
  box.removed(one, 'c', 'd')
  expect(since()).toEqual([['changed', 'c/d', { a: 2 }, ['b']]])
  box.removed(two, 'c', 'd')
  expect(since()).toEqual([['removed', 'c/d']])
})

test('a document that a subscription does not have can be neither changed nor removed by it', () => {
  box.added(one, 'c', 'd', {})
  expect(() => box.changed(two, 'c', 'd', { a: 1 })).toThrow('no document d of c')
  expect(() => box.removed(two, 'c', 'd')).toThrow('no document d of c')
})

const step = fc.record({
  what: fc.constantFrom('added', 'changed', 'removed'),
  by: fc.nat(2),
  id: fc.constantFrom('x', 'y'),
  fields: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.option(fc.nat(2), { nil: undefined })),
})

/** The documents of a client that was told so. */
function follow(): BoxSink & { documents: Map<string, Record<string, unknown>> } {
  const documents = new Map<string, Record<string, unknown>>()
  return {
    documents,
    added(_, id, fields) {
      expect(documents.has(id)).toBe(false)
      documents.set(id, { ...fields })
    },
    changed(_, id, fields, cleared) {
      const document = documents.get(id)
      if (!document) throw new Error('It is not there')
      for (const [name, value] of Object.entries(fields)) expect(document[name], 'something must change').not.toEqual(value)
      Object.assign(document, fields)
      for (const name of cleared) {
        expect(document).toHaveProperty(name)
        delete document[name]
      }
    },
    removed: (_, id) => expect(documents.delete(id)).toBe(true),
  }
}

test('whatever is published in whatever order, the client has the union, and the first of its values', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.array(step, { maxLength: 10 }), (steps, others) => {
      const client = follow()
      const first = play(new MergeBox(client), steps)
      expect(Object.fromEntries(client.documents)).toEqual(first.union())
      const successor = new MergeBox(SILENT)
      const second = play(successor, others)
      successor.succeed(first.box, client)
      expect(Object.fromEntries(client.documents)).toEqual(second.union())
    }),
  )
})

/** Does the same to a box and, in the plainest way, to claims in a list. */
function play(box: MergeBox, steps: readonly { what: string; by: number; id: string; fields: Record<string, number | undefined> }[]) {
  const publishers = [{}, {}, {}]
  const held = new Set<string>()
  let claims: { id: string; by: number; name: string; value: number }[] = []
  for (const { what, by, id, fields } of steps) {
    const key = `${id}${by}`
    if (what === 'added' || (what === 'changed' && held.has(key))) {
      held.add(key)
      box[what](publishers[by] ?? {}, 'c', id, fields)
      for (const [name, value] of Object.entries(fields)) {
        const own = claims.find(claim => claim.id === id && claim.by === by && claim.name === name)
        if (value === undefined) claims = claims.filter(claim => claim !== own)
        else if (own) own.value = value
        else claims.push({ id, by, name, value })
      }
    } else if (what === 'removed' && held.delete(key)) {
      box.removed(publishers[by] ?? {}, 'c', id)
      claims = claims.filter(claim => claim.id !== id || claim.by !== by)
    }
  }
  return {
    box,
    union(): Record<string, Record<string, number>> {
      const documents = Object.fromEntries([...held].map((key): [string, Record<string, number>] => [key.charAt(0), {}]))
      for (const { id, name, value } of claims) (documents[id] ??= {})[name] ??= value
      return documents
    },
  }
}
