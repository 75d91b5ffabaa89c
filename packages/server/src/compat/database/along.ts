import type { Along, Store } from '../../core/store.ts'

/** Writes what rides along with a deed that had to be certain in the adapter first. */
export async function deliver({ tokens, outbox, audit }: Store, { audit: events = [], mail = [], token }: Along = {}): Promise<void> {
  if (token) return tokens.issue(token, { audit: events, mail })
  if (events.length > 0) await audit.add(events)
  if (mail.length > 0) await outbox.add(mail)
}
