import { expect, test } from 'vitest'
import { effortOf } from '../../../../tools/test/effort.ts'
import { paramsWithoutSecrets } from './looks-secret.ts'

test('what is nested as deep as a request can nest it is cut off, in the time that any other takes', async () => {
  const levels = 10_000
  const deep = JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`) as object
  const lists = JSON.parse(`{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`) as object
  const effort = await effortOf(() => {
    for (let round = 0; round < 100; round += 1)
      for (const params of [deep, lists]) expect(Object.keys(paramsWithoutSecrets(params))).toEqual(['a'])
  })
  // Unbounded, a single one takes longer than this, or overflows the stack.
  expect(effort).toBeLessThan(2000)
})

test('what is nested as apps nest things stays, without secrets', () => {
  expect(paramsWithoutSecrets({ user: { email: 'a', deep: [{ password: 'x', kept: 1 }] } })).toEqual({
    user: { email: 'a', deep: [{ kept: 1 }] },
  })
})
