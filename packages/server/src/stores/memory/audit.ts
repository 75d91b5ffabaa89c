import type { AuditStore } from '../../core/store.ts'
import { copy } from './data.ts'
import type { MemoryData } from './data.ts'

/** The audit trail. */
export function auditDeeds(data: MemoryData): AuditStore {
  return {
    add: audit => data.deed(() => data.prepare({ audit })()),

    list: ({ userId, before = Infinity, limit }) =>
      data.deed(() => {
        const lines = data.audit.filter(line => line.at < before && (userId === undefined || line.userId === userId))
        // Of lines of one moment the one written last comes first.
        return copy(
          lines
            .toReversed()
            .toSorted((a, b) => b.at - a.at)
            .slice(0, limit),
        )
      }),

    sweep: (before, limit) =>
      data.deed(() => {
        const condemned = new Set(data.audit.filter(line => line.at < before).slice(0, limit))
        data.audit = data.audit.filter(line => !condemned.has(line))
        return condemned.size
      }),
  }
}
