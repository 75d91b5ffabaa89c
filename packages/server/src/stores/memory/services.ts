import { isDeepStrictEqual } from 'node:util'
import { SERVICES_CHANGED } from '../../core/store.ts'
import type { ServiceStore } from '../../core/store.ts'
import { copy } from './data.ts'
import type { MemoryData } from './data.ts'

/** The configurations of services. */
export function serviceDeeds(data: MemoryData): ServiceStore {
  return {
    list: () => data.deed(() => [...data.services.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(copy)),

    insert: service =>
      data.deed(() => {
        if (data.services.has(service.name)) return false
        data.services.set(service.name, copy(service))
        data.noteChange(SERVICES_CHANGED)
        return true
      }),

    swap: (expected, next) =>
      data.deed(() => {
        if (!isDeepStrictEqual(data.services.get(expected.name), copy(expected))) return false
        data.services.set(expected.name, copy(next))
        data.noteChange(SERVICES_CHANGED)
        return true
      }),

    remove: name =>
      data.deed(() => {
        if (!data.services.delete(name)) return false
        data.noteChange(SERVICES_CHANGED)
        return true
      }),
  }
}
