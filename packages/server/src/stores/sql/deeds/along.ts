/** What rides with a deed: audit lines, mail, a token. */
import type { AuditEvent } from '../../../core/audit/events.ts'
import type { OutboxMail } from '../../../core/mail/outbox-mail.ts'
import type { Along } from '../../../core/store.ts'
import type { OneTimeToken } from '../../../core/token/one-time-token.ts'
import type { ColumnKind, Dialect } from '../dialect.ts'
import { NOBODY } from '../rows.ts'
import { recordList, statement, write } from '../statement.ts'
import type { Deed, Value } from '../statement.ts'

/** Writes what rides along. */
export function* writeAlong(along: Along | undefined): Deed<void> {
  for (const [rider, value] of riders(along)) yield* write(RIDES[rider], [value])
}

export type Rider = 'audit' | 'mail' | 'token'

/** What there is to write, with its value as one parameter. */
export function riders(along: Along | undefined): [Rider, Value][] {
  const found: [Rider, Value][] = []
  if (along?.audit?.length) found.push(['audit', auditRecords(along.audit)])
  if (along?.mail?.length) found.push(['mail', mailRecords(along.mail)])
  if (along?.token) found.push(['token', tokenRecord(along.token)])
  return found
}

/** The text that writes a rider from one parameter, if `condition` holds. */
export const rideText = (rider: Rider, dialect: Dialect, parameter: string, condition: string): string =>
  INSERTS[rider](dialect, parameter, condition)

const AUDIT = {
  id: 'text',
  at: 'number',
  type: 'text',
  user_id: 'text',
  actor_id: 'text',
  session_id: 'text',
  ip: 'text',
  user_agent: 'text',
  data: 'text',
} as const satisfies Record<string, ColumnKind>

const MAIL = {
  id: 'text',
  template: 'text',
  recipient: 'text',
  user_id: 'text',
  data: 'text',
  sealed: 'text',
  created_at: 'number',
  next_try_at: 'number',
  tries: 'number',
  expires_at: 'number',
} as const satisfies Record<string, ColumnKind>

const TOKEN = {
  hash: 'text',
  purpose: 'text',
  user_id: 'text',
  address: 'text',
  data: 'text',
  tries: 'number',
  created_at: 'number',
  expires_at: 'number',
} as const satisfies Record<string, ColumnKind>

type RecordOf<Columns> = { [K in keyof Columns]: Columns[K] extends 'number' ? number : string | null }

/** `insert … select` of records. The condition is written even where it is always true: SQLite cannot parse `on conflict` without one. */
const insert = (d: Dialect, table: string, columns: Record<string, ColumnKind>, parameter: string, condition: string): string =>
  `insert into ${table} (collection, ${Object.keys(columns).join(', ')})
  select $1, ${Object.keys(columns)
    .map(column => (column === 'data' ? d.json('r.data') : `r.${column}`))
    .join(', ')} from ${d.records(parameter, columns)} where ${condition}`

const INSERTS: Record<Rider, (dialect: Dialect, parameter: string, condition: string) => string> = {
  audit: (d, parameter, condition) => insert(d, d.t.audit, AUDIT, parameter, condition),
  mail: (d, parameter, condition) => insert(d, d.t.outbox, MAIL, parameter, condition),
  // One token per purpose, user and address: the later one takes the place of the earlier, also of two that race.
  token: (d, parameter, condition) => `${insert(d, d.t.tokens, TOKEN, parameter, condition)}
  on conflict (collection, user_id, purpose, address) do update set hash = excluded.hash, data = excluded.data, tries = excluded.tries,
    created_at = excluded.created_at, expires_at = excluded.expires_at`,
}

const RIDES = {
  audit: statement('along_audit', d => INSERTS.audit(d, '$2', 'true')),
  mail: statement('along_mail', d => INSERTS.mail(d, '$2', 'true')),
  token: statement('along_token', d => INSERTS.token(d, '$2', 'true')),
}

function auditRecords(events: readonly AuditEvent[]): string {
  return recordList(
    events.map((event): RecordOf<typeof AUDIT> => ({
      id: event.id,
      at: event.at,
      type: event.type,
      user_id: event.userId,
      actor_id: event.actorId ?? null,
      session_id: event.sessionId ?? null,
      ip: event.ip,
      user_agent: event.userAgent,
      data: JSON.stringify(event.data),
    })),
  )
}

function mailRecords(mails: readonly OutboxMail[]): string {
  return recordList(
    mails.map((mail): RecordOf<typeof MAIL> => ({
      id: mail.id,
      template: mail.template,
      recipient: mail.to,
      user_id: mail.userId,
      data: JSON.stringify(mail.data),
      sealed: mail.sealed ?? null,
      created_at: mail.createdAt,
      next_try_at: mail.nextTryAt,
      tries: mail.tries,
      expires_at: mail.expiresAt,
    })),
  )
}

function tokenRecord(token: OneTimeToken): string {
  const record: RecordOf<typeof TOKEN> = {
    hash: token.hash,
    purpose: token.purpose,
    user_id: token.userId ?? NOBODY,
    address: token.address,
    data: JSON.stringify(token.data),
    tries: token.tries,
    created_at: token.createdAt,
    expires_at: token.expiresAt,
  }
  return recordList([record])
}
