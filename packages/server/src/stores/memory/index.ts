import type { Store } from '../../core/store.ts'
import { byCollection } from '../../core/collections.ts'
import { MemoryData } from './data.ts'
import { storeOf } from './store.ts'

/**
 * A store that lives in this process and dies with it: for tests and for trying things out. It keeps the whole contract of a store, so what
 * works with it works with a database. Several `Accounts` may share one, and closing it loses nothing.
 * @example
 * import { memoryStore } from '@latchkey/server/stores/memory'
 * const store = memoryStore()
 * await store.open()
 * console.log(await store.users.count()) // 0
 */
export function memoryStore(): Store {
  return byCollection('users', () => storeOf(new MemoryData()))
}
