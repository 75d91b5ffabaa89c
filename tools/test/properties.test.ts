import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.resetModules()
})

test('the gate tries the same inputs at every run', async () => {
  expect(await tried({ CI: 'true' })).toEqual(await tried({ CI: 'true' }))
})

test('elsewhere every run tries others', async () => {
  expect(await tried({})).not.toEqual(await tried({}))
})

test('a seed that is given holds in both', async () => {
  const seventh = await tried({ LATCHKEY_TEST_SEED: '7' })
  expect(await tried({ CI: 'true', LATCHKEY_TEST_SEED: '7' })).toEqual(seventh)
  expect(await tried({ CI: 'true' })).not.toEqual(seventh)
})

test('the factor multiplies what a test asks for, and what it leaves to fast-check', async () => {
  expect(await tried({})).toHaveLength(100)
  expect(await tried({ LATCHKEY_TEST_RUNS: '2.5' })).toHaveLength(250)
  expect(await tried({ LATCHKEY_TEST_RUNS: '3' }, { numRuns: 15 })).toHaveLength(45)
})

test('a factor that is no number is refused, rather than leave a property untried', async () => {
  await expect(tried({ LATCHKEY_TEST_RUNS: 'many' })).rejects.toThrow('LATCHKEY_TEST_RUNS is no number: many')
})

test('a failure of an asynchronous property is thrown too', async () => {
  const fc = await load({})
  await expect(fc.assert(fc.asyncProperty(fc.nat(), () => Promise.reject(new Error('never'))))).rejects.toThrow('Property failed')
})

async function tried(env: Record<string, string>, params?: { numRuns: number }): Promise<number[]> {
  const fc = await load(env)
  const seen: number[] = []
  fc.assert(
    fc.property(fc.nat(), one => void seen.push(one)),
    params,
  )
  return seen
}

async function load(env: Record<string, string>) {
  for (const name of ['CI', 'LATCHKEY_TEST_SEED', 'LATCHKEY_TEST_RUNS']) vi.stubEnv(name, env[name] ?? '')
  vi.resetModules()
  return import('./properties.ts')
}
