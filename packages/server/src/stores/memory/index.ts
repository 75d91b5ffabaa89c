import type { Bus, Store } from '../../core/store.ts'
import { attemptDeeds } from './attempts.ts'
import { auditDeeds } from './audit.ts'
import { credentialDeeds } from './credentials.ts'
import { MemoryData } from './data.ts'
import { emailDeeds } from './emails.ts'
import { outboxDeeds } from './outbox.ts'
import { bumpEpoch, sessionDeeds, sessionsAlone } from './sessions.ts'
import { tokenDeeds } from './tokens.ts'
import { userDeeds } from './users.ts'

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
  const data = new MemoryData()
  return {
    name: 'memory',
    open: async () => {},
    close: async () => {},
    ping: async () => {},
    users: { ...userDeeds(data), ...emailDeeds(data), ...credentialDeeds(data) },
    sessions: sessionDeeds(data),
    tokens: tokenDeeds(data),
    attempts: attemptDeeds(data),
    outbox: outboxDeeds(data),
    audit: auditDeeds(data),
    bus: memoryBus(data),
    usersAlone: { bumpEpoch: (userId, now) => data.deed(() => bumpEpoch(data, userId, now)) },
    sessionsAlone: sessionsAlone(data),
  }
}

/** Tells whoever shares the store. Deeds announce themselves; nothing can be missed, so it can always be trusted. */
function memoryBus(data: MemoryData): Bus {
  return {
    open: async () => {},
    close: async () => {},
    trusted: () => true,
    listen: listener => data.listen(listener),
    publish: async userId => data.publish(userId),
  }
}
