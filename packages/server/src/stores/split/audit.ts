import type { AuditStore } from '../../core/store.ts'

/** Two trails read as one. Lines that ride with no deed are about attempts, and are kept beside those. */
export function splitAudit(ofUsers: AuditStore, ofSessions: AuditStore): AuditStore {
  return {
    add: events => ofSessions.add(events),

    async list(page) {
      const both = await Promise.all([ofSessions.list(page), ofUsers.list(page)])
      // Each is sorted; of lines of one moment those of a store keep their order.
      return both
        .flat()
        .toSorted((a, b) => b.at - a.at)
        .slice(0, page.limit)
    },

    async sweep(before, limit) {
      const swept = await ofSessions.sweep(before, limit)
      return swept < limit ? swept + (await ofUsers.sweep(before, limit - swept)) : swept
    },
  }
}
