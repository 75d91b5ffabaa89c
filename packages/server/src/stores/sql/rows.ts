/** Rows and the core's types, both ways. JSON columns are text here, on both engines. */
import type { AuditEvent, AuditType } from '../../core/audit/events.ts'
import type { Credential } from '../../core/identity/credential.ts'
import type { NewUser, User } from '../../core/identity/user.ts'
import type { MailTemplate, OutboxMail } from '../../core/mail/outbox-mail.ts'
import type { RefreshChain } from '../../core/session/refresh-chain.ts'
import type { SecretHash } from '../../core/session/secret.ts'
import type { EndReason, Factor, Session } from '../../core/session/session.ts'
import type { OneTimeToken, TokenPurpose } from '../../core/token/one-time-token.ts'

/** An address with the unique key that was claimed for it. */
export interface StoredEmail {
  address: string
  verified: boolean
  key: string
}

export interface UserRow {
  user_id: string
  username: string | null
  emails: string
  user_created_at: number
  user_updated_at: number
  deactivated_at: number | null
  user_epoch: number
  custom: string
}

/** Columns of {@link UserRow}, of a table called `u`. Their names do not meet those of a session. */
export const USER_COLUMNS =
  'u.id as user_id, u.username, u.emails, u.created_at as user_created_at, u.updated_at as user_updated_at, u.deactivated_at, u.epoch as user_epoch, u.custom'

export function toUser(row: UserRow): User {
  const user: User = {
    id: row.user_id,
    emails: toEmails(row.emails).map(({ address, verified }) => ({ address, verified })),
    createdAt: row.user_created_at,
    updatedAt: row.user_updated_at,
    epoch: row.user_epoch,
    custom: toObject(row.custom),
  }
  if (row.username !== null) user.username = row.username
  if (row.deactivated_at !== null) user.deactivatedAt = row.deactivated_at
  return user
}

// The column holds only what `fromEmails` wrote.
export const toEmails = (text: string): StoredEmail[] => (text === '[]' ? [] : (JSON.parse(text) as StoredEmail[]))

/** The addresses of a new user: `identifiers` of kind `email` stand in their order. */
export function fromEmails({ user, identifiers }: NewUser): string {
  const keys = identifiers.filter(identifier => identifier.kind === 'email').map(identifier => identifier.key)
  return JSON.stringify(user.emails.map(({ address, verified }, index) => ({ address, verified, key: keys[index] ?? '' })))
}

export interface CredentialRow {
  user_id: string
  kind: string
  id: string
  form: string | null
  secret: string | null
  data: string
  created_at: number
  updated_at: number
}

export function toCredential(row: CredentialRow): Credential {
  const credential: Credential = {
    userId: row.user_id,
    kind: row.kind,
    id: row.id,
    data: toObject(row.data),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
  if (row.form !== null) credential.form = row.form
  if (row.secret !== null) credential.secret = row.secret
  return credential
}

export interface SessionRow {
  id: string
  owner_id: string
  handle: string
  generation: number
  epoch: number
  created_at: number
  active_at: number
  idle: number | null
  expires_at: number
  ended_at: number | null
  end_reason: string | null
  ip: string | null
  user_agent: string | null
  device: string
  factors: string
  impersonator_id: string | null
  impersonator_session_id: string | null
  extra: string
}

/** What only rotation reads. */
export interface RefreshRow {
  refresh: string | null
  version: number
}

/** Columns of {@link SessionRow}, of a table called `s`. */
export const SESSION_COLUMNS = `s.id, s.user_id as owner_id, s.handle, s.generation, s.epoch, s.created_at, s.active_at, s.idle, s.expires_at, s.ended_at,
  s.end_reason, s.ip, s.user_agent, s.device, s.factors, s.impersonator_id, s.impersonator_session_id, s.extra`

export function toSession(row: SessionRow): Session {
  const session: Session = {
    id: row.id,
    userId: row.owner_id,
    handle: row.handle,
    generation: row.generation,
    epoch: row.epoch,
    createdAt: row.created_at,
    activeAt: row.active_at,
    idle: row.idle,
    expiresAt: row.expires_at,
    ip: row.ip,
    userAgent: row.user_agent,
    device: row.device,
    // The column holds only what `open` wrote.
    factors: JSON.parse(row.factors) as Factor[],
    extra: toObject(row.extra),
  }
  if (row.ended_at !== null) session.endedAt = row.ended_at
  // Likewise: only the core's reasons are written.
  if (row.end_reason !== null) session.endReason = row.end_reason as EndReason
  if (row.impersonator_id !== null) session.impersonatorId = row.impersonator_id
  if (row.impersonator_session_id !== null) session.impersonatorSessionId = row.impersonator_session_id
  return session
}

// The column holds only chains that `open` and `rotate` wrote.
export const toChain = (text: string): RefreshChain => JSON.parse(text) as RefreshChain

export interface TokenRow {
  hash: string
  purpose: string
  user_id: string
  address: string
  data: string
  tries: number
  created_at: number
  expires_at: number
}

/** Stands for nobody in `tokens.user_id`: one unique index then covers decoys too, which NULLs would escape. */
export const NOBODY = ''

export function toToken(row: TokenRow): OneTimeToken {
  return {
    // Written from the core's own types.
    hash: row.hash as SecretHash,
    purpose: row.purpose as TokenPurpose,
    userId: row.user_id === NOBODY ? null : row.user_id,
    address: row.address,
    data: toObject(row.data),
    tries: row.tries,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}

export interface MailRow {
  id: string
  template: string
  recipient: string
  user_id: string | null
  data: string
  sealed: string | null
  created_at: number
  next_try_at: number
  tries: number
  expires_at: number
}

export function toMail(row: MailRow): OutboxMail {
  const mail: OutboxMail = {
    id: row.id,
    // Written from the core's own type.
    template: row.template as MailTemplate,
    to: row.recipient,
    userId: row.user_id,
    data: toObject(row.data),
    createdAt: row.created_at,
    nextTryAt: row.next_try_at,
    tries: row.tries,
    expiresAt: row.expires_at,
  }
  if (row.sealed !== null) mail.sealed = row.sealed
  return mail
}

export interface AuditRow {
  id: string
  at: number
  type: string
  user_id: string | null
  actor_id: string | null
  session_id: string | null
  ip: string | null
  user_agent: string | null
  data: string
}

export function toEvent(row: AuditRow): AuditEvent {
  const event: AuditEvent = {
    id: row.id,
    at: row.at,
    // Written from the core's own type.
    type: row.type as AuditType,
    userId: row.user_id,
    ip: row.ip,
    userAgent: row.user_agent,
    data: toObject(row.data),
  }
  if (row.actor_id !== null) event.actorId = row.actor_id
  if (row.session_id !== null) event.sessionId = row.session_id
  return event
}

// Columns of this kind hold only objects.
const toObject = (text: string): Record<string, unknown> => (text === '{}' ? {} : (JSON.parse(text) as Record<string, unknown>))
