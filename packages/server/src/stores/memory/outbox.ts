import type { OutboxStore } from '../../core/store.ts'
import { copy, sweepMap } from './data.ts'
import type { MemoryData } from './data.ts'

/** Mail that waits to be sent. */
export function outboxDeeds(data: MemoryData): OutboxStore {
  return {
    add: mail => data.deed(() => data.prepare({ mail })()),

    claim: (now, limit, lease) =>
      data.deed(() => {
        const due = [...data.outbox.values()].filter(
          ({ mail, hiddenUntil }) => mail.nextTryAt <= now && hiddenUntil <= now && now < mail.expiresAt,
        )
        const claimed = due.toSorted((a, b) => a.mail.nextTryAt - b.mail.nextTryAt).slice(0, limit)
        for (const waiting of claimed) waiting.hiddenUntil = now + lease
        return claimed.map(({ mail }) => copy(mail))
      }),

    done: id => data.deed(() => void data.outbox.delete(id)),

    retry: (id, nextTryAt) =>
      data.deed(() => {
        const waiting = data.outbox.get(id)
        if (!waiting) return
        waiting.hiddenUntil = 0
        waiting.mail.nextTryAt = nextTryAt
        waiting.mail.tries += 1
      }),

    sweep: now => data.deed(() => sweepMap(data.outbox, Infinity, ({ mail }) => mail.expiresAt <= now)),
    size: () => data.deed(() => data.outbox.size),
  }
}
