import { stopOf } from '@latchkey/common'
import { expect, test } from 'vitest'
import { memoryStore } from '../stores/memory/index.ts'
import { Keys } from './keys.ts'
import { ServiceConfigurations } from './service-configurations.ts'
import type { Timers } from './ports.ts'

test('where no bus tells of changes one look serves all who want to know, and tells of changes alone', async () => {
  const { bus: _bus, ...store } = memoryStore()
  await store.open()
  let looks = 0
  const { services } = store
  const counting = { ...store, services: { ...services, list: () => ((looks += 1), services.list()) } }
  const every = new Set<() => void>()
  const timers = { every: (_milliseconds: number, work: () => void) => (every.add(work), stopOf(() => every.delete(work))) }
  const keys = new Keys({ tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz', retiredSecrets: [] })
  const chance = { bytes: (length: number) => new Uint8Array(length) }
  const configurations = new ServiceConfigurations(
    // Of the timers this one alone is used.
    { store: counting, keys, chance, timers: timers as unknown as Timers },
    async () => {},
  )
  const told = [0, 0, 0]
  const stops = told.map((_none, at) => configurations.watch(() => void (told[at] = (told[at] ?? 0) + 1)))
  const look = async (): Promise<void> => {
    for (const work of every) work()
    await new Promise(resolve => void setImmediate(resolve))
  }
  await look()
  const before = [...told]
  await look()
  await look()
  expect([looks, told]).toEqual([3, before])
  await configurations.insert({ service: 'example', clientId: 'c' })
  await look()
  expect(told).toEqual(before.map(count => count + 1))
  for (const stop of stops) stop()
  expect(every.size).toBe(0)
})
