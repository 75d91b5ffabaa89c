import type { Bus, Store } from '../../core/store.ts'
import { attemptDeeds } from './attempts.ts'
import { auditDeeds } from './audit.ts'
import { credentialDeeds } from './credentials.ts'
import type { MemoryData } from './data.ts'
import { emailDeeds } from './emails.ts'
import { linkDeeds } from './links.ts'
import { outboxDeeds } from './outbox.ts'
import { serviceDeeds } from './services.ts'
import { bumpEpoch, sessionDeeds, sessionsAlone } from './sessions.ts'
import { tokenDeeds } from './tokens.ts'
import { userDeeds } from './users.ts'

/** The deeds of a store over the given data. */
export function storeOf(data: MemoryData): Store {
  return {
    name: 'memory',
    open: async () => {},
    close: async () => {},
    ping: async () => {},
    users: { ...userDeeds(data), ...emailDeeds(data), ...credentialDeeds(data), ...linkDeeds(data) },
    sessions: sessionDeeds(data),
    tokens: tokenDeeds(data),
    attempts: attemptDeeds(data),
    outbox: outboxDeeds(data),
    audit: auditDeeds(data),
    services: serviceDeeds(data),
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
