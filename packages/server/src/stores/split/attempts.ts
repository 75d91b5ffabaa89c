import type { AttemptStore } from '../../core/store.ts'
import { auditOf, deliver } from './parts.ts'
import type { Parts } from './parts.ts'

/** Counters, where sessions are; mail that rides along with a failure goes where users are. */
export function splitAttempts({ users, sessions: { attempts } }: Parts): AttemptStore {
  return {
    count: (counts, now) => attempts.count(counts, now),
    async fail(keys, now, memory, along) {
      const failures = await attempts.fail(keys, now, memory, auditOf(along))
      await deliver(users, along)
      return failures
    },
    failures: (keys, now) => attempts.failures(keys, now),
    clear: keys => attempts.clear(keys),
    sweep: (now, limit) => attempts.sweep(now, limit),
  }
}
