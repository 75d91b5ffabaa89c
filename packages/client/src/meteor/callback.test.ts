import { MeteorError } from '@latchkey/common/meteor'
import { expect, test } from 'vitest'
import { refuse, report } from './callback.ts'
import { nowhere } from './nowhere.ts'

test('A callback is told an error as it was thrown', async () => {
  const forbidden = new MeteorError(403, 'Forbidden')
  const told = await new Promise<unknown[]>(resolve => {
    // Whoever writes it the way Meteor's apps do has a typed error and needs no annotation
    void report(Promise.reject(forbidden), error => resolve([error, error?.reason, error?.message]))
  })
  expect(told).toEqual([forbidden, 'Forbidden', 'Forbidden [403]'])
})

test('A callback is told an error even of what is thrown and is none', async () => {
  // That is what an app's hook may do
  const told = await new Promise<Error | undefined>(resolve => void report(Promise.reject('a text'), resolve))
  expect(told).toMatchObject({ message: 'a text', cause: 'a text' })
  let refused: Error | undefined
  refuse(404, error => (refused = error))
  expect(refused).toMatchObject({ message: '404', cause: 404 })
})

test('The connection of a client takes calls under the names of Meteor 3, and callbacks without types', async () => {
  const connection = nowhere()
  await expect(connection.callAsync('report', 1)).rejects.toThrow('no DDP server')
  await expect(connection.applyAsync('report', [1])).rejects.toThrow('no DDP server')
  const told: unknown[] = []
  await expect(connection.call('report', 1, (error, result) => told.push(error?.reason, result))).rejects.toThrow('no DDP server')
  connection.subscribe('reports', 1, { onStop: error => told.push(error?.reason) }).stop()
  expect(told).toEqual([])
})
