/** Deeds on waiting mail. */
import type { OutboxMail } from '../../../core/mail/outbox-mail.ts'
import { toMail } from '../rows.ts'
import type { MailRow } from '../rows.ts'
import { all, one, statement, write } from '../statement.ts'
import type { Deed } from '../statement.ts'
import { writeAlong } from './along.ts'

export function* addMail(mail: OutboxMail[]): Deed<void> {
  yield* writeAlong({ mail })
}

export function* claimMail(now: number, limit: number, lease: number): Deed<OutboxMail[]> {
  // As it was due: a `returning` may come in any order.
  const due = yield* all(DUE, [now, limit])
  if (due.length > 0) yield* write(LEASE, [due.map(mail => mail.id), now + lease])
  return due.map(toMail)
}

export function* finishMail(id: string): Deed<void> {
  yield* write(DONE, [id])
}

export function* retryMail(id: string, nextTryAt: number): Deed<void> {
  yield* write(RETRY, [id, nextTryAt])
}

export function* sweepMail(now: number): Deed<number> {
  return (yield* all(SWEEP_MAIL, [now])).length
}

export function* countMail(): Deed<number> {
  return (yield* one(SIZE, []))?.count ?? 0
}

const MAIL_COLUMNS = 'id, template, recipient, user_id, data, sealed, created_at, next_try_at, tries, expires_at'

const DUE = statement<MailRow>(
  'outbox_due',
  ({ t, lockFree }) => `select ${MAIL_COLUMNS} from ${t.outbox} where collection = $1 and next_try_at <= $2 and expires_at > $2
  order by next_try_at, created_at limit $3${lockFree}`,
)

const LEASE = statement(
  'outbox_lease',
  ({ t, among }) => `update ${t.outbox} set next_try_at = $3 where collection = $1 and id ${among('$2')}`,
)

const DONE = statement('outbox_done', ({ t }) => `delete from ${t.outbox} where collection = $1 and id = $2`)

const RETRY = statement(
  'outbox_retry',
  ({ t }) => `update ${t.outbox} set next_try_at = $3, tries = tries + 1 where collection = $1 and id = $2`,
)

const SWEEP_MAIL = statement<{ id: string }>(
  'outbox_sweep',
  ({ t }) => `delete from ${t.outbox} where collection = $1 and expires_at <= $2 returning id`,
)

const SIZE = statement<{ count: number }>('outbox_size', ({ t }) => `select count(*) as count from ${t.outbox} where collection = $1`)
