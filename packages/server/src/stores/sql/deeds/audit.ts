/** Deeds on the audit trail. */
import type { AuditEvent } from '../../../core/audit/events.ts'
import { toEvent } from '../rows.ts'
import type { AuditRow } from '../rows.ts'
import { all, statement } from '../statement.ts'
import type { Deed } from '../statement.ts'
import { writeAlong } from './along.ts'

export function* addEvents(audit: AuditEvent[]): Deed<void> {
  yield* writeAlong({ audit })
}

export function* listEvents({ userId, before, limit }: { userId?: string; before?: number; limit: number }): Deed<AuditEvent[]> {
  const until = before ?? Number.MAX_SAFE_INTEGER
  const rows = userId === undefined ? yield* all(LIST, [until, limit]) : yield* all(LIST_OF, [until, limit, userId])
  return rows.map(toEvent)
}

export function* sweepEvents(before: number, limit: number): Deed<number> {
  return (yield* all(SWEEP_EVENTS, [before, limit])).length
}

const AUDIT_COLUMNS = 'id, at, type, user_id, actor_id, session_id, ip, user_agent, data'

const LIST = statement<AuditRow>(
  'audit_list',
  ({ t }) => `select ${AUDIT_COLUMNS} from ${t.audit} where collection = $1 and at < $2 order by at desc, id desc limit $3`,
)

const LIST_OF = statement<AuditRow>(
  'audit_list_of',
  ({ t }) =>
    `select ${AUDIT_COLUMNS} from ${t.audit} where collection = $1 and user_id = $4 and at < $2 order by at desc, id desc limit $3`,
)

const SWEEP_EVENTS = statement<{ id: string }>(
  'audit_sweep',
  ({ t }) => `delete from ${t.audit} where collection = $1 and (at, id) in (
    select at, id from ${t.audit} where collection = $1 and at < $2 order by at limit $3
  ) returning id`,
)
